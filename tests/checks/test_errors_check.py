"""`errors: rate`: rows without a usable prediction."""

import numpy as np
import pytest

from modelqa import Suite, SuiteError
from modelqa.core.bound import Outcome
from modelqa.testing import FakeModel, make_batch, run_check


def batch_with(**signals: int) -> object:
    """A hundred rows, some of which carry a special signal."""
    batch = make_batch(100)
    row = 0
    for value, count in signals.items():
        batch.loc[row : row + count - 1, "signal"] = float(value[1:])
        row += count
    return batch


def test_rows_that_raise_are_found_one_by_one() -> None:
    """The model raises on the whole batch; only the rows that make it raise count."""
    subject = {"model": FakeModel(raises=(77.0,)), "batch": batch_with(v77=3)}
    result = run_check("errors", "rate", max=0.01, subject=subject)
    found = result.verdicts[0].measurement
    assert found.estimate.value == pytest.approx(0.03)
    assert found.note == "3 raised"
    assert result.outcome is Outcome.FAILED


def test_answers_that_are_no_answers_count() -> None:
    """NaN and missing probabilities are errors as well."""
    subject = {"model": FakeModel(nans=(88.0,)), "batch": batch_with(v88=5)}
    found = run_check("errors", "rate", max=0.1, subject=subject).verdicts[0].measurement
    assert (found.estimate.value, found.note) == (0.05, "5 missing or NaN")


def test_numbers_out_of_range_count_once() -> None:
    """Infinite, missing and out of range are told apart, and no row counts twice."""
    batch = make_batch(100, task="regression")
    batch.loc[0:3, "signal"] = [np.inf, -np.inf, 900.0, -900.0]
    subject = {"model": FakeModel("regression"), "batch": batch}
    found = run_check("errors", "rate", low=-100, high=100, max=0.5, subject=subject).verdicts[0].measurement
    assert found.estimate.value == pytest.approx(0.04)
    assert found.note == "2 infinite, 2 out of range"


def test_a_fact_about_this_batch_has_no_interval_and_an_estimate_has_one() -> None:
    """`generalise: true` speaks of batches like it."""
    fact = run_check("errors", "rate", max=0.01).verdicts[0].measurement.estimate
    estimate = run_check("errors", "rate", max=0.01, generalise=True).verdicts[0].measurement.estimate
    assert fact.is_fact
    assert (estimate.value, estimate.low) == (0, 0)
    assert 0 < estimate.high < 0.01


def test_when_nearly_everything_raises_the_search_ends() -> None:
    """After a thousand calls the rest is unknown, which widens the interval instead of guessing."""
    batch = make_batch(5000).assign(signal=77.0)
    result = run_check(
        "errors", "rate", max=0.9, subject={"model": FakeModel(raises=(77.0,)), "batch": batch}
    )
    found = result.verdicts[0].measurement.estimate
    assert 0 < found.low < found.high == 1.0
    assert result.outcome is Outcome.INCONCLUSIVE


def test_logged_predictions_are_judged_as_they_are() -> None:
    """Without a model, missing predictions of the log are the errors."""
    batch = make_batch(100).assign(score=0.5)
    batch.loc[:9, "score"] = np.nan
    subject = {"model": None, "predictions": "score", "batch": batch}
    assert (
        run_check("errors", "rate", max=0.05, subject=subject).verdicts[0].measurement.estimate.value == 0.1
    )


def test_a_range_upside_down_is_a_problem_of_the_suite() -> None:
    """`low` above `high` is said at collection."""
    with pytest.raises(SuiteError, match="expected at most high"):
        Suite(
            "s",
            model=FakeModel(),
            batch=make_batch(5),
            checks=[{"errors": "rate", "low": 3, "high": 1, "max": 1}],
        )
