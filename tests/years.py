"""Many processes for many years, in arrays: another implementation of `modelqa.stats.sequential`."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import special

DAY = 86_400.0
DISTANCES, PARTS = np.array([0.3, 0.75, 1.5, 3.0]), np.array([0.05, 0.1, 0.75, 0.1])


def gains(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of what each bet multiplies by; the last axis is the bets."""
    z = -special.ndtri(np.clip(p, 1e-12, 1 - 1e-12))[..., None]
    even = np.log(2 * special.ndtr(-DISTANCES))
    return np.where(p[..., None] == 1, even, DISTANCES * z - DISTANCES**2 / 2)


def watched(p: Iterable[NDArray[np.float64]], share: float | NDArray[np.float64]) -> NDArray[np.int64]:
    """The looks at which each process alarmed, as counts by look; one batch a day, spent by an alarm.

    ``p`` are the p-values of all processes, batch after batch; ``share`` is their part of the year's budget.
    """
    counts, stakes = [], None
    for number, batch in enumerate(p, start=1):
        if stakes is None:
            stakes = np.zeros((*batch.shape, 4))
        part = 0.2 / (number * (number + 1)) + (0.8 / 365 if number > 1 else 0.0)
        stakes = (stakes + (np.asarray(share) * part)[..., None] * PARTS) * np.exp(gains(batch))
        alarmed = stakes.sum(axis=-1) >= 1
        counts.append(alarmed)
        stakes[alarmed] = 0.0
    return np.array(counts, dtype=np.int64)


def below(hits: NDArray[np.int64], n: int, floor: float) -> NDArray[np.float64]:
    """The mid-p-values of shares of n rows for a floor."""
    return np.asarray(special.bdtr(hits, n, floor) + special.bdtr(hits - 1, n, floor)) / 2
