"""One look: lease, what has arrived, claim, run, one transaction, and then whoever has to hear of it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import KW_ONLY, dataclass, field, replace

from modelqa.actions.relay import Step, quiet
from modelqa.after import Told, Wishes
from modelqa.core.codec import Gathered
from modelqa.core.result import SuiteResult
from modelqa.core.subject import DataInfo, ModelInfo, SubjectInfo
from modelqa.errors import Fenced, ModelQAError
from modelqa.ledger import Batch, Lease, Ledger
from modelqa.reports.terminal import visible
from modelqa.run.execute import run_opened
from modelqa.run.opened import Opened, Settings
from modelqa.suite.spec import Suite
from modelqa.watch import findings, hear
from modelqa.watch.arrivals import Arrival, Known, Source, State, short
from modelqa.watch.commit import Hearing, Judged, commit
from modelqa.watch.held import Stop, renewed
from modelqa.watch.identity import Identity, identify, labels_mark
from modelqa.watch.whole import Settling

WRONG = (ModelQAError, OSError)
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Done:
    """A batch that was judged and kept."""

    run: Gathered
    revision: int


@dataclass(frozen=True, slots=True)
class Held:
    """Something that has arrived and is left for later, and why."""

    name: str
    why: str


Seen = Done | Held | Told
Tell = Callable[[Seen], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is watched, how, and for whom.

    ``path`` is the suite's for people; ``expected`` the seconds between two batches, None where nobody knows;
    ``wishes`` say what else is to follow from a verdict. ``step`` is told each step before it is taken.
    """

    suite: Suite
    source: Source
    _: KW_ONLY
    settings: Settings
    wishes: Wishes
    path: str = ""
    hearings: Sequence[Hearing] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    expected: float | None = None
    step: Step = quiet

    @property
    def actions(self) -> tuple[Mapping[str, object], ...]:
        """The suite's actions, as plain data."""
        return tuple(action.describe() for action in self.suite.actions)

    @property
    def name(self) -> str:
        """What the ledger calls this suite on this source."""
        return f"watch:{short(self.suite.suite, self.source.told)}"

    @property
    def lease(self) -> str:
        """The lease on all verdicts of the suite, whatever they are about."""
        return f"watch:{self.suite.suite[:150]}"


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
        suite = self.plan.suite.suite
        try:
            with self.ledger.lease(self.plan.lease) as lease, renewed(self.ledger, lease):
                self.plan.step("look")
                _Look(self, lease, tell).go()
        except Fenced:
            tell(Held(suite, "another watcher is at it"))
        except WRONG as error:
            tell(Told(visible(f"{suite}: {error}"), failed=True))
        self.hear(tell)

    def kept(self, heard: Mapping[str, Sequence[str]], tell: Tell) -> None:
        """A verdict speaks of these problems; while there are many, trackers hear of it once a minute."""
        for tracker, keys in heard.items():
            self._heard.setdefault(tracker, {}).update(dict.fromkeys(keys))
        if time.monotonic() - self._told_last > MINUTE:
            self.hear(tell)

    def hear(self, tell: Tell) -> None:
        """Bring trackers to where the ledger is, and do what else is to follow."""
        plan = self.plan
        for hearing in plan.hearings:
            keys = self._heard.pop(hearing.tracker.name, {})
            for told in hear.relay(self.ledger, hearing, keys, plan.step):
                tell(told)
        for told in hear.follow_up(self.ledger, plan.wishes, plan.step):
            tell(told)
        self._told_last = time.monotonic()


