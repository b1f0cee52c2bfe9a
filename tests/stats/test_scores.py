"""Scores: scikit-learn's values, honest ends, and cells where there is no score."""

from dataclasses import replace
from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_samples import BOTH, binary, multiclass, of_scores, regression

from modelqa.core.estimate import Levels
from modelqa.stats.sample import Sample
from modelqa.stats.scores import SCORERS, UNSUPPORTED, find, score_value

RNG = np.random.default_rng(0)
SAMPLES = {
    "binary": binary(),
    "ties": binary(ties=True),
    "multiclass": multiclass(),
    "regression": regression(),
}
UNBOUNDED = ("calibration", "log_loss", "error", "deviance", "likelihood")


def test_every_scorer_of_scikit_learn_is_known() -> None:
    """Each of its names is either supported or refused with a reason, never both."""
    from sklearn.metrics import get_scorer_names

    assert set(get_scorer_names()) <= set(SCORERS) | set(UNSUPPORTED)
    assert not set(SCORERS) & set(UNSUPPORTED)


RATES = (
    "selection_rate",
    *(f"{kind}_{of}_rate" for kind in ("true", "false") for of in ("positive", "negative")),
)


def test_names_beyond_scikit_learn_are_twins_rates_and_calibrations() -> None:
    """The only other names are the positive twins of its neg_ names, and what it has no scorer for."""
    from sklearn.metrics import get_scorer_names

    theirs = set(get_scorer_names())
    beyond = {name for name in set(SCORERS) - theirs if f"neg_{name}" not in theirs}
    corrections = {"calibration_slope", "calibration_intercept", "calibration_bias"}
    parts = {"brier_reliability", "brier_resolution", "brier_uncertainty"}
    assert beyond == {"expected_calibration_error", *corrections, *parts, *RATES}


@pytest.mark.parametrize("name", ["adjusted_rand_score", "f1_samples", "no_such_score"])
def test_an_unknown_score_is_a_key_error(name: str) -> None:
    """A name that is refused or unknown raises, with the reason where there is one."""
    with pytest.raises(KeyError, match=UNSUPPORTED.get(name, name)[:20]):
        find(name)


@pytest.mark.parametrize("weighted", [False, True])
def test_rates_are_those_of_the_confusion_matrix(weighted: bool) -> None:
    """Selection, true and false rates by their definitions; the true positive rate is recall."""
    from sklearn.metrics import confusion_matrix

    weights = np.random.default_rng(7).random(300) if weighted else None
    sample = replace(binary(), weights=weights)
    (tn, fp), (fn, tp) = confusion_matrix(sample.truth, sample.predicted, sample_weight=weights)
    wanted = {
        "selection_rate": (tp + fp) / (tn + fp + fn + tp),
        "true_positive_rate": tp / (tp + fn),
        "false_positive_rate": fp / (fp + tn),
        "true_negative_rate": tn / (fp + tn),
        "false_negative_rate": fn / (tp + fn),
    }
    assert {name: score_value(name, sample) for name in RATES} == pytest.approx(wanted, abs=1e-12)
    levels = Levels(alpha=0.001, beta=0.05, reds="low")
    ends = [find(name).estimate(sample, levels, RNG)[0] for name in ("recall", "true_positive_rate")]
    assert (ends[0].low, ends[0].high) == pytest.approx((ends[1].low, ends[1].high), abs=0.01 * weighted)


def test_a_prediction_of_no_class_counts_against_the_model() -> None:
    """A row without a decision is neither found nor rightly let go, and it is not selected."""
    sample = Sample("binary", np.array([1, 1, 0, 0]), np.array([1, -1, -1, 0]))
    assert [score_value(name, sample) for name in sorted(RATES)] == [0.5, 0.5, 0.25, 0.5, 0.5]


