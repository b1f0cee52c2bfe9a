"""A check's values, held against the annotations of its function: strictly, and with a place."""

import inspect
import json
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from modelqa.core.ports import CheckType
from modelqa.suite.nodes import Node, Problems, suggest

if TYPE_CHECKING:
    from pydantic import TypeAdapter

RESERVED = (
    "name",
    "tags",
    "slices",
    "across",
    "versus",
    "min",
    "max",
    "warn_min",
    "warn_max",
    "inconclusive",
    "expect_failure",
)
"""The keys that every check has, so that no check may declare a parameter of these names."""

_WORDS: dict[Any, tuple[str, str]] = {
    str: ("a text", "texts"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("true or false", "truth values"),
    dict: ("a mapping", "mappings"),
    list: ("a list", "lists"),
    tuple: ("a list", "lists"),
    Any: ("any value", "values"),
}
_ABOUT: dict[str, str] = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "none_required": "nothing",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a check function, with what reads a value for it."""

    name: str
    default: Any
    annotation: Any
    adapter: "TypeAdapter[Any]"

    @property
    def required(self) -> bool:
        """Whether a suite must write it."""
        return self.default is inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a check function: the one behind its name, and its keys."""

    main: Parameter | None
    keys: Mapping[str, Parameter]
    open_ended: bool


@lru_cache(maxsize=512)
def parameters(check: CheckType) -> Parameters:
    """What a check's function takes; looked up once per check.

    Raises whatever its annotations raise when they are resolved, and ``TypeError`` where a
    parameter has a reserved name.

    >>> from modelqa.core.ports import check, declared
    >>> @check
    ... def flips(ctx, column: str, *, trials: int = 100): ...
    >>> list(parameters(declared(flips)).keys)
    ['trials']
    """
    main, keys = check.main, check.parameters
    taken = sorted(set(RESERVED) & set(keys))
    if taken:
        raise TypeError(f"its parameter {taken[0]!r} has a name that every check keeps for itself")
    return Parameters(
        None if main is None else _parameter(main),
        {name: _parameter(found) for name, found in keys.items()},
        check.open_ended,
    )


def _parameter(found: inspect.Parameter) -> Parameter:
    from pydantic import TypeAdapter

    annotation = Any if found.annotation is inspect.Parameter.empty else found.annotation
    return Parameter(found.name, found.default, annotation, TypeAdapter(annotation))


def value_of(parameter: Parameter, node: Node, problems: Problems) -> Any:
    """The value for a parameter; where it does not fit, the mistake is noted and None comes back.

    What a file can hold is read by JSON's rules (a list fits a tuple, a date is a text), an
    object from Python as it is.

    >>> from pydantic import TypeAdapter
    >>> from modelqa.suite.nodes import Place
    >>> trials = Parameter("trials", 100, int, TypeAdapter(int))
    >>> problems = Problems()
    >>> value_of(trials, Node("7", Place(trail="trials")), problems)
    >>> print(problems.found[0])
    trials: expected a whole number, found '7'; write it without quotes
    """
    from pydantic import ValidationError

    plain = node.plain()
    try:
        if _has_objects(node):
            return parameter.adapter.validate_python(plain, strict=True)
        return parameter.adapter.validate_json(json.dumps(plain), strict=True)
    except ValidationError as error:
        _explain(error.errors(include_url=False, include_context=False), parameter, node, problems)
    return None


def _has_objects(node: Node) -> bool:
    below: Iterable[Node] = node.value if node.is_list else (item for _, item in node.items())
    return node.is_object or any(map(_has_objects, below))


def _explain(errors: list[Any], parameter: Parameter, node: Node, problems: Problems) -> None:
    """The deepest mistake of a value; of a union, whose every member complains, one sentence."""
    union = get_origin(_bare(parameter.annotation)) in (Union, types.UnionType)
    placed = [(_descend(node, error["loc"]), error) for error in errors]
    deeper = [(at, error) for at, error in placed if at is not node]
    if not deeper:
        error = errors[0]
        told = _ABOUT.get(error["type"]) or error["msg"].removeprefix("Input should be ")
        expected = describe(parameter.annotation) if union or error["type"] == "literal_error" else told
        names = _literals(parameter.annotation)
        problems.add(node.place, _sentence(expected, node, names), node.spelt, names)
        return
    for at, error in deeper:
        expected = _ABOUT.get(error["type"]) or error["msg"].removeprefix("Input should be ")
        problems.add(at.place, _sentence(expected, at, ()))


def _descend(node: Node, steps: Iterable[Any]) -> Node:
    """The node that an error's steps lead to; steps that name a union's member lead nowhere."""
    for step in steps:
        if node.is_list and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif isinstance(step, str):
            node = node.get(step) or node
    return node


def _sentence(expected: str, node: Node, names: tuple[str, ...]) -> str:
    hint = ""
    if isinstance(node.value, str):
        hint = suggest(node.value, names)
        if not hint and "number" in expected and "text" not in expected and _is_number(node.value):
            hint = "; write it without quotes"
    elif isinstance(node.value, bool | int | float) and "text" in expected and not node.written:
        hint = "; put it in quotes"
    return f"expected {expected}, found {node.shown()}{hint}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def describe(annotation: Any) -> str:
    """What an annotation takes, in words.

    >>> describe(str | list[str] | None), describe(Literal["psi", "ks"]), describe(dict[str, int])
    ('a text or a list of texts', "'psi' or 'ks'", 'a mapping')
    """
    annotation = _bare(annotation)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(describe(part) for part in inner if part is not type(None)))
    if origin is Literal:
        return " or ".join(map(repr, inner))
    kind = origin or annotation
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return "a mapping"
    if kind in (list, tuple) and inner:
        return f"a list of {_WORDS.get(inner[0], ('', 'values'))[1]}"
    name = getattr(kind, "__name__", str(kind))
    return _WORDS.get(kind, (f"a value for {name}", ""))[0]


def _literals(annotation: Any) -> tuple[str, ...]:
    """The names that an annotation lists, wherever it lists them."""
    annotation = _bare(annotation)
    if get_origin(annotation) is Literal:
        return tuple(str(name) for name in get_args(annotation))
    return tuple(name for part in get_args(annotation) for name in _literals(part))


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
