"""What a probability is worth: a smooth curve from what a model says to how often it is right."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from modelqa.stats import logistic
from modelqa.stats.intervals import Floats

_EDGE = 1e-6
"""The nearest that a probability may be to 0 or 1; less where the model's own smallest one is larger."""
_KNOTS = {0: (), 50: (0.1, 0.5, 0.9), 200: (0.05, 0.275, 0.5, 0.725, 0.95)}
"""At which quantiles the curve may bend, by the rows of the rarer class (Harrell 2015, table 2.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrator:
    """A fitted curve: ``coefficients`` on the columns of `columns`, and their covariance."""

    edges: tuple[float, float]
    knots: tuple[float, ...]
    coefficients: Floats
    covariance: Floats

    @classmethod
    def fit(cls, said: Floats, truth: Floats, weights: Floats | None = None) -> Self:
        """The curve that rows of known truth give: log-odds of the truth on the log-odds of what was said.

        It is Cox's (1958) line of calibration, and where there are rows enough a restricted cubic spline
        instead (Stone and Koo 1985; straight beyond its outer knots). It starts from what the model says:
        the coefficients have a normal prior of spread 1 about the identity, so that few rows, or classes
        that a probability separates, move little (see `logistic.fit`).

        >>> rng = np.random.default_rng(0)
        >>> said = rng.random(5000)
        >>> truth = (rng.random(5000) < said**2).astype(float)
        >>> curve = Calibrator.fit(said, truth)
        >>> curve.chances(np.array([0.3, 0.7])).round(1)
        array([0.1, 0.5])
        """
        edges, knots = _bends(said, truth)
        table = _columns(log_odds(said, edges), knots)
        prior = np.array([0.0, 1.0, *[0.0] * (table.shape[1] - 2)])
        coefficients, covariance = logistic.fit(table, truth, prior, weights)
        return cls(edges=edges, knots=knots, coefficients=coefficients, covariance=covariance)

    def columns(self, said: Floats) -> Floats:
        """The columns that the curve is a sum of: how each coefficient moves the log-odds of each row."""
        return _columns(log_odds(said, self.edges), self.knots)

    def chances(self, said: Floats) -> Floats:
        """How likely each row is true, given what was said of it."""
        return logistic.expit(self.columns(said) @ self.coefficients)


def _bends(said: Floats, truth: Floats) -> tuple[tuple[float, float], tuple[float, ...]]:
    """How near 0 and 1 what was said is taken for, and where the curve may bend."""
    inside = said[(said > 0) & (said < 1)]
    least = [float(side.min(initial=0.5)) / 2 for side in (inside, 1 - inside)]
    edges = (max(least[0], _EDGE), 1 - max(least[1], _EDGE))
    rarer = min(float(truth.sum()), float(len(truth) - truth.sum()))
    at = _KNOTS[max(rows for rows in _KNOTS if rows <= rarer)]
    found = np.unique(np.quantile(log_odds(said, edges), at)) if at else np.empty(0)
    return edges, tuple(found.tolist()) if len(found) >= 3 and np.diff(found).min() > 1e-6 else ()


def log_odds(said: Floats, edges: tuple[float, float] = (_EDGE, 1 - _EDGE)) -> Floats:
    """The log-odds of probabilities, none nearer to 0 or 1 than the edges."""
    inside = np.clip(said, *edges)
    return np.log(inside) - np.log1p(-inside)


def _columns(odds: Floats, knots: tuple[float, ...]) -> Floats:
    """One, the log-odds, and the cubic terms of a spline that is straight beyond its outer knots."""
    columns = [np.ones_like(odds), odds]
    if knots:
        *inner, before, last = knots
        width = last - before

        def cubed(knot: float) -> Floats:
            return np.asarray(np.maximum(odds - knot, 0.0) ** 3)

        ends = cubed(before), cubed(last)
        for knot in inner:
            bend = cubed(knot) - ends[0] * (last - knot) / width + ends[1] * (before - knot) / width
            columns.append(bend / (last - knots[0]) ** 2)
    return np.column_stack(columns)
