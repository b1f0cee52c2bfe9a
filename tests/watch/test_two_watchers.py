"""Two watchers on one ledger: each batch has one verdict, and whoever lost the lease writes nothing."""

import random
import threading
from collections import Counter

import pytest
from watch_world import World, outcomes, put, told

from modelqa.watch.plan import Seen

START = 1_800_000_000.0


def _interrupted(
    world: World, at: str, times: int = 1, *, seconds: float = 200.0
) -> tuple[list[Seen], list[Seen]]:
    """What two watchers see, the first of which stands still before a step while the second one looks."""
    now = [START]
    world._now = lambda _: now[0]
    first: list[Seen] = []
    second: list[Seen] = []
    left = [times]

    def step(name: str) -> None:
        if name != at:
            return
        left[0] -= 1
        if left[0] == 0:
            now[0] += seconds
            with world.ledger() as other:
                world.watcher(other).look(second.append)

    with world.ledger() as ledger:
        world.watcher(ledger, step=step).look(first.append)
    return first, second


@pytest.mark.parametrize("at", ["begin", "identified", "claimed", "judged"])
def test_whoever_was_paused_until_its_lease_ran_out_writes_nothing(both: World, at: str) -> None:
    """The second one has judged everything by then, once."""
    for day in range(3):
        put(both.new / f"{day}.parquet", [1.0, -float(day)])
    first, second = _interrupted(both, at)
    assert outcomes(first) == {}
    assert [line for line in told(first) if "another watcher is at it" in line]
    assert list(outcomes(second).values()) == ["passed", "failed", "failed"]
    assert Counter(name for name, _, _ in both.results()) == {f"new/{day}.parquet": 1 for day in range(3)}
    assert both.look() == []


def test_as_long_as_the_lease_holds_the_second_one_does_nothing(both: World) -> None:
    """It says so, and is no failure: it stands by."""
    put(both.new / "a.parquet", [1.0])
    first, second = _interrupted(both, "judged", seconds=1.0)
    assert outcomes(first) == {"new/a.parquet": "passed"}
    assert (outcomes(second), told(second)) == ({}, ["another watcher is at it"])


def _race(world: World, races: int, seed: int) -> None:
    """A watcher that is overtaken before some step of some batch, again and again."""
    rng = random.Random(seed)  # noqa: S311 (no secret)
    wrote = 0
    for _ in range(races):
        arriving = rng.randrange(1, 3)
        for _ in range(arriving):
            put(world.new / f"{wrote}.parquet", [rng.choice([1.0, -1.0])])
            wrote += 1
        at = rng.choice(["begin", "identified", "claimed", "judged"])
        first, second = _interrupted(world, at, rng.randrange(1, arriving + 1))
        assert len(outcomes(first)) + len(outcomes(second)) == arriving
    kept = world.results()
    assert Counter(name for name, _, _ in kept) == {f"new/{number}.parquet": 1 for number in range(wrote)}
    assert {revision for _, revision, _ in kept} == {1}


def test_a_few_races(both: World) -> None:
    """No double commit, nothing lost."""
    _race(both, 8, seed=1)


@pytest.mark.slow
def test_five_hundred_overtaken_watchers(both: World) -> None:
    """No double commit, nothing lost."""
    _race(both, 500, seed=2)


def test_two_watchers_at_once_share_the_work(both: World) -> None:
    """Really at once, each with its own connection; both may make the ledger."""
    for day in range(12):
        put(both.new / f"{day}.parquet", [1.0])
    seen: list[Seen] = []

    def watch() -> None:
        with both.ledger() as ledger:
            watcher = both.watcher(ledger)
            for _ in range(10):
                watcher.look(seen.append)

    threads = [threading.Thread(target=watch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    both.look()
    assert Counter(name for name, _, _ in both.results()) == {f"new/{day}.parquet": 1 for day in range(12)}
    assert len(outcomes(seen)) <= 12
