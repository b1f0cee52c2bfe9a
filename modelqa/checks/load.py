"""Calls as callers make them: some at once, or so many a second whether or not the last was answered.

In an open loop the time of a call is counted from when it was due, not from when it was sent: a
server that stalls keeps all those waiting who would have come meanwhile. Counted from the sending, a
stall is one slow call (Tene calls this coordinated omission).
"""

import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from modelqa.checks.search import kind_of
from modelqa.checks.tally import Tally
from modelqa.core import units
from modelqa.core.check import Complaint, Shape
from modelqa.core.ports import Context, Model
from modelqa.core.units import Unit
from modelqa.errors import CallError, CheckError, ModelQAError

if TYPE_CHECKING:
    import pandas as pd

MOST_SECONDS = 20.0
"""When the last call begins at the latest, where nobody says."""
PATIENCE = 15.0
"""Seconds that are then left to those under way; a call without an answer by then has none."""
MOST_AT_ONCE = 256
WARM_UP = 5
ON_TIME = 0.9
"""The share of the rate that is asked for, below which a note says what it was."""
Clock = Callable[[], float]
Rate = Annotated[str | float, Shape({"type": "string", "examples": ["100 /s"]})]


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds of each call, infinite for one that failed; failures by kind; and calls begun a second."""

    times: NDArray[np.float64]
    _: KW_ONLY
    failed: Mapping[str, int]
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The load that a check asks for: calls at a rate or of so many callers, begun within some seconds."""

    rate: str | float | None
    concurrency: int | None
    calls: int
    seconds: float = MOST_SECONDS

    @property
    def a_second(self) -> float | None:
        """The rate, read. Raises ``ValueError`` where it is none."""
        return None if self.rate is None else units.read(self.rate, Unit.PER_SECOND)


def open_loop(
    model: Model,
    frames: "Sequence[pd.DataFrame]",
    *,
    rate: float,
    calls: int,
    clock: Clock,
    seconds: float = MOST_SECONDS,
) -> Sample:
    """Calls that are due ``rate`` times a second, evenly, each timed from when it was due.

    At most 256 are under way at once; one that is due then waits, and its time runs.
    """
    _warm(model, frames)
    return _Callers(model, frames, calls, clock, rate=rate, seconds=seconds).sample(MOST_AT_ONCE)


def closed_loop(
    model: Model,
    frames: "Sequence[pd.DataFrame]",
    *,
    concurrency: int,
    calls: int,
    clock: Clock,
    seconds: float = MOST_SECONDS,
) -> Sample:
    """Calls of ``concurrency`` callers, each of whom waits for an answer before calling again."""
    _warm(model, frames)
    return _Callers(model, frames, calls, clock, rate=None, seconds=seconds).sample(concurrency)


def asked(ctx: Context, model: Model, frames: "Sequence[pd.DataFrame]", load: Wanted) -> Sample:
    """The calls of a model that a check asks for.

    Raises `CheckError` under `versus`: load on one model is felt by the other.
    """
    if ctx.versus is not None:
        raise CheckError("rate and concurrency load one model: leave out versus, and give both a bound")
    each: dict[str, Any] = {"calls": load.calls, "clock": ctx.clock, "seconds": load.seconds}
    if load.a_second is not None:
        return open_loop(model, frames, rate=load.a_second, **each)
    return closed_loop(model, frames, concurrency=load.concurrency or 1, **each)


def complaints(keys: Mapping[str, Any]) -> Iterator[Complaint]:
    """What is wrong with a check's ``rate`` and ``concurrency``."""
    rate, concurrency = keys.get("rate"), keys.get("concurrency")
    if rate is not None:
        try:
            units.read(rate, Unit.PER_SECOND)
        except ValueError as error:
            yield "rate", str(error)
    if concurrency is not None and not 1 <= concurrency <= MOST_AT_ONCE:
        yield "concurrency", f"expected 1 to {MOST_AT_ONCE}, found {concurrency}"
    if rate is not None and concurrency is not None:
        yield "concurrency", "rate makes calls whoever waits, concurrency as soon as nobody does: choose one"


