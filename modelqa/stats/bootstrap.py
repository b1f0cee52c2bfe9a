"""The bootstrap: an interval for any statistic of rows, as far as its draws can tell."""

from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from math import ceil, inf, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.intervals import Floats

Rows = NDArray[np.intp]
Statistic = Callable[[Rows, Floats | None], float]
"""Positions of rows and how often each counts (None: once each) to a value, NaN where there is none."""
_RESOLVED = 10
"""So many draws have to lie beyond an end for a bootstrap to know where it is."""
_USUAL, _MOST, _FEWEST = 2000, 20_000, 400
_WORK = 40_000_000
"""Draws times rows at most, but never fewer than the fewest draws."""
_BLOCKS = 100
_TABLE = 20_000_000
"""Entries of the largest table of groups by distinct rows."""


def bootstrap(
    statistic: Statistic,
    n: int,
    levels: Levels,
    rng: np.random.Generator,
    *,
    groups: Rows | None = None,
    same: Rows | None = None,
    draws: int | None = None,
) -> Estimate:
    """Any statistic of n rows, with the BCa interval (Efron 1987) at Student's expanded tails.

    The skewness comes from the jackknife, of at most 100 blocks of rows; a tail is that of t with
    one less degrees of freedom than there are rows, times the root of n / (n - 1) (Hesterberg 2015).
    Whole ``groups`` are drawn where there are some. Rows of one code in ``same`` are equal for the
    statistic: then counts of distinct rows are drawn (multinomial), which costs what those cost.

    An end beyond what the draws can resolve (a tail below 10 / draws) is infinite, as are both where
    the statistic never moves; a draw without a value counts as beyond either end.

    >>> values, rng = np.arange(50.0), np.random.default_rng(1)
    >>> levels = Levels(alpha=1e-5, beta=0.05, reds="high")
    >>> found = bootstrap(lambda rows, _: float(values[rows].mean()), 50, levels, rng)
    >>> found.value, found.low > 19, found.high
    (24.5, True, inf)
    """
    value = statistic(np.arange(n), None) if n else float("nan")
    if not isfinite(value):
        return Estimate.undefined(n=n)
    units = _units(n, groups, same)
    count = enough(levels, units.size) if draws is None else draws
    drawn = np.array([statistic(*units.draw(rng)) for _ in range(count)])
    real = drawn[np.isfinite(drawn)]
    if units.count < 2 or len(real) < _RESOLVED or real.min() == real.max():
        return Estimate(value, low=-inf, high=inf, n=n)
    bias = (np.sum(real < value) + np.sum(real <= value)) / (2 * len(real))
    skew = _skew(statistic, units, rng)
    lower = np.sort(np.where(np.isfinite(drawn), drawn, -inf))
    upper = np.sort(np.where(np.isfinite(drawn), -drawn, -inf))
    low = _end(lower, float(bias), skew, levels.low, units.count)
    high = -_end(upper, 1 - float(bias), -skew, levels.high, units.count)
    return Estimate(value, low=min(low, value), high=max(high, value), n=n)


