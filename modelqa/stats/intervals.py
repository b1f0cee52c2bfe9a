"""Intervals: proportions, means and quantiles without a model of the data.

Both ends stand at their own tail probability (`Levels`), down to about 1e-5. A method that cannot
resolve a tail returns an infinite end, which no bound can judge.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace
from math import inf, isfinite, sqrt
from typing import Self

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels

Floats = NDArray[np.float64]
_ROUNDING = 1e-12
_CUBIC_LIMIT = 1.5
"""Where Hall's cubic stops widening: beyond it the inverse turns back, so the factor stays."""
_DOUBT = 1.6
"""How much larger the skewness of errors is taken to be than it was seen (see `Spread.above`)."""


def proportion(successes: float, n: float, levels: Levels) -> Estimate:
    """A share of ``n`` independent rows, with the exact interval of Clopper and Pearson (1934).

    Fractional successes of fractional trials are read off the same beta quantiles. They bound the
    mean of ``n`` values in [0, 1], whose spread is at most that of a coin. No trials: undefined.

    >>> share = proportion(9, 10, Levels(alpha=0.025, beta=0.025, reds="none"))
    >>> round(share.low, 4), share.value, round(share.high, 4)
    (0.555, 0.9, 0.9975)
    """
    from scipy.special import betaincinv

    if n <= 0:
        return Estimate.undefined(n=0)
    misses = max(n - successes, 0.0)
    low = float(betaincinv(successes, misses + 1, levels.low)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, misses, 1 - levels.high)) if misses > 0 else 1.0
    value = min(successes / n, 1.0)
    return Estimate(value, low=min(low, value), high=max(high, value), n=round(n))


