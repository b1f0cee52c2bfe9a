"""How far probabilities are from what happens, bin by bin: calibration error and the parts of Brier's score.

Rows are cut into bins of equal size by their probability: the cube root of the rows, at most 15 bins;
equal probabilities share a bin. A distance from perfect calibration is biased upwards by chance and
has its edge at 0, where no first-order error exists, so its ends are not made from one:

- Low end: ``|gap| <= |true gap| + |noise|`` in every bin, whatever the true gaps are. What the noise
  adds up to is a convolution of binomial counts, computed to any tail, and its upper quantile is
  taken off. So the low end leaves 0 only where perfect calibration is rejected. Merged bins are no
  farther from calibration than their parts; the best of all bins, two halves and all rows counts,
  each at a third of the tail.
- High end: the signs of the true gaps make a plain mean of the gaps, which is at most the distance seen
  and misses the true one by the error of one mean over all rows.

Bins are given by the probabilities, so what is estimated is the distance in these bins.
"""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, replace
from math import inf, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.hits import heaviest
from modelqa.stats.intervals import Floats, around, centred, independent, spread
from modelqa.stats.linear import Linear, Undefined, estimate
from modelqa.stats.sample import Sample

Noted = tuple[Estimate, str]
MOST_BINS = 15
_FEW, _CELLS, _FAR = 10, 4096, 12.0
_EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Bins:
    """Rows cut by probability; every array has one entry a bin.

    ``rows`` are independent rows of one weight that a bin is worth, ``share`` its part of all
    weight, ``said`` the mean probability and ``happened`` the share of positives.
    """

    rows: Floats
    _: KW_ONLY
    share: Floats
    said: Floats
    happened: Floats

    @property
    def gaps(self) -> Floats:
        """How far the probability is off, in absolute terms."""
        return np.abs(self.said - self.happened)

    @property
    def variance(self) -> Floats:
        """That of the share of positives, unbiased."""
        return self.happened * (1 - self.happened) / np.maximum(self.rows - 1, 1)


def expected_error(sample: Sample, levels: Levels, _rng: np.random.Generator) -> Noted:
    """The expected calibration error: the mean over rows of their bin's |mean probability - share|.

    Of more than two classes it is that of the likeliest class. The value has each bin's bias
    removed, which is that of a folded normal at the gap that explains what was seen (Kumar, Liang
    and Ma 2019 remove it at the gap seen, which leaves more of it; bins as Roelofs et al. 2022).

    >>> shares = np.repeat([0.1, 0.3, 0.5, 0.7, 0.9], 200)
    >>> truth = (np.arange(1000) % 10 < 10 * shares - 1e-6).astype(int)
    >>> both = np.column_stack([1 - shares, shares])
    >>> levels = Levels(alpha=0.001, beta=0.05, reds="low")
    >>> sample = Sample("binary", truth, truth, probabilities=both)
    >>> expected_error(sample, levels, np.random.default_rng(0))[0].low
    0.0
    """
    _, bins = _binned(sample)
    seen = float(bins.gaps @ bins.share)
    value = max(seen - float(_bias(bins.gaps, np.sqrt(bins.variance)) @ bins.share), 0.0)
    low = _low(bins, levels.low, power=1)
    high = min(seen + _reach(bins.rows.sum(), float(bins.share**2 @ bins.variance), levels.high), 1.0)
    return Estimate(value, low=min(low, value), high=max(high, value), n=len(sample)), _binning(bins)


def reliability(sample: Sample, levels: Levels, _rng: np.random.Generator) -> Noted:
    """Reliability in Brier's score (Murphy 1973): the mean squared gap between probability and share.

    Its bias is removed (Bröcker 2012; Ferro and Fricker 2012), so it may be below 0.
    """
    _, bins = _binned(sample)
    low = _low(bins, levels.low, power=2)
    seen = float(bins.gaps**2 @ bins.share)
    reaches = [_reach(rows, var, levels.high) for rows, var in zip(bins.rows, bins.variance, strict=True)]
    high = (sqrt(seen) + float(np.max(np.sqrt(bins.share) * np.array(reaches)))) ** 2
    value = _corrected(bins)
    return Estimate(value, low=min(low, value), high=max(min(high, 1.0), value), n=len(sample)), _binning(
        bins
    )


