"""A project in which batches arrive, with its ledger in SQLite or in PostgreSQL."""

from pathlib import Path

import pytest
from postgresql import empty, server
from watch_world import World

__all__ = ["both", "empty", "server", "world"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """With a ledger in SQLite."""
    return World(tmp_path)


@pytest.fixture
def both(empty: str, tmp_path: Path) -> World:
    """With a ledger in either."""
    return World(tmp_path, empty)
