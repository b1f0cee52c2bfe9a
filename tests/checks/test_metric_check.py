"""`metric`: scores of the model on the labelled rows."""

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from modelqa import Suite, SuiteError
from modelqa.core.bound import Outcome
from modelqa.testing import FakeModel, make_batch, run_check


def value(scorer: str, **keys: Any) -> float:
    """The value of a score on the healthy subject."""
    bound = {} if "min" in keys else {"min": -1e9}
    return run_check("metric", scorer, **bound, **keys).verdicts[0].measurement.estimate.value


def test_the_value_is_scikit_learn_s() -> None:
    """Label scores, probability scores, and both twins of a loss."""
    batch = make_batch(500)
    shares = FakeModel().predict_proba(batch)
    decided = shares.argmax(axis=1)
    assert value("accuracy") == pytest.approx(sklearn_metrics.accuracy_score(batch.label, decided), abs=1e-12)
    assert value("f1") == pytest.approx(sklearn_metrics.f1_score(batch.label, decided), abs=1e-12)
    assert value("roc_auc") == pytest.approx(
        sklearn_metrics.roc_auc_score(batch.label, shares[:, 1]), abs=1e-12
    )
    assert value("log_loss") == pytest.approx(sklearn_metrics.log_loss(batch.label, shares), abs=1e-9)
    assert value("neg_log_loss") == -value("log_loss")


def test_a_threshold_moves_the_operating_point() -> None:
    """Recall at 0.1 is that of a model which says yes from 0.1 on; the suite's key does the same."""
    batch = make_batch(500)
    shares = FakeModel().predict_proba(batch)[:, 1]
    expected = sklearn_metrics.recall_score(batch.label, shares >= 0.1)
    assert value("recall", threshold=0.1) == pytest.approx(expected)
    assert value("recall", subject={"threshold": 0.1}) == pytest.approx(expected)


def test_regression_and_multiclass_tasks_have_their_scores() -> None:
    """Each task by its own names."""
    numbers = {"model": FakeModel("regression"), "batch": make_batch(400, task="regression")}
    assert run_check("metric", "r2", min=0.8, subject=numbers).outcome is Outcome.PASSED
    assert run_check("metric", "root_mean_squared_error", max=0.7, subject=numbers).outcome is Outcome.PASSED
    classes = {"model": FakeModel("multiclass"), "batch": make_batch(400, task="multiclass")}
    assert run_check("metric", "f1_macro", min=0.6, subject=classes).outcome is Outcome.PASSED
    assert run_check("metric", "roc_auc_ovr", min=0.8, subject=classes).outcome is Outcome.PASSED


def test_weights_weigh() -> None:
    """Rows of weight zero take no part."""
    batch = make_batch(500).assign(weight=lambda frame: (frame.id < 250) * 1.0)
    half = value("accuracy", subject={"batch": batch.iloc[:250]})
    assert value("accuracy", subject={"batch": batch, "weights": "weight"}) == pytest.approx(half)


def test_groups_widen_the_interval() -> None:
    """Twenty copies of a row in a group say no more than one."""
    batch = make_batch(60).loc[np.repeat(np.arange(60), 20)].reset_index(drop=True)
    plain = (
        run_check("metric", "accuracy", min=0.1, subject={"batch": batch}).verdicts[0].measurement.estimate
    )
    grouped = run_check("metric", "accuracy", min=0.1, subject={"batch": batch, "group": "id"})
    wide = grouped.verdicts[0].measurement.estimate
    assert wide.high - wide.low > 2 * (plain.high - plain.low)


@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        ("acuracy", "did you mean 'accuracy'"),
        ("adjusted_rand_score", "is not supported"),
        ("speed", "unknown scorer"),
    ],
)
def test_a_scorer_that_is_none_is_a_problem_of_the_suite(scorer: str, message: str) -> None:
    """It is said at collection, with what was meant."""
    with pytest.raises(SuiteError, match=message):
        Suite(
            "s", model=FakeModel(), batch=make_batch(5), labels="label", checks=[{"metric": scorer, "min": 0}]
        )


def test_a_threshold_needs_probabilities() -> None:
    """A function that says 0 or 1 has no operating point."""
    subject = {"model": lambda frame: np.zeros(len(frame), int)}
    result = run_check("metric", "recall", threshold=0.2, min=0.1, subject=subject)
    assert result.outcome is Outcome.ERRORED
    assert "operating point" in result.message