@pytest.mark.parametrize(("name", "truth"), [("true_positive_rate", 0), ("false_positive_rate", 1)])
def test_a_rate_of_no_rows_does_not_exist(name: str, truth: int) -> None:
    """Without a row of that class, or with weights of zero for all of them, and the note says so."""
    score = find(name)
    bare = Sample("binary", np.full(5, truth), np.ones(5, dtype=int), classes=(0, 1))
    assert "no " in score.estimate(bare, BOTH, RNG)[1]
    light = Sample("binary", np.array([0, 1, 0, 1]), np.ones(4, dtype=int))
    weights = np.array([1.0, 0.0, 1.0, 0.0]) if truth == 0 else np.array([0.0, 1.0, 0.0, 1.0])
    found, note = score.estimate(replace(light, weights=weights), BOTH, RNG)
    assert not found.exists
    assert "sum to zero" in note


@pytest.mark.parametrize("name", sorted(SCORERS))
def test_a_twin_is_the_negated_score(name: str) -> None:
    """neg_ turns value, ends and direction round."""
    if name not in SCORERS or f"neg_{name}" not in SCORERS:
        return
    score, twin = find(name), find(f"neg_{name}")
    sample = next(s for s in SAMPLES.values() if s.task in score.tasks)
    levels = Levels(alpha=0.001, beta=0.05, reds="low")
    one = score.estimate(sample, levels, np.random.default_rng(1))[0]
    other = twin.estimate(sample, levels.mirrored(), np.random.default_rng(1))[0]
    assert (other.value, other.low, other.high) == (-one.value, -one.high, -one.low)
    assert twin.greater_is_better is not score.greater_is_better


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", SAMPLES)
def test_influence_is_the_derivative_by_a_rows_weight(kind: str, weighted: bool) -> None:
    """Each row's influence is how fast the score moves as its weight grows."""
    base = SAMPLES[kind]
    weights = np.random.default_rng(8).random(len(base)) if weighted else np.ones(len(base))
    step = 1e-6
    for name, score in SCORERS.items():
        if base.task not in score.tasks or score.measure is None or "ovo" in name:
            continue
        sample = replace(base, weights=weights)
        found = score.measure(sample)
        assert found.influence.mean() == pytest.approx(0, abs=1e-9)
        for row in range(0, len(base), 71):
            moved = weights.copy()
            moved[row] += step
            gain = score.measure(replace(base, weights=moved)).value - found.value
            expected = gain / step * weights[row] * len(base)
            # DeLong's areas carry the small-sample factor of each class.
            assert found.influence[row] == pytest.approx(
                expected, rel=0.01, abs=1e-3 * np.abs(found.influence).max()
            ), name


@pytest.mark.parametrize("name", ["roc_auc_ovo", "roc_auc_ovo_weighted"])
def test_pairwise_areas_have_the_influence_of_leaving_a_row_out(name: str) -> None:
    """One-versus-one areas, which take no weights, follow the jackknife."""
    sample = multiclass(150, 3, k=3)
    score = find(name)
    found = score.measure(sample)  # type: ignore[misc]
    n = len(sample)
    left = [score.measure(sample.take(np.arange(n) != i)).value for i in range(0, n, 7)]  # type: ignore[misc]
    jackknife = (n - 1) * (found.value - np.array(left))
    assert found.influence[::7] == pytest.approx(jackknife, abs=0.08 * np.abs(found.influence).max())


def test_a_perfect_area_of_few_positives_is_not_certain() -> None:
    """AUC 1 from m rows of the smaller class has the low end tail ** (1 / m)."""
    truth = np.arange(1000) < 12
    found = find("roc_auc").estimate(of_scores(truth, truth * 0.5 + 0.25), BOTH, RNG)[0]
    assert found.value == found.high == 1
    assert found.low == pytest.approx(0.025 ** (1 / 12))


