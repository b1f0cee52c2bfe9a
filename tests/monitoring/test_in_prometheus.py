"""A real run in a real Prometheus, from the watcher's page and a Pushgateway: drawn, and alerted on."""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hostile import HOSTILE
from prometheus_client.parser import text_string_to_metric_families
from real_prometheus import free_port, needed, prometheus, started
from results import GOOD, check, full_run, hostile_run, run
from typer.testing import CliRunner

from modelqa.cli import app
from modelqa.core.codec import loads
from modelqa.core.result import Measurement, SuiteResult
from modelqa.monitoring.places import export, place
from modelqa.monitoring.scrape import Board, serve
from modelqa.reports import alerts
from modelqa.reports.exposition import text
from modelqa.reports.grafana import dashboard
from modelqa.reports.prometheus import Sample, samples
from modelqa.ticketing import open_tickets

SUITE = """\
suite: watched
model: models:/breast_cancer@challenger
batch: DATA/breast_cancer.parquet
reference: DATA/breast_cancer-train.parquet
labels: diagnosis
positive: malignant
checks:
  - metric: roc_auc
    min: 0.9
  - metric: accuracy
    min: 0.999
  - latency: p95
    max: 10 s
  - errors: rate
    max: 0.1%
  - drift: [mean area, mean texture]
    max: 0.5
    name: drift-measures
  - drift: prediction
    max: 0.5
  - schema: signature
actions:
  - ticket: local
    on: failed
"""
SECONDS = 120.0
SCRAPED = """
count by (job) (count_over_time(modelqa_build_info{job!="evil"}[2m]) >= 3)
or count by (job) (modelqa_build_info{job="evil"})
"""
PANELS = [
    (panel["title"], each["expr"], panel) for panel in dashboard()["panels"] for each in panel["targets"]
]
Ask = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def root(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a suite has judged a registered model, opened a ticket and written its metrics."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "watched.suite.yaml").write_text(SUITE.replace("DATA", str(examples / "data")))
    options = ["--json", "result.json", "--metrics", "prom", "--act"]
    store = f"sqlite:///{examples / 'mlflow.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("GITHUB_ACTIONS", "MODELQA_ACT", "MODELQA_LOG", "MODELQA_METRICS", "MODELQA_LEDGER"):
            patch.delenv(name, raising=False)
        ran = CliRunner().invoke(app, ["run", "watched.suite.yaml", "--tracking-uri", store, *options])
    assert isinstance(ran.exception, SystemExit), ran.exception
    assert ran.exit_code == 1, ran.output  # accuracy is failed
    return folder


@pytest.fixture(scope="module")
def result(root: Path) -> SuiteResult:
    """The run, from its JSON."""
    return loads((root / "result.json").read_text())


@pytest.fixture(scope="module")
def board(root: Path, result: SuiteResult) -> Board:
    """What a watcher shows: the run, with its ticket, and a suite that may be retired."""
    made = Board({("watched", "breast_cancer", "challenger"): 1.5e9})
    made.put(result, tickets=open_tickets(result, {}, root))
    made.put(run(check("f1", Measurement("f1", GOOD)), name="retired"))
    return made


EVIL = tuple(each for each in HOSTILE[::2] if each)


@pytest.fixture(scope="module")
def hostile() -> list[Sample]:
    """Runs in which every name is an evil one."""
    runs = (replace(hostile_run(each), started="2026-11-22T10:00:00+00:00") for each in EVIL)
    return [sample for each in runs for sample in samples(each)]


@pytest.fixture(scope="module")
def server(
    board: Board, result: SuiteResult, hostile: list[Sample], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A Prometheus that scrapes the watcher and a Pushgateway, with the alert rules."""
    needed("prometheus", "prometheus")
    program = needed("prometheus-pushgateway", "prometheus-pushgateway")
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / alerts.RULES).write_text(alerts.files()[alerts.RULES])
    gateway = f"127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        port = stack.enter_context(serve(0, board.collect, host="127.0.0.1"))
        evil = stack.enter_context(serve(0, lambda: hostile, host="127.0.0.1"))
        command = [program, f"--web.listen-address={gateway}"]
        stack.enter_context(
            started(command, folder / "gateway.log", lambda: _answers(f"http://{gateway}/-/ready"))
        )
        export(result, place(f"http://{gateway}", {}), lambda _: 1)
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [alerts.RULES],
            "scrape_configs": [
                {"job_name": "watch", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]},
                {
                    "job_name": "evil",
                    "scrape_interval": "10s",
                    "static_configs": [{"targets": [f"127.0.0.1:{evil}"]}],
                },
                {"job_name": "push", "honor_labels": True, "static_configs": [{"targets": [gateway]}]},
            ],
        }
        yield stack.enter_context(prometheus(folder, json.dumps(config), _scraped))


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).is_success
    except httpx.HTTPError:
        return False


def _scraped(address: str) -> bool:
    """Whether both targets were scraped, for long enough to be drawn."""
    try:
        found = _asked(
            address, "query", query="count by (job) (count_over_time(modelqa_build_info[1m]) >= 3)"
        )
    except (httpx.HTTPError, ValueError):
        return False
    return {each["metric"].get("job") for each in found} == {"watch", "modelqa", "evil"}


def _asked(address: str, kind: str, **keys: Any) -> list[dict[str, Any]]:
    got = httpx.get(f"{address}/api/v1/{kind}", params=keys, timeout=20).json()
    if got["status"] != "success":
        raise ValueError(got["error"])
    found: list[dict[str, Any]] = got["data"]["result"]
    return found


@pytest.fixture
def ask(server: str) -> Ask:
    """Evaluate PromQL, now."""
    return lambda query: _asked(server, "query", query=query)


def _until(what: Callable[[], bool]) -> bool:
    """Whether something comes true within two minutes."""
    until = time.monotonic() + SECONDS
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.5)
    return True


@pytest.mark.parametrize(("job", "before"), [("watch", 1.5e9), ("modelqa", None)])
def test_every_number_is_that_of_the_result(
    ask: Ask, result: SuiteResult, job: str, before: float | None
) -> None:
    """To the last digit, and no series more or less, whichever way it came."""
    found = ask(f'{{__name__=~"modelqa_.+",suite="watched",job="{job}"}}')
    kept = {
        (each["metric"]["__name__"], *sorted(_own(each["metric"]).items())): float(each["value"][1])
        for each in found
    }
    wanted = {
        (
            f"{each.metric}{each.suffix}",
            *sorted((key, value) for key, value in each.labels if value),
        ): each.value
        for each in samples(result, last_success=before, tickets=1)
    }
    assert kept.keys() == wanted.keys()
    assert all(kept[key] == value or math.isnan(value) for key, value in wanted.items())


def _own(labels: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in labels.items() if key not in ("__name__", "job", "instance")}


def test_hostile_names_are_stored_as_they_are(server: str, ask: Ask, hostile: list[Sample]) -> None:
    """Each is the value of a label, whole; nothing else came of them."""
    answer = httpx.get(f"{server}/api/v1/label/suite/values", params={"match[]": '{job="evil"}'}, timeout=20)
    assert set(answer.json()["data"]) == set(EVIL)
    count = ask('count({job="evil",__name__=~"modelqa_.+"})')[0]["value"][1]
    assert int(count) == len(hostile)
    names = ask('count by (__name__) ({job="evil"})')
    others = {
        each["metric"]["__name__"] for each in names if not each["metric"]["__name__"].startswith("modelqa_")
    }
    assert all(each == "up" or each.startswith(("scrape_", "ALERTS")) for each in others)


def test_the_text_file_of_the_run_is_the_same(root: Path, result: SuiteResult) -> None:
    """The ticket that it opened is counted."""
    assert (root / "prom" / "modelqa-watched.prom").read_text() == text(samples(result, tickets=1))


@pytest.mark.parametrize(
    ("title", "query", "panel"), PANELS, ids=[f"{title}-{at}" for at, (title, _, _) in enumerate(PANELS)]
)
def test_every_panel_has_data(server: str, title: str, query: str, panel: dict[str, Any]) -> None:
    """A line over time, or a number now, for what a user has chosen."""
    chosen = {
        "$suite": "watched",
        "$model": "breast_cancer",
        "$alias": ".*",
        "$check": "(roc_auc|accuracy|latency-p95|errors-rate|drift-measures|drift-prediction)",
    }
    for variable, value in chosen.items():
        query = query.replace(variable, value)
    assert "$" not in query
    if panel["targets"][0]["instant"]:
        found = [each["value"] for each in _asked(server, "query", query=query)]
    else:
        now = time.time()
        got = _asked(server, "query_range", query=query, start=now - 30, end=now, step=1)
        found = [point for each in got for point in each["values"]]
    assert found, title
    assert all(math.isfinite(float(value)) for _, value in found)


def test_every_check_has_a_verdict_over_time(ask: Ask, result: SuiteResult) -> None:
    """The code of the most severe one, as the legend has it."""
    panel = next(each for each in dashboard()["panels"] if each["type"] == "state-timeline")
    query = panel["targets"][0]["expr"]
    for variable in ("$suite", "$model", "$alias", "$check"):
        query = query.replace(variable, ".*" if variable != "$suite" else "watched")
    told = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
    shown = {each["metric"]["check"]: told[each["value"][1]]["text"] for each in ask(query)}
    assert shown == {each.id: str(each.outcome) for each in result.checks}
    assert shown["accuracy"] == "failed"


def test_every_variable_has_values(server: str) -> None:
    """Suites, then models, aliases and checks of the one that was chosen."""
    chosen = {"$suite": "watched", "$model": "breast_cancer", "$alias": ".*"}
    found = {}
    for each in dashboard()["templating"]["list"][1:]:
        selector, _, label = each["query"].removeprefix("label_values(").removesuffix(")").rpartition(", ")
        for variable, value in chosen.items():
            selector = selector.replace(variable, value)
        answer = httpx.get(f"{server}/api/v1/label/{label}/values", params={"match[]": selector}, timeout=20)
        found[each["name"]] = answer.json()["data"]
    assert {"watched"} <= set(found["suite"])
    assert (found["model"], found["alias"]) == (["breast_cancer"], ["challenger"])
    assert "drift-measures" in found["check"]


def test_the_node_exporter_reads_the_files_of_many_suites(result: SuiteResult, tmp_path: Path) -> None:
    """All of them, without a fault, and to the last digit."""
    program = needed("prometheus-node-exporter", "prometheus-node-exporter")
    evil = [replace(hostile_run(each), started="2026-11-22T10:00:00+00:00") for each in HOSTILE[::10]]
    runs = [result, full_run(), *evil]
    for each in runs:
        export(each, place(str(tmp_path), {}), lambda _: None)
    address = f"127.0.0.1:{free_port()}"
    command = [
        program,
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--web.listen-address={address}",
    ]
    command.append(f"--collector.textfile.directory={tmp_path}")
    with started(command, tmp_path / "log", lambda: _answers(f"http://{address}/")):
        page = httpx.get(f"http://{address}/metrics", timeout=20).text
    read = {
        (sample.name, *sorted((key, value) for key, value in sample.labels.items() if value)): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    assert read[("node_textfile_scrape_error",)] == 0
    wanted = [each for one in runs for each in samples(one)]
    for each in wanted:
        key = (f"{each.metric}{each.suffix}", *sorted((key, value) for key, value in each.labels if value))
        assert read[key] == each.value or math.isnan(each.value), key
    assert sum(name.startswith("modelqa_") for name, *_ in read) == len(wanted)


def test_a_failed_check_raises_an_alert(server: str) -> None:
    """With what people need to know; a name that looks like a template is a name."""

    def fired() -> list[dict[str, Any]]:
        told = httpx.get(f"{server}/api/v1/alerts", timeout=20).json()["data"]["alerts"]
        return [each for each in told if each["labels"]["alertname"] == "ModelQACheckFailed"]

    assert _until(lambda: len(fired()) == 2 + len(EVIL))  # of the watcher, of the gateway, and the evil ones
    assert {each["state"] for each in fired()} == {"firing"}
    assert {each["annotations"]["summary"] for each in fired()} == {
        "watched: accuracy failed for breast_cancer",
        *(f"{each}: {each} failed for {each}" for each in EVIL),
    }


def test_the_series_of_a_retired_suite_disappear(ask: Ask, board: Board) -> None:
    """From the next scrape on."""
    assert ask('modelqa_check_passed{suite="retired"}')
    board.retire("retired")
    assert _until(lambda: not ask('{__name__=~"modelqa_.+",suite="retired"}'))
    assert ask('modelqa_check_passed{suite="watched"}')
