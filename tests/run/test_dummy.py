"""`versus: dummy`: scikit-learn's Dummy estimators, without scikit-learn."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier, DummyRegressor

from modelqa import Suite, SuiteError
from modelqa.core.bound import Outcome
from modelqa.core.estimate import Estimate
from modelqa.run.dummy import Dummy
from modelqa.stats.sample import Sample
from modelqa.testing import FakeModel, make_batch, run_check

REGRESSION = {"model": FakeModel("regression"), "batch": make_batch(300, task="regression")}


def found(scorer: str, subject: dict[str, Any] | None = None, **keys: Any) -> Estimate:
    """The estimate of a score against the dummy."""
    keys = {"min": -1e6, **keys}
    result = run_check("metric", scorer, versus="dummy", subject=subject, **keys)
    assert result.verdicts, result.reason
    return result.verdicts[0].measurement.estimate


@given(
    st.lists(st.sampled_from([0, 1, 2, 3]), min_size=2, max_size=40),
    st.lists(st.integers(0, 9), min_size=40, max_size=40),
    st.permutations([0, 1, 2, 3]),
    st.booleans(),
)
def test_classes_are_those_of_scikit_learn_s_dummy(
    labels: list[int], weights: list[int], order: list[int], weighted: bool
) -> None:
    """Decision and probabilities, ties and weights included, in whatever order the classes stand."""
    truth, heavy = np.array(labels), np.array(weights[: len(labels)], dtype=float) + 1
    weigh = heavy if weighted else None
    theirs = DummyClassifier(strategy="prior").fit(np.zeros((len(truth), 1)), truth, sample_weight=weigh)
    codes = np.array([order.index(label) for label in labels])
    rows = Sample("multiclass", codes, codes, classes=tuple(order), weights=weigh)
    for ours in (Dummy.fit(rows), Dummy.fit(rows, (truth, weigh))):
        assert ours.value == theirs.predict([[0]])[0]
        said = dict(zip(theirs.classes_.tolist(), theirs.predict_proba([[0]])[0], strict=True))
        assert ours.shares == pytest.approx([said.get(name, 0.0) for name in order], abs=1e-15)


def test_texts_are_classes_too() -> None:
    """A tie between texts goes to the first in order, whichever is the positive one."""
    truth = np.array(["b", "a", "b", "a"], dtype=object)
    theirs = DummyClassifier(strategy="prior").fit(np.zeros((4, 1)), truth)
    rows = Sample("binary", np.array([0, 1, 0, 1]), np.zeros(4), classes=("b", "a"))
    assert Dummy.fit(rows).value == Dummy.fit(rows, (truth, None)).value == theirs.predict([[0]])[0] == "a"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_numbers_are_those_of_scikit_learn_s_dummy(labels: list[float]) -> None:
    """The mean of the labels."""
    truth = np.array(labels)
    theirs = DummyRegressor(strategy="mean").fit(np.zeros((len(truth), 1)), truth).predict([[0]])[0]
    assert Dummy.fit(Sample("regression", truth, truth)).value == pytest.approx(theirs, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("scorer", ["accuracy", "f1", "log_loss", "roc_auc", "brier_score"])
def test_the_value_is_the_difference_of_two_scikit_learn_scores(scorer: str) -> None:
    """The model's score minus that of the Dummy fitted on the reference."""
    from sklearn import metrics

    batch, reference = make_batch(500), make_batch(1000, seed=1)
    dummy = DummyClassifier(strategy="prior").fit(reference[["signal"]], reference.label)
    shares = [FakeModel().predict_proba(batch), dummy.predict_proba(batch[["signal"]])]
    decided = [shares[0].argmax(axis=1), dummy.predict(batch[["signal"]])]
    said = {"accuracy": decided, "f1": decided, "log_loss": shares}.get(scorer, [s[:, 1] for s in shares])
    names = {"brier_score": "brier_score_loss", "accuracy": "accuracy_score", "f1": "f1_score"}
    score = getattr(metrics, names.get(scorer, scorer if scorer == "log_loss" else "roc_auc_score"))
    ours, theirs = (float(score(batch.label, each)) for each in said)
    assert found(scorer).value == pytest.approx(ours - theirs, abs=1e-12)


