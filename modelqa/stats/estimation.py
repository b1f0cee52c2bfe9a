"""Scores of rows without labels: an estimate, its interval, and whether its past says to trust it."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from math import exp, expm1, hypot, inf, isfinite, log, sqrt
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.intervals import Floats
from modelqa.stats.linear import Undefined
from modelqa.stats.sample import Sample

Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as an estimator sees them: what the model said of them, and their features as numbers.

    ``forecast`` is the loss that is expected of each row, where the score is a mean loss.
    """

    sample: Sample
    features: Floats
    _: KW_ONLY
    forecast: Floats | None = None

    def __len__(self) -> int:
        return len(self.sample)

    def take(self, rows: NDArray[Any]) -> Self:
        """The rows at some positions or under a mask."""
        forecast = None if self.forecast is None else self.forecast[rows]
        return replace(self, sample=self.sample.take(rows), features=self.features[rows], forecast=forecast)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a score is expected to be once the labels are there, and two ways to be wrong.

    ``noise`` is the variance of the score of these rows about its expectation, ``third`` its third
    central moment: labels are drawn. ``model`` is the variance of the expectation itself: what it rests on
    was fitted on reference rows that were drawn, ``rested`` of them, as many of equal weight. ``top`` is
    the most that the score can be.
    """

    value: float
    noise: float
    third: float
    model: float
    rested: float = inf
    top: float = inf

    def interval(self, levels: Levels, n: int) -> Estimate:
        """Where the score of these very rows will lie once their labels are known.

        Each error has ends of its own, and the two are put together by MOVER (Zou and Donner 2008),
        since they are independent. Noise: normal, with the first term of Cornish and Fisher (1938) where
        its skewness widens an end. Model: normal on the log-odds of a share, or the logarithm of a loss.

        >>> about = Expected(value=0.9, noise=0.0001, third=0.0, model=0.0001, top=1.0)
        >>> found = about.interval(Levels(alpha=0.025, beta=0.025, reds="none"), 900)
        >>> round(found.low, 2), found.value, round(found.high, 2)
        (0.87, 0.9, 0.93)
        """
        if not all(map(isfinite, (self.value, self.noise, self.third, self.model))):
            raise Undefined("the expected score is not a finite number")
        value = min(max(self.value, 0.0), self.top)
        low = value - hypot(self._drawn(levels.low, -1), self._fitted(levels.low, -1))
        high = value + hypot(self._drawn(levels.high, 1), self._fitted(levels.high, 1))
        return Estimate(value, low=min(max(low, 0.0), value), high=max(min(high, self.top), value), n=n)

    def _drawn(self, tail: float, side: int) -> float:
        """How far the draw of the labels reaches."""
        if not self.noise > 0:
            return 0.0
        z = _normal(tail)
        skew = max(side * self.third / (self.noise * sqrt(self.noise)), 0.0)
        return sqrt(self.noise) * (z + skew * max(z * z - 1, 0.0) / 6)

    def _fitted(self, tail: float, side: int) -> float:
        """How far the error of what was fitted reaches."""
        reach, value = _normal(tail) * sqrt(self.model), self.value
        if not (reach > 0 and 0 < value < self.top):
            return reach
        if self.top == inf:
            return value * abs(expm1(side * min(reach / value, 50.0)))
        odds = log(value / (1 - value)) + side * reach / (value * (1 - value))
        return abs(1 / (1 + exp(-min(max(odds, -700.0), 700.0))) - value)


def _normal(tail: float) -> float:
    """The upper quantile of the normal distribution."""
    from scipy.special import ndtri

    return -float(ndtri(min(tail, 0.5)))


class Estimator(Protocol):
    """What expects a score of rows, having seen labelled ones."""

    @property
    def name(self) -> str:
        """The score, by scikit-learn's name."""

    @property
    def reference(self) -> Rows:
        """The labelled rows, in order of time."""

    def expect(self, rows: Rows) -> Expected:
        """The score of rows without labels. Raises `Undefined` where it does not exist."""

    def without(self, out: Positions) -> "Estimator":
        """The same estimator as if some rows of the reference had no labels."""


# --- whether to trust it

