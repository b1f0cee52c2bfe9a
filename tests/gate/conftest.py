"""A registry that a test may change, with the examples' models in it."""

import shutil
from pathlib import Path

import pytest
from gate_project import SUITE, Gate

from modelqa.actions import mlflow


@pytest.fixture
def gate(examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """The examples' models in a registry that a test may change."""
    shutil.copy(examples / "mlflow.db", tmp_path / "mlflow.db")
    shutil.copy(examples / "data" / "breast_cancer.parquet", tmp_path / "batch.parquet")
    (tmp_path / "gate.suite.yaml").write_text(SUITE.replace("BATCH", "batch.parquet"))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "MODELQA_ACT", "MODELQA_LOG", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return Gate(tmp_path, uri, mlflow.client(uri))
