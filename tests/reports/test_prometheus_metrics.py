"""Results as Prometheus metrics: the numbers of the result, few series, and names that stay data."""

import re
import subprocess
from dataclasses import replace
from math import isfinite, isnan, nan

import pytest
from hostile import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from real_prometheus import needed
from results import GOOD, OPEN, RED, check, columns, drifted, full_run, hostile_run, latency, run

from modelqa.core.bound import Bound, Outcome, margin
from modelqa.core.codec import dumps, loads
from modelqa.core.estimate import Estimate
from modelqa.core.result import CheckResult, Measurement, SuiteResult
from modelqa.core.subject import ModelInfo, SubjectInfo
from modelqa.core.units import Unit
from modelqa.errors import ActionError
from modelqa.reports.exposition import successes, text
from modelqa.reports.metrics import METRICS, MOST_SERIES, manual
from modelqa.reports.prometheus import Sample, about, samples

BEGAN = 1795341600.0  # 2026-11-22T10:00:00+00:00
WHO = {"suite": "churn", "model": "churn", "alias": ""}


def of(result: SuiteResult, metric: str, **labels: str) -> dict[str, float]:
    """The values of a metric, by the labels that are its own."""
    given = {**WHO, **labels}
    found = [dict(each.labels) | {"": each.value} for each in samples(result) if each.metric == metric]
    return {
        "/".join(str(v) for k, v in each.items() if k and k not in given): each[""]
        for each in found
        if all(each[key] == value for key, value in given.items())
    }


FULL = full_run()


def test_a_check_has_passed_or_not_and_says_how_it_ended_where_not() -> None:
    """Warned is passed; what is undecided or broken is not."""
    assert of(FULL, "modelqa_check_passed") == {
        "roc_auc": 0, "recall-across-gap": 0, "broken": 0, "f1": 0, "drift-all": 0,
        "roc_auc-versus-champion": 1, "latency-p95": 1,
    }  # fmt: skip
    ended = of(FULL, "modelqa_check_verdict")
    assert {"roc_auc/failed", "f1/inconclusive", "broken/errored"} < set(ended)
    assert "latency-p95/passed" not in ended
    warned = run(check("x", Measurement("f1", GOOD), bound=Bound(warn_min=0.99)))
    assert of(warned, "modelqa_check_passed") == {"x": 1}
    assert of(warned, "modelqa_check_verdict") == {"x/warned": 1}


def test_a_skipped_check_has_neither_passed_nor_not() -> None:
    """There is no champion yet: nothing was measured, and nobody is alarmed."""
    skipped = CheckResult("x", "metric", (), Outcome.SKIPPED, seconds=0, where="", reason="no champion")
    assert of(run(skipped), "modelqa_check_passed") == {}
    assert of(run(skipped), "modelqa_check_verdict") == {"x/skipped": 1}


def test_values_intervals_and_bounds_are_those_of_the_result() -> None:
    """To the last digit, of the verdict that decides."""
    for made in FULL.checks:
        if not made.verdicts or made.id == "drift-all":
            continue
        verdict = made.verdicts[0]
        estimate = verdict.measurement.estimate
        ends = [of(FULL, f"modelqa_check_value{end}")[made.id] for end in ("", "_low", "_high")]
        assert ends == [estimate.value, estimate.low, estimate.high]
        bounds = {f"{made.id}/{name}": limit for name, limit in verdict.bound.limits()}
        assert bounds.items() <= of(FULL, "modelqa_check_bound").items()
        assert of(FULL, "modelqa_check_margin_ratio")[made.id] == margin(estimate, verdict.bound)


def test_of_many_columns_the_worst_one_decides() -> None:
    """As the terminal tells it first."""
    result = run(drifted(5, limit=0.0005))
    assert of(result, "modelqa_check_value") == {"drift-all": 0.004}


