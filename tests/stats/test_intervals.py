"""Proportions, means and quantiles."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from score_samples import BOTH

from modelqa.core.estimate import Levels
from modelqa.stats import intervals

FAR = Levels(alpha=1e-5, beta=0.05, reds="high")
tails = st.floats(1e-6, 0.4)


def levels(low: float, high: float) -> Levels:
    """Levels with these two tails."""
    return Levels(alpha=low, beta=high, reds="low")


def test_a_proportion_of_nothing_is_undefined() -> None:
    """No trials, no proportion."""
    assert not intervals.proportion(0, 0, BOTH).exists


@given(st.integers(1, 500), st.floats(0, 1), tails, tails)
def test_proportion_holds_its_value_and_stays_a_share(n: int, share: float, low: float, high: float) -> None:
    """Ends enclose the value and lie in [0, 1]."""
    found = intervals.proportion(share * n, n, levels(low, high))
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_two_ends_have_their_own_levels() -> None:
    """An asymmetric level moves its own end only."""
    even, skewed = intervals.proportion(90, 100, BOTH), intervals.proportion(90, 100, levels(0.025, 1e-4))
    assert skewed.low == even.low
    assert skewed.high > even.high


def test_mean_of_symmetric_values_is_students() -> None:
    """Without skewness or heavy tails the interval is Student's, or a little wider."""
    values = stats.norm.ppf((np.arange(400) + 0.5) / 400)
    found = intervals.mean(values, BOTH)
    student = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((student.low, student.high), rel=0.01)
    assert found.high >= student.high


def test_mean_is_wider_on_the_side_of_the_skewness() -> None:
    """Right-skewed values reach further up than down."""
    found = intervals.mean(np.random.default_rng(1).exponential(size=100), BOTH)
    assert found.high - found.value > 1.1 * (found.value - found.low)


@pytest.mark.parametrize("values", [np.zeros(100), np.full(100, 0.1)])
def test_equal_values_say_nothing_of_an_unbounded_mean(values: np.ndarray) -> None:
    """Rows without spread leave both ends of an unbounded mean open."""
    found = intervals.mean(values, BOTH)
    assert (found.low, found.high) == (-inf, inf)


def test_equal_values_of_a_bounded_mean_leave_the_unseen_share() -> None:
    """With bounds, the share that the rows can have missed lies at the bound."""
    found = intervals.mean(np.zeros(100), BOTH, bounds=(0.0, 1.0))
    assert found.low == 0
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 100))


def test_one_row_tells_nothing_of_the_spread() -> None:
    """A single row has a mean and open ends; no rows have no mean."""
    assert intervals.mean(np.array([3.0]), BOTH).high == inf
    assert not intervals.mean(np.array([]), BOTH).exists


def test_weights_of_one_change_nothing() -> None:
    """Equal weights are no weights."""
    values = np.random.default_rng(2).normal(size=50)
    plain, weighted = intervals.mean(values, BOTH), intervals.mean(values, BOTH, weights=np.full(50, 3.0))
    assert (weighted.low, weighted.high) == pytest.approx((plain.low, plain.high))


def test_copies_in_groups_count_once() -> None:
    """Rows repeated within groups say no more than one row a group."""
    values = np.random.default_rng(3).normal(size=40)
    once = intervals.mean(values, BOTH)
    often = intervals.mean(np.repeat(values, 25), BOTH, groups=np.repeat(np.arange(40), 25))
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), tails, tails)
def test_mean_holds_its_value(values: list[float], low: float, high: float) -> None:
    """Whatever the values, the ends enclose the mean."""
    found = intervals.mean(np.array(values), levels(low, high))
    assert found.low <= found.value <= found.high


def test_too_few_values_hold_no_far_quantile() -> None:
    """The high end of p99 needs hundreds of values; of 50 it is not known."""
    found = intervals.quantile(np.arange(50.0), 0.99, BOTH)
    assert found.high == inf
    assert found.low > 40


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80), st.floats(0.01, 0.99), tails, tails)
def test_quantile_holds_its_value(values: list[float], q: float, low: float, high: float) -> None:
    """The ends enclose the quantile and grow outwards as the tails shrink."""
    near = intervals.quantile(np.array(values), q, levels(low, high))
    far = intervals.quantile(np.array(values), q, levels(low / 10, high / 10))
    assert far.low <= near.low <= near.value <= near.high <= far.high


POSITIVE = st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=60).map(np.array)


@given(POSITIVE, st.floats(1e-5, 0.3))
def test_ends_of_positive_means_are_beyond_and_within_student_s(values: np.ndarray, tail: float) -> None:
    """The low end stays above 0; the high end of errors is never nearer than that of other means."""
    mean = float(values.mean())
    parts = intervals.spread(values - mean, noise=1e-9)
    assert 0 <= parts.below(mean, tail) <= mean
    assert parts.above(tail) >= parts.reach(tail, 1) * (1 - 1e-12)


def test_the_low_end_of_a_skewed_mean_is_nearer() -> None:
    """A skewed sample's mean is seldom far too large: its low end is nearer than Student's."""
    values = stats.expon.ppf((np.arange(200) + 0.5) / 200)
    parts = intervals.spread(values - values.mean())
    assert 0.5 < parts.below(float(values.mean()), 0.01) / parts.reach(0.01, -1) < 0.95
