"""The Wasserstein distance in the reference's standard deviations, with honest ends."""

from dataclasses import dataclass
from math import hypot, inf, log, sqrt
from typing import Self

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.ecdf import band, steps
from modelqa.stats.ranked import Ranked

Floats = NDArray[np.float64]

CLIPPED = 0.001
"""The share of the reference beyond each end of the range that values are clipped to."""
_LOCATION, _SPREAD, _SHAPE = 0.96, 0.02, 0.02
"""How the three lower bounds share their tail: most drifts move the mean."""
_POINTS = 512
"""So many bins stand for a sample where its noise is looked at."""
_ROUNDING = 1e-12
"""Differences of means, of values between 0 and 1, that may be rounding."""
_LEAST_SPREAD = 0.001
"""Evidently's floor of the standard deviation that it divides by."""


def wasserstein(reference: Ranked, batch: Ranked, levels: Levels, *, exact: bool = False) -> Estimate:
    """The first Wasserstein distance of two samples, divided by the reference's spread.

    Both samples are clipped to the range between the reference's 0.1% and 99.9% quantiles (so one
    outlier moves it by no more than its share of rows), and the spread is the standard deviation of
    the reference therein. ``exact`` clips nothing: the numbers of scipy and Evidently.

    The distance is the largest difference of means over all functions of slope at most 1
    (Kantorovich and Rubinstein 1958). So the difference of means of *any* such function, chosen before
    the rows are seen, bounds it from below without the upward bias of the distance itself. Three bounds
    share the tail: of the value itself, of its distance from the reference's median, and of the
    area between the distribution functions outside a band of noise. The high end adds to the
    sample's distance what the best such function may be off by; its variance is at most the values'.

    A constant reference has no spread: an equal batch has distance 0 with no known high end, any
    other is infinitely far away. No rows on a side, or only infinite ones: undefined. Rows in bins stand
    at their means, which leaves the area between the distribution functions what it is.

    >>> values = np.linspace(-1, 1, 2001)
    >>> levels = Levels(alpha=1e-4, beta=0.05, reds="low")
    >>> moved = wasserstein(Ranked(values), Ranked(values + 0.4), levels)
    >>> round(moved.value, 2), round(moved.low, 2), round(moved.high, 2)
    (0.62, 0.51, 0.68)
    """
    n = batch.rows
    ends = _range(reference, batch, exact=exact)
    if ends is None:
        return Estimate.undefined(n=n)
    if ends[0] == ends[1]:
        return _constant(reference.rows, batch, ends[0], levels)
    unit = _exponent(*ends)
    reference, batch = (_scaled(rows, *ends, unit) for rows in (reference, batch))
    spread = max(reference.spread, float(np.ldexp(_LEAST_SPREAD, -unit)) if exact else 0.0)
    if spread == 0:
        return _constant(reference.rows, batch, float(reference.values[0]), levels)
    values, difference = steps(reference, batch)
    gaps, apart = np.diff(values), np.abs(difference)
    value = float(np.sum(gaps * apart)) / spread  # a dot product would wake a pool of threads
    samples = Points.of(reference), Points.of(batch)
    low = _low(*samples, gaps, apart, levels.low) / spread
    reach = _reach(*samples, value * spread, levels.high) / spread
    return Estimate(value, low=min(max(low, 0.0), value), high=value + reach, n=n)


def _range(reference: Ranked, batch: Ranked, *, exact: bool) -> tuple[float, float] | None:
    """The range that values are clipped to; the reference's own where its bulk is one value."""
    known = reference.finite()
    if not known.rows or not batch.rows:
        return None
    if exact:
        return min(known.values[0], batch.values[0]), max(known.values[-1], batch.values[-1])
    cut = int(CLIPPED * (known.rows - 1))
    low, high = known.quantiles(np.array([cut, known.rows - 1 - cut])).tolist()
    return (low, high) if low < high else (float(known.ends[0]), float(known.ends[-1]))


def _exponent(low: float, high: float) -> int:
    """The power of two that a range fits in, but no less than 2 ** -900, whose square is still a number."""
    halved = np.frexp(high / 2 - low / 2)[1]
    return max(int(halved) + 1, -900)


def _scaled(rows: Ranked, low: float, high: float, unit: int) -> Ranked:
    """Rows clipped to a range, as their distance from its low end in units of a power of two.

    Nothing overflows on the way, and values that are far from 0 but close together keep their digits.
    """
    clipped = np.clip(rows.values, low, high)
    if unit < 1000:
        return rows.at(np.ldexp(clipped - low, -unit))
    return rows.at(np.ldexp(clipped, -unit) - float(np.ldexp(low, -unit)))


