"""Two models on the same rows."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from score_samples import BOTH, binary, multiclass, of_scores, regression

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats import compare, intervals
from modelqa.stats.sample import Sample
from modelqa.stats.scores import SCORERS, find, score_value

RNG = np.random.default_rng(0)


def shaken(sample: Sample, seed: int = 1, *, by: float = 0.5) -> Sample:
    """Another model of the same rows."""
    rng = np.random.default_rng(seed)
    if sample.task == "regression":
        return replace(sample, predicted=sample.predicted * np.exp(by * rng.normal(size=len(sample))))
    odds = np.log(sample.probabilities) + by * rng.normal(size=sample.probabilities.shape)  # type: ignore[union-attr]
    odds = np.exp(odds)
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    return replace(sample, probabilities=probabilities, predicted=probabilities.argmax(axis=1))


SAMPLES = {"binary": binary(), "multiclass": multiclass(), "regression": regression()}
CASES = [(kind, name) for kind, s in SAMPLES.items() for name in SCORERS if s.task in SCORERS[name].tasks]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_differences_hold_the_difference_of_the_scores(kind: str, name: str) -> None:
    """For every score the value is candidate minus champion, relative to the champion's size."""
    one, other = SAMPLES[kind], shaken(SAMPLES[kind])
    ours, theirs = score_value(name, one), score_value(name, other)
    gap, _ = compare.difference(find(name), one, other, BOTH, RNG)
    ratio, _ = compare.relative(find(name), one, other, BOTH, RNG)
    assert gap.value == pytest.approx(ours - theirs)
    assert ratio.value == pytest.approx((ours - theirs) / abs(theirs))
    assert gap.low < gap.value < gap.high or "max_error" in name


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_models_that_agree_leave_the_unseen_rows(kind: str, name: str) -> None:
    """Equal predictions have difference 0, between ends that are not 0 and narrow with more rows."""
    sample = SAMPLES[kind]
    gap, _ = compare.difference(find(name), sample, sample, BOTH, RNG)
    many = sample.take(np.tile(np.arange(len(sample)), 10))
    more, _ = compare.difference(find(name), many, many, BOTH, RNG)
    assert gap.low < gap.value == 0 < gap.high
    assert more.high - more.low < gap.high - gap.low or "max_error" in name


@pytest.mark.parametrize("measure", [compare.difference, compare.relative])
@pytest.mark.parametrize("name", ["log_loss", "root_mean_squared_error"])
def test_twins_compare_the_other_way_round(measure: Callable[..., compare.Noted], name: str) -> None:
    """neg_ negates the difference and swaps its ends."""
    sample = SAMPLES["regression" if "squared" in name else "binary"]
    levels = Levels(alpha=0.001, beta=0.05, reds="low")
    one, _ = measure(find(name), sample, shaken(sample), levels, RNG)
    other, _ = measure(find(f"neg_{name}"), sample, shaken(sample), levels.mirrored(), RNG)
    assert (other.low, other.value, other.high) == (-one.high, -one.value, -one.low)


def test_accuracy_agrees_with_mcnemar_in_far_tails() -> None:
    """Seventeen discordant rows, all won, are just enough for a tail of 1e-5: 2 ** -17 is 0.8e-5."""
    truth = np.ones(1000, dtype=np.intp)
    champion = Sample("binary", truth, np.where(np.arange(1000) < 17, 0, 1), classes=(0, 1))
    levels = Levels(alpha=1e-5, beta=0.05, reds="low")
    found, _ = compare.difference(find("accuracy"), replace(champion, predicted=truth), champion, levels, RNG)
    assert found.value == 0.017
    assert 0 < found.low < 0.003


def test_accuracy_without_discordance_is_exact() -> None:
    """n rows without discordance exclude a share of 1 - tail ** (1 / n)."""
    sample = binary(200)
    found, _ = compare.difference(find("accuracy"), sample, sample, BOTH, RNG)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 200))


def test_areas_are_paired_as_delong_does() -> None:
    """The variance of the difference is that of the differences of DeLong's components."""
    one = binary(2000, 5)
    other = shaken(one)
    found, _ = compare.difference(find("roc_auc"), one, other, BOTH, RNG)
    parts = []
    for k in (1, 0):
        rows = []
        for sample in (one, other):
            scores = sample.probabilities[:, 1]  # type: ignore[index]
            wins = scores[sample.truth == 1][:, None] > scores[sample.truth == 0]
            rows.append(wins.mean(axis=k))
        parts.append((rows[0] - rows[1]).var(ddof=1) / len(rows[0]))
    width = 2 * 1.96 * np.sqrt(sum(parts))
    assert found.high - found.low == pytest.approx(width, rel=0.05)