class _Look:
    """One look, under one lease, with each model and the reference opened at most once."""

    def __init__(self, watcher: Watcher, lease: Lease, tell: Tell) -> None:
        self.watcher, self.plan, self.ledger = watcher, watcher.plan, watcher.ledger
        self.lease, self.tell = lease, tell
        self.opened = Opened(self.plan.suite, self.plan.settings)

    def go(self) -> None:
        state = self._state()
        try:
            for arrival in self._arrivals(state):
                if self.watcher.stop.asked:
                    return
                if arrival.lacked or self.watcher.settling.settled(arrival.name, arrival.mark):
                    self._try(arrival)
                else:
                    self.watcher.waiting += 1
            if self.plan.expected is not None:
                self._overdue(self._state(), self.plan.expected)
        finally:
            self.opened.close()

    # --- what is known

    def _state(self) -> State:
        """How far the source was read; a source is watched from the first look at it."""
        with self.ledger.writing(self.lease) as work:
            found = work.cursor(self.plan.name)
            if found is None:
                found = json.dumps({"last": "", "mark": "", "time": work.now})
                work.move(self.plan.name, found)
            known = [Known.loads(text) for text in work.cursors(f"{self.plan.name}:").values()]
        return State(**json.loads(found), known={each.name: each for each in known})

    def _arrivals(self, state: State) -> Iterator[Arrival]:
        """What is new, then what may have got labels since it was judged."""
        yield from self.plan.source.look(state)
        mark = labels_mark(self.opened)
        for known in state.known.values():
            if known.lacks and (mark == "?" or known.labels != mark):
                found = self.plan.source.again(known)
                if found is not None:
                    yield found

    # --- one arrival

    def _try(self, arrival: Arrival) -> None:
        try:
            self._judge(arrival)
        except Fenced:
            raise
        except WRONG as error:
            self.tell(Told(visible(f"{arrival.name} waits: {error}"), failed=True))

    def _judge(self, arrival: Arrival) -> None:
        with self._of(arrival) as opened:
            labels = labels_mark(opened)
            model = self._model(opened)
            identity = identify(arrival, opened, model)
            self.plan.step("identified")
            with self.ledger.writing(self.lease) as work:
                worse = 0 < arrival.lacked <= identity.lacks
                revision = None if worse else work.claim(identity.batch)
                if revision is None:
                    for name, value in self._cursors(arrival, identity, labels, work.now).items():
                        work.move(name, value)
            self.watcher.settling.forget(arrival.name)
            if revision is None:
                return
            self.plan.step("claimed")
            result = self._result(arrival, opened, identity)
            self.plan.step("judged")
        if self.plan.source.mark(arrival) != arrival.mark:
            self.tell(Held(arrival.name, "it changed while it was read"))
            return
        self._keep(
            identity.batch, revision, result, lambda now: self._cursors(arrival, identity, labels, now)
        )

    @contextmanager
    def _of(self, arrival: Arrival) -> Iterator[Opened]:
        """The suite's subject with what has arrived in it."""
        suite = self.plan.suite.override(**arrival.changes)
        if "model" in arrival.changes:
            with closing(Opened(suite, self.plan.settings)) as opened:
                yield opened
        else:
            self.opened = self.opened.beside(suite)
            yield self.opened

    def _model(self, opened: Opened) -> ModelInfo | None:
        return None if opened.suite.model is None else opened.find("model").info

    def _result(self, arrival: Arrival, opened: Opened, identity: Identity) -> SuiteResult:
        """What the suite says of it, under the name that it has here."""
        if arrival.flaw:
            subject = SubjectInfo(model=self._model(opened), batch=identity.rows)
            return findings.not_whole(opened.suite, subject, arrival.flaw)
        result = run_opened(opened)
        rows = result.subject.batch
        if "model" in arrival.changes:
            return result
        named = DataInfo(arrival.name, rows=rows.rows if rows else 0, digest=identity.rows.digest)
        return replace(result, subject=replace(result.subject, batch=named))

    def _cursors(self, arrival: Arrival, identity: Identity, labels: str, now: float) -> dict[str, str]:
        """Where the source stands once this arrival is known."""
        lacks = min(identity.lacks, arrival.lacked or identity.lacks)
        known = Known(arrival.name, mark=arrival.mark, lacks=lacks, labels=labels)
        made = {f"{self.plan.name}:{short(arrival.name)}": known.dumps()}
        if not arrival.lacked:
            last = {"last": arrival.name, "mark": arrival.mark, "time": now}
            made[self.plan.name] = json.dumps(last, ensure_ascii=False)
        return made

    # --- what did not arrive

    def _overdue(self, state: State, expected: float) -> None:
        count = findings.overdue(state, expected, self.ledger.now())
        if not count:
            return
        suite, model = self.plan.suite, self._model(self.opened)
        after = f"{self.plan.source.told} after {state.last}" if state.last else self.plan.source.told
        batch = Batch(
            after, suite=suite.rules, model=model.digest if model else "", digest=f"overdue {count}"
        )
        with self.ledger.writing(self.lease) as work:
            revision = work.claim(batch)
        if revision is not None:
            subject = SubjectInfo(model=model, batch=DataInfo(after, rows=0))
            result = findings.late(suite, subject, state, expected, count)
            self._keep(batch, revision, result, lambda _: {})

    # --- the transaction

    def _keep(
        self, batch: Batch, revision: int, result: SuiteResult, cursors: Callable[[float], Mapping[str, str]]
    ) -> None:
        partial = any(check.kind == findings.ARRIVAL for check in result.checks)
        run = Gathered(self.plan.path, result, actions=self.plan.actions, partial=partial)
        with self.ledger.writing(self.lease) as work:
            judged = Judged(
                batch, revision=revision, run=run, cursors=cursors(work.now), log=self.plan.wishes.log
            )
            heard = commit(work, judged, self.plan.hearings, self.plan.environ)
        if heard is not None:
            self.tell(Done(run, revision))
            self.watcher.kept(heard, self.tell)
