"""What becomes of a ticket: a state machine without a clock, a tracker or a database.

A ticket is about one problem, known by its `fingerprint`. Batches fail or pass, people close, reopen and
snooze; from what is known, an event, a policy and the time follow the commands to the tracker. The options
carry the names and the meaning that they have in Alertmanager (`repeat_interval`, reopening within a
window, a "won't fix" that is respected).
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field, fields, replace
from enum import StrEnum
from hashlib import sha1
from typing import Any, Self

DAY = 86_400.0
RECENT, TREND = 3, 8
"""Batches that count for `open_after`, and batches whose values are kept to be told."""


ENVIRONMENT = "MODELQA_ENVIRONMENT"
"""Where the model serves, such as production: a problem there is not the problem in staging."""


def fingerprint(suite: str, check: str, model: str, environment: str) -> str:
    """The identity of a problem: 40 hexadecimal digits of what does not change while it lasts.

    No version, value, time or column: whatever changed would open a second ticket. ``check`` is empty
    where one ticket speaks of all checks of a model.

    >>> fingerprint("churn", "", "churn", "production")
    '53cdaff8b95a47354d2a83fe9243d76d3b829dba'
    """
    identity = "\0".join((suite, check, model, environment))
    return sha1(identity.encode(), usedforsecurity=False).hexdigest()


class Phase(StrEnum):
    """Where a ticket is: not opened yet, open, closed, or closed by somebody who will not fix it."""

    NONE = "none"
    OPEN = "open"
    CLOSED = "closed"
    WONT_FIX = "wont_fix"


class Command(StrEnum):
    """What is to be done at the tracker; LOOK asks what people have done there."""

    CREATE = "create"
    REOPEN = "reopen"
    UPDATE = "update"
    COMMENT = "comment"
    CLOSE = "close"
    LOOK = "look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How tickets are opened, repeated and closed; times in seconds.

    ``open_after`` of the last three batches have to fail before there is a ticket.
    """

    close_after: int = 3
    repeat_interval: float = DAY
    reopen_window: float = 7 * DAY
    open_after: int = 1


@dataclass(frozen=True, slots=True)
class Failed:
    """A batch that has the problem. ``batch`` identifies verdict and rows, ``name`` is for people."""

    batch: str
    _: KW_ONLY
    name: str = ""
    version: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passed(Failed):
    """A batch that does not have it."""


@dataclass(frozen=True, slots=True)
class Unknown(Failed):
    """A batch of which it cannot be told: undecided, not measured, or muted by a worse problem."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the tracker says, when: whether the ticket is open, closed as "won't fix", or gone."""

    open: bool
    _: KW_ONLY
    at: float
    wont_fix: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Snoozed:
    """Somebody wants to hear nothing until then (seconds since 1970)."""

    until: float


Event = Failed | Passed | Unknown | Seen | Snoozed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What is known of a problem.

    ``number`` is the tracker's; ``told`` the phase that the tracker was last brought to; ``tried`` when it
    was last asked to create one; ``held`` says that a person has reopened it, so that no machine closes it.
    ``first_bad``, ``last_bad`` and ``last_good`` name batches; ``trend`` holds the values of the last ones.
    """

    phase: Phase = Phase.NONE
    number: str = ""
    told: Phase = Phase.NONE
    tried: float = 0.0
    held: bool = False
    batch: str = ""
    recent: tuple[bool, ...] = ()
    red: bool = False
    clean: int = 0
    failures: int = 0
    first_bad: str = ""
    last_bad: str = ""
    last_good: str = ""
    bad_version: str = ""
    version: str = ""
    opened: float = 0.0
    closed: float = 0.0
    commented: float = 0.0
    snoozed: float = 0.0
    trend: tuple[tuple[str, Mapping[str, str]], ...] = ()
    title: str = ""

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def read(cls, plain: Mapping[str, Any] | None) -> Self:
        """The inverse of `plain`; a ticket that nobody knows yet for None.

        >>> Ticket.read(Ticket(number="7").plain()) == Ticket(number="7")
        True
        """
        known = {field.name for field in fields(cls)}
        found = {key: value for key, value in (plain or {}).items() if key in known}
        for key in ("phase", "told"):
            found[key] = Phase(found.get(key, Phase.NONE))
        found["recent"] = tuple(found.get("recent", ()))
        found["trend"] = tuple((name, values) for name, values in found.get("trend", ()))
        return cls(**found)


def advance(ticket: Ticket, event: Event, policy: Policy, now: float) -> tuple[Ticket, list[Command]]:
    """What is known after an event, and what is to be done."""
    commands = decide(ticket, event, policy, now)
    return settle(observe(ticket, event), commands, now), commands


def decide(ticket: Ticket, event: Event, policy: Policy, now: float) -> list[Command]:
    """What is to be done at the tracker after an event.

    >>> decide(Ticket(), Failed("a"), Policy(), now=0.0)
    [<Command.CREATE: 'create'>]
    >>> decide(Ticket(phase=Phase.OPEN, clean=2), Passed("b"), Policy(), now=0.0)
    [<Command.UPDATE: 'update'>, <Command.CLOSE: 'close'>]
    """
    match event:
        case Seen():
            return _seen(ticket, event, now)
        case Passed() if event.batch != ticket.batch:
            return _passed(ticket, observe(ticket, event), policy)
        case Passed() | Unknown() | Snoozed():
            return []
        case Failed():
            return _failed(observe(ticket, event), event, policy, now)


def _failed(ticket: Ticket, event: Failed, policy: Policy, now: float) -> list[Command]:
    if now < ticket.snoozed:
        return []
    due = [Command.COMMENT] if now - ticket.commented >= policy.repeat_interval else []
    if ticket.phase is Phase.OPEN:
        return [Command.UPDATE, *due]
    if ticket.phase is Phase.WONT_FIX:
        return [Command.LOOK]
    if sum(ticket.recent) < policy.open_after:
        return []
    if ticket.phase is Phase.NONE:
        return [Command.CREATE]
    if older(event.version, ticket.version):
        return []
    if now - ticket.closed <= policy.reopen_window:
        return [Command.REOPEN, Command.UPDATE, *due]
    return [Command.CREATE]


def _passed(before: Ticket, ticket: Ticket, policy: Policy) -> list[Command]:
    """One more clean batch, unless it is an older version's, of which nothing follows."""
    if ticket.phase is not Phase.OPEN or ticket.clean == before.clean:
        return []
    if ticket.clean < policy.close_after:
        return [Command.UPDATE]
    if not ticket.held:
        return [Command.UPDATE, Command.CLOSE]
    return [Command.UPDATE, *([Command.COMMENT] if ticket.clean == policy.close_after else [])]


