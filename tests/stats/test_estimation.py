"""Expected scores, their intervals, and the past that they are trusted by."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats import logistic
from modelqa.stats.calibrator import Calibrator
from modelqa.stats.confidence import Confidence, came_true
from modelqa.stats.direct import LOSSES, Direct
from modelqa.stats.estimation import (
    LEAST_CHUNKS,
    TRUSTED,
    Chunk,
    Expected,
    Rows,
    distrust,
    past,
    stretches,
    tried,
)
from modelqa.stats.expected import EXPECTED, Likely
from modelqa.stats.likeness import effective, likeness
from modelqa.stats.linear import Undefined
from modelqa.stats.sample import Sample
from modelqa.stats.scores import score_value

Floats = NDArray[np.float64]
SHARES = st.floats(0, 1, allow_nan=False)


def binary(positive: Floats, truth: NDArray[Any] | None = None) -> Sample:
    """Rows with a probability each; where their truth is left out it says nothing."""
    known = np.zeros(len(positive), dtype=np.intp) if truth is None else truth.astype(np.intp)
    both = np.column_stack([1 - positive, positive])
    return Sample("binary", known, (positive >= 0.5).astype(np.intp), probabilities=both, classes=(0, 1))


def rows_of(sample: Sample) -> Rows:
    """Rows that have no features but what the model said."""
    return Rows(sample, np.empty((len(sample), 0)))


def drawn(rows: int, seed: int, power: float = 1.0) -> Rows:
    """Rows whose truth is drawn with some power of what is said: calibrated at 1."""
    rng = np.random.default_rng(seed)
    said = rng.beta(0.7, 0.9, rows)
    return rows_of(binary(said, rng.random(rows) < said**power))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_expected_score_is_the_mean_over_truths(name: str) -> None:
    """Truths drawn with the chances have the expected score on average, and the variance that is told."""
    rng = np.random.default_rng(5)
    said, chance = rng.random(400), rng.beta(2, 2, 400)
    value, change = EXPECTED[name].of(Likely(binary(said), chance))
    found = np.array([score_value(name, binary(said, rng.random(400) < chance)) for _ in range(800)])
    spread = float(np.sqrt(change**2 @ (chance * (1 - chance))))
    assert abs(found.mean() - value) < 4 * spread / np.sqrt(800) + 0.1 * spread**2
    assert spread == pytest.approx(found.std(), rel=0.12)


@pytest.mark.parametrize("name", sorted(EXPECTED))
@given(data=st.data())
@settings(max_examples=25)
def test_certain_chances_give_the_score_itself(name: str, data: st.DataObject) -> None:
    """Where every chance is 0 or 1, the expected score is the score of that truth, ties, weights and all."""
    n = data.draw(st.integers(2, 30))
    said = np.array(data.draw(st.lists(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), min_size=n, max_size=n)))
    truth = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    truth[:2] = [False, True]
    weights = np.array(data.draw(st.lists(st.sampled_from([1.0, 2.0, 0.5]), min_size=n, max_size=n)))
    sample = replace(binary(said, truth), weights=weights)
    try:
        value, _ = EXPECTED[name].of(Likely(sample, truth.astype(float)))
    except Undefined:
        assert name == "precision"
        assert not (said >= 0.5).any()
        return
    assert value == pytest.approx(score_value(name, sample))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_change_with_the_truth_is_the_derivative(name: str) -> None:
    """A chance that moves a little moves the score by its change, but for a row's pair with itself."""
    rng = np.random.default_rng(6)
    sample, chance = binary(rng.random(300)), rng.beta(2, 2, 300)
    score = EXPECTED[name].of
    value, change = score(Likely(sample, chance))
    direction = rng.normal(size=300)
    moved, _ = score(Likely(sample, chance + 1e-6 * direction))
    assert (moved - value) / 1e-6 == pytest.approx(float(change @ direction), rel=0.02, abs=1e-3)


