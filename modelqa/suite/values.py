"""Readers of single values: each gives the value, or notes the mistake and gives None."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from modelqa.core import units
from modelqa.core.subject import Query
from modelqa.core.units import Unit
from modelqa.suite.nodes import Node, Problems, suggest
from modelqa.suite.spec import ExpectFailure
from modelqa.suite.where import Condition, WhereError, parse

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def text(node: Node, problems: Problems, what: str = "a text") -> str | None:
    """A text that is not empty."""
    value = node.value
    if isinstance(value, str) and value.strip():
        return value
    hint = "; put it in quotes" if isinstance(value, bool | int | float) else ""
    found = node.shown() if not isinstance(value, str) else "an empty text"
    problems.add(node.place, f"expected {what}, found {found}{hint}")
    return None


def texts(node: Node, problems: Problems, what: str) -> tuple[str, ...]:
    """A list of texts that is not empty."""
    if not node.is_list or not node.value:
        found = "an empty list" if node.is_list else node.shown()
        problems.add(node.place, f"expected a list of {what}, found {found}")
        return ()
    read = [text(item, problems, f"one of the {what}") for item in node.value]
    return tuple(name for name in read if name is not None)


def columns(node: Node, problems: Problems) -> tuple[str, ...]:
    """One column, or a list of columns."""
    if node.is_list:
        return texts(node, problems, "columns")
    name = text(node, problems, "a column or a list of columns")
    return (name,) if name else ()


def column(node: Node, problems: Problems) -> str | None:
    """One column."""
    return text(node, problems, "a column")


def one_or_more(node: Node, problems: Problems) -> str | tuple[str, ...] | None:
    """One column as a text, several as a tuple."""
    read = columns(node, problems)
    return read if node.is_list else (read[0] if read else None)


def name(node: Node, problems: Problems) -> str | None:
    """A name that can stand in an id: letters, digits, ``_``, ``.`` and ``-``."""
    read = text(node, problems, "a name")
    if read is not None and not _NAME.fullmatch(read):
        problems.add(
            node.place, f"expected a name of letters, digits, _ . and - (at most 100), found {node.shown()}"
        )
        return None
    return read


def choice(*names: str) -> Callable[[Node, Problems], str | None]:
    """A reader of one of some words."""

    def read(node: Node, problems: Problems) -> str | None:
        if isinstance(node.value, str) and node.value in names:
            return node.value
        close = suggest(node.value, names) if isinstance(node.value, str) else ""
        told = f"expected {' or '.join(names)}, found {node.shown()}{close}"
        problems.add(node.place, told, node.spelt, names)
        return None

    return read


def condition(node: Node, problems: Problems) -> Condition | None:
    """A condition, parsed; a mistake in it has the place of its character where that is known."""
    written = text(node, problems, "a condition such as tenure < 3")
    if written is None:
        return None
    try:
        return parse(written)
    except WhereError as error:
        place = node.place if node.skip is None else node.place.after(node.skip + error.offset)
        problems.add(place, f"where: {error}")
    return None


def each(
    node: Node, read: Callable[[Node, Problems], T | None], problems: Problems, what: str
) -> tuple[T, ...]:
    """The items of a list, each read alike."""
    if not node.is_list:
        problems.add(node.place, f"expected a list of {what}, found {node.shown()}")
        return ()
    found = [read(item, problems) for item in node.value]
    return tuple(item for item in found if item is not None)


def flag(node: Node, problems: Problems) -> bool | None:
    """True or false."""
    if isinstance(node.value, bool):
        return node.value
    problems.add(node.place, f"expected true or false, found {node.shown()}")
    return None


def known(node: Node, keys: Sequence[str], problems: Problems, what: str) -> None:
    """Note the keys of a mapping that nobody reads."""
    for key, place in node.keys.items():
        if key not in keys and node.get(key) is not None:
            close = suggest(key, tuple(keys)) or f"; {what} has {', '.join(keys)}"
            told = f"unknown key {key!r}{close}" if len(key) <= 60 else "unknown key"
            problems.add(place, told, key, keys)


def source(what: str) -> Callable[[Node, Problems], Any]:
    """A reader of a path or a name, or of an object from Python."""

    def read(node: Node, problems: Problems) -> Any:
        if node.is_object or isinstance(node.value, Path):
            return node.value
        return text(node, problems, what)

    return read


_COMMENTS = r"(?:\s|--[^\n]*\n|/\*(?:(?!\*/).)*\*/)*"
_QUERY = re.compile(_COMMENTS + r"(?:(?:select|with|values|table|from)\b|\()", re.IGNORECASE | re.DOTALL)


def rows(node: Node, problems: Problems) -> Any:
    """A path or an address of rows, a query of a database, or an object from Python."""
    if not node.is_mapping:
        return source("a path, or {sql: SELECT ..., url: ...}")(node, problems)
    keys = ("sql", "url")
    known(node, keys, problems, "a query")
    for key in keys:
        if node.get(key) is None:
            problems.add(node.place, f"a query needs the key {key!r}: {{sql: SELECT ..., url: ...}}")
    sql, url = (text(found, problems) if (found := node.get(key)) else None for key in keys)
    if sql is not None and not _QUERY.match(sql):
        problems.add(node.value["sql"].place, "expected a query that begins with SELECT or WITH")
    return Query(sql, url=url) if sql and url else None


def scalar(node: Node, problems: Problems) -> Any:
    """A text, a number or a truth value."""
    if isinstance(node.value, str | int | float):
        return node.value
    problems.add(node.place, f"expected a text, a number or a truth value, found {node.shown()}")
    return None


def truth(node: Node, problems: Problems) -> bool | None:
    """True or false."""
    if isinstance(node.value, bool):
        return node.value
    problems.add(node.place, f"expected true or false, found {node.shown()}")
    return None


def seconds(node: Node, problems: Problems) -> float | None:
    """A time with its unit, such as ``2 s``."""
    try:
        return units.read(node.value, Unit.SECONDS)
    except (ValueError, OverflowError):
        problems.add(node.place, f"expected a time such as 2 s or 500 ms, found {node.shown()}")
    return None


def interval(node: Node, problems: Problems) -> float | None:
    """A time for people's affairs, such as ``1 d``."""
    try:
        return units.read(node.value, Unit.SECONDS)
    except (ValueError, OverflowError):
        problems.add(node.place, f"expected a time such as 12 h or 1 d, found {node.shown()}")
    return None


