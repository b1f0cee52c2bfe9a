"""pytest as the gate: what `--modelqa-act` and `--modelqa-log` do, and what they never do."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from gate_project import Gate
from inner_runs import load_all
from typer.testing import CliRunner

from modelqa.actions.promote import RECORD, Record
from modelqa.cli import app

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own
NAMED = re.compile(r"would (not )?promote|moved from|is not promoted")
Judge = Callable[..., pytest.RunResult]


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    load_all()


@pytest.fixture
def judge(gate: Gate, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Run pytest on the gate's suite, or on another one, in its project."""
    monkeypatch.chdir(gate.root)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, suite: Path | None = None) -> pytest.RunResult:
        given = (
            str(suite or gate.suite),
            "--modelqa-tracking-uri",
            gate.uri,
            "-p",
            "no:randomly",
            *arguments,
        )
        return pytester.runpytest_inprocess("--rootdir", str(gate.root), *given)

    return run


def record(gate: Gate) -> Record | None:
    """The last move of the alias."""
    return Record.read(gate.store.get_registered_model("breast_cancer").tags.get(f"{RECORD}champion"))


def red(gate: Gate) -> None:
    """Let the suite ask for more than the model can."""
    gate.suite.write_text(gate.suite.read_text().replace("min: -0.2\n", "min: 0.3\n"))


def test_a_green_run_promotes_with_evidence(gate: Gate, judge: Judge) -> None:
    """As the command does: the version that was named, logged and tagged first."""
    before, wanted = gate.champion(), gate.challenger()
    ran = judge("--modelqa-model", f"models:/breast_cancer/{wanted}", "--modelqa-act")
    assert ran.ret == 0
    ran.stdout.fnmatch_lines([f"champion of breast_cancer moved from version {before} to version {wanted}"])
    assert gate.champion() == wanted
    assert gate.tags(wanted)["validation_status"] == "passed"
    told = record(gate)
    assert told is not None
    assert gate.store.get_run(told.evidence).info.status == "FINISHED"
    assert {each.path for each in gate.store.list_artifacts(told.evidence)} == {"result.json", "report.html"}


@pytest.mark.parametrize(
    "chosen", [("-k", "roc_auc"), ("--deselect", "gate.suite.yaml::errors-rate"), ("--lf",)]
)
def test_a_partial_run_never_promotes(gate: Gate, judge: Judge, chosen: tuple[str, ...]) -> None:
    """Not in words either; its evidence says that it is partial."""
    before, wanted = gate.champion(), gate.challenger()
    if chosen == ("--lf",):
        good = gate.suite.read_text()
        red(gate)
        assert judge().ret == 1
        gate.suite.write_text(good)
    ran = judge(*chosen, "--modelqa-act", "--modelqa-log")
    assert (ran.ret, gate.champion(), record(gate)) == (0, before, None)
    assert not NAMED.search(ran.stdout.str())
    assert gate.tags(wanted)["validation_status"] == "pending"
    assert json.loads(gate.tags(wanted)["modelqa.evidence.gate"])["partial"] is True


@pytest.mark.parametrize("chosen", [(), ("-x",)])
def test_a_red_run_never_promotes(gate: Gate, judge: Judge, chosen: tuple[str, ...]) -> None:
    """Nor one that stopped at the first failure."""
    before = gate.champion()
    red(gate)
    ran = judge(*chosen, "--modelqa-act")
    assert (ran.ret, gate.champion(), record(gate)) == (1, before, None)
    assert not NAMED.search(ran.stdout.str())


def test_a_promotion_that_is_refused_fails_the_run(gate: Gate, judge: Judge) -> None:
    """With the reason: the suite was compared with another version than the one that holds the alias."""
    before = gate.champion()
    ran = judge("--modelqa-champion", "models:/breast_cancer@degraded", "--modelqa-act")
    assert (ran.ret, gate.champion(), record(gate)) == (1, before, None)
    ran.stdout.fnmatch_lines(
        [
            f"modelqa: breast_cancer version {gate.challenger()} is not promoted to champion:",
            f"  - version {before} holds champion, but the suite compared with version *",
        ]
    )
    assert "Traceback" not in ran.stdout.str()


def test_without_the_switch_it_says_what_it_would_do(gate: Gate, judge: Judge) -> None:
    """And writes nothing."""
    before = gate.champion()
    ran = judge()
    ran.stdout.fnmatch_lines(["would promote the model to champion: the run is passed"])
    assert (ran.ret, gate.champion(), gate.tags(gate.challenger())) == (0, before, {})


