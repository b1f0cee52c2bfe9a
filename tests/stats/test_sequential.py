"""Processes that may be looked at after every batch."""

from itertools import pairwise
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats
from years import DAY, DISTANCES, PARTS, watched

from modelqa.stats.inverted import LEAST, of_share
from modelqa.stats.sequential import YEAR, Process, inflow, look


def after(p_values: list[float] | NDArray[np.float64], share: float = 1.0, every: float = DAY) -> Process:
    """A process that nothing stops, with a share of the budget."""
    process = Process()
    for number, p in enumerate(p_values, start=1):
        process = look(process, float(p), share * inflow(number, every if number > 1 else 0.0))
    return process


def bet(distance: float, p: float) -> float:
    """What a bet multiplies by, written out another way: a ratio of two densities, or of two tails."""
    if p == 1:
        return float(stats.norm.sf(0, -distance) / stats.norm.sf(0))
    z = stats.norm.isf(min(max(p, LEAST), 1 - LEAST))
    return float(stats.norm.pdf(z, distance) / stats.norm.pdf(z))


def test_a_process_is_the_sum_over_all_beginnings_and_bets() -> None:
    """Written out: for each batch that may have been the first bad one, what was staked there ever since."""
    drawn = [0.8, 1.0, 1e-3, 0.4, 1e-20, 1e-4, 0.5, 1 - 1e-16]
    staked = [0.2 / (s * (s + 1)) + (0.8 / 365 if s > 1 else 0.0) for s in range(1, len(drawn) + 1)]
    whole = sum(
        part * stake * np.prod([bet(distance, p) for p in drawn[start:]])
        for start, stake in enumerate(staked)
        for distance, part in zip(DISTANCES, PARTS, strict=True)
    )
    assert after(drawn).total == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("years", [1, 3])
@pytest.mark.parametrize("a_year", [12, 365, 8760])
def test_a_year_brings_a_budget_and_no_more(years: int, a_year: int) -> None:
    """However many batches there are, and never more where they come at once or after a long rest."""
    looks = years * a_year
    brought = inflow(1, 0.0) + sum(inflow(s, YEAR / a_year) for s in range(2, looks + 1))
    assert 0.9 * (0.8 * years) <= brought <= years
    assert sum(inflow(s, 0.0) for s in range(1, 5000)) <= 0.2
    assert inflow(10**6, 50 * YEAR) <= 0.8 / 12 + 1e-9
    assert inflow(9, -3.0) == inflow(9, 0.0)


@pytest.mark.parametrize("before", [[], [0.5, 0.2, 1.0], [1e-3] * 3])
@pytest.mark.parametrize("round_up", [False, True])
def test_a_fair_p_value_is_a_fair_bet(before: list[float], round_up: bool) -> None:
    """Integrated over a uniform p-value, the next batch leaves what was staked, on average."""
    process = after(before)

    def grown(p: float) -> float:
        return look(process, 1.0 if round_up and p > 0.5 else p, 0.01).total

    ends = [0.0, 1e-9, 1e-6, 1e-4, 0.01, 0.5, 0.99, 1.0]
    mean = sum(integrate.quad(grown, low, high, limit=400)[0] for low, high in pairwise(ends))
    assert mean == pytest.approx(process.total + 0.01, rel=1e-4)


@settings(max_examples=300)
@given(st.integers(1, 400), st.floats(0.01, 0.99), st.floats(0, 1), st.sampled_from(["min", "max"]))
def test_no_healthy_share_is_worth_more_than_its_stake(
    n: int, limit: float, better: float, side: str
) -> None:
    """Brute force over all outcomes of a batch: the mid-p-value is a bet that is fair, or less than fair."""
    truth = limit + (1 - limit) * better if side == "min" else limit * (1 - better)
    chance = stats.binom.pmf(np.arange(n + 1), n, truth)
    worth = [look(Process(), of_share(hits, n)(side, limit), 1.0).total for hits in range(n + 1)]  # type: ignore[arg-type]
    assert float(chance @ worth) <= 1.002


def test_what_was_healthy_for_long_is_found_as_soon() -> None:
    """A p-value of 1e-4 a day: after years it takes at most two batches more than after a month."""

    def delay(healthy: int) -> int:
        process, number = after([1.0] * healthy), healthy
        while process.total < 100:
            number += 1
            process = look(process, 1e-4, inflow(number, DAY))
        return number - healthy

    assert delay(30) <= delay(1000) <= delay(30) + 1


def test_it_tells_since_when() -> None:
    """The run of batches that speak of trouble; one in order that outweighs them ends it."""
    process = after([1.0, 0.3, 1e-4, 0.01, 0.2, 1e-5])
    assert process.batches == 4
    assert after([1e-4, 1.0, 1.0, 1.0, 1.0]).batches == 0
    assert after([1.0]).batches == 0


def test_more_evidence_than_there_are_numbers_is_no_harm() -> None:
    """Years of the smallest p-values, and years of batches in order."""
    process = after([0.0] * 500)
    assert 1e199 < process.total < 1e201
    fallen = after([1.0] * 5000)
    assert 0 < fallen.total < 1
    assert look(fallen, 0.0, 1e-6).total > fallen.total


@given(st.lists(st.floats(0, 1), max_size=30))
def test_the_state_is_plain_data(p_values: list[float]) -> None:
    """A ledger can keep it and go on; six digits are enough."""
    process = after(p_values)
    back = Process.from_plain(process.to_plain())
    assert back.total == pytest.approx(process.total, rel=1e-5)
    assert (back.run, back.batches) == (process.run, process.batches)
    assert Process.from_plain(back.to_plain()) == back


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(p: float) -> None:
    """Numbers outside [0, 1]."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        look(Process(), p, 0.1)


def test_arrays_say_the_same() -> None:
    """What the years below are watched by is the process."""
    rng = np.random.default_rng(3)
    p = np.where(rng.random((40, 6)) < 0.3, 1.0, rng.random((40, 6)) ** 3)
    for at in range(6):
        process, alarms = Process(), 0
        for number, each in enumerate(p[:, at], start=1):
            process = look(process, float(each), 0.2 * inflow(number, DAY if number > 1 else 0.0))
            if process.total >= 1:
                process, alarms = Process(), alarms + 1
        assert alarms == watched(p[:, at : at + 1], 0.2).sum()
    assert watched(p, 0.2).sum() > 3


def test_a_year_of_fair_p_values_keeps_one_promise() -> None:
    """365 uniform p-values, half of them rounded up, at 5% a year: alarms in at most 5% of 2,000 years."""
    rng = np.random.default_rng(15)
    p = rng.random((365, 2000))
    p[:, 1000:][p[:, 1000:] > 0.5] = 1.0
    alarms = watched(p, 0.05)
    assert 0 < alarms[:, :1000].sum() <= stats.binom.ppf(0.999, 1000, 0.05)
    assert 0 < alarms[:, 1000:].sum() <= stats.binom.ppf(0.999, 1000, 0.05)


def test_evidence_in_a_batch_is_what_it_seems() -> None:
    """The bet on 1.5 standard errors is worth exp(1.125) where the batch lies as far beyond."""
    alone = look(Process((0.0, 0.0, 1.0, 0.0)), float(stats.norm.sf(1.5)), 0.0)
    assert log(alone.total) == pytest.approx(1.125)
    assert exp(alone.run) == pytest.approx(exp(1.125), rel=1e-3)
