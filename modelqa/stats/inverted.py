"""The p-value behind an end of an interval: the smallest tail at which the end still rejects."""

from collections.abc import Callable
from math import exp, log

LEAST = 1e-12
"""The smallest p-value that is told: approximations in the tails beyond it are not looked into."""
_STEPS = 20
"""Halvings of the logarithm of the tail: p is found to within 3 of 100,000."""


def p_value(low: Callable[[float], float], limit: float) -> float:
    """The p-value of ``value <= limit`` from ``low``, which gives the low end at a tail probability.

    A low end at tail a lies above a value at or below the limit with a chance of at most a. It rises
    with a; so the smallest a at which it lies above the limit is a p-value (Lehmann and Romano 2005,
    3.3). It is searched between 1e-12 and 1, rounded up, and 1 where even the end at 1 does not
    reject. For `value >= limit` give minus the high end and minus the limit.

    >>> from statistics import NormalDist
    >>> p = p_value(lambda tail: 3.0 + NormalDist().inv_cdf(tail) if tail < 1 else 9.0, 1.0)
    >>> round(p, 5), round(NormalDist().cdf(-2.0), 5)
    (0.02275, 0.02275)
    """
    if low(LEAST) > limit:
        return LEAST
    if not low(1.0) > limit:
        return 1.0
    holds, rejects = log(LEAST), 0.0
    for _ in range(_STEPS):
        middle = (holds + rejects) / 2
        if low(exp(middle)) > limit:
            rejects = middle
        else:
            holds = middle
    return exp(rejects)
