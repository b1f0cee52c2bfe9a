"""A bound and the judge: the only place where a measured number meets a wanted one."""

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from math import ceil, isfinite
from typing import Literal

from modelqa.core.estimate import Estimate, Reds

Limit = Literal["min", "max", "warn_min", "warn_max"]
MOST_TIMES = 1000
"""An interval this many times wider than the gap would take a million times the rows."""


class Outcome(StrEnum):
    """How a verdict, a check or a run ended, most severe first; skipped says nothing."""

    FAILED = "failed"
    ERRORED = "errored"
    INCONCLUSIVE = "inconclusive"
    WARNED = "warned"
    PASSED = "passed"
    SKIPPED = "skipped"

    @classmethod
    def worst(cls, outcomes: "list[Outcome]") -> "Outcome":
        """The most severe of some outcomes; of none, `errored`: nothing was measured.

        >>> Outcome.worst([Outcome.PASSED, Outcome.INCONCLUSIVE])
        <Outcome.INCONCLUSIVE: 'inconclusive'>
        >>> Outcome.worst([])
        <Outcome.ERRORED: 'errored'>
        """
        order = list(cls)
        return min(outcomes, key=order.index, default=cls.ERRORED)


@dataclass(frozen=True, slots=True)
class Bound:
    """What a value may be: red beyond `min` and `max`, warned beyond `warn_min` and `warn_max`.

    >>> Bound(min=0.9).reds
    'high'
    """

    _: KW_ONLY
    min: float | None = None
    max: float | None = None
    warn_min: float | None = None
    warn_max: float | None = None

    @property
    def reds(self) -> Reds:
        """The ends of an interval that can turn red by this bound."""
        if self.min is not None and self.max is not None:
            return "both"
        if self.min is not None:
            return "high"
        return "low" if self.max is not None else "none"

    def softened(self) -> "Bound":
        """The same limits, of which none turns red; of a hard and a warn limit the hard one stands.

        >>> Bound(max=0.1).softened()
        Bound(min=None, max=None, warn_min=None, warn_max=0.1)
        """
        lower = self.warn_min if self.min is None else self.min
        upper = self.warn_max if self.max is None else self.max
        return Bound(warn_min=lower, warn_max=upper)

    def limits(self) -> tuple[tuple[Limit, float], ...]:
        """The limits that are set, hard ones first."""
        named: tuple[tuple[Limit, float | None], ...] = (
            ("min", self.min),
            ("max", self.max),
            ("warn_min", self.warn_min),
            ("warn_max", self.warn_max),
        )
        return tuple((name, limit) for name, limit in named if limit is not None)


@dataclass(frozen=True, slots=True)
class Judgement:
    """An outcome and the limit that decided it (None where nothing is bounded)."""

    outcome: Outcome
    limit: Limit | None


def judge(estimate: Estimate, bound: Bound) -> Judgement:
    """Hold an estimate against a bound.

    Red if the far end of the interval is beyond a hard limit, green if the near end is inside all
    of them, else inconclusive. Warn limits are judged alike and speak only of what is not red.

    >>> judge(Estimate(0.87, low=0.86, high=0.88, n=9), Bound(min=0.9))
    Judgement(outcome=<Outcome.FAILED: 'failed'>, limit='min')
    >>> judge(Estimate(0.91, low=0.88, high=0.93, n=9), Bound(min=0.9)).outcome
    <Outcome.INCONCLUSIVE: 'inconclusive'>
    >>> judge(Estimate(0.95, low=0.94, high=0.96, n=9), Bound(min=0.9, warn_min=0.97)).outcome
    <Outcome.WARNED: 'warned'>
    """
    limits = bound.limits()
    if not limits:
        return Judgement(Outcome.ERRORED, None)
    if not estimate.exists:
        return Judgement(Outcome.INCONCLUSIVE, limits[0][0])
    hard = [name for name, _ in limits if not name.startswith("warn")]
    beyond = [name for name, limit in limits if _beyond(estimate, name, limit)]
    unproven = [name for name, limit in limits if not _inside(estimate, name, limit)]
    for outcome, deciding in (
        (Outcome.FAILED, [name for name in beyond if name in hard]),
        (Outcome.INCONCLUSIVE, [name for name in unproven if name in hard]),
        (Outcome.WARNED, beyond),
        (Outcome.INCONCLUSIVE, [] if hard else unproven),
        (Outcome.INCONCLUSIVE, [] if estimate.n > 0 else [limits[0][0]]),
    ):
        if deciding:
            return Judgement(outcome, deciding[0])
    return Judgement(Outcome.PASSED, limits[0][0])


