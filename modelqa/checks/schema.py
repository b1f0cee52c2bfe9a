"""`schema`: the contract of a batch, counted in one scan."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from modelqa.core import units
from modelqa.core.bound import Bound
from modelqa.core.check import Complaint, Needs, Shape, check
from modelqa.core.estimate import Estimate
from modelqa.core.fact import Fact
from modelqa.core.ports import Context
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
Contract = Mapping[str, Mapping[str, Any] | None]
Signature = Annotated[str, Shape({"enum": ["signature"]})]
Columns = Annotated[dict[str, Any], Shape({"minProperties": 1, "additionalProperties": _COLUMN})]
Rows = Annotated[
    dict[str, int], Shape({"minProperties": 1, "properties": _ENDS, "additionalProperties": False})
]


def _needs(contract: Any, **_: Any) -> Needs:
    return Needs.BATCH | Needs.MODEL if contract == "signature" else Needs.BATCH


def _sound(contract: Any, *, rows: Any = None, duplicates: Any = None, **_: Any) -> Iterator[Complaint]:
    if duplicates is not None and not _is_share(duplicates):
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
        yield from _columns(ctx, contract)
    if extra == "forbid":
        strangers = [name for name in ctx.batch.kinds if name not in names]
        yield _count("extra_columns", len(strangers), ctx.batch.rows, note=", ".join(strangers[:20]))
    if rows is not None:
        bound = Bound(min=rows.get("min"), max=rows.get("max"))
        yield _count("rows", ctx.batch.rows, ctx.batch.rows, bound=bound)
    if unique:
        yield _count("duplicate_keys", _duplicates(ctx, unique), ctx.batch.rows, note=", ".join(unique))
    if duplicates is not None:
        share = Estimate.fact(_repeated(ctx, ctx.batch.kinds) / ctx.batch.rows, n=ctx.batch.rows)
        bound = Bound(max=units.share(duplicates))
        yield Measurement("duplicate_rows", share, unit=Unit.SHARE, bound=bound)


def _signature(ctx: Context) -> Iterator[Measurement]:
    if not ctx.model.inputs:
        raise CheckError("the model has no signature: log it with one, or write the contract here")
    wrong = {found.column: found.message for found in mismatches(ctx.model.inputs, ctx.batch.kinds)}
    for field in ctx.model.inputs:
        note = wrong.get(field.name, "")
        yield _count("signature_mismatch", int(bool(note)), ctx.batch.rows, column=field.name, note=note)


def _columns(ctx: Context, contract: Contract) -> Iterator[Measurement]:
    """All columns of a contract. What has to be counted is asked for at once: one scan tells it all."""
    kinds, rows = ctx.batch.kinds, ctx.batch.rows
    rules = {name: rules or {} for name, rules in contract.items()}
    asked = {
        name: _facts(name, kinds[name], wanted if _fits(kinds[name], wanted) else {})
        for name, wanted in rules.items()
        if name in kinds
    }
    found = ctx.batch.count(list(dict.fromkeys(fact for facts in asked.values() for fact in facts.values())))
    for name, wanted in rules.items():
        there = name in kinds
        if there or wanted.get("required", True):
            yield _count("missing_column", int(not there), rows, column=name)
        if there:
            counts = {rule: found[fact] for rule, fact in asked[name].items()}
            yield from _column(name, kinds[name], wanted, counts, rows)


def _column(
    name: str, kind: ColumnKind, rules: Mapping[str, Any], counts: Mapping[str, int], rows: int
) -> Iterator[Measurement]:
    wrong = False
    if counts["nulls"] == rows:  # nothing is there that could be of a wrong type, or break a rule
        counts = dict.fromkeys(_facts(name, kind, rules), 0) | dict(counts)
    elif not _fits(kind, rules):  # no other rule can be applied to it
        wrong, rules = True, {rule: wanted for rule, wanted in rules.items() if rule in ("type", "nulls")}
    for rule, wanted in rules.items():
        if rule == "type":
            note = f"expected {wanted}, found {kind}" if wrong else ""
            yield _count("wrong_type", int(wrong), rows, column=name, note=note)
        elif rule in counts:
            yield _measure(name, rule, wanted, counts, rows)


def _facts(name: str, kind: ColumnKind, rules: Mapping[str, Any]) -> dict[str, Fact]:
    """What has to be counted for each rule, and the missing values.

    Raises `CheckError` where a rule cannot be applied to what the column holds.
    """
    facts = {"nulls": Fact("missing", (name,))}
    for rule, wanted in rules.items():
        match rule:
            case "min" | "max":
                limit = _limit(name, kind, wanted)
                facts[rule] = Fact("below" if rule == "min" else "above", (name,), limit)
            case "in":
                facts[rule] = Fact("outside", (name,), _values(name, kind, wanted))
            case "matches":
                if kind is not ColumnKind.TEXT:
                    raise CheckError(f"column {name!r} holds {kind}; `matches:` reads texts")
                facts[rule] = Fact("unmatched", (name,), wanted)
            case "unique" | "distinct" if wanted:
                facts[rule] = Fact("distinct", (name,))
    return facts


def _measure(name: str, rule: str, wanted: Any, counts: Mapping[str, int], rows: int) -> Measurement:
    found = counts[rule]
    match rule:
        case "nulls":
            share, bound = Estimate.fact(found / rows, n=rows), Bound(max=units.share(wanted))
            return Measurement("null_share", share, column=name, unit=Unit.SHARE, bound=bound)
        case "unique":
            return _count("duplicates", rows - counts["nulls"] - found, rows, column=name)
        case "distinct":
            return _count("distinct_values", found, rows, column=name, bound=Bound(min=wanted))
    note = f"{rule} {wanted}" if rule in ("min", "max") else ""
    return _count(_BROKEN[rule], found, rows, column=name, note=note)


_BROKEN = {"min": "below_min", "max": "above_max", "in": "outside_set", "matches": "unmatched"}


def _fits(kind: ColumnKind, rules: Mapping[str, Any]) -> bool:
    """Whether what a column holds is of the type wanted."""
    return "type" not in rules or kind in TYPES[rules["type"]]


def _limit(name: str, kind: ColumnKind, limit: Any) -> Any:
    """A limit that a column's values can be compared with."""
    if kind.numeric and _is_number(limit):
        return limit
    if kind is ColumnKind.DATETIME and not _is_number(limit):
        return _microseconds(limit)
    raise CheckError(
        f"column {name!r} holds {kind}; {'a number' if _is_number(limit) else 'a date'} cannot bound it"
    )


