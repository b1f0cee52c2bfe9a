"""Machines on which a call takes as long as they say: simulated, or replayed from what a real one did.

Their clock stands still unless a model works, so a test knows the truth and asserts on no wall clock.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modelqa import Suite, plan
from modelqa.core.result import CheckResult
from modelqa.run.execute import execute
from modelqa.run.opened import Opened, Settings
from modelqa.testing import make_batch

MILLISECOND = 0.001


class Simulated:
    """One processor: work takes its time, give or take.

    The level drifts (an autoregressive process of 5%, remembered for some 20 calls) and each call scatters
    by 5%. ``stall`` seconds at the beginning of every second nothing runs. ``others`` busy
    processes take the processor away for 3 ms each, after 3 ms on average.
    """

    def __init__(self, seed: int, *, stall: float = 0.0, others: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.stall, self.others = stall, others
        self.now, self.level = float(self.rng.random()), 0.0
        self.left = float(self.rng.exponential(0.003))
        self.drawn: Iterator[float] = iter(())

    def clock(self) -> float:
        """Seconds."""
        return self.now

    def work(self, seconds: float) -> None:
        """Do what takes so many seconds where nothing disturbs."""
        self.level = 0.95 * self.level + 0.0156 * self._normal()
        left = seconds * float(np.exp(self.level + 0.05 * self._normal()))
        while left > 0:
            if self.now % 1 < self.stall:
                self.now += self.stall - self.now % 1
            run = min(left, self.left) if self.others else left
            if self.stall:
                run = min(run, 1 - self.now % 1 + 1e-12)
            self.now += run
            left -= run
            self._preempted(run)

    def _preempted(self, run: float) -> None:
        self.left -= run
        if self.others and self.left <= 1e-12:
            self.now += self.others * 0.003 * float(np.exp(0.3 * self._normal()))
            self.left = float(self.rng.exponential(0.003))

    def _normal(self) -> float:
        found = next(self.drawn, None)
        if found is None:
            self.drawn = iter(self.rng.standard_normal(4096).tolist())
            found = next(self.drawn)
        return found


class Replayed:
    """A machine that does again what another did: the n-th call takes what the n-th call took there.

    Whose call it is makes no difference but its share of work: with equal work both models have the
    same latency, stalls and all. It begins at a place drawn from the seed, and goes round.
    """

    def __init__(self, seed: int, trace: Sequence[float], *, base: float = MILLISECOND) -> None:
        self.trace, self.base, self.now = trace, base, 0.0
        self.at = int(np.random.default_rng(seed).integers(len(trace)))

    def clock(self) -> float:
        """Seconds."""
        return self.now

    def work(self, seconds: float) -> None:
        """What a call took there, times this work over that of the call."""
        self.now += self.trace[self.at % len(self.trace)] * seconds / self.base
        self.at += 1


def gate(
    machine: Any,
    *,
    slower: float = 1.0,
    champion: bool = True,
    statistic: str = "p95",
    alarms: float = 0.01,
    **check: Any,
) -> CheckResult:
    """The result of a latency check of a model of one millisecond, times ``slower``, on a machine."""
    subject = {"champion": lambda frame: machine.work(MILLISECOND)} if champion else {}
    suite = Suite(
        "gate",
        model=lambda frame: machine.work(MILLISECOND * slower),
        batch=BATCH,
        features=["signal"],
        false_alarms=alarms,
        checks=[{"latency": statistic, **({"versus": "champion"} if champion else {}), **check}],
        **subject,
    )
    (planned,) = plan(suite).checks
    return execute(planned, Opened(suite, Settings(root=Path(), clock=machine.clock)))


BATCH = make_batch(20)