def test_without_labels_in_the_reference_it_is_fitted_on_the_batch() -> None:
    """No reference, or one without the column: the batch's own labels are what it knows."""
    batch = make_batch(500)
    truth = batch.label.mean()
    expected = -(truth * np.log(truth) + (1 - truth) * np.log(1 - truth))
    ours = found("log_loss", {"reference": None}).value
    assert ours == found("log_loss", {"reference": make_batch(50).drop(columns="label")}).value
    alone = run_check("metric", "log_loss", max=9).verdicts[0].measurement.estimate.value
    assert alone - ours == pytest.approx(expected, abs=1e-12)


def test_a_model_that_knows_nothing_does_not_beat_it() -> None:
    """Red where the model is surely no better, green where it surely is, each with its margin."""
    blind = {"model": lambda frame: np.column_stack([np.full(len(frame), 0.5)] * 2)}
    assert run_check("metric", "roc_auc", versus="dummy", min=0.1, subject=blind).outcome is Outcome.FAILED
    good = run_check("metric", "log_loss", versus="dummy", max="-20%")
    assert good.outcome is Outcome.PASSED
    assert good.id == "log_loss-versus-dummy"
    assert good.message.startswith("log_loss versus dummy -")


def test_a_regression_is_held_against_the_mean() -> None:
    """R2 versus dummy is R2 itself, where the mean is the batch's own."""
    subject = {**REGRESSION, "reference": None}
    alone = run_check("metric", "r2", min=0, subject=subject).verdicts[0].measurement.estimate
    assert found("r2", subject).value == pytest.approx(alone.value, abs=1e-12)
    assert run_check(
        "metric", "mean_absolute_error", versus="dummy", max="-50%", subject=subject
    ).outcome is Outcome.PASSED  # fmt: skip


def test_what_does_not_exist_for_the_dummy_is_inconclusive_and_says_so() -> None:
    """It never says the rare class, so there is no precision to compare with."""
    rare = make_batch(500).assign(label=lambda frame: (frame.signal > 2) * 1)
    subject = {"batch": rare, "reference": None}
    result = run_check("metric", "precision", versus="dummy", min=0, subject=subject)
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "does not exist for the dummy" in result.message


def test_slices_are_held_against_the_same_dummy() -> None:
    """It is fitted once, on all rows, and judged on the slice."""
    result = run_check(
        "metric", "log_loss", versus="dummy", max=0, slices=["region"], subject={"slices": ["region"]}
    )
    assert len(result.verdicts) == 4
    assert all(verdict.measurement.metric == "log_loss versus dummy" for verdict in result.verdicts)


def test_it_works_with_logged_predictions_and_no_champion() -> None:
    """Nothing but labels and what was logged is needed."""
    batch = make_batch(500)
    batch["said"] = FakeModel().predict_proba(batch)[:, 1]
    subject = {"model": None, "champion": None, "predictions": "said", "batch": batch}
    assert run_check("metric", "roc_auc", versus="dummy", min=0.3, subject=subject).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"latency": "p95", "max": "10%"}, "latency is no score of labels"),
        ({"errors": "rate", "max": "1%"}, "errors is no score of labels"),
        ({"churn": "rate", "max": "1%"}, "leave out versus"),
        ({"metric": "f1", "min": 0, "versus": "dumy"}, "did you mean 'dummy'"),
    ],
)
def test_what_has_no_dummy_is_a_problem_of_the_suite(check: dict[str, Any], message: str) -> None:
    """It is said before anything is opened."""
    with pytest.raises(SuiteError, match=message):
        Suite(
            "s", model=FakeModel(), champion=FakeModel(), batch=make_batch(9), labels="label",
            checks=[{"versus": "dummy", **check}],
        ).run()  # fmt: skip


def test_scikit_learn_is_not_imported_for_it() -> None:
    """The dummy costs a mean."""
    code = (
        "import sys; from modelqa.testing import FakeModel, make_batch; from modelqa import Suite\n"
        "run = Suite('s', model=lambda frame: (frame.signal > 0).astype(int), batch=make_batch(99),"
        " labels='label', checks=[{'metric': 'accuracy', 'versus': 'dummy', 'min': 0}]).run()\n"
        "assert str(run.outcome) == 'passed', run\n"
        "print('sklearn' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
