"""A verdict in plain words, for people who have not written the suite: reports and tickets."""

from modelqa.core.bound import Outcome, judge, rows_to_tell
from modelqa.core.result import Verdict, show_estimate, show_limit
from modelqa.core.units import Unit, show


def name(verdict: Verdict) -> str:
    """What was measured, where.

    >>> from modelqa.core.bound import Bound
    >>> from modelqa.core.estimate import Estimate
    >>> from modelqa.core.result import Measurement
    >>> found = Measurement("psi", Estimate(0.3, low=0.2, high=0.4, n=9), column="age", slice="region=EU")
    >>> name(Verdict.of(found, Bound(max=0.1)))
    'psi of age in region=EU'
    """
    found = verdict.measurement
    column = f" of {found.column}" if found.column else ""
    part = f" in {found.slice}" if found.slice else ""
    return f"{found.metric}{column}{part}"


def why(verdict: Verdict) -> str:
    """Why a verdict is what it is: two sentences at most.

    >>> from modelqa.core.bound import Bound
    >>> from modelqa.core.estimate import Estimate
    >>> from modelqa.core.result import Measurement
    >>> found = Measurement("roc_auc", Estimate(0.871, low=0.862, high=0.88, n=41203))
    >>> why(Verdict.of(found, Bound(min=0.9)))
    'roc_auc is 0.871, below the floor of 0.90. Chance does not explain it: the interval ends at 0.880.'
    """
    found, estimate = verdict.measurement, verdict.measurement.estimate
    limit = judge(estimate, verdict.bound).limit
    if limit is None:
        return f"{name(verdict)} has no bound to be judged by."
    if not estimate.exists:
        note = f": {found.note}" if found.note else ""
        return f"{name(verdict)} does not exist on these rows{note}."
    wanted = getattr(verdict.bound, limit)
    told = f"{name(verdict)} is {show(estimate.value, found.unit)}"
    warning = "warning " if limit.startswith("warn") else ""
    bound = (
        f"the {warning}{'floor' if limit.endswith('min') else 'ceiling'} of {show_limit(wanted, found.unit)}"
    )
    if verdict.outcome is Outcome.PASSED:
        return f"{told}, on the good side of {bound}."
    if verdict.outcome is Outcome.INCONCLUSIVE:
        rows = rows_to_tell(estimate, wanted)
        more = f" About {_round(rows):,} {found.counts} would tell." if rows else ""
        told = f"{told}, and {bound} lies inside its interval, {_interval(verdict)}"
        return f"{told}: it may be on either side.{more}"
    low = limit.endswith("min")
    if estimate.is_fact:
        allowed = f"at {'least' if low else 'most'} {show_limit(wanted, found.unit)} allowed"
        if found.unit in (Unit.SECONDS, Unit.BYTES):
            return f"{told}, {allowed}."
        return f"{name(verdict)}: {show(estimate.value, found.unit)} counted, {allowed}."
    near = (
        f"ends at {show(estimate.high, found.unit)}" if low else f"starts at {show(estimate.low, found.unit)}"
    )
    side = f"{'below' if low else 'above'} {bound}"
    return f"{told}, {side}. Chance does not explain it: the interval {near}."


def _interval(verdict: Verdict) -> str:
    found = verdict.measurement
    return f"{show(found.estimate.low, found.unit)} to {show(found.estimate.high, found.unit)}"


def value(verdict: Verdict) -> str:
    """The value with its interval, or why there is none."""
    found = verdict.measurement
    return show_estimate(found.estimate, found.unit) if found.estimate.exists else f"none: {found.note}"


def _round(rows: int) -> int:
    step: int = max(10 ** (len(str(rows)) - 2), 1)
    return round(rows / step) * step
