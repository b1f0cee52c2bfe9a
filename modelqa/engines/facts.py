"""Facts of columns that are at hand, counted in few passes."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from modelqa.core.fact import Fact
from modelqa.core.ports import Column, Table
from modelqa.core.signature import ColumnKind
from modelqa.engines.repeats import distinct_values, repeated_rows
from modelqa.errors import CheckError


def count(table: Table, asked: Sequence[Fact]) -> dict[Fact, int]:
    """The facts of a table that gives its columns away.

    Columns are converted on two threads: most of a scan is reading texts, which leaves the interpreter free.
    Raises ``KeyError`` for a column that is not there, and `CheckError` as `verify` does.

    >>> from modelqa.engines.memory import open_table
    >>> table = open_table({"age": [17, 30, None]})
    >>> list(count(table, [Fact("below", ("age",), 18), Fact("missing", ("age",))]).values())
    [1, 1]
    """
    from concurrent.futures import ThreadPoolExecutor

    verify(asked)
    single = dict.fromkeys(fact.columns[0] for fact in asked if fact.rule != "repeated")
    with ThreadPoolExecutor(2) as pool:
        columns = dict(zip(single, pool.map(table.column, single), strict=True))
    return {fact: _one(table, columns, fact) for fact in asked}


def pattern(fact: Fact) -> str:
    """The regular expression that finds what matches as a whole."""
    return f"^(?:{fact.wanted})$"


def verify(asked: Iterable[Fact]) -> None:
    """Raise `CheckError` for a regular expression that is none to RE2, whose time is always linear."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for fact in asked:
        if fact.rule == "unmatched":
            try:
                pc.match_substring_regex(pa.array([""]), pattern(fact))
            except pa.ArrowInvalid:
                told = f"matches: {fact.wanted!r} is no regular expression that runs in linear time"
                raise CheckError(told) from None


def _one(table: Table, columns: Mapping[str, Column], fact: Fact) -> int:
    if fact.rule == "repeated":
        return repeated_rows(table, fact.columns)
    column = columns[fact.columns[0]]
    match fact.rule:
        case "missing":
            return int(np.count_nonzero(column.missing))
        case "distinct":
            return distinct_values(column)
        case "below" | "above":
            return _beyond(column, fact)
        case "outside":
            return _outside(column, fact)
    return _unmatched(column, fact)


def _beyond(column: Column, fact: Fact) -> int:
    """How many present values are beyond a limit; mostly none, which one pass tells."""
    values, limit, missing = column.values, fact.wanted, column.missing
    below = fact.rule == "below"
    if not missing.any() and not (values.min() < limit if below else values.max() > limit):
        return 0
    broken = values < limit if below else values > limit
    return int(np.count_nonzero(broken & ~missing))


def _outside(column: Column, fact: Fact) -> int:
    if column.kind is ColumnKind.TEXT:
        known = set(fact.wanted)
        return _in_categories(column, [name not in known for name in column.categories])
    inside = np.isin(column.values, fact.wanted)
    return int(np.count_nonzero(~inside & ~column.missing))


def _unmatched(column: Column, fact: Fact) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not column.categories:
        return 0
    found = pc.match_substring_regex(pa.array(column.categories), pattern(fact))
    return _in_categories(column, [not matched for matched in found.to_pylist()])


def _in_categories(column: Column, chosen: Sequence[bool]) -> int:
    """How many rows hold one of the chosen categories; the rows are passed once, if any is chosen."""
    if not any(chosen):
        return 0
    counts = np.bincount(column.values[~column.missing], minlength=len(chosen))
    return int(counts[: len(chosen)][np.array(chosen)].sum())
