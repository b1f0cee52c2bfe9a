"""Processes that are killed at a step of their own, or while a tracker works on what they sent."""

import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest
from ticket_worlds import World

UNIX = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")


class Killer:
    """Children forked from one warm server; ``kills`` counts the points at which they died."""

    most_at_server = 9
    """A child that is to die at the tracker dies at one of so many of its calls."""

    def __init__(self, there: World, folder: Path, rng: random.Random) -> None:
        self.there, self.rng, self.told = there, rng, folder / "told"
        self.kills: Counter[str] = Counter()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["ticket_child", "watch_child"])  # one server for all tests
        with pytest.MonkeyPatch.context() as patch:  # the server reads no other path before it loads that
            here = Path(__file__).parent
            patch.setenv("PYTHONPATH", os.pathsep.join([str(here.parent), str(here)]))
            forkserver.ensure_running()

    def run(self, target: Callable[..., None], arguments: Sequence[Any], *, at_server: bool) -> bool:
        """One process; whether it came to its end and left nothing undone."""
        self.told.unlink(missing_ok=True)
        died: list[str] = []
        child = self._context.Process(target=target, args=(*arguments, str(self.told)))
        if self.there.fake is not None:
            self.there.fake.hook = self._hook(child, died) if at_server else lambda _: None
        child.start()
        child.join(60)
        assert not child.is_alive()
        if child.exitcode == -signal.SIGKILL:
            self.kills[died[0] if died else self.told.read_text()] += 1
        return child.exitcode == 0

    def _hook(self, child: Any, died: list[str]) -> Callable[[str], None]:
        left = [self.rng.randrange(1, self.most_at_server)]

        def hook(name: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                died.append(name)  # before the kill, for whoever waits for the child reads it after that
                with suppress(ProcessLookupError, TypeError):
                    os.kill(child.pid, signal.SIGKILL)

        return hook


def sweeps(
    sweep: Callable[[str, Path, int, int], Counter[str]], folder: Path, wanted: dict[str, int]
) -> Counter[str]:
    """So many kills beside each kind of tracker, each in a folder of its own."""
    kills: Counter[str] = Counter()
    for kind, count in wanted.items():
        (folder / kind).mkdir()
        kills += sweep(kind, folder / kind, count, 2)
    return kills
