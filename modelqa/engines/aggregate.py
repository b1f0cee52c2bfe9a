"""Profiles and facts by an engine that never gives its rows away.

The expressions are Narwhals', so they run on whatever it knows lazily. For a profile (a scan a column,
buckets, no quantiles) an engine of one's own has to give a frame in which numbers and times are float64,
truth values boolean and texts strings; for facts (one scan) whole numbers as they are, and times as whole
microseconds (see `duckdb.DuckDBTable`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelqa.core.fact import Fact
from modelqa.core.profile import LEVELS, ColumnProfile, Edges, Names, Numbers, Profile
from modelqa.core.signature import ColumnKind
from modelqa.engines.facts import pattern
from modelqa.stats.profiles import FLAGS, MOST_NAMES
from modelqa.stats.tally import FEW

if TYPE_CHECKING:
    import narwhals as nw

    Lazy = nw.LazyFrame[Any]

_COLUMN, _BUCKET, _STEPS, _ROWS = "column", "bucket", "steps", "rows"


def profile(
    frame: "Lazy",
    kinds: Mapping[str, ColumnKind],
    edges: Mapping[str, Edges],
    names: Mapping[str, Sequence[str]],
    *,
    rare: bool = False,
) -> Profile:
    """Count columns: numbers between these edges (each needs some), and these categories or the usual ones.

    >>> import narwhals as nw, pyarrow as pa
    >>> frame = nw.from_native(pa.table({"x": [0.5, 1.5, None]})).lazy()
    >>> found = profile(frame, {"x": ColumnKind.FLOAT}, {"x": Edges((1.0,), low=0.0, high=1.0)}, {})
    >>> found.columns["x"].held.counts, found.columns["x"].nulls
    ((1, 1), 1)
    """
    import narwhals as nw

    present = [_present(name, kind).sum().alias(f"n_{name}") for name, kind in kinds.items()]
    counted = next(_rows(frame.select(nw.len().alias(_ROWS), *present)))
    rows = int(counted[_ROWS])

    def one(name: str, kind: ColumnKind) -> ColumnProfile:
        there = int(counted[f"n_{name}"] or 0)
        held: Numbers | Names | None = None
        if kind.categorical:
            held = _names(frame, name, kind, names.get(name), there, rare=rare)
        elif kind is not ColumnKind.OTHER:
            held = _numbers(frame, name, edges[name])
        return ColumnProfile(kind, rows=rows, nulls=rows - there, held=held)

    return Profile(rows, {name: one(name, kind) for name, kind in kinds.items()})


def facts(frame: "Lazy", kinds: Mapping[str, ColumnKind], asked: Sequence[Fact]) -> dict[Fact, int]:
    """Count all facts of single columns in one scan, and repeated rows in one more for each such fact.

    >>> import narwhals as nw, pyarrow as pa
    >>> frame = nw.from_native(pa.table({"x": [0.5, 1.5, None]})).lazy()
    >>> list(facts(frame, {"x": ColumnKind.FLOAT}, [Fact("above", ("x",), 1.0)]).values())
    [1]
    """
    import narwhals as nw

    single = {f"f{at}": fact for at, fact in enumerate(asked) if fact.rule != "repeated"}
    counted = [_fact(fact, kinds[fact.columns[0]]).alias(name) for name, fact in single.items()]
    told = next(_rows(frame.select(nw.len().alias(_ROWS), *counted)))
    found = {fact: int(told[name] or 0) for name, fact in single.items()}
    for fact in asked:
        if fact.rule == "repeated":
            keys = [_value(name, kinds[name]).alias(name) for name in fact.columns]
            distinct = next(_rows(frame.select(*keys).unique().select(nw.len().alias(_ROWS))))
            found[fact] = int(told[_ROWS]) - int(distinct[_ROWS])
    return found


def _fact(fact: Fact, kind: ColumnKind) -> "nw.Expr":
    import narwhals as nw

    value = _value(fact.columns[0], kind)
    there = ~value.is_null()
    match fact.rule:
        case "missing":
            broken = ~there
        case "distinct":  # a null counts as a value in Narwhals
            return value.n_unique() - (~there).cast(nw.Int64).max()
        case "below":
            broken = value < fact.wanted
        case "above":
            broken = value > fact.wanted
        case "outside":
            broken = there & ~value.is_in(list(fact.wanted)) if fact.wanted else there
        case _:
            broken = ~value.str.contains(pattern(fact))
    return broken.cast(nw.Int64).sum()


def _value(name: str, kind: ColumnKind) -> "nw.Expr":
    """The values of a column; a NaN is none."""
    import narwhals as nw

    value = nw.col(name)
    return nw.when(~value.is_nan()).then(value) if kind is ColumnKind.FLOAT else value


def _present(name: str, kind: ColumnKind) -> "nw.Expr":
    """1 where a row has a value, else 0; a NaN is none."""
    import narwhals as nw

    there = ~nw.col(name).is_null()
    if not kind.categorical and kind is not ColumnKind.OTHER:
        there = there & ~nw.col(name).is_nan()
    return there.cast(nw.Int64)


def _numbers(frame: "Lazy", name: str, edges: Edges) -> Numbers:
    import narwhals as nw

    value = nw.col(_COLUMN)
    column = frame.select(nw.col(name).alias(_COLUMN)).filter(~value.is_null()).filter(~value.is_nan())
    binned = column.select(_bucket(value, edges.ends).alias(_BUCKET), _steps(value, edges).alias(_STEPS))
    found = binned.group_by(_BUCKET).agg(nw.len().alias(_ROWS), nw.col(_STEPS).sum().alias(_STEPS))
    counts, sums = [0] * (len(edges.ends) + 1), [0] * (len(edges.ends) + 1)
    for row in _rows(found):
        place = int(row[_BUCKET])
        counts[place], sums[place] = int(row[_ROWS]), int(row[_STEPS])
    return Numbers(edges=edges, counts=tuple(counts), sums=tuple(sums))


def _bucket(value: "nw.Expr", ends: Sequence[float], first: int = 0) -> "nw.Expr":
    """The bin of each value, by halves: nine comparisons a row for 300 bins."""
    import narwhals as nw

    if not ends:
        return nw.lit(first)
    middle = len(ends) // 2
    below = _bucket(value, ends[:middle], first)
    return nw.when(value <= ends[middle]).then(below).otherwise(
        _bucket(value, ends[middle + 1 :], first + middle + 1)
    )  # fmt: skip


def _steps(value: "nw.Expr", edges: Edges) -> "nw.Expr":
    """`stats.tally.steps_of`, operation by operation."""
    import narwhals as nw

    if not edges.scale:
        return nw.lit(0)
    clipped = value.clip(edges.low, edges.high)
    return ((clipped - edges.low) * edges.scale).floor().clip(0.0, float(LEVELS)).cast(nw.Int64)


def _names(
    frame: "Lazy", name: str, kind: ColumnKind, given: Sequence[str] | None, there: int, *, rare: bool
) -> Names:
    import narwhals as nw

    value = nw.col(_COLUMN)
    column = frame.select(nw.col(name).alias(_COLUMN)).filter(~value.is_null())
    if given is not None and kind is ColumnKind.TEXT:
        column = column.filter(value.is_in(list(given)))
    found = column.group_by(_COLUMN).agg(nw.len().alias(_ROWS))
    if given is None and kind is ColumnKind.TEXT:
        often = found.filter(nw.col(_ROWS) >= (1 if rare else FEW))
        found = often.sort(_ROWS, _COLUMN, descending=[True, False]).head(MOST_NAMES)
    rows = {str(row[_COLUMN]): int(row[_ROWS]) for row in _rows(found)}
    usual = FLAGS if kind is ColumnKind.BOOLEAN else tuple(sorted(rows))
    chosen = usual if given is None else tuple(given)
    counts = tuple(rows.get(one, 0) for one in chosen)
    return Names(names=chosen, counts=counts, others=there - sum(counts))


def _rows(frame: "Lazy") -> Iterator[Mapping[str, Any]]:
    """The rows of a small result."""
    yield from frame.collect("pyarrow").to_native().to_pylist()
