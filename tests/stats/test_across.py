"""Slices as one estimate: the truth of the worst, of a gap and of a ratio stays inside its ends."""

from functools import cache
from itertools import permutations
from math import inf, isinf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.core.bound import Bound, Outcome, judge
from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.across import How, combine, extremes, independent, passes
from modelqa.stats.compare import mover_difference, mover_ratio
from modelqa.stats.intervals import proportion

EVEN = Levels(alpha=0.05, beta=0.05, reds="none")
BOTH = (EVEN, EVEN)
NONE = Estimate.undefined(n=3)
Outcomes = dict[Outcome, float]


def around(value: float, reach: float = 0.1, n: int = 10) -> Estimate:
    """An estimate with ends equally far away."""
    return Estimate(value, low=value - reach, high=value + reach, n=n)


def combined(how: How, *slices: Estimate, apart: bool = True) -> Estimate:
    """A combination of slices whose ends serve both ends of it."""
    return combine(how, slices, slices, BOTH, apart=apart)


ENDS = st.lists(
    st.tuples(*[st.just(0.0) | st.floats(1e-3, 1e3)] * 3).map(sorted).map(
        lambda ends: Estimate(ends[1], low=ends[0], high=ends[2], n=9)
    ),
    min_size=2,
    max_size=5,
)  # fmt: skip


@given(ENDS, st.booleans())
def test_a_gap_is_the_largest_difference_of_all_pairs(slices: list[Estimate], apart: bool) -> None:
    """Pairs that are not looked at would not have changed an end."""
    found = combined("gap", *slices, apart=apart)
    values = [each.value for each in slices]
    assert found.value == max(values) - min(values)
    assert 0 <= found.low <= found.value <= found.high
    pairs = list(permutations(slices, 2))
    if apart:
        differences = [mover_difference(a, b, EVEN) for a, b in pairs]
        ends = [max(each.low for each in differences), max(each.high for each in differences)]
    else:
        ends = [max(a.low - b.high for a, b in pairs), max(a.high - b.low for a, b in pairs)]
    assert found.low == pytest.approx(max(ends[0], 0.0), rel=1e-6, abs=1e-9)
    assert found.high == pytest.approx(max(ends[1], found.value), rel=1e-6, abs=1e-9)


@given(ENDS, st.booleans())
def test_a_ratio_is_the_smallest_of_all_pairs(slices: list[Estimate], apart: bool) -> None:
    """It lies between 0 and 1, and no pair has a smaller end; of zeros only there is none."""
    found = combined("ratio", *slices, apart=apart)
    values = [each.value for each in slices]
    if max(values) == 0:
        assert not found.exists
        return
    assert found.value == min(values) / max(values)
    assert 0 <= found.low <= found.value <= found.high <= 1
    pairs = [(a, b) for a, b in permutations(slices, 2) if b.value > 0]
    ratios = [mover_ratio(a, b, EVEN) for a, b in pairs]
    if apart:
        assert found.high == pytest.approx(min(1.0, *(each.high for each in ratios)), rel=1e-6)
        assert found.low <= min(each.low for each in ratios) * (1 + 1e-6)
    else:
        assert found.low <= min(a.low / b.high for a, b in pairs) * (1 + 1e-9)


def test_slices_that_share_rows_are_held_further_apart() -> None:
    """Without independence the outer ends decide, and each end takes half of the tail."""
    slices = around(0.5), around(0.3)
    apart, shared = combined("gap", *slices), combined("gap", *slices, apart=False)
    assert shared.low == pytest.approx(0.0)
    assert shared.high == pytest.approx(0.4)
    assert shared.low < apart.low < apart.high < shared.high
    levels = Levels(alpha=0.012, beta=0.05, reds="low")
    low, high = passes("gap", levels, 3, apart=False)
    assert (low.low, low.high, high.low, high.high) == (0.002, 0.002, 0.025, 0.025)


