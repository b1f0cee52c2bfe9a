"""Intervals of an experiment hold at every look, and cost few rows for it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from modelqa.core.estimate import Levels
from modelqa.stats.always import Arm, arm, boundary, compared, mismatch

BETA = Levels(alpha=0.001, beta=0.05, reds="high")
FIXED = 2 * 3006
"""Rows of a test of fixed size: one-sided at 5%, power of 80%, 10% against 12%."""


def ends(tables: Any, planned: int = FIXED) -> tuple[Any, Any]:
    """The low ends of experiments at many looks, from means and sizes."""
    made = [compared(*sides, BETA, planned=planned, scale="difference") for sides in tables]
    return np.array([found.low for found in made]), np.array([found.value for found in made])


def looks(rng: np.random.Generator, shares: tuple[float, float], experiments: int, steps: int) -> np.ndarray:
    """Hits of both arms after every hundred rows, fifty each: experiments x looks x arms."""
    drawn = [rng.binomial(50, share, (experiments, steps)).cumsum(axis=1) for share in shares]
    return np.stack(drawn, axis=-1)


def wins(hits: np.ndarray, planned: int = FIXED) -> np.ndarray:
    """The look at which the low end first is above 0; the number of looks where it never is."""
    n = 50.0 * np.arange(1, hits.shape[1] + 1)
    means = hits / n[:, None]
    errors = np.sqrt(2 * (means * (1 - means)).max(axis=2) / np.maximum(n - 1, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (means[..., 0] - means[..., 1]) / errors
    needed = np.array([boundary(8.0 * 2 * size / planned, BETA.low) for size in n])
    won = np.where(np.isnan(z), False, z > needed)
    return np.where(won.any(axis=1), won.argmax(axis=1), hits.shape[1])


def test_the_fast_wins_of_the_sweep_are_those_of_the_function() -> None:
    """The sweep's vectorised rule and `compared` agree look by look."""
    hits = looks(np.random.default_rng(0), (0.14, 0.10), 5, 60)
    for experiment, won in zip(hits, wins(hits), strict=True):
        low = [
            compared(*(_arm(k, 50 * (at + 1)) for k in row), BETA, planned=FIXED, scale="difference").low
            for at, row in enumerate(experiment)
        ]
        above = [at for at, end in enumerate(low) if end > 0]
        assert won == (above[0] if above else 60)


def _arm(hits: int, n: int) -> Arm:
    return arm(np.repeat([1.0, 0.0], [hits, n - hits]))


@pytest.mark.parametrize("experiments", [300, pytest.param(2000, marks=pytest.mark.slow)])
def test_peeking_after_every_hundred_rows_finds_few_false_winners(experiments: int) -> None:
    """No true difference, base of 10%, up to 40,000 rows: at most 5% and simulation error ever win."""
    hits = looks(np.random.default_rng(1), (0.10, 0.10), experiments, 400)
    won = int((wins(hits) < 400).sum())
    print(f"\n{won} false winners of {experiments}")
    assert won <= stats.binom.ppf(0.999, experiments, 0.05)


