"""Bins that the reference fixes, sparse cells put together, and shares for reports to draw."""

from collections.abc import Sequence
from itertools import pairwise
from math import floor, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.stats.loose import Order, ordered
from modelqa.stats.tally import FEW

Floats = NDArray[np.float64]

_CATEGORIES = 20
"""Evidently takes a column of no more distinct values for categories; a report shows no more."""


def quantile_edges(reference: Order, parts: int = 10) -> Floats:
    """The upper edges of bins that hold about equal parts of the reference's rows.

    Every edge is a value of the reference and belongs to the bin below it; the bins are open at both
    ends. Tied edges collapse. Where the smallest value fills a bin, what lies below it has its own.

    >>> quantile_edges(ordered(np.arange(1.0, 101.0))).tolist()
    [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]
    """
    ranks = np.ceil(np.arange(1, parts) * reference.rows / parts).astype(int) - 1
    edges = np.unique(reference.quantiles(np.maximum(ranks, 0)))
    if edges[0] > reference.lowest or edges[0] == -np.inf:
        return edges
    with np.errstate(over="ignore", under="ignore"):
        return np.append(np.nextafter(edges[0], -np.inf), edges)


def evidently_edges(reference: Floats, batch: Floats) -> Floats:
    """The upper edges of Evidently's bins: equal widths over both samples (Sturges), or distinct values.

    >>> evidently_edges(np.array([0.0, 1.0, 1.0]), np.array([2.0])).tolist()
    [0.0, 1.0]
    """
    both = np.concatenate([reference, batch])
    return np.unique(both)[:-1] if len(np.unique(reference)) <= _CATEGORIES else sturges_edges(both)


def sturges_edges(values: Floats) -> Floats:
    """The inner edges of log2(n) + 1 bins of equal width (Sturges 1926), each just below numpy's.

    A bin of numpy's holds its lower edge, one of ours its upper.

    >>> sturges_edges(np.array([0.0, 1.0, 2.0, 3.0])).round(6).tolist()
    [1.0, 2.0]
    """
    try:
        edges: Floats = np.histogram_bin_edges(values, bins="sturges")
    except ValueError:  # numpy's, where the values are too close together for so many bins
        return np.unique(values)[:-1]
    return np.nextafter(edges[1:-1], -np.inf)


def count(rows: Order, edges: Floats) -> NDArray[np.int64]:
    """How many rows lie in each bin: at or below each edge, and above all.

    >>> count(ordered(np.array([1.0, 2.0, 2.0, 9.0])), np.array([1.0, 2.0])).tolist()
    [1, 2, 1]
    """
    return np.diff(rows.upto(edges), prepend=0, append=rows.rows)


def together(reference: Floats, batch: Floats, least: float, *, given: bool = False) -> tuple[Floats, Floats]:
    """Counts with sparse cells put together, so that either sample expects `least` rows in each.

    Who goes with whom is read off the sum of both samples, as a test of identity allows; off the
    reference alone where its counts are `given` (bins between its quantiles), since their sum would then
    tell the batch's. A divergence cannot grow by it (data processing inequality).

    >>> a, b = together(np.array([900.0, 60, 2, 38]), np.array([90.0, 6, 0, 4]), 5)
    >>> a.tolist(), b.tolist()
    ([100.0, 900.0], [10.0, 90.0])
    """
    key = reference if given else reference + batch
    expected = key * min(reference.sum(), batch.sum()) / key.sum()
    order = np.argsort(expected, kind="stable")
    starts, held = [0], 0.0
    for place, rows in enumerate(expected[order].tolist()):
        if held >= least:
            starts.append(place)
            held = 0.0
        held += rows
    if held < least and len(starts) > 1:
        starts.pop()
    return np.add.reduceat(reference[order], starts), np.add.reduceat(batch[order], starts)


