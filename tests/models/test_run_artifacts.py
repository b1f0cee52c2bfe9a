"""What the run that made a model logged is found from the model's version."""

from pathlib import Path
from typing import Any

import pytest

from modelqa import Suite
from modelqa.core import extras
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult
from modelqa.errors import SubjectError
from modelqa.models import frames
from modelqa.models.mlflow import find
from modelqa.models.runs import _inside
from modelqa.testing import write_scalars

pytest.importorskip("tensorboard")


@pytest.fixture
def logged(store: Any, tmp_path: Path) -> Any:
    """The run of the store's models has logged a training, a folder down, among other things."""
    client = extras.load("mlflow").MlflowClient(tracking_uri=store.uri)
    folder = tmp_path / "board"
    write_scalars(folder / "train", {"epoch_loss": [0.9, 0.2]})
    write_scalars(folder / "validation", {"epoch_loss": [0.9, 0.3]})
    (folder / "notes.txt").write_text("tfevents are beside me")
    with frames.quiet():
        client.log_artifacts(store.run, str(folder), "tensorboard_logs/today")
    return store


def training(store: Any, model: str) -> CheckResult:
    """The last validation loss of the run that made a model."""
    check = {"training": "final", "tag": "validation/epoch_loss", "max": 0.35}
    return Suite("s", model=model, checks=[check]).run(tracking_uri=store.uri).checks[0]


@pytest.mark.parametrize(
    "model", ["models:/churn@champion", "models:/churn/2", "runs:/{run}/spend", "models:/{id}"]
)
def test_the_run_of_a_model_is_found(logged: Any, model: str) -> None:
    """By alias, version, run or id, neither batch nor path needed; the model is not loaded for it."""
    result = training(logged, model.format(run=logged.run, id=logged.model))
    assert result.outcome is Outcome.PASSED, result.message
    assert result.verdicts[0].measurement.estimate.value == pytest.approx(0.3)


def test_only_files_of_that_name_are_fetched(logged: Any) -> None:
    """They keep their folders, in one of ours."""
    fetch = find("models:/churn/1", tracking_uri=logged.uri).logged
    assert fetch is not None
    folder = fetch("tfevents")
    names = sorted(
        path.relative_to(folder.path).parent.as_posix() for path in folder.path.rglob("*") if path.is_file()
    )
    assert names == ["tensorboard_logs/today/train", "tensorboard_logs/today/validation"]


def test_a_run_without_such_files_says_so(logged: Any) -> None:
    """And what to do about it."""
    fetch = find("models:/churn/1", tracking_uri=logged.uri).logged
    assert fetch is not None
    with pytest.raises(SubjectError, match="has no artifact with 'nothing' in its name; log them"):
        fetch("nothing")


def test_a_run_with_too_many_folders_is_not_searched_for_ever(
    logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with a sentence."""
    monkeypatch.setattr("modelqa.models.runs.MOST_FOLDERS", 1)
    fetch = find("models:/churn/1", tracking_uri=logged.uri).logged
    assert fetch is not None
    with pytest.raises(SubjectError, match="too many artifacts to look through"):
        fetch("tfevents")


@pytest.mark.parametrize("name", ["../tfevents", "/etc/tfevents", "a/../../tfevents"])
def test_no_artifact_is_written_outside(name: str) -> None:
    """A server says the names."""
    with pytest.raises(SubjectError, match="leads out of it"):
        _inside(name)
