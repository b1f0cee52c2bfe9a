"""A subject of files, whose every part has a digest: two models, a batch, a reference, labels apart."""

import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

import modelqa
from modelqa import Suite
from modelqa.core.extras import load
from modelqa.testing import make_batch

SUBJECT: dict[str, Any] = {
    "model": "model",
    "champion": "champion",
    "batch": "batch.parquet",
    "reference": "reference.parquet",
    "labels": "label",
    "key": "id",
}


def lay_out(folder: Path) -> None:
    """Write all files, and have them look as if they had been there for an hour."""
    save_models(folder)
    batch = make_batch(500)
    batch.to_parquet(folder / "batch.parquet")
    batch[["id", "label"]].to_csv(folder / "labels.csv", index=False)
    make_batch(800, seed=1).to_parquet(folder / "reference.parquet")
    for path in folder.rglob("*"):
        aged(path)


def save_models(folder: Path, *, steepness: float = 1.0) -> None:
    """Two regressions of the column ``signal``, in MLflow's form."""
    sklearn, linear = load("mlflow.sklearn"), load("sklearn.linear_model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _save(folder, sklearn, linear, steepness)


def _save(folder: Path, sklearn: Any, linear: Any, steepness: float) -> None:
    for name, power in (("model", 100.0 * steepness), ("champion", 0.01)):
        rows = make_batch(400, seed=3)
        fitted = linear.LogisticRegression(C=power).fit(rows[["signal"]], rows["label"])
        signature = load("mlflow.models").infer_signature(rows[["signal"]], fitted.predict(rows[["signal"]]))
        sklearn.save_model(fitted, str(folder / name), signature=signature, pip_requirements=["scikit-learn"])


def forget_passing_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what other tests wrote and loaded out of this process: nothing is kept beside such code."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and (not Path(file).exists() or Path(file).stat().st_mtime > modelqa.BEGAN - 2):
            monkeypatch.delitem(sys.modules, name)


def aged(path: Path, seconds: float = 3600.0) -> None:
    """Set the time of a file back."""
    os.utime(path, (time.time() - seconds,) * 2)


def suite(checks: list[dict[str, Any]], **keys: Any) -> Suite:
    """A suite over these files; None leaves a part out."""
    return Suite(keys.pop("name", "kept"), checks=checks, **{**SUBJECT, **keys})
