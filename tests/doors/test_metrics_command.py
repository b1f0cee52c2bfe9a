"""Metrics through the doors: `--modelqa-metrics`, `modelqa run --metrics`, and `modelqa metrics`."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_pushgateway import FakePushgateway
from real_prometheus import needed
from results import GOOD, check, full_run, run
from tiny_project import SUITE, lay_out
from typer.testing import CliRunner, Result

from modelqa.cli import app
from modelqa.core.codec import dumps, loads
from modelqa.core.result import Measurement
from modelqa.reports.exposition import text
from modelqa.reports.grafana import dashboard
from modelqa.reports.metrics import LAST_SUCCESS, METRICS
from modelqa.reports.prometheus import samples

ACTING = SUITE + "actions:\n  - ticket: local\n    on: [failed, errored]\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project whose suite opens tickets."""
    lay_out(tmp_path, "metered_model")
    (tmp_path / "tiny.suite.yaml").write_text(ACTING.replace("tiny_model", "metered_model"))
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "metered_model", raising=False)
    monkeypatch.chdir(tmp_path)
    for name in (
        "MODELQA_METRICS",
        "MODELQA_METRICS_TOKEN",
        "MODELQA_LEDGER",
        "MODELQA_ACT",
        "GITHUB_ACTIONS",
    ):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def command(*arguments: str | Path) -> Result:
    """Run the command line."""
    return CliRunner().invoke(app, [*map(str, arguments)])


def judged(*options: str) -> Result:
    """Run the suite."""
    return command("run", "tiny.suite.yaml", *options)


def written(folder: Path) -> str:
    """What the node exporter would read."""
    return (folder / "modelqa-tiny.prom").read_text()


def test_a_run_writes_its_metrics(project: Path) -> None:
    """The numbers of its JSON."""
    ran = judged("--metrics", "prom", "--json", "result.json")
    assert ran.exit_code == 0, ran.output
    assert "metrics of tiny: prom/modelqa-tiny.prom" in ran.stdout
    assert written(project / "prom") == text(samples(loads((project / "result.json").read_text())))


def test_the_place_is_an_option_like_any_other(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the ini, the environment and the command line, of which the last one wins."""
    (project / "pyproject.toml").write_text('[tool.pytest]\nmodelqa_metrics = "ini"\n')
    judged()
    monkeypatch.setenv("MODELQA_METRICS", "environment")
    judged()
    judged("--metrics", "line")
    assert all(written(project / name) for name in ("ini", "environment", "line"))


def test_open_tickets_are_counted_after_they_were_told(project: Path) -> None:
    """A ticket of this run is in its metrics; without a ledger nothing is said of tickets."""
    judged("--metrics", "prom")
    assert "modelqa_tickets_open{" not in written(project / "prom")
    judged("--metrics", "prom", "--act", "--model", "metered_model:blind")
    assert 'modelqa_tickets_open{alias="",model="metered_model:blind",suite="tiny"} 1.0' in written(
        project / "prom"
    )
    assert command("tickets", "close", "1").exit_code == 0


def test_a_gateway_that_is_away_fails_no_run(project: Path) -> None:
    """It is told, and a monitoring that hears nothing says so itself."""
    ran = judged("--metrics", "http://127.0.0.1:1")
    assert ran.exit_code == 0
    assert "modelqa: http://127.0.0.1:1: nobody answers there" in ran.stdout
    (project / "file").write_text("")
    assert judged("--metrics", "file").exit_code == 0


def test_without_the_client_it_says_what_to_install(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, and the run stands."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    ran = judged("--metrics", "prom")
    assert ran.exit_code == 0
    assert "pip install 'modelqa[prometheus]'" in ran.stdout


# --- pytest


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Run pytest on the suite."""
    lay_out(pytester.path, "metered_model")
    (pytester.path / "tiny.suite.yaml").write_text(SUITE.replace("tiny_model", "metered_model"))
    for name in ("MODELQA_METRICS", "MODELQA_ACT", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)

    def do(*options: str) -> pytest.RunResult:
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "tiny.suite.yaml", *options)

    return do


