"""No secrets of the surroundings, and a small model of MLflow's."""

from pathlib import Path

import pytest
from behind_http import rows

from modelqa.core import extras
from modelqa.models import frames


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token of the surroundings is sent."""
    monkeypatch.delenv("MODELQA_MODEL_TOKEN", raising=False)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of MLflow's, as files."""
    from sklearn.linear_model import LogisticRegression

    mlflow = extras.load("mlflow.sklearn")
    infer = extras.load("mlflow.models").infer_signature
    folder = tmp_path_factory.mktemp("served") / "a model"
    data = rows()
    inputs = data[["age", "income"]]
    with frames.quiet():
        mlflow.save_model(
            LogisticRegression().fit(inputs, data["churned"]),
            folder,
            signature=infer(inputs, data["churned"]),
            pip_requirements=["scikit-learn"],
        )
    return folder
