"""Bounds of a first suite: outwards of what was seen, and in figures that a person would have written."""

from decimal import Decimal
from math import log10

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.core import units
from modelqa.draft import numbers

finite = st.floats(-1e12, 1e12)
sizes = st.floats(1e-9, 1e12)


@given(sizes)
def test_a_step_is_one_two_or_five(size: float) -> None:
    """It is at most the size, and no smaller than two fifths of it."""
    found = numbers.step(size)
    assert found.as_tuple().digits in ((1,), (2,), (5,))
    assert float(found) <= size * (1 + 1e-12)
    assert size / float(found) < 2.5 + 1e-9


@given(finite, sizes)
def test_rounding_goes_outwards_by_less_than_a_step(value: float, size: float) -> None:
    """Down is at most the value, up at least, and both are near it."""
    unit = numbers.step(size)
    low, high = numbers.down(value, unit), numbers.up(value, unit)
    assert low <= value <= high
    assert Decimal(repr(high)) - Decimal(repr(low)) <= unit * Decimal("1.000001") + Decimal("1e-3")


@given(st.one_of(st.tuples(finite, finite), st.tuples(st.integers(), st.integers())).map(sorted))
def test_a_widened_range_holds_what_was_seen(ends: list[float]) -> None:
    """Both ends lie in it; it crosses zero only where they did; whole numbers stay whole."""
    low, high = ends
    found = numbers.widened(low, high)
    if found is None:
        assert low == high == 0 or max(abs(low), abs(high)) > 1e299 or high - low < 1e-299
        return
    assert found[0] <= low <= high <= found[1]
    assert found[0] >= 0 or low < 0
    assert found[1] <= 0 or high > 0
    if isinstance(low, int):
        assert all(isinstance(end, int) for end in found)


@given(st.floats(1e-6, 1), st.floats(0, 1))
def test_a_bound_leaves_the_interval_inside(value: float, share: float) -> None:
    """A floor is at most the low end, a ceiling at least the high end: so it passes as written."""
    low, high = value * (1 - share), value * (1 + share)
    floor, ceiling = numbers.limit(value, low, greater=True), numbers.limit(value, high, greater=False)
    assert floor is None or floor <= low
    assert ceiling is None or ceiling >= high
    better = numbers.limit(value, low, greater=True, worthless=0.0)
    assert better is None or 0 < better <= low


def test_a_bound_needs_an_end() -> None:
    """Where an end is not known, no bound can be held against it."""
    assert numbers.limit(0.9, float("-inf"), greater=True) is None
    assert numbers.limit(float("nan"), 0.8, greater=True) is None


def test_a_score_without_spread_gets_a_bound_beside_it() -> None:
    """A fact has no interval; the bound lies a hundredth away from it."""
    assert numbers.limit(2.0, 2.0, greater=False) == pytest.approx(2.02)
    assert numbers.limit(1.0, 1.0, greater=True, worthless=0.5) == pytest.approx(0.99)


@given(st.integers(1, 10_000), st.integers(0, 10_000))
def test_an_allowed_share_is_above_what_was_seen(rows: int, count: int) -> None:
    """It reads as a share of at most 100 %, and allows what was there."""
    count = min(count, rows)
    allowed = numbers.share(count, rows)
    written = units.parse(numbers.percent(allowed)).value
    assert count / rows <= written <= 1
    assert written >= min(allowed, 1) - 1e-12


@given(st.floats(0, 1000))
def test_a_budget_is_three_times_the_time_or_more(seconds: float) -> None:
    """It is 1, 2 or 5 times a power of ten, and never below 10 ms."""
    found = units.parse(numbers.budget(seconds)).value
    assert found >= max(3 * seconds * (1 - 1e-9), 0.01)
    assert found <= max(7.6 * seconds, 0.0101)
    digit = round(found / 10 ** int(log10(found) // 1), 6)
    assert digit in (1, 2, 5, 10)
