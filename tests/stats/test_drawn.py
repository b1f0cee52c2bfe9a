"""Rows drawn with unequal chances speak of all rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modelqa.stats.drawn import inclusion, systematic

SIZES = arrays(np.float64, st.integers(0, 60), elements=st.sampled_from([0.0, 1e-6, 0.1, 1.0, 3.0, 1e6]))


@given(SIZES, st.integers(0, 70))
def test_chances_sum_to_what_is_drawn(sizes: np.ndarray, n: int) -> None:
    """At most 1 each, in proportion to the size below that, none for no size."""
    chances = inclusion(sizes, n)
    there = np.count_nonzero(sizes > 0)
    assert chances.sum() == pytest.approx(min(n, there))
    assert ((chances >= 0) & (chances <= 1)).all()
    assert ((chances > 0) == (sizes > 0)).all() or n == 0
    open_ = (chances > 0) & (chances < 1)
    if open_.any():
        assert np.ptp(chances[open_] / sizes[open_]) <= 1e-9 * (chances[open_] / sizes[open_]).max()


@given(SIZES, st.integers(0, 70), st.integers(0, 5))
def test_as_many_rows_are_drawn_as_wanted(sizes: np.ndarray, n: int, seed: int) -> None:
    """Give or take what rounding leaves; certain rows always, impossible ones never, none twice."""
    chances = inclusion(sizes, n)
    rows = systematic(chances, np.random.default_rng(seed))
    assert abs(len(rows) - min(n, np.count_nonzero(sizes))) <= 1
    assert len(np.unique(rows)) == len(rows)
    assert (chances[rows] > 0).all()


def test_each_row_comes_as_often_as_its_chance_says() -> None:
    """And a total weighted by one over the chance is right on average."""
    rng, sizes = np.random.default_rng(0), np.arange(1.0, 21.0)
    chances = inclusion(sizes, 5)
    worth = rng.normal(size=20)
    seen, totals = np.zeros(20), []
    for _ in range(4000):
        rows = systematic(chances, rng)
        seen[rows] += 1
        totals.append((worth[rows] / chances[rows]).sum())
    assert np.abs(seen / 4000 - chances).max() < 0.04
    assert np.mean(totals) == pytest.approx(worth.sum(), abs=4 * np.std(totals) / np.sqrt(4000))


@pytest.mark.parametrize(("sizes", "n"), [([-1.0], 1), ([np.nan], 1), ([1.0], -1)])
def test_what_is_no_size_is_an_error(sizes: list[float], n: int) -> None:
    """Negative, missing, or fewer rows than none."""
    with pytest.raises(ValueError, match="expected finite sizes"):
        inclusion(np.array(sizes), n)
