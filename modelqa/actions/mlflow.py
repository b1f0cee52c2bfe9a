"""A run as evidence in MLflow: one run of the experiment `modelqa/<suite>`, and tags on the model version.

The tags bind what was judged: suite, model, data and champion by their digests. `validation_status` is
the worst of all suites that judged these very files.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from modelqa.actions.evidence import EVIDENCE, Judged, evidence, status
from modelqa.actions.store import client as client
from modelqa.actions.store import public
from modelqa.actions.store import told as told
from modelqa.core import extras
from modelqa.core.codec import dumps
from modelqa.core.result import SuiteResult, Verdict

STATUS = "validation_status"
_MOST_METRICS, _MOST_PARAMS, _MOST_TEXT = 1000, 100, 500
"""What MLflow takes in one call, and how long a parameter may be everywhere."""


def log(result: SuiteResult, store: Any, *, partial: bool, page: str = "") -> str:
    """Write a result as one MLflow run, tag the version that it judged, and say the run's id.

    Raises `ActionError` where the store refuses or does not answer.
    """
    with told("the evidence", store):
        run = store.create_run(
            _experiment(store, f"modelqa/{result.suite}"),
            run_name=f"{result.suite} {result.outcome}",
            tags=_run_tags(result, partial),
        ).info.run_id
        try:
            _write(result, store, run)
            store.log_text(run, dumps(result), "result.json")
            if page:
                store.log_text(run, page, "report.html")
        except Exception:
            with suppress(Exception):  # what went wrong first is what counts
                store.set_terminated(run, "FAILED")
            raise
        store.set_terminated(run, "FINISHED")
        tag(store, result, Judged.of(result, partial=partial, run_id=run))
    return str(run)


def links(store: Any, result: SuiteResult, run: str) -> dict[str, str]:
    """Where people see a logged run and the version that it judged; nothing where there is no server."""
    uri = public(str(store.tracking_uri)).rstrip("/")
    if not uri.startswith(("http://", "https://")):
        return {}
    with told("where the evidence is", store):
        experiment = store.get_run(run).info.experiment_id
    found = {"MLflow run": f"{uri}/#/experiments/{experiment}/runs/{run}"}
    model = result.subject.model
    if model is not None and model.name and model.version:
        version = f"{uri}/#/models/{quote(model.name, safe='')}/versions/{quote(model.version)}"
        found["model version"] = version
    return found


def _experiment(store: Any, name: str) -> str:
    """The id of an experiment, made where it is missing; beside a SQLite file lie its artifacts too."""
    found = store.get_experiment_by_name(name)
    if found is not None:
        if found.lifecycle_stage != "active":
            store.restore_experiment(found.experiment_id)
        return str(found.experiment_id)
    uri, place = str(store.tracking_uri), None
    if uri.startswith("sqlite:///"):
        file = Path(unquote(uri.removeprefix("sqlite:///").partition("?")[0])).resolve()
        place = (file.parent / "artifacts" / re.sub(r"[^\w.-]+", "_", name)).as_uri()
    try:
        return str(store.create_experiment(name, artifact_location=place))
    except Exception:  # somebody made it in between
        return str(store.get_experiment_by_name(name).experiment_id)


def _run_tags(result: SuiteResult, partial: bool) -> dict[str, str]:
    return {
        "modelqa.outcome": str(result.outcome),
        "modelqa.partial": str(partial).lower(),
        "modelqa.version": version("modelqa"),
        "mlflow.source.name": "modelqa",
    }


def _write(result: SuiteResult, store: Any, run: str) -> None:
    """Metrics, parameters and inputs, in as few calls as MLflow allows."""
    entities = extras.load("mlflow.entities")
    subject, now = result.subject, int(time.time() * 1000)
    model_id = (subject.model.id if subject.model else "") or None
    rows = [entities.Metric(name, value, now, 0, model_id=model_id) for name, value in measurements(result)]
    params = [entities.Param(name, value[:_MOST_TEXT]) for name, value in parameters(result)]
    for start in range(0, max(len(rows), 1), _MOST_METRICS):
        batch = params[:_MOST_PARAMS] if start == 0 else []
        store.log_batch(run, metrics=rows[start : start + _MOST_METRICS], params=batch)
    inputs = [
        entities.DatasetInput(
            entities.Dataset(
                part.name[:_MOST_TEXT], part.digest[-36:], "local", json.dumps({"uri": part.name})
            ),
            [entities.InputTag("mlflow.data.context", context)],
        )
        for part, context in ((subject.batch, "validation"), (subject.reference, "reference"))
        if part is not None
    ]
    store.log_inputs(run, inputs)


def measurements(result: SuiteResult) -> Iterator[tuple[str, float]]:
    """Every finite number of a result under a name that MLflow takes: ``check/slice/value``, low, high, n."""
    seen: set[str] = set()
    for check in result.checks:
        yield _clean(check.id) + "/seconds", check.seconds
        for verdict in check.verdicts:
            name = _unique("/".join(_clean(part) for part in _parts(check.id, verdict)), seen)
            found = verdict.measurement.estimate
            numbers = {"value": found.value, "low": found.low, "high": found.high, "n": found.n}
            yield from (
                (f"{name}/{key}", float(number)) for key, number in numbers.items() if isfinite(number)
            )


def _parts(check: str, verdict: Verdict) -> Iterator[str]:
    found = verdict.measurement
    yield check
    yield from (part for part in (found.metric if found.column else "", found.column, found.slice) if part)


def _clean(part: str) -> str:
    return re.sub(r"[^\w. -]+", "_", part, flags=re.ASCII).strip(". ")[:100] or "_"


def _unique(name: str, seen: set[str]) -> str:
    made, number = name, 1
    while made in seen:
        number += 1
        made = f"{name}-{number}"
    seen.add(made)
    return made


def parameters(result: SuiteResult) -> Iterator[tuple[str, str]]:
    """What was judged, as parameters."""
    yield "suite", result.suite
    yield "suite_digest", result.digest
    subject = result.subject
    for side, model in (("model", subject.model), ("champion", subject.champion)):
        if model is not None:
            yield side, str(model)
            yield f"{side}_digest", model.digest
    for side, data in (("batch", subject.batch), ("reference", subject.reference)):
        if data is not None:
            yield side, data.name
            yield f"{side}_digest", data.digest
            yield f"{side}_rows", str(data.rows)


def tag(store: Any, result: SuiteResult, judged: Judged) -> None:
    """Bind a result to the version that it judged; a model without a version has no tags."""
    model = result.subject.model
    if model is None or not model.version:
        return
    store.set_model_version_tag(model.name, model.version, f"{EVIDENCE}{result.suite}", judged.dump())
    restate(store, model.name, model.version, judged.model_digest)


def restate(store: Any, name: str, version: str, digest: str) -> None:
    """Make `validation_status` what the suites found.

    It is looked at again after it was written: two suites that end at once would else each miss the other.
    """
    while True:
        tags = store.get_model_version(name, version).tags
        wanted = status(evidence(tags), digest)
        if tags.get(STATUS) == wanted:
            return
        store.set_model_version_tag(name, version, STATUS, wanted)
