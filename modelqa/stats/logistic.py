"""Logistic regression with a normal prior: few columns, any rows, no library."""

from math import inf

import numpy as np

from modelqa.stats.intervals import Floats

_STEPS, _CLOSE, _HALVINGS = 50, 1e-8, 30
"""Newton's steps at most, the gain that ends them, and how often a step that goes too far is halved."""


def fit(table: Floats, truth: Floats, prior: Floats, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """The coefficients of each column, and their covariance, with a prior of spread 1 about ``prior``.

    Newton's method on the penalised likelihood, which is concave; a step that lowers it is halved, so that
    it ends at the maximum wherever it began. The covariance of rows that all count once is the inverse of
    the penalised information: the posterior's, which holds the bias of smoothing too (Wahba 1983, Nychka
    1988). With ``weights`` it is the sandwich (White 1982) of information and of scores, the prior among
    them: a few heavy rows then tell no more than few rows do.

    >>> table = np.column_stack([np.ones(400), np.tile([-1.0, 1.0], 200)])
    >>> truth = np.tile([0.0, 1.0, 1.0, 1.0], 100)
    >>> found, covariance = fit(table, truth, np.zeros(2))
    >>> chance = 1 / (1 + np.exp(-found.sum()))
    >>> bool(chance > 0.97), covariance.shape
    (True, (2, 2))
    """
    weight = np.ones(len(truth)) if weights is None else weights
    found, best = prior, -inf
    move = np.zeros_like(prior)
    for _ in range(_STEPS):
        found, gained = _climbed(table, truth, prior, weight, found, move, best)
        if gained - best < _CLOSE * (abs(gained) + 1) and best > -inf:
            break
        best = gained
        chance = expit(table @ found)
        slope = table.T @ (weight * (truth - chance)) - (found - prior)
        move = np.linalg.solve(_information(table, weight, chance), slope).astype(np.float64)
    chance = expit(table @ found)
    bread = np.linalg.inv(_information(table, weight, chance)).astype(np.float64)
    if weights is None:
        return found, bread
    return found, bread @ _information(table, weight**2, chance) @ bread


def _climbed(
    table: Floats, truth: Floats, prior: Floats, weight: Floats, start: Floats, move: Floats, best: float
) -> tuple[Floats, float]:
    """Where a step leads that does not lower the likelihood, and how high that is."""
    for halving in range(_HALVINGS):
        found = start + move / 2**halving
        odds = table @ found
        likely = float(weight @ (truth * odds - np.logaddexp(0.0, odds)))
        height = likely - float((found - prior) @ (found - prior)) / 2
        if height >= best:
            return found, height
    return start, best


def _information(table: Floats, weight: Floats, chance: Floats) -> Floats:
    spread = weight * chance * (1 - chance)
    return np.asarray((table.T * spread) @ table + np.eye(table.shape[1]))


def expit(odds: Floats) -> Floats:
    """The probability of log-odds."""
    from scipy.special import expit as of_odds

    return np.asarray(of_odds(odds))
