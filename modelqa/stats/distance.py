"""Drift distances between a reference and a batch, by Evidently's names, each with an honest interval.

What is returned is the distance of the samples, at every sample size, between two ends for the true one. A
distance between samples is biased upwards, so its low end (which turns `max` red) is 0 unless identity is
rejected, and has the bias removed; how is told at each distance. All of it is analytic: nothing is drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.bins import (
    categorical_shares,
    count,
    evidently_edges,
    numeric_shares,
    quantile_edges,
    sturges_edges,
)
from modelqa.stats.divergence import DIVERGENCES, divergence, total_variation
from modelqa.stats.ecdf import kolmogorov_smirnov
from modelqa.stats.loose import Order, ordered
from modelqa.stats.wasserstein import wasserstein

__all__ = ["METHODS", "Method", "categorical", "categorical_shares", "numeric", "numeric_shares"]

Floats = NDArray[np.float64]

_OUTSIDE = 0.001
"""So large a share of the batch outside the reference's range is worth a note."""


@dataclass(frozen=True, slots=True)
class Method:
    """A distance and the kinds of columns that it measures."""

    name: str
    numeric: bool
    categorical: bool


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "wasserstein": Method("wasserstein", numeric=True, categorical=False),
        "ks": Method("ks", numeric=True, categorical=False),
        "TVD": Method("TVD", numeric=True, categorical=True),
        **{name: Method(name, numeric=True, categorical=True) for name in DIVERGENCES},
    }
)


def numeric(
    method: str,
    reference: Floats | Order,
    batch: Floats | Order,
    levels: Levels,
    _rng: np.random.Generator | None = None,
    *,
    exact: bool = False,
) -> tuple[Estimate, str]:
    """The distance of a column of numbers from its reference, and what a reader must know about it.

    Missing values (NaN) are left out. All but ``wasserstein`` and ``ks`` count rows in ten bins between the
    reference's deciles, open at both ends. ``exact`` gives the numbers of scipy and Evidently instead:
    Wasserstein without clipping, bins of equal width over both samples. Sides without rows: undefined.
    Samples that were binned by the same edges (`ranked.Ranked`) are measured alike; not ``exact``, then.

    Raises ``KeyError`` for an unknown method and ``ValueError`` for one that does not measure numbers.

    >>> values, levels = np.linspace(0, 1, 5000), Levels(alpha=1e-4, beta=0.05, reds="low")
    >>> moved, note = numeric("psi", values, values + 0.2, levels)
    >>> moved.low > 0.2, note
    (True, "20.0% of rows outside the reference's range")
    """
    if not METHODS[method].numeric:
        raise ValueError(f"{method} does not measure columns of numbers")
    before, after = ordered(reference), ordered(batch)
    empty = _empty(before.rows, after.rows)
    if empty:
        return Estimate.undefined(n=after.rows), empty
    if method == "wasserstein":
        estimate = wasserstein(before.ranked, after.ranked, levels, exact=exact)
    elif method == "ks":
        estimate = kolmogorov_smirnov(before.ranked, after.ranked, levels)
    else:
        edges = _edges(method, before, after, exact=exact)
        counts = count(before, edges), count(after, edges)
        estimate = _counted(method, *counts, levels, given=not exact, exact=exact)
    return estimate, _notes(_constant_note(before), _outside_note(before, after), _few(before, after))


def categorical(
    method: str,
    reference_counts: NDArray[Any],
    batch_counts: NDArray[Any],
    levels: Levels,
    _rng: np.random.Generator | None = None,
    *,
    exact: bool = False,
) -> tuple[Estimate, str]:
    """The distance of a column of categories from its reference, and what a reader must know about it.

    Counts are aligned, one entry a category of either side. ``exact`` fills empty cells as Evidently does.
    Sides without rows: undefined.

    Raises ``KeyError`` for an unknown method and ``ValueError`` for one that does not measure categories.

    >>> levels = Levels(alpha=1e-4, beta=0.05, reds="low")
    >>> same, note = categorical("jensenshannon", np.array([900, 100, 0]), np.array([91, 8, 1]), levels)
    >>> same.low, note
    (0.0, '1 category is new')
    """
    if not METHODS[method].categorical:
        raise ValueError(f"{method} does not measure columns of categories")
    before, after = np.asarray(reference_counts, dtype=np.int64), np.asarray(batch_counts, dtype=np.int64)
    empty = _empty(before.sum(), after.sum())
    if empty:
        return Estimate.undefined(n=int(after.sum())), empty
    new = int(np.count_nonzero((before == 0) & (after > 0)))
    note = f"{new} {'category is' if new == 1 else 'categories are'} new" if new else ""
    kept = (before > 0) | (after > 0)
    return _counted(method, before[kept], after[kept], levels, given=False, exact=exact), note


def _counted(
    method: str,
    before: NDArray[np.int64],
    after: NDArray[np.int64],
    levels: Levels,
    *,
    given: bool,
    exact: bool,
) -> Estimate:
    if method == "TVD":
        return total_variation(before, after, levels)
    return divergence(method, before, after, levels, given=given, exact=exact)


def _edges(method: str, before: Order, after: Order, *, exact: bool) -> Floats:
    if not exact:
        return quantile_edges(before)
    ours, theirs = before.ranked.values, after.ranked.values
    if method == "hellinger":
        return sturges_edges(np.unique(np.concatenate([ours, theirs])))
    return evidently_edges(ours, theirs)


def _empty(before: int, after: int) -> str:
    if not before:
        return "the reference has no values"
    return "" if after else "the batch has no values"


def _constant_note(before: Order) -> str:
    return "the reference is constant" if before.lowest == before.highest else ""


def _outside_note(before: Order, after: Order) -> str:
    """The share of rows below or above all of the reference."""
    below = after.upto(np.array([before.lowest]), side="left")
    inside = int(after.upto(np.array([before.highest]))[0] - below[0])
    share = 1 - inside / after.rows
    return f"{share:.1%} of rows outside the reference's range" if share >= _OUTSIDE else ""


def _few(before: Order, after: Order) -> str:
    return "a single row cannot tell" if min(before.rows, after.rows) < 2 else ""


def _notes(*notes: str) -> str:
    return "; ".join(filter(None, notes))
