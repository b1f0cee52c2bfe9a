"""Scores that are means of a loss over rows, or ratios of such means."""

from collections.abc import Callable
from dataclasses import replace
from math import inf, isfinite, sqrt
from typing import Any

import numpy as np

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.bootstrap import bootstrap
from modelqa.stats.intervals import Floats, centred, quantile, spread
from modelqa.stats.linear import Linear, Rare, Scale, Undefined, estimate
from modelqa.stats.sample import Sample

RowLoss = Callable[[Floats, Floats], Floats]
"""Truth and prediction of a regression to one loss a row."""
ClassLoss = Callable[[Floats, Any], Floats]
"""Probabilities of shape (n, k) and class codes (or one code for all rows) to one loss a row."""
Parts = Callable[[Sample], tuple[Floats, Floats, float]]
"""A sample to its losses, those of the best constant prediction, and the rows that carry them."""
Drawn = Callable[[Sample, Levels, np.random.Generator], tuple[Estimate, str]]
_FEW, _STEPS = 10, 12
_EPS = float(np.finfo(np.float64).eps)


def mean_of(loss: RowLoss) -> Callable[[Sample], Linear]:
    """The mean of a loss that has no upper bound."""

    def measure(sample: Sample) -> Linear:
        return _mean(loss(*_numbers(sample)), sample, top=inf, scale="error")

    return measure


def _mean(rows: Floats, sample: Sample, *, top: float, scale: Scale = "loss") -> Linear:
    value = float(np.average(rows, weights=sample.weights))
    influence = centred(rows, value, sample.weights)
    return Linear(value, influence, bounds=(0.0, top), trials=len(sample), scale=scale)


def _numbers(sample: Sample) -> tuple[Floats, Floats]:
    return sample.truth.astype(np.float64, copy=False), sample.predicted.astype(np.float64, copy=False)


def absolute(truth: Floats, predicted: Floats) -> Floats:
    """The absolute error."""
    return np.abs(truth - predicted)


def squared(truth: Floats, predicted: Floats) -> Floats:
    """The squared error."""
    return (truth - predicted) ** 2


def absolute_share(truth: Floats, predicted: Floats) -> Floats:
    """The absolute error divided by the truth; a truth of zero counts as the smallest number above it."""
    return np.abs(truth - predicted) / np.maximum(np.abs(truth), _EPS)


def squared_log(truth: Floats, predicted: Floats) -> Floats:
    """The squared error of log(1 + value). Raises `Undefined` for values at or below -1."""
    if min(truth.min(), predicted.min()) <= -1:
        raise Undefined("a label or prediction is at or below -1")
    return (np.log1p(truth) - np.log1p(predicted)) ** 2


def poisson(truth: Floats, predicted: Floats) -> Floats:
    """The Poisson deviance. Raises `Undefined` for negative labels or predictions not above zero."""
    from scipy.special import xlogy

    if truth.min() < 0 or predicted.min() <= 0:
        raise Undefined("a label is below zero, or a prediction not above zero")
    return np.asarray(2 * (xlogy(truth, truth / predicted) - truth + predicted))


def gamma(truth: Floats, predicted: Floats) -> Floats:
    """The gamma deviance. Raises `Undefined` for labels or predictions not above zero."""
    if min(truth.min(), predicted.min()) <= 0:
        raise Undefined("a label or prediction is not above zero")
    return np.asarray(2 * (np.log(predicted / truth) + truth / predicted - 1))


def root(mean: Callable[[Sample], Linear]) -> Callable[[Sample], Linear]:
    """The square root of a mean loss, to first order."""

    def measure(sample: Sample) -> Linear:
        inside = mean(sample)
        value = sqrt(inside.value)
        influence = inside.influence / (2 * value) if value > 0 else inside.influence
        return Linear(value, influence, bounds=(0.0, inf), trials=inside.trials)

    return measure


def root_ends(mean: Callable[[Sample], Linear]) -> Drawn:
    """The square roots of a mean loss and of the ends of its interval."""

    def measure(sample: Sample, levels: Levels, _: np.random.Generator) -> tuple[Estimate, str]:
        inside = estimate(mean(sample), sample, levels)
        low, high = sqrt(max(inside.low, 0.0)), sqrt(inside.high)
        return Estimate(sqrt(inside.value), low=low, high=high, n=inside.n), ""

    return measure


