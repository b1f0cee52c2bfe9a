"""Two samples as steps of their distribution functions, and the Kolmogorov-Smirnov distance."""

from math import e, log, sqrt

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.ranked import Ranked

Floats = NDArray[np.float64]


def steps(reference: Ranked, batch: Ranked) -> tuple[Floats, Floats]:
    """The values of two samples in one order, and F_reference - F_batch after each but the last.

    Between equal values the difference is no one's: nothing lies there.

    >>> values, difference = steps(Ranked(np.array([0.0, 1.0])), Ranked(np.array([0.0, 3.0])))
    >>> values.tolist(), difference.tolist()
    ([0.0, 0.0, 1.0, 3.0], [0.5, 0.0, 0.5])
    """
    m, n = reference.rows, batch.rows
    places = np.searchsorted(reference.values, batch.values, side="right")
    places += np.arange(len(places))
    ours = np.ones(len(reference.values) + len(places), dtype=bool)
    ours[places] = False
    merged = np.empty(len(ours))
    merged[places] = batch.values
    merged[ours] = reference.values
    jumps = np.empty(len(ours), dtype=np.int64)
    jumps[places] = batch.weights * -m
    jumps[ours] = reference.weights * n
    return merged, np.cumsum(jumps[:-1]) / (m * n)


def band(m: int, n: int, tail: float) -> float:
    """What the largest gap between two empirical distribution functions exceeds with probability `tail`.

    Dvoretzky-Kiefer-Wolfowitz for two samples, 2 exp(-2 c^2 mn/(m+n)), with the constant e in place
    of 2: that holds for equal small samples as well (Wei and Dudley 2012), and ties only help. Where
    the two distributions differ, the noise is smaller still: a Brownian bridge at the mixture is this
    noise plus an independent part, so that Anderson's inequality applies.

    >>> round(band(5000, 1000, 1e-4), 4)
    0.0783
    """
    return sqrt(log(e / tail) * (1 / m + 1 / n) / 2)


def hoeffding(m: int, n: int, tail: float) -> float:
    """What the difference of two shares exceeds its expectation by with probability `tail` at most.

    Hoeffding (1963), for any event that is fixed before the rows are seen.

    >>> round(hoeffding(5000, 5000, 0.05), 4)
    0.0245
    """
    return sqrt(log(1 / tail) * (1 / m + 1 / n) / 2)


def kolmogorov_smirnov(reference: Ranked, batch: Ranked, levels: Levels) -> Estimate:
    """The largest gap between the distribution functions of two samples.

    The low end takes off what noise alone may add anywhere (`band`). The high end needs less: the
    place of the true largest gap is no matter of chance, and the sample's gap is at least as large
    there as what the rows show (`hoeffding`). Within a bin the gap grows by the reference's share
    there at most, which the high end adds.

    >>> values = np.arange(1000.0)
    >>> moved = Ranked(values + 300)
    >>> ks = kolmogorov_smirnov(Ranked(values), moved, Levels(alpha=1e-4, beta=0.05, reds="low"))
    >>> round(ks.low, 3), ks.value, round(ks.high, 3)
    (0.199, 0.3, 0.355)
    """
    m, n = reference.rows, batch.rows
    values, difference = steps(reference.placed(), batch.placed())
    value = float(np.max(np.abs(difference), where=values[1:] > values[:-1], initial=0.0))
    low = max(value - band(m, n, levels.low), 0.0)
    high = value + hoeffding(m, n, levels.high) + reference.hidden
    return Estimate(value, low=low, high=min(high, 1.0), n=n)
