"""A suite without a model, a place where batches arrive, and a watcher on it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from modelqa.actions.local import Local
from modelqa.actions.relay import Step, quiet
from modelqa.actions.tracker import Tracker
from modelqa.after import Wishes
from modelqa.core.codec import loads
from modelqa.core.result import SuiteResult
from modelqa.ledger import Ledger
from modelqa.ledger.tables import batches, results
from modelqa.run.opened import Settings
from modelqa.suite.spec import Suite
from modelqa.watch.arrivals import Source
from modelqa.watch.commit import Hearing
from modelqa.watch.folders import Folder
from modelqa.watch.held import Stop
from modelqa.watch.loop import Watcher
from modelqa.watch.plan import Done, Held, Plan, Seen
from modelqa.watch.whole import Settling

CHECKS = [{"schema": {"x": {"min": 0}}}]
"""Red where a value is below zero."""
TICKET = {"ticket": "local", "on": "failed"}


def put(path: Path, values: list[float], **columns: list[Any]) -> None:
    """Write a parquet file with a column x, whole at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table({"x": pa.array(values, pa.float64()), **columns}), path)


class World:
    """A project's folder, its ledger, and watchers on a source (the folder ``new``, if no other is named)."""

    def __init__(
        self,
        root: Path,
        url: str = "",
        *,
        now: Callable[[object], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.root, self.new = root, root / "new"
        self.new.mkdir(exist_ok=True)
        self.url = url or f"sqlite:///{root / 'ledger.db'}"
        self._now, self._sleep = now, sleep
        self.source: Source | None = None
        self.keys: dict[str, Any] = {"checks": CHECKS, "actions": [TICKET]}
        self.options: dict[str, Any] = {}
        self.tracker: Callable[[Ledger], Tracker] = Local
        self.clock: Callable[[], float] | None = None
        self.stop = Stop()

    def ledger(self, step: Step = quiet) -> Ledger:
        """The ledger, opened."""
        return Ledger(self.url, now=self._now, sleep=self._sleep, step=step)

    def watcher(
        self, ledger: Ledger, *, settle: float = 0.0, step: Step = quiet, name: str = "tiny"
    ) -> Watcher:
        """One that watches with the keys and options as they are."""
        source = self.source or Folder("new", self.root)
        suite = Suite(name, **{"batch": source.told, **self.keys})
        actions = [action.describe() for action in suite.actions if action.kind == "ticket"]
        plan = Plan(
            suite,
            source,
            settings=Settings(root=self.root, tracking_uri=self.options.get("tracking_uri")),
            wishes=Wishes(
                root=self.root,
                act=True,
                report=self.options.get("report"),
                tracking_uri=self.options.get("tracking_uri"),
            ),
            path="tiny.suite.yaml",
            hearings=[Hearing(action, self.tracker(ledger)) for action in actions],
            expected=self.options.get("expected"),
            step=step,
        )
        settling = Settling(settle) if self.clock is None else Settling(settle, self.clock)
        return Watcher(ledger, plan, settling, self.stop)

    def look(self, **options: Any) -> list[Seen]:
        """What one look of a new watcher sees."""
        seen: list[Seen] = []
        with self.ledger() as ledger:
            self.watcher(ledger, **options).look(seen.append)
        return seen

    def dies_before_what_follows(self) -> None:
        """A look that judges, and whose watcher dies before anything follows."""

        def step(name: str) -> None:
            if name == "follow":
                raise KeyboardInterrupt

        with self.ledger() as ledger, pytest.raises(KeyboardInterrupt):
            self.watcher(ledger, step=step).look(lambda _: None)

    def judged(self, **options: Any) -> dict[str, str]:
        """The outcomes of one look, by the batch's name."""
        return outcomes(self.look(**options))

    def results(self) -> list[tuple[str, int, SuiteResult]]:
        """All that the ledger keeps: name, revision, result, in the order in which they were kept."""
        join = batches.join(results, results.c.batch == batches.c.id)
        with self.ledger() as ledger, ledger.writing() as work:
            rows = work.connection.execute(join.select().order_by(results.c.time, batches.c.id)).all()
        return [(row.name, row.revision, loads(row.result)) for row in rows]


def outcomes(seen: list[Seen]) -> dict[str, str]:
    """The outcomes of what was judged, by the batch's name."""
    runs = [each.run.result for each in seen if isinstance(each, Done)]
    return {run.subject.batch.name: str(run.outcome) for run in runs if run.subject.batch}


def told(seen: list[Seen]) -> list[str]:
    """The words of everything that was not judged."""
    return [each.why if isinstance(each, Held) else each.line for each in seen if not isinstance(each, Done)]


def subject(result: SuiteResult) -> Mapping[str, Any]:
    """What a result says but for the times that it took."""
    checks = [(check.id, str(check.outcome), check.reason) for check in result.checks]
    return {"checks": checks, "subject": result.subject, "digest": result.digest}
