"""The part of the JSON Schema that is about checks: from their signatures and docstrings."""

from collections.abc import Mapping
from typing import Any, get_args

from modelqa.core.check import CheckType
from modelqa.core.ports import Other
from modelqa.core.units import Unit
from modelqa.suite.bounds import LIMITS
from modelqa.suite.doc import Doc, read
from modelqa.suite.shapes import NAME, TEXT, Fragment, limit, mapping, names_in, shape_of, texts

_OF_ITS_OWN = ":"
"""What the key of a check has that is named as ``module:function``."""


def any_check(kinds: Mapping[str, CheckType | None]) -> Fragment:
    """Exactly one key names the check; what else it may hold depends on that one."""
    own: Fragment = {"not": {"propertyNames": {"not": {"pattern": _OF_ITS_OWN}}}}
    told = {name: _doc(made).summary for name, made in kinds.items()}
    return {
        "type": "object",
        "description": "One key is the name of a check, or module:function.",
        "properties": {name: {"description": summary} for name, summary in told.items()},
        "oneOf": [*({"required": [name]} for name in kinds), own],
        "allOf": [{"if": {"required": [name]}, "then": {"$ref": f"#/definitions/{name}"}} for name in kinds]
        + [{"if": own, "then": {"properties": {**_RESERVED, **_limits(None, versus=True)}}}],
        "dependencies": _TOGETHER,
    }


def one_check(name: str, made: CheckType | None) -> Fragment:
    """What the mapping of one check may hold, by its signature."""
    if made is None:
        return {"type": "object", "required": [name]}
    doc, keys = _doc(made), made.parameters
    value: Fragment = {"const": True} if made.main is None else shape_of(made.main.annotation)
    needed = [key for key, found in keys.items() if found.default is found.empty]
    about = f"{doc.summary} {doc.of(made.main.name)}".strip() if made.main else doc.summary
    refused = (*LIMITS, "versus", "across")
    bounds: Mapping[str, Any] = dict.fromkeys(refused, False) if made.own_bound else _LIMIT
    return {
        "type": "object",
        "description": doc.summary,
        "properties": {
            name: {**value, "description": about},
            **{key: _parameter(key, found, doc) for key, found in keys.items()},
            **_RESERVED,
            **bounds,
        },
        "required": [name, *needed],
        "additionalProperties": made.open_ended,
        "dependencies": _TOGETHER,
        **({} if made.own_bound else _bounded(name, made)),
    }


def _doc(made: CheckType | None) -> Doc:
    return read(made.function.__doc__ if made else None)


def _parameter(key: str, found: Any, doc: Doc) -> Fragment:
    told = {"description": said} if (said := doc.of(key)) else {}
    simple = isinstance(found.default, str | int | float) and found.default is not found.empty
    return {**shape_of(found.annotation), **told, **({"default": found.default} if simple else {})}


def _bounded(name: str, made: CheckType) -> Fragment:
    """At least one limit, each in the unit that the check measures; where that follows from the value
    of the check, in the unit of each value that is known."""
    by_unit = _units(made)
    only = next(iter(by_unit)) if len(by_unit) == 1 else None
    each = [
        {"if": {"properties": {name: {"enum": names}}}, "then": _in_unit(unit)}
        for unit, names in by_unit.items()
    ]
    return {
        "anyOf": [{"required": [key]} for key in LIMITS],
        **_in_unit(only),
        **({"allOf": each} if only is None and each else {}),
    }


def _in_unit(unit: Unit | None) -> Fragment:
    plain: Fragment = {"properties": _limits(unit)}
    return {
        "if": {"required": ["versus"]},
        "then": {"properties": _limits(unit, versus=True)},
        "else": _across(
            "ratio", _limits(Unit.SHARE), _across("difference", _limits(unit, signed=True), plain)
        ),
    }


def _across(how: str, bounds: Fragment, otherwise: Fragment) -> Fragment:
    """Bounds of slices that become one measurement in this way, and what else they may be."""
    said = {"required": ["across"], "properties": {"across": {"const": how}}}
    return {"if": said, "then": {"properties": bounds}, "else": otherwise}


def _units(made: CheckType) -> Mapping[Unit, list[str]]:
    """The units of a check's bounds, each with the values that measure in it; empty where none is known."""
    if isinstance(made.unit, Unit):
        return {made.unit: []}
    found: dict[Unit, list[str]] = {}
    try:
        for name in names_in(made.main.annotation) if made.main else ():
            found.setdefault(made.unit(name), []).append(name)
    except Exception:  # a check author's own code
        return {}
    return found


def _limits(unit: Unit | None, *, versus: bool = False, signed: bool = False) -> Fragment:
    return {key: limit(unit, versus=versus, signed=signed) for key in LIMITS}


_TOGETHER: Mapping[str, list[str]] = {"across": ["slices"]}
"""Keys that need another one."""


_LIMIT: Mapping[str, Fragment] = {
    "min": {"description": "Red below it."},
    "max": {"description": "Red above it."},
    "warn_min": {"description": "Warned below it."},
    "warn_max": {"description": "Warned above it."},
}
_RESERVED: Mapping[str, Fragment] = {
    "name": {**NAME, "description": "The id of the check, instead of one made from what it checks."},
    "tags": texts("Words for pytest's -k."),
    "slices": {
        "description": "The suite's slices that it is judged on too: some of them, or all.",
        "anyOf": [{"const": "all"}, {"type": "array", "items": TEXT, "minItems": 1}],
    },
    "across": {
        "enum": ["worst", "gap", "ratio", "difference"],
        "description": "Judge the slices as one: the worst value, the gap between the largest and the "
        "smallest, their ratio, or the first minus the second of two.",
    },
    "versus": {
        "enum": [*get_args(Other)],
        "description": "Judge the difference to the champion, or to a model that has learnt nothing.",
    },
    "inconclusive": {
        "enum": ["warn", "fail"],
        "description": "What this check, undecided, does to the exit status.",
    },
    "expect_failure": {
        **mapping(
            "reason",
            "until",
            reason={**TEXT, "description": "Why it fails."},
            until={"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$", "description": "The last day."},
        ),
        "description": "A failure that is known, until a day.",
    },
}
