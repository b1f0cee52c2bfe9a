"""Results survive JSON."""

import json
from dataclasses import replace
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.core import codec
from modelqa.core.bound import Bound, Outcome
from modelqa.core.estimate import Estimate
from modelqa.core.evidence import Evidence
from modelqa.core.result import Budget, CheckResult, Measurement, SuiteResult, Verdict
from modelqa.core.subject import DataInfo, ModelInfo, SubjectInfo
from modelqa.core.units import Unit

values = st.floats(-1e9, 1e9)
texts = st.text(max_size=20)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    """Any verdict."""
    low, value, high = sorted(draw(st.tuples(values, values, values)))
    estimate = draw(
        st.sampled_from(
            [
                Estimate(value, low=low, high=high, n=7),
                Estimate(value, low=-inf, high=inf, n=7),
                Estimate.fact(value, n=0),
            ]
        )
    )
    found = Measurement(
        draw(texts),
        estimate,
        slice=draw(texts),
        column=draw(st.none() | texts),
        unit=draw(st.sampled_from(list(Unit))),
        note=draw(texts),
        evidence=draw(st.just(()) | st.just((Evidence("shares", {"batch": [0.5, 0.5]}),))),
    )
    return Verdict.of(found, Bound(min=draw(values), warn_max=draw(st.none() | values)))


@st.composite
def results(draw: st.DrawFn) -> SuiteResult:
    """Any result of a run."""
    found = draw(st.lists(verdicts(), max_size=3))
    checks = [
        CheckResult(
            draw(texts), "metric", tuple(found), draw(st.sampled_from(list(Outcome))),
            seconds=0.25, where="a.suite.yaml:3", reason=draw(texts), notes=(draw(texts),),
        )
    ]  # fmt: skip
    subject = SubjectInfo(
        model=draw(
            st.none()
            | st.just(ModelInfo("models:/churn/7", name="churn", version="7", id="m-1", digest="sha256:0"))
        ),
        batch=draw(st.none() | st.just(DataInfo("b.parquet", rows=5, digest="sha256:1"))),
    )
    levels = draw(st.none() | st.just(Budget(false_alarms=0.01, confidence=0.95, alpha=0.0005, checks=20)))
    return SuiteResult(
        draw(texts), subject, tuple(checks), started="2026-01-01T00:00:00+00:00", digest="d", levels=levels
    )


@given(results())
def test_a_result_comes_back_as_it_was(result: SuiteResult) -> None:
    """Text and back loses nothing."""
    assert codec.loads(codec.dumps(result)) == result


@given(results())
def test_json_holds_no_numbers_that_json_lacks(result: SuiteResult) -> None:
    """NaN and infinities are null, so that any reader can read the text."""
    json.loads(codec.dumps(result), parse_constant=lambda name: pytest.fail(f"{name} in JSON"))


@given(results())
def test_a_result_without_levels_is_read_too(result: SuiteResult) -> None:
    """Results of before they said it."""
    plain = codec.to_plain(result)
    del plain["levels"]
    assert codec.from_plain(plain) == replace(result, levels=None)


def test_a_value_that_does_not_exist_comes_back_as_nan() -> None:
    """Null in the place of the value is a value that does not exist."""
    verdict = Verdict.of(Measurement("f1", Estimate.undefined(n=3), note="no positives"), Bound(min=0.5))
    check = CheckResult("f1", "metric", (verdict,), verdict.outcome, seconds=0.0, where="")
    result = SuiteResult("s", SubjectInfo(), (check,), started="", digest="")
    back = codec.loads(codec.dumps(result)).checks[0].verdicts[0].measurement.estimate
    assert (str(back.value), back.low, back.high, back.n) == (str(nan), -inf, inf, 3)


def test_the_json_has_the_promised_shape() -> None:
    """The keys of section 7 are there, under their names."""
    verdict = Verdict.of(Measurement("f1", Estimate(0.8, low=0.7, high=0.9, n=50)), Bound(min=0.5))
    check = CheckResult("f1", "metric", (verdict,), verdict.outcome, seconds=0.1, where="a.suite.yaml:2")
    plain = codec.to_plain(SuiteResult("s", SubjectInfo(), (check,), started="t", digest="d"))
    assert plain["version"] == 1
    assert set(plain) >= {"version", "suite", "outcome", "subject", "checks"}
    assert set(plain["checks"][0]) >= {"id", "kind", "outcome", "seconds", "where", "verdicts"}
    shown = plain["checks"][0]["verdicts"][0]
    assert set(shown) >= {"metric", "column", "slice", "outcome", "reason", "estimate", "bound"}
    assert shown["estimate"] == {"value": 0.8, "low": 0.7, "high": 0.9, "n": 50}
    assert shown["bound"] == {"min": 0.5}


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"version": 2}', '{"version": 1}', '{"version": 1, "suite": 1, "checks": 3}']
)
def test_another_text_is_refused(text: str) -> None:
    """What is no result of this version says so."""
    with pytest.raises(ValueError, match="modelqa result"):
        codec.loads(text)
