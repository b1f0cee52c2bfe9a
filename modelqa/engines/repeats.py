"""Rows and values that stand in a table more than once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Column, Table
from modelqa.core.signature import ColumnKind


def repeated_rows(table: Table, names: Sequence[str] | None = None) -> int:
    """Rows that repeat an earlier one in these columns (all by default); missing is a value as any other.

    >>> from modelqa.engines.memory import open_table
    >>> repeated_rows(open_table({"a": [1, 1, 2], "b": ["x", "x", "x"]}))
    1
    """
    codes, distinct = np.zeros(table.rows, dtype=np.int64), 0
    for name in table.kinds if names is None else names:
        if distinct == table.rows:
            break
        own = _codes(table.column(name))
        _, codes = np.unique(codes * (own.max(initial=0) + 1) + own, return_inverse=True)
        distinct = int(codes.max(initial=-1)) + 1
    return table.rows - distinct


def distinct_values(column: Column) -> int:
    """How many different values a column has, missing ones aside."""
    codes = _codes(column)[~column.missing]
    return int(np.unique(codes).size)


def _codes(column: Column) -> NDArray[np.intp]:
    """A number for each value of a column, the same for equal values; the highest for missing ones."""
    values = column.values
    if column.kind is ColumnKind.OTHER:
        values = np.array([repr(value) for value in values.tolist()])
    _, own = np.unique(values, return_inverse=True)
    return np.where(column.missing, own.max(initial=0) + 1, own)
