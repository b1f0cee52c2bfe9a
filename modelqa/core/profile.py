"""A table as plain data: how many rows lie where in each column, and no row."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace

from modelqa.core.signature import ColumnKind
from modelqa.errors import SubjectError

LEVELS = 1 << 12
"""So many steps are told apart between ``low`` and ``high``: their sums are whole numbers, so exact, and
no row's own number is kept."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Where numbers are counted: the upper ends of bins that are open at both ends, each holding its end.

    Between ``low`` and ``high`` (what lies beyond counts as they do) values are summed in ``LEVELS`` steps.
    """

    ends: tuple[float, ...] = ()
    _: KW_ONLY
    low: float = 0.0
    high: float = 0.0

    @property
    def scale(self) -> float:
        """Steps for one unit of the values; 0 where all values are one step.

        >>> Edges((0.0, 2.0), low=0.0, high=2.0).scale == LEVELS / 2
        True
        """
        width = self.high - self.low
        return LEVELS / width if width > LEVELS * 1e-300 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Numbers and times (seconds since 1970 in UTC), counted: rows a bin, one more than there are ends,
    and the sum of the steps in each (see `Edges`), so that means are kept."""

    edges: Edges
    counts: tuple[int, ...]
    sums: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Categories, counted: rows of each named one, and of all others together."""

    names: tuple[str, ...]
    counts: tuple[int, ...]
    others: int = 0


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What a column holds: its kind, its rows, how many are missing, and the rest, counted.

    ``held`` is None for a kind of column that has neither an order nor names.
    """

    kind: ColumnKind
    _: KW_ONLY
    rows: int
    nulls: int
    held: Numbers | Names | None

    def same_edges(self, other: "ColumnProfile") -> bool:
        """Whether both were counted alike, so that one count can be held against the other."""
        if isinstance(self.held, Numbers) and isinstance(other.held, Numbers):
            return self.held.edges == other.held.edges
        if isinstance(self.held, Names) and isinstance(other.held, Names):
            return self.held.names == other.held.names
        return self.held is other.held


@dataclass(frozen=True, slots=True)
class Profile:
    """A table, counted column by column; what stands in a single row cannot be read off it.

    >>> column = ColumnProfile(ColumnKind.TEXT, rows=9, nulls=1, held=Names(names=("a",), counts=(8,)))
    >>> both = Profile(9, {"plan": column}).merged(Profile(9, {"plan": column}))
    >>> both.rows, both.columns["plan"].held.counts
    (18, (16,))
    """

    rows: int
    columns: Mapping[str, ColumnProfile]

    def merged(self, other: "Profile") -> "Profile":
        """The profile of the rows of both, exactly: in whatever order profiles are merged, it is the same.

        Raises `SubjectError` where they have other columns, or were counted by other edges.
        """
        self.must_match(other)
        columns = {name: _added(column, other.columns[name]) for name, column in self.columns.items()}
        return Profile(self.rows + other.rows, columns)

    def must_match(self, other: "Profile") -> None:
        """Raise `SubjectError` unless both have the same columns, counted by the same edges."""
        if list(self.columns) != list(other.columns):
            apart = sorted(set(self.columns) ^ set(other.columns))
            told = f": {', '.join(map(repr, apart[:20]))}" if apart else " in another order"
            raise SubjectError(f"profiles of different columns{told}; profile tables of one schema")
        for name, column in self.columns.items():
            other_one = other.columns[name]
            if column.kind is not other_one.kind:
                raise SubjectError(
                    f"profiles of different columns: {name!r} holds {column.kind} in one and "
                    f"{other_one.kind} in the other; profile tables of one schema"
                )
            if not column.same_edges(other_one):
                raise SubjectError(
                    f"profiles with different edges: column {name!r} was not counted alike; "
                    f"make both with --edges-from one profile"
                )


def _added(one: ColumnProfile, two: ColumnProfile) -> ColumnProfile:
    held = one.held
    if isinstance(held, Numbers) and isinstance(two.held, Numbers):
        held = replace(held, counts=_sum(held.counts, two.held.counts), sums=_sum(held.sums, two.held.sums))
    elif isinstance(held, Names) and isinstance(two.held, Names):
        held = replace(held, counts=_sum(held.counts, two.held.counts), others=held.others + two.held.others)
    return replace(one, rows=one.rows + two.rows, nulls=one.nulls + two.nulls, held=held)


def _sum(one: tuple[int, ...], two: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, two, strict=True))
