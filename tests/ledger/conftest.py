"""Ledgers in SQLite, and in a PostgreSQL server of the distribution's that is started here."""

import pytest
from postgresql import empty, server

__all__ = ["empty", "server", "url"]


@pytest.fixture
def url(empty: str) -> str:
    """The address of an empty ledger."""
    return empty
