"""What people said of the traces of an MLflow experiment, as a table of reviews."""

import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

from modelqa.core import extras
from modelqa.core.patience import PATIENCE, patiently
from modelqa.engines.artifacts import answered, store
from modelqa.errors import SubjectError

SCHEME = "assessments:/"
PAGE = 500
COLUMNS = ("request", "trace", "verdict", "correction", "reviewer", "time")


def read(uri: str, tracking_uri: str | None, *, patience: float = PATIENCE) -> dict[str, list[Any]]:
    """The assessments of ``assessments:/EXPERIMENT/NAME`` that people made, one a row.

    Feedback of that name is a ``verdict``, an expectation of that name a ``correction``; ``request`` is the
    trace's client request id, ``reviewer`` the source's id, ``time`` milliseconds since 1970. What models
    judged and what was replaced later is left out.

    Raises `SubjectError` where there is no such experiment or no such assessment, or the server does not
    answer within ``patience`` seconds a page.
    """
    experiment, _, name = uri.removeprefix(SCHEME).rpartition("/")
    if not experiment or not name:
        raise SubjectError(f"{uri}: expected {SCHEME}EXPERIMENT/NAME, NAME being that of the assessments")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about libraries of its own
        rows = _asked(uri, experiment, name, tracking_uri, patience)
    if not rows:
        raise SubjectError(f"{uri}: nobody has assessed a trace of {experiment!r} under the name {name!r}")
    return {column: [row[column] for row in rows] for column in COLUMNS}


def _asked(
    uri: str, experiment: str, name: str, tracking_uri: str | None, patience: float
) -> list[dict[str, Any]]:
    mlflow = extras.load("mlflow")
    where = store(mlflow, tracking_uri, uri)
    client = mlflow.MlflowClient(tracking_uri=where)
    with answered(uri, where, patience):
        found = patiently(lambda: client.get_experiment_by_name(experiment), seconds=patience)
    if found is None:
        raise SubjectError(f"{uri}: there is no experiment {experiment!r}")
    return list(_rows(client, found.experiment_id, name, uri, where, patience))


def _rows(
    client: Any, experiment: str, name: str, uri: str, where: str, patience: float
) -> Iterator[dict[str, Any]]:
    token = None
    while True:
        ask = partial(client.search_traces, locations=[experiment], max_results=PAGE, include_spans=False)
        with answered(uri, where, patience):
            page = patiently(partial(ask, page_token=token), seconds=patience)
        for trace in page:
            for said in trace.info.assessments or ():
                if said.name == name and said.valid is not False and _by_people(said):
                    yield _row(trace.info, said)
        token = page.token
        if not token:
            return


def _by_people(said: Any) -> bool:
    return said.source is not None and str(said.source.source_type) == "HUMAN"


def _row(info: Any, said: Any) -> dict[str, Any]:
    correction = said.expectation is not None
    value = None if said.value is None else str(said.value)
    return {
        "request": info.client_request_id,
        "trace": info.trace_id,
        "verdict": None if correction else value,
        "correction": value if correction else None,
        "reviewer": said.source.source_id,
        "time": said.create_time_ms,
    }
