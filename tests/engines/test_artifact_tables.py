"""Tables among MLflow's artifacts: fetched by its client, from a store that is there."""

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from modelqa.engines import artifacts
from modelqa.engines.memory import open_table
from modelqa.errors import SubjectError


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A store with one run that logged a table: its address, and the run's id."""
    from modelqa.core import extras

    folder = tmp_path_factory.mktemp("store")
    mlflow = extras.load("mlflow")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    (folder / "rows.csv").write_text("x\n1\n2\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = mlflow.MlflowClient(tracking_uri=uri)
        experiment = client.create_experiment("tables", artifact_location=(folder / "files").as_uri())
        run = client.create_run(experiment)
        client.log_artifact(run.info.run_id, str(folder / "rows.csv"), "tables")
    return uri, run.info.run_id


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No store is set, and none lies in the working directory; none lies there afterwards."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.glob("ml*"))


def test_a_file_of_a_run_is_a_table(logged: tuple[str, str]):
    """With the file's own name; nothing of the copy is left."""
    uri, run = logged
    table = open_table(f"runs:/{run}/tables/rows.csv", tracking_uri=uri)
    assert table.column("x").values.tolist() == [1, 2]
    assert (table.info.name, table.rows) == ("rows.csv", 2)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("runs:/{run}/tables/gone.csv", "gone.csv: cannot be fetched from sqlite"),
        ("runs:/0123/tables/rows.csv", "cannot be fetched"),
        ("runs:/{run}/tables", "found 'no suffix'"),
        ("mlflow-artifacts:/1/rows.csv", "mlflow-artifacts:/1/rows.csv: cannot be fetched"),
    ],
)
def test_an_artifact_that_is_not_there_is_told(logged: tuple[str, str], source: str, says: str):
    """The address, the store, a code; no folder of this machine but the store's own."""
    uri, run = logged
    with pytest.raises(SubjectError, match=says) as caught:
        open_table(source.format(run=run), tracking_uri=uri)
    assert "modelqa-" not in str(caught.value)


def test_no_store_is_made(tmp_path: Path):
    """Without a tracking server, or with a file that is none, nothing is asked and nothing written."""
    with pytest.raises(SubjectError, match="no tracking server is set"):
        open_table("runs:/1/rows.csv")
    with closing(sqlite3.connect(tmp_path / "other.db")) as made:
        made.execute("create table x (y)")
    for name in ("other.db", "gone.db"):
        with pytest.raises(SubjectError, match="is no store of MLflow's"):
            open_table("runs:/1/rows.csv", tracking_uri=f"sqlite:///{tmp_path / name}")
    assert not (tmp_path / "gone.db").exists()


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch):
    """MLflow itself would try for minutes; passwords of its address stay untold."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        uri = f"http://me:secret-7@127.0.0.1:{server.getsockname()[1]}"
        with (
            pytest.raises(SubjectError, match="does not answer") as caught,
            artifacts.fetched("runs:/1/rows.csv", uri, patience=0.3),
        ):
            pass
    assert "secret" not in str(caught.value)