def resolution(sample: Sample, levels: Levels, _rng: np.random.Generator) -> Noted:
    """Resolution in Brier's score: how far apart the shares of positives are that it tells apart.

    It is the generalised one, which holds what varies within the bins (Stephenson, Coelho and
    Jolliffe 2008), with its bias removed (Ferro and Fricker 2012): so Brier's score is reliability
    - resolution + uncertainty exactly. The error is that of its linear form plus the part of second
    order, which is all that there is where nothing is told apart. For the high end it is at least what
    labels would make that fell as often as those of their bin: where the few events happened to be
    those that were hardly foretold, the rows themselves show far less.
    """
    codes, bins = _binned(sample)
    said, truth = _positive(sample)
    base, losses = float(np.average(truth, weights=sample.weights)), (said - truth) ** 2
    gap = (bins.said - bins.happened)[codes]
    rows = (1 - 2 * base) * (truth - base) + 2 * gap * (said - truth) - gap**2 - losses
    loss, mean = (float(np.average(each, weights=sample.weights)) for each in (losses, rows))
    value = _uncertain(base, float(bins.rows.sum())) + _corrected(bins) - loss
    parts = spread(centred(rows, mean, sample.weights), sample.groups)
    second = 2 * float(((bins.share * bins.variance) ** 2).sum())
    parts = replace(parts, error=sqrt(parts.error**2 + second))
    if min(truth.sum(), len(truth) - truth.sum()) < _FEW:
        note = f"hardly any ends: fewer than {_FEW} rows are of the smaller class"
        return Estimate(value, low=-inf, high=max(0.25, value), n=len(sample)), note
    trials = independent(len(sample), sample.weights, sample.groups)
    low, high = around(value, parts, levels, trials=trials, bounds=(-inf, 0.25))
    chance = np.clip((said * (bins.happened / np.maximum(bins.said, _EDGE))[codes]), 0.0, 1.0)
    parts = replace(parts, error=max(parts.error, _of_labels(2 * (said - base - gap), chance, sample)))
    high = max(high, min(value + parts.reach(levels.high, 1), 0.25))
    return Estimate(value, low=min(low, value), high=max(high, value), n=len(sample)), _binning(bins)


def _of_labels(lifts: Floats, chance: Floats, sample: Sample) -> float:
    """The error of a mean to which a row adds its lift if its event comes true, at these chances."""
    shares = (
        np.full(len(lifts), 1 / len(lifts))
        if sample.weights is None
        else sample.weights / sample.weights.sum()
    )
    return float(np.sqrt(np.sum((shares * lifts) ** 2 * chance * (1 - chance))))


def uncertainty(sample: Sample, levels: Levels, _rng: np.random.Generator) -> Noted:
    """Uncertainty in Brier's score: the variance of the label, without bias; 0.25 at most in truth.

    Its ends are those of the share of positives (Clopper and Pearson for plain rows).
    """
    _, truth = _positive(sample)
    base = float(np.average(truth, weights=sample.weights))
    share = Linear(
        base, centred(truth, base, sample.weights), bounds=(0.0, 1.0), trials=len(sample), scale="counts",
        step=heaviest(sample),
    )  # fmt: skip
    found = estimate(share, sample, levels.half())
    ends = [found.low * (1 - found.low), found.high * (1 - found.high)]
    top = 0.25 if found.low <= 0.5 <= found.high else max(ends)
    value = _uncertain(base, float(_binned(sample)[1].rows.sum()))
    return Estimate(value, low=min(*ends, value), high=max(top, value), n=len(sample)), ""


def _uncertain(base: float, rows: float) -> float:
    return base * (1 - base) * rows / max(rows - 1, 1)


def _corrected(bins: Bins) -> float:
    """The mean squared gap without its bias."""
    return float((bins.gaps**2 - bins.variance) @ bins.share)


def _binning(bins: Bins) -> str:
    count = len(bins.rows)
    return f"in {count} bins" if count > 1 else "in one bin"


def _positive(sample: Sample) -> tuple[Floats, Floats]:
    """A probability for each row and whether its event came true: positive, or the likeliest class."""
    if sample.probabilities is None:
        raise Undefined("the model gives no probabilities")
    if sample.task == "binary":
        return sample.probabilities[:, 1], sample.truth.astype(np.float64)
    said = sample.probabilities.argmax(axis=1)
    return sample.probabilities.max(axis=1), (said == sample.truth).astype(np.float64)


def _binned(sample: Sample) -> tuple[NDArray[np.intp], Bins]:
    """The bin of each row, and the bins. Raises `Undefined` for fewer than two rows."""
    said, truth = _positive(sample)
    n = len(said)
    if n < 2:
        raise Undefined("fewer than two rows")
    wanted = min(max(round(n ** (1 / 3)), 1), MOST_BINS)
    ordered = np.sort(said)
    places = np.searchsorted(ordered, said) * wanted // n
    _, codes = np.unique(places, return_inverse=True)
    weights = np.ones(n) if sample.weights is None else sample.weights
    total = np.bincount(codes, weights)
    kept = total > 0
    safe = np.where(kept, total, 1.0)
    happened = np.bincount(codes, weights * truth) / safe
    squares = np.bincount(codes, weights**2)
    rows = total**2 / np.where(kept, squares, 1.0) / _dependence(truth - happened[codes], sample)
    bins = Bins(
        np.maximum(rows, 1.0)[kept],
        share=(total / total.sum())[kept],
        said=(np.bincount(codes, weights * said) / safe)[kept],
        happened=np.clip(happened, 0.0, 1.0)[kept],
    )
    return np.cumsum(kept)[codes] - 1, bins


