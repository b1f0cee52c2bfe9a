"""Two models on one machine: the interval of a comparison holds whatever hits both."""

from itertools import product
from math import isinf, log

import numpy as np
import pytest
from calls import LEVELS, SECONDS, Floats, bound_together, missed
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.core.estimate import Levels
from modelqa.stats import blocks


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 5), min_size=1, max_size=9), st.floats(0.0005, 0.4))
def test_signs_exceed_what_is_critical_as_seldom_as_it_says(weights: list[float], tail: float) -> None:
    """All signs of up to nine weights, counted: the tail of the theorem is never passed."""
    weight = np.array(weights)
    size = np.sqrt(np.dot(weight, weight))
    signs = np.array(list(product([-1, 1], repeat=len(weights))))
    beyond = np.mean(signs @ weight >= blocks.critical(tail) * size)
    assert beyond <= tail


def turns(rng: np.random.Generator, pairs: int, slower: float) -> tuple[Floats, Floats]:
    """Blocks of two models on one machine that drifts and stalls, in random order."""
    clock = bound_together(rng, 20 * pairs, memory=0.95) + 0.05 * (rng.random(20 * pairs) < 0.002)
    blocks = clock.reshape(pairs, 2, 10)
    first = rng.integers(0, 2, pairs)
    return slower * blocks[np.arange(pairs), first], blocks[np.arange(pairs), 1 - first]


@pytest.mark.parametrize("q", [0.5, 0.95, None])
@pytest.mark.parametrize("scale", ["relative", "difference"])
def test_a_true_ratio_is_missed_as_seldom_as_the_levels_say(q: float | None, scale: blocks.Scale) -> None:
    """At 5% a side, 200 runs of a drifting, stalling machine: at most 10%, up to what 200 runs can tell."""
    rng = np.random.default_rng(11)
    slower = 1.2 if scale == "relative" else 1.0
    found = [blocks.compared(*turns(rng, 60, slower), q, scale, LEVELS) for _ in range(200)]
    assert sum(missed(one, slower - 1) for one in found) <= 34  # once in a thousand at 10%


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_a_slower_model_is_seen(q: float) -> None:
    """A quarter slower is surely more than a tenth, at a small tail, through drift and stalls."""
    rng = np.random.default_rng(3)
    levels = Levels(alpha=0.0005, beta=0.05, reds="low")
    found = blocks.compared(*turns(rng, 300, 1.25), q, "relative", levels)
    assert found.low > 0.10
    assert found.value == pytest.approx(0.25, abs=0.08)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.5, 0.95]), st.floats(0.1, 10))
def test_units_and_roles_do_not_matter(seed: int, q: float, unit: float) -> None:
    """Milliseconds give the interval that seconds give; exchanged models give the ratio upside down."""
    ours, theirs = turns(np.random.default_rng(seed), 20, 1.3)
    found = blocks.compared(ours, theirs, q, "relative", LEVELS)
    scaled = blocks.compared(unit * ours, unit * theirs, q, "relative", LEVELS)
    other = blocks.compared(theirs, ours, q, "relative", LEVELS)
    assert (scaled.low, scaled.high) == pytest.approx((found.low, found.high), abs=1e-4)
    assert log(1 + found.value) == pytest.approx(-log(1 + other.value))


@settings(deadline=None)
@given(
    st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=40),
    st.sampled_from([0.5, 0.99, None]),
    st.sampled_from(["relative", "difference"]),
)
def test_a_comparison_of_any_calls_holds_its_value(
    pairs: list[tuple[float, float]], q: float | None, scale: blocks.Scale
) -> None:
    """Ties and calls of very different length too; a handful of pairs has no ends at all."""
    ours, theirs = (np.array(side)[:, None] for side in zip(*pairs, strict=True))
    found = blocks.compared(ours, theirs, q, scale, LEVELS)
    assert found.low <= found.value <= found.high
    if len(pairs) < 4:
        assert isinf(found.low)
        assert isinf(found.high)


def test_a_model_is_as_quick_as_itself() -> None:
    """Equal times have the ratio 0, between ends that hold it."""
    times = np.full((40, 10), 0.001)
    assert blocks.compared(times, times, 0.95, "relative", LEVELS).value == 0


def test_no_calls_compare_as_nothing() -> None:
    """Undefined, not equal."""
    assert not blocks.compared(np.empty((0, 5)), np.empty((0, 5)), 0.5, "relative", LEVELS).exists