def facing_both(down: Estimate, up: Estimate, bound: Bound) -> Estimate:
    """One estimate for a bound with `min` and `max`, of two at levels for one of them each.

    ``down`` faces `min` (its high end stands at alpha, its low end at beta), ``up`` faces `max`. An end that
    turns red is kept as it is; else the one that turns green is, drawn back to where it is not red.

    >>> down, up = Estimate(0.5, low=0.4, high=0.7, n=9), Estimate(0.5, low=0.3, high=0.6, n=9)
    >>> facing_both(down, up, Bound(min=0.35, max=0.65))
    Estimate(value=0.5, low=0.4, high=0.6, n=9)
    """
    if bound.min is None or bound.max is None or not down.exists:
        return down
    red_high, red_low = down.high < bound.min, up.low > bound.max
    high = down.high if red_high else max(up.high, bound.min)
    low = up.low if red_low else min(down.low, bound.max)
    return Estimate(down.value, low=min(low, down.value), high=max(high, down.value), n=down.n)


def _beyond(estimate: Estimate, name: Limit, limit: float) -> bool:
    """Whether an estimate is surely on the wrong side of a limit."""
    return estimate.high < limit if name.endswith("min") else estimate.low > limit


def _inside(estimate: Estimate, name: Limit, limit: float) -> bool:
    """Whether an estimate is surely on the right side of a limit."""
    return estimate.low >= limit if name.endswith("min") else estimate.high <= limit


def settled(estimate: Estimate, bound: Bound) -> bool:
    """Whether measuring on would change nothing: it is red, or on a sure side of every limit.

    >>> settled(Estimate(0.95, low=0.94, high=0.96, n=9), Bound(min=0.9))
    True
    >>> settled(Estimate(0.95, low=0.94, high=0.96, n=9), Bound(min=0.9, warn_min=0.95))
    False
    """
    if judge(estimate, bound).outcome in (Outcome.FAILED, Outcome.INCONCLUSIVE):
        return judge(estimate, bound).outcome is Outcome.FAILED
    sides = (_beyond(estimate, *limit) or _inside(estimate, *limit) for limit in bound.limits())
    return bool(bound.limits()) and all(sides)


def margin(estimate: Estimate, bound: Bound) -> float | None:
    """How far a value lies inside its bound, in units of the bound: negative where it is beyond.

    Of several limits the nearest counts, warn limits only where there is no other. A limit of 0 has no unit:
    the distance is then that of the value. None where there is no value or no limit.

    >>> round(margin(Estimate(0.99, low=0.9, high=1.0, n=9), Bound(min=0.9)), 3)
    0.1
    >>> margin(Estimate.fact(3, n=9), Bound(max=0))
    -3.0
    """
    limits = bound.limits()
    hard = [(name, limit) for name, limit in limits if not name.startswith("warn")]
    if not estimate.exists or not limits:
        return None
    return min(
        (estimate.value - limit if name.endswith("min") else limit - estimate.value) / (abs(limit) or 1.0)
        for name, limit in hard or limits
    )


def rows_to_tell(estimate: Estimate, limit: float) -> int | None:
    """About how many rows would decide, were the value to stay where it is.

    The end that faces the limit shrinks with the square root of the rows. None where the value
    stands at the limit (or so near that no number of rows helps), or the end is not known.

    >>> rows_to_tell(Estimate(0.908, low=0.884, high=0.929, n=412), 0.90)
    3708
    """
    gap = abs(estimate.value - limit)
    reach = estimate.value - estimate.low if estimate.value >= limit else estimate.high - estimate.value
    if not (estimate.exists and isfinite(reach) and reach < MOST_TIMES * gap):
        return None
    return ceil(round(estimate.n * (reach / gap) ** 2, 6))
