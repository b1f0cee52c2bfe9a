"""The command line: the same verdicts as pytest's, exit codes that scripts can rely on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from kept_subjects import forget_passing_modules
from tiny_project import SUITE as GREEN
from tiny_project import lay_out
from typer.testing import CliRunner, Result

from modelqa.cli import app, main

SUITE = GREEN.replace("tiny_model", "cli_model")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder, with the current folder somewhere inside it."""
    lay_out(tmp_path, "cli_model")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\n")
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "tiny.suite.yaml").write_text(SUITE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path / "suites")
    monkeypatch.delenv("MODELQA_BATCH", raising=False)
    return tmp_path


def run(*arguments: str) -> Result:
    """Run the command line."""
    return CliRunner().invoke(app, ["run", "tiny.suite.yaml", *arguments])


def test_a_green_suite_exits_with_0(project: Path) -> None:
    """Paths start at the project's root, wherever the command is called from."""
    result = run()
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "false alarms at most 1% a run; a green check is 95% sure",
        "tiny: PASSED, 2 passed (cli_model:good, 600 rows of batch.csv)",
    ]


def test_a_red_suite_exits_with_1_and_shows_why(project: Path) -> None:
    """The table names the check, its value, its bound and n."""
    result = run("--model", "cli_model:blind")
    assert result.exit_code == 1
    assert "FAILED  roc_auc  0.500" in result.stdout


def test_undecided_exits_with_0_or_1(project: Path) -> None:
    """`warn` leaves the status at 0, `fail` makes it 1; the ladder of settings is pytest's."""
    text = SUITE.replace("min: 0.8", "min: 0.93")
    (project / "suites" / "tiny.suite.yaml").write_text(text)
    assert run("--batch", "small.csv").exit_code == 0
    assert run("--batch", "small.csv", "--inconclusive", "fail").exit_code == 1
    assert run("--batch", "small.csv", "--inconclusive", "perhaps").exit_code == 2
    (project / "pyproject.toml").write_text("[tool.pytest]\nmodelqa_inconclusive = 'fail'\n")
    assert run("--batch", "small.csv").exit_code == 1
    assert run("--batch", "small.csv", "--inconclusive", "warn").exit_code == 0


def test_what_cannot_run_exits_with_3(project: Path) -> None:
    """A batch that is not there is no failure of the model."""
    result = run("--batch", "nowhere.csv")
    assert result.exit_code == 3
    assert "ERRORED" in result.stdout


def test_the_result_is_written_as_json(project: Path) -> None:
    """The file has the promised shape, whatever the outcome."""
    run("--model", "cli_model:blind", "--json", "deep/out.json")
    plain = json.loads(Path("deep/out.json").read_text())
    assert (plain["version"], plain["outcome"]) == (1, "failed")


def test_a_broken_suite_exits_with_2(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All problems, on the error stream, as file:line:column."""
    broken = project / "suites" / "tiny.suite.yaml"
    broken.write_text(SUITE.replace("min: 0.8", "mim: 0.8"))
    ran = subprocess.run(
        [sys.executable, "-m", "modelqa", "run", "tiny.suite.yaml"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 2
    assert "tiny.suite.yaml:7:5: " in ran.stderr
    assert "Traceback" not in ran.stderr


def test_lint_says_everything_that_is_wrong(project: Path) -> None:
    """Every file of a folder, without opening what they name."""
    (project / "suites" / "bad.suite.yaml").write_text(
        SUITE.replace("min: 0.8", "mim: 0.8").replace("labels: y\n", "")
    )
    result = CliRunner().invoke(app, ["lint", "."])
    assert result.exit_code == 2
    assert "bad.suite.yaml:6:5: " in result.stdout
    assert "tiny.suite.yaml: 2 checks, no problem" in result.stdout
    assert CliRunner().invoke(app, ["lint", "tiny.suite.yaml"]).exit_code == 0


def test_a_folder_without_suites_is_said(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Linting nothing is not fine."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(sys, "argv", ["modelqa", "lint", str(tmp_path / "empty")])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 3


def test_what_would_follow_is_said(project: Path) -> None:
    """Actions are inert here too."""
    text = SUITE + "actions:\n  - ticket: github\n    on: failed\n"
    (project / "suites" / "tiny.suite.yaml").write_text(text)
    assert "would open a ticket (github)" in run("--model", "cli_model:blind").stdout
    assert "would" not in run().stdout


def test_help_names_the_exit_codes() -> None:
    """A script's author finds them where they look."""
    text = CliRunner().invoke(app, ["run", "--help"]).stdout
    assert all(f"{code} " in text for code in (0, 1, 2, 3, 5))


def test_what_was_measured_is_not_measured_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contract of the batch alone, run twice; each of three switches has it measured anew."""
    text = "suite: tiny\nbatch: batch.csv\nchecks:\n  - schema: {x: {type: float}}\n"
    (project / "suites" / "tiny.suite.yaml").write_text(text)
    forget_passing_modules(monkeypatch)
    told = "1 of 1 checks from the cache"
    assert told not in run().stdout
    assert told in run("--json", "out.json").stdout
    assert json.loads(Path("out.json").read_text())["checks"][0]["cached"] is True
    assert told not in run("--no-cache").stdout
    monkeypatch.setenv("MODELQA_NO_CACHE", "1")
    assert told not in run().stdout
    monkeypatch.setenv("MODELQA_NO_CACHE", "0")
    assert told in run().stdout


def test_the_cache_is_shown_and_cleared(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is, how much it holds; after clearing the next run measures anew."""
    text = "suite: tiny\nbatch: batch.csv\nchecks:\n  - schema: {x: {type: float}}\n"
    (project / "suites" / "tiny.suite.yaml").write_text(text)
    forget_passing_modules(monkeypatch)
    run()
    shown = CliRunner().invoke(app, ["cache", "show"]).stdout
    assert "cache: 2 entries, " in shown
    assert "of at most 512 MiB" in shown
    assert "cache: dropped 2 entries" in CliRunner().invoke(app, ["cache", "clear"]).stdout
    assert "cache: 0 entries, 0 B" in CliRunner().invoke(app, ["cache", "show"]).stdout
    assert "from the cache" not in run().stdout
