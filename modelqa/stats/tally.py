"""Numbers counted between fixed edges: what a profile keeps of a column."""

import numpy as np
from numpy.typing import NDArray

from modelqa.core.profile import LEVELS, Edges, Numbers
from modelqa.stats.ranked import Ranked

Floats = NDArray[np.float64]

PARTS = 300
"""So many bins of about equal parts; the deciles are among their ends."""
_TAIL = 0.001
"""The share of rows beyond the outermost ends that means and spreads are clipped to."""
_STEPS = 20
"""Ends between that tail and the fourth of the equal parts: the shape of a tail is in few rows."""
_ATOM = 0.001
"""A value that so large a share of the rows hold has a bin of its own ..."""
FEW = 5
"""... if at least as many rows hold it: what fewer rows hold might tell who they are."""
_ROOM, _FEW_ROOM = 1 / 16, 1 / 2
_FARTHEST = 1e300
"""What is farther from 0 lies in the open bins, as infinite values do."""


def edges_of(rows: Floats) -> Edges:
    """Edges that follow the rows of a column: fine quantiles, finer in the tails, without NaN.

    Frequent values have bins of their own. Every other end is rounded up to few digits, by a sixteenth of
    the bin above at most (by half of it where bins hold few rows), and the outermost ends lie beyond all
    rows: so no end quotes a row. The rows themselves never lie in the two open bins.

    >>> edges = edges_of(np.repeat([0.0, 1.0], 500))
    >>> len(edges.ends), edges.ends[1], edges.ends[-1]
    (4, 0.0, 1.0)
    >>> edges_of(np.array([]))
    Edges(ends=(), low=0.0, high=0.0)
    """
    rows = np.sort(rows[np.abs(rows) <= _FARTHEST])
    if not len(rows):
        return Edges()
    picked = np.unique(rows[_ranks(len(rows))])
    held = np.searchsorted(rows, picked, side="right") - np.searchsorted(rows, picked)
    often = held >= max(FEW, _ATOM * len(rows))
    lowest, highest = _outer(rows)
    atoms = picked[often]
    gaps = np.diff(picked)
    gaps = np.append(gaps, gaps[-1:]) if len(gaps) else np.zeros(1)
    between = _rounded(picked[~often], gaps[~often] * (_ROOM if len(rows) > FEW * PARTS else _FEW_ROOM))
    outer = np.array([lowest, highest])
    ends = np.unique(np.concatenate([outer, atoms, np.nextafter(atoms, -np.inf), between]) + 0.0)  # no -0.0
    cut = int(_TAIL * (len(rows) - 1))
    low, high = ends[np.searchsorted(ends, [rows[cut], rows[-1 - cut]])]
    if low >= high:
        low, high = ends[0], ends[-1]
    return Edges(tuple(ends.tolist()), low=float(low), high=float(high))


def tally(values: Floats, edges: Edges) -> Numbers:
    """Count values, in any order and without NaN, between edges.

    >>> found = tally(np.array([0.0, 0.5, 2.0, 9.0]), Edges((0.0, 1.0, 2.0), low=0.0, high=2.0))
    >>> found.counts
    (1, 1, 1, 1)
    """
    bins = len(edges.ends) + 1
    places = np.searchsorted(np.array(edges.ends), values)
    counts = np.bincount(places, minlength=bins)
    sums = np.bincount(places, weights=steps_of(values, edges), minlength=bins)
    return Numbers(edges=edges, counts=tuple(counts.tolist()), sums=tuple(sums.astype(np.int64).tolist()))


def steps_of(values: Floats, edges: Edges) -> Floats:
    """How many whole steps each value is above ``low``, at most ``LEVELS``."""
    if not edges.scale:
        return np.zeros(len(values))
    clipped = np.clip(values, edges.low, edges.high)
    return np.clip(np.floor((clipped - edges.low) * edges.scale), 0, LEVELS)


def ranked(numbers: Numbers) -> Ranked:
    """What was counted, as a sample in bins.

    >>> found = ranked(tally(np.array([0.5, 0.7, 3.0]), Edges((0.0, 1.0, 4.0), low=0.0, high=4.0)))
    >>> found.values.round(3).tolist(), found.counts.tolist(), found.tops.tolist()
    ([0.6, 3.0], [2, 1], [1.0, 4.0])
    """
    edges, counts = numbers.edges, np.array(numbers.counts, dtype=np.int64)
    tops = np.append(np.array(edges.ends, dtype=float), np.inf)
    least = np.nextafter(np.append(-np.inf, tops[:-1]), np.inf)
    kept = counts > 0
    counts, tops, least = counts[kept], tops[kept], least[kept]
    steps = np.array(numbers.sums, dtype=float)[kept] / np.maximum(counts, 1) + 0.5
    means = edges.low + (steps / edges.scale if edges.scale else 0.0)
    unsure = counts[least < tops]
    hidden = float(np.max(unsure, initial=0)) / max(int(counts.sum()), 1)
    return Ranked(np.clip(means, least, tops), counts=counts, tops=tops, hidden=hidden)


def _ranks(rows: int) -> NDArray[np.intp]:
    """The ranks of the rows that the ends follow."""
    even = np.arange(1, PARTS) / PARTS
    tail = np.geomspace(_TAIL, 4 / PARTS, _STEPS)[1:]
    shares = np.concatenate([even, tail, 1 - tail])
    cut = int(_TAIL * (rows - 1))
    ranks = np.append(np.ceil(shares * rows - 1e-9).astype(np.intp) - 1, [cut, rows - 1 - cut])
    return np.unique(np.clip(ranks, cut, rows - 1 - cut))


def _outer(rows: Floats) -> tuple[float, float]:
    """Ends beyond the smallest and the largest of sorted rows, of one or two digits' precision."""
    low, high = float(rows[0]), float(rows[-1])
    step = (high - low) / 16 or abs(high) / 16 or 1.0
    above = float(_rounded(rows[-1:], np.array([step]))[0])
    below = -float(_rounded(-rows[:1], np.array([step]))[0])
    return np.nextafter(below, -np.inf) if below == low else below, above


def _rounded(values: Floats, room: Floats) -> Floats:
    """Values rounded up to as few decimal digits as the room above each allows.

    >>> _rounded(np.array([0.12345, -7.0, 1234.5]), np.array([0.01, 1.0, 150.0])).tolist()
    [0.13, -7.0, 1300.0]
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore", under="ignore"):
        digits = np.floor(np.log10(room))
        unit = 10.0 ** np.abs(digits)
        fine = digits < 0
        whole = np.ceil(np.where(fine, values * unit, values / unit))
        found = np.where(fine, whole / unit, whole * unit)
    sound = np.isfinite(found) & (found >= values) & (found - values <= room)
    return np.where(sound, found, values)