@pytest.mark.parametrize("how", ["environment", "ini", "off"])
def test_the_switch_has_a_ladder(gate: Gate, judge: Judge, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment before ini; off is off."""
    wanted = gate.challenger()
    if how == "environment":
        monkeypatch.setenv("MODELQA_ACT", "1")
    else:
        (gate.root / "pytest.ini").write_text("[pytest]\nmodelqa_act = true\n")
    if how == "off":
        monkeypatch.setenv("MODELQA_ACT", "0")
    assert judge().ret == 0
    assert (gate.champion() == wanted) == (how != "off")


def test_a_failure_that_is_expected_does_not_promote(gate: Gate, judge: Judge) -> None:
    """It counts as failed for a promotion."""
    before = gate.champion()
    red(gate)
    text = gate.suite.read_text().replace(
        "min: 0.3\n", "min: 0.3\n    expect_failure: {reason: known, until: 2999-01-01}\n"
    )
    gate.suite.write_text(text)
    ran = judge("--modelqa-act")
    assert (gate.champion(), record(gate)) == (before, None)
    assert "moved" not in ran.stdout.str()


def test_workers_promote_once(gate: Gate, judge: Judge) -> None:
    """The controlling process acts, and nobody else."""
    before, wanted = gate.champion(), gate.challenger()
    command = [sys.executable, "-m", "pytest", str(gate.suite), "-n", "2", "--dist", "loadfile"]
    command += ["--modelqa-act", "--modelqa-tracking-uri", gate.uri, "-W", "ignore"]
    ran = subprocess.run(command, cwd=gate.root, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"moved from version {before} to version {wanted}" in ran.stdout
    assert (gate.champion(), gate.runs()) == (wanted, 1)


def test_a_run_in_mlflow_holds_all_that_was_measured(gate: Gate, judge: Judge) -> None:
    """Each measurement by value and interval, what was judged, on which rows."""
    assert judge("--modelqa-log").ret == 0
    experiment = gate.store.get_experiment_by_name("modelqa/gate")
    (run,) = gate.store.search_runs([experiment.experiment_id])
    for check in ("roc_auc", "accuracy-versus-champion", "errors-rate"):
        value, low, high = (run.data.metrics[f"{check}/{key}"] for key in ("value", "low", "high"))
        assert low <= value <= high
        assert run.data.metrics[f"{check}/n"] > 0
    params = run.data.params
    assert (params["suite"], params["model"]) == ("gate", f"breast_cancer version {gate.challenger()}")
    assert {"suite_digest", "model_digest", "champion_digest", "batch_digest", "batch_rows"} <= {*params}
    (rows,) = run.inputs.dataset_inputs
    assert rows.dataset.name == "batch.parquet"
    result = json.loads((Path(run.info.artifact_uri.removeprefix("file://")) / "result.json").read_text())
    assert (result["suite"], result["outcome"]) == ("gate", "passed")
    judged = json.loads(gate.tags(gate.challenger())["modelqa.evidence.gate"])
    assert (judged["run_id"], judged["model_digest"]) == (run.info.run_id, params["model_digest"])
    assert judged["suite_digest"] == params["suite_digest"]


def test_of_two_suites_the_worst_counts(gate: Gate, judge: Judge) -> None:
    """A version that one of them rejects is rejected; what is judged anew counts anew."""
    judge("--modelqa-log")
    other = gate.root / "other.suite.yaml"
    good = gate.suite.read_text().replace("suite: gate", "suite: other")
    other.write_text(good.replace("min: -0.2\n", "min: 0.3\n"))
    judge("--modelqa-log", suite=other)
    assert gate.tags(gate.challenger())["validation_status"] == "failed"
    judge("--modelqa-log")
    assert gate.tags(gate.challenger())["validation_status"] == "failed"
    other.write_text(good)
    judge("--modelqa-log", suite=other)
    assert gate.tags(gate.challenger())["validation_status"] == "passed"


def test_nothing_is_left_in_the_users_folder(gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No store, no folder of runs: a run that logs writes to the store that it was told."""
    home = tmp_path_factory.mktemp("home")
    for name in ("gate.suite.yaml", "batch.parquet", "pytest.ini"):
        shutil.copy(gate.root / name, home / name)
    before = {*home.rglob("*")}
    command = [sys.executable, "-m", "modelqa", "run", "gate.suite.yaml", "--log", "--act"]
    ran = subprocess.run(
        [*command, "--tracking-uri", gate.uri], cwd=home, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = {each for each in home.rglob("*") if not {"__pycache__", ".modelqa"} & set(each.parts)}
    assert found == before
    assert gate.champion() == gate.challenger()


def test_the_command_that_runs_a_suite_does_the_same(gate: Gate) -> None:
    """One evidence, one move; a second run has nothing to move."""
    before, wanted = gate.champion(), gate.challenger()
    run = ["run", str(gate.suite), "--tracking-uri", gate.uri, "--log", "--act"]
    first, second = (CliRunner().invoke(app, run) for _ in range(2))
    assert (first.exit_code, gate.champion()) == (0, wanted), first.output
    assert f"moved from version {before} to version {wanted}" in first.output
    assert (second.exit_code, gate.runs()) == (0, 2)
    assert f"champion is at version {wanted} of breast_cancer already" in second.output


def test_a_store_that_cannot_be_reached_is_said_and_fails(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line for the evidence, one for the promotion that needs it."""
    (gate.root / "always.py").write_text("def one(frame):\n    return [1] * len(frame)\n")
    (gate.root / "local.suite.yaml").write_text(
        "suite: local\nmodel: always:one\nbatch: batch.parquet\nchecks: [{errors: rate, max: 0.1%}]\n"
    )
    dead = "http://me:hunter2@127.0.0.1:9?token=sesame"
    ran = CliRunner().invoke(app, ["run", "local.suite.yaml", "--log", "--tracking-uri", dead])
    assert ran.exit_code == 3, ran.output
    (line,) = [line for line in ran.output.splitlines() if line.startswith("modelqa:")]
    assert "the evidence: the store http://127.0.0.1:9 refused or did not answer" in line
    assert "hunter2" not in ran.output
    assert "sesame" not in ran.output
