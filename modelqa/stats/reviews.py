"""What people said of rows, some of them several times and not always the same: one answer a row."""

from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]
Floats = NDArray[np.float64]
APPROVED, REJECTED = 0, -1
"""Answers: the prediction is right; it is wrong, and nobody says what is right. From 1 on: what is."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """One answer for each reviewed row.

    ``rows`` are the reviewed rows in order, ``answers`` what was said of them, ``conflicted`` whether
    reviewers differ; ``agreement`` is the share of pairs of reviewers who agree, NaN for fewer than two.
    """

    rows: Codes
    _: KW_ONLY
    answers: Codes
    conflicted: NDArray[np.bool_]
    agreement: Floats


def resolve(rows: Codes, answers: Codes, reviewers: Codes, order: Floats) -> Resolved:
    """One answer a row: the latest of each reviewer counts, the majority wins, a tie goes to the latest.

    All arguments have one entry a review; ``order`` is when it was given, and of two at the same time the
    later entry is the later one.

    >>> found = resolve(*map(np.array, ([7, 7, 7, 9], [1, 0, 0, -1], [5, 6, 5, 5])), np.arange(4.0))
    >>> found.rows.tolist(), found.answers.tolist(), found.conflicted.tolist(), found.agreement.tolist()
    ([7, 9], [0, -1], [False, False], [1.0, nan])
    """
    place = np.lexsort((np.arange(len(rows)), order))
    when = np.empty(len(rows))
    when[place] = np.arange(len(rows))
    kept = _last(np.lexsort((when, reviewers, rows)), rows, reviewers)
    rows, answers, when = rows[kept], answers[kept], when[kept]
    by = np.lexsort((when, answers, rows))
    last = _last(by, rows, answers)
    counts = np.diff(np.concatenate([[-1], np.flatnonzero(np.isin(by, last))]))
    ranked = np.lexsort((when[last], counts, rows[last]))
    won = _last(ranked, rows[last])
    seen, first = np.unique(rows[last], return_index=True)
    reviews = np.add.reduceat(counts, first) if len(seen) else counts
    same = np.add.reduceat(counts * (counts - 1), first) if len(seen) else counts
    with np.errstate(invalid="ignore"):
        agreement = same / np.where(reviews > 1, reviews * (reviews - 1), np.nan)
    conflicted = np.diff(np.append(first, len(last))) > 1
    return Resolved(seen, answers=answers[last][won], conflicted=conflicted, agreement=agreement)


def _last(order: Codes, *keys: Codes) -> Codes:
    """Of entries in an order that keeps equal keys together, the last of each key."""
    if not len(order):
        return order
    changes = np.zeros(len(order), dtype=bool)
    for key in keys:
        changes[:-1] |= key[order][1:] != key[order][:-1]
    changes[-1] = True
    return order[changes]
