"""`errors: rate`: rows without a usable prediction."""

import threading
import time

import numpy as np
import pandas as pd
import pytest

from modelqa import Suite, SuiteError, plan
from modelqa.core.bound import Outcome
from modelqa.fake_servers import ModelServer
from modelqa.testing import FakeModel, in_process, make_batch, run_check


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


def test_one_row_in_many_is_found_with_few_calls() -> None:
    """Twenty thousand rows, one of which raises: about three times the rows are scored, not thousands."""
    batch = make_batch(20_000)
    batch.loc[12_345, "signal"] = 77.0
    model = FakeModel(raises=(77.0,))
    calls = 0
    predict = model.predict_proba

    def counted(frame: pd.DataFrame) -> np.ndarray:
        nonlocal calls
        calls += 1
        return predict(frame)

    model.predict_proba = counted
    found = run_check("errors", "rate", max=0.1, subject={"model": model, "batch": batch})
    assert found.verdicts[0].measurement.note == "1 raised"
    assert calls <= 2 * 15 + 2


def test_predictions_have_to_be_among_the_values() -> None:
    """`in` names labels or numbers, whatever their type."""
    batch = make_batch(100).assign(said=["a", "b", "c", "b"] * 25)
    subject = {"model": None, "predictions": "said", "batch": batch}
    found = (
        run_check("errors", "rate", max=0.1, subject=subject, **{"in": ["a", "b"]}).verdicts[0].measurement
    )
    assert (found.estimate.value, found.note) == (0.25, "25 not among the values")
    assert run_check("errors", "rate", max=0, **{"in": [0, 1]}).outcome is Outcome.PASSED
    assert run_check("errors", "rate", max=0.1, **{"in": [0]}).outcome is Outcome.FAILED


def test_a_row_that_takes_too_long_is_an_error() -> None:
    """It is found by halving, and the rest is answered in time."""

    def slow(frame: pd.DataFrame) -> np.ndarray:
        time.sleep(3.0 if (frame["signal"] == 77.0).any() else 0.0)
        return np.zeros(len(frame))

    batch = make_batch(8)
    batch.loc[5, "signal"] = 77.0
    subject = {"model": slow, "batch": batch}
    found = run_check("errors", "rate", max=0.5, timeout="500 ms", subject=subject).verdicts[0].measurement
    assert (found.note, found.estimate.value) == ("1 timeout", 0.125)


def test_a_model_that_hangs_is_given_up() -> None:
    """A few calls are waited for; the rows that are left are unknown, which is no green."""
    stop = threading.Event()

    def hangs(frame: pd.DataFrame) -> np.ndarray:
        stop.wait(60)
        return np.zeros(len(frame))

    result = run_check(
        "errors", "rate", max=0.5, timeout="10 ms", subject={"model": hangs, "batch": make_batch(500)}
    )
    stop.set()
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "not looked into" in result.verdicts[0].measurement.note


def test_the_share_of_calls_that_fail_is_that_of_a_server() -> None:
    """Five of a hundred requests fail at random, whatever their rows."""
    with ModelServer(in_process(FakeModel()), lambda number: "500" if number % 20 == 0 else "") as server:
        subject = {"model": server.url, "features": ["signal"]}
        found = run_check("errors", "calls", calls=200, max=0.01, subject=subject)
        assert found.outcome is Outcome.FAILED
        assert found.verdicts[0].measurement.estimate.value == 0.05
        assert found.verdicts[0].measurement.note == "10 http 500"
        surely = run_check("errors", "calls", calls=200, max=0.01, subject=subject, generalise=True)
        assert not surely.verdicts[0].measurement.estimate.is_fact


def test_a_call_whose_rows_have_no_prediction_has_failed() -> None:
    """Once, however many of its rows are missing."""
    subject = {"model": FakeModel(nans=(88.0,)), "batch": make_batch(50).assign(signal=88.0)}
    found = run_check("errors", "calls", calls=10, rows=5, max=0.5, subject=subject).verdicts[0].measurement
    assert (found.estimate.value, found.note, found.estimate.n) == (1.0, "10 missing or NaN", 10)


def test_calls_end_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the note says how many there were."""
    monkeypatch.setattr("modelqa.checks.errors.MOST_SECONDS", 0.05)
    found = run_check("errors", "calls", calls=500, max=0.5, subject={"model": FakeModel(seconds=0.01)})
    assert "of 500 calls, at 0.05 s" in found.verdicts[0].measurement.note


@pytest.mark.parametrize(
    ("column", "ok", "share", "note"),
    [
        ([200, 500, 200, 404], [200], 0.5, "2 not ok"),
        ([200, None, 200, 404], [200, 404], 0.25, "1 missing"),
        (["ok", "bad", None, "ok"], ["ok"], 0.5, "1 missing, 1 not ok"),
        ([True, False, True, True], None, 0.25, "1 not ok"),
        ([True, False, True, True], [False], 0.75, "3 not ok"),
    ],
)
def test_logged_outcomes_need_no_model(
    column: list[object], ok: list[object] | None, share: float, note: str
) -> None:
    """A column of the batch says how each request ended."""
    subject = {"model": None, "champion": None, "labels": None, "batch": pd.DataFrame({"status": column})}
    keys = {} if ok is None else {"ok": ok}
    found = run_check("errors", "rate", column="status", max=0, subject={**subject, "key": None}, **keys)
    assert (found.verdicts[0].measurement.estimate.value, found.verdicts[0].measurement.note) == (share, note)
    assert found.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("column", "keys", "told"),
    [
        ("nowhere", {"ok": [1]}, "no column 'nowhere'"),
        ("region", {}, "say which of its values are fine"),
        ("region", {"ok": [200]}, "expected values of this kind"),
        ("id", {"ok": ["200"]}, "expected values of this kind"),
    ],
)
def test_a_log_that_cannot_be_read_is_an_error(column: str, keys: dict[str, object], told: str) -> None:
    """Never a rate of zero."""
    result = run_check("errors", "rate", column=column, max=1, **keys)
    assert result.outcome is Outcome.ERRORED
    assert told in result.message


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"timeout": 3}, "expected seconds above 0"),
        ({"timeout": "3 GB"}, "expected seconds above 0"),
        ({"timeout": "0 s"}, "expected seconds above 0"),
        ({"in": []}, "at least one value"),
        ({"column": "status", "ok": []}, "at least one value"),
        ({"ok": [200]}, "name the column"),
        ({"column": "status", "low": 3}, "no predictions"),
        ({"column": "status", "in": [3]}, "no predictions"),
        ({"rows": 3}, "belongs to `errors: calls`"),
        ({"column": "status", "versus": "champion"}, "nothing to compare with the champion"),
    ],
)
def test_keys_that_say_nothing_are_problems_of_the_suite(keys: dict[str, object], problem: str) -> None:
    """Said at collection."""
    check = {"errors": "rate", "max": 0.1, **keys}
    with pytest.raises(SuiteError, match=problem):
        plan(Suite("s", model=FakeModel(), champion=FakeModel(), batch=make_batch(5), checks=[check]))
