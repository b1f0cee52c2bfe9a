"""The judge: three answers, and no other."""

from math import inf

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modelqa.core.bound import Bound, Outcome, facing_both, judge, rows_to_tell
from modelqa.core.estimate import Estimate, Levels

numbers = st.floats(-1e6, 1e6)


@st.composite
def estimates(draw: st.DrawFn) -> Estimate:
    """Any estimate."""
    low, value, high = sorted(draw(st.tuples(numbers, numbers, numbers)))
    return Estimate(value, low=low, high=high, n=draw(st.integers(1, 10**6)))


@given(estimates(), numbers)
def test_a_minimum_has_three_answers(estimate: Estimate, limit: float) -> None:
    """Red above the high end, green at or below the low end, undecided between."""
    outcome = judge(estimate, Bound(min=limit)).outcome
    assert outcome is (
        Outcome.FAILED if limit > estimate.high
        else Outcome.PASSED if limit <= estimate.low
        else Outcome.INCONCLUSIVE
    )  # fmt: skip


@given(estimates(), numbers)
def test_a_maximum_mirrors_a_minimum(estimate: Estimate, limit: float) -> None:
    """Turning the axis around turns min into max and changes no outcome."""
    turned = Estimate(-estimate.value, low=-estimate.high, high=-estimate.low, n=estimate.n)
    assert judge(estimate, Bound(max=limit)).outcome is judge(turned, Bound(min=-limit)).outcome


@given(estimates(), numbers, numbers)
def test_two_bounds_are_as_severe_as_the_worse_one(estimate: Estimate, low: float, high: float) -> None:
    """A check with min and max ends as the more severe of the two."""
    assume(low <= high)
    both = judge(estimate, Bound(min=low, max=high)).outcome
    each = [judge(estimate, Bound(min=low)).outcome, judge(estimate, Bound(max=high)).outcome]
    assert both is Outcome.worst(each)


@given(estimates(), numbers, numbers)
def test_a_warning_never_changes_red_or_undecided(estimate: Estimate, hard: float, warn: float) -> None:
    """A warn level turns green into warned, and nothing else into anything."""
    without = judge(estimate, Bound(min=hard)).outcome
    with_it = judge(estimate, Bound(min=hard, warn_min=warn)).outcome
    assert with_it is without or (without is Outcome.PASSED and with_it is Outcome.WARNED)


@given(st.floats(allow_nan=False, allow_infinity=False), numbers)
def test_a_fact_is_never_undecided(value: float, limit: float) -> None:
    """What was counted is red or green."""
    assert judge(Estimate.fact(value, n=1), Bound(max=limit)).outcome in (Outcome.FAILED, Outcome.PASSED)


@given(estimates(), numbers)
def test_no_rows_are_never_green(estimate: Estimate, limit: float) -> None:
    """What was measured on nothing cannot pass or be merely warned about."""
    nothing = Estimate(estimate.value, low=estimate.low, high=estimate.high, n=0)
    for bound in (Bound(min=limit), Bound(max=limit), Bound(warn_max=limit)):
        assert judge(nothing, bound).outcome is not Outcome.PASSED


@given(numbers)
def test_a_value_that_does_not_exist_is_undecided(limit: float) -> None:
    """NaN turns nothing green and nothing red."""
    assert judge(Estimate.undefined(n=9), Bound(min=limit, max=limit)).outcome is Outcome.INCONCLUSIVE


def test_an_unbounded_measurement_is_an_error() -> None:
    """Without any bound there is nothing to be judged by, so nothing passes."""
    assert judge(Estimate.fact(1, n=1), Bound()).outcome is Outcome.ERRORED


def test_an_unresolved_end_cannot_turn_red() -> None:
    """A method that cannot resolve its tail leaves an infinite end, which no bound lies beyond."""
    assert judge(Estimate(0.5, low=0.4, high=inf, n=9), Bound(min=0.9)).outcome is Outcome.INCONCLUSIVE


def test_warn_levels_alone_decide_between_passed_and_warned() -> None:
    """A check with warn levels only is warned, passed, or undecided, never failed."""
    estimate = Estimate(0.9, low=0.88, high=0.92, n=9)
    assert judge(estimate, Bound(warn_min=0.95)).outcome is Outcome.WARNED
    assert judge(estimate, Bound(warn_min=0.85)).outcome is Outcome.PASSED
    assert judge(estimate, Bound(warn_min=0.91)).outcome is Outcome.INCONCLUSIVE


@given(estimates(), numbers)
def test_the_rows_that_would_tell_are_more_than_there_are(estimate: Estimate, limit: float) -> None:
    """Where a check is undecided, deciding it takes more rows."""
    assume(judge(estimate, Bound(min=limit)).outcome is Outcome.INCONCLUSIVE)
    told = rows_to_tell(estimate, limit)
    assert told is None or told >= estimate.n


def test_outcomes_are_ordered_by_severity() -> None:
    """failed > errored > inconclusive > warned > passed, and skipped says nothing."""
    words = ["failed", "errored", "inconclusive", "warned", "passed", "skipped"]
    assert [str(outcome) for outcome in Outcome] == words


@given(st.floats(1e-9, 0.5), st.floats(1e-9, 0.5), st.integers(1, 10**6))
def test_only_the_false_alarm_side_is_divided(alpha: float, beta: float, members: int) -> None:
    """Members of a family share alpha; each green is as sure as before."""
    parts = Levels(alpha=alpha, beta=beta, reds="high").split(members)
    assert parts.high == pytest.approx(alpha / members)
    assert parts.low == beta


def test_an_estimate_holds_its_value() -> None:
    """Ends on the wrong side of the value are a defect of the check, said at once."""
    with pytest.raises(ValueError, match="an interval holds its value"):
        Estimate(0.5, low=0.6, high=0.7, n=1)


ENDS = st.tuples(*[st.floats(-2, 2)] * 2, *[st.floats(0, 1)] * 4)


@given(ENDS, st.floats(-2, 2), st.floats(0, 2))
def test_two_sides_are_judged_as_each_would_be_alone(
    ends: tuple[float, ...], low: float, width: float
) -> None:
    """Red if one of them is, green if both are."""
    value, _, a, b, c, d = ends
    # The far end of each side stands at a smaller tail than the near end of the other.
    down = Estimate(value, low=value - min(a, b), high=value + max(c, d), n=9)
    up = Estimate(value, low=value - max(a, b), high=value + min(c, d), n=9)
    both = judge(facing_both(down, up, Bound(min=low, max=low + width)), Bound(min=low, max=low + width))
    alone = [judge(down, Bound(min=low)).outcome, judge(up, Bound(max=low + width)).outcome]
    assert both.outcome is Outcome.worst(alone)