def enough(levels: Levels, size: int) -> int:
    """How many draws resolve both tails, as far as so many rows a draw allow.

    >>> enough(Levels(alpha=0.002, beta=0.05, reds="low"), 1000)
    10000
    >>> enough(Levels(alpha=1e-6, beta=0.05, reds="low"), 1000)
    2000
    """
    most = max(min(_WORK // max(size, 1), _MOST), _FEWEST)
    wanted = [ceil(2 * _RESOLVED / tail) for tail in (levels.low, levels.high)]
    return min(max([_USUAL, *(draws for draws in wanted if draws <= most)]), most)


@dataclass(frozen=True, slots=True)
class _Units:
    """What is drawn: ``count`` units, one draw of which gives the statistic its ``size`` arguments."""

    count: int
    size: int
    _: KW_ONLY
    draw: Callable[[np.random.Generator], tuple[Rows, Floats | None]]
    without: Callable[[Rows], tuple[Rows, Floats | None]]


def _units(n: int, groups: Rows | None, same: Rows | None) -> _Units:
    if same is not None:
        first, codes = np.unique(same, return_index=True, return_inverse=True)[1:]
        if groups is None:
            return _counted(first, codes)
        into = np.unique(groups, return_inverse=True)[1]
        if (into.max() + 1) * len(first) <= _TABLE:
            return _tabled(first, codes, into)
    return _listed(n, groups)


def _listed(n: int, groups: Rows | None) -> _Units:
    """Rows or whole groups, by their positions."""
    if groups is None:
        return _Units(
            n, n, draw=lambda rng: (rng.integers(0, n, n), None), without=lambda out: (_others(n, out), None)
        )
    into = np.unique(groups, return_inverse=True)[1]
    order = np.argsort(into, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(into))[:-1])

    def rows(which: Rows) -> tuple[Rows, None]:
        return np.concatenate([members[group] for group in which]), None

    count = len(members)
    return _Units(
        count,
        n,
        draw=lambda rng: rows(rng.integers(0, count, count)),
        without=lambda out: rows(_others(count, out)),
    )


def _counted(first: Rows, codes: Rows) -> _Units:
    """Counts of distinct rows."""
    n, sizes = len(codes), np.bincount(codes)

    def draw(rng: np.random.Generator) -> tuple[Rows, Floats]:
        return _present(first, rng.multinomial(n, sizes / n))

    def without(out: Rows) -> tuple[Rows, Floats]:
        return _present(first, sizes - np.bincount(codes[out], minlength=len(sizes)))

    return _Units(n, len(first), draw=draw, without=without)


def _tabled(first: Rows, codes: Rows, groups: Rows) -> _Units:
    """Counts of distinct rows in whole groups."""
    count, width = int(groups.max()) + 1, len(first)
    table = np.bincount(groups * width + codes, minlength=count * width).reshape(count, width)

    def drawn(times: Rows) -> tuple[Rows, Floats]:
        return _present(first, times @ table)

    def draw(rng: np.random.Generator) -> tuple[Rows, Floats]:
        return drawn(np.bincount(rng.integers(0, count, count), minlength=count))

    def without(out: Rows) -> tuple[Rows, Floats]:
        return drawn(np.bincount(_others(count, out), minlength=count))

    return _Units(count, width, draw=draw, without=without)


def _present(first: Rows, counts: NDArray[np.int64]) -> tuple[Rows, Floats]:
    """The distinct rows that were drawn: one that was not is not there, not there with weight zero."""
    kept = np.flatnonzero(counts)
    return first[kept], counts[kept].astype(np.float64)


def _others(n: int, out: Rows) -> Rows:
    kept = np.ones(n, dtype=bool)
    kept[out] = False
    return np.flatnonzero(kept)


def _skew(statistic: Statistic, units: _Units, rng: np.random.Generator) -> float:
    """The acceleration, from the values without one block of units each; 0 where it is not known."""
    values = np.array([statistic(*units.without(block)) for block in _blocks(units.count, rng)])
    if not np.isfinite(values).all():
        return 0.0
    off = values.mean() - values
    squares = float(off @ off)
    return float((off**3).sum() / (6 * squares**1.5)) if squares > 0 else 0.0


def _blocks(count: int, rng: np.random.Generator) -> Iterator[Rows]:
    if count <= _BLOCKS:
        yield from np.arange(count)[:, None]
    else:
        yield from np.array_split(rng.permutation(count), _BLOCKS)


def _end(drawn: Floats, bias: float, skew: float, tail: float, units: int) -> float:
    """The low end among sorted draws, or minus infinity where too few lie beyond it."""
    from scipy.special import ndtr, ndtri, stdtrit

    if not 0 < bias < 1:
        return -inf
    shift = float(ndtri(bias))
    moved = shift + sqrt(units / (units - 1)) * float(stdtrit(units - 1, tail))
    bent = 1 - skew * moved
    beyond = int(float(ndtr(shift + moved / bent)) * len(drawn)) if bent > 0 else 0
    resolved = beyond >= _RESOLVED and tail * len(drawn) >= _RESOLVED
    return float(drawn[beyond - 1]) if resolved else -inf
