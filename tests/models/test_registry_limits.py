"""Registries that do not answer, refuse, or answer nonsense; and one that answers over HTTP."""

import gc
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conftest import Store, rows
from modelqa.core.patience import patiently
from modelqa.errors import NotFound, SubjectError
from modelqa.models import mlflow as models


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _silent() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield int(listening.getsockname()[1])


@contextmanager
def _server(answers: dict[str, tuple[int, str]]) -> Iterator[str]:
    """An HTTP server that answers each path with a status and a body, all others with 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.path.partition("?")[0].rpartition("api/2.0/")[2]
            status, body = answers.get(asked.removeprefix("mlflow/"), (404, "{}"))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Retry-After", "3600")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_refused_connection_says_which_setting_to_check():
    """A dead server is an error of ours that hides the password in its address."""
    where = f"http://me:secret@127.0.0.1:{_closed_port()}"
    with pytest.raises(SubjectError, match=r"cannot be reached.*--modelqa-tracking-uri") as caught:
        models.find("models:/churn@champion", tracking_uri=where, patience=3)
    assert "secret" not in str(caught.value)
    assert not isinstance(caught.value, NotFound)


def test_a_server_that_never_answers_is_given_up():
    """A connection that is accepted and then silent ends in the same error, within the patience."""
    with _silent() as port, pytest.raises(SubjectError, match=r"cannot be reached \(within 1 s\)"):
        models.find("models:/churn@champion", tracking_uri=f"http://127.0.0.1:{port}", patience=1)


def test_patience_ends_where_no_setting_of_mlflow_reaches():
    """Work that blocks for good is left behind."""
    blocked = threading.Event()
    with pytest.raises(TimeoutError):
        patiently(blocked.wait, seconds=0.01)
    blocked.set()


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, '{"error_code": "UNAUTHENTICATED", "message": "no token"}', "refused: .*no token"),
        (403, '{"error_code": "PERMISSION_DENIED", "message": "not yours"}', "refused: .*not yours"),
        (200, "<html>a proxy</html>", "refused|cannot be reached"),
        (503, "busy", "refused|cannot be reached"),
    ],
)
def test_a_registry_that_refuses_is_quoted(status: int, body: str, says: str):
    """What the server says goes into the error; a Retry-After of an hour is not waited for."""
    with (
        _server({"registered-models/get": (status, body)}) as where,
        pytest.raises(SubjectError, match=says) as caught,
    ):
        models.find("models:/churn@champion", tracking_uri=where, patience=3)
    assert not isinstance(caught.value, NotFound)


def _answers(store: Store, location: str) -> dict[str, tuple[int, str]]:
    """What a server says that has version 7 of churn, with its files at a location."""
    version = {"name": "churn", "version": "7", "source": f"models:/{store.model}"}
    model = {"registered_model": {"name": "churn", "aliases": [{"alias": "champion", "version": "7"}]}}
    return {
        "registered-models/get": (200, json.dumps(model)),
        "model-versions/get": (200, json.dumps({"model_version": version})),
        "model-versions/get-download-uri": (200, json.dumps({"artifact_uri": location})),
    }


def test_a_registry_over_http_resolves_and_loads(store: Store):
    """The same questions, over HTTP, lead to the same model."""
    with _server(_answers(store, _files(store).as_uri())) as where:
        found = models.find("models:/churn@champion", tracking_uri=where)
    assert (found.info.version, found.info.id) == ("7", store.model)
    assert found.load().predict(rows()).classes == (0, 1)


def test_remote_files_are_downloaded_and_removed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Files behind the server come to a temporary directory, which goes when nothing needs it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    name = "mlflow-artifacts/artifacts"
    answers = _answers(store, "mlflow-artifacts:/models/churn")
    text = [path for path in _files(store).iterdir() if path.suffix not in (".skops", "")]
    listed = [{"path": path.name, "is_dir": False, "file_size": path.stat().st_size} for path in text]
    mlmodel = (200, "flavors: {python_function: {loader_module: json}}")
    answers[name] = (
        200,
        json.dumps({"files": [*listed, {"path": "MLmodel", "is_dir": False, "file_size": 1}]}),
    )
    answers |= {f"{name}/models/churn/{path.name}": (200, path.read_text()) for path in text}
    with _server(answers | {f"{name}/models/churn/MLmodel": mlmodel}) as where:
        found = models.find("models:/churn@champion", tracking_uri=where)
    assert found.info.digest.startswith("sha256:")
    assert list(tmp_path.glob("modelqa-*/**/MLmodel"))
    del found
    gc.collect()
    assert not list(tmp_path.glob("modelqa-*"))


def test_files_that_cannot_be_downloaded_are_our_error(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A server that has the version but not its files: an error, and no leftovers."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with (
        _server(_answers(store, "mlflow-artifacts:/models/churn")) as where,
        pytest.raises(SubjectError, match="registry"),
    ):
        models.find("models:/churn@champion", tracking_uri=where)
    gc.collect()
    assert not list(tmp_path.glob("modelqa-*"))


def _files(store: Store) -> Path:
    return store.root / "files here" / "models" / store.model / "artifacts"


@pytest.mark.parametrize("text", ["ftp://x/y", "nonsense", "file:///nowhere/at/all"])
def test_an_odd_tracking_uri_is_our_error(text: str, apart):
    """Whatever stands in the setting, the error is ours and nothing is written."""
    with pytest.raises(SubjectError):
        models.find("models:/churn@champion", tracking_uri=text, patience=5)
    assert list(apart.iterdir()) == []
