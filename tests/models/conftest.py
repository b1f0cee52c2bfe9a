"""A real MLflow store on SQLite, built once a session, and a working directory apart from it."""

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from modelqa.core import extras
from modelqa.models import frames


@dataclass(frozen=True)
class Store:
    """Where the store is, and the ids of what it holds."""

    uri: str
    root: Path
    run: str
    model: str


def rows(count: int = 60) -> pd.DataFrame:
    """Rows with two real columns and a label that follows them."""
    age = pd.Series(range(count), dtype="float64")
    return pd.DataFrame({"age": age, "income": (age * 7) % 11, "churned": (age > count / 2).astype("int64")})


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two versions of churn (champion, challenger), a regressor, and a pyfunc."""
    root = tmp_path_factory.mktemp("store")
    before = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW_")}
    mlflow = extras.load("mlflow")
    try:
        with frames.quiet():
            return _built(mlflow, root)
    finally:
        mlflow.set_tracking_uri(None)
        for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
            del os.environ[name]
        os.environ.update(before)


def _built(mlflow, root: Path) -> Store:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LinearRegression, LogisticRegression

    uri = f"sqlite:///{root / 'store.db'}"
    mlflow.set_tracking_uri(uri)
    experiment = mlflow.create_experiment("models", artifact_location=(root / "files here").as_uri())
    mlflow.set_experiment(experiment_id=experiment)
    data = rows()
    inputs, label = data[["age", "income"]], data["churned"]
    client = mlflow.MlflowClient()
    with mlflow.start_run() as run:
        first = _log(mlflow, LogisticRegression().fit(inputs, label), "churn", inputs)
        forest = RandomForestClassifier(5, random_state=0).fit(inputs, label)
        second = _log(mlflow, forest, "forest", inputs)
        _log(mlflow, LinearRegression().fit(inputs, label), "spend", inputs)
        mlflow.pyfunc.log_model(
            name="shares", python_model=Shares(), pip_requirements=["pandas"], signature=_signature(inputs)
        )
    client.create_registered_model("churn")
    for logged, alias in ((first, "champion"), (second, "challenger")):
        version = client.create_model_version("churn", logged.model_uri, model_id=logged.model_id)
        client.set_registered_model_alias("churn", alias, version.version)
    client.set_model_version_tag("churn", "1", "team", "growth")
    client.create_registered_model("empty")
    return Store(uri, root, run.info.run_id, first.model_id)


def _signature(inputs: pd.DataFrame):
    from mlflow.models import infer_signature

    return infer_signature(inputs, pd.DataFrame({"churned": [0, 1]}))


def _log(mlflow, model, name: str, inputs: pd.DataFrame):
    return mlflow.sklearn.log_model(
        model,
        name=name,
        signature=_signature(inputs),
        pip_requirements=["scikit-learn"],
        skops_trusted_types=["sklearn.tree._tree.Tree", "numpy.dtype"],
    )


def _shares_class():
    pyfunc = extras.load("mlflow.pyfunc")

    class Shares(pyfunc.PythonModel):
        """Probabilities as a frame whose columns are the classes."""

        def predict(self, context, model_input: pd.DataFrame, params=None) -> pd.DataFrame:
            share = (model_input["age"] > 30).astype("float64")
            return pd.DataFrame({"no": 1 - share, "yes": share})

    return Shares


def Shares():
    """A pyfunc of a class that cloudpickle takes by value."""
    return _shares_class()()


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and no registry set around the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path
