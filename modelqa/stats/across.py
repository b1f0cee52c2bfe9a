"""One estimate across slices: the worst of them, their gap, their ratio, a difference of two.

The truth of a combination is that of the slices' truths. What the interval must hold follows from
the end: one that only has to hold for the slices that are in truth the extreme ones takes the whole
tail, however many slices there are (intersection-union; Berger 1982); one that may be wrong by any
slice, or pair of slices, divides it among them (Bonferroni).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import inf, isfinite
from operator import itemgetter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.core.units import Unit, show
from modelqa.stats import compare

How = Literal["smallest", "largest", "gap", "ratio", "difference"]
Slices = Sequence[Estimate]
Pair = Callable[[Estimate, Estimate], float]
Ends = tuple[float, float, float]
"""A value, its low end and its high end."""


def independent(members: Sequence[NDArray[np.intp]]) -> bool:
    """Whether no row (or group of rows) is in two slices, each given by the numbers of what it holds.

    >>> independent([np.array([0, 1, 1]), np.array([2])]), independent([np.array([0]), np.array([0])])
    (True, False)
    """
    owner = np.zeros(1 + max((int(each.max()) for each in members if len(each)), default=0), dtype=np.intp)
    for number, each in enumerate(members, start=1):
        if np.any((owner[each] > 0) & (owner[each] < number)):
            return False
        owner[each] = number
    return True


def passes(how: How, levels: Levels, slices: int, *, apart: bool) -> tuple[Levels, Levels]:
    """The levels at which each slice is measured: for the low end, and for the high end.

    ``apart`` says that no row is in two slices, so that their errors are independent. Both are the
    same levels where one measurement of a slice serves both ends.

    >>> low, high = passes("gap", Levels(alpha=0.012, beta=0.05, reds="low"), 3, apart=True)
    >>> low.low, low.high, high.low, high.high
    (0.002, 0.002, 0.05, 0.05)
    """
    if how in ("smallest", "largest"):
        low, high = (1, slices) if how == "smallest" else (slices, 1)
        both = levels.parted(low=low, high=high)
        return both, both
    # Two ends stand behind each end of a pair: one hypotenuse of both, or each at half the tail.
    pairs = slices * (slices - 1) if apart else 2 * slices
    one = 1 if apart else 2
    low, high = {"gap": (pairs, one), "ratio": (one, pairs), "difference": (one, one)}[how]
    return levels.evenly("low", low), levels.evenly("high", high)


def combine(how: How, below: Slices, above: Slices, at: tuple[Levels, Levels], *, apart: bool) -> Estimate:
    """The estimate of a combination from its slices.

    ``below`` are the slices measured for the low end, ``above`` for the high end, in one order,
    ``at`` the levels of both that `passes` gave.

    - ``smallest`` and ``largest``: of the ends as of the values.
    - ``difference``: the first minus the second of two slices, ``gap``: the largest difference of
      any two. Slices that share no row are compared by MOVER (`compare.mover_difference`), others
      between their outer ends, which holds however they depend on each other.
    - ``ratio``: the smallest divided by the largest, likewise (`compare.mover_ratio`). It does not
      exist where a value is below zero, or none is above.

    A slice without a value leaves the end open that it could move (infinite), so that the others
    can still show what is bad and never that all is good. Fewer than two values have no gap.

    >>> a, b = Estimate(0.5, low=0.4, high=0.6, n=90), Estimate(0.3, low=0.2, high=0.4, n=90)
    >>> levels = Levels(alpha=0.05, beta=0.05, reds="none")
    >>> found = combine("gap", [a, b], [a, b], (levels, levels), apart=True)
    >>> round(found.low, 3), round(found.value, 3), round(found.high, 3), found.n
    (0.059, 0.2, 0.341, 180)
    """
    rows = sum(each.n for each in below)
    there = [at for at, each in enumerate(below) if each.exists]
    lows, highs = [below[at] for at in there], [above[at] for at in there]
    found = _COMBINED[how](lows, highs, _At(*at, apart)) if len(there) >= _LEAST[how] else None
    if found is None:
        return Estimate.undefined(n=rows)
    value, low, high = found
    if len(there) < len(below):
        low, high = (-inf, high) if how in ("smallest", "ratio") else (low, inf)
    return Estimate(value, low=min(low, value), high=max(high, value), n=rows)


@dataclass(frozen=True, slots=True)
class _At:
    """How two slices are compared: at these levels, and whether they share no row."""

    below: Levels
    above: Levels
    apart: bool

    def minus(self, a: Estimate, b: Estimate, levels: Levels) -> Estimate:
        return compare.mover_difference(a, b, levels) if self.apart else compare.independent_difference(a, b)

    def by(self, a: Estimate, b: Estimate, levels: Levels) -> tuple[float, float]:
        """The ends of a / b; open where b is zero or one of them may be below zero."""
        if not self.apart:
            return _outer(a, b)
        if b.value == 0:
            return (0.0 if a.low >= 0 else -inf), inf
        found = compare.mover_ratio(a, b, levels)
        return found.low, found.high


def _smallest(below: Slices, above: Slices, _: object) -> Ends:
    return min(e.value for e in below), min(e.low for e in below), min(e.high for e in above)


def _largest(below: Slices, above: Slices, _: object) -> Ends:
    return max(e.value for e in below), max(e.low for e in below), max(e.high for e in above)


def _difference(below: Slices, above: Slices, at: _At) -> Ends:
    value = below[0].value - below[1].value
    low = at.minus(below[0], below[1], at.below).low
    return value, low, at.minus(above[0], above[1], at.above).high


def _gap(below: Slices, above: Slices, at: _At) -> Ends:
    """The largest low and the largest high end of all differences."""
    low = -_least(below, lambda a, b: -at.minus(a, b, at.below).low, lambda a, b: b.value - a.low)
    high = -_least(above, lambda a, b: -at.minus(a, b, at.above).high, lambda a, b: b.low - a.high)
    values = [each.value for each in below]
    return max(values) - min(values), max(low, 0.0), high


def _ratio(below: Slices, above: Slices, at: _At) -> Ends | None:
    """The smallest low and the smallest high end of all ratios."""
    values = [each.value for each in below]
    if min(values) < 0 or max(values) <= 0:
        return None
    low = _least(below, lambda a, b: at.by(a, b, at.below)[0], lambda a, b: _outer(a, b)[0])
    high = _least(above, lambda a, b: at.by(a, b, at.above)[1], lambda a, b: _over(a.high, b.value))
    return min(values) / max(values), low, min(high, 1.0)


def _least(slices: Slices, end: Pair, bound: Pair) -> float:
    """The smallest end of all pairs; those whose ``bound`` from below is no better are not looked at."""
    best = inf
    for floor, a, b in sorted(((bound(a, b), a, b) for a, b in permutations(slices, 2)), key=itemgetter(0)):
        if floor >= best:
            break
        best = min(best, end(a, b))
    return best


_COMBINED: Mapping[How, Callable[[Slices, Slices, _At], Ends | None]] = {
    "smallest": _smallest,
    "largest": _largest,
    "gap": _gap,
    "ratio": _ratio,
    "difference": _difference,
}
_LEAST: Mapping[How, int] = {"smallest": 1, "largest": 1, "gap": 2, "ratio": 2, "difference": 2}


def _outer(a: Estimate, b: Estimate) -> tuple[float, float]:
    """The ends of a / b that both intervals leave."""
    return (_over(a.low, b.high) if a.low >= 0 else -inf), _over(a.high, b.low)


def _over(a: float, b: float) -> float:
    """a / b, infinite where b may be zero; of two infinite ends the one that promises less."""
    return inf if b <= 0 else 0.0 if b == inf else a / b


def extremes(how: How, values: Sequence[float]) -> tuple[int, ...]:
    """The slices that a combination is about, by place; NaN stands for a slice without a value.

    >>> extremes("gap", [0.3, 0.5, float("nan"), 0.1]), extremes("smallest", [0.3, 0.5])
    ((1, 3), (0,))
    """
    there = [at for at, value in enumerate(values) if value == value]
    if how == "difference" or not there:
        return tuple(there)
    least, most = min(there, key=values.__getitem__), max(there, key=values.__getitem__)
    if how in ("smallest", "largest"):
        return (least if how == "smallest" else most,)
    return (most, least) if most != least else ()


def about(how: How, names: Sequence[str], slices: Slices, unit: Unit = Unit.NUMBER) -> str:
    """Which slices a combination is about, in words; empty where all are equal, or none has a value.

    >>> a, b = Estimate.fact(0.5, n=9), Estimate.fact(0.3, n=7)
    >>> about("gap", ["EU", "US"], [a, b]), about("smallest", ["EU", "US"], [a, b])
    ('largest in EU (0.500), smallest in US (0.300)', 'in US (n=7)')
    """
    at = extremes(how, [each.value for each in slices])
    if len(at) < 2:
        return "".join(f"in {names[place]} (n={slices[place].n:,})" for place in at)
    told = "{} minus {}" if how == "difference" else "largest in {}, smallest in {}"
    return told.format(*(f"{names[place]} ({show(slices[place].value, unit)})" for place in at))


def drawn(how: How, metric: str, names: Sequence[str], slices: Slices) -> dict[str, Any]:
    """All slices as plain data that a report can draw; what is not known is None.

    >>> shown = drawn("gap", "f1", ["EU"], [Estimate(0.5, low=0.4, high=inf, n=9)])
    >>> shown["metric"], shown["slices"], shown["values"], shown["high"]
    ('f1', ['EU'], [0.5], [None])
    """

    def known(numbers: Iterable[float]) -> list[float | None]:
        return [float(number) if isfinite(number) else None for number in numbers]

    return {
        "across": how,
        "metric": metric,
        "slices": list(names),
        "values": known(each.value for each in slices),
        "low": known(each.low for each in slices),
        "high": known(each.high for each in slices),
        "n": [each.n for each in slices],
    }
