"""`modelqa history` on a real store: the last runs of a suite, newest first."""

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from gate_project import Gate
from pages import harmless
from results import GOOD, RED, check, full_run, run
from typer.testing import CliRunner, Result

from modelqa.actions import mlflow
from modelqa.actions.history import past
from modelqa.cli import app
from modelqa.core.result import Measurement, SuiteResult
from modelqa.core.subject import SubjectInfo
from modelqa.errors import ActionError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own


def on(day: int, *, red: bool = False) -> SuiteResult:
    """A run of the suite `gate` on a day of November, of no registered model."""
    made = run(check("roc_auc", Measurement("roc_auc", RED if red else GOOD)), name="gate")
    subject = replace(made.subject, model=None)
    return replace(made, subject=subject, started=f"2026-11-{day:02}T10:00:00+00:00")


def history(gate: Gate, *arguments: str, suite: str = "gate") -> Result:
    """Run the command on the gate's store."""
    return CliRunner().invoke(app, ["history", suite, "--tracking-uri", gate.uri, *arguments])


@pytest.fixture
def logged(gate: Gate) -> Gate:
    """Three runs, the last one red."""
    for day in (1, 2, 3):
        mlflow.log(on(day, red=day == 3), gate.store, partial=day == 2)
    return gate


def test_the_last_runs_are_shown_newest_first(logged: Gate) -> None:
    """By the name of the suite, or by its file; a part of a suite is marked."""
    ran = history(logged)
    assert ran.exit_code == 0, ran.output
    days = [line.split(" ")[0] for line in ran.stdout.splitlines()]
    assert days == ["time", "2026-11-03", "2026-11-02", "2026-11-01"]
    assert "FAILED" in ran.stdout.splitlines()[1]
    assert "1: roc_auc" in ran.stdout.splitlines()[1]
    assert "(partial)" in ran.stdout.splitlines()[2]
    assert history(logged, suite=str(logged.suite)).stdout == ran.stdout


def test_what_was_logged_is_what_is_read(logged: Gate) -> None:
    """The whole result, oldest first."""
    assert [each.result for each in past(logged.store, "gate", 20).runs] == [on(1), on(2), on(3, red=True)]


def test_only_so_many_runs_are_read(logged: Gate) -> None:
    """The newest of them."""
    assert [each.result for each in past(logged.store, "gate", 2).runs] == [on(2), on(3, red=True)]
    assert len(history(logged, "--last", "1").stdout.splitlines()) == 2
    assert history(logged, "--last", "0").exit_code == 2


def test_a_page_is_written_where_it_is_asked_for(logged: Gate, tmp_path: Path) -> None:
    """One file, named after the suite."""
    ran = history(logged, "-o", str(tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["gate-history.html"]
    assert ran.stdout.splitlines()[-1].endswith("gate-history.html")
    harmless((tmp_path / "out" / "gate-history.html").read_text())


def test_a_run_without_a_result_is_named_and_the_others_shown(logged: Gate) -> None:
    """One that was killed, and one in whose place somebody wrote something else."""
    experiment = logged.store.get_experiment_by_name("modelqa/gate").experiment_id
    killed = logged.store.create_run(experiment).info.run_id
    for text in ("{}", "[" * 100_000, "not JSON", json.dumps({"version": 99})):
        strange = logged.store.create_run(experiment).info.run_id
        logged.store.log_text(strange, text, "result.json")
    found = past(logged.store, "gate", 20)
    assert len(found.runs) == 3
    assert killed in found.unread
    assert len(found.unread) == 5
    ran = history(logged)
    assert ran.exit_code == 0
    assert killed in ran.stderr


def test_a_suite_that_was_never_logged_is_an_error(gate: Gate) -> None:
    """That says how to log one."""
    ran = history(gate, suite="other")
    assert ran.exit_code == 1
    assert isinstance(ran.exception, ActionError)
    assert "no run of a suite 'other' was logged" in str(ran.exception)


def test_a_suite_file_that_is_wrong_is_said_to_be(gate: Gate) -> None:
    """It is the file that has the name."""
    ran = history(gate, suite="nowhere.suite.yaml")
    assert "there is no such file" in str(ran.exception)


def test_a_store_that_accepts_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the patience, and the address shows no password."""
    monkeypatch.setattr("modelqa.actions.store.PATIENCE", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = mlflow.client(f"http://me:secret@127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ActionError, match=r"the history: the store .* refused or did not answer") as told:
            past(store, "gate", 20)
    assert "secret" not in str(told.value)


def test_everything_that_a_result_holds_comes_back(gate: Gate) -> None:
    """Evidence too."""
    full = replace(full_run(name="gate"), subject=SubjectInfo())
    mlflow.log(full, gate.store, partial=False)
    (found,) = past(gate.store, "gate", 20).runs
    assert found.result == full
