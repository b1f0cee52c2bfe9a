"""Killed anywhere, any number of times: no ticket is lost, and in the end one is open for a problem."""

import multiprocessing
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from ticket_child import run
from ticket_worlds import World, world

from modelqa.actions.tickets import Event, Failed, Passed, Phase
from modelqa.ledger.tables import batches, results

STEPS = 34
"""More steps than a run has before it is done; some of the numbers kill nobody."""
pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")


class Killer:
    """Children that die at a step of their own, or while the tracker works on what they sent."""

    def __init__(self, there: World, folder: Path, rng: random.Random) -> None:
        self.there, self.rng, self.told = there, rng, folder / "told"
        self.kills: Counter[str] = Counter()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["ticket_child", "watch_child"])
        with pytest.MonkeyPatch.context() as patch:  # the server reads no other path before it loads that
            here = Path(__file__).parents[1]
            patch.setenv("PYTHONPATH", os.pathsep.join([str(here.parent), str(here)]))
            forkserver.ensure_running()

    def attempt(self, event: Event, *, die: bool) -> bool:
        """One process; whether it came to its end."""
        self.told.unlink(missing_ok=True)
        died: list[str] = []
        address = self.there.fake.url if self.there.fake else ""
        at_server = die and self.there.fake is not None and self.rng.random() < 0.4
        at_step = self.rng.randrange(1, STEPS) if die and not at_server else 0
        child = self._context.Process(
            target=run,
            args=(
                self.there.kind,
                self.there.url,
                address,
                self.there.clock.now,
                event,
                at_step,
                str(self.told),
            ),
        )
        if self.there.fake is not None:
            self.there.fake.hook = self._hook(child, died) if at_server else lambda _: None
        child.start()
        child.join(60)
        assert not child.is_alive()
        if child.exitcode == -signal.SIGKILL:
            self.kills[died[0] if died else self.told.read_text()] += 1
        return child.exitcode == 0

    def _hook(self, child: Any, died: list[str]) -> Any:
        left = [self.rng.randrange(1, 9)]

        def hook(name: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                with suppress(ProcessLookupError, TypeError):
                    os.kill(child.pid, signal.SIGKILL)
                    died.append(name)

        return hook

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
        killer = Killer(there, folder, rng)
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
    kills: Counter[str] = Counter()
    for kind, wanted in (("github", 350), ("local", 90), ("webhook", 60)):
        (tmp_path / kind).mkdir()
        kills += _sweep(kind, tmp_path / kind, wanted, seed=2)
    assert kills.total() >= 500
    assert len(kills) >= 20, kills