TRUSTED = Levels(alpha=0.05, beta=0.05, reds="none")
"""Past intervals are held against the truth at 90%."""
_HOLDS, _DOUBT = 0.9, 0.05
LEAST_CHUNKS, LEAST_ROWS = 5, 50
_MOST_FOLDS, _MOST_CHUNKS = 10, 50


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of rows with labels: its estimate, and what the score turned out to be."""

    estimate: Estimate
    _: KW_ONLY
    realised: float

    @property
    def known(self) -> bool:
        """Whether there are both an estimate and a truth."""
        return self.estimate.exists and isfinite(self.realised)

    @property
    def held(self) -> bool:
        """Whether the truth lay in the interval, beyond rounding."""
        slack = 1e-9 * max(abs(self.realised), 1.0)
        return self.estimate.low - slack <= self.realised <= self.estimate.high + slack


def distrust(chunks: Sequence[Chunk]) -> str:
    """Why not to trust an estimator with such a past; empty where there is no reason.

    Either there are too few chunks to tell, or intervals that hold the truth with probability 0.9 would
    hold it as seldom as these did in less than 5% of such pasts (exact binomial test).

    >>> good = Chunk(Estimate(0.8, low=0.7, high=0.9, n=50), realised=0.75)
    >>> distrust([good] * 10)
    ''
    >>> distrust([good] * 6 + [Chunk(good.estimate, realised=0.6)] * 4)
    'its past 90% intervals held the truth in 6 of 10 chunks of the reference'
    """
    from scipy.special import bdtr

    known = [chunk for chunk in chunks if chunk.known]
    held = sum(chunk.held for chunk in known)
    if len(known) < LEAST_CHUNKS:
        return f"{len(known)} chunks of the labelled reference could try it, {LEAST_CHUNKS} are needed"
    if float(bdtr(held, len(known), _HOLDS)) >= _DOUBT:
        return ""
    return f"its past 90% intervals held the truth in {held} of {len(known)} chunks of the reference"


def past(estimator: Estimator, size: int) -> tuple[Chunk, ...]:
    """What would have been estimated of each chunk of the reference, beside its truth.

    Chunks are stretches in order of time; they fall into at most ten folds of neighbours, and none is
    estimated by an estimator that knows the labels of its own fold.
    """
    chunks = stretches(len(estimator.reference), size)
    found: list[Chunk] = []
    for fold in np.array_split(np.arange(len(chunks)), min(len(chunks), _MOST_FOLDS) or 1):
        if not len(fold):
            continue
        inside = [chunks[number] for number in fold]
        try:
            blind = estimator.without(np.concatenate(inside))
        except Undefined:
            continue
        found += [tried(blind, estimator.reference.take(rows), TRUSTED) for rows in inside]
    return tuple(found)


def tried(estimator: Estimator, rows: Rows, levels: Levels) -> Chunk:
    """The estimate of labelled rows beside their truth."""
    from modelqa.stats.scores import score_value

    try:
        estimate = estimator.expect(rows).interval(levels, len(rows))
    except Undefined:
        estimate = Estimate.undefined(n=len(rows))
    return Chunk(estimate, realised=score_value(estimator.name, rows.sample))


def stretches(rows: int, size: int) -> list[Positions]:
    """Positions of the past in chunks of the batch's size; smaller ones where there would not be ten.

    None has fewer than 50 rows, and there are at most 50, the latest. What is left over at the beginning
    is in none.

    >>> [len(chunk) for chunk in stretches(1050, 200)]
    [105, 105, 105, 105, 105, 105, 105, 105, 105, 105]
    >>> len(stretches(10_000, 300)), len(stretches(120, 300)), len(stretches(40, 300))
    (33, 2, 0)
    """
    size = max(min(size, rows // 10), LEAST_ROWS)
    count = min(rows // size, _MOST_CHUNKS)
    return list(np.split(np.arange(rows - count * size, rows), count)) if count else []


def unsure(estimate: Estimate) -> Estimate:
    """The same value between ends that no bound can judge.

    >>> unsure(Estimate(0.9, low=0.8, high=1.0, n=50))
    Estimate(value=0.9, low=-inf, high=inf, n=50)
    """
    return replace(estimate, low=-inf, high=inf)