ALL_ONE = np.ones(20, dtype=np.intp)
UNDEFINED = {
    "roc_auc": (of_scores(ALL_ONE, np.linspace(0.1, 0.9, 20)), "no negative rows"),
    "average_precision": (of_scores(ALL_ONE * 0, np.linspace(0.1, 0.9, 20)), "no positive rows"),
    "recall": (of_scores(ALL_ONE * 0, np.full(20, 0.9)), "no positive rows"),
    "precision": (of_scores(ALL_ONE, np.full(20, 0.1)), "no row is predicted positive"),
    "f1": (of_scores(ALL_ONE * 0, np.full(20, 0.1)), "no positive rows"),
    "matthews_corrcoef": (of_scores(ALL_ONE, np.linspace(0.1, 0.9, 20)), "one class"),
    "balanced_accuracy": (of_scores(ALL_ONE, np.full(20, 0.9)), "1 of 2 classes have no rows"),
    "f1_macro": (of_scores(ALL_ONE, np.full(20, 0.9)), "1 of 2 classes have no rows"),
    "d2_log_loss_score": (of_scores(ALL_ONE, np.full(20, 0.9)), "one class"),
    "positive_likelihood_ratio": (of_scores(ALL_ONE, np.full(20, 0.9)), "no negative rows"),
    "roc_auc_ovr": (replace(multiclass(60), truth=np.zeros(60, dtype=np.intp)), "3 of 4 classes"),
    "r2": (Sample("regression", np.ones(9), np.arange(9.0)), "all labels are equal"),
    "explained_variance": (Sample("regression", np.ones(1), np.ones(1)), "one row"),
    "mean_squared_log_error": (Sample("regression", np.full(9, -2.0), np.ones(9)), "below -1"),
    "mean_poisson_deviance": (Sample("regression", np.ones(9), np.zeros(9)), "above zero"),
    "mean_gamma_deviance": (Sample("regression", np.zeros(9), np.ones(9)), "above zero"),
    "mean_absolute_error": (Sample("regression", np.ones(9), np.full(9, np.nan)), "finite"),
    "median_absolute_error": (Sample("regression", np.ones(9), np.full(9, np.nan)), "finite"),
    "max_error": (Sample("regression", np.ones(9), np.full(9, np.nan)), "finite"),
    "log_loss": (replace(binary(30), probabilities=None), "no probabilities"),
    "top_k_accuracy": (replace(multiclass(9), probabilities=np.full((9, 4), np.nan)), "finite"),
    "accuracy": (binary(30).take(np.arange(0)), "no rows"),
    "recall_micro": (regression(30), "does not exist for a regression task"),
    "brier_score": (replace(binary(9), weights=np.zeros(9)), "weights"),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_a_score_that_does_not_exist_says_why(name: str) -> None:
    """Where there is no score there is no value, and the note gives the reason."""
    sample, reason = UNDEFINED[name]
    found, note = find(name).estimate(sample, BOTH, RNG)
    assert not found.exists
    assert reason in note
    assert isnan(score_value(name, sample))


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_a_prediction_of_no_class_is_wrong_and_no_class(kind: str) -> None:
    """A missing prediction costs recall, is no false positive, and adds no class to an average."""
    sample = SAMPLES[kind]
    wrong = sample.predicted != sample.truth
    blank = replace(sample, predicted=np.where(wrong, -1, sample.predicted))
    for name in ("accuracy", "recall_macro", "balanced_accuracy"):
        assert score_value(name, blank) == pytest.approx(score_value(name, sample))
    assert score_value("precision_macro", blank) == 1
    if kind == "binary":
        assert score_value("precision", blank) == 1
        assert score_value("recall", blank) == pytest.approx(score_value("recall", sample))
    found = find("f1_macro").measure(blank)  # type: ignore[misc]
    recalls = [np.mean(blank.predicted[blank.truth == k] == k) for k in sample.classes]
    assert found.value == pytest.approx(np.mean([2 * r / (1 + r) for r in recalls]))
    assert found.influence.mean() == pytest.approx(0, abs=1e-9)


def test_the_largest_error_has_no_upper_end() -> None:
    """What was seen is the least that the largest error can be."""
    found, note = find("max_error").estimate(regression(), BOTH, RNG)
    assert found.low == found.value
    assert found.high == inf
    assert note


def test_a_perfect_regression_is_not_certain_to_stay_so() -> None:
    """Errors that are all zero leave the upper end open, with a note."""
    found, note = find("root_mean_squared_error").estimate(regression(50, error=0.0), BOTH, RNG)
    assert (found.value, found.low, found.high) == (0, 0, inf)
    assert "beyond" in note


def test_an_absent_class_widens_a_loss_upwards() -> None:
    """Without positive rows the log loss may be what positive rows would have cost."""
    rare = of_scores(np.zeros(50), np.full(50, 0.01) + np.linspace(0, 0.001, 50))
    found = find("log_loss").estimate(rare, BOTH, RNG)[0]
    assert found.high > found.value + 0.2
    assert found.low > 0.009


def test_weighted_median_error_is_bootstrapped() -> None:
    """Weights take the median error from order statistics to the bootstrap, same value side."""
    plain = regression(150, 3)
    weighted = replace(plain, weights=np.ones(150))
    levels = Levels(alpha=0.05, beta=0.05, reds="none")
    one = find("median_absolute_error").estimate(plain, levels, np.random.default_rng(0))[0]
    other = find("median_absolute_error").estimate(weighted, levels, np.random.default_rng(0))[0]
    assert other.value == pytest.approx(one.value)
    assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.5)


