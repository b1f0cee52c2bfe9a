"""The relay carries out at a tracker what the ledger says, at least once, until one ticket is open.

A tracker may take a ticket and never answer, show it in its list minutes later, or be out of reach for a
day. So before one is created that is noted, then all of them are listed; after it, they are listed until
the list cannot lag any more; of several open ones the lowest number stays. What is sent is where things
stand now, not each step on the way: after a day without the tracker one write a ticket is enough.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from itertools import islice

from modelqa.actions.tickets import Command, Event, Phase, Policy, Seen, Ticket, advance
from modelqa.actions.tracker import Issue, Later, Refused, Text, Tracker, Unreachable
from modelqa.errors import ActionError
from modelqa.ledger import Lease, Ledger, Row, Work

SETTLE = "settle"
"""The action of an outbox row that lasts until a new ticket is known to be the only one."""
PATIENCE = 30.0
Step = Callable[[str], None]


def quiet(_: str) -> None:
    """Tell nobody of a step."""


Write = Callable[[Ticket, Sequence[Command]], Text]


def report(
    ledger: Ledger, tracker: str, fingerprint: str, event: Event, policy: Policy, write: Write
) -> Ticket:
    """Note an event in a transaction of its own (see `note`)."""
    with ledger.writing() as work:
        return note(work, tracker, fingerprint, event, policy, write)


def note(work: Work, tracker: str, fingerprint: str, event: Event, policy: Policy, write: Write) -> Ticket:
    """Note an event and, in the same transaction, what is to be done; ``write`` words the ticket."""
    before = Ticket.read(work.ticket(fingerprint, tracker))
    ticket, commands = advance(before, event, policy, work.now)
    if commands:
        text = write(ticket, commands)
        ticket = replace(ticket, title=text.title)
        payload = {"title": text.title, "body": text.body, "comment": text.comment}
        for command in commands:
            work.enqueue(tracker, fingerprint, command, payload)
    work.keep_ticket(fingerprint, tracker, ticket.plain())
    return ticket


@dataclass(frozen=True, slots=True)
class Relay:
    """Sends what is pending for a tracker. ``step`` is told each step before it is taken."""

    ledger: Ledger
    tracker: Tracker
    policy: Policy
    _: KW_ONLY
    step: Step = quiet
    sleep: Callable[[float], None] = time.sleep

    def deliver(self) -> list[str]:
        """Carry out what is pending, as far as the tracker lets; what could not be done comes back in words.

        Raises `Fenced` where another process is at it.
        """
        with self.ledger.lease(f"tickets:{self.tracker.name}", patience=PATIENCE) as lease:
            with self.ledger.writing(lease) as work:
                left = work.paused(self.tracker.name) - work.now
                groups = _grouped(work.pending(self.tracker.name))
            if left > 0:
                return [f"{self.tracker.name} wants to be left alone for {left:,.0f} seconds"] * bool(groups)
            return list(self._all(lease, groups))

    def _all(self, lease: Lease, groups: Mapping[str, list[Row]]) -> Iterator[str]:
        for at, (fingerprint, rows) in enumerate(groups.items()):
            if at and self.tracker.pace:
                self.sleep(self.tracker.pace)
            self.ledger.renew(lease)
            try:
                _Delivery(self, lease, fingerprint, rows).go()
            except Later as error:
                with self.ledger.writing(lease) as work:
                    work.pause(self.tracker.name, work.now + error.seconds)
                yield str(error)
                return
            except Unreachable as error:
                yield str(error)
                return
            except ActionError as error:
                yield str(error)


def _grouped(rows: Sequence[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.fingerprint, []).append(row)
    return groups


class _Delivery:
    """What is pending for one ticket."""

    def __init__(self, relay: Relay, lease: Lease, fingerprint: str, rows: list[Row]) -> None:
        self.relay, self.lease, self.fingerprint, self.rows = relay, lease, fingerprint, rows
        self.tracker, self.ledger, self.step = relay.tracker, relay.ledger, relay.step

    def go(self) -> None:
        with self.ledger.writing(self.lease) as work:
            work.attempted(self.rows)
            ticket = Ticket.read(work.ticket(self.fingerprint, self.tracker.name))
        wanted = [row for row in self.rows if row.action != SETTLE]
        if wanted:
            ticket = self._send(ticket, wanted)
        if len(wanted) < len(self.rows):
            self._settle(ticket)

    def _send(self, ticket: Ticket, rows: list[Row]) -> Ticket:
        """Bring the tracker to where the ledger is."""
        issue, ticket = self._look(ticket)
        text = _text(rows)
        if ticket.phase is Phase.OPEN and not ticket.number:
            issue, ticket = self._create(ticket, text)
        if issue is not None and _concerned(ticket):
            self._change(issue, ticket, text)
            for row in islice((row for row in reversed(rows) if row.action == Command.COMMENT), 1):
                self.step("comment")
                self.tracker.comment(issue.number, _text([row]))
            ticket = replace(ticket, told=ticket.phase)
        self.step("note")
        return self._keep(ticket, sent=rows)

    def _change(self, issue: Issue, ticket: Ticket, text: Text) -> None:
        open_ = ticket.phase is Phase.OPEN
        if issue.open == open_ and issue.title == text.title and issue.body == text.body:
            return
        self.step("change")
        self.tracker.change(issue.number, text, closed=not open_)

    def _look(self, ticket: Ticket) -> tuple[Issue | None, Ticket]:
        """What people have done at the tracker, taken into the ledger."""
        if not ticket.number:
            return None, ticket
        if not self.tracker.asks:
            return Issue(ticket.number, open=ticket.told is Phase.OPEN), ticket
        self.step("look")
        issue = self.tracker.get(ticket.number)
        with self.ledger.writing(self.lease) as work:
            gone = issue is None or issue.duplicate
            seen = Seen(
                bool(issue and issue.open), at=work.now, wont_fix=bool(issue and issue.wont_fix), gone=gone
            )
            ticket = Ticket.read(work.ticket(self.fingerprint, self.tracker.name))
            ticket, _ = advance(ticket, seen, self.relay.policy, work.now)
            work.keep_ticket(self.fingerprint, self.tracker.name, ticket.plain())
        return issue, ticket

    def _create(self, ticket: Ticket, text: Text) -> tuple[Issue | None, Ticket]:
        """A new ticket, unless there is one that the ledger does not know of."""
        found = self._find()
        known = _adopted(found)
        if known is not None:
            phase = Phase.OPEN if known.open else Phase.WONT_FIX
            kept = replace(ticket, number=known.number, phase=phase, told=phase)
            return known, self._keep(kept, settle=known.open)
        now = self.ledger.now()
        if now - ticket.tried < self.tracker.lag:
            left = self.tracker.lag - (now - ticket.tried)
            raise ActionError(
                f"{self.tracker.name} was asked for a ticket and has not said whether it made one: "
                f"it is looked for again, and asked again in {left:,.0f} seconds"
            )
        ticket = self._keep(replace(ticket, tried=now))
        self.step("request")
        try:
            issue = self.tracker.create(text)
        except (Refused, Later) as error:
            if not isinstance(error, Refused) or error.status < 500:
                self._keep(replace(ticket, tried=0.0))  # it is certain that there is none
            raise
        self.step("mapping")
        ticket = self._keep(replace(ticket, number=issue.number, told=Phase.OPEN), settle=True)
        self.step("mapped")
        return issue, ticket

    def _settle(self, ticket: Ticket) -> None:
        """Of all open tickets of this problem the lowest stays, until the list cannot hide another."""
        now = self.ledger.now()
        others = [issue for issue in self._find() if issue.open]
        keep = ticket.number
        if ticket.phase is Phase.OPEN:
            known = [keep] if keep and ticket.told is Phase.OPEN else []
            keep = min((*known, *(issue.number for issue in others)), key=int, default=keep)
        for issue in others:
            if issue.number != keep:
                self.step("duplicate")
                self.tracker.duplicate(issue.number)
        if keep != ticket.number:
            ticket = replace(ticket, number=keep, told=Phase.OPEN)
        done = now - ticket.tried >= self.tracker.lag
        self.step("settled")
        self._keep(ticket, sent=[row for row in self.rows if row.action == SETTLE] if done else [])

    def _find(self) -> Sequence[Issue]:
        if not self.tracker.asks:
            return ()
        self.step("list")
        return self.tracker.find(self.fingerprint)

    def _keep(self, ticket: Ticket, *, sent: Sequence[Row] = (), settle: bool = False) -> Ticket:
        with self.ledger.writing(self.lease) as work:
            known = Ticket.read(work.ticket(self.fingerprint, self.tracker.name))
            made = _merged(known, ticket)
            work.keep_ticket(self.fingerprint, self.tracker.name, made.plain())
            if sent:
                work.sent(list(sent))
            if settle and self.tracker.asks:
                work.enqueue(self.tracker.name, self.fingerprint, SETTLE, {})
        return ticket


def _merged(known: Ticket, ticket: Ticket) -> Ticket:
    """What the relay has learnt, in the ticket as it is now: a batch may have come in meanwhile."""
    phase = ticket.phase if ticket.phase is Phase.WONT_FIX else known.phase
    return replace(known, number=ticket.number, told=ticket.told, tried=ticket.tried, phase=phase)


def _adopted(found: Sequence[Issue]) -> Issue | None:
    """The ticket that stands for the problem at the tracker: open, or last closed for good by a person."""
    still = [issue for issue in found if issue.open]
    if still:
        return still[0]
    meant = [issue for issue in found if not issue.duplicate]
    return meant[-1] if meant and meant[-1].wont_fix else None


def _concerned(ticket: Ticket) -> bool:
    """Whether there is anything to say: not of what people have closed."""
    return ticket.phase is Phase.OPEN or (ticket.phase is Phase.CLOSED and ticket.told is Phase.OPEN)


def _text(rows: Sequence[Row]) -> Text:
    last = rows[-1]
    key = f"{last.fingerprint}:{last.id}"
    return Text(
        last.payload["title"],
        last.payload["body"],
        last.payload["comment"],
        fingerprint=last.fingerprint,
        key=key,
    )