def explained(loss: RowLoss, *, centred_errors: bool = False) -> Parts:
    """What R2, explained variance (centred errors) and D2 of absolute errors are made of.

    The constant is the mean for squared and the median for absolute errors; being the best one,
    its own error does not matter to first order. Raises `Undefined` where labels are all equal.
    """

    def rows(sample: Sample) -> tuple[Floats, Floats, float]:
        truth, predicted = _numbers(sample)
        if len(sample) < 2:
            raise Undefined("one row has no variance to explain")
        weights = sample.weights
        middle = np.average(truth, weights=weights) if loss is squared else median(truth, weights)
        offset = np.average(truth - predicted, weights=weights) if centred_errors else 0.0
        null = loss(truth, np.full(len(sample), float(middle)))
        if not null.any():
            raise Undefined("all labels are equal")
        return loss(truth, predicted + offset), null, float(len(sample))

    return rows


def ratio(parts: Parts) -> Callable[[Sample], Linear]:
    """1 - mean loss / mean loss of the best constant, to first order."""

    def measure(sample: Sample) -> Linear:
        rows, null, trials = parts(sample)
        above, below = (float(np.average(each, weights=sample.weights)) for each in (rows, null))
        influence = centred(above / below * null - rows, 0.0, sample.weights) / below
        return Linear(1 - above / below, influence, bounds=(-inf, 1.0), trials=trials)

    return measure


def ratio_ends(parts: Parts) -> Drawn:
    """The same with the ends of both means: the loss may be larger, and that of the constant smaller.

    The low end is MOVER's (Donner and Zou 2012, for means of the same rows), which takes the skewness
    of either mean into account. The high end is Fieller's (1954): the ratio r at which the studentised
    mean of loss - r * null reaches its own quantile.
    """

    def measure(sample: Sample, levels: Levels, _: np.random.Generator) -> tuple[Estimate, str]:
        found = ratio(parts)(sample)
        if found.trials < _FEW < len(sample) or not np.isfinite(found.value) or len(sample) < 3:
            return estimate(found, sample, levels), ""
        rows, null, _trials = parts(sample)
        high = 1 - _least(rows, null, sample, levels.high)
        low = 1 - _most(rows, null, sample, levels.low)
        value = found.value
        return Estimate(value, low=min(low, value), high=max(high, value), n=len(sample)), ""

    return measure


def _means(rows: Floats, null: Floats, sample: Sample) -> tuple[float, float]:
    """The mean loss and that of the constant, which is smaller than it would be on other rows."""
    n = len(rows)
    above, below = (float(np.average(each, weights=sample.weights)) for each in (rows, null))
    return above, below * n / (n - 1)


def _most(rows: Floats, null: Floats, sample: Sample, tail: float) -> float:
    """The high end of mean(rows) / mean(null), infinite where there is none."""
    above, below = _means(rows, null, sample)
    if above == 0:
        return inf
    off = [
        centred(each, float(np.average(each, weights=sample.weights)), sample.weights)
        for each in (rows, null)
    ]
    ours, theirs, both = (spread(each, sample.groups) for each in (*off, off[0] - off[1]))
    up, down = ours.above(tail), theirs.below(below, tail)
    if not isfinite(up + down):
        return inf
    errors = 2 * ours.error * theirs.error
    alike = (ours.error**2 + theirs.error**2 - both.error**2) / errors if errors > 0 else 0.0
    room, middle = below**2 - down**2, above * below - alike * up * down
    return (middle + sqrt(max(middle**2 - room * (above**2 - up**2), 0.0))) / room


def _least(rows: Floats, null: Floats, sample: Sample, tail: float) -> float:
    """The low end of mean(rows) / mean(null): a fixed point."""
    above, below = _means(rows, null, sample)
    end = above / below
    for _ in range(_STEPS):
        gap = rows - end * null
        off = centred(gap, float(np.average(gap, weights=sample.weights)), sample.weights)
        last, end = end, (above - spread(off, sample.groups).reach(tail, -1)) / below
        if end <= 0:
            return 0.0
        if abs(end - last) <= 1e-6 * last:
            break
    return end