def supported(sample: Sample) -> list[str]:
    """The names that this task has."""
    return [name for name in SCORERS if sample.task in SCORERS[name].tasks]


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(0, 10**6),
    st.sampled_from(["binary", "ties", "multiclass", "regression"]),
    st.floats(1e-6, 0.3),
    st.sampled_from(["plain", "weights", "groups"]),
)
def test_every_interval_holds_its_value(n: int, seed: int, kind: str, tail: float, how: str) -> None:
    """On any few rows, every score is undefined with a reason or lies between its ends."""
    make = {
        "binary": binary,
        "ties": lambda n, seed: binary(n, seed, ties=True),
        "multiclass": multiclass,
        "regression": regression,
    }[kind]
    sample = make(n, seed)
    if how == "weights":
        sample = replace(sample, weights=np.random.default_rng(seed).random(n))
    elif how == "groups":
        sample = replace(sample, groups=np.random.default_rng(seed).integers(0, 5, n))
    levels = Levels(alpha=tail, beta=0.05, reds="high")
    for name in supported(sample):
        if name.endswith("median_absolute_error") and how != "plain":
            continue
        found, note = find(name).estimate(sample, levels, np.random.default_rng(0))
        assert found.low <= found.value <= found.high if found.exists else note
        if not any(part in name for part in UNBOUNDED):
            bottom, top = (-2.0, 2.0) if not found.exists or "neg" in name else (-1.0, 2.0)
            assert not found.exists or found.value < bottom or found.high <= top


@pytest.mark.parametrize("kind", SAMPLES)
def test_more_rows_mean_narrower_ends(kind: str) -> None:
    """Sixteen times the rows make every interval narrower."""
    sample = SAMPLES[kind]
    for name in supported(sample):
        if "max_error" in name or (kind == "ties" and "median" in name):
            continue
        score = find(name)
        few, _ = score.estimate(sample, BOTH, np.random.default_rng(0))
        many, _ = score.estimate(sample.take(np.tile(np.arange(len(sample)), 16)), BOTH, RNG)
        assert many.high - many.low < 0.5 * (few.high - few.low), name


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_farther_tail_means_wider_ends(kind: str) -> None:
    """Ends move outwards as their tails shrink."""
    sample = SAMPLES[kind]
    far = Levels(alpha=1e-5, beta=1e-5, reds="none")
    for name in supported(sample):
        near, _ = find(name).estimate(sample, BOTH, np.random.default_rng(0))
        wide, _ = find(name).estimate(sample, far, np.random.default_rng(0))
        assert wide.low <= near.low <= near.high <= wide.high, name


@pytest.mark.parametrize("kind", SAMPLES)
def test_groups_of_copies_count_once(kind: str) -> None:
    """Copies of rows in one group leave about as much doubt as the rows alone."""
    sample = SAMPLES[kind]
    rows = np.repeat(np.arange(len(sample)), 8)
    copied = replace(sample.take(rows), groups=rows)
    for name in supported(sample):
        if "max_error" in name or "median" in name or "likelihood" in name:
            continue
        once, _ = find(name).estimate(sample, BOTH, RNG)
        often, _ = find(name).estimate(copied, BOTH, RNG)
        assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.3), name
