"""An estimate with its two ends, and the levels that decide how far apart the ends are."""

from dataclasses import KW_ONLY, dataclass, replace
from math import inf, isnan, nan
from typing import Literal, Self

Reds = Literal["low", "high", "both", "none"]
"""Which ends of an interval can turn a check red: `low` decides against max, `high` against min."""


@dataclass(frozen=True, slots=True)
class Levels:
    """The tail probabilities that the plan grants a check.

    ``alpha`` is the chance that a truth on the good side of its bound turns red, ``beta`` the
    chance that a truth on the bad side turns green. An end that can do both takes the smaller.

    >>> Levels(alpha=0.001, beta=0.05, reds="high").low
    0.05
    >>> Levels(alpha=0.01, beta=0.05, reds="low").split(10).low
    0.001
    """

    _: KW_ONLY
    alpha: float
    beta: float
    reds: Reds

    @property
    def low(self) -> float:
        """Chance that the truth lies below the low end."""
        return self._tail("low")

    @property
    def high(self) -> float:
        """Chance that the truth lies above the high end."""
        return self._tail("high")

    def _tail(self, end: Reds) -> float:
        if self.reds == "both":
            return min(self.alpha, self.beta)
        return self.alpha if self.reds == end else self.beta

    def split(self, members: int) -> Self:
        """The levels of one of `members` equal parts; only the false-alarm side is divided."""
        return replace(self, alpha=self.alpha / max(members, 1))

    def parted(self, *, low: int, high: int) -> Self:
        """The levels of one of several parts whose low and high ends are divided unequally.

        >>> parts = Levels(alpha=0.01, beta=0.05, reds="high").parted(low=1, high=10)
        >>> parts.low, parts.high
        (0.05, 0.001)
        """
        if self.reds in ("both", "none"):
            low = high = max(low, high)
        by = (low, high) if self.reds == "low" else (high, low)
        return replace(self, alpha=self.alpha / by[0], beta=self.beta / by[1])

    def evenly(self, end: Literal["low", "high"], parts: int = 1) -> Self:
        """Levels at which both ends stand at one tail: that of an end, divided by ``parts``.

        Behind each end of a difference stand a low and a high end of its parts. What can turn red
        by this end stays divisible by `split`.

        >>> parts = Levels(alpha=0.01, beta=0.05, reds="low").evenly("low", 4)
        >>> parts.low, parts.high, parts.split(5).high
        (0.0025, 0.0025, 0.0005)
        """
        tail = self._tail(end) / parts
        return replace(self, alpha=tail, beta=tail, reds="both" if self.reds in (end, "both") else "none")

    def mirrored(self) -> Self:
        """The levels of minus a value: the low end of the one is the high end of the other.

        >>> Levels(alpha=0.001, beta=0.05, reds="high").mirrored().low
        0.001
        """
        swapped: dict[Reds, Reds] = {"low": "high", "high": "low"}
        return replace(self, reds=swapped.get(self.reds, self.reds))

    def half(self) -> Self:
        """Both tails halved: what two independent intervals get whose difference is judged."""
        return replace(self, alpha=self.alpha / 2, beta=self.beta / 2)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the two ends of its interval, from `n` rows, pairs or calls.

    An end that no method can resolve is infinite; a value that does not exist is NaN between
    infinite ends, which no bound can turn green or red.

    Raises ``ValueError`` where the ends do not hold the value.

    >>> Estimate.fact(3, n=100)
    Estimate(value=3.0, low=3.0, high=3.0, n=100)
    >>> Estimate.undefined(n=7).exists
    False
    """

    value: float
    _: KW_ONLY
    low: float
    high: float
    n: int

    def __post_init__(self) -> None:
        if self.exists and not self.low <= self.value <= self.high:
            raise ValueError(f"an interval holds its value: {self.low} <= {self.value} <= {self.high}")

    @classmethod
    def fact(cls, value: float, *, n: int) -> Self:
        """What was counted, not estimated: both ends are the value."""
        return cls(float(value), low=float(value), high=float(value), n=n)

    @classmethod
    def undefined(cls, *, n: int) -> Self:
        """A value that does not exist on these rows."""
        return cls(nan, low=-inf, high=inf, n=n)

    @property
    def exists(self) -> bool:
        """Whether there is a value at all."""
        return not isnan(self.value)

    @property
    def is_fact(self) -> bool:
        """Whether the value was counted, so that both ends are the value."""
        return self.low == self.value == self.high
