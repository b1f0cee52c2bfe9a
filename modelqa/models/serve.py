"""`mlflow models serve` for a model's files: started on this machine, and stopped whatever happens.

The server runs in a session of its own, below a guard that ends the whole session as soon as its
standard input closes: when we close it, and when this process is gone, however it went.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO

from modelqa.core.subject import Endpoint, ModelInfo
from modelqa.errors import CallError, SubjectError
from modelqa.models.artifacts import Folder
from modelqa.models.found import Found
from modelqa.models.http import Served, reach
from modelqa.models.mlflow import inputs_of
from modelqa.wire import Wire

PATIENCE = 120.0
"""Seconds that a server may take until it answers: it imports MLflow and loads the model."""
_GLANCE = 0.1
_HOST = "127.0.0.1"
_ERROR = re.compile(r"^(?:(?:[a-z_]\w*\.)+([A-Z]\w*)|([A-Z]\w*(?:Error|Exception)))(?=:|$)", re.MULTILINE)
_SECRET = re.compile(r"MODELQA_\w*TOKEN")
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}
_GUARD = """
import os, signal, subprocess, sys, threading
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
def watch():
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)
threading.Thread(target=watch, daemon=True).start()
ended = server.wait()
os._exit(ended if ended >= 0 else 1)
"""


def start(found: Found, *, patience: float = PATIENCE) -> Served:
    """The model that was found, as a server on this machine answers for it.

    The server is MLflow's own, in this very environment (``--env-manager local``), on a free port of
    the loopback interface. It ends with `close`, with the result, and with this process.

    Raises `SubjectError` where the model is none of MLflow's, or its server ends, or does not answer
    within ``patience`` seconds.
    """
    if found.folder is None:
        raise SubjectError(
            f"{found.info}: only models of MLflow can be served; expected models:/name@alias, runs:/run/path "
            "or a model directory"
        )
    server = _Server(found.folder, found.info)
    try:
        server.wait(patience)
        served = reach(
            Endpoint(f"http://{_HOST}:{server.port}/invocations"),
            found.info,
            inputs_of(found.folder.path),
            stop=server.stop,
        )
    except BaseException:
        server.stop()
        raise
    return served


class _Server:
    """A guarded process, its port, and what it said to standard error."""

    def __init__(self, folder: Folder, info: ModelInfo) -> None:
        self.info = info
        self._keep = folder
        # Bound as long as the server lives: nobody else is then given this port for the asking.
        self._port = socket.socket()
        self._port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._port.bind((_HOST, 0))
        self.port: int = self._port.getsockname()[1]
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the server)
        self._process = subprocess.Popen(  # noqa: S603 (our own interpreter; the folder is an argument)
            [sys.executable, "-c", _GUARD, *_command(folder.path, self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            env=_environment(),
            start_new_session=True,
        )
        self._end = weakref.finalize(self, _ended, self._process, self._port, self._said)

    def wait(self, patience: float) -> None:
        """Wait until the server says that it is well."""
        due = time.monotonic() + patience
        while time.monotonic() < due:
            if self._process.poll() is not None:
                raise SubjectError(
                    f"{self.info}: its server ended{self._why()}; check that the model's requirements are "
                    "installed (requirements.txt among its files), and that `mlflow models serve` runs"
                )
            with suppress(SubjectError, CallError):
                wire = Wire(f"http://{_HOST}:{self.port}/health", patience=1.0)
                well = wire.get(wire.target, seconds=1.0).status == 200
                wire.close()
                if well:
                    return
            time.sleep(_GLANCE)
        raise SubjectError(f"{self.info}: its server does not answer within {patience:g} s{self._why()}")

    def stop(self) -> None:
        """End the server and all that it started."""
        self._end()

    def _why(self) -> str:
        """The type of the last error that the server told: its text may quote rows."""
        self._said.seek(0)
        told = _ERROR.findall(self._said.read().decode(errors="replace"))
        return f" ({''.join(told[-1])})" if told else ""


def _environment() -> dict[str, str]:
    """Ours without our secrets; MLflow's command finds the server's beside this interpreter."""
    around = {**_QUIET, **os.environ}
    kept = {key: value for key, value in around.items() if not _SECRET.fullmatch(key)}
    beside = str(Path(sys.executable).parent)
    return {**kept, "PATH": os.pathsep.join(filter(None, [beside, kept.get("PATH")]))}


def _command(folder: Path, port: int) -> list[str]:
    serve = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"]
    return [*serve, "--model-uri", str(folder), "--host", _HOST, "--port", str(port)]


def _ended(process: "subprocess.Popen[bytes]", port: socket.socket, said: IO[bytes]) -> None:
    """End a guarded session, whoever is in it."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    process.wait()
    port.close()
    said.close()
