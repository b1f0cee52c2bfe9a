"""`drift: table`: how well a classifier tells rows of the batch from rows of the reference."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core import extras
from modelqa.core.estimate import Estimate
from modelqa.core.evidence import Evidence
from modelqa.core.ports import Column, Context, Table
from modelqa.core.result import Measurement
from modelqa.errors import CheckError
from modelqa.stats.profiles import FLAGS, counts, numbers
from modelqa.stats.sample import Sample

Floats = NDArray[np.float64]

MOST_ROWS = 10_000
"""So many rows of either side, drawn at random, are looked at."""
_LEAST = 20
_MOST_LEVELS = 100
"""So many categories are told apart, the most frequent of both sides; all others are one."""
_COIN = 0.5


def told_apart(ctx: Context) -> Measurement:
    """The ROC AUC of a classifier of batch against reference, on rows that it was not fitted on.

    Both sides are cut in two; each half is scored by boosted trees fitted on the other (cross-fitting). Two
    halves of one distribution have an AUC of 0.5 whatever was fitted, so each half's interval (the plain
    one of an AUC, of rows that are independent of the classifier) holds by itself; the two are not
    independent of each other, so the low end is the better of both at half the tail each, and the high end
    the mean of theirs. No classifier can do better than the truly best one: a low end bounds how far the
    tables are apart (Lopez-Paz and Oquab 2017), the high end what this classifier makes of them.

    Raises `CheckError` where no column can be read, or a side has fewer than 20 rows.
    """
    names = [name for name in ctx.features if all(name in side.kinds for side in (ctx.reference, ctx.batch))]
    rng = ctx.rng
    sides = [_drawn(side, rng) for side in (ctx.reference, ctx.batch)]
    if min(side.rows for side in sides) < _LEAST:
        raise CheckError(f"drift: table needs {_LEAST} rows of batch and reference each")
    table, categorical, used = _encoded(names, sides)
    truth = np.repeat([0, 1], [side.rows for side in sides])
    halves = np.concatenate([rng.permutation(side.rows) % 2 for side in sides])
    scores = np.empty(len(truth))
    for half in (0, 1):
        scores[halves == half] = _scored(table, truth, halves != half, halves == half, categorical)
    folds = [_auc(truth[halves == half], scores[halves == half], ctx) for half in (0, 1)]
    value = max(sum(fold.value for fold in folds) / 2, _COIN)
    low = min(max(_COIN, *(fold.low for fold in folds)), value)
    high = max(sum(fold.high for fold in folds) / 2, value)
    left = [name for name in ctx.features if name not in used]
    note = f"without {', '.join(left[:10])}: not in both tables, or of no kind to compare" if left else ""
    estimate = Estimate(value, low=low, high=high, n=sides[1].rows)
    data = {"folds": [fold.value for fold in folds], "columns": used}
    return Measurement("table_roc_auc", estimate, note=note, evidence=(Evidence("classifier", data),))


def _drawn(table: Table, rng: np.random.Generator) -> Table:
    """At most so many rows, drawn without replacement."""
    if table.rows <= MOST_ROWS:
        return table
    return table.take(np.sort(rng.choice(table.rows, MOST_ROWS, replace=False)))


def _auc(truth: NDArray[np.intp], scores: Floats, ctx: Context) -> Estimate:
    """The AUC of one half, its low end at half of the tail."""
    from modelqa.stats import linear, ranking

    sample = Sample("binary", truth, (scores > _COIN).astype(int))
    levels = replace(ctx.levels, alpha=ctx.levels.alpha / 2)
    return linear.estimate(ranking.auc(truth == 1, scores), sample, levels)


def _encoded(names: Sequence[str], sides: Sequence[Table]) -> tuple[Floats, list[bool], list[str]]:
    """Columns as numbers, reference first; which of them are codes of categories, and their names."""
    columns, categorical, used = [], [], []
    for name in names:
        before, after = (side.column(name) for side in sides)
        if before.kind.categorical != after.kind.categorical or "other" in (before.kind, after.kind):
            continue
        columns.append(np.concatenate(_codes(before, after) if before.kind.categorical else
                                      [_floats(before), _floats(after)]))  # fmt: skip
        categorical.append(before.kind.categorical)
        used.append(name)
    if not used:
        raise CheckError("drift: table: no column of both tables can be compared")
    return np.column_stack(columns), categorical, used


def _floats(column: Column) -> Floats:
    values = np.full(len(column.values), np.nan)
    values[~column.missing] = numbers(column)
    return values


def _codes(before: Column, after: Column) -> list[Floats]:
    """Codes of the most frequent categories of both sides together; one more for all others."""
    totals = counts(before)
    for name, rows in counts(after).items():
        totals[name] = totals.get(name, 0) + rows
    often = sorted(totals, key=lambda name: (-totals[name], name))[:_MOST_LEVELS]
    place = {name: at for at, name in enumerate(often)}
    return [_coded(column, place) for column in (before, after)]


def _coded(column: Column, place: Mapping[str, int]) -> Floats:
    names = column.categories or FLAGS
    lookup = np.array([place.get(name, _MOST_LEVELS) for name in names], dtype=float)
    values = np.full(len(column.values), np.nan)
    values[~column.missing] = lookup[column.values[~column.missing].astype(np.intp)]
    return values


def _scored(table: Floats, truth: NDArray[np.intp], fit: Any, score: Any, categorical: list[bool]) -> Floats:
    ensemble = extras.load("sklearn.ensemble")
    model = ensemble.HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.1, max_leaf_nodes=15, min_samples_leaf=20, l2_regularization=1.0,
        max_bins=128, categorical_features=categorical, early_stopping=False, random_state=0,
    )  # fmt: skip
    model.fit(table[fit], truth[fit])
    return np.asarray(model.decision_function(table[score]), dtype=float)
