"""`prometheus`: queries of production, judged; against a fake API, and a real server where there is one."""

import http.server
import math
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_prometheus import needed, prometheus

from modelqa import Suite, SuiteError, plan
from modelqa.checks.prometheus import MOST_SERIES, duration
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult
from modelqa.fake_servers import PrometheusServer
from modelqa.testing import run_check

Points = list[tuple[float, float]]


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server of the surroundings is asked."""
    monkeypatch.delenv("MODELQA_PROMETHEUS_URL", raising=False)
    monkeypatch.delenv("MODELQA_PROMETHEUS_TOKEN", raising=False)


def asked(*series: tuple[dict[str, str], list[float]], **keys: Any) -> CheckResult:
    """A check against a server that has these series: one value a minute, the last one now."""
    now = time.time()
    timed = [
        (labels, [(now - 60 * (len(values) - 1 - at), value) for at, value in enumerate(values)])
        for labels, values in series
    ]
    with PrometheusServer(timed) as server:
        given = {key: value for key, value in {"max": 1, **keys}.items() if value is not None}
        return run_check("prometheus", "up", server=server.address, **given)


HOUR = {"over": "1h", "step": "1m"}


def test_one_value_now_is_a_fact() -> None:
    """A vector of one; its labels name it."""
    result = asked(({"__name__": "up", "job": "churn"}, [0.25]))
    found = result.verdicts[0].measurement
    assert result.outcome is Outcome.PASSED
    assert (found.metric, found.column, found.estimate.value) == ("prometheus", '{job="churn"}', 0.25)
    assert found.estimate.is_fact
    assert found.note == ""


@pytest.mark.parametrize(
    ("reduce", "values"),
    [
        ("worst", {"prometheus_highest": 60.0, "prometheus_lowest": 1.0}),
        ("mean", {"prometheus_mean": 30.5}),
        ("last", {"prometheus": 60.0}),
        ("p95", {"prometheus_p95": 57.0}),
    ],
)
def test_a_range_is_brought_to_one_value(reduce: str, values: dict[str, float]) -> None:
    """Or to two, where the worst may lie at either end."""
    result = asked(({}, [float(value) for value in range(1, 61)]), reduce=reduce, max=100, **HOUR)
    assert {v.measurement.metric: v.measurement.estimate.value for v in result.verdicts} == values
    assert {v.measurement.estimate.n for v in result.verdicts} == {60}


def test_the_worst_point_decides_at_either_end() -> None:
    """Too high for max, too low for min."""
    series = ({}, [0.5] * 30 + [0.9] + [0.1] + [0.5] * 28)
    assert asked(series, max=0.95, **HOUR).outcome is Outcome.PASSED
    assert asked(series, max=0.8, **HOUR).outcome is Outcome.FAILED
    assert asked(series, max=None, min=0.2, **HOUR).outcome is Outcome.FAILED
    assert asked(series, max=None, min=0.05, **HOUR).outcome is Outcome.PASSED


def test_a_query_without_data_is_never_green() -> None:
    """An error that says what to look at, for a moment and for a range."""
    for keys in ({}, HOUR):
        result = asked(**keys)
        assert result.outcome is Outcome.ERRORED
        assert "gives no data" in result.message


def test_a_nan_is_undecided() -> None:
    """A quantile of no requests; in a range, the points that are none are counted."""
    assert asked(({}, [math.nan])).outcome is Outcome.INCONCLUSIVE
    assert asked(({}, [math.nan] * 60), **HOUR).outcome is Outcome.INCONCLUSIVE
    some = asked(({}, [math.nan, *[0.5] * 59]), reduce="mean", **HOUR).verdicts[0].measurement
    assert (some.estimate.value, some.note) == (0.5, "60 of 61 points; 1 of 60 points are NaN")


@pytest.mark.parametrize(("value", "outcome"), [(math.inf, Outcome.FAILED), (-math.inf, Outcome.PASSED)])
def test_infinity_is_a_value(value: float, outcome: Outcome) -> None:
    """A quantile beyond the last bucket is above any limit."""
    for keys in ({}, {"reduce": "mean", **HOUR}, HOUR):
        assert asked(({}, [value]), **keys).outcome is outcome


def test_every_series_is_judged() -> None:
    """One bad route is enough."""
    result = asked(({"route": "/a"}, [0.1]), ({"route": "/b"}, [5.0]))
    assert result.outcome is Outcome.FAILED
    assert [v.measurement.column for v in result.verdicts] == ['{route="/a"}', '{route="/b"}']
    assert result.worst is not None
    assert '{route="/b"}' in result.worst.reason


def test_too_many_series_are_an_error() -> None:
    """None is left out in silence."""
    series = [({"user": str(number)}, [0.1]) for number in range(MOST_SERIES + 1)]
    result = asked(*series)
    assert result.outcome is Outcome.ERRORED
    assert "51 series, at most 50" in result.message


def test_points_that_are_missing_or_old_are_told() -> None:
    """A range half empty, and a last point from an hour ago."""
    now = time.time()
    points: Points = [(now - 3600 - 60 * minute, 0.5) for minute in reversed(range(10))]
    with PrometheusServer([({}, points)]) as server:
        result = run_check(
            "prometheus", "up", server=server.address, over="2h", step="1m", reduce="mean", max=1
        )
        assert result.verdicts[0].measurement.note == "10 of 121 points; the last sample is 60 min old"


def test_the_unit_is_that_of_the_bounds() -> None:
    """Seconds, bytes and shares are written and shown as such."""
    assert asked(({}, [0.03]), unit="s", max="40 ms").outcome is Outcome.PASSED
    assert " 30 ms " in asked(({}, [0.03]), unit="s", max="40 ms").verdicts[0].reason
    assert asked(({}, [0.03]), unit="ratio", max="2%").outcome is Outcome.FAILED
    assert asked(({}, [3e9]), unit="bytes", max="2 GiB").outcome is Outcome.FAILED
    assert asked(({}, [3.0]), unit="per_second", max="5 /s").outcome is Outcome.PASSED


def test_server_and_token_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the token is in no result, nor in the id."""
    with PrometheusServer([({}, [(time.time(), 0.1)])]) as server:
        monkeypatch.setenv("MODELQA_PROMETHEUS_URL", server.address + "/")
        monkeypatch.setenv("MODELQA_PROMETHEUS_TOKEN", "canary")
        result = run_check("prometheus", "sum(rate(x[5m]))", max=1)
        assert result.outcome is Outcome.PASSED
        assert server.headers[-1]["Authorization"] == "Bearer canary"
        assert "canary" not in repr(result)
    assert result.id == "prometheus-sum_rate_x_5m_"


