"""`schema`: the contract of a batch, counted in one scan of each column."""

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.checks.repeats import distinct_values, repeated_rows
from modelqa.core import units
from modelqa.core.bound import Bound
from modelqa.core.check import Complaint, Needs, Shape, check
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Column, Context
from modelqa.core.result import Measurement
from modelqa.core.signature import ColumnKind, mismatches
from modelqa.core.units import Unit
from modelqa.errors import CheckError

TYPES: Mapping[str, frozenset[ColumnKind]] = {
    "int": frozenset({ColumnKind.INTEGER}),
    "float": frozenset({ColumnKind.FLOAT}),
    "number": frozenset({ColumnKind.INTEGER, ColumnKind.FLOAT}),
    "bool": frozenset({ColumnKind.BOOLEAN}),
    "text": frozenset({ColumnKind.TEXT}),
    "datetime": frozenset({ColumnKind.DATETIME}),
}
NONE = Bound(max=0)

_SHARE = {"type": ["number", "string"], "minimum": 0, "maximum": 1}
_LIMIT = {"type": ["number", "string"]}
_RULES: Mapping[str, Any] = {
    "type": {"enum": list(TYPES)},
    "min": _LIMIT,
    "max": _LIMIT,
    "nulls": _SHARE,
    "unique": {"type": "boolean"},
    "distinct": {"type": "integer", "minimum": 1},
    "in": {"type": "array", "minItems": 1},
    "matches": {"type": "string"},
    "required": {"type": "boolean"},
}
RULES = tuple(_RULES)
_COLUMN = {"type": ["object", "null"], "properties": _RULES, "additionalProperties": False}
_ENDS = {end: {"type": "integer"} for end in ("min", "max")}
Signature = Annotated[str, Shape({"enum": ["signature"]})]
Columns = Annotated[dict[str, Any], Shape({"minProperties": 1, "additionalProperties": _COLUMN})]
Rows = Annotated[
    dict[str, int], Shape({"minProperties": 1, "properties": _ENDS, "additionalProperties": False})
]


def _needs(contract: Any, **_: Any) -> Needs:
    return Needs.BATCH | Needs.MODEL if contract == "signature" else Needs.BATCH


def _sound(contract: Any, *, rows: Any = None, duplicates: Any = None, **_: Any) -> Iterator[Complaint]:
    if duplicates is not None and _share(duplicates) is None:
        yield "duplicates", f"expected a share such as 0 or 1%, found {duplicates!r}"
    for message in _unsound_rows(rows):
        yield "rows", message
    if isinstance(contract, str):
        if contract != "signature":
            yield None, f"expected `signature` or columns with their rules, found {contract!r}"
        return
    if not contract:
        yield None, "expected at least one column with its rules"
    for name, rules in contract.items():
        for message in _unsound(rules):
            yield None, f"column {name!r}: {message}"


@check(needs=_needs, facts=True, own_bound=True, verify=_sound, cached=True)
def schema(
    ctx: Context,
    contract: Signature | Columns,
    *,
    extra: Literal["allow", "forbid"] = "allow",
    rows: Rows | None = None,
    unique: list[str] | None = None,
    duplicates: float | str | None = None,
) -> Iterator[Measurement]:
    """Hold the batch against the model's signature, or against a contract of its columns.

    ``signature`` is the model version's own MLflow signature: names and types. A contract names
    columns, each with any of these rules: ``type`` (int, float, number, bool, text, datetime),
    ``min``, ``max`` (numbers, or dates as ISO text), ``nulls`` (the share allowed: 0 or "1%"),
    ``unique: true``, ``distinct`` (the least number of different values: a column that stands still has
    one), ``in: [...]``, ``matches`` (a regular expression for the whole text),
    ``required: false`` (the column may be missing). ``extra: forbid`` refuses other columns,
    ``rows: {min: ..., max: ...}`` bounds their number, ``unique: [a, b]`` says which columns
    together name a row, and ``duplicates`` is the share of rows (0 or "1%") that may repeat an
    earlier one in every column. All are facts about this batch: counted, not estimated. Missing
    values break no rule but ``nulls``.

    Raises `CheckError` where a rule cannot be applied to what a column holds.

    Example::

        - schema: {amount: {type: float, min: 0, max: 5000, nulls: 0}, region: {in: [APAC, EU, US]}}
          unique: [id]
    """
    if isinstance(contract, str):
        yield from _signature(ctx)
        names = {field.name for field in ctx.model.inputs or ()}
    else:
        names = set(contract)
        _converted(ctx, [name for name in contract if name in ctx.batch.kinds and not ctx.batch.counted])
        for name, rules in contract.items():
            yield from _column(ctx, name, rules)
    if extra == "forbid":
        strangers = [name for name in ctx.batch.kinds if name not in names]
        yield _count("extra_columns", len(strangers), ctx.batch.rows, note=", ".join(strangers[:20]))
    if rows is not None:
        bound = Bound(min=rows.get("min"), max=rows.get("max"))
        yield _count("rows", ctx.batch.rows, ctx.batch.rows, bound=bound)
    if unique:
        yield _count("duplicate_keys", _duplicates(ctx, unique), ctx.batch.rows, note=", ".join(unique))
    if duplicates is not None:
        share = Estimate.fact(repeated_rows(ctx.batch) / ctx.batch.rows, n=ctx.batch.rows)
        bound = Bound(max=_share(duplicates))
        yield Measurement("duplicate_rows", share, unit=Unit.SHARE, bound=bound)