def test_a_difference_has_a_sign() -> None:
    """The first slice minus the second, in the order in which they are given."""
    found, turned = combined("difference", around(0.3), around(0.5)), combined(
        "difference", around(0.5), around(0.3)
    )  # fmt: skip
    assert (found.value, found.low, found.high) == pytest.approx((-turned.value, -turned.high, -turned.low))
    assert found.value == pytest.approx(-0.2)
    assert found.n == 20


def test_what_was_counted_stays_a_fact() -> None:
    """Slices whose ends are their values have a gap, a ratio and a worst without any width."""
    slices = [Estimate.fact(value, n=5) for value in (0.2, 0.5, 0.4)]
    hows: tuple[How, ...] = ("smallest", "largest", "gap", "ratio")
    found = {how: combined(how, *slices) for how in hows}
    assert all(each.is_fact for each in found.values())
    assert {how: each.value for how, each in found.items()} == pytest.approx(
        {"smallest": 0.2, "largest": 0.5, "gap": 0.3, "ratio": 0.4}
    )


@pytest.mark.parametrize(
    ("how", "bound"),
    [
        ("smallest", Bound(min=0.9)),
        ("ratio", Bound(min=0.9)),
        ("largest", Bound(max=0.1)),
        ("gap", Bound(max=0.05)),
    ],
)
def test_a_slice_without_a_value_can_never_help(how: How, bound: Bound) -> None:
    """The others may be bad enough to be red; without them knowing, nothing is green."""
    assert judge(combined(how, around(0.5), around(0.8), NONE), bound).outcome is Outcome.FAILED
    loose = Bound(min=0.0) if bound.min else Bound(max=1.0)
    assert judge(combined(how, around(0.5, 0), around(0.5, 0), NONE), loose).outcome is Outcome.INCONCLUSIVE
    found = combined(how, around(0.5), around(0.8), NONE)
    assert isinf(found.low if bound.min else found.high)


def test_too_few_values_have_nothing_between_them() -> None:
    """One value has no gap, none has no worst, and a difference needs both of its slices."""
    assert not combined("gap", around(0.5), NONE).exists
    assert not combined("difference", around(0.5), NONE).exists
    assert not combined("smallest", NONE, NONE).exists
    assert combined("smallest", around(0.5)).value == 0.5


def test_a_ratio_of_what_may_be_negative_is_not_known() -> None:
    """A negative value has no ratio; an end below zero leaves the ratio's ends open."""
    assert not combined("ratio", around(-0.5), around(0.5)).exists
    assert combined("ratio", around(0.05), around(0.5)).low == -inf
    zero = Estimate(0.0, low=0.0, high=0.1, n=9)
    assert combined("ratio", zero, around(0.5)).low == 0


def test_extremes_are_told_by_place() -> None:
    """Largest first, slices without a value left out; equal ones are no extremes of each other."""
    assert extremes("gap", [0.3, nan, 0.1]) == (0, 2)
    assert extremes("largest", [0.3, nan, 0.5]) == (2,)
    assert extremes("difference", [0.3, 0.5]) == (0, 1)
    assert extremes("gap", [0.3, 0.3]) == extremes("smallest", [nan]) == ()


@pytest.mark.parametrize("reds", ["low", "high", "both", "none"])
def test_only_the_end_that_may_be_wrong_by_any_slice_is_divided(reds: str) -> None:
    """The other one has to hold for the slices that are in truth extreme, however many there are."""
    levels = Levels(alpha=0.01, beta=0.05, reds=reds)  # type: ignore[arg-type]
    worst, other = passes("smallest", levels, 10, apart=True)
    assert worst == other
    assert worst.high == pytest.approx(levels.high / 10)
    assert worst.low == pytest.approx(levels.low / (1 if reds in ("low", "high") else 10))
    for how, parts in (("gap", (90, 1)), ("ratio", (1, 90)), ("difference", (1, 1))):
        low, high = passes(how, levels, 10, apart=True)  # type: ignore[arg-type]
        assert low.low == low.high == pytest.approx(levels.low / parts[0])
        assert high.low == high.high == pytest.approx(levels.high / parts[1])