def numeric_shares(reference: Floats | Order, batch: Floats | Order, bins: int = 20) -> dict[str, Any]:
    """Two samples as shares of rows in bins of equal width over the bulk of the reference.

    The first and the last bin hold what lies outside the reference's 0.1% and 99.9% quantiles as well.
    Edges and quantiles are told to a thousandth of their range, so that none is the value of a row.
    ``edges`` has one entry more than the lists of shares; without rows the lists are empty. ``quantiles``
    are five numbers of each sample (see `five`), ``changed`` says in words which bin changed most.

    >>> numeric_shares(np.array([0.0, 1.0]), np.array([0.2, 0.3]), bins=2)["batch"]
    [1.0, 0.0]
    """
    before, after = ordered(reference), ordered(batch)
    known = before.finite()
    if not known.rows:
        return {"labels": [], "edges": [], "reference": [], "batch": [], "quantiles": {}, "changed": ""}
    cut = int(0.001 * (known.rows - 1))
    low, high = known.quantiles(np.array([cut, known.rows - 1 - cut])).tolist()
    steps = np.linspace(0.0, 1.0, bins + 1) if low < high else np.array([0.0, 1.0])
    edges = np.maximum.accumulate(np.clip(low * (1 - steps) + high * steps, low, high))
    told = _told(edges.tolist())
    labels = [f"{a:.4g} to {b:.4g}" for a, b in pairwise(told)]
    old, new = (_shares(count(side, edges[1:-1])) for side in (before, after))
    return {
        "labels": labels,
        "edges": told,
        "reference": old,
        "batch": new,
        "quantiles": {"reference": _told(five(before)), "batch": _told(five(after))},
        "changed": changed(labels, old, new),
    }


def _told(values: Sequence[float]) -> list[float]:
    """Rising values rounded to less than a thousandth of their range; of a constant as they are."""
    span = values[-1] - values[0] if values else 0.0
    if not 0 < span < 1e300:  # rounding such a number up would be too much for it
        return [float(value) for value in values]
    digits = -floor(log10(span) - 3)
    return [round(float(value), digits) for value in values]


def five(rows: Order) -> list[float]:
    """The 5%, 25%, 50%, 75% and 95% quantiles of rows; none of rows that are not finite.

    No smallest and no largest value: those are a single row's own.

    >>> five(ordered(np.arange(101.0)))
    [5.0, 25.0, 50.0, 75.0, 95.0]
    """
    known = rows.finite()
    if not known.rows:
        return []
    ranks = np.array([0.05, 0.25, 0.5, 0.75, 0.95]) * (known.rows - 1)
    found: list[float] = known.quantiles(np.round(ranks).astype(np.intp)).tolist()
    return found


def changed(labels: Sequence[str], before: Sequence[float], after: Sequence[float]) -> str:
    """What share changed most, in words; "" where none did.

    >>> changed(["a", "b", "c"], [0.5, 0.3, 0.2], [0.1, 0.4, 0.5])
    'a: 50.0% -> 10.0%'
    """
    gaps = np.abs(np.array(after) - np.array(before))
    if not gaps.size or not gaps.max() > 0:
        return ""
    most = int(gaps.argmax())
    return f"{labels[most]}: {before[most]:.1%} -> {after[most]:.1%}"


def categorical_shares(
    names: Sequence[str], reference_counts: NDArray[Any], batch_counts: NDArray[Any]
) -> dict[str, Any]:
    """The shares of the 20 most frequent categories in both samples, and of all others together.

    No category is named that fewer than five rows of each sample hold: it might tell who they are.

    >>> shares = categorical_shares(["a", "b", "c"], np.array([10, 30, 0]), np.array([19, 20, 1]))
    >>> shares["labels"], shares["reference"], shares["changed"]
    (['b', 'a', '1 other'], [0.75, 0.25, 0.0], 'b: 75.0% -> 50.0%')
    """
    shares = np.array([_shares(reference_counts), _shares(batch_counts)]).reshape(2, -1)
    order = np.argsort(-shares.sum(axis=0), kind="stable")
    often = np.maximum(reference_counts, batch_counts)[order] >= FEW
    top = order[often][:_CATEGORIES]
    rest = np.setdiff1d(order, top)
    shown = shares[:, top].tolist()
    labels = [str(names[place]) for place in top]
    if len(rest):
        labels.append("1 other" if len(rest) == 1 else f"{len(rest)} others")
        shown = [[*row, float(shares[at, rest].sum())] for at, row in enumerate(shown)]
    told = changed(labels, shown[0], shown[1])
    return {"labels": labels, "reference": shown[0], "batch": shown[1], "changed": told}


def _shares(counts: NDArray[Any]) -> list[float]:
    total = counts.sum()
    return (counts / total if total else np.zeros(len(counts))).tolist()