def test_what_was_counted_has_no_interval_and_what_does_not_exist_no_value() -> None:
    """A gap in a picture, not a number that nobody measured."""
    counted = run(check("x", Measurement("nulls", Estimate.fact(3, n=9)), bound=Bound(max=0)))
    assert of(counted, "modelqa_check_value") == {"x": 3}
    assert of(counted, "modelqa_check_value_low") == of(counted, "modelqa_check_value_high") == {}
    assert of(counted, "modelqa_check_margin_ratio") == {"x": -3}
    nothing = run(check("x", Measurement("f1", Estimate.undefined(n=9))))
    assert of(nothing, "modelqa_check_passed") == {"x": 0}
    for metric in METRICS:
        if metric.name.startswith(("modelqa_check_value", "modelqa_check_margin")):
            assert of(nothing, metric.name) == {}
    open_ended = run(check("x", Measurement("f1", Estimate(0.5, low=float("-inf"), high=0.6, n=9))))
    assert of(open_ended, "modelqa_check_value_low") == {}
    assert of(open_ended, "modelqa_check_value_high") == {"x": 0.6}


def test_a_run_says_when_it_was_how_long_it_took_and_how_it_ended() -> None:
    """And by which versions."""
    assert of(FULL, "modelqa_checks") == {
        "failed": 2, "errored": 1, "inconclusive": 2, "warned": 0, "passed": 2, "skipped": 0,
    }  # fmt: skip
    assert of(FULL, "modelqa_run_duration_seconds") == {"": 7}
    assert of(FULL, "modelqa_last_run_timestamp_seconds") == {"": BEGAN}
    assert of(FULL, "modelqa_model_info") == {"7": 1}
    assert set(of(FULL, "modelqa_build_info").values()) == {1}


@pytest.mark.parametrize(
    ("result", "before", "told"),
    [
        (run(check("x", Measurement("f1", GOOD))), None, BEGAN),
        (run(check("x", Measurement("f1", GOOD))), 5.0, BEGAN),
        (run(check("x", Measurement("f1", RED))), 5.0, 5.0),
        (run(check("x", Measurement("f1", OPEN))), 5.0, 5.0),
        (run(check("x", Measurement("f1", RED))), None, None),
        (run(), 5.0, 5.0),
    ],
)
def test_the_last_green_run_is_kept(result: SuiteResult, before: float | None, told: float | None) -> None:
    """A run that is not green, or measured nothing, does not move it."""
    written = text(samples(result, last_success=before))
    assert successes(written) == ({} if told is None else {("churn", "churn", ""): told})


def test_tickets_are_told_where_they_are_counted() -> None:
    """None is not 0."""
    named = [each.metric for each in samples(FULL)]
    assert "modelqa_tickets_open" not in named
    counted = {each.metric: each.value for each in samples(FULL, tickets=0)}
    assert counted["modelqa_tickets_open"] == 0


def test_latency_is_a_quantile_in_seconds() -> None:
    """Of the model, not of a difference to the champion; its sum is not known."""
    versus = replace(latency("model", "champion"), metric="latency_p95 versus champion")
    slowest = replace(latency("model"), metric="latency_p50")
    named = {"p95": latency("model"), "versus": versus, "p50": slowest}
    result = run(
        *(replace(check(name, each, bound=Bound(max=0.1)), kind="latency") for name, each in named.items())
    )
    parts = [each for each in samples(result) if each.metric == "modelqa_prediction_latency_seconds"]
    told = {(dict(s.labels)["check"], dict(s.labels).get("quantile", s.suffix)): s.value for s in parts}
    assert {key: value for key, value in told.items() if not isnan(value)} == {
        ("p95", "0.95"): 0.009, ("p95", "_count"): 400, ("p50", "0.5"): 0.009, ("p50", "_count"): 400,
    }  # fmt: skip
    assert isnan(told["p95", "_sum"])


def test_errors_are_a_share() -> None:
    """Of rows or of calls, on the whole batch."""
    share = Measurement("error_rate", Estimate.fact(0.25, n=8), unit=Unit.SHARE)
    made = replace(
        check("errors-rate", replace(share, slice="EU"), share, bound=Bound(max=0.5)), kind="errors"
    )
    assert of(run(made), "modelqa_prediction_error_ratio") == {"errors-rate": 0.25}


