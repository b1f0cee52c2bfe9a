"""One look of a watcher in a process of its own, which can be killed before any of its steps."""

import os
import signal
from itertools import count
from pathlib import Path

import pyarrow.parquet  # noqa: F401 (loaded once, before children are forked)
from ticket_worlds import Clock, tracker
from watch_world import CHECKS, TICKET, World

import modelqa.checks.schema
import modelqa.engines.duckdb
import modelqa.run.execute
import modelqa.run.machine  # noqa: F401
from modelqa.run.plan import plan
from modelqa.suite.spec import Suite

WARM = plan(Suite("warm", batch="none.csv", checks=CHECKS, actions=[TICKET]))
"""What is made once here is not made in each child."""


def look(kind: str, root: str, address: str, now: float, die_at: tuple[str, int], told: str) -> None:
    """Die before the n-th step of a name, or of any, with its name in ``told``; 3 where more is to do."""
    steps = count(1)

    def step(name: str) -> None:
        if die_at[0] in ("", name) and next(steps) == die_at[1]:
            with open(told, "w") as file:  # noqa: PTH123 (nothing may be slow here)
                file.write(name)
            os.kill(os.getpid(), signal.SIGKILL)

    clock = Clock()
    clock.now = now
    world = World(Path(root), now=clock, sleep=clock.sleep)
    world.keys["actions"] = [{**TICKET, "ticket": kind}]
    world.tracker = lambda ledger: tracker(kind, address, ledger, clock)
    seen: list[object] = []
    step("before the ledger")
    with world.ledger(step) as ledger:
        watcher = world.watcher(ledger, step=step)
        watcher.look(seen.append)
        step("after the look")
        for hearing in watcher.plan.hearings:
            hearing.tracker.close()
    os._exit(3 if any(getattr(each, "failed", False) or hasattr(each, "why") for each in seen) else 0)
