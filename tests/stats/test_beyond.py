"""Rows where the reference has none: told where they are more than chance, and only there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from modelqa.core.estimate import Levels
from modelqa.stats.beyond import outside, unseen
from modelqa.stats.ranked import Ranked

OFTEN = Levels(alpha=0.01, beta=0.05, reds="low")
numbers = arrays.arrays(float, st.integers(1, 40), elements=st.floats(allow_nan=False))
counts = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), min_size=1, max_size=9)
DRAWS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy tails": lambda rng, n: rng.standard_cauchy(n),
    "ties": lambda rng, n: np.round(rng.normal(size=n)),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize(("before", "after"), [(5, 50), (50, 50), (5000, 50), (1000, 20_000)])
def test_healthy_batches_are_not_told_to_lie_outside(draw, before: int, after: int) -> None:
    """Of two samples of one distribution, more than chance lies outside no more often than granted."""
    rng = np.random.default_rng(1)
    found = [
        outside(Ranked.of(draw(rng, before)), Ranked.of(draw(rng, after)), OFTEN) is not None
        for _ in range(200)
    ]
    assert sum(found) <= 7


@pytest.mark.parametrize("levels", [3, 200, 20_000])
@pytest.mark.parametrize(("before", "after"), [(50, 500), (5000, 50), (1000, 1000)])
def test_categories_by_chance_are_not_told_to_be_new(levels: int, before: int, after: int) -> None:
    """Rare categories, even one a row, are new by chance: that is no finding."""
    rng = np.random.default_rng(2)
    found = 0
    for _ in range(200):
        shares = 1 / np.arange(1, levels + 1)
        sides = (rng.multinomial(rows, shares / shares.sum()) for rows in (before, after))
        found += unseen(*sides, OFTEN) is not None
    assert found <= 7


def test_what_is_new_is_told_with_its_share() -> None:
    """A twentieth of the rows beyond the range, or in a new category, is told as that, with both ends."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=5000)
    beyond = outside(Ranked.of(rows), Ranked.of(np.append(rng.normal(size=950), np.full(50, 9.0))), OFTEN)
    new = unseen(np.array([4000, 1000, 0]), np.array([700, 250, 50]), OFTEN)
    for found in (beyond, new):
        assert found is not None
        assert found.value == pytest.approx(0.05, abs=0.006)
        assert 0.03 < found.low < found.value < found.high < 0.07


@settings(max_examples=60, deadline=None)
@given(before=numbers, after=numbers, pairs=counts)
def test_nothing_crashes(before: np.ndarray, after: np.ndarray, pairs: list[tuple[int, int]]) -> None:
    """Infinite, tied and single values, empty and full categories: a share in [0, 1], or None."""
    shares = [outside(Ranked.of(before), Ranked.of(after), OFTEN), unseen(*np.array(pairs).T, OFTEN)]
    assert all(found is None or 0 <= found.low <= found.value <= found.high <= 1 for found in shares)


@given(values=numbers)
def test_a_sample_has_nothing_beyond_itself(values: np.ndarray) -> None:
    """The same rows are never more outside than chance."""
    assert outside(Ranked.of(values), Ranked.of(values), OFTEN) is None
