"""Processes that may be looked at after every batch."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from populations import show
from scipy import integrate, stats

from modelqa.core.estimate import Levels
from modelqa.stats import distance
from modelqa.stats.inverted import LEAST, p_value
from modelqa.stats.sequential import Process, Side, estimate, evidence, share


def run(process: Process, hits: np.ndarray, n: int) -> Process:
    """Feed batches of n rows."""
    for each in hits:
        process = share(process, int(each), n)
    return process


@pytest.mark.parametrize(
    ("hits", "misses", "bound", "strength"),
    [(430, 70, 0.9, 200), (12, 3, 0.9, 50), (900, 100, 0.9, 200), (3, 997, 0.01, 200)],
)
def test_the_process_is_the_integral_that_it_says_it_is(
    hits: int, misses: int, bound: float, strength: float
) -> None:
    """Numerical integration of the mixture, an independent implementation, gives the same number."""
    weight = stats.beta(strength * bound, strength * (1 - bound))

    def ratio(p: float) -> float:
        gain = hits * log(p / bound) + misses * log((1 - p) / (1 - bound))
        return float(weight.pdf(p)) * exp(gain)

    whole, _ = integrate.quad(
        ratio, 0, bound, epsabs=0, epsrel=1e-11, limit=500, points=[bound * 0.9, bound * 0.97]
    )
    found = share(Process("min", bound), hits, hits + misses, strength=strength).log_e
    assert found == pytest.approx(log(whole / weight.cdf(bound)), rel=1e-7, abs=1e-9)


def years_with_alarms(side: Side, years: int) -> int:
    """Of some years with the truth exactly at the bound, 365 batches each, how many have an alarm."""
    bound = 0.9 if side == "min" else 0.1
    hits = np.random.default_rng(11).binomial(500, bound, (years, 365))
    return sum(run(Process(side, bound), year, 500).alarms(0.05) for year in hits)


def median_delay(times: int) -> float:
    """The batches until 0.90 fallen to 0.88 is found at a floor of 0.90, 500 rows each."""
    rng, delays = np.random.default_rng(12), []
    for _ in range(times):
        process, looks = Process("min", 0.9), 0
        while not process.alarms(0.05):
            process, looks = share(process, int(rng.binomial(500, 0.88)), 500), looks + 1
        delays.append(looks)
    return float(np.median(delays))


@pytest.mark.parametrize("side", ["min", "max"])
def test_a_year_of_looks_keeps_one_promise(side: Side) -> None:
    """The truth exactly at the bound: an alarm in at most 5% of years."""
    assert years_with_alarms(side, 150) <= stats.binom.ppf(0.999, 150, 0.05)


def test_a_decay_of_two_points_is_found_within_days() -> None:
    """A median of at most six batches."""
    assert median_delay(100) <= 6


@pytest.mark.slow
def test_two_thousand_years_of_looks_keep_the_promise() -> None:
    """At most 5% of 2,000 years have an alarm, and a decay is found as soon in 2,000 repetitions."""
    for side in ("min", "max"):
        alarms = years_with_alarms(side, 2000)
        show(f"{side}: 365 looks, truth at the bound", [f"{alarms} of 2,000 years with an alarm"])
        assert alarms <= 100
    delay = median_delay(2000)
    show("0.90 -> 0.88, floor 0.90, 500 rows a batch", [f"median delay {delay:g} batches"])
    assert delay <= 6


def test_any_score_has_a_process() -> None:
    """Normal estimates around the bound alarm seldom, worse ones soon."""
    rng = np.random.default_rng(13)

    def alarmed(truth: float, looks: int) -> bool:
        process = Process("max", 0.3)
        for value in rng.normal(truth, 0.01, looks):
            process = estimate(process, float(value), 0.01)
        return process.alarms(0.05)

    assert sum(alarmed(0.30, 200) for _ in range(200)) <= stats.binom.ppf(0.999, 200, 0.05)
    assert all(alarmed(0.32, 12) for _ in range(50))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8), st.floats(0.05, 0.95)
)
def test_batches_in_any_order_are_the_same_evidence(batches: list[tuple[int, int]], bound: float) -> None:
    """The process is a function of all rows so far; and of the other side of a share, mirrored."""

    def last(rows: list[tuple[int, int]], side: Side, at: float) -> float:
        process = Process(side, at)
        for hits, misses in rows:
            process = share(process, hits, hits + misses)
        return process.log_e

    forth = last(batches, "min", bound)
    assert last(batches[::-1], "min", bound) == pytest.approx(forth, abs=1e-9)
    mirrored = [(misses, hits) for hits, misses in batches]
    assert last(mirrored, "max", 1 - bound) == pytest.approx(forth, rel=1e-6, abs=1e-6)


def test_far_beyond_the_bound_the_process_is_still_finite() -> None:
    """A million rows of which half are wrong: no underflow, no overflow."""
    assert 1e4 < run(Process("min", 0.9), np.array([500_000]), 1_000_000).log_e < 1e6


def test_a_batch_without_an_estimate_changes_nothing() -> None:
    """It is counted as a look."""
    process = estimate(Process("min", 0.9), 0.8, 0.05)
    after = estimate(process, float("nan"), 0.05)
    assert (after.log_e, after.looks) == (process.log_e, process.looks + 1)


def test_evidence_once_reached_stays() -> None:
    """An alarm is of the whole history: good batches later do not undo it."""
    process = run(Process("min", 0.9), np.full(6, 420), 500)
    assert process.alarms(0.05)
    later = run(process, np.full(50, 480), 500)
    assert later.log_e < process.log_e
    assert later.alarms(0.05)
    assert later.p_value == process.p_value


def test_the_state_is_plain_data() -> None:
    """A ledger can keep it and go on."""
    process = run(Process("min", 0.9), np.array([440, 450]), 500)
    assert share(Process.from_plain(process.to_plain()), 430, 500) == share(process, 430, 500)


@pytest.mark.parametrize(("hits", "n", "bound"), [(5, 4, 0.9), (-1, 4, 0.9), (1, 4, 1.0), (1, 4, 0.0)])
def test_what_is_no_share_is_refused(hits: int, n: int, bound: float) -> None:
    """Counts and bounds that cannot be."""
    with pytest.raises(ValueError, match=r"expected 0 <=|bounded between"):
        share(Process("min", bound), hits, n)


LATER = [
    Process("min", 0.9),
    run(Process("min", 0.9), np.array([44, 47, 40]), 50),
    run(Process("min", 0.9), np.full(30, 45), 50),
]


@pytest.mark.parametrize("process", LATER)
@pytest.mark.parametrize("truth", [0.9, 0.93, 0.99])
def test_no_healthy_batch_raises_a_share_on_average(process: Process, truth: float) -> None:
    """Brute force over all outcomes of the next batch: as large as now at the bound, less beyond it."""
    n = 12
    chance = stats.binom.pmf(np.arange(n + 1), n, truth)
    grown = [exp(share(process, hits, n).log_e - process.log_e) for hits in range(n + 1)]
    mean = float(chance @ grown)
    assert mean == pytest.approx(1, abs=1e-9) if truth == 0.9 else mean < 1


@pytest.mark.parametrize("truth", [0.30, 0.29, 0.2])
def test_no_healthy_batch_raises_an_estimate_on_average(truth: float) -> None:
    """The same for any score, integrated over the next estimate; the first one sets the scale."""
    process = Process("max", 0.30)
    for value in (0.31, 0.28, 0.30):
        process = estimate(process, value, 0.01)
    mean, _ = integrate.quad(
        lambda z: stats.norm.pdf(z) * exp(estimate(process, truth + 0.01 * z, 0.01).log_e - process.log_e),
        -12, 12, epsabs=1e-10, limit=200,
    )  # fmt: skip
    assert mean == pytest.approx(1, abs=1e-7) if truth == 0.30 else mean < 1


@pytest.mark.parametrize("before", [[], [0.5, 0.2, 1.0], [1e-3] * 3])
def test_a_fair_p_value_is_a_fair_bet(before: list[float]) -> None:
    """Integrated over a uniform p-value, the next batch multiplies the process by 1, whatever was before."""
    process = Process("max", 0.1)
    for p in before:
        process = evidence(process, p)

    def grown(x: float) -> float:
        """By x = -ln p, so that the pole at 0 is no harm; beyond 600 lies a share of 1/600 of the bet."""
        return exp(-x + evidence(process, exp(-x), least=1e-300).log_e - process.log_e)

    mean, _ = integrate.quad(grown, 0, 600, limit=800, points=[1, 10, 100])
    assert mean == pytest.approx(1, abs=2 / 600)
    assert mean <= 1 + 1e-9


def test_evidence_is_the_mixture_over_its_beginnings() -> None:
    """Written out: for each batch that may have been the first bad one, the product from there on."""
    drawn = [0.8, 1.0, 1e-3, 0.4, 1e-20, 1e-4]
    process, bets = Process("max", 0.1), []
    for p in drawn:
        process = evidence(process, p)
        p = max(p, LEAST)
        bets.append(0.5 if p == 1 else (1 - p + p * log(p)) / (p * log(p) ** 2))
    from_each = [np.prod(bets[s:]) / ((s + 1) * (s + 2)) for s in range(len(bets))]
    assert process.log_e == pytest.approx(log(sum(from_each) + 1 / (len(bets) + 1)))


def test_a_year_of_fair_p_values_keeps_one_promise() -> None:
    """365 uniform p-values, some of them rounded up: an alarm in at most 5% of years."""
    rng = np.random.default_rng(15)
    alarms = 0
    for year in rng.random((200, 365)):
        process = Process("max", 0.1)
        for p in year:
            process = evidence(process, 1.0 if p > 0.6 else float(p))
        alarms += process.alarms(0.05)
    assert alarms <= stats.binom.ppf(0.999, 200, 0.05)


def test_more_evidence_than_there_are_numbers_is_no_harm() -> None:
    """Years of the smallest p-values neither overflow nor forget."""
    process = Process("max", 0.1)
    for _ in range(500):
        process = evidence(process, 0.0)
    assert 400 < process.log_e < 500
    for _ in range(2000):
        process = evidence(process, 1.0)
    assert process.alarms(1e-6)
    assert Process.from_plain(process.to_plain()) == process


def test_a_missing_p_value_is_a_look_and_one_that_is_none_is_refused() -> None:
    """NaN, and numbers outside [0, 1]."""
    process = evidence(Process("max", 0.1), 0.3)
    after = evidence(process, float("nan"))
    assert (after.log_e, after.looks) == (process.log_e, 2)
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            evidence(process, p)


BUDGET = 0.02 / 55
"""2% a year, over 55 columns."""


def drifted(reference: np.ndarray, batch: np.ndarray) -> float:
    """The p-value of a Wasserstein distance of at most 0.1."""

    def low(tail: float) -> float:
        return distance.numeric("wasserstein", reference, batch, Levels(alpha=tail, beta=0.05, reds="low"))[
            0
        ].low

    return p_value(low, 0.1)


@pytest.mark.parametrize("healthy", [0, 3, pytest.param(364, marks=pytest.mark.slow)])
def test_a_column_that_moves_by_half_a_spread_is_found_within_days(healthy: int) -> None:
    """At 2% a year over 55 columns a median of at most three batches of 500, however long all was well."""
    rng = np.random.default_rng(16)
    delays = []
    for _ in range(7):
        reference = rng.normal(size=5000)
        process, looks = Process("max", 0.1), 0
        for _ in range(healthy):
            process = evidence(process, drifted(reference, rng.normal(size=500)))
        assert not process.alarms(BUDGET)
        while not process.alarms(BUDGET):
            process, looks = evidence(process, drifted(reference, rng.normal(0.5, 1, 500))), looks + 1
        delays.append(looks)
    assert np.median(delays) <= 3


@pytest.mark.slow
@pytest.mark.parametrize(("shift", "years"), [(0.0, 20), (0.1, 15)])
def test_a_year_of_drift_distances_keeps_one_promise(shift: float, years: int) -> None:
    """365 batches of 500 against one reference of 5,000, without a move or at the bound: few alarms.

    At the bound the batches are rows of the reference itself, moved by 0.1 of its spread: the promise
    speaks of the distance from that reference.
    """
    rng = np.random.default_rng(17)
    alarms = 0
    for _ in range(years):
        reference = rng.normal(size=5000)
        spread = np.std(np.clip(reference, *np.quantile(reference, [0.001, 0.999])))
        process = Process("max", 0.1)
        for _ in range(365):
            batch = rng.choice(reference, 500) + shift * spread if shift else rng.normal(size=500)
            process = evidence(process, drifted(reference, batch))
        alarms += process.alarms(0.05)
    assert alarms <= stats.binom.ppf(0.999, years, 0.05)