def test_a_session_writes_metrics(
    session: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    """As the command line does."""
    ran = session("--modelqa-metrics", "prom", "--modelqa-json", "result.json")
    ran.assert_outcomes(passed=2)
    ran.stdout.fnmatch_lines(["metrics of tiny: prom/modelqa-tiny.prom"])
    assert written(pytester.path / "prom") == text(
        samples(loads((pytester.path / "result.json").read_text()))
    )


def test_a_part_of_a_suite_is_not_its_state(
    session: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    """What the last whole run said stays."""
    session("--modelqa-metrics", "prom")
    before = written(pytester.path / "prom")
    ran = session("--modelqa-metrics", "prom", "-k", "roc_auc")
    ran.stdout.fnmatch_lines(["metrics of tiny: only a part ran"])
    assert written(pytester.path / "prom") == before


# --- modelqa metrics


@pytest.fixture
def results(project: Path) -> list[Path]:
    """Two results in three files."""
    made = {"a": full_run(), "b": run(check("x", Measurement("f1", GOOD)), name="digits")}
    for name, result in made.items():
        (project / f"{name}.json").write_text(dumps(result))
    both = [json.loads((project / f"{name}.json").read_text()) for name in made]
    (project / "both.json").write_text(json.dumps(both))
    return [project / f"{name}.json" for name in ("a", "b", "both")]


def test_results_are_written_again_at_any_time(results: list[Path], project: Path) -> None:
    """From one file or several."""
    ran = command("metrics", "write", results[2], "--to", project / "one")
    assert ran.exit_code == 0, ran.output
    assert ran.stdout == f"{project}/one/modelqa-churn.prom\n{project}/one/modelqa-digits.prom\n"
    command("metrics", "write", *results[:2], "--to", project / "two")
    for name in ("churn", "digits"):
        pages = [(project / folder / f"modelqa-{name}.prom").read_text() for folder in ("one", "two")]
        assert pages[0] == pages[1]


def test_without_a_place_metrics_are_printed(results: list[Path]) -> None:
    """As one page, that promtool has nothing to say about."""
    ran = command("metrics", "write", *results[:2])
    both = [each for path in results[:2] for each in samples(loads(path.read_text()))]
    assert ran.stdout == text(both)
    tool = needed("promtool", "prometheus")
    found = subprocess.run(
        [tool, "check", "metrics"], input=ran.stdout, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_metrics_are_pushed_and_deleted(results: list[Path]) -> None:
    """To and from a gateway."""
    with FakePushgateway() as fake:
        assert command("metrics", "write", *results[:2], "--to", fake.address).exit_code == 0
        assert len(fake.groups) == 2
        gone = command("metrics", "delete", "churn", "--to", fake.address)
        assert gone.stdout == f"deleted: {fake.address} (job modelqa, suite churn, model churn)\n"
        assert [dict(each)["suite"] for each in fake.groups] == ["digits"]
        assert (
            command("metrics", "delete", "churn", "--to", fake.address).stdout
            == "no metrics of a suite 'churn' are there\n"
        )


def test_a_file_of_a_retired_suite_is_deleted(results: list[Path], project: Path) -> None:
    """And no other."""
    command("metrics", "write", results[2], "--to", project / "prom")
    assert command("metrics", "delete", "churn", "--to", project / "prom").exit_code == 0
    assert [each.name for each in (project / "prom").iterdir()] == ["modelqa-digits.prom"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("write", "tiny.suite.yaml"), 2),
        (("write", "a.json", "--to", "http://127.0.0.1:1"), 3),
        (("write", "a.json", "b.json", "a.json", "--to", "prom"), 3),
        (("delete", "churn"), 3),
    ],
)
def test_what_cannot_be_done_is_told_by_the_exit_code(
    results: list[Path], arguments: tuple[str, ...], code: int
) -> None:
    """2 for a wrong file, 3 for what did not happen."""
    ran = subprocess.run(
        [sys.executable, "-m", "modelqa", "metrics", *arguments], capture_output=True, text=True, check=False
    )
    assert ran.returncode == code, ran.stderr
    assert "Traceback" not in ran.stderr


def test_every_metric_is_explained() -> None:
    """In the manual that the table makes."""
    shown = command("metrics", "list").stdout
    assert all(f"{each.name} ({each.kind})" in shown for each in METRICS)
    assert LAST_SUCCESS in shown


def test_rules_and_dashboard_are_printed_or_written(project: Path) -> None:
    """With what belongs to them."""
    rules, page = command("metrics", "rules"), command("metrics", "dashboard")
    assert rules.stdout.startswith("# Alerts over the metrics of modelqa.")
    assert json.loads(page.stdout) == dashboard()
    command("metrics", "rules", "--output", project / "out")
    command("metrics", "dashboard", "-o", project / "out")
    files = {
        str(each.relative_to(project / "out")): each
        for each in (project / "out").rglob("*")
        if each.is_file()
    }
    assert set(files) == {
        "modelqa.rules.yml", "modelqa.rules.test.yml",
        "dashboards/modelqa.json", "provisioning/dashboards/modelqa.yaml",
    }  # fmt: skip
    assert files["modelqa.rules.yml"].read_text() == rules.stdout
    assert files["dashboards/modelqa.json"].read_text() == page.stdout
