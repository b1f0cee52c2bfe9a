"""Ledgers in SQLite, and in a PostgreSQL server of the distribution's that is started here."""

from collections.abc import Callable
from pathlib import Path

import pytest
from postgresql import server

__all__ = ["server", "url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty ledger."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed")
    made: Callable[[], str] = request.getfixturevalue("server").database
    return made()
