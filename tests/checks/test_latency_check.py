"""`latency`: calls of the model, timed."""

import json
from pathlib import Path

import pytest
from machines import Simulated, gate

from modelqa import Suite, SuiteError
from modelqa.checks.latency import latency
from modelqa.core.bound import Outcome
from modelqa.testing import FakeModel, make_batch, run_check


@pytest.fixture(autouse=True)
def own_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here depends on who else is busy, so no test waits for another run."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.mark.parametrize("statistic", ["p50", "p95", "mean"])
def test_a_slow_model_is_red_and_a_quick_one_green(statistic: str) -> None:
    """Two milliseconds a call against a budget of one, and against one of a minute."""
    slow = {"model": FakeModel(seconds=0.002)}
    assert run_check("latency", statistic, max="1 ms", calls=200, subject=slow).outcome is Outcome.FAILED
    assert run_check("latency", statistic, max="1 min", subject=slow).outcome is Outcome.PASSED


def test_the_value_is_in_seconds_and_printed_in_milliseconds() -> None:
    """A call of two milliseconds takes at least 0.002 s."""
    result = run_check("latency", "p50", max="1 s", calls=60, subject={"model": FakeModel(seconds=0.002)})
    assert result.verdicts[0].measurement.estimate.value >= 0.002
    assert " ms " in result.verdicts[0].reason


def test_rows_per_call_are_drawn_from_the_batch() -> None:
    """Each call scores that many rows, those of the warm-up too."""
    model = FakeModel()
    result = run_check("latency", "p50", rows=32, calls=40, max="1 s", subject={"model": model})
    (evidence,) = result.verdicts[0].measurement.evidence
    calls = evidence.data["series"]["model"]["n"] + evidence.data["warm_up"][0]["calls"]
    assert model.scored["predict_proba"] == calls * 32


def test_too_few_calls_for_a_quantile_are_undecided() -> None:
    """Twenty calls cannot say where the 99th percentile ends."""
    result = run_check("latency", "p99", max="1 min", calls=20)
    assert result.outcome is Outcome.INCONCLUSIVE


def test_the_champion_is_timed_in_turn_with_the_candidate() -> None:
    """A candidate of twice the time is red against 10%, and green against ten times."""
    subject = {"model": FakeModel(seconds=0.004), "champion": FakeModel(seconds=0.001)}
    check = {"versus": "champion", "subject": subject}
    assert run_check("latency", "p50", max="10%", **check).outcome is Outcome.FAILED
    assert run_check("latency", "p50", max="1000%", **check).outcome is Outcome.PASSED


def test_what_stays_open_says_how_noisy_it_was_and_what_would_help() -> None:
    """A time that is too short for a 99th percentile."""
    found = run_check(
        "latency", "p99", max="1 min", seconds=0.05, subject={"model": FakeModel(seconds=0.002)}
    )
    assert found.outcome is Outcome.INCONCLUSIVE
    note = found.verdicts[0].measurement.note
    assert "noise " in note
    assert "`seconds:` above 0.05 would help" in note
    few = run_check("latency", "p99", max="1 min", calls=20).verdicts[0].measurement
    assert "`calls:` above 20 would help" in few.note


def test_throughput_is_rows_a_second() -> None:
    """A model of a millisecond scores nearly 1,000 rows a second one by one, and ten times that by ten."""
    single = gate(Simulated(1), champion=False, statistic="throughput", min="500 /s")
    assert single.outcome is Outcome.PASSED
    assert single.verdicts[0].measurement.estimate.value == pytest.approx(1000, rel=0.05)
    assert gate(Simulated(1), champion=False, statistic="throughput", min="2000 /s").outcome is Outcome.FAILED
    many = gate(Simulated(1), champion=False, statistic="throughput", rows=10, min="2000 /s")
    assert many.verdicts[0].measurement.estimate.value == pytest.approx(10_000, rel=0.05)


@pytest.mark.parametrize(
    ("least", "outcome"),
    [("-5%", "failed"), ("-70%", "passed"), ("-50 /s", "failed"), ("-700 /s", "passed")],
)
def test_throughput_is_compared_with_the_champions(least: str, outcome: str) -> None:
    """Twice the time is half the speed: 50% or 500 rows a second less."""
    found = gate(Simulated(2), slower=2.0, statistic="throughput", min=least)
    assert str(found.outcome) == outcome


def test_the_evidence_is_plain_and_tells_the_surroundings() -> None:
    """A report can be drawn again: distributions of both models, and what went on meanwhile."""
    found = run_check("latency", "p50", versus="champion", max="1000%", calls=200).verdicts[0].measurement
    (evidence,) = found.evidence
    assert evidence.kind == "latency"
    assert json.loads(json.dumps(evidence.data)) == evidence.data
    assert set(evidence.data["series"]) == {"model", "champion"}
    assert {"interrupted", "collections", "threads", "gc", "cpus", "load"} <= set(evidence.data["machine"])


@pytest.mark.parametrize(
    ("check", "least", "most"),
    [
        ({"max": "2 ms"}, "passed", 400),
        ({"max": "0.5 ms"}, "failed", 400),
        ({"max": "2 ms", "warn_max": "1.11 ms"}, "passed", 10**6),
        ({"min": "0.5 ms", "max": "2 ms"}, "passed", 3000),
    ],
)
def test_it_measures_until_the_bound_is_decided(check: dict[str, str], least: str, most: int) -> None:
    """A clear budget takes some hundred calls; a warning level that is close takes all there are."""
    found = gate(Simulated(0), champion=False, calls=5000, **check)
    assert str(found.outcome) == least
    assert found.verdicts[0].measurement.estimate.n <= most
    if "warn_max" in check:
        assert found.verdicts[0].measurement.estimate.n == 5000


def test_the_wrapper_of_an_object_is_not_to_be_had() -> None:
    """`flavour: pyfunc` is for models of MLflow's, and says so."""
    found = run_check("latency", "p50", flavour="pyfunc", max="1 s")
    assert found.outcome is Outcome.ERRORED
    assert "no flavour pyfunc" in found.reason


@pytest.mark.parametrize(
    ("statistic", "keys"), [("p42", {}), ("p95", {"rows": 0}), ("p95", {"calls": 0}), ("p95", {"seconds": 0})]
)
def test_what_cannot_be_measured_is_a_problem_of_the_suite(statistic: str, keys: dict[str, int]) -> None:
    """Unknown statistics and no rows are said at collection."""
    with pytest.raises(SuiteError):
        Suite(
            "s", model=FakeModel(), batch=make_batch(5), checks=[{"latency": statistic, "max": "1 s", **keys}]
        )


def test_the_manual_names_the_statistics() -> None:
    """The docstring is the manual."""
    assert all(name in str(latency.__doc__) for name in ("p50", "p95", "p99", "mean", "throughput"))
