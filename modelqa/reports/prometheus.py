"""A result as Prometheus metrics: the numbers of its JSON, and never more series than a server likes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import isfinite, nan

from modelqa.core.bound import Outcome, margin
from modelqa.core.codec import DIGITS
from modelqa.core.estimate import Estimate
from modelqa.core.result import CheckResult, SuiteResult
from modelqa.core.subject import SubjectInfo
from modelqa.errors import ActionError
from modelqa.reports.metrics import LAST_SUCCESS, MOST_SERIES, RUN
from modelqa.reports.terminal import by_severity, worst_first

GREEN = (Outcome.PASSED, Outcome.WARNED)
QUANTILES = {"latency_p50": "0.5", "latency_p90": "0.9", "latency_p95": "0.95", "latency_p99": "0.99"}
_ALIAS = re.compile(r"models:/[^@]+@(.+)", re.DOTALL)
_PASSING = re.compile(r"models:/m-[^/@]+|runs:/[^/]+/(?P<path>.+?)/?")


@dataclass(frozen=True, slots=True)
class Sample:
    """A number with its labels; ``suffix`` tells the parts of a summary apart."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    value: float
    _: KW_ONLY
    suffix: str = ""


def about(subject: SubjectInfo) -> tuple[str, str]:
    """The labels ``model`` and ``alias`` of a subject; empty where there is none.

    A model that is not registered is called by its address, without the id that is new each time: of a run's
    its path is left, of a logged one nothing.

    >>> from modelqa.core.subject import ModelInfo
    >>> about(SubjectInfo(model=ModelInfo("models:/churn@challenger", name="churn", version="7")))
    ('churn', 'challenger')
    """
    model = subject.model
    if model is None:
        return "", ""
    alias, passing = _ALIAS.fullmatch(model.uri), _PASSING.fullmatch(model.uri)
    name = model.name or (passing["path"] or "" if passing else model.uri)
    return clean(name), clean(alias[1]) if alias else ""


def clean(text: str) -> str:
    """A text that UTF-8 can hold: JSON may bring half a character.

    >>> clean("a" + chr(0xd800))
    'a\\\\ud800'
    """
    return text.encode("utf-8", "backslashreplace").decode()


def samples(
    result: SuiteResult, *, last_success: float | None = None, tickets: int | None = None
) -> tuple[Sample, ...]:
    """The metrics of a run, at most `MOST_SERIES`; of more, what tells least is left out and counted.

    ``last_success`` is when an earlier run was green (Unix time), for a run that is not; ``tickets`` how
    many are open. Both are left out where they are not known. Raises `ActionError` where the result does
    not say when it began.
    """
    run = dict(zip(RUN, (clean(result.suite), *about(result.subject)), strict=True))
    green = [each for each in result.checks if each.outcome is Outcome.PASSED]
    checks = [*by_severity(result.checks), *green]
    found: dict[tuple[object, ...], Sample] = {}
    for sample in (*_of_run(result, run, last_success, tickets), *_of_checks(checks, run)):
        found.setdefault((sample.metric, sample.suffix, sample.labels), sample)
    kept = list(found.values())[: MOST_SERIES - 1]
    return (*kept, _sample("modelqa_series_left_out", run, len(found) - len(kept)))


def succeeded(found: Iterable[Sample]) -> float | None:
    """When a run of these samples was last green; None where it never was."""
    return next((sample.value for sample in found if sample.metric == LAST_SUCCESS), None)


def _of_run(
    result: SuiteResult, run: dict[str, str], last_success: float | None, tickets: int | None
) -> Iterator[Sample]:
    began = _time(result)
    for outcome in Outcome:
        yield _sample("modelqa_checks", run, result.counts().get(outcome, 0), verdict=outcome)
    seconds = [round(check.seconds, DIGITS) for check in result.checks]
    yield _sample("modelqa_run_duration_seconds", run, sum(seconds))
    yield _sample("modelqa_last_run_timestamp_seconds", run, began)
    green = began if result.outcome in GREEN else last_success
    if green is not None:
        yield _sample(LAST_SUCCESS, run, green)
    if tickets is not None:
        yield _sample("modelqa_tickets_open", run, tickets)
    if result.subject.model and result.subject.model.version:
        yield _sample("modelqa_model_info", run, 1, version=result.subject.model.version)
    yield _sample("modelqa_build_info", run, 1, version=version("modelqa"))