def test_drift_is_the_share_of_columns_beyond_a_bound() -> None:
    """A column with two findings is one column; `drift: share` is its own number."""
    more = Measurement("missing_share", Estimate(0.5, low=0.4, high=0.6, n=9), column="column_4")
    far = [replace(each, estimate=Estimate(0.9, low=0.8, high=1.0, n=9)) for each in columns(5)[3:]]
    made = replace(check("drift-all", *columns(3), *far, more, bound=Bound(max=0.1)), kind="drift")
    share = Measurement("drifted_share", Estimate(0.3, low=0.1, high=0.4, n=10), unit=Unit.SHARE)
    other = replace(check("drift-share", share, bound=Bound(max=0.5)), kind="drift")
    assert of(run(made, other), "modelqa_drifted_columns_ratio") == {"drift-all": 0.4, "drift-share": 0.3}


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (ModelInfo("models:/churn@challenger", name="churn", version="7"), ("churn", "challenger")),
        (ModelInfo("models:/churn/7", name="churn", version="7"), ("churn", "")),
        (ModelInfo("models:/a@b@c", name="a"), ("a", "b@c")),
        (ModelInfo("quality:model", name=""), ("quality:model", "")),
        (ModelInfo("http://models.example/invocations"), ("http://models.example/invocations", "")),
        (ModelInfo("runs:/0123456789abcdef/model"), ("model", "")),
        (ModelInfo("models:/m-0123456789abcdef", id="m-0123456789abcdef"), ("", "")),
        (None, ("", "")),
    ],
)
def test_a_model_is_its_name_and_its_alias(model: ModelInfo | None, told: tuple[str, str]) -> None:
    """Never its version, nor the id of a run: each would be a series of its own for ever."""
    assert about(SubjectInfo(model=model)) == told


def test_versions_stand_on_info_metrics_only() -> None:
    """A label that changes with each release would end every series."""
    assert {each.name for each in METRICS if "version" in each.labels} == {
        "modelqa_model_info", "modelqa_build_info",
    }  # fmt: skip


def test_no_more_series_than_a_server_likes() -> None:
    """Of many checks what draws pictures is left out first, and counted; verdicts are told to the last."""
    many = run(*(check(f"c{at}", Measurement("f1", RED if at % 2 else GOOD)) for at in range(60)))
    found = samples(many)
    assert len(found) == MOST_SERIES
    left = {each.metric: each.value for each in found}["modelqa_series_left_out"]
    assert left == 10 + 30 * 7 + 30 * 6 - (MOST_SERIES - 1)  # of the run, of red checks, of green ones
    assert len(of(many, "modelqa_check_passed")) == 60
    assert len(of(many, "modelqa_check_verdict")) == 30
    assert of(FULL, "modelqa_series_left_out") == {"": 0}
    endless = run(*(check(f"c{at}", Measurement("f1", RED)) for at in range(500)))
    assert len(samples(endless)) == MOST_SERIES


def test_of_too_many_checks_the_red_ones_are_told() -> None:
    """Wherever they stand in the suite."""
    red = check("the last", Measurement("f1", RED))
    many = run(*(check(f"c{at}", Measurement("f1", GOOD)) for at in range(400)), red)
    assert of(many, "modelqa_check_passed")["the last"] == 0


def test_a_result_without_a_time_is_an_error() -> None:
    """A run that was at no time can neither be fresh nor stale."""
    with pytest.raises(ActionError, match="does not say when its run began"):
        samples(replace(FULL, started="yesterday"))


def test_metrics_are_a_function_of_the_json() -> None:
    """What is written after a run and what is made of its file are the same."""
    odd = run(
        check("x", Measurement("f1", Estimate(float("inf"), low=0, high=float("inf"), n=9))), *FULL.checks
    )
    for result in (FULL, odd):
        assert _plain(samples(loads(dumps(result)))) == _plain(samples(result))


def _plain(found: tuple[Sample, ...]) -> list[str]:
    return [repr(each) for each in found]


