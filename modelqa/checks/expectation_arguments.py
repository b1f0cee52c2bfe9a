"""The arguments of an expectation, held against what it takes: what is wrong is said at collection."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any

from modelqa.checks.expectation_names import Expectation
from modelqa.core.check import Complaint

REFUSED = {
    "row_condition": "write the condition as `where:`, in modelqa's own language",
    "condition_parser": "write the condition as `where:`, which needs no parser",
    "result_format": "the result holds counts; `show_values: true` adds offending values",
    "batch_id": "the rows are those of the suite's `batch:`",
    "meta": "leave it out: a comment or `name:` says what a check is for",
    "notes": "leave it out: a comment or `name:` says what a check is for",
    "description": "leave it out: a comment or `name:` says what a check is for",
    "id": "leave it out: `name:` gives a check its id",
    "catch_exceptions": "leave it out: what cannot be evaluated is errored",
    "rendered_content": "leave it out: reports are modelqa's own",
    "windows": "leave it out: bounds that follow earlier runs are not evaluated",
}
"""Arguments that every expectation of the library has and a suite may not set, and what to do instead."""

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def complaints(found: Expectation, arguments: Mapping[str, Any]) -> Iterator[Complaint]:
    """What is wrong with the arguments of an expectation, by argument.

    >>> from modelqa.checks.expectation_names import find
    >>> list(complaints(find("column_values_to_be_unique"), {"column": "id", "mostly": 1.5}))
    [('mostly', 'expected a share from 0 to 1, found 1.5')]
    """
    wrong = list(_each(found, arguments))
    yield from wrong
    absent = [name for name, one in found.arguments.items() if one.required and name not in arguments]
    for name in absent:
        yield None, f"{found.name} needs the argument {name!r}: {KINDS[found.arguments[name].kind][1]}"
    if not wrong and not absent:
        yield from _together(found, arguments)


def _each(found: Expectation, arguments: Mapping[str, Any]) -> Iterator[Complaint]:
    for name, value in arguments.items():
        if name not in found.arguments:
            yield name, _unknown(name, found)
            continue
        fits, expected = _kind(found.arguments[name].kind)
        if not fits(value):
            quotes = "; write it without quotes" if "number" in expected and _is_quoted(value) else ""
            yield name, f"expected {expected}, found {_shown(value)}{quotes}"


def _unknown(name: str, found: Expectation) -> str:
    if name in REFUSED:
        return f"{name} cannot be set: {REFUSED[name]}"
    close = get_close_matches(name, found.arguments, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else f"; it takes {', '.join(found.arguments) or 'none'}"
    return f"{found.name} has no argument {name[:60]!r}{hint}"


def _together(found: Expectation, arguments: Mapping[str, Any]) -> Iterator[Complaint]:
    """What is wrong with values that are right on their own."""
    low, high = arguments.get("min_value"), arguments.get("max_value")
    bounded = "min_value" in found.arguments and "partition_object" not in found.arguments
    if bounded and low is None and high is None:
        yield None, f"{found.name} needs min_value, max_value or both"
    if low is not None and high is not None and is_number(low) == is_number(high) and _above(low, high):
        yield "min_value", f"min_value {low} is above max_value {high}"


def _above(low: Any, high: Any) -> bool:
    return bool(low > high if is_number(low) else moment(low) > moment(high))


def moment(value: str | date) -> datetime:
    """A date, or its ISO text, as a time; one without a zone is taken as UTC.

    >>> moment("2026-01-31").isoformat()
    '2026-01-31T00:00:00+00:00'
    """
    told = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def is_number(value: Any) -> bool:
    """Whether a value is a number; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_limit(value: Any) -> bool:
    """A number or a date; a text of digits only is a number in quotes."""
    if is_number(value):
        return True
    try:
        return isinstance(value, str | date) and not _is_quoted(value) and moment(value) is not None
    except (ValueError, OverflowError):
        return False


def _is_quoted(value: Any) -> bool:
    try:
        return isinstance(value, str) and float(value) is not None
    except ValueError:
        return False


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_regex(value: Any) -> bool:
    try:
        return _is_text(value) and re.compile(value) is not None
    except (re.error, RecursionError, OverflowError):
        return False


def _is_format(value: Any) -> bool:
    """A format that reads back what it writes, which is what the library asks of it."""
    try:
        return _is_text(value) and datetime.strptime(_WRITTEN.strftime(value), value) is not None
    except ValueError:
        return False


_WRITTEN = datetime(2026, 1, 31, 13, 45, 59, tzinfo=UTC)


def _list_of(fits: Callable[[Any], bool], least: int = 1) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list | tuple) and len(value) >= least and all(map(fits, value))


def _are_columns(value: Any) -> bool:
    return _list_of(_is_text, 2)(value) and len(set(value)) == len(value)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2


def _is_range(value: Any) -> bool:
    """Two ends in order; one that is left open is null."""
    if not _is_pair(value) or not all(end is None or is_number(end) for end in value):
        return False
    ends = [end for end in value if end is not None]
    return ends == sorted(ends)


def _are_quantiles(value: Any) -> bool:
    if not isinstance(value, Mapping) or set(value) != {"quantiles", "value_ranges"}:
        return False
    asked, ranges = value["quantiles"], value["value_ranges"]
    return _list_of(_is_share)(asked) and _list_of(_is_range)(ranges) and len(asked) == len(ranges)


def _is_share(value: Any) -> bool:
    return is_number(value) and 0 <= value <= 1


KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "column": (_is_text, "a column"),
    "label": (_is_text, "a column"),
    "columns": (_are_columns, "a list of at least two columns, each once"),
    "share": (_is_share, "a share from 0 to 1"),
    "number": (is_number, "a number"),
    "positive": (lambda value: is_number(value) and value >= 0, "a number that is not negative"),
    "whole": (_is_whole, "a whole number"),
    "limit": (_is_limit, "a number or an ISO date"),
    "flag": (_is_flag, "true or false"),
    "text": (_is_text, "a text"),
    "texts": (_list_of(_is_text), "a list of texts"),
    "regex": (_is_regex, "a regular expression"),
    "regexes": (_list_of(_is_regex), "a list of regular expressions"),
    "format": (_is_format, "a format of dates such as %Y-%m-%d"),
    "list": (_list_of(lambda _: True), "a list of values"),
    "pairs": (_list_of(_is_pair), "a list of pairs such as [[a, 1], [b, 2]]"),
    "mapping": (lambda value: isinstance(value, Mapping) and bool(value), "a mapping"),
    "quantiles": (
        _are_quantiles,
        "as many quantiles from 0 to 1 as ranges: {quantiles: [0.5], value_ranges: [[10, 20]]}",
    ),
    "relative": (
        lambda value: value is False or value in INTERPOLATIONS,
        f"false or one of {', '.join(INTERPOLATIONS)}",
    ),
}
"""What the kinds of the table mean: whether a value is of one, and how a message names it.

A ``label`` is a column that may be missing; a kind that is not listed is the words it allows.
"""


def _kind(kind: str) -> tuple[Callable[[Any], bool], str]:
    words = kind.split("|")
    return KINDS.get(kind) or (lambda value: value in words, f"one of {', '.join(words)}")


def _shown(value: Any) -> str:
    """A value of a suite as a message quotes it: short."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case list() | tuple():
            return "a list" if value else "an empty list"
        case Mapping():
            return "a mapping"
        case str() if not value:
            return "an empty text"
    told = repr(value)
    return told if len(told) <= 60 else f"{told[:57]}..."