def test_a_mean_loss_is_the_mean_of_paired_differences() -> None:
    """The difference of mean absolute errors is the studentised mean of the rows' differences."""
    one = regression(300, 2)
    other = shaken(one)
    found, _ = compare.difference(find("mean_absolute_error"), one, other, BOTH, RNG)
    rows = np.abs(one.truth - one.predicted) - np.abs(other.truth - other.predicted)
    mean = intervals.mean(rows, BOTH)
    assert (found.low, found.value, found.high) == pytest.approx((mean.low, mean.value, mean.high))


def test_pairing_gains_over_independent_intervals() -> None:
    """Two similar models are told apart more finely on the same rows."""
    one = binary(2000, 3)
    other = shaken(one, by=0.1)
    paired, _ = compare.difference(find("roc_auc"), one, other, BOTH, RNG)
    apart = compare.independent_difference(
        *(find("roc_auc").estimate(sample, BOTH.half(), RNG)[0] for sample in (one, other))
    )
    assert paired.high - paired.low < 0.3 * (apart.high - apart.low)


def test_a_relative_difference_of_an_uncertain_champion_has_open_ends() -> None:
    """Where the champion's score may be zero there is no end."""
    rng = np.random.default_rng(4)
    truth = rng.normal(size=60)
    one, other = (Sample("regression", truth, rng.normal(size=60) * 0.05) for _ in range(2))
    found, note = compare.relative(find("r2"), one, other, BOTH, RNG)
    assert not np.isfinite(found.high - found.low)
    assert note


def test_a_champion_of_zero_has_no_relative_difference() -> None:
    """Nothing can be divided by a score of zero."""
    sample = regression(50, error=0.0)
    found, note = compare.relative(find("mean_squared_error"), sample, sample, BOTH, RNG)
    assert not found.exists
    assert note == "the score to compare with is zero"


def test_different_rows_are_refused() -> None:
    """A paired comparison of other rows is a programming mistake."""
    with pytest.raises(ValueError, match="same labelled rows"):
        compare.difference(find("accuracy"), binary(50, 1), binary(50, 2), BOTH, RNG)


def test_undefined_scores_have_no_difference() -> None:
    """What one model lacks, the comparison lacks, with the reason."""
    sample = of_scores(np.ones(30), np.linspace(0.1, 0.9, 30))
    for measure in (compare.difference, compare.relative):
        found, note = measure(find("roc_auc"), sample, sample, BOTH, RNG)
        assert not found.exists
        assert note == "no negative rows"


ENDS = [
    (Estimate(1.0, low=-np.inf, high=2.0, n=5), Estimate(1.0, low=0.5, high=np.inf, n=9)),
    (Estimate(-1.0, low=-2.0, high=-0.5, n=5), Estimate(-2.0, low=-4.0, high=-1.0, n=9)),
    (Estimate(3.0, low=2.0, high=np.inf, n=5), Estimate(3.0, low=2.0, high=np.inf, n=9)),
    (Estimate(1.0, low=0.5, high=1.5, n=5), Estimate(0.1, low=-0.5, high=0.5, n=9)),
]


@pytest.mark.parametrize(("one", "other"), ENDS)
def test_independent_comparisons_hold_every_pair_of_values(one: Estimate, other: Estimate) -> None:
    """Any two values inside the intervals give a difference and a ratio between the ends."""
    gap, ratio = compare.independent_difference(one, other), compare.independent_relative(one, other)
    grid = [[np.clip(end, -1e9, 1e9) for end in (each.low, each.value, each.high)] for each in (one, other)]
    for a in grid[0]:
        for b in grid[1]:
            assert gap.low <= a - b <= gap.high
            assert ratio.low <= (a - b) / abs(b) <= ratio.high
    assert gap.n == 5


def test_comparisons_with_nothing_are_undefined() -> None:
    """An undefined side leaves nothing to compare."""
    some, none = Estimate(1.0, low=0.0, high=2.0, n=5), Estimate.undefined(n=3)
    assert not compare.independent_difference(some, none).exists
    assert not compare.independent_relative(none, some).exists


ENDS_OF_ONE = st.tuples(*[st.just(0.0) | st.floats(1e-3, 1e6)] * 3)


def of_ends(ends: tuple[float, float, float]) -> Estimate:
    """An estimate that is not negative."""
    low, value, high = sorted(ends)
    return Estimate(value, low=low, high=high, n=9)


@given(ENDS_OF_ONE, ENDS_OF_ONE, st.sampled_from([0.05, 1e-3, 1e-5]))
def test_errors_of_different_rows_add_up_to_less_than_the_corners(
    one: tuple[float, float, float], other: tuple[float, float, float], alpha: float
) -> None:
    """MOVER lies inside the corners of both intervals, outside either alone, and mirrors its arguments."""
    a, b = of_ends(one), of_ends(other)
    levels = Levels(alpha=alpha, beta=0.05, reds="low")
    found, slack = compare.mover_difference(a, b, levels), 1e-9 * max(*one, *other, 1.0)
    assert a.low - b.high - slack <= found.low <= a.value - b.value - max(a.value - a.low, 0) + slack
    assert a.high - b.low + slack >= found.high >= a.value - b.value + max(b.value - b.low, 0) - slack
    mirrored = compare.mover_difference(b, a, levels.mirrored())
    assert (-mirrored.high, -mirrored.low) == pytest.approx((found.low, found.high), abs=100 * slack)
    ratio = compare.mover_ratio(a, b, levels)
    if b.value > 0:
        assert a.low / b.high - slack / b.high <= ratio.low <= ratio.value <= ratio.high
        assert ratio.high <= (a.high / b.low * (1 + 1e-6) if b.low > 0 else np.inf)


