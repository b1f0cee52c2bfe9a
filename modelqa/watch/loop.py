"""A watcher: looks under a lease, and then brings everybody there who has to hear of it."""

import time
from collections.abc import Mapping, Sequence
from functools import partial

from modelqa.after import Told
from modelqa.errors import Fenced
from modelqa.ledger import Ledger
from modelqa.reports.terminal import visible
from modelqa.watch import hear
from modelqa.watch.commit import Hearing
from modelqa.watch.held import Stop, renewed
from modelqa.watch.look import WRONG, Look
from modelqa.watch.plan import Held, Plan, Tell
from modelqa.watch.whole import Settling

MINUTE = 60.0


class Watcher:
    """Looks at one source for one suite, again and again; two of them exclude each other by the lease.

    ``waiting`` counts what has arrived and had not stopped changing at the last look.
    """

    def __init__(self, ledger: Ledger, plan: Plan, settling: Settling, stop: Stop) -> None:
        self.ledger, self.plan, self.settling, self.stop = ledger, plan, settling, stop
        self.waiting = 0
        self._heard: dict[str, dict[str, None]] = {}
        self._told_last = time.monotonic()

    def look(self, tell: Tell) -> None:
        """Judge what has arrived, and tell whoever has to hear of it.

        Whatever cannot be done is told, and done at a later look; of what was kept nothing is lost.
        """
        self.waiting = 0
        plan, suite = self.plan, self.plan.suite.suite
        try:
            with self.ledger.lease(plan.lease) as lease, renewed(self.ledger, lease):
                plan.step("begin")
                kept = partial(self._kept, tell)
                look = Look(
                    self.ledger, plan, lease, settling=self.settling, stop=self.stop, tell=tell, kept=kept
                )
                look.go()
                self.waiting = look.waiting
        except Fenced:
            tell(Held(suite, "another watcher is at it"))
        except WRONG as error:
            tell(Told(visible(f"{suite}: {error}"), failed=True))
        self.hear(tell)

    def _kept(self, tell: Tell, heard: Mapping[str, Sequence[str]]) -> None:
        """A verdict speaks of these problems; while there are many, trackers hear of it once a minute."""
        for tracker, keys in heard.items():
            self._heard.setdefault(tracker, {}).update(dict.fromkeys(keys))
        if time.monotonic() - self._told_last > MINUTE:
            self.hear(tell)

    def hear(self, tell: Tell) -> None:
        """Bring trackers to where the ledger is, and do what else is to follow."""
        reached = [hearing for hearing in self.plan.hearings if self._relay(hearing, tell)]
        if self._follow_up(tell):
            for hearing in reached:  # tickets say what became of retraining
                self._relay(hearing, tell)
        self._told_last = time.monotonic()

    def _relay(self, hearing: Hearing, tell: Tell) -> bool:
        """Bring one tracker to where the ledger is; whether it is there."""
        name = hearing.tracker.name
        said = hear.relay(self.ledger, hearing, self._heard.get(name, {}), self.plan.step)
        for told in said:
            tell(told)
        failed = any(told.failed for told in said)
        if not failed:
            self._heard.pop(name, None)
        return not failed

    def _follow_up(self, tell: Tell) -> bool:
        """Do what else is to follow; whether anything was said of it."""
        said, suite = False, self.plan.suite.suite
        try:
            for told in hear.follow_up(self.ledger, self.plan):
                said = True
                tell(told)
        except Fenced:
            tell(Held(suite, "another watcher does what follows"))
        except WRONG as error:
            tell(Told(visible(f"{suite}: {error}"), failed=True))
        return said
