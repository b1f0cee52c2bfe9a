"""Intervals of latencies: they hold under stalls and drift."""

from math import inf, isinf

import numpy as np
import pytest
from calls import LEVELS, SECONDS, Floats, bound_together, missed
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.stats import latency


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("q", [0.5, 0.95, None])
def test_calls_that_hang_together_have_honest_ends(memory: float, q: float | None) -> None:
    """Both ends at 5% miss the truth in at most 10% of runs, up to what 300 runs can tell."""
    rng = np.random.default_rng(7)
    truth = 0.001 * np.exp(0.005) if q is None else 0.001 * np.exp(0.1 * {0.5: 0.0, 0.95: 1.6449}[q])
    misses = 0
    for _ in range(300):
        calls = bound_together(rng, 600, memory=memory)
        found = latency.mean(calls, LEVELS) if q is None else latency.quantile(calls, q, LEVELS)
        misses += missed(found, truth)
    assert misses <= 47  # 48 or more of 300 come up once in a thousand at 10%


def test_independent_calls_would_be_wrong_there() -> None:
    """What the batches are for: taken as independent, such calls miss their quantile far too often."""
    from modelqa.stats import intervals

    rng = np.random.default_rng(7)
    runs = [bound_together(rng, 600, memory=0.9) for _ in range(100)]
    assert sum(missed(intervals.quantile(calls, 0.5, LEVELS), 0.001) for calls in runs) > 30


@settings(deadline=None)
@given(st.lists(SECONDS, min_size=1, max_size=80), st.sampled_from([0.5, 0.9, 0.99]))
def test_an_interval_of_any_calls_holds_its_value(calls: list[float], q: float) -> None:
    """Ties, one call, and calls of very different length."""
    times = np.array(calls)
    for found in (latency.quantile(times, q, LEVELS), latency.mean(times, LEVELS)):
        assert found.low <= found.value <= found.high
        assert found.n == len(calls)


def test_few_calls_know_no_end_of_a_high_quantile() -> None:
    """Fifty calls cannot say how long the 99th percentile is at most, one call nothing of a mean."""
    assert latency.quantile(np.linspace(1, 2, 50), 0.99, LEVELS).high == inf
    assert isinf(latency.mean(np.array([1.0]), LEVELS).high)
    assert not latency.quantile(np.array([]), 0.5, LEVELS).exists
    assert not latency.mean(np.array([]), LEVELS).exists


def slow_stretch(rng: np.random.Generator, n: int) -> Floats:
    """Calls of a millisecond, half as slow again in one tenth of the time, all of it in a row."""
    calls = rng.lognormal(np.log(0.001), 0.05, n)
    start = rng.integers(0, n * 9 // 10)
    calls[start : start + n // 10] *= 1.5
    return calls


def test_one_slow_stretch_does_not_cost_the_end() -> None:
    """The calls are worth few there; all the same it is plain that p95 is no ten times what any call took."""
    calls = slow_stretch(np.random.default_rng(1), 15_000)
    calls[77] = 0.2
    found = latency.quantile(calls, 0.95, LEVELS)
    assert calls[calls < 0.2].max() < found.high < 0.01
    assert 0.001 < found.low < 0.0015


def test_what_a_short_run_did_not_see_is_allowed_for() -> None:
    """A drift that outlasts a run hides its slowest times: in nine of ten runs the end still holds p95."""
    truth = 0.001 * np.exp(0.1 * 1.6449)
    rng = np.random.default_rng(7)
    found = [latency.quantile(bound_together(rng, 1200, memory=0.98), 0.95, LEVELS) for _ in range(200)]
    assert sum(isinf(one.high) for one in found) == 0
    assert sum(one.high < truth for one in found) <= 20


def test_calls_that_were_never_answered_leave_their_end_open() -> None:
    """A tenth without an answer, all in a row: no p95 is known, and nothing is warned of."""
    calls = slow_stretch(np.random.default_rng(2), 2000)
    calls[500:700] = inf
    found = latency.quantile(calls, 0.95, LEVELS)
    assert (found.value, found.high) == (inf, inf)


# --- what a report draws


@settings(deadline=None)
@given(st.lists(SECONDS, min_size=1, max_size=300))
def test_a_distribution_is_plain_and_loses_no_call(calls: list[float]) -> None:
    """Every call is in the histogram; quantiles run from the shortest call to the longest."""
    made = latency.distribution({"model": np.array(calls), "champion": np.array(calls[::-1])})
    for series in made["series"].values():
        assert sum(series["counts"]) == series["n"] == len(calls)
        assert series["quantiles"][0] == min(calls)
        assert max(series["quantiles"]) == max(calls)
        assert len(series["course"]) == min(60, len(calls))
        assert all(type(one) in (int, float) for one in (*series["counts"], *series["quantiles"]))


def test_noise_is_what_blocks_differ_by() -> None:
    """A machine that is twice as slow in every other block is noisy, one stall a block is not."""
    steady = np.full(400, 0.001)
    steady[::10] = 0.05
    assert latency.noise(steady, 10) == 0
    assert latency.noise(np.repeat([1.0, 2.0] * 20, 10), 10) > 0.3
    assert latency.noise(np.array([1.0]), 10) == 0
