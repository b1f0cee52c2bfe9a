"""The JSON Schema of suite files, for editors: from the suite's keys and the checks' signatures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from modelqa import catalog
from modelqa.core.ports import CheckType, Other, declared
from modelqa.core.units import Unit
from modelqa.suite.action_schema import ACTION
from modelqa.suite.bounds import LIMITS
from modelqa.suite.build import DEFAULTS, READERS
from modelqa.suite.doc import Doc, read
from modelqa.suite.environment import SUBJECT
from modelqa.suite.shapes import NAME, TEXT, VARIABLE, Fragment, limit, names_in, shape_of, share, texts
from modelqa.suite.slices import MOST_SLICES

DRAFT = "http://json-schema.org/draft-07/schema#"
COLUMNS: Fragment = {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]}
_OF_ITS_OWN = ":"
"""What the key of a check has that is named as ``module:function``."""


def json_schema() -> Fragment:
    """The JSON Schema (draft 07) of a suite file; checks of installed packages are in it.

    What one file cannot show is not in it: the names of slices and columns, or what only a check's
    own code can tell. ``modelqa lint`` says all.

    >>> json_schema()["properties"]["inconclusive"]["enum"]
    ['warn', 'fail']
    """
    kinds = {name: _type(name) for name in sorted(catalog.names("checks"))}
    return {
        "$schema": DRAFT,
        "title": "modelqa suite",
        "description": "What is judged, by which checks, and what follows.",
        "type": "object",
        "properties": {key: _key(key) for key in READERS},
        "required": ["suite", "checks"],
        "additionalProperties": False,
        "definitions": {
            "check": _any_check(kinds),
            **{name: _check(name, made) for name, made in kinds.items()},
        },
    }


def _type(name: str) -> CheckType | None:
    """What a check declares; None for one of a package that cannot be imported here."""
    try:
        return declared(catalog.find("checks", name))
    except Exception:  # an installed package's own code
        return None


# --- the keys of a suite


def _key(key: str) -> Fragment:
    fragment = dict(_SUITE[key])
    if DEFAULTS.get(key):
        fragment["default"] = DEFAULTS[key]
    if key in SUBJECT and "anyOf" not in fragment and fragment.get("type") != "string":
        about: Fragment = {
            name: fragment.pop(name) for name in ("description", "default") if name in fragment
        }
        return {**about, "anyOf": [fragment, {"type": "string", "pattern": VARIABLE}]}
    return fragment


def _mapping(*required: str, **properties: Fragment) -> Fragment:
    closed = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**closed, "required": list(required)} if required else closed


_QUERY = _mapping("sql", "url", sql=TEXT, url=TEXT)
_ROWS: Fragment = {"anyOf": [TEXT, _QUERY]}
_SLICE: Fragment = {
    "anyOf": [
        TEXT,
        {
            **_mapping(
                "name",
                name=TEXT,
                where={**TEXT, "description": "A condition, such as tenure < 3; it makes one slice."},
                columns={**COLUMNS, "description": "Columns whose combinations of values make slices."},
                bins={
                    "description": "The edges that cut a column of numbers, or a number of equal parts.",
                    "anyOf": [
                        {"type": "integer", "minimum": 2, "maximum": MOST_SLICES},
                        {
                            "type": "array",
                            "items": {"type": "number"},
                            "minItems": 1,
                            "maxItems": MOST_SLICES - 1,
                        },
                    ],
                },
                values={
                    "type": "array",
                    "items": {"type": ["string", "number", "boolean"]},
                    "minItems": 1,
                    "description": "Values of the column that must occur: one that does not is an error.",
                },
                min_rows={
                    "type": "integer",
                    "minimum": 1,
                    "description": "Slices of fewer rows are one slice together, named in its note.",
                },
            ),
            "oneOf": [
                {
                    "required": ["where"],
                    "properties": dict.fromkeys(("bins", "values", "min_rows"), False),
                },
                {"required": ["columns"], "not": {"required": ["bins", "values"]}},
            ],
        },
    ]
}
_MODEL: Fragment = {**TEXT, "examples": ["models:/churn@challenger", "package.module:function"]}
_DIGEST: Fragment = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}

_SUITE: Mapping[str, Fragment] = {
    "suite": {**NAME, "description": "The name of the suite."},
    "model": {**_MODEL, "description": "What is judged: a model's URI, an endpoint or module:function."},
    "champion": {**_MODEL, "description": "The model that it is compared with."},
    "batch": {**_ROWS, "description": "The rows to judge: a path, a pattern or a query."},
    "reference": {**_ROWS, "description": "The rows that the model was trained on."},
    "labels": {
        "description": "The truth: a column of the batch, or a file to join.",
        "anyOf": [TEXT, _mapping("path", "on", "column", path=_ROWS, on=TEXT, column=TEXT)],
    },
    "positive": {
        "type": ["string", "number", "boolean"],
        "description": "The positive class, where labels are not 0/1 or booleans.",
    },
    "predictions": {**COLUMNS, "description": "Columns of the batch with logged predictions."},
    "threshold": {**share(0, 1, closed="none"), "description": "The operating point for class decisions."},
    "weights": {**TEXT, "description": "The column with the weights of rows."},
    "group": {**TEXT, "description": "The column that says which rows belong together."},
    "time": {**TEXT, "description": "The column that says when a row happened."},
    "key": {**COLUMNS, "description": "The column or columns that name a row."},
    "features": {**COLUMNS, "description": "The columns that the model reads."},
    "trust": {
        "description": "Whose code may run: that of registered models, nobody's, or files by digest.",
        "anyOf": [{"enum": ["registry", "none"]}, {"type": "array", "items": _DIGEST}],
    },
    "champion_missing": {
        "enum": ["error", "skip"],
        "description": "What it means that there is no champion yet.",
    },
    "slices": {
        "type": "array",
        "items": _SLICE,
        "description": "Parts of the rows, by column, bins or condition.",
    },
    "false_alarms": {
        **share(0, 0.5, closed="high"),
        "description": "How often one run may turn red on a healthy model and batch.",
    },
    "confidence": {
        **share(0.5, 1, closed="low"),
        "description": "How sure a green has to be, per check, one-sided.",
    },
    "inconclusive": {
        "enum": ["warn", "fail"],
        "description": "What an undecided check does to the exit status.",
    },
    "checks": {
        "type": "array",
        "items": {"$ref": "#/definitions/check"},
        "minItems": 1,
        "description": "What is measured, and what it may be.",
    },
    "actions": {"type": "array", "items": ACTION, "description": "What follows a run."},
}

# --- a check


def _any_check(kinds: Mapping[str, CheckType | None]) -> Fragment:
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


def _check(name: str, made: CheckType | None) -> Fragment:
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
            **{key: _parameter(found, doc) for key, found in keys.items()},
            **_RESERVED,
            **bounds,
        },
        "required": [name, *needed],
        "additionalProperties": made.open_ended,
        "dependencies": _TOGETHER,
        **({} if made.own_bound else _bounded(_unit(made))),
    }


def _doc(made: CheckType | None) -> Doc:
    return read(made.function.__doc__ if made else None)


def _parameter(found: Any, doc: Doc) -> Fragment:
    told = {"description": said} if (said := doc.of(found.name)) else {}
    simple = isinstance(found.default, str | int | float) and found.default is not found.empty
    return {**shape_of(found.annotation), **told, **({"default": found.default} if simple else {})}


def _bounded(unit: Unit | None) -> Fragment:
    """At least one limit, each in the unit that the check measures."""
    plain: Fragment = {"properties": _limits(unit)}
    return {
        "anyOf": [{"required": [key]} for key in LIMITS],
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


def _unit(made: CheckType) -> Unit | None:
    """The unit of a check's bounds; None where it depends on a value that may be anything."""
    if isinstance(made.unit, Unit):
        return made.unit
    return _same(made.unit, names_in(made.main.annotation) if made.main else ())


def _same(unit: Callable[[Any], Unit], names: Sequence[str]) -> Unit | None:
    try:
        found = {unit(name) for name in names}
    except Exception:  # a check author's own code
        return None
    return found.pop() if len(found) == 1 else None


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
        **_mapping(
            "reason",
            "until",
            reason={**TEXT, "description": "Why it fails."},
            until={"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$", "description": "The last day."},
        ),
        "description": "A failure that is known, until a day.",
    },
}
