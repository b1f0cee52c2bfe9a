"""The contract of the columns: types, ranges, sets and nulls, each with what it was found from."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core import units
from modelqa.core.ports import Column, Table
from modelqa.core.signature import ColumnKind
from modelqa.draft import numbers
from modelqa.draft.text import Block, Written, comment, dropped, flow, scalar, wrapped, writable
from modelqa.engines.repeats import distinct_values

MOST_COLUMNS = 1000
MOST_VALUES = 20
ROWS_A_VALUE = 10
LEAST_KEYS = 20
LEAST_DISTINCT = 20
EXACT = 2**53
TYPES = {
    ColumnKind.INTEGER: "int",
    ColumnKind.FLOAT: "number",  # whole numbers in a csv file are read as such
    ColumnKind.BOOLEAN: "bool",
    ColumnKind.TEXT: "text",
    ColumnKind.DATETIME: "datetime",
}
_ID = re.compile(r"(?:^|[_ -])(?:id|key|uuid|guid)$|[a-z](?:Id|ID)$", re.IGNORECASE)

RULES = (
    "What the columns hold. Ranges: what was seen here, wider by half of its spread at each end; they "
    "cross zero only where values did. Sets: texts of at most 20 values, each seen more than once. "
    "Nulls: none where there were none, else the upper end of the exact 99.9% interval. Distinct: a "
    "quarter of the different values of the sample, from 20 on, for a column that stands still."
)


@dataclass(frozen=True, slots=True)
class Roles:
    """What some columns are for: the row's name, and labels that are classes."""

    _: KW_ONLY
    key: str | None = None
    classes: str | None = None


def find_key(table: Table, taken: Sequence[str], reads: Sequence[str] | None) -> str | None:
    """The column that names a row: all values differ, and it is called an id.

    Where the model says what it ``reads``, the only text column beside that with nothing but
    different values is one too, whatever it is called.

    >>> from modelqa.engines.memory import open_table
    >>> rows = {"customer_id": list(range(30)), "age": list(range(30))}
    >>> find_key(open_table(rows), [], None)
    'customer_id'
    """
    kinds = (ColumnKind.INTEGER, ColumnKind.TEXT)
    free = [
        name
        for name, kind in table.kinds.items()
        if kind in kinds and name not in taken and name not in (reads or ())
    ]
    distinct = [name for name in free if writable(name) and _all_differ(table.column(name))]
    named = [name for name in distinct if _ID.search(name)]
    if named or reads is None:
        return named[0] if named else None
    texts = [name for name in distinct if table.kinds[name] is ColumnKind.TEXT]
    return texts[0] if len(texts) == 1 else None


def _all_differ(column: Column) -> bool:
    values = column.values
    return len(values) >= LEAST_KEYS and not column.missing.any() and np.unique(values).size == len(values)


def contract(
    table: Table, other: Table | None, roles: Roles, duplicates: Sequence[int] | None = None
) -> Block:
    """The schema check for all columns that a suite can name.

    ``other`` are rows that the model was trained on: healthy too, so what they hold is allowed.
    ``duplicates`` are the repeated rows of each table, for one without a key.
    """
    names = [name for name in table.kinds if writable(name)][:MOST_COLUMNS]
    lines = [*wrapped(RULES, "  "), "  - schema:"]
    for name in names:
        rules, note = rules_of(
            table.column(name),
            other.column(name) if other is not None and name in other.kinds else None,
            roles,
        )
        told = f"  {comment(note)}" if note else ""
        lines.append(f"      {scalar(name)}: {flow(rules)}{told}")
    lines += _beyond(len(table.kinds) - len(names))
    lines.append(f"    rows: {{min: {max(table.rows // 2, 1)}}}  # half of the {table.rows:,} here")
    if roles.key:
        lines.append(f"    unique: {flow([roles.key])}")
    elif duplicates is not None:
        lines += _repeated(duplicates, [table.rows, other.rows if other else 0])
    lines.append("    name: contract")
    return Block("contract", lines=tuple(lines)) if names else dropped("contract", "no column has a name")


def _beyond(count: int) -> list[str]:
    """What to say of columns that are not in the contract."""
    return [f"      # and {count:,} more columns, which are not held against anything"] if count else []


def _repeated(counts: Sequence[int], rows: Sequence[int]) -> list[str]:
    """The rule for rows that stand twice, where that is rare enough to mean something."""
    allowed = max(numbers.share(count, total) for count, total in zip(counts, rows, strict=False) if total)
    if allowed > 0.1:
        return []
    note = comment(f"{counts[0]:,} of {rows[0]:,} rows repeat an earlier one; the upper end of that share")
    return [f"    duplicates: {numbers.percent(allowed)}  {note}"]