def _dependence(residuals: Floats, sample: Sample) -> float:
    """How much larger groups make the variance of a mean: the design effect, at least 1."""
    if sample.groups is None:
        return 1.0
    rows = centred(residuals, float(np.average(residuals, weights=sample.weights)), sample.weights)
    alone, together = spread(rows).error, spread(rows, sample.groups).error
    return max((together / alone) ** 2, 1.0) if alone > 0 and np.isfinite(together) else 1.0


def _bias(gaps: Floats, errors: Floats) -> Floats:
    """What chance has added to each gap seen, on average, if it was normal with these errors."""
    from scipy.special import ndtr

    true = np.linspace(0, 8, 1601)
    seen = sqrt(2 / pi) * np.exp(-(true**2) / 2) + true * (1 - 2 * ndtr(-true))
    units = gaps / np.where(errors > 0, errors, 1.0)
    added = np.maximum(np.maximum(units, seen[0]) - np.interp(units, seen, true, right=inf), 0.0)
    return np.asarray(added * errors)


def _reach(rows: float, variance: float, tail: float) -> float:
    """How far a mean of labels may lie above its estimate.

    The score interval (Wilson 1927) with the variance given; one more count keeps it honest where
    no positive was seen.
    """
    from scipy.special import ndtri

    z = max(float(-ndtri(tail)), 0.0)
    return z**2 / (2 * rows) + z * sqrt(variance + (1 + z**2 / 4) / rows**2)


def _low(bins: Bins, tail: float, *, power: int) -> float:
    """The low end of the mean gap (``power`` 1) or of the mean squared gap (2)."""
    coarse = list(_merged(bins))
    found = 0.0
    for rows, share, mean, gaps in coarse:
        noise = _noise(rows, share / rows**power, mean, tail / len(coarse), power)
        seen = float(gaps**power @ share) ** (1 / power)
        found = max(found, seen - noise ** (1 / power))
    return float(found**power)


def _merged(bins: Bins) -> Iterator[tuple[Floats, Floats, Floats, Floats]]:
    """Rows, share of weight, chance and gap of all bins, of two halves, and of all rows as one.

    The chance of a bin is the mean probability or the share of positives (half a positive and a
    negative added), whichever is nearer to one half and so the more variable one. Merged bins are
    binomial counts of the same mean and variance as the sum of their parts.
    """
    count = len(bins.rows)
    shrunk = (bins.happened * bins.rows + 0.5) / (bins.rows + 1)
    chance = np.where(np.abs(shrunk - 0.5) < np.abs(bins.said - 0.5), shrunk, bins.said)
    chance = np.clip(chance, _EDGE, 1 - _EDGE)
    for parts in sorted({count, min(count, 2), 1}):
        into = np.arange(count) * parts // count
        share = np.asarray(np.bincount(into, bins.share), dtype=np.float64)
        mean = np.bincount(into, bins.share * chance) / share
        spread_ = np.bincount(into, bins.share**2 * chance * (1 - chance) / bins.rows) / share**2
        gaps: Floats = np.abs(np.bincount(into, bins.share * (bins.said - bins.happened)) / share)
        yield mean * (1 - mean) / spread_, share, mean, gaps


def _noise(rows: Floats, scale: Floats, chance: Floats, tail: float, power: int) -> float:
    """The upper quantile of the sum over bins of scale * |count - its mean| ** power.

    Counts are binomial: of independent labels with different chances the sum is less spread
    (Hoeffding 1956). Values are rounded up to a grid, and what lies beyond it counts as its end.
    """
    from scipy.fft import irfft, rfft
    from scipy.special import gammaln, xlog1py, xlogy

    trials = np.maximum(np.floor(rows), 1.0)
    spreads = np.sqrt(trials * chance * (1 - chance))
    far = _FAR * spreads + 2 * _FAR
    grid = float((scale * spreads**power).sum() + (scale * far**power).max() * 1.5) / _CELLS
    total = np.zeros(_CELLS + 1)
    total[0] = 1.0
    for n, q, unit, width in zip(trials, chance, scale, far, strict=True):
        counts = np.arange(max(np.floor(n * q - width), 0.0), min(np.ceil(n * q + width), n) + 1)
        chances = np.exp(
            gammaln(n + 1) - gammaln(counts + 1) - gammaln(n - counts + 1)
            + xlogy(counts, q) + xlog1py(n - counts, -q)
        )  # fmt: skip
        at = np.ceil(np.abs(counts - n * q) ** power * unit / grid - _EDGE)
        one = np.bincount(np.minimum(at, _CELLS).astype(np.intp), chances, _CELLS + 1)
        one[_CELLS] += max(1 - one.sum(), 0.0)
        both = irfft(rfft(total, 2 * _CELLS + 2) * rfft(one, 2 * _CELLS + 2), 2 * _CELLS + 2)
        total = both[: _CELLS + 1]
        total[_CELLS] += both[_CELLS + 1 :].sum()
    beyond = np.append(np.cumsum(total[:0:-1])[::-1], 0.0)
    return float(grid * np.argmax(beyond <= tail)) if (beyond[:-1] <= tail).any() else inf
