"""A run as evidence in MLflow: one run of the experiment `modelqa/<suite>`, and tags on the model version.

The tags bind what was judged: suite, model, data and champion by their digests. `validation_status` is
the worst of all suites that judged these very files.
"""

import json
import re
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import KW_ONLY, asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

from modelqa.core import extras
from modelqa.core.bound import Outcome
from modelqa.core.codec import dumps
from modelqa.core.patience import hurried
from modelqa.core.result import SuiteResult, Verdict
from modelqa.errors import ActionError, ModelQAError

STATUS, EVIDENCE = "validation_status", "modelqa.evidence."
_STATUS = {Outcome.PASSED: "passed", Outcome.WARNED: "passed", Outcome.SKIPPED: "passed"}
_MOST_METRICS, _MOST_PARAMS, _MOST_TEXT = 1000, 100, 500
"""What MLflow takes in one call, and how long a parameter may be everywhere."""
PATIENCE = 15.0


def client(tracking_uri: str | None) -> Any:
    """A client of the store that a run used; ``None`` leaves the choice to MLflow's own settings."""
    return extras.load("mlflow").MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a suite found of a model version, in a tag: enough to know whether it still holds.

    ``outcomes`` are the checks that are neither passed nor warned, by id. A partial run (some checks
    deselected) is no evidence of a green.
    """

    suite: str
    _: KW_ONLY
    suite_digest: str
    model_digest: str
    data_digest: str
    champion: str
    champion_digest: str
    outcome: str
    outcomes: Mapping[str, str]
    partial: bool
    time: str
    run_id: str = ""

    @classmethod
    def of(cls, result: SuiteResult, *, partial: bool, run_id: str = "") -> Self:
        """The evidence that a result is."""
        subject = result.subject
        green = (Outcome.PASSED, Outcome.WARNED)
        return cls(
            result.suite,
            suite_digest=result.digest,
            model_digest=subject.model.digest if subject.model else "",
            data_digest=subject.batch.digest if subject.batch else "",
            champion=subject.champion.version if subject.champion else "",
            champion_digest=subject.champion.digest if subject.champion else "",
            outcome=str(result.outcome),
            outcomes={check.id: str(check.outcome) for check in result.checks if check.outcome not in green},
            partial=partial,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            run_id=run_id,
        )

    def dump(self) -> str:
        """As the text of a tag.

        >>> made = Judged("churn", suite_digest="s", model_digest="m", data_digest="d", champion="1",
        ...               champion_digest="c", outcome="passed", outcomes={}, partial=False, time="t")
        >>> Judged.read(made.dump()) == made
        True
        """
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The evidence in a tag; None where it is none of ours."""
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError):
            return None


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
        _write(result, store, run)
        store.log_text(run, dumps(result), "result.json")
        if page:
            store.log_text(run, page, "report.html")
        store.set_terminated(run, "FINISHED")
        tag(store, result, Judged.of(result, partial=partial, run_id=run))
    return str(run)


@contextmanager
def told(what: str, store: Any) -> Iterator[None]:
    """Turn what MLflow raises into an `ActionError` that does not repeat the store's words.

    Its warnings are its own affair: where a user makes warnings errors, they would be ours.
    """
    try:
        with hurried(PATIENCE), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ModelQAError:
        raise
    except Exception as error:
        why = f"{_public(str(store.tracking_uri))} refused or did not answer ({type(error).__name__})"
        raise ActionError(f"{what}: the store {why}") from error


def _public(uri: str) -> str:
    return re.sub(r"(?<=://)[^/\s]*@", "", uri)


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
    """Bind a result to the version that it judged; a model without a version has no tags.

    A partial run never makes a version ``passed``.
    """
    model = result.subject.model
    if model is None or not model.version:
        return
    store.set_model_version_tag(model.name, model.version, f"{EVIDENCE}{result.suite}", judged.dump())
    tags = store.get_model_version(model.name, model.version).tags
    store.set_model_version_tag(
        model.name, model.version, STATUS, status(evidence(tags), judged.model_digest)
    )


def evidence(tags: Mapping[str, str]) -> list[Judged]:
    """What the tags of a version hold of suites that judged it."""
    read = (Judged.read(text) for name, text in sorted(tags.items()) if name.startswith(EVIDENCE))
    return [each for each in read if each is not None]


def status(found: Iterable[Judged], digest: str) -> str:
    """`validation_status`: the worst of what suites found of these files; pending where none ran whole.

    >>> status([], "sha256:ab")
    'pending'
    """
    outcomes = [Outcome(each.outcome) for each in found if each.model_digest == digest]
    whole = [each for each in found if each.model_digest == digest and not each.partial]
    worst = Outcome.worst(outcomes)
    if not outcomes or (not whole and worst in _STATUS):
        return "pending"
    return _STATUS.get(worst, str(worst))
