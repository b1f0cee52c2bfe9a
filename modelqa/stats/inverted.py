"""The p-value behind an end of an interval: the smallest tail at which the end still rejects."""

from collections.abc import Callable
from math import exp, log
from typing import Literal

from modelqa.core.estimate import Estimate, Levels

Hard = Literal["min", "max"]
"""The side that a hard limit is on."""
Test = Callable[[Hard, float], float]
"""The p-value of "the truth keeps this limit", by its side."""

LEAST = 1e-12
"""The smallest p-value that is told: approximations in the tails beyond it are not looked into."""
ROUGHLY = 1e-6
"""The same of methods that are of large samples."""
_STEPS = 12
"""Halvings of the logarithm of the tail: p is found to within 7 of 1,000."""


def p_value(low: Callable[[float], float], limit: float) -> float:
    """The p-value of ``value <= limit`` from ``low``, which gives the low end at a tail probability.

    A low end at tail a lies above a value at or below the limit with a chance of at most a. It rises
    with a; so the smallest a at which it lies above the limit is a p-value (Lehmann and Romano 2005,
    3.3). It is searched between 1e-12 and 1, rounded up, and 1 where even the end at 1 does not
    reject. For `value >= limit` give minus the high end and minus the limit.

    >>> from statistics import NormalDist
    >>> p = p_value(lambda tail: 3.0 + NormalDist().inv_cdf(tail) if tail < 1 else 9.0, 1.0)
    >>> round(p, 3), round(NormalDist().cdf(-2.0), 3)
    (0.023, 0.023)
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


def of_ends(value: float, again: Callable[[Levels], Estimate], *, least: float = LEAST) -> Test:
    """The test behind an interval, from what gives the estimate ``again`` at other levels.

    Asked for a limit that ``value`` keeps it says 1 at once: no end lies beyond the value.

    >>> from modelqa.stats.intervals import proportion
    >>> test = of_ends(0.9, lambda levels: proportion(90, 100, levels))
    >>> round(test("min", 0.95), 4), test("max", 0.95)
    (0.0282, 1.0)
    """

    def test(side: Hard, limit: float) -> float:
        if not (value < limit if side == "min" else value > limit):
            return 1.0
        if side == "max":
            return max(
                p_value(lambda tail: again(Levels(alpha=tail, beta=0.05, reds="low")).low, limit), least
            )
        return max(
            p_value(lambda tail: -again(Levels(alpha=tail, beta=0.05, reds="high")).high, -limit), least
        )

    return test


def of_share(hits: int, n: int) -> Test:
    """The test of a share of ``n`` independent rows by its mid-p-value (Lancaster 1961).

    Half of the chance of just as many hits counts: on average it is 1/2, where the exact p-value
    is larger, which over many batches would add up. As evidence (`sequential.look`) it keeps the promise,
    since that is convex in p: at any share that keeps its bound a bet is worth 1.002 at most (a test
    goes through it).

    >>> round(of_share(90, 100)("min", 0.95), 4)
    0.0198
    """
    from scipy.special import bdtrc

    def test(side: Hard, limit: float) -> float:
        if n == 0 or not 0 < limit < 1:
            return 1.0
        wrong, share = (n - hits, 1 - limit) if side == "min" else (hits, limit)
        more = float(bdtrc(wrong, n, share)) if wrong < n else 0.0
        as_many = float(bdtrc(wrong - 1, n, share)) if wrong else 1.0
        return max((more + as_many) / 2, LEAST)

    return test
