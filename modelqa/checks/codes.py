"""A column as its distinct values and the place of each row's among them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Column
from modelqa.core.signature import ColumnKind
from modelqa.errors import CheckError


def coded(column: Column) -> tuple[tuple[Any, ...], NDArray[np.intp]]:
    """The distinct values of a column, as Python's own, and for each row which of them it has; -1 for none.

    Raises `CheckError` for a column of objects that have no order.
    """
    codes = np.full(len(column.values), -1, dtype=np.intp)
    there = ~column.missing
    if not there.any():
        return (), codes
    if column.kind is ColumnKind.OTHER:
        raise CheckError(
            f"column {column.name!r} holds {column.dtype}; expected texts, numbers or truth values"
        )
    distinct, codes[there] = np.unique(column.values[there], return_inverse=True)
    if column.categories:
        return tuple(column.categories[code] for code in distinct), codes
    return tuple(distinct.tolist()), codes


def apart(codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """The same codes, but rows without a value are each one of its own."""
    return np.where(codes < 0, np.arange(len(codes)) + codes.max(initial=0) + 1, codes)


def plain(value: Any) -> str:
    """A value as a suite would write it: a whole number without its point.

    >>> plain(1.0), plain("EU"), plain(True)
    ('1', 'EU', 'True')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
