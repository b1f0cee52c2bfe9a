"""`estimated`: a score before there are labels, marked as what it is."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelqa import Suite, SuiteError
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult
from modelqa.stats.sample import Sample
from modelqa.stats.scores import score_value
from modelqa.testing import FakeModel, make_batch, run_check

REFERENCE = make_batch(4000, seed=1)
BATCH = make_batch(1000, seed=2)


def ran(
    scorer: str = "roc_auc", subject: dict[str, Any] | None = None, task: Any = "binary", **keys: Any
) -> CheckResult:
    """The result on an unlabelled batch, if the subject does not say otherwise."""
    batch = make_batch(1000, seed=2, task=task).drop(columns="label")
    parts = {
        "model": FakeModel(task),
        "champion": FakeModel(task),
        "batch": batch,
        "reference": make_batch(4000, seed=1, task=task),
    }
    return run_check("estimated", scorer, subject={**parts, **(subject or {})}, **(keys or {"min": 0.5}))


def inconclusive(result: CheckResult, told: str) -> None:
    """Neither green nor red, with the reason."""
    assert result.outcome is Outcome.INCONCLUSIVE, result.message
    assert told in result.message


def test_an_estimate_is_marked_as_one() -> None:
    """By its name and by its note, which says too what it cannot see."""
    result = ran()
    found = result.verdicts[0].measurement
    assert result.outcome is Outcome.PASSED
    assert found.metric == "estimated_roc_auc"
    assert "not measured" in result.message
    assert "what labels mean" in result.message
    assert found.estimate.n == 1000


@pytest.mark.parametrize("scorer", ["roc_auc", "accuracy", "f1", "precision", "recall", "log_loss"])
def test_the_same_bounds_judge_it(scorer: str) -> None:
    """Near what it turns out to be: red far above it, green far below it."""
    signal = BATCH.signal.to_numpy()
    share = 1 / (1 + np.exp(-signal))
    both = np.column_stack([1 - share, share])
    sample = Sample("binary", BATCH.label.to_numpy(), (share > 0.5).astype(int), probabilities=both)
    truth = score_value(scorer, sample)
    found = ran(scorer, min=0).verdicts[0].measurement.estimate
    assert found.value == pytest.approx(truth, abs=0.04)
    assert found.low - 0.02 < truth < found.high + 0.02
    assert ran(scorer, min=truth - 0.1).outcome is Outcome.PASSED
    assert ran(scorer, min=truth + 0.1).outcome is Outcome.FAILED
    assert ran(scorer, max=truth - 0.1).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("scorer", "near"),
    [("mean_absolute_error", 0.4), ("root_mean_squared_error", 0.5), ("neg_mean_squared_error", -0.25)],
)
def test_losses_of_numbers_are_estimated(scorer: str, near: float) -> None:
    """What the fake model misses by: a normal error of spread 0.5."""
    pytest.importorskip("sklearn")
    sides = {"min": near - 0.1, "max": near + 0.1}
    result = ran(scorer, task="regression", **sides)
    assert result.outcome is Outcome.PASSED, result.message
    assert "past losses" in result.message
    assert result.verdicts[0].measurement.estimate.value == pytest.approx(near, abs=0.05)


def test_the_accuracy_of_many_classes_is_estimated() -> None:
    """By the probability of the class that was decided; other scores of many classes are errors."""
    assert ran("accuracy", task="multiclass").outcome is Outcome.PASSED
    result = ran("f1", task="multiclass")
    assert result.outcome is Outcome.ERRORED
    assert "more than two classes" in result.message


def test_more_rows_of_both_sides_would_tell() -> None:
    """The reference's error does not shrink with the batch, so the advice names both."""
    inconclusive(ran("accuracy", min=0.87), "rows, and a reference grown alike, would tell")


def test_labels_that_are_there_are_compared() -> None:
    """Realised value, gap, and whether the interval held stand beside the estimate, in the evidence too."""
    result = ran("accuracy", {"batch": make_batch(1000, seed=3)})
    found = result.verdicts[0].measurement
    assert "labels of 1,000 rows are there" in found.note
    truth = found.evidence[0].data["truth"]
    assert truth["rows"] == 1000
    assert truth["gap"] == pytest.approx(found.estimate.value - truth["realised"])
    assert truth["held"] is True


def test_some_labels_are_compared_with_the_estimate_of_their_rows() -> None:
    """Those that are there may be of other rows than most."""
    batch = make_batch(1000, seed=3)
    batch["label"] = batch.label.astype(float).where(batch.signal > 1)
    found = ran("accuracy", {"batch": batch}).verdicts[0].measurement
    truth = found.evidence[0].data["truth"]
    assert truth["rows"] == int((batch.signal > 1).sum())
    assert truth["estimated"] > found.estimate.value + 0.05


def test_an_estimate_that_missed_the_labels_is_never_green() -> None:
    """The batch's labels turned round: the estimate cannot see it, what is there can."""
    batch = make_batch(1000, seed=3)
    assert ran(subject={"batch": batch.drop(columns="label")}).outcome is Outcome.PASSED
    turned = batch.assign(label=1 - batch.label)
    inconclusive(ran(subject={"batch": turned}), "missed the labels that are there")


