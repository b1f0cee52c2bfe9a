"""The schema, version by version: each migration and the number that says it is done are one transaction."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine, insert, inspect, select, text, update

from modelqa.errors import LedgerError
from modelqa.ledger import tables

Migration = Callable[[Connection], None]
_LOCK = 6_835_171_001
"""Only one process migrates a PostgreSQL database at a time; SQLite's writers exclude each other anyway."""


def _first(connection: Connection) -> None:
    tables.metadata.create_all(connection)


MIGRATIONS: Sequence[Migration] = (_first,)
"""Forward only. A later one spells out its own DDL, and then so does the first."""


def migrate(engine: Engine, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a database to the newest version; killed in between, the next call goes on from there.

    Raises `LedgerError` where a newer modelqa has written it.
    """
    while True:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            done = version(connection)
            if done > len(migrations):
                raise LedgerError(
                    f"the ledger has schema version {done}, and this modelqa knows versions up to "
                    f"{len(migrations)}: a newer modelqa has written it, so update this one"
                )
            if done == len(migrations):
                return
            migrations[done](connection)
            connection.execute(update(tables.schema).values(version=done + 1))


def version(connection: Connection) -> int:
    """How many migrations a database has seen; an empty one gets its counter."""
    if not inspect(connection).has_table(tables.schema.name):
        tables.schema.create(connection)
        connection.execute(insert(tables.schema).values(version=0))
    return int(connection.execute(select(tables.schema.c.version)).scalar_one())
