"""Forecasts of each row's loss, from its features and what was predicted of it."""

from dataclasses import replace
from typing import Any

import numpy as np

from modelqa.core import extras
from modelqa.stats.direct import Direct, loss
from modelqa.stats.estimation import Rows
from modelqa.stats.intervals import Floats

FOLDS = 5
_MANY = 1000
"""With so many rows a leaf may be smaller: large losses are of few rows."""


def forecaster(name: str, reference: Rows, rows: Rows) -> tuple[Direct, Rows]:
    """An estimator whose reference rows have forecasts of models that have not seen their labels, and
    rows with the forecast of a model that has seen them all.

    The models are boosted trees of squared error; a fold is a stretch of neighbours in time.
    """
    target, inputs, ahead = loss(name, reference.sample), _inputs(reference), _inputs(rows)
    behind = np.empty(len(reference))
    folds = np.arange(len(reference)) * FOLDS // max(len(reference), 1)
    floor = float(target.min(initial=0.0))
    for fold in range(FOLDS):
        model = _fitted(inputs[folds != fold], target[folds != fold])
        behind[folds == fold] = np.maximum(model.predict(inputs[folds == fold]), floor)
    forecasts = np.maximum(_fitted(inputs, target).predict(ahead), floor)
    return Direct(name, replace(reference, forecast=behind)), replace(rows, forecast=forecasts)


def _inputs(rows: Rows) -> Floats:
    return np.column_stack([rows.features, rows.sample.predicted.astype(float)])


def _fitted(inputs: Floats, target: Floats) -> Any:
    ensemble = extras.load("sklearn.ensemble")
    model = ensemble.HistGradientBoostingRegressor(
        max_iter=100, learning_rate=0.1, max_leaf_nodes=31, early_stopping=False, random_state=0,
        min_samples_leaf=20 if len(target) < _MANY else 10,
    )  # fmt: skip
    return model.fit(inputs, target)
