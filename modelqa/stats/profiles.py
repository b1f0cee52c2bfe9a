"""Columns into profiles, and profiles into what distances are taken of."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Column
from modelqa.core.profile import ColumnProfile, Names, Numbers
from modelqa.core.signature import ColumnKind
from modelqa.stats.loose import Order, ordered
from modelqa.stats.tally import FEW, edges_of, ranked, tally

MOST_NAMES = 500
"""So many categories are counted one by one, the most frequent; all others together."""
FLAGS = ("False", "True")


def numbers(column: Column) -> NDArray[np.float64]:
    """The present values of a column of numbers or times, these as seconds since 1970."""
    known = column.values[~column.missing] if column.missing.any() else column.values
    values: NDArray[np.float64] = known.astype(float, copy=False)
    return values / 1e6 if column.kind is ColumnKind.DATETIME else values


def counts(column: Column) -> dict[str, int]:
    """The rows of each category of a column of texts or truth values.

    >>> flags = Column("f", ColumnKind.BOOLEAN, values=np.array([True]), missing=np.array([False]), dtype="")
    >>> counts(flags)
    {'False': 0, 'True': 1}
    """
    names = FLAGS if column.kind is ColumnKind.BOOLEAN else column.categories
    codes = column.values[~column.missing].astype(np.intp)
    return dict(zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True))


def profile_of(column: Column, like: ColumnProfile | None = None, *, rare: bool = False) -> ColumnProfile:
    """A column, counted by the edges of another profile, or else by its own.

    Without ``like``, the edges are fine quantiles, and a category is named if at least five rows hold it
    (``rare``: or fewer) and no more than 500 are as frequent; so no text that few rows hold is kept.

    >>> names = Column("plan", ColumnKind.TEXT, values=np.repeat([0, 1], [8, 2]),
    ...     missing=np.zeros(10, bool), dtype="string", categories=("basic", "anna@example.com"))
    >>> profile_of(names).held
    Names(names=('basic',), counts=(8,), others=2)
    """
    held: Numbers | Names | None = None
    given = like.held if like else None
    if column.kind.categorical:
        found = counts(column)
        chosen = given.names if isinstance(given, Names) else named(found, column.kind, rare=rare)
        held = kept(found, chosen)
    elif column.kind.numeric or column.kind is ColumnKind.DATETIME:
        values = numbers(column)
        edges = given.edges if isinstance(given, Numbers) else edges_of(values)
        held = tally(values, edges)
    nulls = int(np.count_nonzero(column.missing))
    return ColumnProfile(column.kind, rows=len(column.values), nulls=nulls, held=held)


def named(found: Mapping[str, int], kind: ColumnKind, *, rare: bool = False) -> tuple[str, ...]:
    """The categories that a profile names, in order."""
    if kind is ColumnKind.BOOLEAN:
        return FLAGS
    least = 1 if rare else FEW
    often = sorted((-rows, name) for name, rows in found.items() if rows >= least)
    return tuple(sorted(name for _, name in often[:MOST_NAMES]))


def kept(found: Mapping[str, int], names: tuple[str, ...]) -> Names:
    """The rows of these categories, and of all others together."""
    rows = tuple(found.get(name, 0) for name in names)
    return Names(names=names, counts=rows, others=sum(found.values()) - sum(rows))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A column of one table as distances see it, from its rows or from its profile alike.

    ``ranked`` are numbers and times, ``counts`` the rows of each category; ``others`` are the rows of
    categories that a profile does not name. ``dtype`` is the name of the type for messages.
    """

    kind: ColumnKind
    _: KW_ONLY
    rows: int
    nulls: int
    dtype: str
    ranked: Order | None = None
    counts: Mapping[str, int] | None = None
    others: int = 0

    @classmethod
    def of(cls, column: Column) -> Self:
        """A column seen row by row."""
        nulls = int(np.count_nonzero(column.missing))
        made = cls(column.kind, rows=len(column.values), nulls=nulls, dtype=column.dtype)
        if column.kind.categorical:
            return replace(made, counts=counts(column))
        if column.kind is ColumnKind.OTHER:
            return made
        return replace(made, ranked=ordered(numbers(column)))

    @classmethod
    def of_profile(cls, column: ColumnProfile) -> Self:
        """A column seen through its profile."""
        made = cls(column.kind, rows=column.rows, nulls=column.nulls, dtype=str(column.kind))
        match column.held:
            case Numbers() as held:
                return replace(made, ranked=ranked(held))
            case Names(names=names, counts=rows, others=others):
                return replace(made, counts=dict(zip(names, rows, strict=True)), others=others)
        return made
