"""Whether probabilities mean what they say: the line that would correct them, and their mean.

A calibrated classifier has slope 1 and intercept 0 in the regression of the label on the log-odds
of its probability (Cox 1958), and a mean probability equal to the share of positives.
"""

from math import inf

import numpy as np

from modelqa.stats.intervals import Floats, centred
from modelqa.stats.linear import Linear, Undefined
from modelqa.stats.sample import Sample

_STEPS, _CLOSE, _EDGE = 50, 1e-10, 1e-12
"""Newton's steps at most, the move that ends them, and the nearest that a probability may be to 0 or 1."""


def slope(sample: Sample) -> Linear:
    """The slope of the label's log-odds on the model's: below 1 where probabilities are too extreme.

    Maximum likelihood, with its influence (the inverse information times each row's score; White
    1982), which holds under misfit too. Raises `Undefined` where there is only one class, where all
    probabilities are equal, or where they separate the classes, so that no line fits.
    """
    return _line(sample, 1)


def intercept(sample: Sample) -> Linear:
    """The intercept of the same line: 0 where probabilities are neither too high nor too low on the whole."""
    return _line(sample, 0)


def bias(sample: Sample) -> Linear:
    """Calibration in the large: the mean probability minus the share of positives, between -1 and 1.

    >>> truth, shares = np.array([0, 1, 1, 1]), np.array([0.2, 0.7, 0.8, 0.9])
    >>> both = np.column_stack([1 - shares, shares])
    >>> round(bias(Sample("binary", truth, truth, probabilities=both)).value, 3)
    -0.1
    """
    gaps = _shares(sample) - sample.truth
    value = float(np.average(gaps, weights=sample.weights))
    influence = centred(gaps, value, sample.weights)
    return Linear(value, influence, bounds=(-1.0, 1.0), trials=len(sample))


def _line(sample: Sample, which: int) -> Linear:
    shares = np.clip(_shares(sample), _EDGE, 1 - _EDGE)
    truth = sample.truth.astype(np.float64)
    if truth.min() == truth.max():
        raise Undefined("all rows are of one class")
    odds = np.log(shares / (1 - shares))
    if odds.min() == odds.max():
        raise Undefined("all probabilities are equal")
    weights = np.ones(len(truth)) if sample.weights is None else sample.weights / sample.weights.mean()
    design = np.column_stack([np.ones(len(odds)), odds])
    line, information = _fit(design, truth, weights)
    rows = weights * (truth - _logistic(design @ line))
    influence = np.linalg.solve(information, (design * rows[:, None]).T)[which]
    minority = float(min(truth.sum(), len(truth) - truth.sum()))
    return Linear(float(line[which]), influence, bounds=(-inf, inf), trials=minority)


def _fit(design: Floats, truth: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The line of maximum likelihood and the mean information at it. Raises `Undefined`."""
    line = np.array([0.0, 1.0])
    for _ in range(_STEPS):
        chance = _logistic(design @ line)
        spread = weights * chance * (1 - chance)
        information = (design * spread[:, None]).T @ design / len(truth)
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1 / _EDGE:
            raise Undefined("the probabilities separate the classes: no line fits")
        step = np.linalg.solve(information, design.T @ (weights * (truth - chance)) / len(truth))
        line = line + step
        if np.abs(step).max() < _CLOSE:
            return line, information
    raise Undefined("the probabilities separate the classes: no line fits")


def _logistic(odds: Floats) -> Floats:
    from scipy.special import expit

    return np.asarray(expit(odds), dtype=np.float64)


def _shares(sample: Sample) -> Floats:
    if sample.positive is None:
        raise Undefined("the model gives no probabilities")
    return sample.positive
