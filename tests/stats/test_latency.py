"""Intervals of latencies: they hold under stalls and drift, and for two models whatever hits both."""

from itertools import product
from math import inf, isinf, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats import latency

Floats = NDArray[np.float64]
LEVELS = Levels(alpha=0.05, beta=0.05, reds="low")
SECONDS = st.floats(1e-6, 10.0)


def bound_together(rng: np.random.Generator, n: int, *, memory: float) -> Floats:
    """Calls of about a millisecond whose logarithm drifts; `memory` is how much of it the next call keeps."""
    steps = rng.normal(0, 0.1 * np.sqrt(1 - memory**2), n)
    level = np.empty(n)
    before = rng.normal(0, 0.1)
    for place, step in enumerate(steps):
        before = memory * before + step
        level[place] = before
    return np.asarray(0.001 * np.exp(level))


def missed(found: Estimate, truth: float) -> bool:
    """Whether the truth lies beyond an end."""
    return not found.low <= truth <= found.high


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
    assert not latency.compared(np.empty((0, 5)), np.empty((0, 5)), 0.5, "relative", LEVELS).exists


# --- two models


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 5), min_size=1, max_size=9), st.floats(0.0005, 0.4))
def test_signs_exceed_what_is_critical_as_seldom_as_it_says(weights: list[float], tail: float) -> None:
    """All signs of up to nine weights, counted: the tail of the theorem is never passed."""
    weight = np.array(weights)
    size = np.sqrt(np.dot(weight, weight))
    signs = np.array(list(product([-1, 1], repeat=len(weights))))
    beyond = np.mean(signs @ weight >= latency.critical(tail) * size)
    assert beyond <= tail


def turns(rng: np.random.Generator, pairs: int, slower: float) -> tuple[Floats, Floats]:
    """Blocks of two models on one machine that drifts and stalls, in random order."""
    clock = bound_together(rng, 20 * pairs, memory=0.95) + 0.05 * (rng.random(20 * pairs) < 0.002)
    blocks = clock.reshape(pairs, 2, 10)
    first = rng.integers(0, 2, pairs)
    return slower * blocks[np.arange(pairs), first], blocks[np.arange(pairs), 1 - first]


@pytest.mark.parametrize("q", [0.5, 0.95, None])
@pytest.mark.parametrize("scale", ["relative", "difference"])
def test_a_true_ratio_is_missed_as_seldom_as_the_levels_say(q: float | None, scale: latency.Scale) -> None:
    """At 5% a side, 200 runs of a drifting, stalling machine: at most 10%, up to what 200 runs can tell."""
    rng = np.random.default_rng(11)
    slower = 1.2 if scale == "relative" else 1.0
    found = [latency.compared(*turns(rng, 60, slower), q, scale, LEVELS) for _ in range(200)]
    assert sum(missed(one, slower - 1) for one in found) <= 34  # once in a thousand at 10%


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_a_slower_model_is_seen(q: float) -> None:
    """A quarter slower is surely more than a tenth, at a small tail, through drift and stalls."""
    rng = np.random.default_rng(3)
    levels = Levels(alpha=0.0005, beta=0.05, reds="low")
    found = latency.compared(*turns(rng, 300, 1.25), q, "relative", levels)
    assert found.low > 0.10
    assert found.value == pytest.approx(0.25, abs=0.08)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.5, 0.95]), st.floats(0.1, 10))
def test_units_and_roles_do_not_matter(seed: int, q: float, unit: float) -> None:
    """Milliseconds give the interval that seconds give; exchanged models give the ratio upside down."""
    ours, theirs = turns(np.random.default_rng(seed), 20, 1.3)
    found = latency.compared(ours, theirs, q, "relative", LEVELS)
    scaled = latency.compared(unit * ours, unit * theirs, q, "relative", LEVELS)
    other = latency.compared(theirs, ours, q, "relative", LEVELS)
    assert (scaled.low, scaled.high) == pytest.approx((found.low, found.high), abs=1e-4)
    assert log(1 + found.value) == pytest.approx(-log(1 + other.value))


@settings(deadline=None)
@given(
    st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=40),
    st.sampled_from([0.5, 0.99, None]),
    st.sampled_from(["relative", "difference"]),
)
def test_a_comparison_of_any_calls_holds_its_value(
    pairs: list[tuple[float, float]], q: float | None, scale: latency.Scale
) -> None:
    """Ties and calls of very different length too; a handful of pairs has no ends at all."""
    ours, theirs = (np.array(side)[:, None] for side in zip(*pairs, strict=True))
    found = latency.compared(ours, theirs, q, scale, LEVELS)
    assert found.low <= found.value <= found.high
    if len(pairs) < 4:
        assert isinf(found.low)
        assert isinf(found.high)


def test_a_model_is_as_quick_as_itself() -> None:
    """Equal times have the ratio 0, between ends that hold it."""
    times = np.full((40, 10), 0.001)
    assert latency.compared(times, times, 0.95, "relative", LEVELS).value == 0


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
