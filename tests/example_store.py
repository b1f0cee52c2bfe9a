"""Write the example subjects to disk: batches as files, models in a local SQLite MLflow store.

Run as a script, with the folder to fill, by the root ``conftest.py``: a process of its own keeps
MLflow's settings and everybody's imports out of the tests.
"""

import os
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

TRUSTED = ("numpy.dtype", "sklearn.tree._tree.Tree")
REQUIREMENTS = ("scikit-learn", "pandas", "skops")
SETTINGS = {
    # On a busy machine threads that wait for each other cost more than they save.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "GIT_PYTHON_REFRESH": "quiet",
}


def build_all(directory: Path, *, generation: str = "models") -> None:
    """Fill ``directory`` with ``data/*``, ``mlflow.db`` and ``artifacts/<generation>``.

    A store keeps the absolute paths of its models. So these are written where they will stay, under
    a generation of their own, while data and database are made aside and moved in when all is done.
    """
    aside, artifacts = directory / "building", directory / "artifacts" / generation
    for leftover in (aside, artifacts):
        shutil.rmtree(leftover, ignore_errors=True)
    (aside / "data").mkdir(parents=True)
    write_batches(aside / "data")
    register_models(aside / "mlflow.db", artifacts)
    (directory / "data").mkdir(exist_ok=True)
    for made in sorted((aside / "data").iterdir()):
        made.replace(directory / "data" / made.name)
    (aside / "mlflow.db").replace(directory / "mlflow.db")
    for old in artifacts.parent.iterdir():
        if old != artifacts:
            shutil.rmtree(old)
    shutil.rmtree(aside)


def write_batches(directory: Path) -> None:
    """Write the reference, the healthy batch and the damaged batch of every subject."""
    from factories import SUBJECTS

    for name, subject in SUBJECTS.items():
        train, batch = subject.frames()
        damaged = subject.damage(batch)
        if subject.labels_apart:
            batch[[subject.key, subject.label]].to_csv(directory / f"{name}-labels.csv", index=False)
            batch, damaged = batch.drop(columns=subject.label), damaged.drop(columns=subject.label)
        train.to_parquet(directory / f"{name}-train.parquet", index=False)
        damaged.to_parquet(directory / f"{name}-damaged.parquet", index=False)
        if subject.batch_suffix == "csv":
            batch.to_csv(directory / f"{name}.csv", index=False)
        else:
            batch.to_parquet(directory / f"{name}.parquet", index=False)


def register_models(database: Path, artifacts: Path) -> None:
    """Train champion, challenger and degraded model of every subject; register them by these aliases."""
    import mlflow
    from example_models import challengers, champions
    from factories import SUBJECTS

    from modelqa import log_reference

    mlflow.set_tracking_uri(f"sqlite:///{database}")
    mlflow.set_experiment(experiment_id=_experiment(mlflow.MlflowClient(), artifacts))
    simple, better, spoiled = champions(), challengers(), challengers()
    for name, subject in SUBJECTS.items():
        train, _ = subject.frames()
        for alias, estimator, rows in (
            ("champion", simple[name], train),
            ("challenger", better[name], train),
            ("degraded", spoiled[name], subject.spoil(train)),
        ):
            inputs = rows[subject.features(rows)]
            version = _register(
                name, alias, estimator.fit(inputs, rows[subject.label]), inputs, subject.label
            )
            log_reference(version, inputs, tracking_uri=mlflow.get_tracking_uri())


def _experiment(client: Any, artifacts: Path) -> str:
    """The experiment whose models lie under ``artifacts``."""
    return str(client.create_experiment("examples", artifact_location=artifacts.as_uri()))


def _register(name: str, alias: str, model: Any, inputs: Any, label: str) -> str:
    """Log a fitted model with its signature, and give it an alias; the URI of the version."""
    import mlflow
    import pandas as pd
    from mlflow.models import infer_signature

    client = mlflow.MlflowClient()
    shown = inputs.head(1000)  # enough to see every type, and a column's nulls
    logged = mlflow.sklearn.log_model(
        model,
        name=name,
        signature=infer_signature(shown, pd.DataFrame({label: model.predict(shown)})),
        pip_requirements=list(REQUIREMENTS),
        skops_trusted_types=list(TRUSTED),
    )
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    version = client.create_model_version(name, logged.model_uri, model_id=logged.model_id)
    client.set_registered_model_alias(name, alias, version.version)
    return f"models:/{name}/{version.version}"


if __name__ == "__main__":
    for setting, value in SETTINGS.items():
        os.environ.setdefault(setting, value)
    warnings.filterwarnings("ignore")
    build_all(Path(sys.argv[1]), generation=sys.argv[2])