def _signature(ctx: Context) -> Iterator[Measurement]:
    if not ctx.model.inputs:
        raise CheckError("the model has no signature: log it with one, or write the contract here")
    wrong = {found.column: found.message for found in mismatches(ctx.model.inputs, ctx.batch.kinds)}
    for field in ctx.model.inputs:
        note = wrong.get(field.name, "")
        yield _count("signature_mismatch", int(bool(note)), ctx.batch.rows, column=field.name, note=note)


def _converted(ctx: Context, names: Sequence[str]) -> None:
    """Convert columns on two threads: most of a scan is reading texts, which leaves the interpreter free."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ctx.batch.column, names))


def _column(ctx: Context, name: str, rules: Mapping[str, Any] | None) -> Iterator[Measurement]:
    rules = rules or {}
    rows = ctx.batch.rows
    there = name in ctx.batch.kinds
    if there or rules.get("required", True):
        yield _count("missing_column", int(not there), rows, column=name)
    if not there:
        return
    column = ctx.batch.column(name)
    if _mistyped(column, rules.get("type")):  # no other rule can be applied to it
        rules = {rule: wanted for rule, wanted in rules.items() if rule in ("type", "nulls")}
    for rule, wanted in rules.items():
        found = _measure(rule, wanted, column, rows)
        if found is not None:
            yield found


def _measure(rule: str, wanted: Any, column: Column, rows: int) -> Measurement | None:
    name, present = column.name, ~column.missing
    match rule:
        case "type":
            wrong = _mistyped(column, wanted)
            note = f"expected {wanted}, found {column.kind}" if wrong else ""
            return _count("wrong_type", int(wrong), rows, column=name, note=note)
        case "nulls":
            share = Estimate.fact(np.count_nonzero(column.missing) / rows, n=rows)
            bound = Bound(max=_share(wanted))
            return Measurement("null_share", share, column=name, unit=Unit.SHARE, bound=bound)
        case "min" | "max":
            values, limit = _comparable(column, wanted)
            metric = "below_min" if rule == "min" else "above_max"
            count = _beyond(rule, values, limit, column.missing)
            return _count(metric, count, rows, column=name, note=f"{rule} {wanted}")
        case "unique" if wanted:
            kept = column.values[present]
            return _count("duplicates", kept.size - np.unique(kept).size, rows, column=name)
        case "distinct":
            found = Estimate.fact(distinct_values(column), n=rows)
            return Measurement("distinct_values", found, column=name, bound=Bound(min=wanted))
        case "in" | "matches":
            count = _outside(column, wanted) if rule == "in" else _unmatched(column, wanted)
            metric = "outside_set" if rule == "in" else "unmatched"
            return _count(metric, count, rows, column=name)
    return None


def _beyond(rule: str, values: NDArray[Any], limit: Any, missing: NDArray[np.bool_]) -> int:
    """How many present values are below a minimum or above a maximum; mostly none, which one pass tells."""
    below = rule == "min"
    if not missing.any() and not (values.min() < limit if below else values.max() > limit):
        return 0
    broken = values < limit if below else values > limit
    return int(np.count_nonzero(broken & ~missing))


def _mistyped(column: Column, wanted: str | None) -> bool:
    """Whether a column has values, and not of the type wanted."""
    return wanted is not None and column.kind not in TYPES[wanted] and not column.missing.all()


def _comparable(column: Column, limit: Any) -> tuple[NDArray[Any], Any]:
    """The values of a column, and a limit that they can be compared with."""
    if column.kind.numeric and _is_number(limit):
        return column.values, limit
    if column.kind is ColumnKind.DATETIME and not _is_number(limit):
        return column.values, _microseconds(limit)
    wanted = "a number" if _is_number(limit) else "a date"
    raise CheckError(f"column {column.name!r} holds {column.kind}; {wanted} cannot bound it")


def _outside(column: Column, values: Sequence[Any]) -> int:
    """How many present values are not among these."""
    if column.kind is ColumnKind.TEXT:
        known = set(values)
        return _in_categories(column, [name not in known for name in column.categories])
    if column.kind is ColumnKind.OTHER:
        raise CheckError(
            f"column {column.name!r} holds values of type {column.dtype}; `in:` cannot be applied"
        )
    if column.kind is ColumnKind.DATETIME:
        values = [_microseconds(value) for value in values]
    inside = np.isin(column.values, [value for value in values if not isinstance(value, str)])
    return int(np.count_nonzero(~inside & ~column.missing))


def _unmatched(column: Column, pattern: str) -> int:
    """How many texts do not match as a whole, by RE2: its time is linear, whatever the pattern."""
    if column.kind is not ColumnKind.TEXT:
        raise CheckError(f"column {column.name!r} holds {column.kind}; `matches:` reads texts")
    import pyarrow as pa
    import pyarrow.compute as pc

    if not column.categories:
        return 0
    try:
        found = pc.match_substring_regex(pa.array(column.categories), f"^(?:{pattern})$")
    except pa.ArrowInvalid:
        raise CheckError(f"matches: {pattern!r} is no regular expression that runs in linear time") from None
    return _in_categories(column, [not matched for matched in found.to_pylist()])


def _in_categories(column: Column, chosen: Sequence[bool]) -> int:
    """How many rows hold one of the chosen categories; the rows are passed once, if any is chosen."""
    if not any(chosen):
        return 0
    counts = np.bincount(column.values[~column.missing], minlength=len(chosen))
    return int(counts[: len(chosen)][np.array(chosen)].sum())


def _duplicates(ctx: Context, names: Sequence[str]) -> int:
    """Rows whose key stands in an earlier row too. Raises `CheckError` for a column that is not there."""
    for name in names:
        if name not in ctx.batch.kinds:
            raise CheckError(f"unique: the batch has no column {name!r}")
    return repeated_rows(ctx.batch, names)


def _count(
    metric: str, count: int, rows: int, *, column: str | None = None, note: str = "", bound: Bound = NONE
) -> Measurement:
    return Measurement(metric, Estimate.fact(count, n=rows), column=column, note=note, bound=bound)


def _unsound(rules: Any) -> Iterator[str]:
    """What is wrong with the rules of one column."""
    if rules is None:
        return
    if not isinstance(rules, dict):
        yield f"expected rules like {{type: int, min: 0}}, found {rules!r}"
        return
    for rule, wanted in rules.items():
        message = _unsound_rule(rule, wanted)
        if message:
            yield message
    ends = [rules[rule] for rule in ("min", "max") if _is_number(rules.get(rule))]
    if len(ends) == 2 and ends[0] > ends[1]:
        yield f"min {ends[0]} is above max {ends[1]}"


def _unsound_rule(rule: str, wanted: Any) -> str:
    match rule:
        case "type" if wanted not in TYPES:
            return f"unknown type {wanted!r}; expected one of {', '.join(TYPES)}"
        case "min" | "max" if not _is_number(wanted) and not _is_date(wanted):
            return f"{rule}: expected a number or an ISO date, found {wanted!r}"
        case "nulls" if _share(wanted) is None:
            return f"nulls: expected a share such as 0 or 1%, found {wanted!r}"
        case "unique" | "required" if not isinstance(wanted, bool):
            return f"{rule}: expected true or false, found {wanted!r}"
        case "distinct" if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 1:
            return f"distinct: expected the least number of different values, found {wanted!r}"
        case "in" if not isinstance(wanted, list) or not wanted:
            return f"in: expected a list of values, found {wanted!r}"
        case "matches" if not _is_pattern(wanted):
            return f"matches: expected a regular expression, found {wanted!r}"
        case _ if rule not in RULES:
            close = get_close_matches(str(rule), RULES, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else f"; rules are {', '.join(RULES)}"
            return f"unknown rule {rule!r}{hint}"
    return ""


def _unsound_rows(rows: Any) -> Iterator[str]:
    if rows is None:
        return
    if not rows or set(rows) - {"min", "max"}:
        yield f"expected min, max or both, found {', '.join(map(str, rows)) or 'nothing'}"
    elif rows.get("min", 0) > rows.get("max", rows.get("min", 0)):
        yield f"min {rows['min']} is above max {rows['max']}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str | date) and _microseconds(value) is not None
    except ValueError:
        return False


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and re.compile(value) is not None
    except re.error:
        return False


def _microseconds(value: str | date) -> int:
    """A date as microseconds since 1970 in UTC.

    >>> _microseconds("1970-01-02")
    86400000000
    """
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6)


def _share(wanted: Any) -> float | None:
    try:
        found = units.parse(wanted)
    except ValueError:
        return None
    fits = found.unit in (Unit.NUMBER, Unit.SHARE) and 0 <= found.value <= 1
    return found.value if fits else None
