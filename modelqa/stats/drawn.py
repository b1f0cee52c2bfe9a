"""Rows drawn with unequal chances, so that what is learned from them still speaks of all of them."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def inclusion(sizes: Floats, n: int) -> Floats:
    """The chance of each row to be among `n` drawn ones, in proportion to its size and at most 1.

    Rows that would have more than certainty are certain, and the others share what is left, until
    nobody has (Särndal, Swensson and Wretman 1992, section 3.6.1). Rows of size 0 are never drawn; where no
    more than `n` have a size, all of these are certain.

    Raises ``ValueError`` for sizes that are negative or not finite, or a negative `n`.

    >>> inclusion(np.array([8.0, 1.0, 1.0, 0.0]), 2).tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    if n < 0 or not np.isfinite(sizes).all() or (sizes < 0).any():
        raise ValueError("expected finite sizes from 0 and a number of rows from 0")
    chances, certain = np.zeros(len(sizes)), np.zeros(len(sizes), dtype=bool)
    there = sizes > 0
    if np.count_nonzero(there) <= n:
        return there.astype(np.float64)
    while True:
        open_ = there & ~certain
        chances[certain] = 1.0
        chances[open_] = (n - np.count_nonzero(certain)) * sizes[open_] / sizes[open_].sum()
        beyond = open_ & (chances >= 1.0)
        if not beyond.any():
            return chances
        certain |= beyond


def systematic(chances: Floats, rng: np.random.Generator) -> NDArray[np.intp]:
    """Rows, each drawn with its own chance, as many as the chances sum to (Madow 1949).

    Steps of 1 from one random start over the cumulated chances. The rows come in their order; how
    many they are differs by less than 1 from the sum.

    >>> systematic(np.array([1.0, 0.5, 0.5, 0.0]), np.random.default_rng(0)).tolist()
    [0, 2]
    """
    edges = np.concatenate([[0.0], np.cumsum(chances)])
    start = rng.random()
    passed = np.floor(edges - start)
    return np.flatnonzero(passed[1:] > passed[:-1])
