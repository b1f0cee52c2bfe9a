"""Killed anywhere, any number of times: no batch lost or judged twice, and one ticket open in the end."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from killing import UNIX, Killer, sweeps
from ticket_worlds import World as Tickets
from ticket_worlds import world as tickets
from watch_child import look
from watch_world import World, put

from modelqa.actions.local import Local
from modelqa.actions.tickets import Phase, Ticket, fingerprint

KEY = fingerprint("tiny", "", "", "")
POINTS = (
    "before the ledger", "leased", "begin", "identified", "claimed", "judged", "commit", "committed",
    "look", "list",
    "request", "mapping", "mapped", "change", "note", "settled", "after the look",
)  # fmt: skip
"""The steps of a look. Not every look takes each, so that some kill nobody."""
LATER = 8 * 86_400.0
"""Longer than a closed ticket is opened again."""
STEPS = 16
"""Steps that a look with something to do takes at least."""
pytestmark = UNIX


class Watchers(Killer):
    """Watchers that look once."""

    most_at_server = 6

    def __init__(self, there: Tickets, folder: Path, rng: random.Random) -> None:
        super().__init__(there, folder, rng)
        self.root = folder

    def attempt(self, *, die: bool) -> bool:
        """One process; whether it came to its end and left nothing undone."""
        there = self.there
        at_server = die and there.fake is not None and self.rng.random() < 0.25
        at_step = self._point() if die and not at_server else ("", 0)
        address = there.fake.url if there.fake else ""
        arguments = (there.kind, str(self.root), address, there.clock.now, at_step)
        return self.run(look, arguments, at_server=at_server)

    def _point(self) -> tuple[str, int]:
        """Any of the first steps, or one that few have died before."""
        if self.rng.random() < 0.6:
            return "", self.rng.randrange(1, STEPS)
        rare = [1 / (1 + self.kills[name]) for name in POINTS]
        (name,) = self.rng.choices(POINTS, rare)
        return name, 1

    def watch(self, arrive: Callable[[], None]) -> None:
        """Watchers that die while more arrives, until one does not; most find the lease run out."""
        while self.rng.random() < 0.92:
            if self.rng.random() < 0.6:
                arrive()
            self.attempt(die=True)
            self.there.clock.sleep(self.rng.choice([5, 130, 130, 130]))
        for _ in range(20):
            self.there.clock.sleep(130)
            if self.attempt(die=False):
                break
        else:
            raise AssertionError("no watcher comes to its end")
        self.there.clock.sleep(3600)


def _sweep(kind: str, folder: Path, kills: int, seed: int) -> Counter[str]:
    """A problem that comes and goes with the batches, as their files do, until so many were killed."""
    rng = random.Random(seed)  # noqa: S311 (no secret)
    world = World(folder)
    wrote: dict[str, str] = {}

    def arrive(value: float) -> None:
        name = f"new/{len(wrote)}.parquet"
        wrote[name] = "failed" if value < 0 else "passed"
        put(folder / name, [value, 1.0])

    with tickets(kind, folder) as there:
        killer = Watchers(there, folder, rng)
        while killer.kills.total() < kills:
            for _ in range(2):
                arrive(-1.0)
            killer.watch(lambda: arrive(-1.0))
            there.clock.sleep(400)
            there.converge()
            assert len(there.open(KEY)) == 1, f"one open ticket: {killer.kills}"
            assert there.ticket(KEY).phase is Phase.OPEN
            for _ in range(3):
                arrive(1.0)
            killer.watch(lambda: arrive(1.0))
            there.clock.sleep(400)
            there.converge()
            assert there.open(KEY) == [], f"none is left open: {killer.kills}"
            for file in world.new.iterdir():
                file.unlink()
            there.clock.sleep(rng.choice([0, LATER]))  # the next problem opens this ticket, or a new one
    kept = world.results()
    assert {revision for _, revision, _ in kept} == {1}, "each batch is judged once"
    assert [(name, str(result.outcome)) for name, _, result in kept] == [*wrote.items()], "in its order"
    return killer.kills


@pytest.mark.parametrize(("kind", "kills"), [("local", 110), ("github", 60), ("webhook", 40)])
def test_two_hundred_kills(tmp_path: Path, kind: str, kills: int) -> None:
    """Of each kind of tracker."""
    assert _sweep(kind, tmp_path, kills, seed=1).total() >= kills


@pytest.mark.slow
def test_two_thousand_kills_at_twenty_kinds_of_points(tmp_path: Path) -> None:
    """Most of them beside GitHub."""
    kills = sweeps(_sweep, tmp_path, {"github": 1200, "local": 500, "webhook": 300})
    assert kills.total() >= 2000
    assert len(kills) >= 20, kills


def test_nothing_hangs_on_a_ticket_that_was_noted_and_never_sent(tmp_path: Path) -> None:
    """The next look tells the tracker, though nothing new has come."""
    world = World(tmp_path)
    for name in ("a", "b"):
        put(world.new / f"{name}.parquet", [-1.0])

    class Dead(Exception):
        pass

    def step(name: str) -> None:
        if name == "request":
            raise Dead

    with world.ledger() as ledger, pytest.raises(Dead):
        world.watcher(ledger, step=step).look(lambda _: None)
    with world.ledger() as ledger, ledger.writing() as work:
        assert Ticket.read(work.ticket(KEY, "local")).number == ""
    world.look()
    with world.ledger() as ledger:
        assert [issue.open for issue in Local(ledger).find(KEY)] == [True]
