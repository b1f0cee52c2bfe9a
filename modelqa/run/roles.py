"""What a column of the batch is used as: predictions that were logged, weights, groups."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Column, Predictions, Table
from modelqa.core.signature import ColumnKind
from modelqa.engines import memory
from modelqa.errors import SubjectError
from modelqa.suite.spec import Labels, Suite


def column_of(table: Table, name: str, role: str) -> Column:
    """A column that the suite names. Raises `SubjectError` with the columns that there are."""
    if name not in table.kinds:
        there = ", ".join(list(table.kinds)[:20])
        raise SubjectError(f"{role} names column {name!r}, which {table.info.name} lacks; it has {there}")
    return table.column(name)


def listed(part: Any) -> Sequence[str]:
    """The columns that a key of a suite names.

    >>> listed(None), listed("id"), listed(["id", "day"])
    ((), ('id',), ('id', 'day'))
    """
    if part is None:
        return ()
    return (part,) if isinstance(part, str) else tuple(part)


def roles_of(suite: Suite) -> set[str]:
    """Columns of the batch that are something else than a feature."""
    labels = suite.labels.on if isinstance(suite.labels, Labels) else suite.labels
    named = [labels if isinstance(labels, str) else None, suite.weights, suite.group, suite.time]
    return {name for part in (*named, suite.key, suite.predictions) for name in listed(part)}


def labels_of(labels: Any, batch: Table, table: Callable[[str], Table]) -> Column:
    """The truth, one value a row of the batch; ``table`` opens the file that it stands in.

    Raises `SubjectError` where there is none, or it is of other rows.
    """
    if isinstance(labels, str):
        return column_of(batch, labels, "`labels:`")
    if isinstance(labels, Labels):
        return memory.join_labels(batch, table("labels"), on=labels.on, column=labels.column)
    if labels is None:
        raise SubjectError("the suite names no `labels:`")
    column = memory.open_table({"labels": labels}, name="labels").column("labels")
    if len(column.values) != batch.rows:
        raise SubjectError(f"labels: expected one a row ({batch.rows:,}), found {len(column.values):,}")
    return column


def labels_beside(labels: Any, reference: Table) -> Column:
    """The truth of the reference. Raises `SubjectError` where it does not hold it in a column."""
    name = labels.column if isinstance(labels, Labels) else labels
    if not isinstance(name, str):
        raise SubjectError("labels of the reference: name a column that batch and reference both have")
    return column_of(reference, name, "`labels:`")


def logged(columns: Sequence[Column]) -> Predictions:
    """Predictions that stand in the batch: one column of values, or one probability a class.

    Several columns are probabilities and named after their class, or end in ``_<class>``.
    """
    if len(columns) == 1:
        return Predictions(objects(columns[0]))
    probabilities = np.column_stack([_floats(column) for column in columns])
    prefix = _common_prefix([column.name for column in columns])
    classes = tuple(column.name[len(prefix) :] for column in columns)
    values = np.array(classes, dtype=object)[probabilities.argmax(axis=1)]
    return Predictions(values, probabilities=probabilities, classes=classes)


def objects(column: Column) -> NDArray[Any]:
    """A column's values as they read: texts for codes, NaN or None where missing."""
    if column.kind is ColumnKind.TEXT:
        names = np.array([*column.categories, None], dtype=object)
        return names[np.where(column.missing, len(column.categories), column.values)]
    if column.missing.any():
        kind = float if column.kind.numeric else object
        values = column.values.astype(kind)
        values[column.missing] = np.nan if kind is float else None
        return values
    return column.values


def weights_of(column: Column) -> NDArray[np.float64]:
    """The weights of rows. Raises `SubjectError` where they are none."""
    values = _floats(column)
    if not (np.isfinite(values).all() and (values >= 0).all() and values.any()):
        raise SubjectError(f"`weights:` column {column.name!r}: expected finite numbers >= 0, not all zero")
    return values


def group_codes(column: Column) -> NDArray[np.intp]:
    """Which rows belong together. Raises `SubjectError` where a row says nothing of it."""
    if column.missing.any():
        count = int(column.missing.sum())
        raise SubjectError(f"`group:` column {column.name!r}: {count:,} rows belong to no group")
    return np.unique(column.values, return_inverse=True)[1].astype(np.intp)


def _floats(column: Column) -> NDArray[np.float64]:
    if not column.kind.numeric:
        raise SubjectError(f"column {column.name!r} holds {column.kind}; expected probabilities")
    values = column.values.astype(float)
    values[column.missing] = np.nan
    return values


def _common_prefix(names: Sequence[str]) -> str:
    """What stands before the class in every name, up to the last underscore.

    >>> _common_prefix(["proba_yes", "proba_no"])
    'proba_'
    """
    first, last = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return first[: first.rfind("_", 0, same) + 1]