@given(
    st.lists(SHARES, min_size=1, max_size=40),
    st.lists(st.tuples(SHARES, st.booleans()), min_size=1, max_size=60),
    st.sampled_from(sorted(EXPECTED)),
    st.sampled_from(["low", "high", "both", "none"]),
)
def test_any_rows_have_an_interval_or_a_reason(
    said: list[float], reference: list[tuple[float, bool]], name: str, reds: Any
) -> None:
    """Probabilities of 0 and 1, ties, one row, one class: ends hold the value, or there is none."""
    shares, truths = map(np.array, zip(*reference, strict=True))
    estimator = Confidence(name, rows_of(binary(shares, truths)))
    levels = Levels(alpha=1e-4, beta=0.05, reds=reds)
    try:
        found = estimator.expect(rows_of(binary(np.array(said)))).interval(levels, len(said))
    except Undefined:
        return
    assert 0 <= found.low <= found.value <= found.high
    assert found.high <= EXPECTED[name].top
    assert np.isfinite(found.value)


def test_the_order_of_rows_changes_nothing() -> None:
    """Neither the batch's nor the reference's."""
    rows, reference, rng = drawn(300, 1), drawn(900, 2), np.random.default_rng(3)
    mixed = Confidence("roc_auc", reference.take(rng.permutation(900))).expect(
        rows.take(rng.permutation(300))
    )
    plain = Confidence("roc_auc", reference).expect(rows)
    assert (mixed.value, mixed.noise, mixed.model) == pytest.approx((plain.value, plain.noise, plain.model))


def test_more_rows_of_either_side_tell_more() -> None:
    """The noise falls with the rows of the batch, the error of what was fitted with the reference's."""
    small, large = drawn(200, 1), drawn(3200, 1)
    few, many = drawn(500, 2), drawn(8000, 2)
    assert (
        Confidence("accuracy", few).expect(large).noise < Confidence("accuracy", few).expect(small).noise / 8
    )
    assert (
        Confidence("accuracy", many).expect(large).model < Confidence("accuracy", few).expect(large).model / 8
    )


@pytest.mark.parametrize("power", [0.4, 1.0, 3.0])
def test_calibration_undoes_what_a_model_gets_wrong(power: float) -> None:
    """The curve follows the truth within what 20,000 rows can tell, near 0 and 1 too."""
    rows = drawn(20_000, 4, power)
    said = rows.sample.positive
    assert said is not None
    curve = Calibrator.fit(said, came_true(rows.sample))
    assert np.abs(curve.chances(said) - said**power).mean() < 0.01


def test_calibration_is_as_near_as_isotonic_regression() -> None:
    """Over twenty references of 500 rows its mean error is no larger than scikit-learn's curve has."""
    ours, theirs = [], []
    at = np.linspace(0.02, 0.98, 49)
    for seed in range(20):
        rows = drawn(500, seed, 2.0)
        said, truth = rows.sample.positive, came_true(rows.sample)
        assert said is not None
        ours.append(np.abs(Calibrator.fit(said, truth).chances(at) - at**2).mean())
        isotonic = IsotonicRegression(out_of_bounds="clip").fit(said, truth)
        theirs.append(np.abs(isotonic.predict(at) - at**2).mean())
    assert np.mean(ours) < np.mean(theirs)


def test_separated_classes_do_not_run_away() -> None:
    """A probability that tells the reference apart wholly is believed, but not for certain."""
    said = np.repeat([0.2, 0.8], 100)
    curve = Calibrator.fit(said, (said > 0.5).astype(float))
    low, high = curve.chances(np.array([0.2, 0.8]))
    assert 0 < low < 0.05
    assert 0.95 < high < 1


@pytest.mark.parametrize("far", [1.0, 30.0, 800.0])
def test_newton_s_steps_end_wherever_they_begin(far: float) -> None:
    """Columns and priors of any size: the slope at what is found is zero."""
    rng = np.random.default_rng(8)
    table = np.column_stack([np.ones(500), rng.normal(size=500) * far])
    truth, prior = (rng.random(500) < 0.3).astype(float), np.array([0.0, 1.0])
    found, covariance = logistic.fit(table, truth, prior)
    slope = table.T @ (truth - logistic.expit(table @ found)) - (found - prior)
    assert np.abs(slope @ covariance @ slope) < 1e-3