def unseen(trials: float, tail: float) -> float:
    """The largest share that ``trials`` rows can have missed altogether, at a tail probability.

    A share p is missed by all rows with probability (1 - p) ** trials.

    >>> round(unseen(58, 0.05), 3)
    0.05
    """
    return float(-np.expm1(np.log(tail) / trials)) if trials > 0 else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far a mean of independent parts may be off: standard error, skewness and freedom.

    ``skew`` is the skewness of one part divided by the square root of their number. ``freedom``
    are the degrees of freedom of the variance itself, 2n / (kurtosis - 1) and at most n - 1
    (Satterthwaite 1946): few parts that carry all of the variance give few degrees of freedom.
    """

    error: float
    skew: float
    freedom: float
    parts: int

    def reach(self, tail: float, side: float) -> float:
        """How far an end lies from the value: Student's t, widened where the skewness says so.

        ``side`` is -1 for the low end and 1 for the high end. The widening is Hall's (1992) cubic
        transformation of t. It never narrows the other side: the skewness is estimated, and a small
        tail would pay for its error.
        """
        if self.error == 0:
            return 0.0
        if self.parts < 2:
            return inf
        return self.error * _hall(_t(self.freedom, tail), max(self.skew * side, 0.0))

    def above(self, tail: float) -> float:
        """How far the high end of a mean of errors lies from it, whose largest rows may be unseen.

        Hall's transformation in full, with the bias of t. The skewness that a sample shows is small just
        where its mean is too small, and never above the root of its size: it is taken for 1.6 times as
        large, by simulation. So means of squared and of absolute errors that are normal, of Student's t
        with 5 degrees of freedom or exponential lie above their high ends in about their tail.

        >>> parts = spread(np.repeat([-1.0, 9.0], [180, 20]))
        >>> parts.above(0.05) > parts.reach(0.05, 1) > parts.reach(0.05, -1)
        True
        """
        seen = self.reach(tail, 1)
        if self.error == 0 or self.parts < 2:
            return seen
        skew = max(_DOUBT * self.skew, 0.0)
        return max(self.error * _hall(_t(self.freedom, tail) + skew / 6, skew), seen)

    def below(self, value: float, tail: float) -> float:
        """How far the low end of a positive mean lies from it: Student's t on the log scale.

        There a mean of skewed rows is nearly normal (Cojbasic and Loncar 2011 make the one-sided ends of
        variances there, by Hall's transformation), so the low end is nearer, and never negative.

        >>> parts = spread(np.array([-1.0, -1.0, 2.0]))
        >>> parts.below(2.0, 0.05) < min(parts.reach(0.05, -1), 2.0)
        True
        """
        reach = self.bent(-1 / value).reach(tail, -1) - self.error * max(self.skew, 0.0) / 6
        return value * -float(np.expm1(-max(reach, 0.0) / value))

    def bent(self, curvature: float) -> Self:
        """The spread on a curved scale, in units of the old one; ``curvature`` is g'' / g' of it.

        To second order the studentised value is as skewed there as a mean would be whose skewness
        is larger by 1.5 times curvature and standard error.
        """
        return replace(self, skew=self.skew + 1.5 * curvature * self.error)

    def lean(self, curvature: float, tail: float) -> float:
        """How much farther a low end lies on a curved scale that makes the error the same everywhere.

        The first term of Cornish and Fisher (1938): there the studentised value is as skewed as the
        value itself, by the skewness here and three times curvature and standard error.
        """
        t = _t(self.freedom, tail)
        skew = max(self.skew + 3 * curvature * self.error, 0.0)
        return self.error * skew * max(t * t - 1, 0.0) / 6


def _hall(t: float, skew: float) -> float:
    """The quantile of a studentised mean behind that of Hall's cubic; both are positive."""
    push = min(skew * t, _CUBIC_LIMIT)
    return t * 3 * (1 - float(np.cbrt(1 - push))) / push if push > 1e-9 else t


def _t(freedom: float, tail: float) -> float:
    """The upper quantile of Student's t."""
    from scipy.special import stdtrit

    return float(-stdtrit(freedom, min(tail, 0.5)))


def spread(influence: Floats, groups: NDArray[np.intp] | None = None, *, noise: float = 0.0) -> Spread:
    """The spread of the mean of ``influence`` (one centred entry a row), whole groups as one part.

    With groups this is the cluster-robust variance (Liang and Zeger 1986) with the small-sample
    factor G / (G - 1). Entries that are all within ``noise`` of zero have no spread.

    >>> round(spread(np.array([-1.0, 0.0, 1.0])).error, 4)
    0.5774
    """
    parts = influence if groups is None else _by_group(influence, groups)
    count = len(parts)
    scale = float(np.abs(parts).max(initial=0.0))
    if count < 2 or scale <= noise:
        return Spread(error=inf if count < 2 and scale > noise else 0.0, skew=0.0, freedom=1.0, parts=count)
    unit = parts / scale
    squares = unit * unit
    second = float(squares.sum())
    kurtosis = count * float(np.dot(squares, squares)) / second**2
    freedom = 2 * count / (kurtosis - 1) if kurtosis > 1 + 2 / count else inf
    return Spread(
        error=scale * sqrt(second / (count * (count - 1))),
        skew=float(np.dot(squares, unit)) / second**1.5,
        freedom=min(max(freedom, 1.0), count - 1),
        parts=count,
    )


def _by_group(influence: Floats, groups: NDArray[np.intp]) -> Floats:
    """Sums within groups, scaled so that their mean is the mean over the rows."""
    _, codes = np.unique(groups, return_inverse=True)
    sums = np.bincount(codes, weights=influence)
    return np.asarray(sums * (len(sums) / len(influence)), dtype=np.float64)


def counted(
    share: float, parts: Spread, step: float, levels: Levels, *, unit: float = 1.0
) -> tuple[float, float]:
    """The ends of a weighted sum of counts that lies in [0, 1], such as an average of recalls.

    The beta quantiles of Clopper and Pearson at the effective number of rows (Korn and Graubard
    1998). Towards the side that holds little of the sum, one more count of the heaviest kind
    (``step``) is added to it, as in the gamma interval of Fay and Feuer (1997): where no error was
    seen the low end is that of 1 / step rows. The error of the sum is ``parts.error`` times ``unit``.

    >>> levels = Levels(alpha=0.025, beta=0.025, reds="none")
    >>> ends = counted(0.9, spread(np.repeat([0.1, -0.9], [9, 1])), 0.1, levels)
    >>> [round(end, 2) for end in ends]
    [0.53, 1.0]
    """
    low = 1 - _above(1 - share, parts, step, levels.low, unit)
    return low, _above(share, parts, step, levels.high, unit)


def _above(share: float, parts: Spread, step: float, tail: float, unit: float) -> float:
    """The high end of a weighted sum of counts."""
    from scipy.special import betaincinv, ndtri

    if parts.parts < 2 or share >= 1:
        return 1.0
    error = parts.error * unit * _t(parts.parts - 1, tail) / max(float(-ndtri(tail)), 1e-9)
    rest = 1 - share
    if share < 0.5 or error == 0:
        counts = (share + step) ** 2 / (error**2 / rest + step**2) if step > 0 or error > 0 else 0.0
        others = counts / (share + step) - counts + 1 if counts > 0 else 0.0
        return float(betaincinv(counts, others, 1 - tail)) if others > 0 else 1.0
    rows = share * rest / error**2
    return float(1 - betaincinv(rest * rows, share * rows + 1, tail))


def mean(
    values: Floats,
    levels: Levels,
    weights: Floats | None = None,
    groups: NDArray[np.intp] | None = None,
    *,
    bounds: tuple[float, float] = (-inf, inf),
) -> Estimate:
    """The mean of independent rows or groups, with a studentised interval (see `Spread`).

    Rows that are all equal say nothing of their spread. Then an end lies where the share that
    they can have missed would sit at the bound of what a value can be, and is infinite if there
    is no such bound. No rows: undefined; one row or group: both ends are those of ``bounds``.

    >>> levels = Levels(alpha=0.025, beta=0.025, reds="none")
    >>> mean(np.array([4.0, 5.0, 6.0]), levels).value
    5.0
    >>> mean(np.zeros(100), levels).high
    inf
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    if n == 0 or (weights is not None and weights.sum() <= 0):
        return Estimate.undefined(n=n)
    value = float(np.average(values, weights=weights))
    if not isfinite(value):
        return Estimate.undefined(n=n)
    parts = spread(centred(values, value, weights), groups)
    trials = independent(n, weights, groups)
    low, high = (around(value, parts, levels, trials=trials, bounds=bounds)) if parts.parts > 1 else bounds
    return Estimate(value, low=min(low, value), high=max(high, value), n=n)


def centred(values: Floats, value: float, weights: Floats | None) -> Floats:
    """What each row adds to the error of a weighted mean; exact zeros where all rows are equal."""
    if len(values) and values.max() - values.min() <= _ROUNDING * abs(value):
        return np.zeros(len(values))
    return (
        values - value if weights is None else (values - value) * (weights * (len(weights) / weights.sum()))
    )


def independent(n: float, weights: Floats | None, groups: NDArray[np.intp] | None) -> float:
    """How many equal, independent rows ``n`` rows are worth (Kish 1965), at most one a group."""
    share = 1.0 if weights is None else float(weights.sum() ** 2 / (len(weights) * np.dot(weights, weights)))
    return n * share if groups is None else min(n * share, float(len(np.unique(groups))))


def around(
    value: float, parts: Spread, levels: Levels, *, trials: float, bounds: tuple[float, float]
) -> tuple[float, float]:
    """The two ends of an interval from its spread, inside the bounds of what a score can be."""
    if parts.error == 0:
        below = unseen(trials, levels.low) * (value - bounds[0])
        above = unseen(trials, levels.high) * (bounds[1] - value)
    else:
        below, above = parts.reach(levels.low, -1), parts.reach(levels.high, 1)
    return max(value - below, bounds[0]), min(value + above, bounds[1])


def quantile(values: Floats, q: float, levels: Levels) -> Estimate:
    """A quantile with order statistics as ends: exact for any distribution (Conover 1999, 3.2).

    An end that so few values cannot hold is infinite. No values: undefined. Values may be infinite:
    calls that were never answered.

    >>> found = quantile(np.arange(1.0, 101.0), 0.5, Levels(alpha=0.025, beta=0.025, reds="none"))
    >>> found.low, found.value, found.high
    (40.0, 50.5, 61.0)
    """
    n = len(values)
    if n == 0:
        return Estimate.undefined(n=0)
    first, last = ranks(n, q, levels)
    ordered = np.sort(values)
    # Between a finite value and an infinite one, or two of these, there is nothing to interpolate.
    value = float(np.quantile(ordered, q, method="linear" if isfinite(ordered[-1]) else "inverted_cdf"))
    low = float(ordered[first - 1]) if first > 0 else -inf
    high = float(ordered[last - 1]) if last <= n else inf
    return Estimate(value, low=min(low, value), high=max(high, value), n=n)


def ranks(n: int, q: float, levels: Levels) -> tuple[int, int]:
    """Which of ``n`` sorted values are the ends of a quantile, counted from 1.

    0 and n + 1 are ends that so few values cannot hold.

    >>> ranks(100, 0.5, Levels(alpha=0.025, beta=0.025, reds="none"))
    (40, 61)
    """
    from scipy.special import bdtr, bdtrc

    # At most k values lie below the quantile with the binomial probability of k.
    first = bisect_left(range(n), True, key=lambda k: bool(bdtr(k, n, q) > levels.low))
    last = 1 + bisect_left(range(n), True, key=lambda k: bool(bdtrc(k, n, q) <= levels.high))
    return first, last
