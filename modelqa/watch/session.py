"""Looks, one after the other, of some watchers; what they see is printed as it comes."""

import os
import time
from collections.abc import Callable, Sequence

from modelqa.after import Told, tell_github
from modelqa.codes import COULD_NOT, FAILED, exit_code
from modelqa.core import units
from modelqa.core.result import SuiteResult
from modelqa.core.units import Unit
from modelqa.watch.findings import span
from modelqa.watch.held import Stop
from modelqa.watch.loop import Watcher
from modelqa.watch.plan import Done, Seen, Tell
from modelqa.watch.words import lines, total


class Session:
    """Looks until it is done, or somebody wants it to stop; ``show`` gets each verdict that was kept."""

    def __init__(
        self,
        watchers: Sequence[Watcher],
        stop: Stop,
        *,
        apart: float | None,
        waits: float,
        say: Callable[[str], None],
        show: Callable[[SuiteResult], None] = lambda _: None,
    ) -> None:
        self._watchers, self._stop = watchers, stop
        self._apart, self._waits, self._say = apart, waits, say
        self._show = show
        self._seen: dict[int, list[Seen]] = {at: [] for at in range(len(watchers))}
        self._told: set[str] = set()

    def go(self) -> int:
        """All looks; the exit code."""
        if self._apart is None:
            return self._once()
        names = ", ".join(f"{each.plan.source.told} for {each.plan.suite.suite}" for each in self._watchers)
        self._say(f"watching {names}, every {span(self._apart)}; Ctrl-C ends it after the batch in hand")
        while not self._stop.asked:
            began = time.monotonic()
            waiting = self._look()
            left = self._apart - (time.monotonic() - began)
            self._stop.pause(min(left, self._waits) if waiting else left)
        self._say("stopped")
        return 0

    def _once(self) -> int:
        waiting = self._look()
        if waiting and self._waits:
            wait = units.show(self._waits, Unit.SECONDS)
            self._say(f"{waiting:,} new: looking again in {wait}, to see whether they are whole")
            self._stop.pause(self._waits)
            self._look()
        for at, each in enumerate(self._watchers):
            self._say(total(each.plan.suite.suite, each.plan.source.told, self._seen[at], each.waiting))
        runs = [seen.run for part in self._seen.values() for seen in part if isinstance(seen, Done)]
        if runs:
            for line in tell_github(runs, os.environ, self._watchers[0].plan.wishes):
                self._say(line)
        return self._code()

    def _look(self) -> int:
        """One look of every watcher; how many arrivals wait."""
        before, self._told = self._told, set()
        for at, each in enumerate(self._watchers):
            if not self._stop.asked:
                each.look(self._teller(self._seen[at], before))
        return sum(each.waiting for each in self._watchers)

    def _teller(self, seen: list[Seen], before: set[str]) -> Tell:
        """Print what is seen as it comes; what could not be done is not repeated look after look."""

        def tell(each: Seen) -> None:
            if self._apart is None:
                seen.append(each)
            text = "\n".join(lines(each))
            again = text in before
            if not isinstance(each, Done):
                self._told.add(text)
            if not again:
                self._say(f"{time.strftime('%Y-%m-%d %H:%M:%S ') if self._apart else ''}{text}")
            if isinstance(each, Done):
                self._show(each.run.result)

        return tell

    def _code(self) -> int:
        codes = {
            exit_code(seen.run.result, self._watchers[at].plan.suite) if isinstance(seen, Done)
            else COULD_NOT if isinstance(seen, Told) and seen.failed else 0
            for at, part in self._seen.items()
            for seen in part
        }  # fmt: skip
        return FAILED if FAILED in codes else COULD_NOT if COULD_NOT in codes else 0
