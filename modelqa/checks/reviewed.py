"""A table of what people said of predictions, beside the rows that it speaks of."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.checks.codes import apart, coded, plain
from modelqa.core.ports import Column, Table
from modelqa.core.signature import ColumnKind
from modelqa.errors import CheckError
from modelqa.stats.reviews import APPROVED, REJECTED, Resolved, resolve

Codes = NDArray[np.intp]
_EXACT = 2.0**53
WORDS: Mapping[str, int] = {
    **dict.fromkeys(
        ("approve", "approved", "accept", "accepted", "ok", "right", "yes", "true", "1"), APPROVED
    ),
    **dict.fromkeys(("reject", "rejected", "wrong", "no", "false", "0"), REJECTED),
    **dict.fromkeys(("corrected", "correction", "edit", "edited"), REJECTED),
}
"""Verdicts as people write them; "correct" is none, for it may praise or ask for a correction."""


@dataclass(frozen=True, slots=True)
class Names:
    """The columns of a table of reviews; ``on`` is the batch's, and the table's too where ``row`` is None."""

    on: str
    _: KW_ONLY
    row: str | None = None
    verdict: str = "verdict"
    correction: str = "correction"
    reviewer: str = "reviewer"
    time: str = "time"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One answer a row; answers from 1 on are places in ``corrections``, less 1.

    ``reviews`` is how many there are, ``strangers`` how many of them speak of other rows, ``silent`` how many
    say nothing, ``reviewers`` how many people there are (0: nobody says who).
    """

    resolved: Resolved
    _: KW_ONLY
    corrections: tuple[Any, ...]
    reviews: int
    strangers: int
    silent: int
    reviewers: int

    @property
    def note(self) -> str:
        """How the answers came about."""
        told = {
            "reviewed rows": len(self.resolved.rows),
            "reviews": self.reviews,
            "reviewers": self.reviewers,
            "contradictory rows (majority, then the latest)": int(self.resolved.conflicted.sum()),
            "reviews of other rows": self.strangers,
            "reviews without a verdict": self.silent,
        }
        return "; ".join(f"{what}: {count:,}" for what, count in told.items() if count)


def reviewed(batch: Table, table: Table, names: Names) -> Reviewed:
    """Resolve a table of reviews of the rows of a batch.

    A correction is an answer of its own; else the verdict is (see `WORDS`). Raises `CheckError` where a
    column is missing, a verdict is none of the words, or a row's name is not its own.
    """
    rows = _places(_column(batch, names.on), _column(table, names.row or names.on), batch.info.name)
    answers, corrections = _answers(table, names)
    here, silent = rows >= 0, answers == _SILENT
    used = np.flatnonzero(here & ~silent)
    who = table.column(names.reviewer) if names.reviewer in table.kinds else None
    people = np.arange(table.rows) if who is None else apart(coded(who)[1])
    when = np.zeros(table.rows) if names.time not in table.kinds else _times(table.column(names.time))
    return Reviewed(
        resolve(rows[used], answers[used], people[used], when[used]),
        corrections=corrections,
        reviews=len(used),
        strangers=int(np.count_nonzero(~here)),
        silent=int(np.count_nonzero(here & silent)),
        reviewers=0 if who is None else len(np.unique(people[used])),
    )


_SILENT, _NO_WORD = -2, -3


def _answers(table: Table, names: Names) -> tuple[Codes, tuple[Any, ...]]:
    """The answer of each review, and the corrections that answers from 1 on stand for."""
    there = [name for name in (names.verdict, names.correction) if name in table.kinds]
    if not there:
        raise CheckError(
            f"{table.info.name} has neither a column {names.verdict!r} nor one {names.correction!r}; "
            f"it has {_listed(table)}"
        )
    answers = np.full(table.rows, _SILENT, dtype=np.intp)
    corrections: tuple[Any, ...] = ()
    if names.verdict in there:
        words, codes = _written(table.column(names.verdict))
        known = [WORDS.get(plain(value).strip().lower(), _NO_WORD) for value in words]
        answers = np.array([*known, _SILENT], dtype=np.intp)[codes]
    if names.correction in there:
        corrections, codes = _written(table.column(names.correction))
        answers = np.where(codes < 0, answers, codes + 1)
    wrong = int(np.count_nonzero(answers == _NO_WORD))
    if wrong:
        raise CheckError(
            f"{table.info.name}: column {names.verdict!r} holds no verdict in {wrong:,} of "
            f"{table.rows:,} rows; expected one of {', '.join(sorted(WORDS))}"
        )
    return answers, corrections


def _written(column: Column) -> tuple[tuple[Any, ...], Codes]:
    """Distinct values and codes, as `coded` has them; a text of blanks says nothing."""
    distinct, codes = coded(column)
    blank = np.array([*(isinstance(value, str) and not value.strip() for value in distinct), False])
    return distinct, np.where(blank[codes], -1, codes)


def _places(batch: Column, reviews: Column, name: str) -> Codes:
    """The row of the batch that each review speaks of; -1 for none."""
    if batch.missing.all() or reviews.missing.all():
        return np.full(len(reviews.values), -1)
    ours, theirs = _comparable(batch, reviews)
    known = np.flatnonzero(~batch.missing)
    order = known[np.argsort(ours[known], kind="stable")]
    ordered = ours[order]
    repeated = int(np.count_nonzero(ordered[1:] == ordered[:-1]))
    if repeated:
        raise CheckError(
            f"{name}: column {batch.name!r} does not name rows: in {repeated:,} rows it repeats a value; "
            "expected another one in each"
        )
    at = np.minimum(np.searchsorted(ordered, theirs), len(ordered) - 1)
    return np.where((ordered[at] == theirs) & ~reviews.missing, order[at], -1)


def _comparable(one: Column, other: Column) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both as numbers of one list of values, or as they are; a number beside texts is the text of it."""
    sides = one, other
    if not any(each.categories or each.kind is ColumnKind.OTHER for each in sides):
        if one.kind != other.kind and any(_beyond(each) for each in sides):
            raise CheckError(
                f"columns {one.name!r} and {other.name!r} hold {one.dtype} and {other.dtype}, and "
                "numbers from 2^53 on, which floats cannot tell apart; write both as texts"
            )
        return one.values, other.values
    (left, ours), (right, theirs) = coded(one), coded(other)
    names = [[plain(value) for value in side] for side in (left, right)]
    codes = {name: code for code, name in enumerate(dict.fromkeys((*names[0], *names[1])))}
    places = [np.array([*(codes[name] for name in side), -1], dtype=np.intp) for side in names]
    return places[0][ours], places[1][theirs]


def _beyond(column: Column) -> bool:
    """Whether there are numbers that a float does not tell from the next."""
    return bool((np.abs(column.values[~column.missing].astype(np.float64)) >= _EXACT).any())


def _times(column: Column) -> NDArray[np.float64]:
    """When each review was given; text is in the order of its letters, as ISO dates are."""
    values, codes = coded(column)
    order = np.argsort(np.argsort(np.array(values))) if column.categories else np.array(values)
    return np.append(order.astype(np.float64), -np.inf)[codes]


def _column(table: Table, name: str) -> Column:
    if name not in table.kinds:
        raise CheckError(f"{table.info.name} has no column {name!r}; it has {_listed(table)}")
    return table.column(name)


def _listed(table: Table) -> str:
    return ", ".join(list(table.kinds)[:20])
