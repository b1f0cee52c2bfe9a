"""Two shares of hits among the same rows, by their discordant counts."""

import itertools
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from modelqa.core.bound import Bound, Outcome, judge
from modelqa.core.estimate import Levels
from modelqa.stats.discordant import paired_shares

GREEN = Levels(alpha=1e-4, beta=0.05, reds="high")
"""What a floor is judged at: green by the low end at 5%."""
MARGIN = Bound(min=-0.01)


def counts(n: int, gain: float, loss: float, eps: float = 1e-10) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of discordant counts that occur, and the chance of each in n rows."""
    sides = [np.arange(stats.binom.ppf(eps, n, p), stats.binom.isf(eps, n, p) + 1) for p in (gain, loss)]
    pairs = np.array([pair for pair in itertools.product(*sides) if sum(pair) <= n], dtype=int)
    rest = stats.binom.logpmf(pairs[:, 1], n - pairs[:, 0], loss / (1 - gain))
    return pairs, np.exp(stats.binom.logpmf(pairs[:, 0], n, gain) + rest)


def missed(n: int, gain: float, loss: float, tail: float) -> float:
    """The chance that the truth lies below the low end, in units of the tail that it should have."""
    pairs, chance = counts(n, gain, loss)
    levels = Levels(alpha=tail, beta=0.4, reds="low")
    below = [paired_shares(int(b), int(c), n, levels).low > gain - loss + 1e-12 for b, c in pairs]
    return float(chance[np.array(below)].sum()) / tail


def rates(n: int, gain: float, loss: float, runs: int, seed: int) -> dict[Outcome, float]:
    """How often each outcome comes of a non-inferiority margin of one point."""
    drawn = np.random.default_rng(seed).multinomial(n, [gain, loss, 1 - gain - loss], runs)
    found = [judge(paired_shares(int(b), int(c), n, GREEN), MARGIN).outcome for b, c, _ in drawn]
    return {outcome: found.count(outcome) / runs for outcome in Outcome}


@pytest.mark.parametrize("runs", [2000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_a_margin_of_one_point_lets_an_equal_model_through(runs: int) -> None:
    """Identical models with 6% disagreement, 6,500 rows: green in at least 94% of runs."""
    noise = 3 * np.sqrt(0.06 * 0.94 / runs) if runs < 10_000 else 0.0
    assert rates(6500, 0.03, 0.03, runs, 1)[Outcome.PASSED] >= 0.94 - noise


@pytest.mark.parametrize("runs", [2000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_a_margin_of_one_point_stops_a_drop_of_two(runs: int) -> None:
    """A true drop of two points is green in at most 0.5% of runs, and mostly red or undecided."""
    assert rates(6500, 0.02, 0.04, runs, 2)[Outcome.PASSED] <= 0.005


def test_a_drop_at_the_margin_is_green_as_seldom_as_promised() -> None:
    """The consumer's risk is 5%, enumerated."""
    pairs, chance = counts(6500, 0.025, 0.035)
    near = np.abs((pairs[:, 0] - pairs[:, 1]) / 6500) < 0.006  # the rest is far from green or far from rare
    pairs, chance = pairs[near], chance[near]
    green = [paired_shares(int(b), int(c), 6500, GREEN).low >= -0.01 for b, c in pairs[::7]]
    assert 0.03 <= 7 * chance[::7][np.array(green)].sum() <= 0.05


FEW = [(0.3, 0.3), (3, 0.3), (0.3, 3), (3, 3), (10, 3), (0.05, 0.5), (12, 0.2)]
MANY = [(0.05, 0.05), (0.3, 30), (30, 0.3), (3, 10), (30, 30), (10, 100), (100, 10), (1, 100), (100, 100)]
TAILS = (0.05, 1e-3, 1e-5)


@pytest.mark.parametrize(("tail", "n"), [(0.05, 50), (1e-3, 200), (1e-5, 1_000_000)])
def test_few_discordant_rows_keep_their_tails(tail: float, n: int) -> None:
    """From one discordant row in three samples on, enumerated: no more misses than promised."""
    assert max(missed(n, gain / n, loss / n, tail) for gain, loss in FEW) <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("tail", "n"), [*itertools.product(TAILS, (500, 6500, 100_000, 1_000_000))])
def test_all_discordant_rows_keep_their_tails(tail: float, n: int) -> None:
    """Up to hundreds of discordant rows."""
    assert max(missed(n, gain / n, loss / n, tail) for gain, loss in FEW + MANY) <= (
        1 if tail > 1e-4 else 1.1
    )


@pytest.mark.slow
@pytest.mark.parametrize(("tail", "n"), [*itertools.product(TAILS, (50, 100, 300))])
def test_models_that_disagree_on_most_rows_keep_their_tails(tail: float, n: int) -> None:
    """Two models that differ on up to nine rows of ten."""
    shares = (0.002, 0.03, 0.1, 0.3, 0.6, 0.8)
    worst = max(missed(n, g, c, tail) for g, c in itertools.product(shares, repeat=2) if g + c < 0.95)
    assert worst <= (1 if tail > 1e-4 else 1.3)


def decided(pairs: Iterable[tuple[int, int]], n: int, alpha: float) -> list[tuple[bool, bool, bool]]:
    """Whether the interval, McNemar's exact test and its mid-p form call the first model better."""
    levels = Levels(alpha=alpha, beta=0.05, reds="low")
    found = []
    for gained, lost in pairs:
        exact = mcnemar([[0, gained], [lost, 0]], exact=True).pvalue / 2
        mid = exact - stats.binom.pmf(gained, gained + lost, 0.5) / 2
        found.append((paired_shares(gained, lost, n, levels).low > 0, exact <= alpha, mid <= alpha))
    return found


@pytest.mark.parametrize("alpha", TAILS)
def test_a_margin_of_zero_lies_between_exact_and_mid_p_mcnemar(alpha: float) -> None:
    """Whatever statsmodels' exact McNemar test rejects is rejected, and nothing that mid-p does not."""
    pairs = [(gained, lost) for gained in range(1, 60, 2) for lost in range(min(gained, 25))]
    for ours, exact, mid in decided(pairs, 10_000, alpha):
        assert exact <= ours <= mid


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n))))
def test_the_interval_holds_the_difference_and_mirrors(drawn: tuple[int, int, int]) -> None:
    """Any counts: value between ends between -1 and 1; models swapped, ends swapped."""
    n, gained, rest = drawn
    lost = min(rest, n - gained)
    found, other = paired_shares(gained, lost, n, GREEN), paired_shares(lost, gained, n, GREEN.mirrored())
    assert -1 <= found.low <= found.value == (gained - lost) / n <= found.high <= 1
    assert (other.low, other.high) == pytest.approx((-found.high, -found.low))
    assert found.low < found.high
