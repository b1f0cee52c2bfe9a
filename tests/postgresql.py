"""A PostgreSQL server from the distribution's packages, on a socket in a folder of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


@dataclass
class Server:
    """A running server."""

    folder: Path
    programs: Path
    _number: Any = field(default_factory=lambda: count(1))

    def run(self, program: str, *arguments: str) -> None:
        """Run one of its programs as the server's user. Raises ``subprocess.SubprocessError`` or OSError."""
        subprocess.run(
            [str(self.programs / program), *arguments],
            check=True, capture_output=True, timeout=120, cwd=self.folder, **_who(),
        )  # fmt: skip

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"ledger{next(self._number)}"
        self.run("createdb", "-h", str(self.folder), "-U", "modelqa", name)
        return f"postgresql://modelqa@/{name}?host={self.folder}"

    def stop(self) -> None:
        """Stop it at once; its data are thrown away."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")


def start(folder: Path) -> Server:
    """Make and start a server that listens on no port. Raises OSError where it is not installed."""
    found = shutil.which("pg_ctl")
    programs = PLACES[0] if PLACES else Path(found).parent if found else None
    if programs is None:
        raise FileNotFoundError("pg_ctl is not installed (apt-get install postgresql)")
    if "user" in _who():
        shutil.chown(folder, user=_who()["user"])
    server = Server(folder, programs)
    server.run("initdb", "-D", str(folder / "data"), "-U", "modelqa", "-A", "trust", "-N", "-E", "UTF8")
    options = f"-c listen_addresses='' -k {folder} -c max_connections=50"
    server.run("pg_ctl", "-D", str(folder / "data"), "-o", options, "-l", str(folder / "log"), "-w", "start")
    return server


def _who() -> dict[str, Any]:
    """The server refuses to run as root: then as the user that its package made."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise FileNotFoundError("it does not run as root, and there is no user postgres") from None
    return {"user": user.pw_name, "group": user.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server of one test session; skipped where there is none to start."""
    folder = Path(tempfile.mkdtemp(prefix="mq", dir="/tmp"))
    try:
        running = start(folder)
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL cannot be started here: {error}")
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed")
    made: Callable[[], str] = request.getfixturevalue("server").database
    return made()
