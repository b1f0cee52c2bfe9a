"""Killed anywhere, any number of times: no ticket is lost, and in the end one is open for a problem."""

import random
from collections import Counter
from pathlib import Path

import pytest
from killing import UNIX, Killer, sweeps
from sqlalchemy import func, select
from ticket_child import run
from ticket_worlds import world

from modelqa.actions.tickets import Event, Failed, Passed, Phase
from modelqa.ledger.tables import batches, results

STEPS = 34
"""More steps than a run has before it is done; some of the numbers kill nobody."""
pytestmark = UNIX


class Tellers(Killer):
    """Children that note an event and tell the tracker."""

    def attempt(self, event: Event, *, die: bool) -> bool:
        """One process; whether it came to its end."""
        there = self.there
        at_server = die and there.fake is not None and self.rng.random() < 0.4
        at_step = self.rng.randrange(1, STEPS) if die and not at_server else 0
        address = there.fake.url if there.fake else ""
        arguments = (there.kind, there.url, address, there.clock.now, event, at_step)
        return self.run(run, arguments, at_server=at_server)

    def happens(self, event: Event) -> None:
        """An event, with processes that die over it, until one does not."""
        while self.rng.random() < 0.75:
            self.attempt(event, die=True)
            self.there.clock.sleep(self.rng.choice([5, 130, 130, 400]))
        while not self.attempt(event, die=False):
            self.there.clock.sleep(130)
        self.there.clock.sleep(3600)


def _sweep(kind: str, folder: Path, kills: int, seed: int) -> Counter[str]:
    """Problems that come and go, until so many processes were killed."""
    rng = random.Random(seed)  # noqa: S311 (no secret)
    with world(kind, folder) as there:
        killer = Tellers(there, folder, rng)
        turn = number = 0
        while killer.kills.total() < kills:
            turn += 1
            for _ in range(rng.randrange(1, 4)):
                number += 1
                killer.happens(Failed(f"b{number}"))
            there.clock.sleep(400)
            there.converge()
            assert len(there.open()) == 1, f"one open ticket in turn {turn}: {killer.kills}"
            assert there.ticket().phase is Phase.OPEN
            assert there.open()[0].startswith(f"b{number}:"), "what it says is the last word"
            for _ in range(3):
                number += 1
                killer.happens(Passed(f"b{number}"))
            there.clock.sleep(400)
            there.converge()
            assert there.open() == [], f"none is left open in turn {turn}: {killer.kills}"
        with there.ledger.writing() as work:
            judged = work.connection.execute(select(func.count()).select_from(results)).scalar_one()
            names = work.connection.execute(select(func.count(batches.c.name.distinct()))).scalar_one()
        assert (judged, names) == (number, number), "each batch judged once"
    return killer.kills


@pytest.mark.parametrize(("kind", "kills"), [("github", 24), ("local", 10), ("webhook", 8)])
def test_a_few_kills(tmp_path: Path, kind: str, kills: int) -> None:
    """Of each kind of tracker."""
    assert _sweep(kind, tmp_path, kills, seed=1).total() >= kills


@pytest.mark.slow
def test_many_kills_at_twenty_kinds_of_points(tmp_path: Path) -> None:
    """Five hundred, most of them beside GitHub."""
    kills = sweeps(_sweep, tmp_path, {"github": 350, "local": 90, "webhook": 60})
    assert kills.total() >= 500
    assert len(kills) >= 20, kills
