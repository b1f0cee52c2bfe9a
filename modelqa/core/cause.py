"""What red checks say together: whether the rows, the serving, the world or the model has changed."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult


class Family(StrEnum):
    """What a check speaks about."""

    DATA = "data"
    SERVING = "serving"
    DRIFT = "drift"
    MODEL = "model"
    AGE = "age"


FAMILIES: Mapping[str, Family] = {
    "schema": Family.DATA,
    "expect": Family.DATA,
    "errors": Family.SERVING,
    "latency": Family.SERVING,
    "resources": Family.SERVING,
    "serving": Family.SERVING,
    "drift": Family.DRIFT,
    "evidently": Family.DRIFT,
    "staleness": Family.AGE,
}
"""Checks by kind; all others speak about the model."""


class Cause(StrEnum):
    """What red checks probably mean, as one word."""

    DATA_QUALITY = "data_quality"
    DRIFT_WITH_HARM = "drift_with_harm"
    DRIFT_WITHOUT_HARM = "drift_without_harm"
    DRIFT = "drift"
    DECAY = "decay"
    SCORES_FELL = "scores_fell"
    AGE = "age"
    SERVING = "serving"
    UNKNOWN = "unknown"


def family(check: CheckResult) -> Family:
    """What a check speaks about."""
    return FAMILIES.get(check.kind, Family.MODEL)


def muted(checks: Sequence[CheckResult]) -> frozenset[str]:
    """The checks, by id, that say nothing: where the schema is broken, those of drift and scores."""
    if not any(check.kind == "schema" and check.outcome is Outcome.FAILED for check in checks):
        return frozenset()
    return frozenset(check.id for check in checks if family(check) in (Family.DRIFT, Family.MODEL))


def cause(checks: Sequence[CheckResult]) -> Cause:
    """What it probably is, by what failed and what did not."""
    red = {family(check) for check in checks if check.outcome is Outcome.FAILED}
    by = {each: [check.outcome for check in checks if family(check) is each] for each in Family}
    if Family.DATA in red:
        return Cause.DATA_QUALITY
    if Family.DRIFT in red:
        return _drift(Family.MODEL in red, by[Family.MODEL])
    if Family.MODEL in red:
        return Cause.DECAY if Outcome.PASSED in by[Family.DRIFT] else Cause.SCORES_FELL
    if Family.AGE in red:
        return Cause.AGE
    return Cause.SERVING if red else Cause.UNKNOWN


def _drift(harm: bool, scores: Sequence[Outcome]) -> Cause:
    if harm:
        return Cause.DRIFT_WITH_HARM
    measured = set(scores) & {Outcome.PASSED, Outcome.WARNED}
    return Cause.DRIFT_WITHOUT_HARM if measured else Cause.DRIFT


def diagnose(checks: Sequence[CheckResult]) -> str:
    """What it probably is, and what that means for retraining, in one or two sentences.

    >>> from modelqa.core.result import CheckResult
    >>> def check(kind, outcome):
    ...     return CheckResult(kind, kind, (), outcome, seconds=0, where="")
    >>> diagnose([check("metric", Outcome.FAILED), check("drift", Outcome.PASSED)])
    'Decay: scores fell though no drift was found in the rows. Retraining on newer rows may help.'
    >>> diagnose([check("schema", Outcome.FAILED), check("metric", Outcome.FAILED)])
    'Data quality: the rows are not what was agreed. Repair them; a model trained on them would be worse.'
    """
    return SAYS[cause(checks)]


def incurable(checks: Sequence[CheckResult]) -> str:
    """Why retraining would not help; "" where it may.

    >>> from modelqa.core.result import CheckResult
    >>> incurable([CheckResult("rows", "schema", (), Outcome.FAILED, seconds=0, where="")])
    'the cause is data quality: repair the rows, for a model trained on them would be worse'
    """
    return _INCURABLE.get(cause(checks), "")


SAYS: Mapping[Cause, str] = {
    Cause.DATA_QUALITY: "Data quality: the rows are not what was agreed. "
    "Repair them; a model trained on them would be worse.",
    Cause.DRIFT_WITH_HARM: "Drift with harm: the rows have changed, and the scores fell. "
    "Retrain on rows like these.",
    Cause.DRIFT_WITHOUT_HARM: "Drift without harm: the rows have changed, "
    "and the scores that were measured still hold.",
    Cause.DRIFT: "Drift: the rows have changed. "
    "Whether it does harm is not known, for no score was measured.",
    Cause.DECAY: "Decay: scores fell though no drift was found in the rows. "
    "Retraining on newer rows may help.",
    Cause.SCORES_FELL: "Scores fell. Whether the rows have changed is not known: "
    "no check of drift passed or failed.",
    Cause.AGE: "Age: the model, or what it was trained on, is older than agreed. Retrain on newer rows.",
    Cause.SERVING: "Serving: answers are missing, wrong in form, or late. Retraining does not help.",
    Cause.UNKNOWN: "Not known: something could not be measured, so nothing is known of the model.",
}


def unfit(checks: Sequence[CheckResult], *, partial: bool) -> str:
    """Why these checks are no ground to retrain; "" where they are one.

    >>> unfit([], partial=True)
    "only some of the suite's checks ran, so that the cause is not known"
    """
    if partial:
        return "only some of the suite's checks ran, so that the cause is not known"
    return incurable(checks)


_INCURABLE: Mapping[Cause, str] = {
    Cause.DATA_QUALITY: "the cause is data quality: "
    "repair the rows, for a model trained on them would be worse",
    Cause.SERVING: "the cause is serving, where retraining does not help",
    Cause.UNKNOWN: "the cause is not known, for something could not be measured",
}
