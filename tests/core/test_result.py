"""What a verdict says in words."""

from modelqa.core.bound import Bound, Outcome
from modelqa.core.estimate import Estimate
from modelqa.core.result import CheckResult, Measurement, SuiteResult, Verdict
from modelqa.core.subject import SubjectInfo
from modelqa.core.units import Unit


def test_an_undecided_verdict_says_how_many_rows_would_tell() -> None:
    """The promised line, to the letter."""
    found = Measurement("roc_auc", Estimate(0.908, low=0.884, high=0.929, n=412), counts="labelled rows")
    expected = "roc_auc 0.908 [0.884, 0.929], min 0.90 (n=412): about 3,700 labelled rows would tell"
    assert Verdict.of(found, Bound(min=0.9)).reason == expected


def test_a_slice_and_a_column_are_named() -> None:
    """The reader sees which column, in which slice."""
    found = Measurement("psi", Estimate.fact(0.3, n=5), column="age", slice="region=EU")
    assert Verdict.of(found, Bound(max=0.1)).reason == "psi of age in region=EU 0.300 > max 0.10 (n=5)"


def test_units_are_printed_as_people_write_them() -> None:
    """Seconds as milliseconds, shares as per cent."""
    slow = Measurement("latency_p95", Estimate(0.0512, low=0.048, high=0.055, n=400), unit=Unit.SECONDS)
    assert "51.2 ms [48 ms, 55 ms] > max 40 ms" in Verdict.of(slow, Bound(max=0.04)).reason
    wrong = Measurement("error_rate", Estimate.fact(0.002, n=1000), unit=Unit.SHARE)
    assert "0.2% > max 0.1%" in Verdict.of(wrong, Bound(max=0.001)).reason


def test_a_value_that_does_not_exist_says_why() -> None:
    """The note of the check is the reason."""
    found = Measurement("roc_auc", Estimate.undefined(n=40), note="no positive rows")
    reason = Verdict.of(found, Bound(min=0.9)).reason
    assert reason == "roc_auc does not exist on these rows (n=40); no positive rows"


def test_the_bound_of_a_measurement_comes_before_that_of_the_check() -> None:
    """Where a check's own arguments hold the bound, that one decides."""
    found = Measurement("null_share", Estimate.fact(0.02, n=100), bound=Bound(max=0.05))
    assert Verdict.of(found, Bound(max=0.01)).outcome is Outcome.PASSED


def test_a_run_ends_as_its_worst_check() -> None:
    """One errored check makes the run errored, though all others passed."""
    green = CheckResult("a", "metric", (), Outcome.PASSED, seconds=0, where="")
    broken = CheckResult("b", "metric", (), Outcome.ERRORED, seconds=0, where="")
    assert SuiteResult("s", SubjectInfo(), (green, broken), started="", digest="").outcome is Outcome.ERRORED
    assert SuiteResult("s", SubjectInfo(), (), started="", digest="").outcome is Outcome.ERRORED