def test_an_estimator_whose_past_missed_is_never_green_or_red() -> None:
    """Labels that turn round halfway through the reference, in its order or in that of `time:`."""
    late = REFERENCE.signal.rank() % 2 == 0
    turned = REFERENCE.assign(label=REFERENCE.label.where(~late, 1 - REFERENCE.label))
    dated = turned.assign(day=pd.Timestamp("2026-01-01") + pd.to_timedelta(np.where(late, 9, 1), unit="D"))
    shuffled = ran("accuracy", {"reference": dated, "features": ["signal"]}, min=0.1)
    assert shuffled.outcome is Outcome.PASSED
    by_time = {"reference": dated, "features": ["signal"], "time": "day"}
    batch = BATCH.drop(columns="label").assign(day=pd.Timestamp("2026-02-01"))
    for bound in ({"min": 0.1}, {"min": 0.99}):
        inconclusive(ran("accuracy", {**by_time, "batch": batch}, **bound), "held the truth in")


def test_too_small_a_reference_is_not_trusted() -> None:
    """There are not chunks enough to try the estimator on."""
    inconclusive(ran(subject={"reference": REFERENCE.head(200)}), "5 are needed")


def test_a_batch_unlike_the_reference_is_not_trusted() -> None:
    """Hardly a row of the reference lies where the batch is."""
    far = make_batch(1000, seed=4, shift=9.0).drop(columns="label")
    inconclusive(ran("accuracy", {"batch": far}), "few rows like these")


def test_a_score_that_does_not_exist_is_inconclusive() -> None:
    """No row is predicted positive."""
    low = BATCH.drop(columns="label").assign(signal=-3.0)
    inconclusive(ran("precision", {"batch": low}), "no row is predicted positive")


def test_a_reference_of_one_class_says_nothing() -> None:
    """There is nothing to learn what probabilities are worth."""
    inconclusive(ran(subject={"reference": REFERENCE.assign(label=0)}), "no row is positive")


def test_labels_of_the_reference_are_needed() -> None:
    """Without any there is an error, never a green."""
    for reference in (REFERENCE.drop(columns="label"), REFERENCE.assign(label=np.nan)):
        result = ran(subject={"reference": reference})
        assert result.outcome is Outcome.ERRORED
        assert "label" in result.message


def test_reference_rows_without_a_label_are_left_out() -> None:
    """The estimate is that of the labelled ones alone."""
    some = REFERENCE.assign(label=REFERENCE.label.astype(float).where(REFERENCE.index % 2 == 0))
    half = REFERENCE[REFERENCE.index % 2 == 0]
    found, other = (
        ran(subject={"reference": each}).verdicts[0].measurement.estimate for each in (some, half)
    )
    assert found == other


def test_broken_predictions_are_an_error() -> None:
    """A probability that is NaN is told by `errors`, not left out in silence."""
    nan = FakeModel(nans=(float(BATCH.signal[0]),))
    result = ran(subject={"model": nan})
    assert result.outcome is Outcome.ERRORED
    assert "1 of the batch's 1,000 predictions" in result.message


def test_the_task_has_to_have_the_score() -> None:
    """Losses of numbers are none of classes, and the other way round."""
    for scorer, task in (("mean_absolute_error", "binary"), ("roc_auc", "regression")):
        result = ran(scorer, task=task, max=1)
        assert result.outcome is Outcome.ERRORED
        assert "no score of this task" in result.message


def test_an_unknown_score_is_found_when_the_suite_is_read() -> None:
    """With the nearest that there is."""
    with pytest.raises(SuiteError, match="did you mean 'roc_auc'"):
        run_check("estimated", "roc_auk", min=0.5)


def test_the_champion_is_estimated_on_the_same_rows() -> None:
    """A noisier champion is worse by more than the intervals."""
    worse = FakeModel(noise=4.0)
    better = ran("accuracy", {"champion": worse}, versus="champion", min=0.0)
    assert better.outcome is Outcome.PASSED, better.message
    assert better.verdicts[0].measurement.metric == "estimated_accuracy versus champion"


def test_slices_are_estimated_each() -> None:
    """On their own rows, by the whole reference."""
    result = ran("accuracy", {"slices": ["region"]}, slices=["region"], min=0.5)
    parts = [verdict.measurement.estimate.n for verdict in result.verdicts[1:]]
    assert len(parts) == 3
    assert sum(parts) == 1000


def test_logged_probabilities_need_no_model() -> None:
    """One column of probabilities in both tables is enough."""
    share = {"said": lambda frame: 1 / (1 + np.exp(-frame.signal))}
    suite = Suite(
        "s", predictions="said", labels="label", features=["signal"],
        batch=BATCH.drop(columns="label").assign(**share), reference=REFERENCE.assign(**share),
        checks=[{"estimated": "roc_auc", "min": 0.8}],
    )  # fmt: skip
    result = suite.run()
    assert result.outcome is Outcome.PASSED, result.checks[0].message
