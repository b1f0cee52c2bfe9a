"""`modelqa promote` on a real registry: what is judged, what moves, what is refused and why."""

import json
from pathlib import Path

import pytest
from gate_project import Gate
from typer.testing import CliRunner, Result

from modelqa.actions.promote import RECORD, Record
from modelqa.cli import app

MODEL = "models:/breast_cancer@challenger"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own


def promote(gate: Gate, *arguments: str, model: str = MODEL) -> Result:
    """Run the command on the gate's suite and registry."""
    given = ["promote", model, "--suite", str(gate.suite), "--tracking-uri", gate.uri, *arguments]
    return CliRunner().invoke(app, given)


def test_a_version_that_passes_becomes_the_champion(gate: Gate) -> None:
    """The run is logged, the version tagged, the move recorded, and a second call has nothing to do."""
    before, wanted = gate.champion(), gate.challenger()
    ran = promote(gate)
    assert ran.exit_code == 0, ran.output
    assert f"champion of breast_cancer moved from version {before} to version {wanted}" in ran.stdout
    assert gate.champion() == wanted
    tags = gate.tags(wanted)
    assert tags["validation_status"] == "passed"
    assert json.loads(tags["modelqa.evidence.gate"])["outcome"] == "passed"
    record = Record.read(gate.store.get_registered_model("breast_cancer").tags[f"{RECORD}champion"])
    assert record is not None
    assert (record.before, record.after) == (before, wanted)
    assert gate.store.get_run(record.evidence).info.status == "FINISHED"


def test_a_dry_run_leaves_no_trace(gate: Gate) -> None:
    """No alias, no tag, no run."""
    before, wanted = gate.champion(), gate.challenger()
    ran = promote(gate, "--dry-run")
    assert (ran.exit_code, gate.champion(), gate.tags(wanted)) == (0, before, {})
    assert f"would move champion of breast_cancer from version {before} to version {wanted}" in ran.stdout
    assert gate.store.get_experiment_by_name("modelqa/gate") is None


def test_a_version_that_fails_stays_where_it_is(gate: Gate) -> None:
    """With the checks that speak against it; the tag says so too."""
    before = gate.champion()
    ran = promote(gate, model="models:/breast_cancer@degraded")
    assert (ran.exit_code, gate.champion()) == (1, before)
    assert "roc_auc failed" in ran.stderr
    degraded = gate.store.get_registered_model("breast_cancer").aliases["degraded"]
    assert gate.tags(degraded)["validation_status"] == "failed"


def test_back_and_forth(gate: Gate) -> None:
    """A rollback gives the alias to the version that held it before."""
    before = gate.champion()
    promote(gate)
    ran = CliRunner().invoke(app, ["promote", MODEL, "--rollback", "--tracking-uri", gate.uri])
    assert (ran.exit_code, gate.champion()) == (0, before), ran.output


def test_a_first_promotion_is_said_to_be_one(gate: Gate) -> None:
    """Without the flag it is refused; with it the checks against a champion are skipped."""
    gate.store.delete_registered_model_alias("breast_cancer", "champion")
    gate.suite.write_text(gate.suite.read_text() + "champion_missing: skip\n")
    refused = promote(gate)
    assert refused.exit_code == 1
    assert "--first" in refused.stderr
    assert promote(gate, "--first").exit_code == 0
    assert gate.champion() == gate.challenger()


def test_fresh_evidence_is_enough(gate: Gate) -> None:
    """Nothing is run again: the logged run is named."""
    CliRunner().invoke(app, ["run", str(gate.suite), "--tracking-uri", gate.uri, "--log"])
    runs = gate.runs()
    ran = promote(gate, "--evidence", "24")
    assert ran.exit_code == 0, ran.output
    assert "evidence: run " in ran.stdout
    assert gate.runs() == runs


def _edit(gate: Gate) -> None:
    gate.suite.write_text(gate.suite.read_text().replace("min: 0.9\n", "min: 0.8\n"))


def _champion(gate: Gate) -> None:
    gate.store.set_registered_model_alias(
        "breast_cancer", "champion", gate.store.get_registered_model("breast_cancer").aliases["degraded"]
    )


def _batch(gate: Gate) -> None:
    import pandas as pd

    path = gate.root / "batch.parquet"
    pd.read_parquet(path).iloc[:-1].to_parquet(path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_edit, "the suite has been edited"),
        (_champion, "it compared with another champion"),
        (_batch, "it judged another batch"),
    ],
)
def test_evidence_of_something_else_is_refused(gate: Gate, change, why: str) -> None:
    """With the reason; the alias stays."""
    CliRunner().invoke(app, ["run", str(gate.suite), "--tracking-uri", gate.uri, "--log"])
    change(gate)
    before = gate.champion()
    ran = promote(gate, "--evidence", "24")
    assert (ran.exit_code, gate.champion()) == (1, before)
    assert why in ran.stderr


def test_files_that_were_swapped_after_the_evaluation_are_refused(gate: Gate) -> None:
    """The digest is taken anew just before the alias moves."""
    version = gate.challenger()
    source = gate.store.get_model_version("breast_cancer", version).source
    there = Path(
        gate.store.get_logged_model(source.removeprefix("models:/")).artifact_location.removeprefix("file://")
    )
    CliRunner().invoke(app, ["run", str(gate.suite), "--tracking-uri", gate.uri, "--log"])
    extra = there / "swapped.txt"
    extra.write_text("other files")
    try:
        ran = promote(gate, "--evidence", "24")
    finally:
        extra.unlink()
    assert ran.exit_code == 1
    assert "the model's files have been changed" in ran.stderr


def test_old_evidence_is_refused(gate: Gate) -> None:
    """As old as the caller says."""
    CliRunner().invoke(app, ["run", str(gate.suite), "--tracking-uri", gate.uri, "--log"])
    ran = promote(gate, "--evidence", "0")
    assert ran.exit_code == 1
    assert "older than 0 hours" in ran.stderr


def test_without_evidence_there_is_nothing_to_take(gate: Gate) -> None:
    """It says how to get some."""
    ran = promote(gate, "--evidence", "24")
    assert ran.exit_code == 1
    assert "run it with --log first" in ran.stderr
