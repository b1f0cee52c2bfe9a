"""The loop that times calls: when it looks, how it warms up, and how two models take turns."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.checks.timing import BLOCK, Effort, Seen, looks, warm_up, watch


class Watch:
    """A clock that work moves on, and the calls that were made, in order."""

    def __init__(self) -> None:
        self.now, self.made = 0.0, list[tuple[str, int]]()

    def clock(self) -> float:
        """Seconds."""
        return self.now

    def model(self, name: str, seconds: float, *, first: float = 0.0) -> "object":
        """A model that takes so long a call, and longer the first twenty times."""
        left = [20]

        def call(frame: int) -> None:
            self.made.append((name, frame))
            self.now += seconds + (first if left[0] > 0 else 0)
            left[0] -= 1

        return call


def seen(
    machine: Watch, models: Sequence[object], *, frames: int = 7, until: int = 99, **effort: float
) -> list[Seen]:
    """What the first looks see."""
    rng = np.random.default_rng(0)
    wanted = Effort(**{"first": 20, "calls": 100, "seconds": 20.0, **effort})  # type: ignore[arg-type]
    found = watch(models, list(range(frames)), wanted, clock=machine.clock, rng=rng)  # type: ignore[arg-type]
    return [one for one, _ in zip(found, range(until), strict=False)]


def test_looks_come_after_half_as_many_calls_again() -> None:
    """Each sees all calls so far; the last one is full."""
    machine = Watch()
    found = seen(machine, [machine.model("ours", 0.001)])
    assert [len(one.times[0]) for one in found] == [20, 30, 40, 60, 100]
    assert [one.full for one in found] == [False] * 4 + [True]
    assert {one.looks for one in found} == {5}
    assert np.allclose(found[-1].times[0], 0.001)


@given(st.integers(1, 500), st.integers(1, 3000), st.floats(0.01, 30), st.floats(1e-5, 5), st.floats(0, 2))
def test_looks_are_planned_for_the_calls_that_fit(
    first: int, calls: int, seconds: float, each: float, least: float
) -> None:
    """They grow, none but the last comes before its time, and none is planned that time will not allow."""
    found = looks(Effort(first=first, calls=calls, seconds=seconds, least=least), each)
    assert list(found) == sorted(set(found))
    assert found[-1] == calls
    assert all(max(first, least / each - 1) <= count < seconds / each for count in found[:-1])


def test_time_stands_still_for_nobody() -> None:
    """A model of a second a call is measured until the time is up, and not a call longer."""
    machine = Watch()
    (only,) = seen(machine, [machine.model("slow", 1.0)], seconds=5)
    assert len(only.times[0]) == 5
    assert only.full
    assert only.looks == 1
    assert only.seconds == pytest.approx(5)


def test_nobody_looks_before_the_least_seconds() -> None:
    """A tenth of a second is a hundred calls of a millisecond."""
    machine = Watch()
    first, *_ = seen(machine, [machine.model("ours", 0.001)], calls=1000, least=0.1)
    assert 90 <= len(first.times[0]) <= 100


def test_two_models_take_turns_on_the_same_frames() -> None:
    """Block by block the same frames in the same order, each block behind one call that does not count."""
    machine = Watch()
    (*_, last) = seen(machine, [machine.model("ours", 0.001), machine.model("theirs", 0.002)])
    warm = sum(one.calls for one in last.warm_up)
    turns = [machine.made[start : start + BLOCK + 1] for start in range(warm, len(machine.made), BLOCK + 1)]
    assert len(turns) == 2 * len(last.times[0]) / BLOCK
    firsts = set()
    for one, other in zip(turns[::2], turns[1::2], strict=True):
        names = [{name for name, _ in block} for block in (one, other)]
        assert sorted(names, key=sorted) == [{"ours"}, {"theirs"}]
        assert [frame for _, frame in one[1:]] == [frame for _, frame in other[1:]]
        firsts.add(one[0][0])
    assert firsts == {"ours", "theirs"}
    assert [len(times) for times in last.times] == [100, 100]


def test_blocks_of_slow_models_are_short() -> None:
    """Forty pairs fit into the time, so that their differences can tell something."""
    machine = Watch()
    (*_, last) = seen(machine, [machine.model("ours", 0.1), machine.model("theirs", 0.1)], seconds=20)
    assert last.block == 2
    assert len(last.times[0]) / last.block >= 30


def test_warming_up_lasts_until_calls_are_steady() -> None:
    """Twenty slow first calls are two windows; the model is warm when a third one and its next agree."""
    machine = Watch()
    found = warm_up(machine.model("ours", 0.001, first=0.01), [0], machine.clock)  # type: ignore[arg-type]
    assert found.steady
    assert found.calls == 20
    settling = Watch()
    pace = iter(0.02 * 0.7**turn for turn in range(10_000))

    def call(_: object) -> None:
        settling.now += max(next(pace), 0.001)

    found = warm_up(call, [0], settling.clock)
    assert found.steady
    assert found.typical == pytest.approx(0.001)


def test_what_never_becomes_steady_is_said_to() -> None:
    """A model that gets slower with every call, and one that is slow."""
    machine = Watch()
    pace = iter(0.001 * 1.05**turn for turn in range(10_000))

    def call(_: object) -> None:
        machine.now += next(pace)

    assert not warm_up(call, [0], machine.clock).steady
    slow = Watch()
    found = warm_up(slow.model("slow", 1.0), [0], slow.clock)  # type: ignore[arg-type]
    assert not found.steady
    assert found.calls == 3


def test_a_machine_that_stalls_is_steady_all_the_same() -> None:
    """One call of ten that takes a hundred times as long is no matter of warming up."""
    machine, turn = Watch(), iter(range(10_000))

    def call(_: object) -> None:
        machine.now += 0.1 if next(turn) % 10 == 3 else 0.001

    assert warm_up(call, [0], machine.clock).steady
