"""How much each row of the past counts, if the past is to look like other rows."""

import numpy as np

from modelqa.stats import logistic
from modelqa.stats.intervals import Floats

MOST_ROWS = 10_000
"""So many rows of either side, evenly spaced, are enough to tell how they differ."""
_FARTHEST = 4.0
"""A value is taken for one at most so many spreads from the past's mean: one row says little of a table."""


def likeness(past: Floats, others: Floats) -> Floats:
    """Weights of the past's rows, of mean 1, under which their columns are spread as those of others are.

    They are the odds of a classifier that tells the two apart (Bickel, Brueckner and Scheffer 2007): a
    logistic regression on the standardised columns, so that, but for its prior, the weighted means of the
    columns are those of the others. It is right where the columns are tilted (normal ones that moved,
    groups that became more or less frequent), and a first approximation elsewhere.

    >>> rng = np.random.default_rng(0)
    >>> past, others = rng.normal(size=(4000, 2)), rng.normal([1.0, 0.0], 1.0, size=(4000, 2))
    >>> weights = likeness(past, others)
    >>> bool(np.abs(np.average(past, axis=0, weights=weights) - [1.0, 0.0]).max() < 0.05)
    True
    """
    if not past.shape[1] or not len(others):
        return np.ones(len(past))
    centre, spread = past.mean(axis=0), past.std(axis=0)
    ours, theirs = (_scaled(side, centre, spread) for side in (past, others))
    fitted = [_thinned(side) for side in (ours, theirs)]
    truth = np.repeat([0.0, 1.0], [len(side) for side in fitted])
    coefficients, _ = logistic.fit(np.vstack(fitted), truth, np.zeros(ours.shape[1]))
    odds = ours @ coefficients
    weights = np.exp(odds - odds.max())
    return np.asarray(weights / weights.mean())


def effective(weights: Floats) -> float:
    """As many rows of equal weight tell as much (Kish 1965).

    >>> effective(np.array([1.0, 1.0, 0.0, 0.0]))
    2.0
    """
    return float(weights.sum() ** 2 / (weights @ weights))


def _scaled(table: Floats, centre: Floats, spread: Floats) -> Floats:
    """The columns in spreads from the mean, after a column of ones; those that never change are 0."""
    moved = np.divide(table - centre, spread, out=np.zeros_like(table), where=spread > 0)
    return np.column_stack([np.ones(len(table)), np.clip(moved, -_FARTHEST, _FARTHEST)])


def _thinned(table: Floats) -> Floats:
    return table[:: -(-len(table) // MOST_ROWS)]