def note(sample: Sample, load: Wanted) -> str:
    """What a reader must know of a sample: calls that failed, or were not made as often as asked."""
    told = []
    if sample.failed:
        failures = Tally(dict(sample.failed))
        told.append(f"{failures.total:,} of {len(sample.times):,} calls failed: {failures}")
    if len(sample.times) < load.calls:
        told.append(f"stopped after {len(sample.times):,} of {load.calls:,} calls, at {load.seconds:g} s")
    if load.a_second is not None and sample.rate < ON_TIME * load.a_second:
        told.append(f"calls were begun at {sample.rate:,.1f} /s only")
    return "; ".join(told)


def _warm(model: Model, frames: "Sequence[pd.DataFrame]") -> None:
    for frame in itertools.islice(itertools.cycle(frames), WARM_UP):
        try:
            model.call(frame)
        except CallError:  # what fails here fails again, and is counted then
            continue


class _Callers:
    """Threads that share out calls; each call is begun in its turn.

    A call that is due in time is made, or counted as failed: were it left out, a stall at the end
    would hide itself.
    """

    def __init__(
        self,
        model: Model,
        frames: "Sequence[pd.DataFrame]",
        calls: int,
        clock: Clock,
        *,
        rate: float | None,
        seconds: float,
    ) -> None:
        self.model, self.frames, self.clock = model, frames, clock
        self.calls, self.rate, self.seconds = calls, rate, seconds
        self.starts, self.times = np.full(calls, math.nan), np.full(calls, math.inf)
        self.kinds = [""] * calls
        self.broken: list[Exception] = []
        self._turns = itertools.count()
        self._go, self._over = threading.Event(), threading.Event()
        self._began = 0.0

    def sample(self, at_once: int) -> Sample:
        """Make the calls, and give up those that have no answer when patience ends."""
        workers = range(min(self.calls, at_once))
        threads = [threading.Thread(target=self._work, daemon=True, name="modelqa-caller") for _ in workers]
        for thread in threads:
            thread.start()
        self._began = self.clock()
        self._go.set()
        try:
            for thread in threads:
                thread.join(max(0.0, self._began + self.seconds + PATIENCE - self.clock()))
        finally:  # also where somebody interrupts the wait
            self._over.set()
        if self.broken:
            raise self.broken[0]
        return self._gathered()

    def _work(self) -> None:
        self._go.wait()
        while (turn := next(self._turns)) < self.calls and not (self.broken or self._over.is_set()):
            due = self.clock() if self.rate is None else self._began + turn / self.rate
            if due > self._began + self.seconds:
                return
            time.sleep(max(0.0, due - self.clock()))
            self._call(turn, due)

    def _call(self, turn: int, due: float) -> None:
        self.starts[turn] = self.clock()
        try:
            self.model.call(self.frames[turn % len(self.frames)])
            self.times[turn] = self.clock() - due
        except Exception as error:  # whatever a model raises is what is being counted
            if isinstance(error, ModelQAError) and not isinstance(error, CallError):
                self.broken.append(error)
            self.kinds[turn] = kind_of(error)

    def _gathered(self) -> Sample:
        """What came of the calls that were begun, and of those that were due but never begun."""
        starts, times = self.starts.copy(), self.times.copy()
        begun = ~np.isnan(starts)
        due = 0 if self.rate is None else int(self.seconds * self.rate) + 1
        counted = np.flatnonzero(begun | (np.arange(self.calls) < due))
        failed = Tally()
        for turn in counted[np.isinf(times[counted])].tolist():
            failed.add(self.kinds[turn] or ("unanswered" if begun[turn] else "never begun"))
        took = float(starts[begun].max()) - self._began if begun.any() else 0.0
        rate = (int(begun.sum()) - 1) / took if took > 0 else 0.0
        return Sample(times[counted], failed=failed.counts, rate=rate)
