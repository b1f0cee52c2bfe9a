"""How far a mean has moved within the bins of a column, whatever the column itself has done."""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.ranked import Ranked
from modelqa.stats.wasserstein import Points, least_gap

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

LEAST = 10
"""So many rows of either side a bin has to hold, to be compared."""
_UNKNOWN = 0.05
"""Bins that hold more of the reference than this, and cannot be compared, leave the high end open."""
_TOTAL = 0.7
"""How the two lower bounds share their tail: most changes go one way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Rows of one table: a value each, and the bin that it lies in."""

    values: Floats
    codes: Codes

    def counts(self, bins: int) -> Floats:
        """How many rows lie in each bin."""
        rows: Floats = np.bincount(self.codes, minlength=bins).astype(np.float64)
        return rows

    def means(self, bins: int) -> Floats:
        """The mean in each bin; 0 in an empty one."""
        sums = np.bincount(self.codes, weights=self.values, minlength=bins)
        return sums / np.maximum(self.counts(bins), 1)

    def within(self, bins: int) -> Floats:
        """The sum of squared deviations in each bin."""
        deviations = (self.values - self.means(bins)[self.codes]) ** 2
        sums: Floats = np.bincount(self.codes, weights=deviations, minlength=bins).astype(np.float64)
        return sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What `change` found: the estimate, the means by bin, and the share of rows in bins not compared."""

    estimate: Estimate
    reference: Floats
    batch: Floats
    compared: NDArray[np.bool_]
    unknown: float


def change(reference: Cells, batch: Cells, bins: int, levels: Levels, *, top: float = inf) -> Change:
    """The mean absolute change of a mean within bins, weighted by the reference's share of rows in each.

    The value is D = sum of w |b - a|, with a and b the means of reference and batch in a bin, w the
    reference's share therein: a column that moves from bin to bin changes nothing (direct standardisation,
    with both directions counted). Bins with less than `LEAST` rows of either table are not compared.

    D is the largest of all sums of w s (b - a) over signs s, so that *fixed* signs bound it from below
    without its upward bias: the low end is the better of the weighted mean with one sign for all bins, and
    of the sum of what each bin alone is sure of (Bonferroni), both by `least_gap`, so 0 unless no change at
    all is rejected. The high end adds the error of the sum with the best signs, whose variance is
    the sum of w^2 (v_a / m + v_b / n), each variance with one row more of the overall one; and for bins
    that are not compared the most that a value can change there, ``top``: infinite, where those hold more
    than a twentieth of the reference.

    >>> rng, levels = np.random.default_rng(0), Levels(alpha=1e-3, beta=0.05, reds="low")
    >>> old = Cells(values=rng.random(4000), codes=np.arange(4000) % 4)
    >>> new = Cells(values=rng.random(4000) + 0.3 * (np.arange(4000) % 4 == 0), codes=np.arange(4000) % 4)
    >>> found = change(old, new, 4, levels).estimate
    >>> round(found.low, 2), round(found.value, 2), round(found.high, 2)
    (0.06, 0.09, 0.1)
    """
    m, n = reference.counts(bins), batch.counts(bins)
    compared = (m >= LEAST) & (n >= LEAST)
    before, after = reference.means(bins), batch.means(bins)
    unknown = float(m[~compared].sum()) / max(float(m.sum()), 1.0)
    weights = np.where(compared, m / max(float(m.sum()), 1.0), 0.0)
    estimate = Estimate.undefined(n=len(batch.values))
    if compared.any():
        value = float(weights @ np.abs(after - before))
        low = _low(reference, batch, weights, levels.low)
        high = value + _reach(reference, batch, weights, levels.high, top) + _open(unknown, top)
        estimate = Estimate(value, low=min(low, value), high=high, n=len(batch.values))
    return Change(estimate=estimate, reference=before, batch=after, compared=compared, unknown=unknown)


def _open(unknown: float, top: float) -> float:
    """What bins that are not compared may add."""
    if top < inf:
        return unknown * top
    return inf if unknown > _UNKNOWN else 0.0


def _low(reference: Cells, batch: Cells, weights: Floats, tail: float) -> float:
    """The better of two lower bounds, in a unit that the values fit in."""
    unit = max(float(np.abs(side.values).max(initial=0.0)) for side in (reference, batch))
    if unit == 0 or not np.isfinite(unit):
        return 0.0
    each = tail * (1 - _TOTAL) / np.count_nonzero(weights)
    apart = 0.0
    for place in np.flatnonzero(weights).tolist():
        before, after = (_points(s.values[s.codes == place] / unit) for s in (reference, batch))
        apart += float(weights[place]) * least_gap(before, after, each)
    before, after = _standardised(reference, batch, weights, unit)
    return unit * max(apart, least_gap(before, after, tail * _TOTAL))


def _standardised(reference: Cells, batch: Cells, weights: Floats, unit: float) -> tuple[Points, Points]:
    """Rows as deviations from the pooled means of their bins, weighted so that bins hold equal shares."""
    bins = len(weights)
    m, n = reference.counts(bins), batch.counts(bins)
    sums = m * reference.means(bins) + n * batch.means(bins)
    centres = sums / np.maximum(m + n, 1)
    made = []
    for side, rows in ((reference, m), (batch, n)):
        kept = weights[side.codes] > 0
        codes, values = side.codes[kept], side.values[kept]
        made.append(_points((values - centres[codes]) / unit * weights[codes] * len(codes) / rows[codes]))
    return made[0], made[1]


def _points(values: Floats) -> Points:
    return Points.of(Ranked(np.sort(values)))


def _reach(reference: Cells, batch: Cells, weights: Floats, tail: float, top: float) -> float:
    """How far above the sample's sum the true one may be."""
    from scipy.special import ndtri

    bins = len(weights)
    variance = 0.0
    rows = sum(len(side.values) for side in (reference, batch))
    overall = float(sum(side.within(bins).sum() for side in (reference, batch))) / rows
    overall = max(overall, top**2 / 4) if top < inf else overall
    for side in (reference, batch):
        counts = np.maximum(side.counts(bins), 2)
        variance += float(np.sum(weights**2 * (side.within(bins) + overall) / (counts - 1) / counts))
    return -float(ndtri(tail)) * sqrt(variance)
