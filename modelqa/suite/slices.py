"""The slices of a suite, read: by column, crossed, in bins or by condition; every mistake noted."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from modelqa.suite import values
from modelqa.suite.nodes import Node, Problems
from modelqa.suite.spec import SliceSpec

MOST_SLICES = 100
"""A definition that comes to more slices than this is none: see `run.slices`."""
_LARGEST = 1e300
_OF_COLUMNS: Mapping[str, str] = {
    "bins": "cuts a column of numbers",
    "values": "names values of a column",
    "min_rows": "puts small slices of columns together",
}


def slices(node: Node, problems: Problems) -> tuple[SliceSpec, ...]:
    """The slice definitions of a suite, each under a name of its own."""
    read = values.each(node, _slice, problems, "slices")
    seen: set[str] = set()
    for spec in read:
        if spec.name in seen:
            problems.add(spec.place, f"a second slice is called {spec.name!r}: give it another name")
        if spec.name == "all":
            problems.add(spec.place, "a slice cannot be called all: the word stands for every slice")
        seen.add(spec.name)
    return read


def names(node: Node | None) -> tuple[str, ...]:
    """The names of all slices, those with mistakes included, so that one mistake is told once."""
    if node is None or not node.is_list:
        return ()
    named = (item.get("name") if item.is_mapping else item for item in node.value)
    return tuple(found.value for found in named if found is not None and isinstance(found.value, str))


def _slice(node: Node, problems: Problems) -> SliceSpec | None:
    if not node.is_mapping:
        name = values.text(node, problems, "a column, or {name: ..., where: ...}")
        return SliceSpec(name, columns=(name,), place=node.place) if name else None
    values.known(node, ("name", "where", "columns", *_OF_COLUMNS), problems, "a slice")
    named, where, columns = node.get("name"), node.get("where"), node.get("columns")
    if named is None:
        problems.add(node.place, "a slice needs a name: {name: ..., where: ...}")
    if (where is None) == (columns is None):
        problems.add(
            node.place, "a slice needs either where or columns: {name: newcomers, where: tenure < 3}"
        )
        return None
    name = values.text(named, problems, "a name") if named else None
    condition = values.condition(where, problems) if where else None
    read = values.columns(columns, problems) if columns else ()
    cut = {} if where else _cut(node, len(read), problems)
    for key in _OF_COLUMNS if where else ():
        if node.get(key) is not None:
            problems.add(
                node.keys[key], f"{key} {_OF_COLUMNS[key]}, and where makes one slice: leave out {key}"
            )
    return SliceSpec(name, columns=read, where=condition, place=node.place, **cut) if name else None


def _cut(node: Node, columns: int, problems: Problems) -> dict[str, Any]:
    """How the values of columns become slices, as far as it is written."""
    readers = {"bins": _bins, "values": _values, "min_rows": _min_rows}
    written = {key: found for key in readers if (found := node.get(key)) is not None}
    for key in ("bins", "values"):
        if key in written and columns > 1:
            problems.add(node.keys[key], f"{key} is of one column, found {columns} columns")
    if "bins" in written and "values" in written:
        problems.add(node.keys["values"], "bins have no values: write one of both")
    read = {key: readers[key](found, problems) for key, found in written.items()}
    return {key: value for key, value in read.items() if value is not None}


def _bins(node: Node, problems: Problems) -> int | tuple[float, ...] | None:
    """A number of bins, or the edges between them from low to high."""
    if node.is_list:
        return _edges(node, problems)
    if type(node.value) is int and 2 <= node.value <= MOST_SLICES:
        return node.value
    example = "such as [18, 40, 65]"
    problems.add(
        node.place,
        f"expected edges {example}, or a number of bins from 2 to {MOST_SLICES}, found {node.shown()}",
    )
    return None


def _edges(node: Node, problems: Problems) -> tuple[float, ...] | None:
    if not 1 <= len(node.value) < MOST_SLICES:
        problems.add(node.place, f"expected 1 to {MOST_SLICES - 1} edges, found {len(node.value)}")
        return None
    wrong = [item for item in node.value if not _is_number(item.value)]
    for item in wrong:
        problems.add(item.place, f"expected a number as an edge, found {item.shown()}")
    if wrong:
        return None
    for lower, upper in pairwise(node.value):
        if not lower.value < upper.value:
            problems.add(
                upper.place, f"edges go from low to high: {upper.shown()} stands after {lower.shown()}"
            )
            return None
    return tuple(float(item.value) for item in node.value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def _values(node: Node, problems: Problems) -> tuple[Any, ...] | None:
    if not node.is_list or not node.value:
        found = "an empty list" if node.is_list else node.shown()
        problems.add(node.place, f"expected a list of values that must occur, found {found}")
        return None
    return values.each(node, values.scalar, problems, "values")


def _min_rows(node: Node, problems: Problems) -> int | None:
    if type(node.value) is int and node.value >= 1:
        return node.value
    problems.add(node.place, f"expected a number of rows, such as 100, found {node.shown()}")
    return None