@pytest.mark.parametrize("experiments", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_lift_is_found_with_few_more_rows_than_a_test_of_fixed_size(experiments: int) -> None:
    """Two points at a base of 10%: on average at most 1.5 times the rows of a fixed test of power 80%."""
    hits = looks(np.random.default_rng(2), (0.12, 0.10), experiments, 400)
    rows = 100 * (wins(hits) + 1)
    print(f"\nrows: mean {rows.mean():.0f}, median {np.median(rows):.0f}, of a fixed test {FIXED}")
    assert rows.mean() <= 1.5 * FIXED
    assert (wins(hits) < 400).mean() > 0.99


def test_the_size_of_the_fixed_test_is_what_textbooks_say() -> None:
    """(z_0.95 sqrt(2 p q) + z_0.8 sqrt(p1 q1 + p2 q2))^2 / 0.02^2 in each arm."""
    z, middle = stats.norm.ppf([0.95, 0.80]), 0.11
    n = (z[0] * np.sqrt(2 * middle * (1 - middle)) + z[1] * np.sqrt(0.1 * 0.9 + 0.12 * 0.88)) ** 2 / 0.02**2
    assert round(n) == pytest.approx(FIXED / 2, abs=25)


@pytest.mark.parametrize("grown", [0.01, 0.5, 8.0, 300.0])
@pytest.mark.parametrize("tail", [0.05, 1e-4])
def test_the_boundary_solves_the_mixture(grown: float, tail: float) -> None:
    """The likelihood ratio, averaged by quadrature over a half-normal effect, is 1 / tail there."""
    z = boundary(grown, tail)
    total, time = z * np.sqrt(grown), grown  # a sum of unit variance a step, the weight's variance being 1

    def integrand(effect: float) -> float:
        return float(2 * stats.norm.pdf(effect) * np.exp(effect * total - effect**2 * time / 2))

    peak = total / (1 + time)
    found, _ = integrate.quad(integrand, 0, peak + 12, points=[peak], limit=200)
    assert found == pytest.approx(1 / tail, rel=1e-6)


def test_units_with_several_rows_count_as_one_draw_each() -> None:
    """Every row twice says no more than every row once, where the unit is known."""
    values = np.random.default_rng(3).random(500)
    once, twice = arm(values), arm(np.repeat(values, 2), np.repeat(np.arange(500), 2))
    assert (twice.mean, twice.error, twice.n) == pytest.approx((once.mean, once.error, 500))
    assert arm(np.repeat(values, 2)).error < 0.8 * once.error


@given(st.lists(st.floats(-1e6, 1e6), max_size=40))
def test_an_arm_is_its_mean_and_standard_error(values: list[float]) -> None:
    """As scipy has it; fewer than two have no error."""
    found = arm(np.array(values))
    assert found.n == len(values)
    if len(values) > 1:
        assert found.mean == pytest.approx(np.mean(values), abs=1e-6)
        assert found.error == pytest.approx(stats.sem(values), rel=1e-6, abs=1e-6)
    else:
        assert found.error == np.inf


def test_a_relative_effect_is_the_difference_over_the_control() -> None:
    """Linearised: 12% against 10% is a lift of 20%, and its ends are those of a bootstrap at one look."""
    rng = np.random.default_rng(4)
    sides = [(rng.random(20_000) < share).astype(float) for share in (0.12, 0.10)]
    found = compared(*map(arm, sides), BETA, planned=40_000, scale="relative")
    drawn = [np.array([rng.choice(side, 20_000).mean() for _ in range(400)]) for side in sides]
    spread = (drawn[0] / drawn[1]).std()
    assert found.value == pytest.approx(sides[0].mean() / sides[1].mean() - 1)
    assert (found.value - found.low) / boundary(8.0, BETA.low) == pytest.approx(spread, rel=0.15)


def test_what_is_not_there_is_not_judged() -> None:
    """No rows, a control of zero, no variation: undefined, or infinite ends."""
    nobody, zero, some = arm(np.array([])), arm(np.zeros(5)), arm(np.array([0.0, 1.0]))
    assert not compared(nobody, some, BETA, planned=100, scale="difference").exists
    assert not compared(some, zero, BETA, planned=100, scale="relative").exists
    still = compared(zero, zero, BETA, planned=100, scale="difference")
    assert (still.value, still.low, still.high) == (0, -np.inf, np.inf)
    tenths = [arm(np.full(1000, value)) for value in (0.1, 0.3)]  # their sums are rounded
    assert np.isinf(compared(*tenths, BETA, planned=100, scale="difference").high)


def far_from(truth: float, scale: Any, hits: np.ndarray, sizes: np.ndarray, planned: int) -> float:
    """How often one experiment's ends at 0.1% and 5% miss the truth at any look; hits are looks x arms."""
    missed = 0
    for row, n in zip(hits, sizes, strict=True):
        sides = [
            Arm(k / m, error=float(np.sqrt(k / m * (1 - k / m) / max(m - 1, 1))), n=int(m))
            for k, m in zip(row, n, strict=True)
        ]
        found = compared(*sides, BETA, planned=planned, scale=scale)
        missed |= found.exists and not found.low <= truth <= found.high
    return missed


@pytest.mark.parametrize(("scale", "shares"), [("difference", (0.02, 0.02)), ("relative", (0.03, 0.02))])
@pytest.mark.parametrize(("step", "planned"), [((3, 57), 600), ((10, 90), 5000), ((50, 50), 2000)])
def test_a_small_arm_that_has_seen_little_is_not_sure_of_it(
    scale: Any, shares: tuple[float, float], step: tuple[int, int], planned: int
) -> None:
    """A base of 2%, one unit in twenty treated, looked at often: the ends miss the truth as seldom as said.

    An arm's own spread would call 47 of 100 such experiments lost that are not.
    """
    rng = np.random.default_rng(6)
    hits = np.stack(
        [rng.binomial(n, p, (200, 60)).cumsum(axis=1) for n, p in zip(step, shares, strict=True)], axis=-1
    )
    sizes = np.arange(1, 61)[:, None] * np.array(step)
    truth = shares[0] - shares[1] if scale == "difference" else shares[0] / shares[1] - 1
    missed = sum(far_from(truth, scale, one, sizes, planned) for one in hits)
    assert missed <= stats.binom.ppf(0.999, 200, BETA.low + BETA.high)


@pytest.mark.parametrize("n", [2, 10, 29])
def test_few_units_decide_nothing(n: int) -> None:
    """However far the arms are apart: their spread is not known yet."""
    ones, few = Arm(1.0, error=0.001, n=n), Arm(0.0, error=0.001, n=5000)
    for sides in ((ones, few), (few, ones)):
        found = compared(*sides, BETA, planned=10, scale="difference")
        assert (found.low, found.high) == (-np.inf, np.inf)


def test_a_control_that_may_be_zero_has_no_relative_end() -> None:
    """Any lift over nothing is possible."""
    found = compared(
        Arm(0.02, error=0.001, n=900), Arm(0.001, error=0.001, n=900), BETA, planned=900, scale="relative"
    )
    assert (found.value, found.high) == (pytest.approx(19), np.inf)


@given(
    st.lists(st.floats(allow_nan=False), max_size=60),
    st.lists(st.floats(allow_nan=False), max_size=60),
    st.sampled_from(["difference", "relative"]),
    st.integers(1, 10**9),
)
def test_any_outcomes_have_an_effect_between_its_ends_or_none(
    treated: list[float], control: list[float], scale: Any, planned: int
) -> None:
    """Infinite ones and such as overflow too; fewer than thirty of an arm never have a finite end."""
    sides = arm(np.array(treated)), arm(np.array(control))
    found = compared(*sides, BETA, planned=planned, scale=scale)
    assert found.n == len(treated) + len(control)
    assert not found.exists or found.low <= found.value <= found.high
    if min(len(treated), len(control)) < 30:
        assert not np.isfinite([found.low, found.high]).any()


@pytest.mark.parametrize("size", [1e-300, 1e160, 1e300])
@pytest.mark.parametrize("scale", ["difference", "relative"])
def test_a_spread_that_no_number_can_hold_decides_nothing(scale: Any, size: float) -> None:
    """Squares that overflow, or are rounded to nothing."""
    values = np.random.default_rng(7).random((2, 400)) + 1.0
    found = compared(*(arm(one * size) for one in values), BETA, planned=800, scale=scale)
    assert found.low <= found.value <= found.high
    assert np.isinf([found.low, found.high]).all()


def test_an_assignment_by_its_share_is_seldom_called_broken() -> None:
    """Looked at after every hundred units of 20,000: below p = 0.01 in at most 1% of 500 experiments."""
    drawn = np.random.default_rng(5).binomial(100, 0.5, (500, 200)).cumsum(axis=1)
    broken = sum(
        any(mismatch(int(k), 100 * (at + 1), 0.5) < 0.01 for at, k in enumerate(one)) for one in drawn
    )
    assert broken <= stats.binom.ppf(0.999, 500, 0.01)


def test_a_broken_assignment_is_found() -> None:
    """50 to 52 over 100,000 units; and 55 to 45 over 4,000, six standard errors off."""
    assert mismatch(round(100_000 * 50 / 102), 100_000, 0.5) < 1e-5
    assert mismatch(2_200, 4_000, 0.5) < 1e-5
    for wrong in ((3, 2, 0.5), (-1, 2, 0.5), (1, 2, 0.0), (1, 2, 1.0)):
        with pytest.raises(ValueError, match=r"expected|between"):
            mismatch(*wrong)
