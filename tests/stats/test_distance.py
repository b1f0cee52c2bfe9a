"""Drift distances: plain values, honest ends, and what they say of columns that have nothing to say."""

from itertools import pairwise
from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, entropy, ks_2samp, wasserstein_distance

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.distance import METHODS, categorical, categorical_shares, numeric, numeric_shares

LEVELS = Levels(alpha=1e-4, beta=0.05, reds="low")
OFTEN = Levels(alpha=0.01, beta=0.05, reds="low")
NUMERIC = sorted(name for name, method in METHODS.items() if method.numeric)
CATEGORICAL = sorted(name for name, method in METHODS.items() if method.categorical)
SKEWED = np.array([0.55, 0.22, 0.11, 0.06, 0.03, 0.015, 0.01, 0.005])

finite = st.floats(allow_nan=False, allow_infinity=False)
tied = st.sampled_from([-1e300, -1.0, 0.0, 5e-324, 1.0, 1.0 + 2**-52, 1e300])
columns = arrays.arrays(float, st.integers(1, 40), elements=st.one_of(finite, tied))
counts = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=12).filter(
    lambda pairs: all(sum(side) for side in zip(*pairs, strict=True))
)


def distance(method: str, before: np.ndarray, after: np.ndarray, levels: Levels = LEVELS) -> Estimate:
    """The estimate alone."""
    measure = numeric if before.dtype == float else categorical
    return measure(method, before, after, levels)[0]


def red_share(method: str, before, after, limit: float, runs: int, levels: Levels = LEVELS) -> float:
    """How often a bound from above is red over seeded pairs of samples."""
    rng = np.random.default_rng(20)
    return float(
        np.mean([distance(method, before(rng), after(rng), levels).low > limit for _ in range(runs)])
    )


NULLS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "lognormal": lambda rng, n: rng.lognormal(size=n),
    "heavy tails": lambda rng, n: rng.standard_cauchy(n),
    "ties": lambda rng, n: np.round(rng.normal(size=n)),
    "zero-inflated": lambda rng, n: (rng.random(n) < 0.05) * rng.exponential(size=n),
    "skewed levels": lambda rng, n: rng.multinomial(n, SKEWED),
    "200 rare levels": lambda rng, n: rng.multinomial(n, np.full(200, 1 / 200)),
    "booleans": lambda rng, n: rng.multinomial(n, [0.97, 0.03]),
}


@pytest.mark.parametrize("rows", [50, 1000])
@pytest.mark.parametrize("name", NULLS)
def test_identical_distributions_are_seldom_told_apart(name: str, rows: int) -> None:
    """Two samples of one distribution have a low end above 0 no more often than granted."""
    draw = NULLS[name]
    method = "wasserstein" if draw(np.random.default_rng(0), 3).dtype == float else "jensenshannon"
    # 300 runs at 1%: more than 9 have a probability of 0.1% where the rate is exactly 1%.
    reds = red_share(method, lambda rng: draw(rng, 5000), lambda rng: draw(rng, rows), 0.0, 300, OFTEN)
    assert reds <= 9 / 300


@pytest.mark.parametrize("method", sorted({*NUMERIC} - {"wasserstein"}))
def test_no_numeric_method_tells_identical_distributions_apart(method: str) -> None:
    """Methods that count rows between the reference's quantiles keep to their tail with 50 rows."""
    reds = red_share(
        method, lambda rng: rng.normal(size=2000), lambda rng: rng.normal(size=50), 0, 200, OFTEN
    )
    assert reds <= 7 / 200


def test_a_shift_at_the_bound_is_seldom_red() -> None:
    """Where the true distance is the bound itself, red is as rare as granted."""
    reds = red_share(
        "wasserstein",
        lambda rng: rng.normal(size=5000),
        lambda rng: rng.normal(0.1, 1, 1000),
        0.1,
        300,
        OFTEN,
    )
    assert reds <= 9 / 300


def test_skewed_levels_at_the_bound_are_seldom_red() -> None:
    """The upward bias of a distance of 8 levels does not turn a batch at the bound red."""
    moved = SKEWED * np.array([0.8, 1.25, 0.8, 1.25, 0.8, 1.25, 0.8, 1.25])
    moved /= moved.sum()
    truth = jensenshannon(SKEWED, moved)
    reds = red_share(
        "jensenshannon",
        lambda rng: rng.multinomial(5000, SKEWED),
        lambda rng: rng.multinomial(500, moved),
        truth,
        300,
        OFTEN,
    )
    assert 0.05 < truth < 0.15
    assert reds <= 9 / 300


