"""Means that change within bins: what is told of a column, and what is not laid at its door."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from modelqa.core.estimate import Levels
from modelqa.stats.conditional import Cells, change

OFTEN = Levels(alpha=0.01, beta=0.05, reds="low")
SHARES = np.array([0.4, 0.3, 0.2, 0.1])
LOSSES = np.array([0.05, 0.1, 0.2, 0.4])
losses = arrays.arrays(float, st.integers(1, 60), elements=st.floats(0, 50))


def drawn(rng: np.random.Generator, rows: int, *, shares=SHARES, chances=LOSSES) -> Cells:
    """Rows in four bins, each of which errs with a chance of its own."""
    codes = rng.choice(4, rows, p=shares)
    return Cells(values=(rng.random(rows) < chances[codes]) * 1.0, codes=codes)


@pytest.mark.parametrize("rows", [200, 2000])
def test_a_column_that_moves_alone_changes_nothing(rows: int) -> None:
    """Three times the rows in the hardest bin: the mean loss doubles, and the low end stays 0."""
    rng = np.random.default_rng(1)
    moved = np.array([0.1, 0.2, 0.3, 0.4])
    found = [change(drawn(rng, 3000), drawn(rng, rows, shares=moved), 4, OFTEN, top=1.0) for _ in range(200)]
    # More than 7 of 200 at 1% have a probability of 0.3%.
    assert sum(one.estimate.low > 0 for one in found) <= 7


def test_a_change_at_the_bound_is_seldom_red_and_seldom_green() -> None:
    """Where the truth is the bound, both wrong answers are as rare as granted."""
    rng = np.random.default_rng(2)
    worse = LOSSES + np.array([0.1, -0.05, 0.0, 0.1])
    truth = float(SHARES @ np.abs(worse - LOSSES))
    found = [change(drawn(rng, 5000), drawn(rng, 1000, chances=worse), 4, OFTEN, top=1.0) for _ in range(300)]
    assert sum(one.estimate.low > truth for one in found) <= 9
    assert sum(one.estimate.high < truth for one in found) <= 25


def test_opposite_changes_do_not_cancel() -> None:
    """One bin got better, another as much worse: the mean is as it was, and the change is found."""
    rng = np.random.default_rng(3)
    other = LOSSES + np.array([0.15, -0.1, -0.15, 0.0])
    found = change(drawn(rng, 5000), drawn(rng, 5000, chances=np.clip(other, 0, 1)), 4, OFTEN, top=1.0)
    assert found.estimate.low > 0.05


def test_bins_without_rows_leave_the_high_end_open() -> None:
    """What cannot be compared may have changed by as much as a loss can."""
    rng = np.random.default_rng(4)
    gone = np.array([0.0, 0.5, 0.3, 0.2])
    batch = drawn(rng, 2000, shares=gone)
    bounded = change(drawn(rng, 2000), batch, 4, OFTEN, top=1.0)
    assert bounded.estimate.high > 0.4
    assert bounded.unknown == pytest.approx(0.4, abs=0.05)
    assert change(drawn(rng, 2000), batch, 4, OFTEN).estimate.high == inf


def test_nothing_to_compare_is_undefined() -> None:
    """No bin with rows on both sides: no change is known."""
    one = Cells(values=np.ones(50), codes=np.zeros(50, np.intp))
    other = Cells(values=np.ones(50), codes=np.ones(50, np.intp))
    assert not change(one, other, 2, OFTEN).estimate.exists


@settings(max_examples=50, deadline=None)
@given(before=losses, after=losses, bins=st.integers(1, 4))
def test_any_losses_have_a_change(before: np.ndarray, after: np.ndarray, bins: int) -> None:
    """Few rows, ties and zeros never crash, and 0 <= low <= value <= high."""
    sides = [Cells(values=rows, codes=np.arange(len(rows)) % bins) for rows in (before, after)]
    found = change(*sides, bins, OFTEN).estimate
    assert not found.exists or 0 <= found.low <= found.value <= found.high
