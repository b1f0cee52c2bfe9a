"""Latency of calls made one after the other: its quantiles, its mean, and two models call by call.

Calls in a row are not independent: one stall, one busy neighbour slows many of them. So a single
model's calls are judged by how batches of neighbouring calls differ, and two models by which of
them was slower in blocks side by side whose order was drawn.
"""

from collections.abc import Callable, Mapping
from math import copysign, exp, inf, isfinite, log, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats import intervals

Floats = NDArray[np.float64]
Scale = Literal["difference", "relative"]
FEW, MANY = 16, 32
"""Into so many batches of neighbouring calls a series is cut to see how much they hang together."""
_RADEMACHER = 3.178
_STEP, _DOUBLINGS, _HALVINGS = 1e-3, 16, 24
"""Ends are searched so far from the value (in units of theirs), twice as far, and so on, then between."""
_CLOCK, _LONGEST = 1e-9, 600.0
"""The shortest time that a call is taken to take, and a step on the logarithmic scale beyond all."""
_MOST = float(np.finfo(np.float64).max)
_SHARES = np.append(np.linspace(0, 1, 101), [0.995, 0.999])
_BINS, _STRETCHES = 40, 60


def quantile(times: Floats, q: float, levels: Levels) -> Estimate:
    """A quantile of calls in the order they were made, with order statistics as ends.

    The ranks are those of `intervals.quantile` for as many independent calls as these are worth: n
    over the design effect of "slower than the quantile" between batches of neighbours (Kish 1965),
    never above n, and fewer for the few degrees of freedom that the batches leave (Korn and Graubard
    1998). An end that so few calls cannot hold is infinite. No calls: undefined. Times may be infinite:
    calls that were never answered.

    >>> rng = np.random.default_rng(0)
    >>> calls = rng.lognormal(0, 0.1, 1000)
    >>> found = quantile(calls, 0.95, Levels(alpha=0.001, beta=0.05, reds="low"))
    >>> round(found.low, 3), round(found.value, 3), round(found.high, 3)
    (1.141, 1.163, 1.191)
    """
    n = len(times)
    if n == 0:
        return Estimate.undefined(n=0)
    ordered = np.sort(times)
    # Between a finite value and an infinite one, or two of these, there is nothing to interpolate.
    value = float(np.quantile(ordered, q, method="linear" if isfinite(ordered[-1]) else "inverted_cdf"))
    effect = _design_effect((times > min(value, _MOST)).astype(np.float64), q * (1 - q))
    worth = [int(n / effect * _discount(tail)) for tail in (levels.low, levels.high)]
    first, _ = intervals.ranks(worth[0], q, levels)
    _, last = intervals.ranks(worth[1], q, levels)
    low = float(ordered[int(first * n / worth[0]) - 1]) if first > 0 else -inf
    high = float(ordered[min(int(np.ceil(last * n / worth[1])), n) - 1]) if last <= worth[1] else inf
    return Estimate(value, low=min(low, value), high=max(high, value), n=n)


def mean(times: Floats, levels: Levels) -> Estimate:
    """The mean of calls in the order they were made, between the ends of Student's t.

    The variance is that of independent calls times the design effect between batches of neighbours;
    its degrees of freedom are those of the batches. No calls, or one that was never answered: undefined;
    one: infinite ends.

    >>> calls = np.random.default_rng(0).lognormal(0, 0.1, 1000)
    >>> found = mean(calls, Levels(alpha=0.001, beta=0.05, reds="low"))
    >>> round(found.low, 2), round(found.value, 2), round(found.high, 2)
    (0.99, 1.0, 1.01)
    """
    from scipy.special import stdtrit

    n = len(times)
    if n == 0 or not np.isfinite(times).all():
        return Estimate.undefined(n=n)
    value = float(times.mean())
    if n == 1:
        return Estimate(value, low=-inf, high=inf, n=1)
    variance = float(times.var(ddof=1))
    error = sqrt(variance * _design_effect(times, variance) / n) if variance > 0 else 0.0
    below, above = (
        error * -float(stdtrit(min(FEW, n) - 1, min(tail, 0.5))) for tail in (levels.low, levels.high)
    )
    return Estimate(value, low=value - below, high=value + above, n=n)


def _design_effect(values: Floats, variance: float) -> float:
    """How many times the variance of independent values the mean of these has, at least 1.

    Batches that are shorter than what binds the calls see too little of it, and the less the longer
    they are: twice the effect of long batches less that of short ones corrects for that.
    """
    if len(values) < MANY:
        return 1.0
    short, long = (_effect(values, count, variance) for count in (MANY, FEW))
    return max(1.0, short, long, 2 * long - short)


def _effect(values: Floats, count: int, variance: float) -> float:
    size = len(values) // count
    means = values[: size * count].reshape(count, size).mean(axis=1)
    return size * float(means.var(ddof=1)) / variance


def _discount(tail: float) -> float:
    """What a variance from the batches is worth at a tail, against a known one."""
    from scipy.special import ndtri, stdtrit

    tail = min(tail, 0.4)
    return float((ndtri(tail) / stdtrit(FEW - 1, tail)) ** 2)


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
        logs = [np.log(np.maximum(each, _CLOCK)) for each in (ours, theirs)]
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


def noise(times: Floats, block: int) -> float:
    """How much the typical call scatters from block to block: a standard deviation over the middle.

    1.4826 times the median distance of the blocks' medians from their median, over that.

    >>> noise(np.array([1.0, 1.0, 1.1, 1.1, 0.9, 0.9]), 2) > 0.1
    True
    """
    whole = len(times) // block * block
    if whole == 0:
        return 0.0
    medians = np.median(times[:whole].reshape(-1, block), axis=1)
    middle = float(np.median(medians))
    return float(1.4826 * np.median(np.abs(medians - middle)) / middle) if middle > 0 else 0.0


def distribution(series: Mapping[str, Floats]) -> dict[str, Any]:
    """Series of calls as what a report draws: quantiles, a histogram on common edges, and a course.

    ``quantiles`` and ``counts`` are per series; ``edges`` are spaced evenly on a logarithmic scale;
    ``course`` is the median of each of up to 60 stretches of neighbouring calls.

    >>> made = distribution({"model": np.array([1.0, 2.0, 4.0])})
    >>> made["series"]["model"]["quantiles"][50], sum(made["series"]["model"]["counts"])
    (2.0, 3)
    """
    everything = np.maximum(np.concatenate(list(series.values())), _CLOCK)
    edges = np.geomspace(everything.min(), everything.max() * (1 + 1e-9), _BINS + 1)
    return {
        "shares": _SHARES.tolist(),
        "edges": edges.tolist(),
        "series": {name: _described(times, edges) for name, times in series.items()},
    }


def _described(times: Floats, edges: Floats) -> dict[str, Any]:
    counts, _ = np.histogram(np.clip(times, edges[0], edges[-1]), edges)
    stretches = np.array_split(times, min(_STRETCHES, len(times)))
    return {
        "n": len(times),
        "quantiles": np.quantile(times, _SHARES).tolist(),
        "counts": counts.tolist(),
        "course": [float(np.median(part)) for part in stretches],
    }