def _values(name: str, kind: ColumnKind, wanted: Sequence[Any]) -> tuple[Any, ...]:
    """Those of some values that a column of this kind can hold."""
    if kind is ColumnKind.OTHER:
        raise CheckError(f"column {name!r} holds {kind}; `in:` cannot be applied")
    if kind is ColumnKind.TEXT:
        return tuple(value for value in wanted if isinstance(value, str))
    if kind is ColumnKind.DATETIME:
        return tuple(_microseconds(value) for value in wanted)
    numbers = [value for value in wanted if isinstance(value, int | float)]
    if kind is ColumnKind.FLOAT:
        return tuple(map(float, numbers))
    whole = [int(value) for value in numbers if isinstance(value, int) or value.is_integer()]
    return tuple(whole if kind is ColumnKind.INTEGER else (bool(one) for one in whole if one in (0, 1)))


def _duplicates(ctx: Context, names: Sequence[str]) -> int:
    """Rows whose key stands in an earlier row too. Raises `CheckError` for a column that is not there."""
    for name in names:
        if name not in ctx.batch.kinds:
            raise CheckError(f"unique: the batch has no column {name!r}")
    return _repeated(ctx, names)


def _repeated(ctx: Context, names: Iterable[str]) -> int:
    fact = Fact("repeated", tuple(names))
    return ctx.batch.count([fact])[fact]


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
        case "nulls" if not _is_share(wanted):
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


def _is_share(wanted: Any) -> bool:
    try:
        units.share(wanted)
    except ValueError:
        return False
    return True
