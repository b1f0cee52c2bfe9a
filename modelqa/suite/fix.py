"""Spelling in a suite file, repaired: in the text, so that comments and layout stay as they are."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from modelqa.errors import Problem, SuiteError
from modelqa.suite.load import parse, raw_of
from modelqa.suite.nodes import Problems
from modelqa.suite.text import read

RENAMED: Mapping[str, str] = {
    "data": "batch",
    "dataset": "batch",
    "target": "labels",
    "tests": "checks",
    "minimum": "min",
    "maximum": "max",
    "auc": "roc_auc",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "rmse": "root_mean_squared_error",
    "mcc": "matthews_corrcoef",
}
"""Other words for what modelqa calls otherwise."""

MOST_CHANGES = 100
LONG = 8
"""A name this long may be two slips away from what was meant, a shorter one only one."""


@dataclass(frozen=True, slots=True)
class Change:
    """A name that was replaced, and its place."""

    path: Path
    line: int
    column: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.old!r} is now {self.new!r}"


def fix(path: Path, *, environ: Mapping[str, str] = os.environ) -> tuple[Change, ...]:
    """Repair the spelling of a suite file in place; what was changed, in the order of the changes.

    A name is replaced where exactly one known name is near, if that ends the problem and makes no
    other, but for those that stood hidden behind it (an unknown check hides what is wrong inside of
    it). Everything else is left to its author, who is told by `load`.

    Raises `SuiteError` where the file cannot be read, and ``OSError`` where it cannot be written.
    """
    raw = raw_of(path)
    text, changes = repaired(raw.decode("utf-8", "surrogateescape"), path, environ=environ)
    if changes:
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return changes


def repaired(
    text: str, path: Path, *, environ: Mapping[str, str] = os.environ
) -> tuple[str, tuple[Change, ...]]:
    """A suite's text without the slips that can be repaired, and what was changed.

    >>> text = "suite: s\\nbacth: b  # rows\\nchecks: [{errors: rate, mx: 1%}]\\n"
    >>> print(repaired(text, Path("a.suite.yaml"))[0])
    suite: s
    batch: b  # rows
    checks: [{errors: rate, max: 1%}]
    <BLANKLINE>
    """
    problems_of = partial(_problems, path=path, environ=environ)
    changes: list[Change] = []
    while len(changes) < MOST_CHANGES:
        better = _better(text, problems_of)
        if better is None:
            break
        text = better[0]
        changes.append(better[1])
    return text, tuple(changes)


ProblemsOf = Callable[[str], tuple[Problem, ...]]


def _problems(text: str, *, path: Path, environ: Mapping[str, str]) -> tuple[Problem, ...]:
    try:
        parse(text.encode("utf-8", "surrogateescape"), path, environ=environ)
    except SuiteError as error:
        return error.problems
    return ()


def _better(text: str, problems_of: ProblemsOf) -> tuple[str, Change] | None:
    """The text with one slip less; None where there is none that is surely one."""
    before = problems_of(text)
    for slip in _slips(text, before):
        start, change = slip.start, slip.change
        changed = text[:start] + change.new + text[start + len(change.old) :]
        if _is_better(changed, change, before, problems_of(changed)):
            return changed, change
    return None


def _is_better(text: str, change: Change, before: Iterable[Problem], after: Iterable[Problem]) -> bool:
    """Whether all is well where the slip was, and what is new in the list stood hidden behind it."""
    told = {(problem.line, problem.message) for problem in before}
    new = [found for found in after if (found.line, found.message) not in told]
    start, end = _around(text, change)
    return all(start <= (found.line, found.column) < end and not _blames(found, change) for found in new)


def _blames(problem: Problem, change: Change) -> bool:
    """Whether a problem speaks of the very name that a change has put there."""
    here = (problem.line, problem.column) == (change.line, change.column)
    return here and (repr(change.new) in problem.message or problem.message.endswith(f" {change.new}"))


_Position = tuple[int, int]
_END: _Position = (sys.maxsize, 0)


def _around(text: str, change: Change) -> tuple[_Position, _Position]:
    """Where the part of a suite begins and ends that a slip can hide: a key, or an item of its list."""
    root = read(text.removeprefix("\ufeff"), change.path, Problems())
    keys = [(place.line, place.column) for place in root.keys.values()]
    listed = [item.place for _, node in root.items() if node.is_list for item in node.value]
    items = [(place.line, place.column) for place in listed]
    at = (change.line, change.column)
    starts = sorted(keys if at in keys else keys + items)
    start = max((each for each in starts if each <= at), default=at)
    return start, min((each for each in starts if each > start), default=_END)


@dataclass(frozen=True, slots=True)
class _Slip:
    """A change, and where in the text it begins."""

    start: int
    change: Change


def _slips(text: str, problems: Iterable[Problem]) -> Iterable[_Slip]:
    for problem in problems:
        new = nearest(problem.misspelt, problem.known) if problem.misspelt else None
        start = _start(text, problem) if new else None
        if new and start is not None and problem.path:
            old = problem.misspelt
            yield _Slip(start, Change(problem.path, problem.line, problem.column, old, new))


def _start(text: str, problem: Problem) -> int | None:
    """Where a name begins, behind its quote if it has one; None where it does not stand there as such."""
    lines = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
    if not 0 < problem.line <= len(lines):
        return None
    marked = problem.line == 1 and text.startswith("\ufeff")
    start = lines[problem.line - 1] + problem.column - 1 + marked
    quote = text[start : start + 1] if text[start : start + 1] in ("'", '"') else ""
    start += len(quote)
    written = re.escape(problem.misspelt)
    end = re.escape(quote) if quote else r"(?=[\s:,\]}]|\Z)"
    return start if re.compile(written + end).match(text, start) else None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one known name that was surely meant; None where there is none, or more than one.

    >>> nearest("regoin", ["region", "religion"]), nearest("mim", ["min", "max"]), nearest("rmse", ["f1"])
    ('region', 'min', None)
    >>> nearest("mix", ["min", "max"]), nearest("warn_mim", ["warn_min", "warn_max"])
    (None, 'warn_min')
    """
    there = list(dict.fromkeys(known))
    if RENAMED.get(name) in there:
        return RENAMED[name]
    if len(name) > 60:
        return None
    limit = 2 if len(name) >= LONG else 1
    far = {other: _slips_between(_plain(name), _plain(other), limit) for other in there}
    near = min(far.values(), default=limit + 1)
    found = [other for other, slips in far.items() if slips == near]
    return found[0] if near <= limit and len(found) == 1 else None


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def _slips_between(one: str, other: str, limit: int) -> int:
    """How many letters are too many, missing, wrong or swapped; more than `limit` is not counted out.

    >>> _slips_between("bacth", "batch", 2), _slips_between("abc", "xyz", 2)
    (1, 3)
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            swapped = i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b
            steps = [before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)]
            row.append(min([*steps, last[j - 2] + 1] if swapped else steps))
    return min(row[-1], limit + 1)
