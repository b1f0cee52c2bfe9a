"""Runs by the clock: `modelqa init --schedule`, and examples for cron and Kubernetes that run as printed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from tiny_project import SUITE, lay_out
from typer.testing import CliRunner, Result

from modelqa.cli import app
from modelqa.draft.schedule import WORDS, cron
from modelqa.draft.workflow import PLACE, workflow

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "modelqa" / "draft" / "schedules"


# --- cron


@pytest.mark.parametrize("word", WORDS)
def test_a_word_stands_for_five_fields_off_the_hour(word: str) -> None:
    """Which are a schedule themselves."""
    assert cron(word) == WORDS[word] == cron(WORDS[word])
    assert WORDS[word].split()[0] not in ("0", "*")


@pytest.mark.parametrize(
    ("written", "fields"),
    [
        ("30 6 * * 1-5", "30 6 * * 1-5"),
        ("  */15\t0-6/2 1,15 jan-MAR,12 mon ", "*/15 0-6/2 1,15 JAN-MAR,12 MON"),
        ("0,5,10-50/10 23 31 12 0,6", "0,5,10-50/10 23 31 12 0,6"),
        ("Daily", WORDS["daily"]),
    ],
)
def test_five_fields_are_taken(written: str, fields: str) -> None:
    """With lists, ranges, steps and names."""
    assert cron(written) == fields


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "expected hourly, daily, weekly"),
        ("yearly", "expected hourly, daily, weekly"),
        ("@daily", "expected hourly, daily, weekly"),
        ("0 6 * *", "expected hourly, daily, weekly"),
        ("0 0 6 * * *", "expected hourly, daily, weekly"),
        ("60 6 * * *", "minute: expected 0 to 59"),
        ("0 24 * * *", "hour: expected 0 to 23"),
        ("0 6 0 * *", "day of the month: expected 1 to 31"),
        ("0 6 * 13 *", "month: expected 1 to 12"),
        ("0 6 * * 7", "day of the week: expected 0 to 6"),
        ("0 6 * MON *", "month: expected 1 to 12"),
        ("0 6-4 * * *", "hour: expected 0 to 23"),
        ("0 6/2 * * *", "hour: expected 0 to 23"),
        ("0 */0 * * *", "hour: expected 0 to 23"),
        ("0 1,,2 * * *", "hour: expected 0 to 23"),
        ("0 L * * *", "hour: expected 0 to 23"),
        ("0 -1 * * *", "hour: expected 0 to 23"),
        ("0 ² * * *", "expected hourly, daily, weekly"),
        ("* * * * *", "minute: expected runs 5 minutes apart"),
        ("*/4 * * * *", "minute: expected runs 5 minutes apart"),
        ("1,3 * * * *", "minute: expected runs 5 minutes apart"),
        ('0 6 * * *"\n  push:', "expected hourly, daily, weekly"),
        ('0 6 * * *"#', "day of the week: expected 0 to 6"),
    ],
)
def test_what_no_scheduler_takes_is_refused(written: str, told: str) -> None:
    """With the field, what it takes and what stands there."""
    with pytest.raises(ValueError, match=told):
        cron(written)


@given(st.text(max_size=30) | st.text(alphabet="0123456789*/,- MONJAN\n\"'#", max_size=30))
@example("0 6 * * *\n")
def test_nothing_else_comes_through(written: str) -> None:
    """What is taken is five plain fields, whatever was written."""
    try:
        fields = cron(written)
    except ValueError:
        return
    assert re.fullmatch(r"[0-9A-Z*/,-]+( [0-9A-Z*/,-]+){4}", fields)
    assert cron(fields) == fields


# --- the workflow


def test_a_schedule_is_one_more_trigger() -> None:
    """All else of the workflow stays as it was."""
    plain, timed = (yaml.safe_load(workflow("suites", when)) for when in (None, cron("30 6 * * 1-5")))
    assert timed[True].pop("schedule") == [{"cron": "30 6 * * 1-5"}]  # YAML 1.1 takes `on` for a truth value
    assert timed == plain


def test_a_scheduled_run_is_not_cancelled_by_a_push() -> None:
    """Both are on the same branch; only the same event replaces a run."""
    group = yaml.safe_load(workflow("suites", WORDS["daily"]))["concurrency"]["group"]
    assert "github.event_name" in group


@pytest.mark.parametrize("when", [None, *WORDS])
def test_zizmor_finds_nothing_in_it(tmp_path: Path, when: str | None) -> None:
    """As an auditor, which is its most demanding persona, and offline."""
    beside = Path(sys.executable).parent
    zizmor = shutil.which("zizmor", path=str(beside)) or shutil.which("zizmor")
    assert zizmor, "zizmor is in the dev extra"
    target = tmp_path / PLACE
    target.parent.mkdir(parents=True)
    target.write_text(workflow("quality/suites", when and cron(when)))
    command = [
        zizmor,
        "--offline",
        "--persona",
        "auditor",
        "--no-progress",
        "--format",
        "plain",
        str(tmp_path),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "No findings to report" in ran.stdout


def test_its_actions_are_those_that_this_repository_runs() -> None:
    """Pinned to commits that are kept up to date in one place."""
    ours = "\n".join(path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml"))
    used = re.findall(r"uses: (\S+ # v\S+)", workflow("suites"))
    assert len(used) == 2
    assert all(each in ours for each in used)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a model, a batch and a suite."""
    lay_out(tmp_path, "scheduled_model")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\n")
    (tmp_path / "suites").mkdir()
    text = SUITE.replace("tiny_model", "scheduled_model")
    (tmp_path / "suites" / "churn.suite.yaml").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*arguments: str) -> Result:
    """Run the command where the suite is there already, so that only the workflow is written."""
    given = ["init", "scheduled_model:good", "batch.csv", "--output", "suites/churn.suite.yaml", *arguments]
    return CliRunner().invoke(app, given, catch_exceptions=False)