def _constant(m: int, batch: Ranked, constant: float, levels: Levels) -> Estimate:
    """What can be said where all m rows of the reference are equal.

    Were the two distributions equal, all `others` would be in the batch with a probability below
    (n / (m + n)) ** others.
    """
    n = batch.rows
    others = int(np.sum((batch.values != constant) * batch.weights))
    if not others:
        return Estimate(0.0, low=0.0, high=inf, n=n)
    return Estimate(inf, low=inf if others * log((m + n) / n) >= -log(levels.low) else 0.0, high=inf, n=n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """A sample as at most 512 points with the rows at each; means are kept."""

    values: Floats
    counts: Floats

    @classmethod
    def of(cls, rows: Ranked) -> Self:
        """Put rows into bins of equal width, each at its own mean."""
        values = rows.values
        if len(values) <= _POINTS:
            return cls(values=values, counts=np.ones(len(values)) * rows.weights)
        edges = np.linspace(values[0], values[-1], _POINTS + 1)[1:-1]
        starts = np.unique(np.append(0, np.searchsorted(values, edges, side="right")))
        starts = starts[starts < len(values)]
        if rows.counts is None:
            counts = np.diff(np.append(starts, len(values))).astype(float)
        else:
            counts = np.add.reduceat(rows.counts, starts).astype(float)
        return cls(values=np.add.reduceat(values * rows.weights, starts) / counts, counts=counts)

    @property
    def rows(self) -> float:
        """How many rows there are."""
        return float(self.counts.sum())

    @property
    def mean(self) -> float:
        """The mean of the rows."""
        return float(self.counts @ self.values) / self.rows

    def moment(self, order: int) -> float:
        """A central moment of the rows."""
        return float(self.counts @ (self.values - self.mean) ** order) / self.rows

    def at(self, values: Floats) -> "Points":
        """The same rows with other values."""
        return Points(values=values, counts=self.counts)

    def centred(self) -> "Points":
        """The rows' deviations from their mean."""
        return self.at(self.values - self.mean)

    def joined(self, other: "Points") -> "Points":
        """The rows of two samples."""
        return Points(
            values=np.concatenate([self.values, other.values]),
            counts=np.concatenate([self.counts, other.counts]),
        )


def _low(reference: Points, batch: Points, gaps: Floats, apart: Floats, tail: float) -> float:
    """The best of three lower bounds, in units of the values."""
    bend = _bend(reference)
    centre = float(np.interp(reference.rows / 2, np.cumsum(reference.counts), reference.values))
    before, after = (points.at(np.abs(points.values - centre)) for points in (reference, batch))
    return max(
        least_gap(reference, batch, _LOCATION * tail, bend),
        least_gap(before, after, _SPREAD * tail, bend),
        _shape_low(reference, batch, gaps, apart, _SHAPE * tail),
    )


def _bend(reference: Points) -> Floats:
    """What a row does to the relative error of the reference's spread: its influence, but for a constant."""
    variance = reference.moment(2)
    return (reference.values - reference.mean) ** 2 / (2 * variance if variance > 0 else 1.0)


def _shape_low(reference: Points, batch: Points, gaps: Floats, apart: Floats, tail: float) -> float:
    """The area between the distribution functions outside a band of noise; half the tail is the spread's."""
    noise = band(int(reference.rows), int(batch.rows), tail / 2)
    if apart.max() <= noise:
        return 0.0
    outside = np.flatnonzero(apart > noise)
    area = float(gaps[outside] @ (apart[outside] - noise))
    unsure = sqrt(reference.at(_bend(reference)).moment(2) / reference.rows) * _normal(tail / 2)
    return area / (1 + unsure)


def least_gap(reference: Points, batch: Points, tail: float, bend: Floats | float = 0.0) -> float:
    """A lower bound of the absolute difference of two means, wrong with probability `tail`.

    ``bend`` is what a row of the reference does to the relative error of the unit that the difference is
    measured in, one entry a point.

    Two things are asked. Identity has to be rejected at half the tail on either side by Chernoff's
    bound on the pooled rows, which holds for ties, rare and lumpy values as well. And the bound takes
    off the quantile of the noise, by the saddlepoint approximation (Barndorff-Nielsen's r*; Daniels
    1987) on the pooled deviations from the means, so skewed values are treated as such; widened by
    Student's factor where the samples' own variances are the larger ones.

    Values are between -1 and 1, or of that order.

    >>> rows = np.linspace(-1, 1, 1000)
    >>> a, b = Points.of(Ranked(rows)), Points.of(Ranked(rows + 0.3))
    >>> round(least_gap(a, b, 1e-4), 3), least_gap(a, a, 1e-4)
    (0.203, 0.0)
    """
    n, m = batch.rows, reference.rows
    found = batch.mean - reference.mean
    bent = reference.at(reference.values + found * bend)
    if bent.moment(2) < reference.moment(2):
        bent = reference
    own = hypot(_widened(bent, tail), _widened(batch, tail))
    pooled = reference.joined(batch)
    if abs(found) <= max(min(own, sqrt(pooled.moment(2) * (1 / n + 1 / m))), _ROUNDING):
        return 0.0
    sign = 1.0 if found > 0 else -1.0
    deviation, root, _ = _tail(pooled.at(sign * (pooled.values - pooled.mean)), m, n)
    if abs(found) <= _reading(sqrt(2 * log(2 / tail)), root, deviation):
        return 0.0
    within = reference.centred().joined(batch.centred())
    wanted = sqrt(within.moment(2) * (1 / n + 1 / m))
    if wanted == 0:
        return abs(found) if own == 0 else 0.0
    deviation, _, adjusted = _tail(within.at(sign * within.values), m, n)
    quantile = _reading(_normal(tail), adjusted, deviation)
    return max(abs(found) - quantile * max(own / wanted, 1.0), 0.0)


def _reading(wanted: float, rising: Floats, deviation: Floats) -> float:
    """The deviation at a wanted value of a rising array; their ratio changes slowly. Infinite beyond it."""
    known = rising > 0
    if not known.any():
        return inf
    ratio = deviation[known] / rising[known]
    return wanted * float(np.interp(wanted, rising[known], ratio, right=inf))


def _tail(noise: Points, m: float, n: float) -> tuple[Floats, Floats, Floats]:
    """How improbable each difference of means of n and of m rows of centred noise is.

    Three rising arrays: the difference; its signed root w, so that exp(-w^2 / 2) is Chernoff's bound of
    the probability to reach it; and r*, so that the normal tail beyond r* approximates it.
    """
    error = sqrt(noise.moment(2) * (1 / n + 1 / m))
    tilts = np.geomspace(0.05, 30, 64) / error
    above, below = _cumulants(noise, tilts / n), _cumulants(noise, -tilts / m)
    deviation = above[1] - below[1]
    root = np.sqrt(2 * np.maximum(tilts * deviation - n * above[0] - m * below[0], 1e-300))
    slope = tilts * np.sqrt(np.maximum(above[2] / n + below[2] / m, 1e-300))
    return deviation, root, np.maximum.accumulate(root + np.log(slope / root) / root)


def _cumulants(noise: Points, tilts: Floats) -> tuple[Floats, Floats, Floats]:
    """The cumulant generating function of the rows at each tilt, and its two derivatives."""
    exponents = np.outer(tilts, noise.values)
    highest = exponents.max(axis=1, keepdims=True)
    masses = np.exp(exponents - highest) * (noise.counts / noise.rows)
    total = masses.sum(axis=1)
    mean = masses @ noise.values / total
    variance = masses @ noise.values**2 / total - mean**2
    return np.log(total) + highest[:, 0], mean, variance


def _widened(points: Points, tail: float) -> float:
    """The standard error of a mean, by what its rows make of Student's quantile; 0 from a single row."""
    from scipy.special import stdtrit

    freedom = points.rows - 1
    if freedom < 1:
        return 0.0
    student = -float(stdtrit(freedom, tail)) / _normal(tail)
    return sqrt(points.moment(2) / freedom) * student


def _reach(reference: Points, batch: Points, distance: float, tail: float) -> float:
    """How far above the sample's distance the true one may be; infinite from a single row.

    How the spread's error goes with the best function's is not known: the two are added (Cauchy-Schwarz).
    """
    n, m = batch.rows, reference.rows
    if min(n, m) < 2:
        return inf
    pooled = sqrt(reference.centred().joined(batch.centred()).moment(2))
    bend = distance * _widened(reference.at(_bend(reference)), tail)
    errors = (max(_widened(points, tail), pooled / sqrt(points.rows)) for points in (reference, batch))
    return hypot(next(errors) + bend, next(errors)) * _normal(tail)


def _normal(tail: float) -> float:
    """The normal quantile above which a tail lies."""
    from scipy.special import ndtri

    return -float(ndtri(tail))
