"""The bootstrap: against scipy's, honest about its tails, whole groups, counts instead of rows."""

from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from score_samples import BOTH

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats import intervals
from modelqa.stats.bootstrap import Statistic, bootstrap

FAR = Levels(alpha=1e-5, beta=0.05, reds="high")


def mean_of(values: NDArray[Any]) -> Statistic:
    """The mean of rows, or of distinct rows that count several times."""

    def value(rows: NDArray[np.intp], counts: NDArray[np.float64] | None) -> float:
        return float(np.average(values[rows], weights=counts))

    return value


def found(values: NDArray[Any], levels: Levels = BOTH, draws: int = 2000, **keys: Any) -> Estimate:
    """The mean's interval."""
    return bootstrap(mean_of(values), len(values), levels, np.random.default_rng(0), draws=draws, **keys)


STATISTICS: dict[str, Any] = {
    "mean": np.mean,
    "median": np.median,
    "spread": np.std,
    "ratio": lambda rows, axis=-1: np.std(rows, axis=axis) / np.mean(rows, axis=axis),
}


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize("seed", range(2))
def test_the_ends_are_those_of_scipy(name: str, seed: int) -> None:
    """BCa of skewed rows, both ends, up to the chance of 6,000 draws."""
    values = np.random.default_rng(seed).lognormal(size=90)
    how = STATISTICS[name]
    theirs = stats.bootstrap(
        (values,), how, confidence_level=0.95, n_resamples=6000, rng=np.random.default_rng(1),
        vectorized=True, method="BCa",
    ).confidence_interval  # fmt: skip
    ours = bootstrap(lambda rows, _: float(how(values[rows])), 90, BOTH, np.random.default_rng(2), draws=6000)
    assert ours.value == pytest.approx(float(how(values)))
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.07 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.07 * width)


def test_a_tail_that_the_draws_cannot_resolve_is_open() -> None:
    """The other end is not."""
    estimate = found(np.random.default_rng(0).normal(size=80), FAR, draws=1500)
    assert estimate.high == inf
    assert -1 < estimate.low < estimate.value


def test_it_is_near_the_studentised_mean() -> None:
    """For a mean of many rows the bootstrap agrees with Student's t."""
    values = np.random.default_rng(5).lognormal(0, 0.5, 400)
    near = intervals.mean(values, BOTH)
    estimate = found(values)
    assert estimate.high - estimate.low == pytest.approx(near.high - near.low, rel=0.15)


def test_whole_groups_are_drawn() -> None:
    """Groups of copies leave as much doubt as one row each, drawn as rows or as counts."""
    values = np.random.default_rng(6).integers(0, 4, 40).astype(float)
    copies = np.repeat(np.arange(40), 10)
    once = found(values)
    for more in ({}, {"same": values[copies].astype(int)}):
        often = found(values[copies], groups=copies, **more)
        assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.15)


def test_counts_of_equal_rows_are_as_good_as_rows() -> None:
    """The same value, and the same ends but for chance."""
    values = np.random.default_rng(7).integers(0, 3, 500).astype(float)
    plain, counted = found(values), found(values, same=values.astype(int))
    assert plain.value == counted.value
    width = plain.high - plain.low
    assert counted.low == pytest.approx(plain.low, abs=0.1 * width)
    assert counted.high == pytest.approx(plain.high, abs=0.1 * width)


def test_a_statistic_that_never_moves_is_not_known() -> None:
    """Without any spread both ends are open."""
    estimate = bootstrap(lambda *_: 1.0, 20, BOTH, np.random.default_rng(0), draws=100)
    assert (estimate.low, estimate.high) == (-inf, inf)


def test_draws_without_a_value_lie_beyond_both_ends() -> None:
    """If a tenth of the draws has none, neither end of 95% is known; the value is."""
    values = np.r_[1.0, np.zeros(9)]

    def share(rows: NDArray[np.intp], _: Any) -> float:
        return float(values[rows].mean()) if values[rows].any() else nan

    estimate = bootstrap(share, 10, BOTH, np.random.default_rng(0), draws=1000)
    assert (estimate.low, estimate.value, estimate.high) == (-inf, 0.1, inf)


@pytest.mark.parametrize("n", [30, 200])
def test_the_ends_hold_for_skewed_statistics(n: int) -> None:
    """A ratio of skewed sums: each tail of 5% misses at most 8%, with room for 300 repetitions."""
    rng, missed = np.random.default_rng(8), np.zeros(2)
    levels = Levels(alpha=0.05, beta=0.05, reds="none")
    for _ in range(300):
        above, below = rng.gamma(2.0, 1.0, n), rng.gamma(2.0, 1.0, n)
        estimate = bootstrap(
            lambda rows, _, a=above, b=below: float(a[rows].sum() / b[rows].sum()), n, levels, rng, draws=400
        )
        missed += (estimate.low > 1, estimate.high < 1)
    assert missed.max() / 300 <= 0.08 + 3 * np.sqrt(0.08 * 0.92 / 300)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-1e6, 1e6), max_size=30), st.floats(1e-6, 0.3), st.booleans())
def test_whatever_the_rows_the_ends_hold_the_value(values: list[float], alpha: float, grouped: bool) -> None:
    """None, one, ties: an interval around the value, or none."""
    rows = np.array(values)
    groups = np.arange(len(rows)) // 3 if grouped else None
    estimate = found(rows, Levels(alpha=alpha, beta=0.05, reds="low"), draws=60, groups=groups)
    assert estimate.exists == (len(rows) > 0)
    assert estimate.low <= estimate.value <= estimate.high or not estimate.exists
