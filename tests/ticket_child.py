"""One run that notes an event and delivers it, in a process that can be killed before any of its steps."""

import os
import signal
from itertools import count

import httpx  # noqa: F401 (loaded once, before children are forked)
from ticket_worlds import KEY, Clock, tracker, words

from modelqa.actions.relay import Relay, report
from modelqa.actions.tickets import Event, Policy
from modelqa.errors import ModelQAError
from modelqa.ledger import Batch, Ledger


def run(kind: str, url: str, address: str, now: float, event: Event, die_at: int, told: str) -> None:
    """Note, judge and deliver; die before step number ``die_at`` and write its name to the file ``told``."""
    steps = count(1)

    def step(name: str) -> None:
        if next(steps) == die_at:
            with open(told, "w") as file:  # noqa: PTH123 (nothing may be slow here)
                file.write(name)
            os.kill(os.getpid(), signal.SIGKILL)

    clock = Clock()
    clock.now = now
    try:
        step("before the ledger")
        with Ledger(url, now=clock, sleep=clock.sleep, step=step) as ledger:
            batch = Batch(getattr(event, "batch", ""), suite="s", model="m", digest="d")
            there = tracker(kind, address, ledger, clock)
            with ledger.lease("watch") as lease, ledger.writing(lease) as work:
                if work.claim(batch) is not None:
                    step("judged")
                    work.judged(batch, "{}")
                    work.move("folder", batch.name)
            step("before the report")
            report(ledger, there.name, KEY, event, Policy(), words)
            step("before the relay")
            Relay(ledger, there, Policy(), step=step, sleep=clock.sleep).deliver()
            step("after the relay")
            there.close()
    except ModelQAError:
        os._exit(3)