def test_every_metric_is_in_the_table_with_its_labels() -> None:
    """And the manual tells type, labels and meaning of each."""
    known = {each.name: set(each.labels) for each in METRICS}
    told = manual()
    for sample in samples(FULL, last_success=1.0, tickets=1):
        own = {key for key, _ in sample.labels}
        assert own == known[sample.metric] - ({"quantile"} if sample.suffix else set())
    for metric in METRICS:
        assert re.search(rf"^{metric.name} \({metric.kind}\) \{{{', '.join(metric.labels)}\}}$", told, re.M)
        assert metric.help.endswith(".")
    assert max(map(len, told.splitlines())) <= 100


def read(written: str) -> dict[str, list[dict[str, str]]]:
    """The labels of every sample, by name, as Prometheus' own client reads them."""
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(written):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(dict(sample.labels))
    return found


def test_hostile_names_stay_data() -> None:
    """They are one label's value, whole, and no line of their own."""
    for evil in HOSTILE:
        result = replace(hostile_run(evil), started=FULL.started)
        written = text(samples(result, last_success=1.0))
        told = read(written)["modelqa_check_passed"]
        assert told == [{"suite": evil, "check": evil, "model": evil, "alias": ""}], evil
        assert all(line.startswith(("modelqa_", "# ")) for line in written.split("\n")[:-1]), evil


@given(st.text(st.characters(), max_size=30), st.text(st.characters(), max_size=30))
def test_any_name_is_read_back(name: str, alias: str) -> None:
    """Even half a character, which JSON can hold and UTF-8 cannot."""
    model = ModelInfo(f"models:/m@{alias}", name="m", version="1")
    result = replace(run(check(name, Measurement("f1", GOOD)), name=name), subject=SubjectInfo(model=model))
    written = text(samples(result))
    written.encode()
    whole = [each.encode("utf-8", "backslashreplace").decode() for each in (name, alias)]
    assert successes(written) == {(whole[0], "m", whole[1]): BEGAN}


@given(st.text(max_size=200))
def test_somebody_elses_text_tells_nothing_and_breaks_nothing(written: str) -> None:
    """A file of that name may hold anything."""
    assert successes(written) == {}
    assert successes(f'modelqa_last_success_timestamp_seconds{{suite="{written}') == {}


def test_promtool_finds_nothing_to_say() -> None:
    """Names, types and helps are as Prometheus wants them; of hostile runs, too."""
    tool = needed("promtool", "prometheus")
    texts = [text(samples(FULL, last_success=1.0, tickets=2))]
    texts += [text(samples(replace(hostile_run(evil), started=FULL.started))) for evil in HOSTILE[::25]]
    timed = replace(check("p95", latency("model"), bound=Bound(max=0.1)), kind="latency")
    texts.append(text(samples(run(timed, replace(drifted(3), kind="drift")))))
    for written in texts:
        ran = subprocess.run(
            [tool, "check", "metrics"], input=written.encode(), capture_output=True, check=False
        )
        assert (ran.returncode, ran.stdout + ran.stderr) == (0, b""), written


@given(
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.floats(min_value=-100, max_value=100),
    st.sampled_from(["min", "max", "warn_min", "warn_max"]),
)
def test_the_margin_is_negative_exactly_beyond_the_bound(value: float, limit: float, name: str) -> None:
    """On either side, whatever the unit."""
    found = margin(Estimate.fact(value, n=1), Bound(**{name: limit}))
    assert found is not None
    beyond = value < limit if name.endswith("min") else value > limit
    assert (found < 0) is beyond or (found == 0 and isfinite(limit))


def test_the_margin_of_several_limits_is_that_of_the_nearest() -> None:
    """Warn limits speak where there is no hard one."""
    at = Estimate.fact(0.9, n=1)
    assert margin(at, Bound(min=0.5, max=1.0)) == pytest.approx(0.1)
    assert margin(at, Bound(min=0.8, warn_min=0.95)) == pytest.approx(0.125)
    assert margin(at, Bound(warn_min=1.0)) == pytest.approx(-0.1)
    assert margin(at, Bound()) is None
    assert margin(Estimate(nan, low=0, high=1, n=1), Bound(min=0.5)) is None
