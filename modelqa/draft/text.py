"""YAML that a person would have written: short values, and a comment behind each that was found."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

WIDTH = 108
LONGEST = 200
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?: [A-Za-z0-9_-]+)*")
_SOURCE = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@:*-]*[A-Za-z0-9_/]")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""Words that some reader of YAML takes for a truth value."""


def scalar(value: Any) -> str:
    """A value as YAML 1.2, in quotes where a reader of any version might take it for another.

    >>> scalar("basic"), scalar("no"), scalar("1.5"), scalar(0.9), scalar(True)
    ('basic', '"no"', '"1.5"', '0.9', 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else repr(value)
    text = str(value)
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def source(text: str) -> str:
    """A path or a name of a model, without quotes where it can do without.

    >>> source("models:/churn@challenger"), source("new rows.csv")
    ('models:/churn@challenger', '"new rows.csv"')
    """
    plain = _SOURCE.fullmatch(text) and text.lower() not in _WORDS and not _is_number(text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return bool(re.fullmatch(r"0[ox][0-9a-fA-F]+|[0-9:._-]+", text))
    return True


def flow(value: Any) -> str:
    """A value on one line.

    >>> flow({"type": "text", "in": ["a", "no"]})
    '{type: text, in: [a, "no"]}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return str(value) if isinstance(value, Written) else scalar(value)


class Written(str):
    """A value that is written as it is: a number with its unit, such as 40 ms."""

    __slots__ = ()


def writable(text: str) -> bool:
    """Whether a suite can hold this text, as a name or as a value.

    >>> writable("mean radius"), writable("a\\x00b"), writable("${HOME}")
    (True, False, False)
    """
    return 0 < len(text) <= LONGEST and text.isprintable() and "${" not in text and text.strip() == text


def comment(text: str) -> str:
    """A text as one comment; what cannot be printed is a question mark.

    >>> comment("two\\nlines")
    '# two lines'
    """
    plain = "".join(each if each.isprintable() else "?" for each in " ".join(text.split()))
    return f"# {plain}"


def wrapped(text: str, indent: str = "") -> list[str]:
    """A text as comment lines of bearable length."""
    lines, line = [], ""
    for word in comment(text)[2:].split(" "):
        if line and len(indent) + len(line) + len(word) + 3 > WIDTH:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else word
    return [f"{indent}# {each}" for each in [*lines, line]]


@dataclass(frozen=True, slots=True)
class Block:
    """One check as lines of a suite; or, where it is left out, the comment that says why.

    ``what`` is how people call it.
    """

    what: str
    _: KW_ONLY
    lines: tuple[str, ...]
    left_out: str = ""

    @classmethod
    def of(cls, what: str, keys: Mapping[str, Any], notes: Mapping[str, str] | None = None) -> "Block":
        """A check from its keys, the first of which is its kind, with a note behind some of them.

        >>> print(*Block.of("auc", {"metric": "roc_auc", "min": 0.9}, {"min": "0.914"}).lines, sep="\\n")
          - metric: roc_auc
            min: 0.9  # 0.914
        """
        lines: list[str] = []
        for key, value in keys.items():
            start = f"{'    ' if lines else '  - '}{key}: "
            note = f"  {comment(notes[key])}" if notes and notes.get(key) else ""
            lines += _folded(start, value, note)
        return cls(what, lines=tuple(lines))

    def without(self, reason: str) -> "Block":
        """The same check, left out."""
        return dropped(self.what, reason)


def dropped(what: str, reason: str) -> Block:
    """A check that is left out, and why."""
    lines = tuple(wrapped(f"Left out: {what} ({reason})", "  "))
    return Block(what, lines=lines, left_out=reason)


def _folded(start: str, value: Any, note: str) -> list[str]:
    """A key with its value, a long list on several lines."""
    line = f"{start}{flow(value)}"
    if not isinstance(value, list) or len(line) <= WIDTH:
        return [line + note]
    return [f"{start}[{note}", *_items(value), "    ]"]


def _items(values: Sequence[Any]) -> Iterable[str]:
    line = "     "
    for value in values:
        part = f" {flow(value)},"
        if len(line) + len(part) > WIDTH:
            yield line
            line = "     "
        line += part
    yield line