def test_a_weight_is_a_number_of_rows() -> None:
    """Rows that count twice give the coefficients of rows that are there twice."""
    rng = np.random.default_rng(9)
    table, truth = np.column_stack([np.ones(200), rng.normal(size=200)]), (rng.random(200) < 0.4) * 1.0
    twice = np.repeat(np.arange(200), 1 + (np.arange(200) % 2))
    weights = 1.0 + (np.arange(200) % 2)
    one, _ = logistic.fit(table, truth, np.zeros(2), weights)
    other, _ = logistic.fit(table[twice], truth[twice], np.zeros(2))
    assert one == pytest.approx(other, abs=1e-4)


def test_rows_that_are_alike_count_alike() -> None:
    """Without drift nearly all rows of the past count; with one, as few as are left."""
    rng = np.random.default_rng(10)
    before, same, moved = rng.normal(size=(4000, 5)), rng.normal(size=(1000, 5)), rng.normal(1, 1, (1000, 5))
    assert effective(likeness(before, same)) > 3900
    assert effective(likeness(before, moved)) < 800


@given(st.integers(1, 30), st.integers(0, 30), st.integers(0, 3), st.floats(-1e12, 1e12))
def test_likeness_is_of_mean_one(past_rows: int, rows: int, columns: int, centre: float) -> None:
    """For any tables: columns that never change, none at all, no rows to be like."""
    rng = np.random.default_rng(0)
    table, others = rng.normal(centre, 1, (past_rows, columns)), rng.normal(0, 1, (rows, columns))
    weights = likeness(table, others)
    assert weights.mean() == pytest.approx(1)
    assert (weights >= 0).all()


def test_drift_alone_does_not_mislead() -> None:
    """A probability that is worth more in one region than in another is estimated where the batch is."""
    rng = np.random.default_rng(12)

    def made(rows: int, share: float) -> Rows:
        region, said = (rng.random(rows) < share).astype(float), rng.uniform(0.5, 1, rows)
        truth = rng.random(rows) < np.where(region == 1, 0.55, said)
        return Rows(binary(said, truth), region[:, None])

    batch = made(4000, 0.9)
    found = tried(Confidence("precision", made(8000, 0.2)), batch, TRUSTED)
    blind = tried(Confidence("precision", rows_of(made(8000, 0.2).sample)), rows_of(batch.sample), TRUSTED)
    assert found.held
    assert abs(found.estimate.value - found.realised) < 0.02 < abs(blind.estimate.value - blind.realised)


def test_an_estimator_with_a_good_past_is_trusted() -> None:
    """Cross-fitted intervals of 90% hold about so many chunks."""
    reference = drawn(10_000, 21, 1.5)
    chunks = past(Confidence("roc_auc", reference), 200)
    assert len(chunks) == 50
    assert sum(chunk.held for chunk in chunks) >= 40
    assert distrust(chunks) == ""


def test_an_estimator_whose_past_intervals_missed_is_not() -> None:
    """Labels that change their meaning within the reference: half of it is estimated by the other half."""
    one, other = drawn(3000, 31, 0.2), drawn(3000, 32, 5.0)
    truth = np.concatenate([one.sample.truth, other.sample.truth])
    said = np.concatenate([np.asarray(rows.sample.positive) for rows in (one, other)])
    chunks = past(Confidence("accuracy", rows_of(binary(said, truth))), 300)
    assert "held the truth in" in distrust(chunks)


def test_chunks_that_are_not_known_do_not_count() -> None:
    """Without positives there is no area: such chunks neither speak for an estimator nor against it."""
    known = Chunk(Estimate(0.8, low=0.7, high=0.9, n=50), realised=0.8)
    unknown = replace(known, realised=float("nan"))
    assert distrust([known] * LEAST_CHUNKS + [unknown] * 50) == ""
    assert "are needed" in distrust([known] * (LEAST_CHUNKS - 1) + [unknown] * 50)
    assert past(Confidence("roc_auc", drawn(40, 1)), 10) == ()


@pytest.mark.parametrize(
    ("held", "count", "trusted"), [(7, 10, True), (6, 10, False), (41, 50, True), (40, 50, False)]
)
def test_the_test_of_the_past_is_exact(held: int, count: int, trusted: bool) -> None:
    """The fewest that 90% intervals hold with at least 5%, of a binomial table."""
    good = Chunk(Estimate(0.8, low=0.7, high=0.9, n=50), realised=0.8)
    bad = replace(good, realised=0.5)
    assert (distrust([good] * held + [bad] * (count - held)) == "") is trusted