@pytest.mark.parametrize(("shift", "limit", "least"), [(0.3, 0.1, 0.94), (0.2, 0.05, 0.6)])
def test_shifts_are_found(shift: float, limit: float, least: float) -> None:
    """Shifts of 0.3 and 0.2 standard deviations are found with 1,000 rows at a tail of 1e-4."""
    reds = red_share(
        "wasserstein", lambda rng: rng.normal(size=5000), lambda rng: rng.normal(shift, 1, 1000), limit, 200
    )
    assert reds >= least


@pytest.mark.parametrize("method", ["wasserstein", "jensenshannon"])
def test_healthy_columns_are_green(method: str) -> None:
    """With 5,000 rows on both sides, at most one healthy column in ten stays undecided at 0.1."""
    rng = np.random.default_rng(3)
    draw = NULLS["normal" if method == "wasserstein" else "skewed levels"]
    highs = [distance(method, draw(rng, 5000), draw(rng, 5000)).high for _ in range(60)]
    assert np.mean(np.array(highs) <= 0.1) >= 0.9


def test_a_trifle_is_green_on_many_rows() -> None:
    """A shift of 0.01 standard deviations in 1,000,000 rows is well inside 0.1."""
    rng = np.random.default_rng(4)
    found = distance("wasserstein", rng.normal(size=100_000), rng.normal(0.01, 1, 1_000_000))
    assert found.high <= 0.1


def test_the_high_end_holds_the_truth() -> None:
    """Near zero and away from it, the true distance is seldom above the high end."""
    rng = np.random.default_rng(5)
    for shift in (0.0, 0.1):
        above = [
            distance("wasserstein", rng.normal(size=2000), rng.normal(shift, 1, 500)).high < shift * 0.99
            for _ in range(200)
        ]
        assert np.mean(above) <= 0.09


@pytest.mark.parametrize("method", NUMERIC)
def test_one_outlier_moves_little(method: str) -> None:
    """One value a million standard deviations out moves a distance by at most 5%, and no verdict."""
    rng = np.random.default_rng(6)
    before, after = rng.normal(size=5000), rng.normal(0.4, 1, 1000)
    plain, spoilt = distance(method, before, after), distance(method, before, np.append(after, 1e6))
    assert abs(spoilt.value / plain.value - 1) <= 0.05
    assert spoilt.low > 0.05 or plain.low <= 0.05


def test_an_outlier_in_the_reference_hides_nothing() -> None:
    """The unit is the spread of the reference's bulk."""
    rng = np.random.default_rng(7)
    before, after = np.append(rng.normal(size=5000), 1e6), rng.normal(0.5, 1, 1000)
    assert distance("wasserstein", before, after).low > 0.3


@pytest.mark.parametrize("method", ["wasserstein", "ks", "jensenshannon", "psi"])
def test_the_ends_close_in_with_rows(method: str) -> None:
    """The same shapes with more rows give a narrower interval."""
    grid = np.linspace(-1, 1, 1001)
    found = [distance(method, np.repeat(grid, times), np.repeat(grid + 0.1, times)) for times in (4, 16, 64)]
    assert all(a.low < b.low and b.high < a.high for a, b in pairwise(found))


@settings(max_examples=60, deadline=None)
@given(before=columns, after=columns)
def test_any_numbers_have_a_distance(before: np.ndarray, after: np.ndarray) -> None:
    """Ties, constants, subnormal and huge values never crash, and 0 <= low <= value <= high."""
    for method in NUMERIC:
        found = distance(method, before, after)
        assert 0 <= found.low <= found.value <= found.high
        assert found.n == len(after)


@settings(max_examples=60, deadline=None)
@given(before=columns, after=columns)
def test_any_numbers_have_an_exact_distance(before: np.ndarray, after: np.ndarray) -> None:
    """The numbers of scipy and Evidently come with ends as well, for whatever columns."""
    before, after = np.clip(before, -1e100, 1e100), np.clip(after, -1e100, 1e100)
    for method in NUMERIC:
        found = numeric(method, before, after, LEVELS, exact=True)[0]
        assert 0 <= found.low <= found.value <= found.high


