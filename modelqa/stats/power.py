"""How often an interval would decide, were the truth elsewhere: exact for counts, else by tilting rows.

Tilting is the exponential change of the empirical distribution that moves a score by so much and
changes as little else as can be (the least favourable family; Efron 1981, DiCiccio and Romano 1990).
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, isclose, isfinite, log, nan
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.core.bound import Bound, Outcome, judge
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.power import Chances
from modelqa.stats.intervals import Floats, proportion

Rows = NDArray[np.intp]
Scale = Literal["own", "log", "log odds"]
_MOST = 64.0
_CLOSE = 1e-9


@dataclass(frozen=True)
class Hits:
    """A share of hits among ``n`` rows, whose count is binomial: everything about it is exact.

    >>> hits = Hits(200, Levels(alpha=0.01, beta=0.05, reds="high"), Bound(min=0.9))
    >>> chances = hits.chances(0.92)
    >>> round(chances.green, 3), round(chances.red, 4), round(hits.seen("min", 0.8), 3)
    (0.182, 0.0003, 0.825)
    """

    n: int
    levels: Levels
    bound: Bound

    def chances(self, truth: float) -> Chances:
        """How the check ends where so large a share of all rows are hits."""
        red = self._up_to(self._red_below - 1, truth) + 1 - self._up_to(self._red_from - 1, truth)
        green = self._up_to(self._green_before - 1, truth) - self._up_to(self._green_from - 1, truth)
        return Chances(green=max(green, 0.0), red=red)

    def seen(self, limit: Literal["min", "max"], power: float) -> float:
        """The truth beyond a limit at which a share ``power`` of runs are red; NaN if there is none."""
        from scipy.optimize import brentq

        end = 0.0 if limit == "min" else 1.0
        start = self.bound.min if limit == "min" else self.bound.max
        if start is None or not (self.can_be_red(limit) and self._missing(start, limit, power) < 0):
            return nan
        return float(brentq(lambda truth: self._missing(truth, limit, power), end, start, xtol=1e-10))

    def can_be_red(self, limit: Literal["min", "max"]) -> bool:
        """Whether any count turns it red."""
        return self._red_below > 0 if limit == "min" else self._red_from <= self.n

    @property
    def can_be_green(self) -> bool:
        """Whether any count turns it green."""
        return self._green_from < self._green_before

    def _missing(self, truth: float, limit: Literal["min", "max"], power: float) -> float:
        up_to = self._up_to((self._red_below if limit == "min" else self._red_from) - 1, truth)
        return (up_to if limit == "min" else 1 - up_to) - power

    def _up_to(self, count: int, truth: float) -> float:
        from scipy.special import bdtr

        return 0.0 if count < 0 else 1.0 if count >= self.n else float(bdtr(count, self.n, truth))

    @cached_property
    def _red_below(self) -> int:
        return self._first(self.bound.min, None, lambda outcome: outcome is not Outcome.FAILED, empty=0)

    @cached_property
    def _green_from(self) -> int:
        return self._first(self.bound.min, None, lambda outcome: outcome is Outcome.PASSED, empty=0)

    @cached_property
    def _red_from(self) -> int:
        return self._first(None, self.bound.max, lambda outcome: outcome is Outcome.FAILED, empty=self.n + 1)

    @cached_property
    def _green_before(self) -> int:
        return self._first(
            None, self.bound.max, lambda outcome: outcome is not Outcome.PASSED, empty=self.n + 1
        )

    def _first(
        self, low: float | None, high: float | None, holds: Callable[[Outcome], bool], *, empty: int
    ) -> int:
        """The first count for which an outcome holds by one limit, from which on it does."""
        if low is None and high is None:
            return empty
        bound = Bound(min=low, max=high)
        counts = range(self.n + 1)
        return bisect_left(
            counts, True, key=lambda k: holds(judge(proportion(k, self.n, self.levels), bound).outcome)
        )


def is_share(estimate: Estimate, n: int, levels: Levels) -> bool:
    """Whether an estimate is a share of ``n`` rows with its exact interval.

    >>> levels = Levels(alpha=0.01, beta=0.05, reds="high")
    >>> is_share(proportion(9, 10, levels), 10, levels), is_share(proportion(9, 10, levels), 11, levels)
    (True, False)
    """
    count = estimate.value * n
    if not (
        estimate.exists and 0 <= estimate.value <= 1 and n > 0 and isclose(count, round(count), abs_tol=1e-6)
    ):
        return False
    exact = proportion(round(count), n, levels)
    return isclose(exact.low, estimate.low, abs_tol=_CLOSE) and isclose(
        exact.high, estimate.high, abs_tol=_CLOSE
    )


def tilted(influence: Floats, by: float) -> Floats:
    """The weights of rows after tilting, which add up to 1: exp(by * influence / its spread).

    >>> tilted(np.array([-1.0, 1.0]), 0.5).round(2)
    array([0.27, 0.73])
    """
    scale = float(influence.std())
    exponent = by * (influence / scale) if scale > 0 else np.zeros(len(influence))
    weights = np.exp(exponent - exponent.max())
    return np.asarray(weights / weights.sum())


def normal_scores(values: NDArray[Any]) -> Floats:
    """The normal quantiles of midranks: tilted by them, a normal column moves by so many spreads.

    >>> normal_scores(np.array([7, 3, 5])).round(2)
    array([ 0.97, -0.97,  0.  ])
    """
    from scipy.special import ndtri

    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(ndtri((np.cumsum(counts) - counts / 2) / max(len(values), 1))[codes])


def evenly(weights: Floats, order: Rows, n: int) -> Rows:
    """``n`` rows that hold each row as often as its weight says, up to rounding, in a given order.

    >>> evenly(np.array([0.5, 0.25, 0.25]), np.array([2, 1, 0]), 4)
    array([2, 1, 0, 0])
    """
    reached = np.cumsum(weights[order])
    at = np.searchsorted(reached, (np.arange(n) + 0.5) / n * reached[-1])
    return np.asarray(order[np.minimum(at, len(order) - 1)])


def drawn(weights: Floats, n: int, rng: np.random.Generator) -> Rows:
    """``n`` rows drawn with replacement, each as likely as its weight, in their order.

    >>> drawn(np.array([0.0, 1.0]), 3, np.random.default_rng(1))
    array([1, 1, 1])
    """
    return np.repeat(np.arange(len(weights)), rng.multinomial(n, weights))


def crossing(gap: Callable[[float], float], direction: float, step: float) -> float:
    """Where a function that rises along a direction crosses 0; NaN where it is not seen to.

    From 0 the way is doubled from ``step`` on, forwards where the function is negative at 0 and
    backwards where it is not; a place where it does not exist ends the search.

    >>> round(crossing(lambda x: x * x - 9, -1, 0.1), 4)
    -3.0
    """
    from scipy.optimize import brentq

    start = gap(0.0)
    onwards = direction if start < 0 else -direction
    near, far = 0.0, step
    while far <= _MOST and isfinite(start):
        reached = gap(onwards * far)
        if not isfinite(reached):
            return nan
        if (reached >= 0) != (start >= 0):
            return float(brentq(gap, onwards * near, onwards * far, xtol=step * 1e-4, rtol=1e-4))
        near, far = far, far * 2
    return nan


def normal(gap: float, spread: float) -> float:
    """The chance that a value with this mean and spread is above zero.

    >>> normal(0.0, 1.0), normal(-1.0, 0.0)
    (0.5, 0.0)
    """
    from scipy.special import ndtr

    if spread > 0 and isfinite(gap):
        return float(ndtr(gap / spread))
    return 1.0 if gap >= 0 else 0.0


def quantile(share: float) -> float:
    """The standard normal quantile."""
    from scipy.special import ndtri

    return float(ndtri(share))


@dataclass(frozen=True, slots=True)
class Reach:
    """What can be said from one interval alone: its reach stays what it is on some scale.

    ``log`` fits what is a size (times, losses), ``log odds`` a share. The spread of the value is
    its reach divided by the normal quantile of the tail.
    """

    estimate: Estimate
    levels: Levels
    scale: Scale

    def seen(self, limit: Literal["min", "max"], bound: float, power: float) -> float:
        """The truth beyond a limit at which a share ``power`` of runs are red; NaN if there is none.

        >>> found = Estimate(0.5, low=0.4, high=0.6, n=9)
        >>> round(Reach(found, Levels(alpha=0.2, beta=0.2, reds="low"), "own").seen("max", 1.0, 0.8), 3)
        1.2
        """
        side = -1 if limit == "min" else 1
        reach = self._reach("high" if limit == "min" else "low")
        start = _on(bound, self.scale)
        if not (isfinite(reach) and isfinite(start)):
            return nan
        spread = reach / -quantile(self.levels.high if limit == "min" else self.levels.low)
        return _off(start + side * (reach + quantile(power) * spread), self.scale)

    def chances(self, truth: float, bound: Bound) -> Chances:
        """How the check ends, were this the truth."""
        low, high = self._reach("low"), self._reach("high")
        at = _on(truth, self.scale)
        spreads = {"low": low / -quantile(self.levels.low), "high": high / -quantile(self.levels.high)}
        red, green = 0.0, 1.0
        if bound.min is not None:
            floor = _on(bound.min, self.scale)
            red += normal(floor - at - high, spreads["high"])
            green += normal(at - floor - low, spreads["low"]) - 1
        if bound.max is not None:
            top = _on(bound.max, self.scale)
            red += normal(at - top - low, spreads["low"])
            green += normal(top - at - high, spreads["high"]) - 1
        return Chances(green=max(green, 0.0), red=min(red, 1.0))

    def _reach(self, end: Literal["low", "high"]) -> float:
        """How far an end lies from the value on the scale; infinite where it is not known."""
        ends = _on(self.estimate.value, self.scale), _on(getattr(self.estimate, end), self.scale)
        return abs(ends[1] - ends[0]) if all(map(isfinite, ends)) else inf


def _on(value: float, scale: Scale) -> float:
    if scale == "log":
        return log(value) if value > 0 else -inf
    if scale == "log odds":
        return log(value / (1 - value)) if 0 < value < 1 else (-inf if value <= 0 else inf)
    return value


def _off(value: float, scale: Scale) -> float:
    if scale == "log":
        return exp(value)
    return 1 / (1 + exp(-value)) if scale == "log odds" else value
