"""Latency of calls made one after the other: its quantiles and its mean.

Calls in a row are not independent: one stall, one busy neighbour slows many of them. So they are judged
by how batches of neighbouring calls differ.
"""

from collections.abc import Callable, Mapping
from math import exp, inf, isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats import intervals

Floats = NDArray[np.float64]
FEW, MANY = 16, 32
"""Into so many batches of neighbouring calls a series is cut to see how much they hang together."""
CLOCK = 1e-9
"""The shortest time that a call is taken to take."""
_WIDEST = 0.4
"""A tail beyond which nothing is corrected for how few the batches are."""
_MOST = float(np.finfo(np.float64).max)
_SHARES = np.append(np.linspace(0, 1, 101), [0.995, 0.999])
_BINS, _STRETCHES = 40, 60


def quantile(times: Floats, q: float, levels: Levels) -> Estimate:
    """A quantile of calls in the order they were made; of two ends on a side, the nearer one.

    One is an order statistic, its rank that of `intervals.quantile` for as many independent calls as
    these are worth: n over the design effect of "slower than the quantile" between batches of neighbours
    (Kish 1965), never above n, and fewer for the few degrees of freedom that the batches leave (Korn
    and Graubard 1998). One slow stretch in the series, and so few calls hold no end.

    The other asks at each length of call, with the design effect there, whether so few (so many) calls
    would be slower were this the quantile; hardly any call of the slow stretch took a hundred times as
    long. What was not seen for want of time it allows for as if the machine's speed scattered about
    its course: by Student's t of the logarithms of the batches' medians.

    No calls: undefined. Too few for either: infinite. Times may be infinite: calls never answered.

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
    near, far = _by_rank(times, ordered, q, value, levels), _by_length(times, ordered, q, levels)
    low, high = max(near[0], far[0]), min(near[1], far[1])
    return Estimate(value, low=min(low, value), high=max(high, value), n=n)


def _by_rank(times: Floats, ordered: Floats, q: float, value: float, levels: Levels) -> tuple[float, float]:
    n = len(times)
    effect = _design_effect((times > min(value, _MOST)).astype(np.float64), q * (1 - q))
    worth = [int(n / effect * _discount(tail)) for tail in (levels.low, levels.high)]
    first, _ = intervals.ranks(worth[0], q, levels)
    _, last = intervals.ranks(worth[1], q, levels)
    low = float(ordered[int(first * n / worth[0]) - 1]) if first > 0 else -inf
    high = float(ordered[min(int(np.ceil(last * n / worth[1])), n) - 1]) if last <= worth[1] else inf
    return low, high


def _by_length(times: Floats, ordered: Floats, q: float, levels: Levels) -> tuple[float, float]:
    n = len(times)
    start, backwards = int(q * (n - 1)), ordered[::-1]
    high = _outermost(
        lambda place: _seldom_slower(times, float(ordered[place]), q, levels.high), start, n - 1
    )
    low = _outermost(
        lambda place: _often_as_slow(times, float(backwards[place]), q, levels.low), n - 1 - start, n - 1
    )
    spread = _scatter(times)
    return (
        float(backwards[low]) / exp(spread * _student(levels.low)) if low is not None else -inf,
        float(ordered[high]) * exp(spread * _student(levels.high)) if high is not None else inf,
    )


def _scatter(times: Floats) -> float:
    """How much the logarithm of the machine's speed scatters, by the batches' medians."""
    size = len(times) // FEW
    if size < MANY // FEW:
        return 0.0
    medians = np.median(times[: size * FEW].reshape(FEW, size), axis=1)
    if not np.isfinite(medians).all():
        return inf
    return float(np.log(np.maximum(medians, CLOCK)).std(ddof=1))


def _seldom_slower(times: Floats, limit: float, q: float, tail: float) -> bool:
    """Whether too few calls are slower than a limit for a quantile beyond it."""
    from scipy.special import betainc

    slower, worth = _worth(times > limit, tail)
    return bool(betainc(slower + 1, worth - slower, 1 - q) >= 1 - tail) if slower < worth else False


def _often_as_slow(times: Floats, limit: float, q: float, tail: float) -> bool:
    """Whether too many calls are at least as slow as a limit for a quantile below it."""
    from scipy.special import betainc

    slower, worth = _worth(times >= limit, tail)
    return bool(betainc(slower, worth - slower + 1, 1 - q) <= tail) if slower > 0 else False


def _worth(slower: NDArray[np.bool_], tail: float) -> tuple[float, float]:
    """How many independent calls these are worth, and how many of those are slower."""
    share = float(slower.mean())
    spread = share * (1 - share)
    effect = _design_effect(slower.astype(np.float64), spread) if spread > 0 else 1.0
    worth = len(slower) / effect * _discount(tail)
    return share * worth, worth


def _outermost(ruled_out: Callable[[int], bool], first: int, last: int) -> int | None:
    """The first place that is ruled out with all beyond it; None if not even the last one is.

    The test is nearly monotonic, not quite: so it is searched from the last place to the first.
    """
    steps = (first + (1 << power) for power in range((last - first).bit_length()))
    grid = [first, *(place for place in steps if place < last), last]
    inside = next((place for place in reversed(range(len(grid))) if not ruled_out(grid[place])), -1)
    if inside in {-1, len(grid) - 1}:
        return first if inside == -1 else None
    low, high = grid[inside], grid[inside + 1]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if ruled_out(middle) else (middle, high)
    return high


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
    from scipy.special import ndtri

    return float((ndtri(min(tail, _WIDEST)) / _student(tail)) ** 2)


def _student(tail: float) -> float:
    """How many standard deviations of the batches lie beyond their mean at a tail."""
    from scipy.special import stdtrit

    return -float(stdtrit(FEW - 1, min(tail, _WIDEST)))


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
    everything = np.maximum(np.concatenate(list(series.values())), CLOCK)
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