def _seen(ticket: Ticket, event: Seen, now: float) -> list[Command]:
    """A person has closed what still fails: it is opened again, unless it will not be fixed."""
    still = ticket.phase is Phase.OPEN and ticket.red and now >= ticket.snoozed
    if event.gone and still:
        return [Command.CREATE]
    if event.open or event.wont_fix or event.gone or not still or ticket.told is not Phase.OPEN:
        return []
    return [Command.REOPEN]


def observe(ticket: Ticket, event: Event) -> Ticket:
    """What is known after an event. The same batch twice is one batch; what people did outweighs ours."""
    match event:
        case Snoozed():
            return replace(ticket, snoozed=event.until)
        case Seen():
            return _people(ticket, event)
        case Unknown():
            return ticket
        case Passed():
            return _clean(ticket, event)
        case Failed():
            return _bad(ticket, event)


def _people(ticket: Ticket, event: Seen) -> Ticket:
    """A person did what the tracker was neither told last nor is to be told next."""
    if event.gone:
        left = ticket.phase if ticket.phase is Phase.OPEN else Phase.NONE
        return replace(ticket, number="", told=Phase.NONE, tried=0.0, phase=left)
    if event.open == (ticket.told is Phase.OPEN) or ticket.told is Phase.NONE:
        return ticket
    if event.open:
        ours = ticket.phase is Phase.OPEN
        held, clean = (ticket.held, ticket.clean) if ours else (True, 0)
        return replace(ticket, phase=Phase.OPEN, told=Phase.OPEN, held=held, clean=clean)
    phase = Phase.WONT_FIX if event.wont_fix else Phase.CLOSED
    closed = ticket.closed if ticket.phase is Phase.CLOSED else event.at
    return replace(ticket, phase=phase, told=phase, held=False, closed=closed)


def _clean(ticket: Ticket, event: Passed) -> Ticket:
    if event.batch == ticket.batch or older(event.version, ticket.bad_version):
        return ticket
    return replace(
        _kept(ticket, event), clean=ticket.clean + 1, last_good=event.name, red=False, failures=0,
        recent=(*ticket.recent, False)[-RECENT:],
    )  # fmt: skip


def _bad(ticket: Ticket, event: Failed) -> Ticket:
    if event.batch == ticket.batch and ticket.red:
        return ticket
    if ticket.phase is not Phase.OPEN and older(event.version, ticket.version):
        return ticket
    first = ticket.first_bad if ticket.phase is Phase.OPEN or ticket.failures else ""
    return replace(
        _kept(ticket, event), clean=0, red=True, failures=ticket.failures + 1,
        first_bad=first or event.name, last_bad=event.name, bad_version=event.version,
        recent=(*ticket.recent, True)[-RECENT:],
    )  # fmt: skip


def _kept(ticket: Ticket, event: Failed) -> Ticket:
    trend = (*ticket.trend, (event.name, dict(event.values)))[-TREND:]
    newest = ticket.version if older(event.version, ticket.version) else event.version or ticket.version
    return replace(ticket, batch=event.batch, trend=trend, version=newest)


def settle(ticket: Ticket, commands: Sequence[Command], now: float) -> Ticket:
    """What is known once it is settled that the commands will be carried out."""
    for command in commands:
        match command:
            case Command.CREATE:
                ticket = replace(
                    ticket, phase=Phase.OPEN, number="", told=Phase.NONE, tried=0.0, held=False,
                    opened=now, commented=now,
                )  # fmt: skip
            case Command.REOPEN:
                ticket = replace(ticket, phase=Phase.OPEN, held=False)
            case Command.CLOSE:
                ticket = replace(ticket, phase=Phase.CLOSED, closed=now)
            case Command.COMMENT:
                ticket = replace(ticket, commented=now)
            case Command.UPDATE | Command.LOOK:
                pass
    return ticket


def older(version: str, than: str) -> bool:
    """Whether a version is known to be older: both are numbers, and it is the smaller one.

    >>> older("3", "12"), older("12", "3"), older("", "3"), older("a", "b")
    (True, False, False, False)
    """
    return version.isdecimal() and than.isdecimal() and int(version) < int(than)
