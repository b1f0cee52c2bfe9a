"""A project in which batches arrive, with its ledger in SQLite or in PostgreSQL."""

from collections.abc import Callable
from pathlib import Path

import pytest
from postgresql import server
from watch_world import World

__all__ = ["both", "server", "world"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """With a ledger in SQLite."""
    return World(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """With a ledger in either."""
    if request.param == "sqlite":
        return World(tmp_path)
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed")
    made: Callable[[], str] = request.getfixturevalue("server").database
    return World(tmp_path, made())
