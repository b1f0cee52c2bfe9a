"""A p-value from an end of an interval."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats import distance, intervals
from modelqa.stats.inverted import LEAST, Hard, of_ends, of_share, p_value

TAILS = [1e-11, 1e-8, 1e-5, 1e-3, 0.03, 0.2, 0.6, 0.95]


def numeric(method: str, shift: float) -> Callable[[float], float]:
    """The low end of a distance of two fixed samples."""
    rng = np.random.default_rng(5)
    before, after = rng.normal(size=2000), rng.normal(shift, 1, 400)

    def low(tail: float) -> float:
        return distance.numeric(method, before, after, Levels(alpha=tail, beta=0.05, reds="low"))[0].low

    return low


@given(st.integers(1, 2000), st.floats(0, 1), st.floats(0.001, 0.999))
def test_of_a_share_it_is_the_binomial_test(n: int, part: float, limit: float) -> None:
    """Inverting Clopper and Pearson's end gives back the exact one-sided test."""
    hits = round(part * n)

    def low(tail: float) -> float:
        return intervals.proportion(hits, n, Levels(alpha=tail, beta=0.05, reds="low")).low

    exact = float(stats.binom.sf(hits - 1, n, limit))
    found = p_value(low, limit)
    # The end does not go beyond the value, so a p-value above the middle may be told as 1.
    assert found == pytest.approx(max(exact, LEAST), rel=1e-2) or (found == 1 and hits / n <= limit)


@pytest.mark.parametrize("method", list(distance.METHODS))
@pytest.mark.parametrize("shift", [0.0, 0.2, 0.35, 3.0])
def test_of_a_distance_it_rejects_where_the_end_does(method: str, shift: float) -> None:
    """At every tail: the p-value is below it exactly where the low end is above the limit."""
    low = numeric(method, shift)
    p = p_value(low, 0.1)
    for tail in TAILS:
        if abs(np.log(p / tail)) > 1e-2:
            assert (p <= tail) == (low(tail) > 0.1), tail
    ends = [low(tail) for tail in TAILS]
    assert ends == sorted(ends)


def test_what_cannot_be_resolved_is_told_as_the_least() -> None:
    """No p-value below 1e-12, and none that rejects without a low end."""
    assert p_value(lambda tail: 1.0, 0.1) == LEAST
    assert p_value(lambda tail: 0.1, 0.1) == 1.0
    assert p_value(lambda tail: float("nan"), 0.1) == 1.0


@given(st.integers(0, 300), st.floats(0, 1), st.floats(0.01, 0.99))
def test_the_middle_of_a_share_is_half_way_between_two_exact_p_values(
    n: int, part: float, limit: float
) -> None:
    """Of as many hits or more, and of more; the other side is the same of misses."""
    hits = round(part * n)
    most, least = (stats.binom.sf(hits - more, n, limit) for more in (1, 0))
    found = of_share(hits, n)("max", limit)
    assert found == pytest.approx(max((most + least) / 2, LEAST) if n else 1.0, rel=1e-9)
    assert of_share(n - hits, n)("min", 1 - limit) == pytest.approx(found, rel=1e-6)


@pytest.mark.parametrize("side", ["min", "max"])
def test_ends_are_asked_only_where_the_value_is_beyond(side: Hard) -> None:
    """A limit that the value keeps costs nothing; one that it does not gets the test behind the end."""
    asked = []

    def again(levels: Levels) -> Estimate:
        asked.append(levels)
        return intervals.proportion(30, 100, levels)

    test = of_ends(0.3, again)
    kept, broken = (0.3, 0.4) if side == "min" else (0.3, 0.2)
    assert test(side, kept) == 1.0
    assert asked == []
    exact = stats.binom.cdf(30, 100, 0.4) if side == "min" else stats.binom.sf(29, 100, 0.2)
    assert test(side, broken) == pytest.approx(exact, rel=1e-2)
    assert of_ends(0.3, again, least=0.5)(side, broken) == 0.5
