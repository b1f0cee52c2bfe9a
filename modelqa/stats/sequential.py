"""Looking at every batch, for years: alarms that stay inside one budget a year.

A budget of false alarms is money that flows in over time. Each batch, what has flowed in is staked against
the bound, and a batch multiplies every stake by a factor whose mean is at most 1 while the truth keeps its
bound (an e-value). So on average there is never more money than flowed in; and as an alarm takes a stake
of 1, the alarms expected of a healthy subject, however often it is looked at, are at most the budget that
flowed in (Doob's and Ville's inequalities; Shin, Ramdas and Rinaldo 2024 call this an e-detector).

Money laid down lately was not lost in the healthy months before, so a change is found as soon after
years as at the start. And since only the inflow counts, nothing that begins anew (a column, a slice, a
model version, a process after its alarm) can spend more than the budget.

The state is plain data: a ledger can store it between batches.
"""

from dataclasses import KW_ONLY, dataclass, replace
from math import exp, log
from statistics import NormalDist
from typing import Any, Self

from modelqa.stats.inverted import LEAST

YEAR = 365.0 * 86_400
_MOST = 1e200
"""More is not told apart."""
_LONGEST = YEAR / 12
"""No more flows in between two batches than in a month: a watcher that rested was not watching."""
_BETS = {0.3: 0.05, 0.75: 0.1, 1.5: 0.75, 3.0: 0.1}
"""How far beyond the bound the truth is said to be, in standard errors of one batch, and each bet's share."""
_FIRST = 0.2
"""The share of a year's budget that is kept for the first batches."""
_RUNNING = 2
"""The place of the bet that tells when the trouble began."""
_NORMAL = NormalDist()


def inflow(look: int, seconds: float) -> float:
    """The share of a year's budget that a batch brings: the ``look``-th, ``seconds`` after the one before.

    Four fifths flow in evenly over the year. The last fifth of the first year is there for the first
    batches, 1 / (s (s + 1)) of it at the s-th, however fast they come: a backlog is watched, too. So no
    year brings more than 1.

    >>> inflow(1, 0.0), round(inflow(200, 86_400) * 365, 2)
    (0.1, 0.8)
    """
    elapsed = min(max(seconds, 0.0), _LONGEST) / YEAR
    return _FIRST / (look * (look + 1)) + (1 - _FIRST) * elapsed


@dataclass(frozen=True, slots=True)
class Process:
    """What is staked against one bound of one measurement, in parts of what an alarm takes.

    ``stakes`` are those of each bet. ``run`` is the evidence for trouble since the batch that makes
    it the largest, ``batches`` how many came since, that one included.
    """

    stakes: tuple[float, ...] = (0.0,) * len(_BETS)
    _: KW_ONLY
    run: float = 0.0
    batches: int = 0

    @property
    def total(self) -> float:
        """All stakes together: 1 is an alarm."""
        return sum(self.stakes)

    def to_plain(self) -> dict[str, Any]:
        """The state as built-in types, in six digits."""
        stakes = [float(f"{stake:.6g}") for stake in self.stakes]
        return {"stakes": stakes, "run": self.run, "batches": self.batches}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """The state back. Raises ``TypeError`` where the keys are not those of `to_plain`.

        >>> state = Process((0.5, 0.0, 0.0, 0.25), batches=3)
        >>> Process.from_plain(state.to_plain()) == state
        True
        """
        return cls(**{**plain, "stakes": tuple(plain["stakes"])})


def look(process: Process, p_value: float, stake: float) -> Process:
    """The process after a batch, whose p-value is for a null hypothesis that holds while the bound is kept.

    ``stake`` is what is laid down on this batch, the measurement's share of the budget times `inflow`; it is
    spread over four bets that the truth is 0.3 to 3 standard errors beyond its bound. A bet on d multiplies
    by the likelihood ratio of N(d, 1) and N(0, 1) at z = Phi^-1(1 - p), which is a calibrator (Vovk and
    Wang 2021). Methods that do not tell p-values above 1/2 apart give 1 for all of them: that event has
    the likelihood ratio 2 Phi(-d). So a batch in order costs a small bet little and a large one nearly all.

    It holds where each p-value is valid given all batches before it. Batches that are compared with one
    reference are not independent of each other, only given the reference: so the promise speaks of
    the distance from that very reference, as it is. A p-value below 1e-12 counts as that.

    Raises ``ValueError`` for a p-value outside [0, 1].

    >>> state = Process()
    >>> for number, p in enumerate((0.7, 1.0, 0.4, 1e-4, 1e-6), start=1):
    ...     state = look(state, p, 0.001 * inflow(number, 86_400))
    >>> state.total > 1, state.batches
    (True, 2)
    """
    if not 0 <= p_value <= 1:
        raise ValueError(f"a p-value lies between 0 and 1, found {p_value}")
    gains = _gains(p_value)
    laid = (old + stake * part for old, part in zip(process.stakes, _BETS.values(), strict=True))
    stakes = tuple(min(money * exp(gain), _MOST) for money, gain in zip(laid, gains, strict=True))
    run = round(process.run + gains[_RUNNING], 3)
    if run <= 0:
        return replace(process, stakes=stakes, run=0.0, batches=0)
    return replace(process, stakes=stakes, run=run, batches=process.batches + 1)


def _gains(p: float) -> tuple[float, ...]:
    """The logarithm of what each bet multiplies by."""
    if p == 1:
        return _IN_ORDER
    z = -_NORMAL.inv_cdf(min(max(p, LEAST), 1 - LEAST))
    return tuple(d * z - d * d / 2 for d in _BETS)


_IN_ORDER = tuple(log(2 * _NORMAL.cdf(-d)) for d in _BETS)