def test_without_a_server_it_says_how_to_name_one() -> None:
    """An error at the run, for the environment may differ from lint's."""
    result = Suite("s", checks=[{"prometheus": "up", "max": 1}]).run().checks[0]
    assert result.outcome is Outcome.ERRORED
    assert "MODELQA_PROMETHEUS_URL" in result.message


def test_a_suite_of_queries_needs_nothing_else() -> None:
    """Neither a model nor a batch."""
    with PrometheusServer([({}, [(time.time(), 0.1)])]) as server:
        suite = Suite("s", checks=[{"prometheus": "up", "server": server.address, "max": 1}])
        assert suite.run().outcome is Outcome.PASSED


class Odd(PrometheusServer):
    """A server that answers with something else."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        super().__init__([])
        self.body, self.status = body, status

    def answer(self, handler: Any, body: bytes) -> None:
        """Always the same."""
        handler.send(self.body, self.status)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"<html>", 200, "no answer of a Prometheus server"),
        (b"[]", 200, "no answer of a Prometheus server"),
        (b'{"status": "success"}', 200, "no answer of a Prometheus server"),
        (b"", 502, "status 502"),
        (b"", 302, "status 302"),
        (
            b'{"status":"error","errorType":"bad_data","error":"parse error at char 3"}',
            400,
            "parse error at char 3",
        ),
        (
            b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}',
            200,
            "histogram_quantile",
        ),
    ],
)
def test_answers_that_are_none_are_errors(body: bytes, status: int, told: str) -> None:
    """With what the server said of the query, where it said something."""
    with Odd(body, status) as server:
        result = run_check("prometheus", "up", server=server.address, max=1)
    assert result.outcome is Outcome.ERRORED
    assert told in result.message


def test_nobody_there_is_an_error() -> None:
    """Within the patience for servers."""
    result = run_check("prometheus", "up", server="http://127.0.0.1:1", max=1)
    assert result.outcome is Outcome.ERRORED
    assert "nobody answers there" in result.message


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"prometheus": " "}, "expected a PromQL query"),
        ({"over": "1 d"}, "expected a duration"),
        ({"over": "0s"}, "expected a duration"),
        ({"over": "1d", "step": "x"}, "expected a duration"),
        ({"step": "5m"}, "say which by over"),
        ({"reduce": "mean"}, "say which by over"),
        ({"over": "365d", "step": "1m"}, "steps in 365d"),
        ({"over": "1m", "step": "5m"}, "steps in 1m"),
        ({"over": "1d", "reduce": "median"}, "'worst' or 'mean'"),
        ({"server": "prom:9090"}, "expected http://host:port"),
        ({"server": "http://me:secret@prom:9090"}, "without user or query"),
        ({"unit": "s"}, "expected seconds"),
        ({"unit": "ms"}, "'s' or 'bytes'"),
        ({"slices": ["region"]}, "looks at no rows"),
        ({"versus": "champion"}, "nothing to compare with the champion"),
    ],
)
def test_mistakes_are_problems_of_the_suite(keys: dict[str, Any], problem: str) -> None:
    """Said at collection."""
    check = {"prometheus": "up", "max": 1, **keys}
    with pytest.raises(SuiteError, match=problem) as caught:
        plan(Suite("s", checks=[check], model="m:f", champion="m:f", batch="b.csv", slices=["region"]))
    assert "secret" not in str(caught.value)


@given(st.integers(1, 10**6), st.sampled_from(["ms", "s", "m", "h", "d", "w", "y"]))
def test_durations_are_those_of_promql(number: int, unit: str) -> None:
    """A number and a unit."""
    length = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}[unit]
    assert duration(f"{number}{unit}") == pytest.approx(number * length)


@given(st.text(max_size=40))
def test_any_other_text_is_refused(text: str) -> None:
    """With one sentence."""
    try:
        assert duration(text) > 0
    except ValueError as error:
        assert "expected a duration" in str(error)  # noqa: PT017


# --- a real server


SCRAPED = """\
# TYPE app_request_seconds histogram
app_request_seconds_bucket{le="0.01"} %(few)d
app_request_seconds_bucket{le="0.1"} %(many)d
app_request_seconds_bucket{le="+Inf"} %(many)d
app_request_seconds_count %(many)d
app_request_seconds_sum 1
"""


class Target(http.server.BaseHTTPRequestHandler):
    """What Prometheus scrapes: half of all requests take at most 10 ms, the others at most 100 ms."""

    def do_GET(self) -> None:
        count = int(time.time() * 100)
        body = (SCRAPED % {"few": count // 2, "many": count}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def past(now: int) -> str:
    """A day of a latency with a spike six hours ago, one that ended, and one of NaN, as OpenMetrics."""
    lines = ["# TYPE past_latency_seconds gauge"]
    for minute in range(24 * 60, -1, -1):
        spike = 0.2 if 360 <= minute < 365 else 0.02
        lines += [
            f'past_latency_seconds{{route="{r}"}} {v} {now - 60 * minute}'
            for r, v in (("/a", 0.01), ("/b", spike))
        ]
    lines.append("# TYPE ended gauge")
    lines += [f"ended 1 {now - 200 - 60 * minute}" for minute in range(30, -1, -1)]
    lines.append("# TYPE nothing gauge")
    lines += [f"nothing NaN {now - 60 * minute}" for minute in range(10, -1, -1)]
    return "\n".join([*lines, "# EOF\n"])


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus server with a day of data that scrapes a target of ours."""
    tool = needed("promtool", "prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    target = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
    threading.Thread(target=target.serve_forever, daemon=True).start()
    (folder / "past.txt").write_text(past(int(time.time())))
    config = (
        "global: {scrape_interval: 1s}\nscrape_configs:\n"
        f"- {{job_name: app, static_configs: [{{targets: ['127.0.0.1:{target.server_port}']}}]}}\n"
    )
    blocks = [
        tool,
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(folder / "past.txt"),
        str(folder / "data"),
    ]
    subprocess.run(blocks, check=True, capture_output=True, timeout=120)
    try:
        with prometheus(folder, config, _ready) as address:
            yield address
    finally:
        target.shutdown()
        target.server_close()


def _ready(address: str) -> bool:
    """Whether the server has scraped its target a few times."""
    query = "count_over_time(app_request_seconds_count[1m])"
    return run_check("prometheus", query, server=address, min=4).outcome is Outcome.PASSED


def test_a_real_server_is_asked_for_a_quantile_of_live_requests(real: str) -> None:
    """Half up to 10 ms, half up to 100 ms: the p95 lies in the upper bucket."""
    query = "histogram_quantile(0.95, sum by (le) (rate(app_request_seconds_bucket[1m])))"
    result = run_check("prometheus", query, server=real, unit="s", max="100 ms")
    assert result.outcome is Outcome.PASSED
    assert result.verdicts[0].measurement.estimate.value == pytest.approx(0.091, rel=0.02)
    assert run_check("prometheus", query, server=real, unit="s", max="50 ms").outcome is Outcome.FAILED


def test_a_real_server_tells_the_worst_of_a_day(real: str) -> None:
    """The spike of six hours ago is red by its worst point, and green by the mean and the p95."""
    keys = {"server": real, "over": "23h", "step": "1m", "unit": "s", "max": "100 ms"}
    worst = run_check("prometheus", "past_latency_seconds", **keys)
    highest = {
        v.measurement.column: v.measurement.estimate.value
        for v in worst.verdicts
        if "high" in v.measurement.metric
    }
    assert worst.outcome is Outcome.FAILED
    assert list(highest.values()) == [0.01, 0.2]
    assert all('route="' in str(column) for column in highest)
    for reduce in ("mean", "p95", "last"):
        assert (
            run_check("prometheus", "past_latency_seconds", reduce=reduce, **keys).outcome is Outcome.PASSED
        )


def test_a_real_server_s_empty_answers_are_not_green(real: str) -> None:
    """No such series, NaN, and a comparison that filters everything away."""
    for query, outcome in (
        ("no_such_metric", Outcome.ERRORED),
        ("past_latency_seconds > 99", Outcome.ERRORED),
        ("nothing", Outcome.INCONCLUSIVE),
        ("sum(rate(", Outcome.ERRORED),
        ('"text"', Outcome.ERRORED),
    ):
        assert run_check("prometheus", query, server=real, max=1).outcome is outcome, query
    assert "parse error" in run_check("prometheus", "sum(rate(", server=real, max=1).message


def test_a_real_server_s_old_samples_are_told(real: str) -> None:
    """Prometheus answers with samples up to five minutes old; a range that ended says so too."""
    for keys in ({}, {"over": "30m", "step": "1m", "reduce": "last"}):
        ended = run_check("prometheus", "ended", server=real, max=1, **keys)
        assert "min old" in ended.verdicts[0].measurement.note
    fresh = run_check("prometheus", "app_request_seconds_sum", server=real, max=1)
    assert fresh.verdicts[0].measurement.note == ""


def test_a_real_server_gives_a_number_for_a_scalar(real: str) -> None:
    """No series at all, one value."""
    found = run_check("prometheus", "scalar(count(past_latency_seconds)) / 4", server=real, max=1)
    assert found.verdicts[0].measurement.estimate.value == 0.5
