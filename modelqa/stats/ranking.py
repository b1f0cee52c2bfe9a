"""Scores of an order: area under the ROC curve and average precision, one sort each."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.stats.intervals import Floats
from modelqa.stats.linear import Linear, Undefined, average
from modelqa.stats.sample import Sample

Mask = NDArray[np.bool_]


def auc(positive: Mask, score: Floats, weights: Floats | None = None) -> Linear:
    """The area under the ROC curve: how often a positive row outranks a negative one, ties half.

    The influence holds the structural components of DeLong et al. (1988), from midranks in
    O(n log n) (Sun and Xu 2014), each with the factor m / (m - 1) of its class's variance.
    Raises `Undefined` where one class has no rows.

    >>> auc(np.array([False, True, False, True]), np.array([0.1, 0.4, 0.35, 0.8])).value
    1.0
    """
    n, order = len(score), np.argsort(score)
    truth = positive[order]
    weight = np.ones(n) if weights is None else weights[order]
    up = np.where(truth, weight, 0.0)
    ties = _ties(score[order])
    ups, downs = _sums(up, ties), _sums(weight - up, ties)
    positives, negatives = float(ups.sum()), float(downs.sum())
    _both(positives, negatives)
    below = _spread_out((np.cumsum(downs) - downs / 2) / negatives, ties, n)
    above = _spread_out((positives - np.cumsum(ups) + ups / 2) / positives, ties, n)
    value = float(np.dot(up, below)) / positives
    count = int(np.count_nonzero(truth))
    gains = (_unbias(count) * n / positives, _unbias(n - count) * n / negatives)
    sorted_ = np.where(truth, (below - value) * gains[0], (above - value) * gains[1]) * weight
    return _bounded(value, _unsort(sorted_, order), min(count, n - count), chance=0.5)


def average_precision(positive: Mask, score: Floats, weights: Floats | None = None) -> Linear:
    """Average precision: the mean, over positive rows, of the precision at their score.

    Its influence adds to a row's own precision what the row does to that of all positive rows
    ranked at or below it (Boyd, Eng and Page 2013 discuss the interval's logit scale). A positive
    row counts itself among the rows at its score, which flatters few rows: the low end takes the
    precision among the others.
    Raises `Undefined` where one class has no rows.

    >>> found = average_precision(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))
    >>> round(found.value, 4)
    0.8333
    """
    n, order = len(score), np.argsort(score)
    truth = positive[order]
    weight = np.ones(n) if weights is None else weights[order]
    up = np.where(truth, weight, 0.0)
    ties = _ties(score[order])
    ups, every = _sums(up, ties), _sums(weight, ties)
    positives = float(ups.sum())
    _both(positives, float(every.sum()) - positives)
    at_least = np.cumsum(every[::-1])[::-1]
    precision = np.cumsum(ups[::-1])[::-1] / np.maximum(at_least, np.finfo(float).tiny)
    value = float(np.dot(ups, precision)) / positives
    share = np.divide(ups, at_least, out=np.zeros_like(ups), where=at_least > 0)
    own = _spread_out(precision - value + np.cumsum(share), ties, n)
    shared = _spread_out(np.cumsum(share * precision), ties, n)
    sorted_ = (np.where(truth, own, 0.0) - shared) * (weight * (n / positives))
    count = int(np.count_nonzero(truth))
    others = at_least / (weight.sum() / n) - 1
    gain = np.divide(1 - precision, others, out=np.zeros_like(others), where=others > 0.5)
    return replace(
        _bounded(
            value, _unsort(sorted_, order), min(count, n - count), chance=positives / float(every.sum())
        ),
        scale="steady odds",
        flattery=float(np.dot(ups, gain)) / positives,
    )


def _both(positives: float, negatives: float) -> None:
    """Refuse rows of one class."""
    if positives <= 0 or negatives <= 0:
        raise Undefined(f"no {'positive' if positives <= 0 else 'negative'} rows")


def _bounded(value: float, influence: Floats, trials: int, *, chance: float) -> Linear:
    value = min(max(value, 0.0), 1.0)
    return Linear(value, influence, bounds=(0.0, 1.0), trials=trials, scale="log odds", chance=chance)


def _unbias(count: int) -> float:
    return float(np.sqrt(count / (count - 1))) if count > 1 else 1.0


def _ties(score: Floats) -> NDArray[np.intp] | None:
    """Where runs of equal sorted scores begin; None where every score is its own run."""
    starts = np.flatnonzero(score[1:] != score[:-1])
    return None if len(starts) == len(score) - 1 else np.concatenate(([0], starts + 1))


def _sums(values: Floats, ties: NDArray[np.intp] | None) -> Floats:
    return values if ties is None else np.asarray(np.add.reduceat(values, ties))


def _spread_out(values: Floats, ties: NDArray[np.intp] | None, n: int) -> Floats:
    return values if ties is None else np.repeat(values, np.diff(ties, append=n))


def _unsort(values: Floats, order: NDArray[np.intp]) -> Floats:
    back = np.empty_like(values)
    back[order] = values
    return back


def roc_auc(sample: Sample) -> Linear:
    """The area under the ROC curve of a binary task."""
    return auc(sample.truth == 1, _probabilities(sample)[:, 1], sample.weights)


def one_versus_rest(metric: Any, *, weighted: bool) -> Any:
    """The average over classes of a ranking score of "this class or not"; plain in a binary task."""

    def measure(sample: Sample) -> Linear:
        scores = _probabilities(sample)
        if sample.task == "binary":
            found: Linear = metric(sample.truth == 1, scores[:, 1], sample.weights)
            return found
        counts = _every_class(sample)
        parts = [metric(sample.truth == k, scores[:, k], sample.weights) for k in range(len(counts))]
        if not weighted:
            return average(parts, np.full(len(parts), 1 / len(parts)))
        shares = counts / counts.sum()
        values = np.array([part.value for part in parts])
        extra = values[sample.truth.astype(np.intp)] - np.dot(shares, values)
        weights = 1.0 if sample.weights is None else sample.weights * (len(sample) / sample.weights.sum())
        return average(parts, shares, extra * weights)

    return measure


def one_versus_one(*, weighted: bool) -> Any:
    """The average over ordered pairs of classes (Hand and Till 2001), pairs by size if weighted.

    Raises `Undefined` for weighted rows, as scikit-learn does.
    """

    def measure(sample: Sample) -> Linear:
        if sample.task == "binary":
            return roc_auc(sample)
        if sample.weights is not None:
            raise Undefined("one-versus-one areas are not defined for weighted rows")
        scores, counts = _probabilities(sample), _every_class(sample)
        parts, sizes, extra = [], [], np.zeros(len(sample))
        for a, b in combinations(range(len(counts)), 2):
            rows = np.flatnonzero((sample.truth == a) | (sample.truth == b))
            pair = _pair(sample, scores, rows, (a, b))
            size = len(rows) / len(sample)
            extra[rows] += pair.value
            extra -= size * pair.value
            parts.append(pair)
            sizes.append(size)
        shares = np.array(sizes) if weighted else np.ones(len(parts))
        return average(
            parts, shares / shares.sum(), extra / shares.sum() if weighted else None, overlap=len(counts) - 1
        )

    return measure


def _pair(sample: Sample, scores: Floats, rows: NDArray[np.intp], pair: tuple[int, int]) -> Linear:
    """The mean of both areas between two classes, as a score of all rows."""
    influence, value, trials = np.zeros(len(sample)), 0.0, len(rows)
    for k in pair:
        area = auc(sample.truth[rows] == k, scores[rows, k])
        influence[rows] += area.influence * (len(sample) / len(rows)) / 2
        value, trials = value + area.value / 2, min(trials, int(area.trials))
    return _bounded(value, influence, trials, chance=0.5)


def _probabilities(sample: Sample) -> Floats:
    """The probabilities, or the reason why there is no ranking."""
    if sample.probabilities is None:
        raise Undefined("the model gives no probabilities")
    return sample.probabilities


def _every_class(sample: Sample) -> Floats:
    """The weight of each class; every class needs rows."""
    size = len(sample.classes) or _probabilities(sample).shape[1]
    counts = np.bincount(sample.truth.astype(np.intp), weights=sample.weights, minlength=size)
    if (counts <= 0).any():
        raise Undefined(f"{int((counts <= 0).sum())} of {size} classes have no rows")
    return counts.astype(np.float64)