@given(st.integers(0, 100_000), st.integers(1, 100_000))
def test_chunks_are_whole_and_in_order(rows: int, size: int) -> None:
    """Of one size, at least 50 rows each, the latest, none twice."""
    found = stretches(rows, size)
    if not found:
        assert rows < 50
        return
    every = np.concatenate(found)
    assert len({len(chunk) for chunk in found}) == 1
    assert len(found[0]) >= 50
    assert every[-1] == rows - 1
    assert (np.diff(every) == 1).all()


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_losses_are_estimated_where_forecasts_are_wrong(name: str) -> None:
    """The mean error of past forecasts corrects them: half and twice the loss give the same."""
    rng = np.random.default_rng(40)

    def made(rows: int, times: float) -> Rows:
        spread = rng.uniform(0.5, 2, rows)
        sample = Sample("regression", rng.normal(size=rows) * spread, np.zeros(rows))
        forecast = times * (spread**2 if "squared" in name else spread * np.sqrt(2 / np.pi))
        return Rows(sample, spread[:, None], forecast=forecast)

    for times in (0.5, 1.0, 2.0):
        found = tried(Direct(name, made(5000, times)), made(1000, times), TRUSTED)
        assert found.estimate.value == pytest.approx(found.realised, rel=0.12)
    held = [tried(Direct(name, made(2000, 1.0)), made(300, 1.0), TRUSTED).held for _ in range(100)]
    assert sum(held) >= 82


def test_what_cannot_be_estimated_says_why() -> None:
    """Groups, many classes, no probabilities, no forecasts, no rows, one class."""
    rows = drawn(200, 1)
    grouped = replace(rows, sample=replace(rows.sample, groups=np.zeros(200, dtype=np.intp)))
    many = rows_of(Sample("multiclass", np.arange(3), np.arange(3), probabilities=np.eye(3)))
    bare = rows_of(replace(rows.sample, probabilities=None))
    broken = rows_of(binary(np.array([0.5, np.nan])))
    for name, reference, batch, told in [
        ("accuracy", rows, grouped, "grouped"),
        ("roc_auc", many, many, "more than two classes"),
        ("roc_auc", rows, many, "more than two classes"),
        ("accuracy", rows, bare, "no probabilities"),
        ("accuracy", rows, broken, "not a finite number"),
        ("accuracy", rows, rows.take(np.arange(0)), "no rows"),
        ("accuracy", rows_of(binary(np.full(50, 0.3))), rows, "no row is positive"),
        ("precision", rows, rows_of(binary(np.full(50, 0.3))), "no row is predicted positive"),
    ]:  # fmt: skip
        with pytest.raises(Undefined, match=told):
            Confidence(name, reference).expect(batch)
    numbers = rows_of(Sample("regression", np.zeros(60), np.zeros(60)))
    with pytest.raises(Undefined, match="cannot be forecast"):
        Direct("mean_absolute_error", numbers).expect(numbers)
    with pytest.raises(Undefined, match="not a finite number"):
        Expected(value=np.nan, noise=0, third=0, model=0).interval(TRUSTED, 5)


def test_constant_probabilities_have_the_area_of_a_coin() -> None:
    """All rows tied: 0.5, which no labels could change."""
    flat = rows_of(binary(np.full(500, 0.4), np.arange(500) % 3 == 0))
    found = Confidence("roc_auc", flat).expect(flat).interval(TRUSTED, 500)
    assert (found.low, found.value, found.high) == pytest.approx((0.5, 0.5, 0.5))


def test_the_accuracy_of_many_classes_is_estimated_too() -> None:
    """By the calibrated probability of the class that was decided."""
    rng = np.random.default_rng(50)

    def made(rows: int) -> Rows:
        shares = rng.dirichlet([0.5, 0.7, 0.9], rows)
        truth = np.array([rng.choice(3, p=share) for share in shares])
        sharpened = shares**3 / (shares**3).sum(axis=1, keepdims=True)
        return rows_of(Sample("multiclass", truth, shares.argmax(axis=1), probabilities=sharpened))

    assert tried(Confidence("accuracy", made(4000)), made(1000), TRUSTED).held