@settings(max_examples=60, deadline=None)
@given(pairs=counts)
def test_any_counts_have_a_distance(pairs: list[tuple[int, int]]) -> None:
    """Empty, sparse and full cells never crash, and 0 <= low <= value <= high."""
    before, after = np.array(pairs).T
    for method in CATEGORICAL:
        found = distance(method, before, after)
        assert 0 <= found.low <= found.value <= found.high
        assert found.n == after.sum()


@settings(max_examples=60, deadline=None)
@given(values=columns)
def test_a_sample_is_no_distance_from_itself(values: np.ndarray) -> None:
    """The same rows, in any order, are at distance 0, for certain at the low end."""
    for method in NUMERIC:
        found = distance(method, values, values[::-1])
        assert found.value == pytest.approx(0, abs=1e-7)
        assert found.low == 0


@settings(max_examples=60, deadline=None)
@given(pairs=counts, order=st.randoms(use_true_random=False))
def test_the_order_of_categories_is_no_matter(pairs: list[tuple[int, int]], order) -> None:
    """Categories have no order: any other one gives the same value and high end."""
    before, after = np.array(pairs).T
    shuffled = order.sample(range(len(pairs)), len(pairs))
    for method in CATEGORICAL:
        one, two = distance(method, before, after), distance(method, before[shuffled], after[shuffled])
        assert (two.value, two.high) == (
            pytest.approx(one.value, abs=1e-7),
            pytest.approx(one.high, abs=1e-7),
        )


@settings(max_examples=60, deadline=None)
@given(before=columns, after=columns)
def test_units_are_no_matter(before: np.ndarray, after: np.ndarray) -> None:
    """A power of two as the unit changes neither the distance nor its ends."""
    before, after = np.ldexp(np.clip(before, -1e9, 1e9), 0), np.clip(after, -1e9, 1e9)
    before, after = (np.where(np.abs(rows) < 1e-9, 0, rows) for rows in (before, after))
    assert distance("wasserstein", before, after) == distance("wasserstein", before * 1024, after * 1024)