def _of_checks(checks: Sequence[CheckResult], run: dict[str, str]) -> Iterator[Sample]:
    """First what alerts look at, for every check, then what draws pictures."""
    labelled = [(check, {**run, "check": clean(check.id)}) for check in checks]
    for part in (_outcome, _production, _margin, _values):
        for check, labels in labelled:
            yield from (each for each in part(check, labels) if isfinite(each.value) or each.suffix)


def _outcome(check: CheckResult, labels: dict[str, str]) -> Iterator[Sample]:
    if check.outcome is not Outcome.SKIPPED:
        yield _sample("modelqa_check_passed", labels, check.outcome in GREEN)
    if check.outcome is not Outcome.PASSED:
        yield _sample("modelqa_check_verdict", labels, 1, verdict=check.outcome)


def _production(check: CheckResult, labels: dict[str, str]) -> Iterator[Sample]:
    """What people ask of production: latency, errors, drift."""
    match check.kind:
        case "latency":
            yield from _latency(check, labels)
        case "errors":
            for found in _of_all_rows(check, "error_rate", "error_calls"):
                yield _sample("modelqa_prediction_error_ratio", labels, found.value)
        case "drift":
            yield from _drifted(check, labels)


def _latency(check: CheckResult, labels: dict[str, str]) -> Iterator[Sample]:
    name = "modelqa_prediction_latency_seconds"
    for metric, quantile in QUANTILES.items():
        for found in _of_all_rows(check, metric):
            yield _sample(name, labels, found.value, quantile=quantile)
            yield _sample(name, labels, nan, suffix="_sum")
            yield _sample(name, labels, found.n, suffix="_count")


def _drifted(check: CheckResult, labels: dict[str, str]) -> Iterator[Sample]:
    name = "modelqa_drifted_columns_ratio"
    for found in _of_all_rows(check, "drifted_share"):
        yield _sample(name, labels, found.value)
    columns: dict[str, list[Outcome]] = {}
    for verdict in check.verdicts:
        if verdict.measurement.column is not None:
            columns.setdefault(verdict.measurement.column, []).append(verdict.outcome)
    beyond = [{Outcome.FAILED, Outcome.WARNED} & {*outcomes} for outcomes in columns.values()]
    if beyond:
        yield _sample(name, labels, sum(map(bool, beyond)) / len(beyond))


def _margin(check: CheckResult, labels: dict[str, str]) -> Iterator[Sample]:
    for verdict in worst_first(check.verdicts)[:1]:
        found = margin(verdict.measurement.estimate, verdict.bound)
        if found is not None:
            yield _sample("modelqa_check_margin_ratio", labels, found)


def _values(check: CheckResult, labels: dict[str, str]) -> Iterator[Sample]:
    for verdict in worst_first(check.verdicts)[:1]:
        estimate = verdict.measurement.estimate
        if not isfinite(estimate.value):
            return
        yield _sample("modelqa_check_value", labels, estimate.value)
        if not estimate.is_fact:
            yield _sample("modelqa_check_value_low", labels, estimate.low)
            yield _sample("modelqa_check_value_high", labels, estimate.high)
        for name, limit in verdict.bound.limits():
            yield _sample("modelqa_check_bound", labels, limit, limit=name)


def _of_all_rows(check: CheckResult, *metrics: str) -> list[Estimate]:
    """What a check found under these names, not in a slice, where it exists."""
    found = (each.measurement for each in check.verdicts)
    named = [each.estimate for each in found if each.metric in metrics and not each.slice]
    return [each for each in named if each.exists][:1]


def _sample(metric: str, labels: dict[str, str], value: float, *, suffix: str = "", **more: str) -> Sample:
    told = {**labels, **{key: clean(text) for key, text in more.items()}}
    return Sample(metric, tuple(told.items()), float(value), suffix=suffix)


def _time(result: SuiteResult) -> float:
    try:
        began = datetime.fromisoformat(result.started)
    except ValueError:
        raise ActionError(f"a result of {result.suite!r} does not say when its run began") from None
    return (began if began.tzinfo else began.replace(tzinfo=UTC)).timestamp()