def test_red_ends_can_be_divided_further() -> None:
    """A check that measures several columns splits the levels it is given: red ones only."""
    low, high = passes("gap", Levels(alpha=0.01, beta=0.05, reds="low"), 2, apart=True)
    assert low.split(10).high == low.split(10).low == pytest.approx(0.0005)
    assert (high.split(10).low, high.split(10).high) == (0.05, 0.05)


def test_groups_of_rows_in_two_slices_make_them_dependent() -> None:
    """Repeats within a slice do no harm, and neither do empty slices."""
    a, b = np.array([1, 1, 2]), np.array([3, 3])
    assert independent([a, b, np.array([], dtype=int)])
    assert not independent([a, b, np.array([2])])
    assert independent([])


def shares(how: How, truths: list[float], n: int, bound: Bound, runs: int, alpha: float = 0.05) -> Outcomes:
    """How often slices of n coins each, of these truths, are judged red and green."""
    levels = Levels(alpha=alpha, beta=0.05, reds=bound.reds)
    at, rng = passes(how, levels, len(truths), apart=True), np.random.default_rng(len(truths) + n)
    ends = [cache(lambda hits, at=each: proportion(hits, n, at)) for each in at]
    found = []
    for _ in range(runs):
        hits = rng.binomial(n, truths).tolist()
        slices = [[end(each) for each in hits] for end in ends]
        found.append(judge(combine(how, slices[0], slices[1], at, apart=True), bound).outcome)
    return {outcome: found.count(outcome) / runs for outcome in (Outcome.FAILED, Outcome.PASSED)}


def at_the_bound(slices: int) -> list[tuple[How, list[float], Bound]]:
    """Truths that stand exactly at their bound, where red and green are both mistakes."""
    rest = slices - 1
    return [
        ("gap", [0.6] + [0.5] * rest, Bound(max=0.1)),
        ("gap", [0.6, *np.linspace(0.5, 0.6, rest).tolist()], Bound(max=0.1)),
        ("ratio", [0.4] + [0.5] * rest, Bound(min=0.8)),
        ("smallest", [0.9] * slices, Bound(min=0.9)),
        ("smallest", [0.9] + [0.97] * rest, Bound(min=0.9)),
        ("largest", [0.1] * slices, Bound(max=0.1)),
    ]


def check_error_rates(slices: int, n: int, runs: int) -> None:
    """Red at most alpha and green at most beta, with three standard errors of this simulation."""
    room = 3 * np.sqrt(0.05 * 0.95 / runs)
    for how, truths, bound in at_the_bound(slices):
        found = shares(how, truths, n, bound, runs)
        assert max(found.values()) <= 0.05 + room, (how, found)


@pytest.mark.parametrize("slices", [2, 5, 20])
def test_a_truth_at_its_bound_is_seldom_judged(slices: int) -> None:
    """However many slices there are, one check has one false-alarm and one consumer's risk."""
    check_error_rates(slices, 400, 60 if slices == 20 else 200)


@pytest.mark.slow
@pytest.mark.parametrize("n", [50, 500])
@pytest.mark.parametrize("slices", [2, 5, 20])
def test_a_truth_at_its_bound_is_seldom_judged_at_length(slices: int, n: int) -> None:
    """The same in thousands of runs, with small slices too."""
    check_error_rates(slices, n, 1000 if slices == 20 else 3000)


@pytest.mark.parametrize("slices", [2, 5, 20])
def test_a_gap_of_two_tenths_is_found(slices: int) -> None:
    """2,000 rows a slice show it at the levels of a suite of twenty checks."""
    truths = [0.3] + [0.5] * (slices - 1)
    found = shares("gap", truths, 2000, Bound(max=0.1), 40, alpha=0.01 / 20)
    assert found[Outcome.FAILED] == 1
    calm = shares("gap", [0.5] * slices, 2000, Bound(max=0.15), 40, alpha=0.01 / 20)
    assert calm[Outcome.PASSED] >= 0.95
