"""One look: what has arrived, claim, run, and one transaction with all that follows."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace

from modelqa.after import Told
from modelqa.core.codec import Gathered
from modelqa.core.result import SuiteResult
from modelqa.core.subject import DataInfo, ModelInfo, SubjectInfo
from modelqa.errors import LedgerError, ModelQAError
from modelqa.ledger import Batch, Lease, Ledger
from modelqa.reports.terminal import visible
from modelqa.run.execute import describe, run_opened
from modelqa.run.opened import Opened
from modelqa.watch import findings
from modelqa.watch.arrivals import Arrival, Known, State, short
from modelqa.watch.commit import Judged, commit
from modelqa.watch.held import Stop
from modelqa.watch.identity import Identity, identify, labels_mark
from modelqa.watch.plan import Done, Held, Plan, Tell
from modelqa.watch.whole import Settling

WRONG = (ModelQAError, OSError)
Kept = Callable[[Mapping[str, Sequence[str]]], None]


class Look:
    """One look, under one lease, with each model and the reference opened at most once.

    ``waiting`` counts what has arrived and has not stopped changing, ``left`` what could not be judged;
    ``kept`` hears which problems a verdict speaks of, once that is kept.
    """

    def __init__(
        self,
        ledger: Ledger,
        plan: Plan,
        lease: Lease,
        *,
        settling: Settling,
        stop: Stop,
        tell: Tell,
        kept: Kept,
    ) -> None:
        self.ledger, self.plan, self.lease = ledger, plan, lease
        self.settling, self.stop, self.tell, self.kept = settling, stop, tell, kept
        self.opened = Opened(plan.suite, plan.settings)
        self.waiting = self.left = 0

    def go(self) -> None:
        state = self._state()
        try:
            for arrival in self._arrivals(state):
                if self.stop.asked:
                    return
                if arrival.lacked or self.settling.settled(arrival.name, arrival.mark):
                    self._try(arrival)
                else:
                    self.waiting += 1
            self._forget(state)
            if self.plan.expected is not None and not self.left + self.waiting:
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

    def _forget(self, state: State) -> None:
        """Let go of what its source is done with, so that a look costs what is there, not what ever was."""
        gone = [each.name for each in state.known.values() if self.plan.source.done_with(each)]
        if gone:
            with self.ledger.writing(self.lease) as work:
                work.forget([self._cursor(name) for name in gone])

    def _cursor(self, name: str) -> str:
        return f"{self.plan.name}:{short(name)}"

    # --- one arrival

    def _try(self, arrival: Arrival) -> None:
        """Judge an arrival; one that cannot be judged does not keep the others from it, and waits."""
        try:
            self._judge(arrival)
        except LedgerError:
            raise
        except WRONG as error:
            self._wait(arrival, str(error))
        except Exception as error:  # whatever a library makes of odd data; its text may quote rows
            self._wait(arrival, describe(error))

    def _wait(self, arrival: Arrival, why: str) -> None:
        self.left += 1
        self.tell(Told(visible(f"{arrival.name} waits: {why}"), failed=True))

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
            self.settling.forget(arrival.name)
            if revision is None:
                return
            self.plan.step("claimed")
            result = self._result(arrival, opened, identity)
            self.plan.step("judged")
        if self.plan.source.mark(arrival) != arrival.mark:
            self.left += 1
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
        if "model" in arrival.changes:
            return result
        rows = result.subject.batch
        written = arrival.changes["batch"]
        named = DataInfo(
            arrival.name,
            rows=rows.rows if rows else 0,
            digest=identity.rows.digest,
            source=arrival.name if isinstance(written, str) else written["sql"],
        )
        return replace(result, subject=replace(result.subject, batch=named))

    def _cursors(self, arrival: Arrival, identity: Identity, labels: str, now: float) -> dict[str, str]:
        """Where the source stands once this arrival is known."""
        lacks = min(identity.lacks, arrival.lacked or identity.lacks)
        known = Known(arrival.name, mark=arrival.mark, lacks=lacks, labels=labels)
        made = {self._cursor(arrival.name): known.dumps()}
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
            told = work.claim(batch) is None
        if not told:
            subject = SubjectInfo(model=model, batch=DataInfo(after, rows=0, digest=batch.digest))
            result = findings.late(suite, subject, state, expected, count)
            self._keep(batch, 1, result, lambda _: {})  # one more that is missing restates nothing

    # --- the transaction

    def _keep(
        self, batch: Batch, revision: int, result: SuiteResult, cursors: Callable[[float], Mapping[str, str]]
    ) -> None:
        partial = any(check.kind == findings.ARRIVAL for check in result.checks)
        run = Gathered(self.plan.path, result, actions=self.plan.actions, partial=partial)
        wishes = self.plan.wishes
        followed = wishes.log or any((wishes.report, wishes.metrics, wishes.tensorboard))
        with self.ledger.writing(self.lease) as work:
            made = cursors(work.now)
            judged = Judged(
                batch, revision=revision, run=run, cursors=made, followed=followed, rules=self.plan.rules
            )
            heard = commit(work, judged, self.plan.hearings, self.plan.environ)
        if heard is not None:
            self.tell(Done(run, revision))
            self.kept(heard)
