"""`latency`: calls of the model, timed."""

import pytest

from modelqa import Suite, SuiteError
from modelqa.checks.latency import latency
from modelqa.core.bound import Outcome
from modelqa.testing import FakeModel, make_batch, run_check


@pytest.mark.parametrize("statistic", ["p50", "p95", "mean"])
def test_a_slow_model_is_red_and_a_quick_one_green(statistic: str) -> None:
    """Two milliseconds a call against a budget of one, and against one of a minute."""
    slow = {"model": FakeModel(seconds=0.002)}
    assert run_check("latency", statistic, max="1 ms", calls=200, subject=slow).outcome is Outcome.FAILED
    assert run_check("latency", statistic, max="1 min", calls=200, subject=slow).outcome is Outcome.PASSED


def test_the_value_is_in_seconds_and_printed_in_milliseconds() -> None:
    """A call of two milliseconds takes at least 0.002 s."""
    result = run_check("latency", "p50", max="1 s", calls=60, subject={"model": FakeModel(seconds=0.002)})
    assert result.verdicts[0].measurement.estimate.value >= 0.002
    assert " ms " in result.verdicts[0].reason


def test_rows_per_call_are_drawn_from_the_batch() -> None:
    """Each call scores that many rows."""
    model = FakeModel()
    run_check("latency", "mean", rows=32, calls=40, max="1 s", subject={"model": model})
    assert model.scored["predict_proba"] == (40 + 20) * 32


def test_too_few_calls_for_a_quantile_are_undecided() -> None:
    """Twenty calls cannot say where the 99th percentile ends."""
    result = run_check("latency", "p99", max="1 min", calls=20)
    assert result.outcome is Outcome.INCONCLUSIVE


def test_the_champion_is_timed_in_turn_with_the_candidate() -> None:
    """A candidate of twice the time is red against 10%, and green against ten times."""
    subject = {"model": FakeModel(seconds=0.004), "champion": FakeModel(seconds=0.001)}
    check = {"versus": "champion", "calls": 150, "subject": subject}
    assert run_check("latency", "p50", max="10%", **check).outcome is Outcome.FAILED
    assert run_check("latency", "p50", max="1000%", **check).outcome is Outcome.PASSED


def test_time_stands_still_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of a second a call is measured until the time is up, and the note says so."""
    monkeypatch.setattr("modelqa.checks.latency.TIME_CAP", 0.05)
    monkeypatch.setattr("modelqa.checks.latency.WARM_UP_CALLS", 1)
    result = run_check("latency", "p50", max="1 ms", subject={"model": FakeModel(seconds=0.004)})
    assert "stopped after" in result.verdicts[0].measurement.note


@pytest.mark.parametrize(("statistic", "keys"), [("p42", {}), ("p95", {"rows": 0}), ("p95", {"calls": 0})])
def test_what_cannot_be_measured_is_a_problem_of_the_suite(statistic: str, keys: dict[str, int]) -> None:
    """Unknown statistics and no rows are said at collection."""
    with pytest.raises(SuiteError):
        Suite(
            "s", model=FakeModel(), batch=make_batch(5), checks=[{"latency": statistic, "max": "1 s", **keys}]
        )


def test_the_manual_names_the_statistics() -> None:
    """The docstring is the manual."""
    assert all(name in str(latency.__doc__) for name in ("p50", "p95", "p99", "mean"))
