"""Calls of one or two models, timed one after the other; it stops when whoever looks on has seen enough.

Looking after every call and stopping at the first verdict would turn noise into verdicts. So the
looks are few and fixed before anything is measured: after ``first`` calls, half as many again, and so on.
Each look holds an equal share of the levels, so the chance that any of them errs stays inside them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

Call = Callable[[Any], object]
Clock = Callable[[], float]
BLOCK = 10
"""Calls of one model in a row, at most."""
BLOCKS = 40
"""So many blocks of each model should fit into the time there is; those of slow calls are shorter."""
WINDOW, MOST_WINDOWS, WARM_UP_SECONDS, STEADY = 10, 20, 2.0, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much to measure: nobody looks before ``first`` calls and ``least`` seconds, and ``calls`` or
    ``seconds`` are the end.

    Calls are counted for each model, seconds for all of them together.
    """

    first: int
    calls: int
    seconds: float
    least: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """Calls that do not count, whether they became steady, and what one of them takes in the end."""

    calls: int
    steady: bool
    typical: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is measured so far: seconds of each call, one series a model, in the order of the calls.

    ``looks`` is how many there will be at most. Series of two models fall into blocks of ``block`` calls;
    those at the same place were made side by side. ``full`` says that no more will be measured.
    """

    times: tuple[NDArray[np.float64], ...]
    looks: int
    block: int
    warm_up: tuple[WarmUp, ...]
    seconds: float
    full: bool


def watch(
    calls: Sequence[Call], frames: Sequence[Any], effort: Effort, *, clock: Clock, rng: np.random.Generator
) -> Iterator[Seen]:
    """Warm up, then measure on while somebody looks: each item is one look, all calls until then.

    Two models take turns: a pair is a block of each, in an order drawn anew, on the same frames. The
    first call of a block brings the model back into the caches and is not counted.
    """
    warm = tuple(warm_up(call, frames, clock) for call in calls)
    each = sum(one.typical for one in warm)
    wanted = looks(effort, each)
    block = min(max(int(effort.seconds / BLOCKS / max(each, 1e-9)), 1), BLOCK, effort.calls)
    times: list[list[float]] = [[] for _ in calls]
    began, done = clock(), 0
    for number, until in enumerate(wanted, start=1):
        in_time = True
        while in_time and done + block <= until:
            _round(calls, frames, done, block, times, clock, rng)
            done += block
            in_time = clock() - began < effort.seconds
        full = number == len(wanted) or not in_time
        yield Seen(
            times=tuple(np.array(one) for one in times),
            looks=len(wanted),
            block=block,
            warm_up=warm,
            seconds=clock() - began,
            full=full,
        )
        if full:
            return


def looks(effort: Effort, each: float) -> tuple[int, ...]:
    """After how many calls to look, where one call of each model takes ``each`` seconds together.

    The last look is at the end, whenever that comes.

    >>> looks(Effort(first=200, calls=1000, seconds=20), 0.001)
    (200, 300, 450, 675, 1000)
    >>> looks(Effort(first=200, calls=1000, seconds=20), 0.1)
    (1000,)
    """
    likely = min(effort.calls, effort.seconds / max(each, 1e-9))
    found, count = [], max(effort.first, ceil(effort.least / max(each, 1e-9)))
    while count < likely:
        found.append(count)
        count = max(count + 1, count * 3 // 2)
    return (*found, effort.calls)


def warm_up(call: Call, frames: Sequence[Any], clock: Clock) -> WarmUp:
    """Call until it is steady: the lower quartiles of two windows of ten calls are within 10%.

    The lower quartile is blind to stalls. Given up after twenty windows or two seconds.
    """
    deadline, before, made = clock() + WARM_UP_SECONDS, 0.0, 0
    window: list[float] = []
    for _ in range(MOST_WINDOWS):
        window = []
        for _ in range(WINDOW):
            window.append(_timed(call, frames[made % len(frames)], clock))
            made += 1
            if clock() > deadline:
                return WarmUp(calls=made, steady=False, typical=median(window))
        quick = sorted(window)[WINDOW // 4]
        if abs(quick - before) <= STEADY * before:
            return WarmUp(calls=made, steady=True, typical=median(window))
        before = quick
    return WarmUp(calls=made, steady=False, typical=median(window))


def _round(
    calls: Sequence[Call],
    frames: Sequence[Any],
    start: int,
    size: int,
    times: Sequence[list[float]],
    clock: Clock,
    rng: np.random.Generator,
) -> None:
    """One block of each model, on the same frames."""
    chosen = [frames[(start + step) % len(frames)] for step in range(size)]
    for which in rng.permutation(len(calls)):
        call, into = calls[which], times[which]
        if len(calls) > 1 and size > 1:
            call(chosen[-1])
        into.extend(_timed(call, frame, clock) for frame in chosen)


def _timed(call: Call, frame: Any, clock: Clock) -> float:
    began = clock()
    call(frame)
    return clock() - began
