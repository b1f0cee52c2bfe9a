"""Columns of two tables as numbers that a regression takes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Column, Table
from modelqa.stats.profiles import FLAGS, counts, numbers

Floats = NDArray[np.float64]
MOST_LEVELS = 20
"""So many categories of a column have a column of their own, the reference's most frequent."""
_LARGEST = 1e100


def matrices(names: Sequence[str], reference: Table, batch: Table) -> tuple[Floats, Floats, list[str]]:
    """Both tables as numbers, by columns of the reference, and the names that could not be read.

    A number or time is itself, a missing one the reference's mean; where some are missing, that is a column
    of its own. Categories are columns of zeros and ones.
    """
    columns: list[list[Floats]] = [[], []]
    left = []
    for name in names:
        found = _both(name, reference, batch)
        if found is None:
            left.append(name)
            continue
        for side, made in zip(columns, found, strict=True):
            side += made
    sides = zip(columns, (reference, batch), strict=True)
    before, after = (np.column_stack([np.empty((table.rows, 0)), *made]) for made, table in sides)
    return before, after, left


def _both(name: str, reference: Table, batch: Table) -> tuple[list[Floats], list[Floats]] | None:
    """A column's numbers on both sides; None where they cannot be compared."""
    if name not in reference.kinds or name not in batch.kinds:
        return None
    before, after = reference.column(name), batch.column(name)
    if "other" in (before.kind, after.kind) or before.kind.categorical != after.kind.categorical:
        return None
    if before.kind.categorical:
        often = sorted(counts(before).items(), key=lambda item: (-item[1], item[0]))[:MOST_LEVELS]
        levels = [level for level, _ in often]
        return _flags(before, levels), _flags(after, levels)
    ours, theirs = _known(before), _known(after)
    present = ours[np.isfinite(ours)]
    centre = float(present.mean()) if len(present) else 0.0
    whole = bool(np.isfinite(ours).all() and np.isfinite(theirs).all())
    return _numbers(ours, centre, whole=whole), _numbers(theirs, centre, whole=whole)


def _flags(column: Column, levels: Sequence[str]) -> list[Floats]:
    names = column.categories or FLAGS
    place = {name: code for code, name in enumerate(names)}
    codes = np.where(column.missing, -1, column.values).astype(np.intp)
    return [(codes == place.get(level, -2)).astype(float) for level in levels]


def _known(column: Column) -> Floats:
    """A column's numbers, none so large that its square is none; NaN where missing or infinite."""
    values = np.full(len(column.values), np.nan)
    values[~column.missing] = numbers(column)
    return np.where(np.isfinite(values), np.clip(values, -_LARGEST, _LARGEST), np.nan)


def _numbers(values: Floats, centre: float, *, whole: bool) -> list[Floats]:
    missing = np.isnan(values)
    return [values] if whole else [np.where(missing, centre, values), missing.astype(float)]
