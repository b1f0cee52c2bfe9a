"""A model is retrained once for a problem, seldom, and not again where it did not help."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.actions.retrain import Limits, Need, Retrain, State, attempts, moment, refusal
from modelqa.actions.tickets import DAY

LIMITS = Limits(cool_down=7 * DAY, most=2, within=30 * DAY)
NEED = Need("ab", episode=1.0, version="7", digest="sha256:7")
DONE = Retrain("retrain-1", need=NEED, by="command", time=0.0, state=State.DONE)
LATER = 10 * DAY


def why(need: Need, *past: Retrain, now: float = LATER, limits: Limits = LIMITS) -> str:
    """What speaks against it."""
    return refusal(need, past, limits, now)


def test_the_first_request_is_made() -> None:
    """Nothing speaks against it."""
    assert why(NEED) == ""


def test_a_problem_is_asked_for_once() -> None:
    """However long ago, until a newer version has come."""
    assert "asked for on 1970-01-01 00:00 UTC (retrain-1)" in why(NEED, DONE, now=999 * DAY)


@pytest.mark.parametrize(
    "need",
    [
        replace(NEED, version="8", digest="sha256:8"),
        replace(NEED, version="12"),
        replace(NEED, version="", digest="sha256:8"),
    ],
)
def test_a_retrain_that_did_not_help_is_the_last(need: Need) -> None:
    """The model that came of it has the same problem."""
    past = DONE if need.version else replace(DONE, need=replace(NEED, version=""))
    assert "the last retrain did not help" in why(need, past, now=999 * DAY)


def test_an_older_version_is_not_what_came_of_it() -> None:
    """Somebody judged it again."""
    assert why(replace(NEED, version="6"), DONE).startswith("version 6 is older")


def test_a_problem_that_was_gone_is_a_new_one() -> None:
    """Once it was closed, the retrain has helped."""
    assert why(replace(NEED, episode=2.0, version="8"), DONE) == ""


def test_a_retrain_that_failed_is_tried_again_after_the_cool_down() -> None:
    """Not at the next batch."""
    failed = replace(DONE, state=State.FAILED)
    assert why(NEED, failed, now=DAY) == "in the cool-down until 1970-01-08 00:00 UTC, after retrain-1 failed"
    assert why(NEED, failed, now=7 * DAY) == ""


def test_what_a_crash_left_open_counts_as_done_until_the_cool_down_is_over() -> None:
    """At most once for each request."""
    begun = replace(DONE, state=State.BEGUN)
    assert "of which it is not known whether it was done" in why(NEED, begun, now=DAY)
    assert why(NEED, begun) == ""
    assert NEED.request(attempts(NEED, [begun])) != NEED.request(0)


def test_a_webhook_is_told_again_under_the_same_id() -> None:
    """For its receiver does it once."""
    begun = replace(DONE, state=State.BEGUN, by="webhook")
    assert why(NEED, begun, now=1.0) == ""
    assert NEED.request(attempts(NEED, [begun])) == NEED.request(0)


def test_what_was_certainly_not_done_costs_nothing() -> None:
    """Neither the cool-down nor the budget."""
    assert why(NEED, *[replace(DONE, state=State.UNDONE, time=9 * DAY)] * 9) == ""


def test_another_problem_of_the_model_shares_cool_down_and_budget() -> None:
    """It is the model that is trained."""
    other = replace(DONE, need=replace(NEED, problem="cd"))
    assert "in the cool-down" in why(NEED, other, now=6 * DAY)
    assert why(NEED, other, now=7 * DAY) == ""
    two = [other, replace(other, id="retrain-2", time=8 * DAY)]
    assert why(NEED, *two, now=20 * DAY) == (
        "the budget of 2 in 30 days is spent; the next one may be on 1970-01-31 00:00 UTC"
    )
    assert why(NEED, *two, now=30 * DAY) == ""


EVENTS = st.tuples(
    st.sampled_from(["red", "red", "red", "new version", "closed"]),
    st.sampled_from([State.DONE, State.DONE, State.FAILED, State.BEGUN, State.UNDONE]),
    st.integers(0, 12).map(lambda hours: hours * DAY / 4),
)


@settings(max_examples=200, deadline=None)
@given(events=st.lists(EVENTS, min_size=1, max_size=60), problems=st.integers(1, 3))
def test_the_rails_hold_whatever_happens(events: list[tuple[str, State, float]], problems: int) -> None:
    """No two within the cool-down, no more than the budget, one success a version and problem."""
    past: list[Retrain] = []
    now, version, episode = 0.0, 1, 0.0
    for number, (what, ends, passed) in enumerate(events):
        now += passed
        version += what == "new version"
        episode = now if what == "closed" else episode
        need = Need(str(number % problems), episode=episode, version=str(version), digest="")
        if refusal(need, past, LIMITS, now):
            continue
        id_ = need.request(attempts(need, past))
        past = [each for each in past if each.id != id_]
        past.append(Retrain(id_, need=need, by="command", time=now, state=ends))
    counted = [each for each in past if each.counts]
    times = [each.time for each in counted]
    assert all(after - before >= LIMITS.cool_down for before, after in pairwise(times))
    assert all(sum(at <= other < at + LIMITS.within for other in times) <= LIMITS.most for at in times)
    done = [(each.need.problem, each.need.episode) for each in counted if each.state is State.DONE]
    assert len(done) == len(set(done))
    assert len({each.id for each in past}) == len(past)


@given(
    state=st.sampled_from(State),
    version=st.text(max_size=9),
    time=st.floats(0, 1e10),
    said=st.text(max_size=99),
)
def test_a_request_survives_the_ledger(state: State, version: str, time: float, said: str) -> None:
    """As plain data and back."""
    made = replace(DONE, need=replace(NEED, version=version), time=time, state=state, said=said)
    assert Retrain.read(made.plain()) == made


def test_an_id_tells_its_need_apart() -> None:
    """By problem, episode, version and attempt; never by chance."""
    others = [
        replace(NEED, problem="x"),
        replace(NEED, episode=2.0),
        replace(NEED, version="8"),
        replace(NEED, version="", digest="sha256:8"),
    ]
    ids = {NEED.request(0), NEED.request(1), *(each.request(0) for each in others)}
    assert len(ids) == 6
    assert NEED.request(0) == replace(NEED).request(0)
    assert moment(0.5) == "1970-01-01 00:00 UTC"
