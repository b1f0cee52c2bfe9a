"""Ledgers in SQLite, and in a PostgreSQL server of the distribution's that is started here."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgresql import Server, start


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
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty ledger."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed")
    made: Callable[[], str] = request.getfixturevalue("server").database
    return made()
