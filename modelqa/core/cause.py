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


FAMILIES: Mapping[str, Family] = {
    "schema": Family.DATA,
    "expect": Family.DATA,
    "errors": Family.SERVING,
    "latency": Family.SERVING,
    "drift": Family.DRIFT,
    "evidently": Family.DRIFT,
}
"""Checks by kind; all others speak about the model."""


def family(check: CheckResult) -> Family:
    """What a check speaks about."""
    return FAMILIES.get(check.kind, Family.MODEL)


def muted(checks: Sequence[CheckResult]) -> frozenset[str]:
    """The checks, by id, that say nothing: where the schema is broken, those of drift and scores."""
    if not any(check.kind == "schema" and check.outcome is Outcome.FAILED for check in checks):
        return frozenset()
    return frozenset(check.id for check in checks if family(check) in (Family.DRIFT, Family.MODEL))


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
    red = {family(check) for check in checks if check.outcome is Outcome.FAILED}
    by = {each: [check.outcome for check in checks if family(check) is each] for each in Family}
    if not red:
        return "Not known: something could not be measured, so nothing is known of the model."
    if Family.DATA in red:
        return _DATA
    if Family.DRIFT in red:
        return _drift(Family.MODEL in red, by[Family.MODEL])
    if Family.MODEL in red:
        return _DECAY if Outcome.PASSED in by[Family.DRIFT] else _WORSE
    return _SERVING


def _drift(harm: bool, scores: Sequence[Outcome]) -> str:
    if harm:
        return "Drift with harm: the rows have changed, and the scores fell. Retrain on rows like these."
    if set(scores) & {Outcome.PASSED, Outcome.WARNED}:
        return "Drift without harm: the rows have changed, and the scores that were measured still hold."
    return "Drift: the rows have changed. Whether it does harm is not known, for no score was measured."


_DATA = "Data quality: the rows are not what was agreed. Repair them; a model trained on them would be worse."
_DECAY = "Decay: scores fell though no drift was found in the rows. Retraining on newer rows may help."
_WORSE = "Scores fell. Whether the rows have changed is not known: no check of drift passed or failed."
_SERVING = "Serving: answers are missing, wrong in form, or late. Retraining does not help."
