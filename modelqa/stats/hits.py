"""Scores that are shares of hits among rows that the truth alone selects: accuracy and its kin."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.intervals import centred, proportion
from modelqa.stats.linear import Linear, Undefined
from modelqa.stats.sample import Sample

Hits = Callable[[Sample], NDArray[np.bool_]]
"""One truth value for each row that counts; which rows count must not depend on the predictions."""


def correct(sample: Sample) -> NDArray[np.bool_]:
    """Whether the predicted class is the true one."""
    return np.asarray(sample.truth == sample.predicted)


def _every(sample: Sample) -> NDArray[np.bool_]:
    return np.ones(len(sample), dtype=bool)


def _negative(sample: Sample) -> NDArray[np.bool_]:
    """The negative rows, of which there must be some."""
    rows = np.asarray(sample.truth == 0)
    if not rows.any():
        raise Undefined("no negative rows")
    return rows


def _positive(sample: Sample) -> NDArray[np.bool_]:
    """The positive rows, of which there must be some."""
    rows = np.asarray(sample.truth == 1)
    if not rows.any():
        raise Undefined("no positive rows")
    return rows


GROUP_RATES: Mapping[str, tuple[Hits, Hits]] = {
    "selection_rate": (_every, lambda sample: np.asarray(sample.predicted == 1)),
    "true_positive_rate": (_positive, lambda sample: np.asarray(sample.predicted[_positive(sample)] == 1)),
    "false_negative_rate": (_positive, lambda sample: np.asarray(sample.predicted[_positive(sample)] != 1)),
    "true_negative_rate": (_negative, lambda sample: np.asarray(sample.predicted[_negative(sample)] == 0)),
    "false_positive_rate": (_negative, lambda sample: np.asarray(sample.predicted[_negative(sample)] != 0)),
}
"""The rows that count, as a mask, and the hits among them. A prediction of no class is a miss or a false
alarm: it counts against the model."""


def in_top(k: int) -> Hits:
    """Whether the true class is among the k most probable; of equal ones the later class is first."""

    def measure(sample: Sample) -> NDArray[np.bool_]:
        if sample.probabilities is None:
            raise Undefined("the model gives no probabilities")
        truth = sample.truth.astype(np.intp)[:, None]
        own = np.take_along_axis(sample.probabilities, truth, axis=1)
        later = np.arange(sample.probabilities.shape[1])[None, :] > truth
        ahead = (sample.probabilities > own) | ((sample.probabilities == own) & later)
        return np.asarray(ahead.sum(axis=1) < k)

    return measure


def share(hits: Hits) -> Callable[[Sample], Linear]:
    """The share of hits among all rows."""

    def measure(sample: Sample) -> Linear:
        found = hits(sample).astype(np.float64)
        value = min(float(np.average(found, weights=sample.weights)), 1.0)
        influence = centred(found, value, sample.weights)
        return Linear(
            value, influence, bounds=(0.0, 1.0), trials=len(sample), scale="counts", step=heaviest(sample)
        )

    return measure


def among(rows: Hits, hits: Hits) -> Callable[[Sample], Linear]:
    """The share of hits among the rows that count: the others have no influence on it."""

    def measure(sample: Sample) -> Linear:
        chosen = rows(sample)
        inner = sample.take(chosen)
        if inner.weights is not None and not inner.weights.sum() > 0:
            raise Undefined("the weights of the rows that count sum to zero")
        found = share(hits)(inner)
        influence = np.zeros(len(sample))
        influence[chosen] = found.influence * (len(sample) / len(inner))
        return replace(found, influence=influence)

    return measure


def heaviest(sample: Sample) -> float:
    """The largest part of all weight that one row has."""
    weights = sample.weights
    return 1 / len(sample) if weights is None else float(weights.max() / weights.sum())


def exact_share(hits: Hits) -> Callable[[Sample, Levels], Estimate]:
    """The share of hits among the rows that count, with its exact interval."""

    def measure(sample: Sample, levels: Levels) -> Estimate:
        found = hits(sample)
        exact = proportion(int(np.count_nonzero(found)), len(found), levels)
        return Estimate(exact.value, low=exact.low, high=exact.high, n=len(sample))

    return measure


def both_ways(measure: Callable[[Sample], Linear]) -> Callable[[Sample], Linear]:
    """Jaccard's index over all classes at once, a / (2 - a) of the accuracy a."""

    def changed(sample: Sample) -> Linear:
        inner = measure(sample)
        slope = 2 / (2 - inner.value) ** 2
        return replace(
            inner,
            value=_union(inner.value),
            influence=inner.influence * slope,
            step=inner.step * slope,
        )

    return changed


def exact_both_ways(measure: Callable[[Sample, Levels], Estimate]) -> Callable[[Sample, Levels], Estimate]:
    """The same of the two ends."""

    def changed(sample: Sample, levels: Levels) -> Estimate:
        inner = measure(sample, levels)
        return Estimate(_union(inner.value), low=_union(inner.low), high=_union(inner.high), n=inner.n)

    return changed


def _union(accuracy: Any) -> Any:
    return accuracy / (2 - accuracy)