def test_init_writes_the_schedule(project: Path) -> None:
    """Into the workflow, as the fields that were meant."""
    result = init("--github", "--schedule", "weekly")
    assert result.exit_code == 0, result.output
    assert f'cron: "{WORDS["weekly"]}"' in (project / PLACE).read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--schedule", "daily"), "add --github"),
        (("--github", "--schedule", "often"), "expected hourly, daily, weekly"),
    ],
)
def test_a_schedule_that_is_none_writes_nothing(project: Path, arguments: tuple[str, ...], told: str) -> None:
    """Exit code 2, before anything is done."""
    result = init(*arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())
    assert not (project / PLACE).exists()


# --- cron and Kubernetes


def _watches() -> bool:
    return "watch" in {
        command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands
    }


needs_watch = pytest.mark.skipif(not _watches(), reason="`modelqa watch` is not here yet")


def crontab() -> tuple[str, str]:
    """The times and the command of the example."""
    (line,) = [
        each
        for each in (DEPLOY / "crontab").read_text().splitlines()
        if each and not each.startswith("#") and not re.match(r"[A-Z]+=", each)
    ]
    *times, command = line.split(None, 5)
    return " ".join(times), command


def test_the_crontab_is_one() -> None:
    """Its times are a schedule, and no % in its command would end it."""
    times, command = crontab()
    assert cron(times) == times
    assert "%" not in command


def cronjob() -> dict[str, Any]:
    """The manifest of the example."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "cronjob.yaml").read_text())
    return found


@pytest.mark.parametrize("version", ["1.30", "1.34", "1.37"])
def test_the_cronjob_is_what_kubernetes_takes(version: str) -> None:
    """By the OpenAPI schema of the API server, no unknown key anywhere; and it is held to that."""
    validate = pytest.importorskip("kubernetes_validate")
    validate.validate(cronjob(), version, strict=True)
    wrong = cronjob()
    wrong["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["comand"] = []
    with pytest.raises(validate.ValidationError):
        validate.validate(wrong, version, strict=True)


def test_the_cronjob_runs_once_at_a_time_and_not_again() -> None:
    """What the schema does not know: its times are a schedule, no retry hides a red, nobody is root."""
    spec = cronjob()["spec"]
    job, pod = spec["jobTemplate"]["spec"], spec["jobTemplate"]["spec"]["template"]["spec"]
    assert cron(spec["schedule"]) == spec["schedule"]
    assert (spec["concurrencyPolicy"], job["backoffLimit"], pod["restartPolicy"]) == ("Forbid", 0, "Never")
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["containers"][0]["securityContext"]["allowPrivilegeEscalation"]


def _environ() -> dict[str, str]:
    """The test's own environment, so that the command finds the package; no ledger of anybody's."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path}


@needs_watch
@pytest.mark.slow  # a file is judged once it has rested for half a minute
def test_the_crontab_runs_as_printed(project: Path) -> None:
    """By cron's shell, in a folder of its own; the second run has nothing new to judge."""
    (project / ".venv" / "bin").mkdir(parents=True)
    tool = project / ".venv" / "bin" / "modelqa"
    tool.write_text(f'#!/bin/sh\nexec {sys.executable} -m modelqa "$@"\n')
    tool.chmod(0o755)
    (project / "data").mkdir()
    _parquet(project / "batch.csv", project / "data" / "monday.parquet")
    command = crontab()[1].replace("/srv/churn", str(project))
    passed = []
    for _ in range(2):
        ran = subprocess.run(["/bin/sh", "-c", command], check=False, timeout=300, env=_environ())
        told = (project / ".modelqa-watch.log").read_text()
        assert ran.returncode in (0, 5), told  # 5: nothing ran
        passed.append(told.count("PASSED"))
    assert passed[0] == passed[1] > 0


@needs_watch
@pytest.mark.slow  # a file is judged once it has rested for half a minute
def test_the_command_of_the_cronjob_runs_as_printed(project: Path) -> None:
    """In its working directory, with its batches where they are mounted."""
    _parquet(project / "batch.csv", project / "data" / "monday.parquet")
    given = cronjob()["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["command"]
    command = [each.replace("/data/", f"{project}/data/") for each in given]
    assert command[0] == "modelqa"
    ran = subprocess.run(
        [sys.executable, "-m", *command], cwd=project, check=False, timeout=300, env=_environ()
    )
    assert ran.returncode == 0


def _parquet(source: Path, target: Path) -> None:
    import pandas as pd

    target.parent.mkdir(exist_ok=True)
    pd.read_csv(source).to_parquet(target)
