"""A slice definition into the rows of its parts: each row of the batch once, nothing left out in silence."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Column, Table
from modelqa.core.signature import ColumnKind
from modelqa.errors import CheckError
from modelqa.run.encode import factorized, objects
from modelqa.suite.slices import MOST_SLICES
from modelqa.suite.spec import SliceSpec

MOST_NAMES = 5
"""Small slices that a note lists; the rest is counted."""
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Part:
    """One slice: what it is called, its rows, and what a reader must know of it."""

    name: str
    rows: Rows
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Levels:
    """The values of a column as labels in order, `missing` last, and the code of each row.

    ``values`` are what the labels but the last stand for, ``empty`` those without any row.
    """

    labels: Sequence[str]
    codes: Rows
    values: Sequence[Any]
    empty: Sequence[str] = ()


def partition(spec: SliceSpec, table: Table, column: Callable[[str], Column]) -> tuple[Part, ...]:
    """The slices that a definition comes to; ``column`` finds one or raises.

    A slice that the suite names has rows, or is an error: a condition, a bin between edges that are
    written, a value of ``values``. Those of fewer than ``min_rows`` rows are one slice together.

    Raises `CheckError` where one has none, a column has too many values, or bins do not fit it.
    """
    if spec.where is not None:
        for name in spec.where.names:
            column(name)
        rows = np.flatnonzero(spec.where.mask(table))
        if rows.size == 0:
            raise CheckError(f"slice {spec.name!r} matches none of {table.rows:,} rows")
        return (Part(spec.name, rows),)
    each = [_levels(column(name), spec) for name in spec.columns]
    codes, label = _crossed(each)
    counts = np.bincount(codes)
    small = np.flatnonzero((counts < spec.min_rows) & (counts > 0))
    kept = np.flatnonzero(counts >= max(spec.min_rows, 1))
    if len(kept) + bool(len(small)) > MOST_SLICES:
        raise CheckError(
            f"slice {spec.name!r} has {len(kept):,} values, at most {MOST_SLICES} make slices: "
            "cut a column of numbers by `bins:`, or put small slices together by `min_rows:`"
        )
    short = codes.astype(np.min_scalar_type(len(counts)))  # of integers this short it is a radix sort
    order = np.argsort(short, kind="stable")
    ends = np.cumsum(counts)
    parts = [Part(label(code), order[ends[code] - counts[code] : ends[code]]) for code in kept.tolist()]
    names = [*map(label, small.tolist()), *(name for levels in each for name in levels.empty)]
    return (*parts, *_pooled(spec, names, np.isin(codes, small)))


def _pooled(spec: SliceSpec, small: Sequence[str], rows: NDArray[np.bool_]) -> Iterator[Part]:
    """The small slices as one, which says of whom it is made."""
    if rows.any():
        told = ", ".join(small[:MOST_NAMES])
        more = f" and {len(small) - MOST_NAMES:,} more" if len(small) > MOST_NAMES else ""
        note = f"slices of fewer than {spec.min_rows:,} rows: {told}{more}"
        yield Part(f"{spec.name} (other)", np.flatnonzero(rows), note)


def _crossed(each: Sequence[_Levels]) -> tuple[Rows, Callable[[int], str]]:
    """The combination of values that each row has, as codes that all occur, and their labels."""
    combined = each[0].codes
    for levels in each[1:]:
        combined = combined * len(levels.labels) + levels.codes
    used, codes = factorized(combined)

    def label(code: int) -> str:
        rest, parts = int(used[code]), []
        for levels in reversed(each):
            rest, at = divmod(rest, len(levels.labels))
            parts.append(levels.labels[at])
        return ", ".join(reversed(parts))

    return codes, label


def _levels(column: Column, spec: SliceSpec) -> _Levels:
    if spec.bins is not None:
        return _binned(column, spec)
    levels = _values(column)
    there = {_key(levels.values[code]) for code in np.unique(levels.codes) if code < len(levels.values)}
    gone = [value for value in spec.values if _key(value) not in there]
    if gone:
        told = ", ".join(f"{column.name}={value}" for value in gone)
        raise CheckError(f"slice {spec.name!r}: no row has {told}, which the suite says must occur")
    return levels


def _values(column: Column) -> _Levels:
    """One level for each value of a column."""
    if column.kind is ColumnKind.TEXT:
        order = sorted(range(len(column.categories)), key=column.categories.__getitem__)
        values: list[Any] = [column.categories[at] for at in order]
        codes = np.argsort(order)[column.values] if order else column.values
    else:
        used, codes = factorized(objects(column) if column.kind is ColumnKind.OTHER else column.values)
        values = used.tolist()
    return _with_missing(column, [f"{column.name}={value}" for value in values], codes, values)


def _with_missing(column: Column, labels: list[str], codes: Any, values: Sequence[Any]) -> _Levels:
    missing = f"{column.name}=missing"
    # A text may read `missing` too; then the two must not be one slice's name.
    last = f"{missing} (null)" if missing in labels else missing
    known = np.where(column.missing, len(labels), codes).astype(np.intp)
    return _Levels([*labels, last], known, values)


def _key(value: Any) -> Any:
    """A value by which it is the same in a file and in a column: 1 and 1.0 are, 1 and "1" are not."""
    return value if isinstance(value, bool | int | float) else str(value)


def _binned(column: Column, spec: SliceSpec) -> _Levels:
    """One level for each bin of a column of numbers: at or above one edge, below the next."""
    if not column.kind.numeric:
        raise CheckError(f"slice {spec.name!r}: bins cut numbers, and {column.name!r} holds {column.kind}")
    present = column.values[~column.missing]
    edges = _quantiles(present, spec.bins, spec) if isinstance(spec.bins, int) else np.array(spec.bins)
    labels = _bin_labels(column.name, edges.tolist())
    counts = np.bincount(np.searchsorted(edges, present, side="right"), minlength=len(labels))
    empty = [label for label, count in zip(labels, counts, strict=True) if count == 0]
    if empty and not spec.min_rows:
        raise CheckError(
            f"slice {spec.name!r}: no row has {', '.join(empty)}: drop an edge, or say `min_rows:`"
        )
    codes = np.searchsorted(edges, column.values, side="right")
    return replace(_with_missing(column, labels, codes, labels), empty=empty)


def _quantiles(present: NDArray[Any], bins: int, spec: SliceSpec) -> NDArray[Any]:
    """Edges between about equal counts, each a value of the column; tied ones collapse."""
    if len(present) == 0 or present.min() == present.max():
        raise CheckError(f"slice {spec.name!r}: all rows have one value, which makes no bins")
    ranks = np.arange(1, bins) * len(present) // bins
    edges = np.unique(np.partition(present, ranks)[ranks])
    above = present[present > present.min()]
    inner: NDArray[Any] = edges[edges > present.min()]
    return inner if len(inner) else above.min(keepdims=True)


def _bin_labels(name: str, edges: Sequence[float]) -> list[str]:
    """What the bins between edges are called.

    >>> _bin_labels("age", [18, 40.5])
    ['age < 18', '18 <= age < 40.5', 'age >= 40.5']
    """
    shown = [f"{edge:.12g}" for edge in edges]
    between = [f"{lower} <= {name} < {upper}" for lower, upper in pairwise(shown)]
    return [f"{name} < {shown[0]}", *between, f"{name} >= {shown[-1]}"]
