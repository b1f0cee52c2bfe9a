"""Latency of two models that are called in blocks side by side: which of them is slower, and by how much.

Whatever slows this machine for a while slows both blocks of a pair, and which comes first is drawn. So
the two are compared within their pairs.
"""

from collections.abc import Callable
from math import copysign, exp, inf, isfinite, log, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.latency import CLOCK

Floats = NDArray[np.float64]
Scale = Literal["difference", "relative"]
_RADEMACHER = 3.178
_STEP, _DOUBLINGS, _HALVINGS = 1e-3, 16, 24
"""Ends are searched so far from the value (in units of theirs), twice as far, and so on, then between."""
_LONGEST = 600.0
"""A step on the logarithmic scale beyond all."""


def compared(ours: Floats, theirs: Floats, q: float | None, scale: Scale, levels: Levels) -> Estimate:
    """A quantile (or the mean, where q is None) of our calls against theirs, in pairs of blocks.

    ``ours`` and ``theirs`` have one row a pair: blocks that were called side by side, which of them first
    being drawn. The value is ours - theirs, or that over theirs (``relative``).

    The ends invert a randomisation test. Were theirs slower by exactly v, either block of a pair could
    be any of the two. Then the difference of a pair (how many of its calls are beyond the
    quantile of all; or of its means) is as likely to be of one sign as of the other, whatever stalls hit
    both and however they hang together. So the sum of differences over the root of the sum of
    their squares is one of signs with weights, whose tail is at most 3.178 times the normal's (Bentkus
    and Dzindzalieta 2015) and at most exp(-x^2 / 2) (Hoeffding 1963): no number of pairs is too small.
    An end beyond what the pairs can tell is infinite.

    >>> rng = np.random.default_rng(0)
    >>> theirs, ours = rng.lognormal(0, 0.1, (100, 10)), 1.25 * rng.lognormal(0, 0.1, (100, 10))
    >>> found = compared(ours, theirs, 0.95, "relative", Levels(alpha=0.001, beta=0.05, reds="low"))
    >>> 0.15 < found.low < found.value < found.high < 0.35
    True
    """
    if ours.size == 0:
        return Estimate.undefined(n=0)
    n = ours.size
    if q is not None and scale == "relative":
        logs = [np.log(np.maximum(each, CLOCK)) for each in (ours, theirs)]
        found = compared(logs[0], logs[1], q, "difference", levels)
        low, value, high = (_grown(end) for end in (found.low, found.value, found.high))
        return Estimate(value, low=low, high=high, n=n)
    a, b = (float(each.mean() if q is None else np.quantile(each, q)) for each in (ours, theirs))
    value, step = (a - b, b) if scale == "difference" else ((a - b) / b, 1.0)

    def score(v: float) -> float:
        moved = theirs + v if scale == "difference" else theirs * (1 + v)
        return _studentised(_means(ours, moved) if q is None else _slower(ours, moved, q))

    low = _end(score, value, -_STEP * abs(step), critical(levels.low))
    high = _end(score, value, _STEP * abs(step), critical(levels.high))
    return Estimate(value, low=min(low, value), high=max(high, value), n=n)


def _grown(step: float) -> float:
    """A step on a logarithmic scale as a relative change; what is not known stays so."""
    return exp(step) - 1 if isfinite(step) and step < _LONGEST else step


def critical(tail: float) -> float:
    """The size that a weighted sum of signs exceeds, in roots of its sum of squares, at most at a tail.

    >>> round(critical(0.05), 2), round(critical(0.001), 2)
    (2.15, 3.42)
    """
    from scipy.special import ndtri

    return float(min(-ndtri(tail / _RADEMACHER), sqrt(-2 * log(tail))))


def _studentised(differences: Floats) -> float:
    """The sum of differences over the root of the sum of their squares; 0 where all are 0."""
    squares = float(np.dot(differences, differences))
    return float(differences.sum() / sqrt(squares)) if squares > 0 else 0.0


def _means(ours: Floats, theirs: Floats) -> Floats:
    return np.asarray(ours.mean(axis=1) - theirs.mean(axis=1))


def _slower(ours: Floats, theirs: Floats, q: float) -> Floats:
    """How many more of our calls than of theirs are beyond the quantile of all calls, in each pair."""
    everything = np.concatenate([ours.ravel(), theirs.ravel()])
    place = min(int(q * len(everything)), len(everything) - 1)
    limit = np.partition(everything, place)[place]
    return np.asarray((ours >= limit).sum(axis=1) - (theirs >= limit).sum(axis=1), dtype=np.float64)


def _end(score: Callable[[float], float], value: float, step: float, wanted: float) -> float:
    """The shift on a side (the sign of ``step``) from which on the score rules out all; infinite if none.

    The score is nearly monotonic, not quite: so it is searched from far out to the value.
    """
    side = copysign(1.0, step)

    def ruled_out(shift: float) -> bool:
        return bool(-side * score(shift) >= wanted)

    grid = [value, *(value + step * 2.0**power for power in range(_DOUBLINGS))]
    inside = next((place for place in reversed(range(len(grid))) if not ruled_out(grid[place])), 0)
    if inside == len(grid) - 1:
        return side * inf
    low, high = grid[inside], grid[inside + 1]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if ruled_out(middle) else (middle, high)
    return high
