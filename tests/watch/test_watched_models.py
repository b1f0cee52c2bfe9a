"""Versions arrive in a real MLflow registry: new ones, and those that an alias has moved to."""

import shutil
from pathlib import Path

import pytest
from gate_project import Gate
from typer.testing import CliRunner, Result

from modelqa.actions import mlflow
from modelqa.cli import app

SUITE = """\
suite: gate
model: models:/breast_cancer@challenger
champion: models:/breast_cancer@champion
batch: batch.parquet
labels: diagnosis
positive: malignant
checks:
  - metric: roc_auc
    min: 0.9
  - errors: rate
    max: 0.1%
actions:
  - promote: champion
    on: passed
"""


@pytest.fixture
def gate(examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """The examples' models in a registry that a test may change."""
    shutil.copy(examples / "mlflow.db", tmp_path / "mlflow.db")
    shutil.copy(examples / "data" / "breast_cancer.parquet", tmp_path / "batch.parquet")
    (tmp_path / "gate.suite.yaml").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "MODELQA_LOG", "MODELQA_LEDGER", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return Gate(tmp_path, uri, mlflow.client(uri))


def watch(gate: Gate, *more: str) -> Result:
    """One look at the versions."""
    options = ["--models", "--once", "--settle", "0", "--tracking-uri", gate.uri, *more]
    return CliRunner().invoke(app, ["watch", "gate.suite.yaml", *options])


def again(gate: Gate, version: str) -> str:
    """The same files as a new version; its number."""
    known = gate.store.get_model_version("breast_cancer", version)
    made = gate.store.create_model_version("breast_cancer", known.source, model_id=known.model_id)
    return str(made.version)


def test_a_version_that_the_alias_has_moved_to_is_judged_and_promoted(gate: Gate) -> None:
    """Once; the same alias again is nothing new."""
    first = gate.challenger()
    said = watch(gate)
    assert said.exit_code == 0, said.output
    assert f"breast_cancer version {first}" in said.stdout
    assert gate.champion() == first
    assert "nothing new in models:/breast_cancer@challenger" in watch(gate).stdout
    second = again(gate, first)
    assert "nothing new" in watch(gate).stdout
    gate.store.set_registered_model_alias("breast_cancer", "challenger", second)
    assert f"breast_cancer version {second}" in watch(gate).stdout
    assert gate.champion() == second
    assert gate.runs() == 2


def test_each_new_version_is_judged_where_the_suite_names_no_alias(gate: Gate) -> None:
    """At the first look the newest; then all that came since."""
    text = SUITE.replace("models:/breast_cancer@challenger", "models:/breast_cancer/latest")
    (gate.root / "gate.suite.yaml").write_text(text.partition("actions:")[0])
    newest = max(map(int, (gate.challenger(), gate.champion())))
    assert "1 judged" in watch(gate).stdout
    versions = [again(gate, str(newest)) for _ in range(2)]
    said = watch(gate).stdout
    assert [f"version {version}," in said for version in versions] == [True, True]
    assert "2 judged of models:/breast_cancer/latest" in said


def test_a_registry_that_does_not_answer_is_told_and_asked_again(gate: Gate) -> None:
    """Nothing is judged, and nothing is lost."""
    (gate.root / "mlflow.db").rename(gate.root / "away.db")
    said = watch(gate)
    assert (said.exit_code, "is no store of MLflow's" in said.output) == (3, True)
    (gate.root / "away.db").rename(gate.root / "mlflow.db")
    assert "1 judged" in watch(gate).stdout


def test_batches_wait_for_a_model_that_cannot_be_found(gate: Gate) -> None:
    """Without the model there is nothing to say of them; each is judged when it is back."""
    (gate.root / "new").mkdir()
    shutil.copy(gate.root / "batch.parquet", gate.root / "new" / "a.parquet")
    (gate.root / "gate.suite.yaml").write_text(
        SUITE.replace("@challenger", "@later").partition("actions:")[0]
    )
    arguments = ["watch", "gate.suite.yaml", "--batches", "new", "--once", "--settle", "0"]
    said = CliRunner().invoke(app, [*arguments, "--tracking-uri", gate.uri])
    assert said.exit_code == 3
    assert (
        "new/a.parquet waits: models:/breast_cancer@later: breast_cancer has no alias 'later'" in said.output
    )
    gate.store.set_registered_model_alias("breast_cancer", "later", gate.challenger())
    said = CliRunner().invoke(app, [*arguments, "--tracking-uri", gate.uri])
    assert "PASSED, 2 passed" in said.output


def test_a_model_that_is_no_registered_one_cannot_be_watched(gate: Gate) -> None:
    """It has no versions."""
    (gate.root / "gate.suite.yaml").write_text(
        SUITE.replace("models:/breast_cancer@challenger", "module:function")
    )
    assert "its versions cannot be watched" in str(watch(gate).exception)