def trust(node: Node, problems: Problems) -> Any:
    """``registry``, ``none``, or a list of digests."""
    if node.is_list:
        return each(node, _digest, problems, "digests")
    if node.value in ("registry", "none"):
        return node.value
    problems.add(node.place, f"expected registry, none or a list of digests, found {node.shown()}")
    return None


def _digest(node: Node, problems: Problems) -> str | None:
    if isinstance(node.value, str) and _DIGEST.fullmatch(node.value):
        return node.value
    problems.add(node.place, f"expected a digest such as sha256:<64 hex digits>, found {node.shown()}")
    return None


def expect_failure(node: Node, problems: Problems) -> ExpectFailure | None:
    """A reason and a date, both required."""
    if not node.is_mapping:
        problems.add(node.place, f"expected {{reason: ..., until: 2030-01-31}}, found {node.shown()}")
        return None
    known(node, ("reason", "until"), problems, "expect_failure")
    for key in ("reason", "until"):
        if node.get(key) is None:
            problems.add(node.place, f"expect_failure needs {key!r}: {{reason: ..., until: 2030-01-31}}")
    reason, until = node.get("reason"), node.get("until")
    why = text(reason, problems, "a reason") if reason else None
    day = _day(until, problems) if until else None
    return ExpectFailure(why, day) if why and day else None


def _day(node: Node, problems: Problems) -> date | None:
    if type(node.value) is date:
        return node.value
    try:
        if isinstance(node.value, str) and len(node.value) == len("2030-01-31"):
            return date.fromisoformat(node.value)
    except ValueError:
        pass
    problems.add(node.place, f"expected a date such as 2030-01-31, found {node.shown()}")
    return None
