"""What is handed to whoever retrains: why, since when, on what; typed, versioned, and no value of a row.

`modelqa schema retrain` prints its JSON Schema. A reader ignores what it does not know; a field that
changes its meaning gets a new ``version``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite
from typing import Annotated, Literal

from modelqa.core.bound import Outcome
from modelqa.core.cause import SAYS, Cause, cause
from modelqa.core.check import Shape
from modelqa.core.result import CheckResult, SuiteResult, Verdict
from modelqa.core.subject import DataInfo, ModelInfo

VERSION: Literal[1] = 1
MOST_BYTES = 32_000
"""GitHub takes 64 KiB in an event."""


def _told(text: str) -> Shape:
    return Shape({"description": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitePart:
    """The suite that asks."""

    name: str
    path: Annotated[str, _told("Its file, from the root of the project; empty for a suite made in Python.")]
    digest: Annotated[str, _told("Of what it demands.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPart:
    """The model that has the problem; a part that is not known is empty."""

    uri: str
    name: str
    version: str
    id: Annotated[str, _told("MLflow's id of the logged model.")]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPart:
    """Rows, by name and digest."""

    name: str
    rows: Annotated[int, Shape({"minimum": 0})]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CausePart:
    """What it probably is."""

    kind: Annotated[str, Shape({"enum": [str(each) for each in Cause]})]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPart:
    """The batches whose rows the model has not coped with: train on these too, and judge on later ones."""

    first: Annotated[str, _told("The first batch that failed.")]
    last: Annotated[str, _told("The batch that was judged now.")]
    batches: Annotated[int, Shape({"minimum": 1, "description": "How many failed, first to last."})]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingPart:
    """One verdict that is red: what was measured, with the interval and the bound that decided.

    Ends that are not known are null. All values are in base units (seconds, bytes, shares from 0 to 1).
    """

    check: str
    kind: str
    metric: str
    column: str | None
    slice: Annotated[str, _told("Empty for all rows.")]
    unit: str
    value: float | None
    low: float | None
    high: float | None
    n: Annotated[int, Shape({"minimum": 0})]
    bound: Annotated[Mapping[str, float], _told("min, max, warn_min, warn_max, as far as there are.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to retrain."""

    version: Literal[1]
    request: Annotated[str, _told("The id: the same request has the same one, whoever sends it how often.")]
    time: Annotated[str, Shape({"format": "date-time"})]
    suite: SuitePart
    model: ModelPart
    cause: CausePart
    since: Annotated[str, _told("The first batch that failed.")]
    last_good: Annotated[str | None, _told("The last batch before it that passed; null where none is known.")]
    window: WindowPart
    batch: DataPart | None
    reference: Annotated[DataPart | None, _told("What the model was trained on, where the suite says it.")]
    failing: tuple[FailingPart, ...]
    left_out: Annotated[int, Shape({"minimum": 0, "description": "Red verdicts without room here."})]
    slices: Annotated[tuple[str, ...], _told("The slices of the red verdicts.")]
    corrections: Annotated[str | None, _told("A table of corrected labels to apply first.")]
    environment: Annotated[str, _told("Where the model serves (MODELQA_ENVIRONMENT), or empty.")]

    def dump(self) -> str:
        """As JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def made(
    result: SuiteResult,
    red: Sequence[CheckResult],
    window: WindowPart,
    *,
    last_good: str | None,
    id_: str,
    time: str,
    path: str,
    corrections: str | None,
    environment: str,
) -> Request:
    """The request that follows from a run, with as many of its red verdicts as have room."""
    subject, why = result.subject, cause(result.checks)
    failing = tuple(part for check in red for part in _failing(check))
    request = Request(
        version=VERSION,
        request=id_,
        time=time,
        suite=SuitePart(name=result.suite, path=path, digest=result.digest),
        model=_model(subject.model),
        cause=CausePart(kind=str(why), text=SAYS[why]),
        since=window.first,
        last_good=last_good,
        window=window,
        batch=_data(subject.batch),
        reference=_data(subject.reference),
        failing=failing,
        left_out=0,
        slices=tuple(dict.fromkeys(part.slice for part in failing if part.slice))[:100],
        corrections=corrections,
        environment=environment,
    )
    return _fitting(request)


def _fitting(request: Request) -> Request:
    every = len(request.failing)
    while len(request.dump().encode()) > MOST_BYTES and request.failing:
        kept = request.failing[: len(request.failing) // 2]
        slices = tuple(dict.fromkeys(part.slice for part in kept if part.slice))
        request = replace(request, failing=kept, slices=slices, left_out=every - len(kept))
    return request


def _failing(check: CheckResult) -> Iterator[FailingPart]:
    for verdict in check.verdicts:
        if verdict.outcome is Outcome.FAILED:
            yield _part(check, verdict)


def _part(check: CheckResult, verdict: Verdict) -> FailingPart:
    found = verdict.measurement
    value, low, high = (
        number if isfinite(number) else None
        for number in (found.estimate.value, found.estimate.low, found.estimate.high)
    )
    return FailingPart(
        check=check.id, kind=check.kind, metric=found.metric, column=found.column, slice=found.slice,
        unit=str(found.unit), value=value, low=low, high=high, n=found.estimate.n,
        bound={name: float(limit) for name, limit in verdict.bound.limits()},
    )  # fmt: skip


def _model(info: ModelInfo | None) -> ModelPart:
    found = info or ModelInfo("")
    return ModelPart(uri=found.uri, name=found.name, version=found.version, id=found.id, digest=found.digest)


def _data(info: DataInfo | None) -> DataPart | None:
    return None if info is None else DataPart(name=info.name, rows=info.rows, digest=info.digest)