def median(values: Floats, weights: Floats | None) -> float:
    """The median; of weighted values the mean of the two nearest where the weights tie.

    >>> median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]))
    2.0
    """
    if weights is None:
        return float(np.median(values))
    order = np.argsort(values[weights > 0])
    kept, below = values[weights > 0][order], np.cumsum(weights[weights > 0][order])
    half = below[-1] / 2
    first = np.searchsorted(below, half * (1 - _EPS))
    second = np.searchsorted(below, half * (1 + _EPS), side="right")
    return float((kept[first] + kept[min(second, len(kept) - 1)]) / 2)


def median_error(sample: Sample, levels: Levels, rng: np.random.Generator) -> tuple[Estimate, str]:
    """The median absolute error: order statistics, or a bootstrap for weighted or grouped rows."""
    errors = absolute(*_numbers(sample))
    if not np.isfinite(errors).all():
        raise Undefined("a label or prediction is not a finite number")
    if sample.weights is None and sample.groups is None:
        return quantile(errors, 0.5, levels), ""
    weights = sample.weights
    return bootstrap(
        lambda rows, _: median(errors[rows], None if weights is None else weights[rows]),
        len(errors),
        levels,
        rng,
        groups=sample.groups,
    ), ""


def largest_error(sample: Sample, levels: Levels, rng: np.random.Generator) -> tuple[Estimate, str]:  # noqa: ARG001
    """The largest absolute error: a floor for that of all rows, without a ceiling."""
    value = float(absolute(*_numbers(sample)).max())
    if not np.isfinite(value):
        raise Undefined("a label or prediction is not a finite number")
    return Estimate(value, low=value, high=inf, n=len(sample)), "unseen rows may have larger errors"


def class_mean(loss: ClassLoss, *, top: float = inf) -> Callable[[Sample], Linear]:
    """The mean of a loss of probabilities, with what rare classes could add to it."""

    def measure(sample: Sample) -> Linear:
        probabilities = _probabilities(sample)
        found = _mean(loss(probabilities, sample.truth.astype(np.intp)), sample, top=top)
        counts = np.bincount(sample.truth.astype(np.intp), minlength=probabilities.shape[1])
        rare = tuple(
            Rare(rows=float(counts[k]), loss=float(np.mean(loss(probabilities, k))))
            for k in np.flatnonzero(counts < _FEW)
        )
        return replace(found, rare=rare)

    return measure


def class_explained(loss: ClassLoss) -> Parts:
    """What D2 of a loss of probabilities is made of; the constant is the classes' shares.

    The smallest class carries it. Raises `Undefined` for rows of one class.
    """

    def rows(sample: Sample) -> tuple[Floats, Floats, float]:
        probabilities, truth = _probabilities(sample), sample.truth.astype(np.intp)
        counts = np.bincount(truth, weights=sample.weights, minlength=probabilities.shape[1])
        if (counts > 0).sum() < 2:
            raise Undefined("all rows are of one class")
        shares = np.broadcast_to(counts / counts.sum(), probabilities.shape)
        trials = float(np.bincount(truth, minlength=probabilities.shape[1]).min())
        return loss(probabilities, truth), loss(shares, truth), trials

    return rows


def _probabilities(sample: Sample) -> Floats:
    if sample.probabilities is None:
        raise Undefined("the model gives no probabilities")
    return sample.probabilities


def log_loss(probabilities: Floats, truth: Any) -> Floats:
    """Minus the logarithm of the true class's probability, kept off 0 and 1 by the float's epsilon."""
    return np.asarray(-np.log(np.clip(_of_class(probabilities, truth), _EPS, 1 - _EPS)))


def brier(probabilities: Floats, truth: Any) -> Floats:
    """The squared distance of the probabilities from the true class, halved for two classes."""
    of_class = _of_class(probabilities, truth)
    if probabilities.shape[1] == 2:
        return np.asarray((1 - of_class) ** 2)
    return np.asarray(np.einsum("ij,ij->i", probabilities, probabilities) - 2 * of_class + 1)


def _of_class(probabilities: Floats, truth: Any) -> Floats:
    if np.ndim(truth) == 0:
        return np.asarray(probabilities[:, truth])
    if probabilities.shape[1] == 2:
        return np.where(truth == 1, probabilities[:, 1], probabilities[:, 0])
    return np.asarray(np.take_along_axis(probabilities, truth[:, None], axis=1)[:, 0])
