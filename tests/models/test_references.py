"""`log_reference`: the profile of the training rows, found again from the model version."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import modelqa
from modelqa.core import extras
from modelqa.core.bound import Outcome
from modelqa.core.profile_file import TAG, loads
from modelqa.models import mlflow as found_by


def training(rows: int = 2000) -> pd.DataFrame:
    """Rows as the models of the store read them, with names that no one else may read."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "age": rng.normal(40, 10, rows),
            "income": rng.lognormal(3, 1, rows),
            "mail": [f"person{number}@example.com" for number in range(rows)],
        }
    )


def judged(model: str, uri: str, batch: pd.DataFrame, **keys: object) -> modelqa.SuiteResult:
    """A suite of one drift check that names no reference."""
    suite = modelqa.Suite("s", model=model, batch=batch, checks=[{"drift": "all", "max": 0.2}], **keys)
    return suite.run(tracking_uri=uri)


@pytest.fixture(params=["sqlite", pytest.param("server", marks=pytest.mark.slow)])
def registry(
    request: pytest.FixtureRequest, tmp_path: Path, store, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The tracking URI of a registry with one version of churn that nobody has logged a reference with."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    uri = f"sqlite:///{tmp_path / 'own.db'}"
    (tmp_path / "own.db").write_bytes((store.root / "store.db").read_bytes())
    if request.param == "sqlite":
        yield uri
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--port", str(port)]
    command += ["--artifacts-destination", str(tmp_path / "served"), "--workers", "1"]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    server = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(f"{address}/health", server)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(240):
        assert server.poll() is None, "the server stopped"
        try:
            urllib.request.urlopen(url, timeout=2)  # noqa: S310
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError("the server never answered")


def test_a_suite_without_a_reference_uses_the_logged_profile(registry: str) -> None:
    """Logged once, it is found from any name of the version; a moved batch is red, another is not."""
    address = modelqa.log_reference("models:/churn@champion", training(), tracking_uri=registry)
    assert address.startswith("runs:/")
    healthy = training(1500)
    moved = healthy.assign(age=healthy.age + 10)
    for name in ("models:/churn/1", "models:/churn@champion"):
        assert judged(name, registry, healthy).outcome is not Outcome.FAILED
        result = judged(name, registry, moved)
        red = [v.measurement.column for v in result.checks[0].verdicts if v.outcome is Outcome.FAILED]
        assert red == ["age"]
        assert result.subject.reference is not None
        assert result.subject.reference.rows == 2000


def test_the_model_itself_stays_what_it_was(registry: str) -> None:
    """Its digest is that of its own files, before and after."""
    before = found_by.find("models:/churn@champion", tracking_uri=registry).info.digest
    modelqa.log_reference("models:/churn@champion", training(), tracking_uri=registry)
    after = found_by.find("models:/churn@champion", tracking_uri=registry)
    assert (after.info.digest, TAG in after.tags) == (before, True)


def test_no_text_of_a_single_row_is_kept(registry: str) -> None:
    """What lies in the store names no person."""
    address = modelqa.log_reference("models:/churn/1", training(), tracking_uri=registry)
    download = extras.load("mlflow.artifacts").download_artifacts
    data = Path(download(artifact_uri=address, tracking_uri=registry)).read_bytes()
    mail = loads(data).columns["mail"].held
    assert mail is not None
    assert (mail.names, mail.others) == ((), 2000)


def test_a_model_that_was_just_logged_is_named_by_what_mlflow_returned(
    registry: str, store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`log_model` gives an object with a URI; a version that is registered later has the profile too."""

    class Logged:
        model_uri = f"models:/{store.model}"

    modelqa.log_reference(Logged(), training(), tracking_uri=registry)
    monkeypatch.setenv(
        "MLFLOW_TRACKING_URI", registry
    )  # which MLflow asks here, whatever its client was given
    client = extras.load("mlflow").MlflowClient(tracking_uri=registry)
    version = client.create_model_version("churn", Logged.model_uri, model_id=store.model)
    assert judged(f"models:/churn/{version.version}", registry, training(900)).outcome is not Outcome.ERRORED


def test_without_a_logged_profile_the_run_says_how_to_log_one(registry: str) -> None:
    """Nothing is green; the message names the function."""
    result = judged("models:/churn@challenger", registry, training(300))
    assert result.outcome is Outcome.ERRORED
    assert "modelqa.log_reference" in result.checks[0].reason


def test_files_of_a_run_hold_no_profile(registry: str, store) -> None:
    """A path that leads to no logged model cannot carry one, and the message says what can."""
    with pytest.raises(modelqa.SubjectError, match="models:/name/version"):
        modelqa.log_reference(f"runs:/{store.run}/elsewhere", training(9), tracking_uri=registry)