@pytest.mark.parametrize(("low", "high"), [(2.0, 3.0), (3.0, 3.0)])
def test_even_intervals_add_as_squares(low: float, high: float) -> None:
    """With ends equally far away the published formulas come out, for the ratio those of Donner and Zou."""
    a, b = (
        Estimate(20.0, low=20 - low, high=20 + low, n=9),
        Estimate(10.0, low=10 - high, high=10 + high, n=9),
    )
    gap, ratio = compare.mover_difference(a, b, BOTH), compare.mover_ratio(a, b, BOTH)
    assert gap.high - gap.value == gap.value - gap.low == pytest.approx(np.hypot(low, high))
    over, under = a.low * (2 * a.value - a.low), b.high * (2 * b.value - b.high)
    product = a.value * b.value
    assert ratio.low == pytest.approx((product - np.sqrt(product**2 - over * under)) / under, rel=1e-5)
    over, under = a.high * (2 * a.value - a.high), b.low * (2 * b.value - b.low)
    assert ratio.high == pytest.approx((product + np.sqrt(product**2 - over * under)) / under, rel=1e-5)


def test_what_may_be_zero_or_negative_is_not_divided_by() -> None:
    """The ratio's ends are open then, and of nothing there is no ratio."""
    some, zero = Estimate(2.0, low=1.0, high=3.0, n=5), Estimate(1.0, low=0.0, high=2.0, n=5)
    assert compare.mover_ratio(some, zero, BOTH).high == np.inf
    assert 0 < compare.mover_ratio(some, zero, BOTH).low < 2
    either = Estimate(1.0, low=-1.0, high=2.0, n=5)
    assert (compare.mover_ratio(some, either, BOTH).low, compare.mover_ratio(either, some, BOTH).high) == (
        -np.inf,
        np.inf,
    )
    for compared in (compare.mover_difference, compare.mover_ratio):
        assert not compared(some, Estimate.undefined(n=3), BOTH).exists
    far = Estimate(1.0, low=0.5, high=np.inf, n=5)
    assert compare.mover_ratio(some, far, BOTH).low == 0
    assert compare.mover_difference(some, far, BOTH).low == -np.inf
    assert compare.mover_difference(some, far, BOTH).high < np.inf


def missed(n: int, m: int, alpha: float, shares: tuple[float, ...]) -> np.ndarray:
    """How often each end of difference and ratio misses, in units of its tail, at worst: by enumeration."""
    levels = Levels(alpha=alpha, beta=0.05, reds="low")
    ours = [intervals.proportion(k, n, levels) for k in range(n + 1)]
    theirs = [intervals.proportion(k, m, levels.mirrored()) for k in range(m + 1)]
    found = [
        [(f(a, b, levels)) for a in ours for b in theirs]
        for f in (compare.mover_difference, compare.mover_ratio)
    ]
    worst = np.zeros(4)
    for p, q in itertools.product(shares, repeat=2):
        chance = np.outer(stats.binom.pmf(range(n + 1), n, p), stats.binom.pmf(range(m + 1), m, q)).ravel()
        rates = []
        for truth, estimates in zip((p - q, p / q), found, strict=True):
            low, high = np.array([(each.low, each.high) for each in estimates]).T
            rates += [
                chance[low > truth + 1e-12].sum() / levels.low,
                chance[high < truth - 1e-12].sum() / levels.high,
            ]
        worst = np.maximum(worst, rates)
    return worst


@pytest.mark.parametrize("alpha", [0.05, 1e-3, 1e-5])
def test_shares_of_different_rows_keep_their_tails(alpha: float) -> None:
    """Every pair of counts enumerated: both ends of difference and ratio miss as seldom as they say."""
    assert missed(15, 25, alpha, (0.02, 0.2, 0.6, 0.97)).max() <= 1.3


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.05, 1e-3, 1e-5])
@pytest.mark.parametrize(("n", "m"), [(30, 30), (20, 200), (200, 20), (100, 100)])
def test_shares_of_different_rows_keep_their_tails_everywhere(n: int, m: int, alpha: float) -> None:
    """The same for more rows and more shares; plain squares would miss 1e-5 by a factor above 1,000."""
    assert missed(n, m, alpha, (0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99)).max() <= 1.3
