"""How often watching raises a false alarm in a year, and how soon it raises a true one.

The suite of these numbers has 50 columns in one check of drift and 5 scores: 6 checks share the default 2%
a year.
"""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from years import below, watched

from modelqa.stats import distance, inverted

COLUMNS, SCORES, ROWS, FLOOR, BUDGET = 50, 5, 500, 0.90, 0.02
SCORE, COLUMN = BUDGET / (SCORES + 1), BUDGET / (SCORES + 1) / COLUMNS
Floats = NDArray[np.float64]


def healthy(rng: np.random.Generator, years: int, drift: Floats | None) -> Iterator[Floats]:
    """365 batches: scores exactly at their floor; columns at their bound, or as measured without a move."""
    for _ in range(365):
        hits = rng.binomial(ROWS, FLOOR, (years, SCORES))
        told = rng.random((years, COLUMNS)) if drift is None else rng.choice(drift, (years, COLUMNS))
        yield np.concatenate([below(hits, ROWS, FLOOR), told], axis=1)


def years_with_tickets(years: int, drift: Floats | None, seed: int) -> int:
    """Of some years of a whole suite, how many have an alarm."""
    shares = np.array([SCORE] * SCORES + [COLUMN] * COLUMNS)
    alarms = watched(healthy(np.random.default_rng(seed), years, drift), shares)
    return int(alarms.any(axis=(0, 2)).sum())


def drifted(reference: Floats, batch: Floats) -> float:
    """The p-value of a Wasserstein distance of at most 0.1, as the check tells it."""

    def at(levels: inverted.Levels) -> inverted.Estimate:
        return distance.numeric("wasserstein", reference, batch, levels)[0]

    value = at(inverted.Levels(alpha=0.05, beta=0.05, reds="low")).value
    return inverted.of_ends(value, at)("max", 0.1)


def delays(
    rng: np.random.Generator, times: int, healthy: int, truth: float = 0.88, share: float = SCORE
) -> Floats:
    """After so many batches at the floor, the batches until a score that has fallen raises an alarm."""
    worse = (below(rng.binomial(ROWS, truth, times), ROWS, FLOOR) for _ in range(80))
    fine = (below(rng.binomial(ROWS, FLOOR, times), ROWS, FLOOR) for _ in range(healthy))
    alarms = watched([*fine, *worse], share)[healthy:]
    return np.where(alarms.any(axis=0), alarms.argmax(axis=0) + 1.0, np.inf)


def moved(seed: int, rows: int, healthy: int) -> int:
    """The batches until a column that moves by half a spread raises an alarm."""
    rng = np.random.default_rng(seed)
    reference = rng.normal(size=5000)
    fine = [drifted(reference, rng.normal(size=rows)) for _ in range(healthy)]
    worse = [drifted(reference, rng.normal(0.5, 1, rows)) for _ in range(6)]
    alarms = watched([np.array([p]) for p in [*fine, *worse]], COLUMN)[:, 0]
    assert not alarms[:healthy].any()
    return int(alarms[healthy:].argmax()) + 1 if alarms.any() else 99


def test_two_hundred_healthy_years() -> None:
    """365 daily batches, every truth at its bound: tickets in at most 2% of 200 years.

    Up to the 99.9% quantile of what 2% would show: 11.
    """
    assert years_with_tickets(200, None, seed=1) <= stats.binom.ppf(0.999, 200, BUDGET)


@pytest.mark.parametrize(("healthy", "most"), [(0, 10), (10, 10), (100, 10)])
def test_a_score_that_falls_by_two_points_is_found_within_days(healthy: int, most: int) -> None:
    """0.90 to 0.88 at a floor of 0.90, 500 rows a batch: a median of at most ten batches."""
    assert np.median(delays(np.random.default_rng(2), 5000, healthy)) <= most


def test_a_score_that_holds_a_budget_of_five_percent() -> None:
    """Its truth at the bound: alarms in at most 5% of 2,000 years; 0.88 is found after a median of five."""
    rng = np.random.default_rng(5)
    alarms = watched((below(rng.binomial(ROWS, FLOOR, 2000), ROWS, FLOOR) for _ in range(365)), 0.05)
    assert alarms.any(axis=0).mean() <= 0.05
    assert np.median(delays(rng, 2000, 0, share=0.05)) <= 5


@pytest.mark.parametrize("rows", [500, 1000])
@pytest.mark.parametrize("healthy", [0, 5, pytest.param(364, marks=pytest.mark.slow)])
def test_a_column_that_moves_by_half_a_spread_is_found_within_days(rows: int, healthy: int) -> None:
    """Against a reference of 5,000: a median of at most three batches, however long all was well."""
    assert np.median([moved(seed, rows, healthy) for seed in range(7)]) <= 3


@pytest.mark.slow
def test_two_thousand_healthy_years() -> None:
    """Every truth at its bound: tickets in at most 2% of years, and in fewer where nothing moved at all."""
    years = 0
    for seed in range(10):
        years += years_with_tickets(200, None, seed=100 + seed)
    print(f"\nevery truth at its bound: tickets in {years} of 2,000 years")
    assert years <= stats.binom.ppf(0.999, 2000, BUDGET)


@pytest.mark.slow
def test_two_thousand_years_of_drift_without_a_move() -> None:
    """Columns by p-values of real distances, 500 rows against 5,000; scores at their floor."""
    rng = np.random.default_rng(4)
    references = [rng.normal(size=5000) for _ in range(40)]
    pool = np.array([drifted(ours, rng.normal(size=ROWS)) for ours in references for _ in range(100)])
    years = sum(years_with_tickets(200, pool, seed=200 + seed) for seed in range(10))
    print(f"\nno column moved: tickets in {years} of 2,000 years")
    assert years <= stats.binom.ppf(0.999, 2000, BUDGET)


@pytest.mark.slow
def test_how_soon() -> None:
    """Medians and 90% quantiles of 5,000 histories, by how long all was well before."""
    rng = np.random.default_rng(3)
    for healthy in (0, 10, 30, 100, 364):
        found = delays(rng, 5000, healthy)
        told = np.quantile(found, [0.5, 0.9])
        print(f"\n0.90 -> 0.88 after {healthy}: {told[0]:g}, {told[1]:g} batches")
        assert np.median(found) <= 10


@pytest.mark.slow
def test_a_year_of_distances_at_their_bound_keeps_the_promise() -> None:
    """365 batches of 500 against one reference of 5,000, at 5% a year.

    They are rows of the reference itself, moved by 0.1 of its spread: the promise speaks of the
    distance from that reference.
    """
    rng, alarms, years = np.random.default_rng(17), 0, 8
    for _ in range(years):
        reference = rng.normal(size=5000)
        spread = np.std(np.clip(reference, *np.quantile(reference, [0.001, 0.999])))
        p = [drifted(reference, rng.choice(reference, 500) + 0.1 * spread) for _ in range(365)]
        alarms += watched([np.array([each]) for each in p], 0.05).any()
    assert alarms <= stats.binom.ppf(0.999, years, 0.05)
