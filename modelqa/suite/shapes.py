"""JSON Schema of single values: what an annotation takes, what a bound may be written as."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from modelqa.core import units
from modelqa.core.check import Shape
from modelqa.core.units import Unit

Fragment = dict[str, Any]

NAME: Fragment = {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,100}$"}
TEXT: Fragment = {"type": "string", "pattern": "\\S"}
VARIABLE = "\\$\\{[A-Za-z_]"
"""How a text begins that the environment fills in, wherever in the text."""

_WORDS: Mapping[Any, Fragment] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
}
_NUMBER = "[+-]?(\\d+(_\\d+)*\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?"


def shape_of(annotation: Any) -> Fragment:
    """The JSON Schema of what a parameter takes; an annotation that it does not know takes anything.

    >>> shape_of(str | list[str])
    {'anyOf': [{'type': 'string'}, {'type': 'array', 'items': {'type': 'string'}}]}
    >>> shape_of(Literal["allow", "forbid"])
    {'enum': ['allow', 'forbid']}
    >>> shape_of(Annotated[int, Shape({"minimum": 1})])
    {'type': 'integer', 'minimum': 1}
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        told = [each.keywords for each in inner[1:] if isinstance(each, Shape)]
        return {key: value for part in (shape_of(inner[0]), *told) for key, value in part.items()}
    if origin in (Union, types.UnionType):
        return {"anyOf": [shape_of(part) for part in inner]}
    if origin is Literal:
        return {"enum": list(inner)}
    kind = origin or annotation
    if isinstance(kind, type) and is_dataclass(kind):
        return _record(kind)
    if isinstance(kind, type) and issubclass(kind, Mapping):
        values = shape_of(inner[1]) if inner else {}
        return {"type": "object", "additionalProperties": values} if values else {"type": "object"}
    if isinstance(kind, type) and kind is not str and issubclass(kind, Sequence):
        return _array(kind, inner)
    return dict(_WORDS.get(kind, {}))


def _record(kind: type) -> Fragment:
    """A dataclass as an object with all of its fields; a reader ignores others."""
    hints = get_type_hints(kind, include_extras=True)
    told = {field.name: shape_of(hints[field.name]) for field in fields(kind)}
    summary = (kind.__doc__ or "").partition("\n")[0]
    return {"type": "object", "description": summary, "properties": told, "required": [*told]}


def _array(kind: type, inner: tuple[Any, ...]) -> Fragment:
    if kind is tuple and inner and inner[-1] is not Ellipsis:
        several = [shape_of(part) for part in inner]
        return {"type": "array", "items": several, "minItems": len(inner), "maxItems": len(inner)}
    items = shape_of(inner[0]) if inner else {}
    return {"type": "array", "items": items} if items else {"type": "array"}


def names_in(annotation: Any) -> tuple[str, ...]:
    """The names that an annotation lists, wherever it lists them.

    >>> names_in(Annotated[str, Shape({"enum": ["psi", "ks"]})] | None)
    ('psi', 'ks')
    """
    return tuple(_listed(shape_of(annotation)))


def _listed(fragment: Fragment) -> list[str]:
    own = [name for name in fragment.get("enum", ()) if isinstance(name, str)]
    return own + [name for part in fragment.get("anyOf", ()) for name in _listed(part)]


def quantity(suffixes: Sequence[str], *, low: float | None = None, high: float | None = None) -> Fragment:
    """A number with one of some units; one without (``""`` among them) may be bounded.

    >>> quantity(["ms"])
    {'type': 'string', 'maxLength': 40, 'pattern': '^\\\\s*[+-]?(\\\\d+(_\\\\d+)*...(ms)\\\\s*$'}
    """
    units_ = "|".join(sorted(suffixes, key=len, reverse=True))
    text = {"maxLength": 40, "pattern": f"^\\s*{_NUMBER}\\s*({units_})\\s*$"}
    if "" not in suffixes:
        return {"type": "string", **text}
    ends = {key: end for key, end in (("minimum", low), ("maximum", high)) if end is not None}
    return {"type": ["number", "string"], **text, **ends}


def share(low: float, high: float, *, closed: Literal["low", "high", "none"]) -> Fragment:
    """A share such as ``1%`` or 0.01 between two ends, of which at most one belongs to it."""
    ends = {
        "minimum" if closed == "low" else "exclusiveMinimum": low,
        "maximum" if closed == "high" else "exclusiveMaximum": high,
    }
    return {**quantity(["", "%"]), **ends}


def limit(unit: Unit | None, *, versus: bool = False, signed: bool = False) -> Fragment:
    """A bound in a unit (None: in any); under ``versus`` it may also be relative to the champion.

    What is ``signed`` is a difference, which may be below zero.
    """
    if unit is None:
        return quantity(["", *(suffix for each in Unit for suffix in units.suffixes(each))])
    suffixes = {*units.suffixes(unit), *(("", "pp") if unit in (Unit.NUMBER, Unit.SHARE) else ())}
    ends = {"low": -1.0 if versus or signed else 0.0, "high": 1.0} if unit is Unit.SHARE else {}
    return quantity(sorted(suffixes | ({"%"} if versus else set())), **ends)


def texts(what: str, **more: Any) -> Fragment:
    """One text or more, in a list."""
    return {"type": "array", "items": TEXT, "minItems": 1, "description": what, **more}


def mapping(*required: str, **properties: Fragment) -> Fragment:
    """A mapping with these keys and no others."""
    closed = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**closed, "required": list(required)} if required else closed
