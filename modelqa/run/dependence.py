"""How much a model's predictions depend on each column, by permuting it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Model, Predictions, Table
from modelqa.errors import SubjectError

ROWS, REPEATS = 1000, 2


def dependence(model: Model, table: Table, features: Sequence[str]) -> Mapping[str, float]:
    """The mean absolute change of predictions where a column is permuted, for each feature of the table.

    It is a share of the change that permuting the predictions themselves makes: 0 for a column that
    the model does not use, about 1 for one that decides alone (Breiman 2001, without labels). Measured
    on at most 1,000 rows, drawn from a seed of the table, with two permutations each. A model that always
    says the same depends on every column: nothing can be told of it.

    Raises `SubjectError` where the table holds no rows but counts, and whatever the model raises.
    """
    if table.counted:
        raise SubjectError("importance: the batch has to be rows at hand, and it is counted or too large")
    rng = np.random.default_rng(0)
    read = [field.name for field in model.inputs] if model.inputs else list(features)
    read = [name for name in read if name in table.kinds]
    rows = np.sort(rng.choice(table.rows, min(ROWS, table.rows), replace=False))
    frame = table.take(rows).to_pandas(read)
    said = _matrix(model.predict(frame))
    orders = [rng.permutation(len(rows)) for _ in range(REPEATS)]
    whole = np.mean([_apart(said, said[order]) for order in orders])
    if not whole > 0:
        return dict.fromkeys(read, 1.0)
    return {name: _share(model, frame, name, orders, said) / float(whole) for name in read}


def _share(model: Model, frame: Any, name: str, orders: Sequence[NDArray[np.intp]], said: Any) -> float:
    """How far predictions move, on average over permutations of a column."""
    moved = []
    for order in orders:
        values = frame[name].iloc[order].set_axis(frame.index)
        moved.append(_apart(said, _matrix(model.predict(frame.assign(**{name: values})))))
    return float(np.mean(moved))


def _matrix(said: Predictions) -> NDArray[Any]:
    """Predictions as rows of numbers or classes: probabilities where there are any."""
    return said.values[:, None] if said.probabilities is None else said.probabilities


def _apart(one: NDArray[Any], other: NDArray[Any]) -> float:
    """The mean absolute difference of numbers, or the share of classes that differ."""
    if one.dtype.kind not in "fiu" or other.dtype.kind not in "fiu":
        return float(np.mean(one.astype(str) != other.astype(str)))
    with np.errstate(invalid="ignore"):
        gaps = np.abs(one.astype(float) - other.astype(float))
    return float(np.mean(np.where(np.isfinite(gaps), gaps, 0.0)))
