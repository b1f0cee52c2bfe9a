"""Insert where there is nothing, or change what is there: the same words for both databases."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def add(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row whose key is not there yet; whether it was inserted."""
    made = _insert(connection, table).values(**row).on_conflict_do_nothing()
    return connection.execute(made).rowcount > 0


def put(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, or replace the one with the same primary key."""
    keys = [column.name for column in table.primary_key]
    rest = {key: value for key, value in row.items() if key not in keys}
    made = _insert(connection, table).values(**row)
    connection.execute(made.on_conflict_do_update(index_elements=keys, set_=rest))


def _insert(connection: Connection, table: Table) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
