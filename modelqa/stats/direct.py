"""Expected losses of a regression, from a model of its losses."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from math import sqrt
from types import MappingProxyType

import numpy as np

from modelqa.stats import losses
from modelqa.stats.estimation import Expected, Positions, Rows
from modelqa.stats.intervals import Floats
from modelqa.stats.likeness import effective, likeness
from modelqa.stats.linear import Undefined
from modelqa.stats.losses import RowLoss
from modelqa.stats.sample import Sample

LOSSES: Mapping[str, RowLoss] = MappingProxyType(
    {
        "mean_absolute_error": losses.absolute,
        "mean_squared_error": losses.squared,
        "root_mean_squared_error": losses.squared,
    }
)
"""By scikit-learn's names: the loss of a row, whose mean (or its root) is the score."""


def loss(name: str, sample: Sample) -> Floats:
    """What each labelled row lost."""
    return np.asarray(LOSSES[name](sample.truth.astype(float), sample.predicted.astype(float)))


@dataclass(frozen=True, slots=True)
class Direct:
    """Direct loss estimation: a model forecasts each row's loss, and its past errors correct their mean.

    The idea is that of NannyML's DLE. Every forecast of a reference row is of a model that has not seen
    its label (cross-fitting), so that the mean error of the forecasts, weighted by how much the reference's
    rows are like those to estimate (`likeness`), is that of the forecast mean: the estimate is right if
    either the forecasts or the weights are (doubly robust; Robins, Rotnitzky and Zhao 1994).
    """

    name: str
    reference: Rows
    _: KW_ONLY
    seen: Positions | None = None

    def without(self, out: Positions) -> "Direct":
        """The same, blind for the labels of some rows of the reference."""
        return replace(self, seen=np.setdiff1d(np.arange(len(self.reference)), out))

    def expect(self, rows: Rows) -> Expected:
        """The mean loss that is expected of rows, or its root. Raises `Undefined` where there is none.

        A row's loss varies as a multiple of its forecast: its variance is k f^2, its third moment k3 f^3,
        with k and k3 those of the reference's errors by its forecasts. The estimate itself varies as the
        weighted mean of those errors does. A root changes both by the delta method.
        """
        past = self.reference if self.seen is None else self.reference.take(self.seen)
        ours, before = _forecast(rows), _forecast(past)
        if rows.sample.groups is not None:
            raise Undefined("losses of grouped rows are not drawn one by one")
        if not len(rows) or not len(past):
            raise Undefined("no rows")
        off = loss(self.name, past.sample) - before
        weights = likeness(_seen(past), _seen(rows))
        counts = np.ones(len(rows)) if rows.sample.weights is None else rows.sample.weights
        counts = counts / counts.sum()
        share = weights / weights.sum()
        mean_off = float(share @ off)
        model = float(share**2 @ (off - mean_off) ** 2)
        value = max(float(counts @ ours) + mean_off * _beyond_chance(mean_off, model), 0.0)
        found = Expected(
            value=value,
            noise=_ratio(off**2, before**2) * float((counts * ours) @ (counts * ours)),
            third=_ratio(off**3, before**3) * float((counts * ours) ** 2 @ (counts * ours)),
            model=model,
            rested=effective(weights),
        )
        return _root(found) if self.name.startswith("root") else found


def _beyond_chance(mean: float, variance: float) -> float:
    """How much of a mean to believe: the positive part of James and Stein's (1961) shrinkage.

    >>> _beyond_chance(1.0, 4.0), _beyond_chance(2.0, 1.0)
    (0.0, 0.75)
    """
    return max(1 - variance / mean**2, 0.0) if mean else 0.0


def _forecast(rows: Rows) -> Floats:
    if rows.forecast is None or not np.isfinite(rows.forecast).all():
        raise Undefined("the loss of a row cannot be forecast")
    return rows.forecast


def _ratio(above: Floats, below: Floats) -> float:
    total = float(below.sum())
    return float(above.sum()) / total if total > 0 else 0.0


def _root(found: Expected) -> Expected:
    """The root of a mean loss."""
    root = sqrt(found.value)
    slope = 1 / (2 * root) if root > 0 else 0.0
    return replace(
        found,
        value=root,
        noise=found.noise * slope**2,
        third=found.third * slope**3,
        model=found.model * slope**2,
    )


def _seen(rows: Rows) -> Floats:
    """The features of rows, and what was predicted of them."""
    return np.column_stack([rows.features, rows.sample.predicted.astype(float)])
