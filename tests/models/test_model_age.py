"""When a model was made, and what is said of it, by its version, its logged model, its run or its files."""

import time
from pathlib import Path

import pytest

from modelqa import Suite
from modelqa.core import extras
from modelqa.models import frames, mlflow


@pytest.mark.parametrize("uri", ["models:/churn@champion", "models:/{model}", "runs:/{run}/churn"])
def test_a_model_says_when_it_was_made(store, uri: str) -> None:
    """Minutes ago, whichever way it is named, though its version is younger than its files."""
    found = mlflow.find(uri.format(model=store.model, run=store.run), tracking_uri=store.uri)
    assert found.created is not None
    assert 0 < time.time() - found.created < 3600


def test_a_folder_says_it_too(store, tmp_path: Path) -> None:
    """By its MLmodel file, to the microsecond."""
    found = mlflow.find("models:/churn@champion", tracking_uri=store.uri)
    assert found.folder is not None
    alone = mlflow.find_directory(found.folder.path)
    assert alone.created == pytest.approx(found.created, abs=60)
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: x}}\n")
    assert mlflow.find_directory(tmp_path).created is None


def test_what_is_said_of_a_model_is_its_versions_first(store) -> None:
    """Then its logged model's tags, then its parameters."""
    handle = extras.load("mlflow")
    with frames.quiet():
        client = handle.MlflowClient(tracking_uri=store.uri)
        client.log_model_params(store.model, {"data_until": "2026-01-01", "depth": "3"})
        client.set_logged_model_tags(store.model, {"data_until": "2026-01-02", "owner": "a"})
        client.set_model_version_tag("churn", "1", "owner", "b")
    tags = mlflow.find("models:/churn/1", tracking_uri=store.uri).tags
    assert (tags["depth"], tags["data_until"], tags["owner"]) == ("3", "2026-01-02", "b")


def test_a_version_grows_stale(store) -> None:
    """By the clock of the run; the age of its data by a tag."""
    with frames.quiet():
        client = extras.load("mlflow").MlflowClient(tracking_uri=store.uri)
        client.set_model_version_tag("churn", "2", "until", "2026-02-01")
    checks = [
        {"staleness": "model", "max": "30 d"},
        {"staleness": "data", "tag": "until", "max": "36500 d"},
    ]
    suite = Suite("old", model="models:/churn/2", checks=checks)
    told = [check.outcome for check in suite.run(tracking_uri=store.uri).checks]
    later = suite.run(tracking_uri=store.uri, now=lambda: time.time() + 31 * 86400)
    assert (told, later.checks[0].outcome) == (["passed", "passed"], "failed")
