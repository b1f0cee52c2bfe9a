"""What becomes of a ticket, transition by transition."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.actions.tickets import (
    DAY,
    Command,
    Event,
    Failed,
    Passed,
    Phase,
    Policy,
    Seen,
    Snoozed,
    Ticket,
    Unknown,
    advance,
    decide,
    fingerprint,
    observe,
)

NOW = 100 * DAY
NONE = Ticket()
OPEN = Ticket(
    phase=Phase.OPEN, number="7", told=Phase.OPEN, red=True, failures=2, batch="b2", commented=NOW - 60,
    recent=(True, True), version="5", bad_version="5", first_bad="one", opened=NOW - DAY,
)  # fmt: skip
CLEAN1 = replace(OPEN, clean=1, red=False, failures=0)
CLEAN2 = replace(OPEN, clean=2, red=False, failures=0)
CLOSED = replace(
    OPEN, phase=Phase.CLOSED, told=Phase.CLOSED, red=False, closed=NOW - DAY, clean=3, failures=0
)
OLD = replace(CLOSED, closed=NOW - 8 * DAY)
WONT = replace(OPEN, phase=Phase.WONT_FIX, told=Phase.WONT_FIX)
QUIET = NOW - 2 * DAY
CREATE, REOPEN, UPDATE, COMMENT, CLOSE, LOOK = Command

POLICY, TWO = Policy(), Policy(open_after=2)
TABLE: dict[str, tuple[Ticket, Event, list[Command], Phase, Policy]] = {
    "a first failure opens": (NONE, Failed("a"), [CREATE], Phase.OPEN, POLICY),
    "a pass of what never failed does nothing": (NONE, Passed("a"), [], Phase.NONE, POLICY),
    "what is not known does not open": (NONE, Unknown("a"), [], Phase.NONE, POLICY),
    "one of three is not two": (NONE, Failed("a"), [], Phase.NONE, TWO),
    "two of three are two": (replace(NONE, recent=(True, False)), Failed("a"), [CREATE], Phase.OPEN, TWO),
    "two in a row are two": (replace(NONE, recent=(True,)), Failed("a"), [CREATE], Phase.OPEN, TWO),
    "the fourth last does not count": (
        replace(NONE, recent=(True, False, False)), Failed("a"), [], Phase.NONE, TWO),
    "snoozed, nothing opens": (replace(NONE, snoozed=NOW + 1), Failed("a"), [], Phase.NONE, POLICY),
    "after the snooze it opens": (replace(NONE, snoozed=NOW), Failed("a"), [CREATE], Phase.OPEN, POLICY),
    "another failure updates in place": (OPEN, Failed("c"), [UPDATE], Phase.OPEN, POLICY),
    "after the interval it comments": (
        replace(OPEN, commented=NOW - DAY), Failed("c"), [UPDATE, COMMENT], Phase.OPEN, POLICY),
    "just before the interval it does not": (
        replace(OPEN, commented=NOW - DAY + 1), Failed("c"), [UPDATE], Phase.OPEN, POLICY),
    "an interval of an hour": (
        replace(OPEN, commented=NOW - 3600), Failed("c"), [UPDATE, COMMENT], Phase.OPEN,
        Policy(repeat_interval=3600)),
    "the same batch again updates": (OPEN, Failed("b2"), [UPDATE], Phase.OPEN, POLICY),
    "snoozed, an open one is silent": (
        replace(OPEN, snoozed=NOW + 1, commented=QUIET), Failed("c"), [], Phase.OPEN, POLICY),
    "after the snooze it speaks": (
        replace(OPEN, snoozed=NOW - 1, commented=QUIET), Failed("c"), [UPDATE, COMMENT], Phase.OPEN, POLICY),
    "a first clean batch is told": (OPEN, Passed("c", version="5"), [UPDATE], Phase.OPEN, POLICY),
    "a second one too": (CLEAN1, Passed("c", version="5"), [UPDATE], Phase.OPEN, POLICY),
    "the third closes": (CLEAN2, Passed("c", version="5"), [UPDATE, CLOSE], Phase.CLOSED, POLICY),
    "one closes where one is enough": (
        OPEN, Passed("c"), [UPDATE, CLOSE], Phase.CLOSED, Policy(close_after=1)),
    "the same clean batch is counted once": (CLEAN2, Passed("b2"), [], Phase.OPEN, POLICY),
    "an unknown batch is no clean one": (CLEAN2, Unknown("c"), [], Phase.OPEN, POLICY),
    "an older version's pass is no recovery": (CLEAN2, Passed("c", version="4"), [], Phase.OPEN, POLICY),
    "a newer version's is": (CLEAN2, Passed("c", version="6"), [UPDATE, CLOSE], Phase.CLOSED, POLICY),
    "a failure after clean ones updates": (CLEAN2, Failed("c"), [UPDATE], Phase.OPEN, POLICY),
    "snoozed, it closes all the same": (
        replace(CLEAN2, snoozed=NOW + 1), Passed("c"), [UPDATE, CLOSE], Phase.CLOSED, POLICY),
    "held by a person, it is commented, not closed": (
        replace(CLEAN2, held=True), Passed("c"), [UPDATE, COMMENT], Phase.OPEN, POLICY),
    "and not commented again": (
        replace(CLEAN2, clean=3, held=True), Passed("c"), [UPDATE], Phase.OPEN, POLICY),
    "a pass of a closed one does nothing": (CLOSED, Passed("c"), [], Phase.CLOSED, POLICY),
    "within the window it is reopened": (
        CLOSED, Failed("c", version="5"), [REOPEN, UPDATE], Phase.OPEN, POLICY),
    "with a comment where one is due": (
        replace(CLOSED, commented=QUIET), Failed("c"), [REOPEN, UPDATE, COMMENT], Phase.OPEN, POLICY),
    "beyond the window there is a new one": (OLD, Failed("c", version="5"), [CREATE], Phase.OPEN, POLICY),
    "on the window's last second it is reopened": (
        replace(CLOSED, closed=NOW - 7 * DAY), Failed("c"), [REOPEN, UPDATE], Phase.OPEN, POLICY),
    "an older version never reopens": (CLOSED, Failed("c", version="4"), [], Phase.CLOSED, POLICY),
    "nor opens a new one": (OLD, Failed("c", version="4"), [], Phase.CLOSED, POLICY),
    "snoozed, nothing is reopened": (
        replace(CLOSED, snoozed=NOW + 1), Failed("c"), [], Phase.CLOSED, POLICY),
    "one of three does not reopen": (
        replace(CLOSED, recent=(False, False, False)), Failed("c"), [], Phase.CLOSED, TWO),
    "what will not be fixed stays closed": (WONT, Failed("c"), [LOOK], Phase.WONT_FIX, POLICY),
    "also after years": (replace(WONT, closed=0.0), Failed("c"), [LOOK], Phase.WONT_FIX, POLICY),
    "and a pass does nothing to it": (WONT, Passed("c"), [], Phase.WONT_FIX, POLICY),
    "a person's won't fix is respected": (
        OPEN, Seen(open=False, wont_fix=True, at=NOW), [], Phase.WONT_FIX, POLICY),
    "a person who closes what still fails is told": (
        OPEN, Seen(open=False, at=NOW), [REOPEN], Phase.OPEN, POLICY),
    "a person who closes what is clean is believed": (
        CLEAN1, Seen(open=False, at=NOW), [], Phase.CLOSED, POLICY),
    "snoozed, also one who closes what fails": (
        replace(OPEN, snoozed=NOW + 1), Seen(open=False, at=NOW), [], Phase.CLOSED, POLICY),
    "a person who reopens holds it": (CLOSED, Seen(open=True, at=NOW), [], Phase.OPEN, POLICY),
    "also what was not to be fixed": (WONT, Seen(open=True, at=NOW), [], Phase.OPEN, POLICY),
    "an open one seen open is nothing new": (OPEN, Seen(open=True, at=NOW), [], Phase.OPEN, POLICY),
    "a closed one seen closed is nothing new": (CLOSED, Seen(open=False, at=NOW), [], Phase.CLOSED, POLICY),
    "not told to close yet, it may be seen open": (
        replace(CLOSED, told=Phase.OPEN), Seen(open=True, at=NOW), [], Phase.CLOSED, POLICY),
    "not told to reopen yet, it may be seen closed": (
        replace(OPEN, told=Phase.CLOSED), Seen(open=False, at=NOW), [], Phase.OPEN, POLICY),
    "one that is gone and still fails is made anew": (
        OPEN, Seen(open=False, gone=True, at=NOW), [CREATE], Phase.OPEN, POLICY),
    "one that is gone and was closed is forgotten": (
        CLOSED, Seen(open=False, gone=True, at=NOW), [], Phase.NONE, POLICY),
    "a snooze says nothing": (OPEN, Snoozed(NOW + DAY), [], Phase.OPEN, POLICY),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_a_transition(name: str) -> None:
    """The commands, and where the ticket is afterwards."""
    ticket, event, commands, phase, policy = TABLE[name]
    assert decide(ticket, event, policy, NOW) == commands
    after, said = advance(ticket, event, policy, NOW)
    assert (said, after.phase) == (commands, phase)


def test_the_table_is_complete() -> None:
    """Every phase meets every event."""
    met = {(ticket.phase, type(event)) for ticket, event, *_ in TABLE.values()}
    assert len(TABLE) >= 40
    assert {(phase, kind) for phase in Phase for kind in (Failed, Passed)} <= met


def play(events: list[Event], every: float = DAY, policy: Policy = POLICY) -> tuple[Ticket, list[Command]]:
    """A ticket after events, one every so many seconds, and all that was said."""
    ticket, said = NONE, []
    for number, event in enumerate(events):
        ticket, commands = advance(ticket, event, policy, number * every)
        said += commands
    return ticket, said


def test_a_hundred_failures_then_three_good_ones_are_one_ticket_and_one_close() -> None:
    """The first bad batch and the last good one are remembered."""
    bad = [Failed(f"bad{n}", name=f"bad{n}") for n in range(100)]
    ticket, said = play([Passed("good", name="good"), *bad, *(Passed(f"good{n}") for n in range(3))])
    assert (said.count(CREATE), said.count(CLOSE), said.count(REOPEN)) == (1, 1, 0)
    assert (ticket.first_bad, ticket.last_bad, ticket.phase) == ("bad0", "bad99", Phase.CLOSED)


def test_two_hundred_alternating_batches_are_one_ticket() -> None:
    """It stays open, and says so once a day."""
    ticket, said = play([(Passed, Failed)[n % 2](f"b{n}") for n in range(200)], every=3600)
    assert (said.count(CREATE), said.count(CLOSE), said.count(REOPEN)) == (1, 0, 0)
    assert said.count(COMMENT) <= 200 * 3600 / DAY
    assert ticket.phase is Phase.OPEN


def test_first_bad_is_the_first_of_those_that_opened_it() -> None:
    """Also where one failure is not enough, and after it was closed."""
    ticket, _ = play([Failed("a", name="a"), Failed("b", name="b")], policy=TWO)
    assert (ticket.phase, ticket.first_bad, ticket.failures) == (Phase.OPEN, "a", 2)
    after, _ = advance(replace(CLOSED, first_bad="old"), Failed("c", name="new"), POLICY, NOW)
    assert (after.first_bad, after.failures) == ("new", 1)


def test_a_person_who_reopens_is_not_overruled() -> None:
    """Clean batches do not close it until a machine has opened it again."""
    ticket = observe(CLOSED, Seen(open=True, at=NOW))
    for number in range(10):
        ticket, said = advance(ticket, Passed(f"g{number}"), POLICY, NOW)
        assert CLOSE not in said
    assert ticket.held


EVENTS = st.one_of(
    st.builds(Failed, st.sampled_from("abcdef"), version=st.sampled_from(["", "4", "5", "6"])),
    st.builds(Passed, st.sampled_from("abcdef"), version=st.sampled_from(["", "4", "5", "6"])),
    st.builds(Unknown, st.sampled_from("abcdef")),
    st.builds(Snoozed, st.floats(0, 50 * DAY)),
    st.builds(Seen, st.booleans(), wont_fix=st.booleans(), gone=st.booleans(), at=st.floats(0, 50 * DAY)),
)


@given(st.lists(st.tuples(EVENTS, st.floats(0, 5 * DAY)), max_size=40))
def test_whatever_happens_a_ticket_is_sound(history: list[tuple[Event, float]]) -> None:
    """Plain data and back; at most one comment an interval; nothing is created that is open."""
    ticket, now, comments = NONE, 0.0, [-DAY]
    for event, later in history:
        now += later
        before = ticket
        ticket, said = advance(ticket, event, POLICY, now)
        assert Ticket.read(ticket.plain()) == ticket
        if CREATE in said:
            assert before.phase is not Phase.OPEN or isinstance(event, Seen)
            assert ticket.phase is Phase.OPEN
        if before.phase is Phase.WONT_FIX and isinstance(event, Failed | Passed):
            assert ticket.phase is Phase.WONT_FIX
        if COMMENT in said and isinstance(event, Failed):
            assert now - comments[-1] >= DAY
            comments.append(now)


@given(*(st.text(max_size=20) for _ in range(4)))
def test_a_fingerprint_is_forty_digits(suite: str, check: str, model: str, where: str) -> None:
    """Whatever the names hold, it fits in a comment of HTML."""
    found = fingerprint(suite, check, model, where)
    assert len(found) == 40
    assert set(found) <= set("0123456789abcdef")


def test_fingerprints_differ_by_each_part() -> None:
    """And not only by what they are together."""
    parts: list[Any] = ["ab", "", "c", "prod"]
    others = [
        ("a", "b", "c", "prod"),
        ("ab", "", "c", "test"),
        ("ab", "", "d", "prod"),
        ("ab", "x", "c", "prod"),
    ]
    assert len({fingerprint(*each) for each in [parts, *others]}) == 5
