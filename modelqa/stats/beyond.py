"""Rows of a batch where the reference has none: beyond its range, or in categories that it never had."""

from math import inf, log

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.intervals import proportion
from modelqa.stats.loose import Order
from modelqa.stats.wasserstein import CLIPPED

Floats = NDArray[np.float64]


def outside(reference: Order, batch: Order, levels: Levels) -> Estimate | None:
    """The share of a batch outside the reference's 0.1-99.9% range; None unless it is more than chance.

    Were both of one distribution, no more lies outside than a Beta variable says: the mass beyond two
    order statistics of m rows (ties only help). Only an exact interval of the share (Clopper and Pearson
    1934) that lies above its upper end rejects that, at half of the smaller tail for each.

    >>> from modelqa.stats.loose import ordered
    >>> values, levels = np.linspace(0, 1, 5000), Levels(alpha=1e-4, beta=0.05, reds="low")
    >>> outside(ordered(values), ordered(values), levels) is None
    True
    >>> round(outside(ordered(values), ordered(values + 0.2), levels).value, 3)
    0.201
    """
    from scipy.special import betaincinv

    known = reference.finite()
    m, n = known.rows, batch.rows
    if not m or not n:
        return None
    cut = int(CLIPPED * (m - 1))
    low, high = known.quantiles(np.array([cut, m - 1 - cut]))
    place = batch.upto(np.array([high]))[0] - batch.upto(np.array([low]), side="left")[0]
    beyond = n - int(place)
    tail = min(levels.alpha, levels.beta) / 2
    chance = float(betaincinv(min(2 * cut + 2, m), max(m - 2 * cut - 1, 1), 1 - tail)) if m > 1 else 1.0
    sure = proportion(beyond, n, Levels(alpha=tail, beta=tail, reds="none")).low
    return proportion(beyond, n, levels) if sure > chance else None


def unseen(reference: NDArray[np.int64], batch: NDArray[np.int64], levels: Levels) -> Estimate | None:
    """The share of a batch in categories that the reference never had; None unless it is more than chance.

    Counts are aligned. Were both of one distribution, each category's rows would be dealt to the two
    tables at random: all c of one to the n rows of the batch with a probability of (n / (m + n)) ** c at
    most, and that of two less often than apart (negative association), so Chernoff's bound holds.

    >>> levels = Levels(alpha=1e-4, beta=0.05, reds="low")
    >>> unseen(np.array([900, 100, 0]), np.array([91, 8, 1]), levels) is None
    True
    >>> unseen(np.array([900, 100, 0]), np.array([60, 10, 30]), levels).value
    0.3
    """
    m, n = int(reference.sum()), int(batch.sum())
    new = int(batch[reference == 0].sum())
    if not new or not m:
        return None
    if _dealt(reference + batch, new, n / (m + n)) > log(min(levels.alpha, levels.beta)):
        return None
    return proportion(new, n, levels)


def _dealt(both: NDArray[np.int64], new: int, share: float) -> float:
    """The log of Chernoff's bound that so many rows are in categories dealt to one side alone."""
    sizes, times = np.unique(both[both > 0], return_counts=True)
    least = inf
    for tilt in np.geomspace(1e-4, -log(share), 200, endpoint=False).tolist():
        # 1 + share^c (e^(tilt c) - 1), which stays below 2 for tilts below -log(share)
        terms = np.log1p(np.exp(sizes * (tilt + log(share))) - np.exp(sizes * log(share)))
        least = min(least, float(times @ terms) - tilt * new)
    return min(least, 0.0)
