"""`churn`: how many predictions change if the champion is replaced."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modelqa import Suite, SuiteError
from modelqa.checks.churn import _codes
from modelqa.core.bound import Outcome
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Needs
from modelqa.errors import NotFound
from modelqa.reports.terminal import would
from modelqa.run.opened import find_model
from modelqa.run.plan import plan
from modelqa.testing import FakeModel, make_batch, run_check

BATCH = make_batch(500)
OTHER = FakeModel(noise=1.0)
MOVED = int(
    np.sum(FakeModel().predict_proba(BATCH)[:, 1].round() != OTHER.predict_proba(BATCH)[:, 1].round())
)


def found(subject: dict[str, Any] | None = None, **keys: Any) -> Estimate:
    """The estimate of the churn against another model."""
    result = run_check("churn", "rate", max=1, subject={"champion": OTHER, **(subject or {})}, **keys)
    assert result.verdicts, result.reason
    return result.verdicts[0].measurement.estimate


def test_it_is_the_share_of_classes_that_changed() -> None:
    """A fact about the batch: both ends are the value."""
    assert 10 < MOVED < 250
    assert found() == Estimate.fact(MOVED / 500, n=500)
    result = run_check("churn", "rate", max="5%", subject={"champion": OTHER})
    assert result.outcome is Outcome.FAILED
    assert f"{MOVED} of 500 predictions changed" in result.message
    assert run_check("churn", "rate", max="5%").verdicts[0].measurement.estimate == Estimate.fact(0, n=500)


def test_labels_are_not_needed() -> None:
    """The same without any."""
    assert found({"labels": None, "batch": BATCH.drop(columns="label")}).value == MOVED / 500


def test_generalised_it_is_an_exact_binomial_estimate() -> None:
    """Clopper and Pearson's ends, and a share of the alarm budget."""
    estimate = found(generalise=True)
    assert estimate.low == pytest.approx(stats.beta.ppf(0.01, MOVED, 500 - MOVED + 1))
    assert estimate.high == pytest.approx(stats.beta.ppf(0.95, MOVED + 1, 500 - MOVED))


def test_the_suite_s_threshold_is_where_classes_are_decided() -> None:
    """At 0.9 other rows change than at 0.5; the positive class may have any name."""
    shares = [model.predict_proba(BATCH)[:, 1] >= 0.9 for model in (FakeModel(), OTHER)]
    expected = float(np.mean(shares[0] != shares[1]))
    assert found({"threshold": 0.9}).value == expected != MOVED / 500


def test_numbers_differ_beyond_the_tolerance() -> None:
    """Left out, any difference counts; an answer that one side lacks always does."""
    batch = make_batch(400, task="regression").assign(signal=lambda frame: frame.index * 1.0)
    models = {
        "model": lambda frame: frame.signal.to_numpy(),
        "champion": lambda frame: frame.signal.to_numpy() + np.where(frame.signal < 100, 0.5, 0.0),
        "batch": batch,
    }
    assert found(models).value == 0.25
    assert found(models, tolerance=0.5).value == 0
    assert found(models, tolerance=0.4).value == 0.25
    gone = {**models, "model": lambda frame: frame.signal.where(frame.signal >= 10).to_numpy()}
    assert found(gone, tolerance=9).value == 10 / 400


def test_classes_know_no_tolerance_and_are_no_numbers() -> None:
    """Both are errors of the check, never a green."""
    subject: dict[str, Any] = {"champion": OTHER}
    result = run_check("churn", "rate", max=1, tolerance=0.1, subject=subject)
    assert result.outcome is Outcome.ERRORED
    assert "classes" in result.message
    with pytest.raises(SuiteError, match="expected a number from 0"):
        run_check("churn", "rate", max=1, tolerance=-1)


def test_it_is_told_for_each_slice() -> None:
    """Slices add up to the whole."""
    subject = {"champion": OTHER, "slices": ["region"]}
    result = run_check("churn", "rate", max=1, slices=["region"], subject=subject)
    parts = [verdict.measurement.estimate for verdict in result.verdicts[1:]]
    assert sum(part.value * part.n for part in parts) == pytest.approx(MOVED)


@pytest.mark.parametrize("form", ["classes", "shares", "texts", "columns"])
def test_logged_predictions_are_compared_with_the_champion_s(form: str) -> None:
    """Logged classes as numbers or texts, one probability, or one for each class."""
    shares = FakeModel().predict_proba(BATCH)
    classes = shares.argmax(axis=1)
    columns = {
        "classes": {"said": classes},
        "texts": {"said": classes.astype(str)},
        "shares": {"said": shares[:, 1]},
        "columns": {"said_0": shares[:, 0], "said_1": shares[:, 1]},
    }[form]
    names = [*columns] if len(columns) > 1 else "said"
    subject = {"model": None, "predictions": names, "batch": BATCH.assign(**columns), "features": ["signal"]}
    assert found(subject).value == MOVED / 500


def test_the_plan_says_that_a_champion_is_missing() -> None:
    """The need is declared, so it is told at collection."""
    suite = Suite("s", model=FakeModel(), batch=BATCH, checks=[{"churn": "rate", "max": 0.1}])
    with pytest.raises(SuiteError, match="needs `champion:`"):
        plan(suite)
    fine = Suite(
        "s", model=FakeModel(), champion=FakeModel(), batch=BATCH, checks=[{"churn": "rate", "max": 0.1}]
    )
    assert Needs.CHAMPION in plan(fine).checks[0].needs
    assert plan(fine).checks[0].id == "churn-rate"


def test_a_champion_that_may_be_missing_skips_it_and_promotes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Recorded as skipped, with the reason; what passed beside it does not make a promotion."""

    def registry(written: Any, *others: Any) -> Any:
        if written == "models:/none@champion":
            raise NotFound(f"{written}: there is no such alias")
        return find_model(written, *others)

    monkeypatch.setattr("modelqa.run.opened.find_model", registry)
    subject = {
        "champion": "models:/none@champion", "champion_missing": "skip", "model": FakeModel(),
        "batch": BATCH, "labels": "label", "actions": [{"promote": "champion", "on": "passed"}],
    }  # fmt: skip
    checks = [{"churn": "rate", "max": 0.1}, {"metric": "accuracy", "min": 0.5}]
    suite = Suite("s", checks=checks, **subject)
    result = suite.run()
    churn, accuracy = result.checks
    assert (churn.outcome, accuracy.outcome) == (Outcome.SKIPPED, Outcome.PASSED)
    assert "no champion yet" in churn.message
    told = would(result, suite.actions[0].describe())
    assert told == "would not promote the model to champion: the run is passed, but 1 skipped"
    alone = Suite("s", checks=checks[:1], **subject).run()
    assert alone.outcome is Outcome.SKIPPED
    assert would(alone, suite.actions[0].describe()) == ""


@given(st.lists(st.sampled_from([0, 1, 7, None]), max_size=30))
def test_a_class_is_the_same_in_any_type(classes: list[int | None]) -> None:
    """Integers, floats and texts of the same classes have the same codes."""
    whole = np.array(classes, dtype=object)
    real = np.array([np.nan if c is None else c for c in classes], dtype=float)
    text = np.array([None if c is None else str(c) for c in classes], dtype=object)
    one, two, three = _codes(whole, real, text)
    assert one.tolist() == two.tolist() == three.tolist()