def test_the_origin_is_no_matter() -> None:
    """Times in microseconds since 1970 have the distance that they have from any other day."""
    rng = np.random.default_rng(10)
    before, after = rng.integers(0, 10**6, 3000) * 1.0, rng.integers(10**5, 11 * 10**5, 800) * 1.0
    near, far = (distance("wasserstein", before + day, after + day) for day in (0.0, 1.7e15))
    assert near.low > 0.1
    assert (far.value, far.low, far.high) == pytest.approx((near.value, near.low, near.high), rel=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_numbers_agree_with_scipy(seed: int) -> None:
    """Exact distances of columns of numbers are scipy's."""
    rng = np.random.default_rng(seed)
    before, after = rng.gamma(2, 3, 500 + seed), rng.gamma(2.2, 3, 300).round(seed % 4)
    found = numeric("wasserstein", before, after, LEVELS, exact=True)[0].value
    assert found == pytest.approx(wasserstein_distance(before, after) / before.std(), rel=1e-9)
    assert distance("ks", before, after).value == pytest.approx(ks_2samp(before, after).statistic, rel=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_counts_agree_with_scipy(seed: int) -> None:
    """Distances of categories are scipy's, and Hellinger's, PSI's and the total variation's formulas."""
    rng = np.random.default_rng(seed)
    before, after = rng.multinomial(3000, SKEWED), rng.multinomial(900, (SKEWED + SKEWED[::-1]) / 2)
    q, p = before / before.sum(), after / after.sum()
    table = np.stack([before, after])
    wanted = {
        "jensenshannon": jensenshannon(q, p),
        "kl_div": entropy(q, p),
        "psi": np.sum((q - p) * np.log(q / p)),
        "hellinger": np.sqrt(1 - np.sum(np.sqrt(p * q))),
        "TVD": np.abs(p - q).sum() / 2,
        "cramer_v": np.sqrt(chi2_contingency(table, correction=False).statistic / table.sum()),
    }
    assert {method: distance(method, before, after).value for method in wanted} == pytest.approx(
        wanted, rel=1e-9
    )


@pytest.mark.parametrize(("before", "after"), [([], [1.0]), ([1.0], []), ([], []), ([np.nan], [1.0])])
@pytest.mark.parametrize("method", NUMERIC)
def test_no_rows_have_no_distance(method: str, before: list[float], after: list[float]) -> None:
    """Without values on a side there is no distance, and a note says on which."""
    found, note = numeric(method, np.array(before), np.array(after), LEVELS)
    assert isnan(found.value)
    assert "has no values" in note


@pytest.mark.parametrize("method", CATEGORICAL)
def test_no_counts_have_no_distance(method: str) -> None:
    """Without rows in any category there is no distance."""
    found, note = categorical(method, np.array([3, 1]), np.array([0, 0]), LEVELS)
    assert (isnan(found.value), note) == (True, "the batch has no values")
    assert (
        categorical(method, np.array([], int), np.array([], int), LEVELS)[1] == "the reference has no values"
    )


def test_a_constant_reference_is_never_green() -> None:
    """Without a spread there is no unit: an equal batch stays undecided, a clearly different one is red."""
    constant = np.full(1000, 7.0)
    same, note = numeric("wasserstein", constant, np.full(50, 7.0), LEVELS)
    assert ((same.value, same.low, same.high), note) == ((0, 0, inf), "the reference is constant")
    one, many = (np.append(np.full(50, 7.0), np.arange(k)) for k in (1, 30))
    assert distance("wasserstein", constant, one).low == 0
    assert distance("wasserstein", constant, many).low == inf


def test_constant_columns_have_binned_distances() -> None:
    """Below and above a constant are bins of their own."""
    constant = np.full(1000, 7.0)
    for other in (6.0, 8.0):
        for method in ("ks", "jensenshannon", "psi", "TVD"):
            assert distance(method, constant, np.full(100, other)).low > 0.1


@pytest.mark.parametrize("method", NUMERIC)
def test_a_single_row_decides_nothing(method: str) -> None:
    """One row turns no bound red, nor the tight ones green."""
    found, note = numeric(method, np.arange(5000.0), np.array([1e9]), LEVELS)
    assert found.low == 0
    assert found.high > 0.5
    assert "a single row cannot tell" in note


def test_infinite_values_lie_outside() -> None:
    """Infinite values count as beyond the reference's range; a reference of nothing else has no distance."""
    rng = np.random.default_rng(8)
    before, after = rng.normal(size=1000), np.append(rng.normal(size=990), [inf] * 10)
    found, note = numeric("wasserstein", before, after, LEVELS)
    assert found.value < 0.2
    assert "outside the reference's range" in note
    assert not distance("wasserstein", np.array([inf, -inf]), after).exists


def test_new_categories_are_told_and_found() -> None:
    """A category that the reference never had is named in number, and rejects identity by itself."""
    before = np.array([4000, 1000, 0, 0])
    found, note = categorical("jensenshannon", before, np.array([400, 80, 38, 2]), LEVELS)
    assert note == "2 categories are new"
    assert found.low > 0.08


def test_a_rare_level_that_grew_is_found_on_few_rows() -> None:
    """Where no cell but one is filled well enough for chi-squared, the exact intervals of one cell speak."""
    assert distance("jensenshannon", np.array([4950, 50]), np.array([30, 20])).low > 0.1


def test_methods_refuse_the_other_kind() -> None:
    """A distance of numbers is not taken of categories."""
    with pytest.raises(ValueError, match="does not measure columns of categories"):
        categorical("wasserstein", np.array([1]), np.array([1]), LEVELS)
    with pytest.raises(KeyError):
        numeric("unheard-of", np.array([1.0]), np.array([1.0]), LEVELS)


@given(before=columns, after=columns)
def test_numeric_shares_are_whole(before: np.ndarray, after: np.ndarray) -> None:
    """The shares of each side add up to 1, over edges that rise."""
    drawn = numeric_shares(before, after)
    assert sum(drawn["reference"]) == pytest.approx(1)
    assert sum(drawn["batch"]) == pytest.approx(1)
    assert len(drawn["labels"]) == len(drawn["reference"]) == len(drawn["edges"]) - 1
    assert drawn["edges"] == sorted(drawn["edges"])


@given(pairs=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_categorical_shares_are_whole(pairs: list[tuple[int, int]]) -> None:
    """At most 20 categories are shown, all others together; sides with rows add up to 1."""
    before, after = np.array(pairs, dtype=int).reshape(-1, 2).T
    drawn = categorical_shares([f"level {k}" for k in range(len(pairs))], before, after)
    often = np.count_nonzero(np.maximum(before, after) >= 5)
    shown = min(often, 20)
    assert len(drawn["labels"]) == shown + (shown < len(pairs)) == len(drawn["batch"])
    for side, rows in (("reference", before), ("batch", after)):
        assert sum(drawn[side]) == pytest.approx(1 if rows.sum() else 0)