def rules_of(ours: Column, theirs: Column | None, roles: Roles) -> tuple[dict[str, Any], str]:
    """The rules of one column, and what they were found from."""
    both = [ours, theirs] if theirs is not None and theirs.kind is ours.kind else [ours]
    rules: dict[str, Any] = {}
    notes: list[str] = []
    if not ours.missing.all() and ours.kind in TYPES:
        rules["type"] = TYPES[ours.kind]
    if ours.name == roles.key:
        notes.append(f"{len(ours.values):,} values, all different")
    else:
        for found, note in _values(both, classes=ours.name == roles.classes):
            rules |= found
            notes.append(note)
        rules |= _distinct(ours) if "in" not in rules else {}
    allowed, note = _nulls(both)
    return {**rules, "nulls": allowed}, "; ".join(part for part in (*notes, note) if part)


def _values(both: Sequence[Column], *, classes: bool) -> Iterator[tuple[dict[str, Any], str]]:
    """The range or the set of a column, as far as its kind has one."""
    kind = both[0].kind
    if kind is ColumnKind.TEXT:
        yield _set(both, least=1 if classes else ROWS_A_VALUE)
    elif kind is ColumnKind.INTEGER and classes:
        yield _classes(both)
    elif kind.numeric:
        yield _range(both)
    elif kind is ColumnKind.DATETIME:
        yield _since(both)


def _set(both: Sequence[Column], least: int) -> tuple[dict[str, Any], str]:
    """The values of a text column, unless there are many, rare or odd ones.

    Values that were seen once announce others that were not seen at all (Good 1953).
    """
    counts: dict[str, int] = {}
    for column in both:
        seen = np.bincount(column.values[~column.missing], minlength=len(column.categories))
        for name, count in zip(column.categories, seen.tolist(), strict=True):
            if count:
                counts[name] = counts.get(name, 0) + count
    rows = sum(counts.values())
    told = f"{len(counts):,} different values" if counts else ""
    often = counts and min(counts.values()) > 1 and rows >= least * len(counts)
    if not often or len(counts) > MOST_VALUES or not all(map(writable, counts)):
        return {}, told
    return {"in": sorted(counts)}, ""


def _classes(both: Sequence[Column]) -> tuple[dict[str, Any], str]:
    seen = np.unique(np.concatenate([_present(column) for column in both])).tolist()
    if not 0 < len(seen) <= 100:
        return _range(both)
    return {"in": seen}, ""


def _present(column: Column) -> NDArray[Any]:
    return column.values[~column.missing]


def _range(both: Sequence[Column]) -> tuple[dict[str, Any], str]:
    values = np.concatenate([_present(column) for column in both])
    if not values.size:
        return {}, ""
    low, high = values.min().item(), values.max().item()
    wide = numbers.widened(low, high) if np.isfinite([low, high]).all() else None
    told = f"{units.show(low)} to {units.show(high)}" if low != high else f"always {units.show(low)}"
    if wide is None or max(map(abs, wide)) > EXACT:
        return {}, told
    return {"min": wide[0], "max": wide[1]}, told


def _since(both: Sequence[Column]) -> tuple[dict[str, Any], str]:
    """The first day to expect; no last one, for the next batch is a later one."""
    values = np.concatenate([_present(column) for column in both])
    if not values.size:
        return {}, ""
    low, high = values.min().item(), values.max().item()
    try:
        first, last, since = (_day(moment) for moment in (low, high, low - (high - low) // 2))
    except (OverflowError, ValueError, OSError):
        return {}, "beyond the calendar"
    return {"min": Written(f'"{since}"')}, f"{first} to {last}"


def _day(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, tz=UTC).date().isoformat()


def _distinct(column: Column) -> dict[str, Any]:
    """The least number of different values, where there are many."""
    if not (column.kind.numeric or column.kind is ColumnKind.TEXT):
        return {}
    found = distinct_values(column)
    return (
        {"distinct": int(numbers.down(found // 4, numbers.step(found / 4)))}
        if found >= LEAST_DISTINCT
        else {}
    )


def _nulls(both: Sequence[Column]) -> tuple[Any, str]:
    """The share of nulls to allow, and how many there were."""
    counts = [(int(np.count_nonzero(column.missing)), len(column.values)) for column in both]
    if not any(count for count, _ in counts):
        return 0, ""
    allowed = max(numbers.share(count, rows) for count, rows in counts if count)
    count, rows = counts[0]
    return Written(numbers.percent(allowed)), f"{count:,} of {rows:,} missing"
