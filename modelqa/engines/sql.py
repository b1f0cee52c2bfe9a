"""The rows that a query gives, through SQLAlchemy: read, never written, and no secret told."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from modelqa.core import extras
from modelqa.core.patience import PATIENCE, patiently
from modelqa.core.subject import Query
from modelqa.engines.files import Content
from modelqa.engines.rows import BLOCK, Rows
from modelqa.errors import SubjectError

_SAFE = re.compile(r'no such (?:table|column|function): [\w.]+|near "[^"]{1,40}": syntax error')
"""What SQLite says of a query's text; its other words, and other databases', may quote rows."""


def located(query: Query, root: Path) -> Query:
    """The same query, the file of an SQLite address taken from a folder where it is relative.

    >>> located(Query("SELECT 1", url="sqlite:///crm.db"), Path("/data")).url
    'sqlite:////data/crm.db'
    """
    head, mark, path = query.url.partition(":///")
    if not mark or not head.startswith("sqlite") or not path or path.startswith(("/", ":", "file:")):
        return query
    return replace(query, url=f"{head}:///{root / path}")


def read(query: Query, name: str, *, patience: float = PATIENCE) -> Content:
    """All rows of a query, with the types that the database gave them; the transaction is rolled back.

    Raises `SubjectError` where the address is none, its driver is missing, the database does not
    answer within ``patience`` seconds, or refuses. A query that runs may take its time.
    """
    import pyarrow as pa

    sqlalchemy = extras.load("sqlalchemy")
    engine, told = _engine(sqlalchemy, query.url, name)
    with _answered(told, patience):
        connect = engine.connect
        connection = connect() if engine.dialect.name == "sqlite" else patiently(connect, seconds=patience)
        with closing(connection):
            names, table = _fetched(connection, query.sql, told)
    return Content.of(table if table.num_columns else pa.table({one: pa.nulls(0) for one in names}))


def _fetched(connection: Any, written: str, told: str) -> tuple[list[str], Any]:
    """The names of a result's columns, and its rows. Nothing is ever committed."""
    # Sent as it is written: neither `:name` nor `%` is a parameter of anybody's.
    options = connection.execution_options(stream_results=True, no_parameters=True)
    result = options.exec_driver_sql(written)
    if not result.returns_rows:
        raise SubjectError(f"{told}: the query gives no rows; expected a SELECT")
    names = list(result.keys())
    _distinct(names, told)
    rows, seen = Rows(told), 0
    for block in result.partitions(BLOCK):
        columns = dict(zip(names, map(list, zip(*block, strict=True)), strict=True))
        rows.add(columns, range(seen + 1, seen + len(block) + 1))
        seen += len(block)
    return names, rows.table()


def _distinct(names: list[str], told: str) -> None:
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise SubjectError(
            f"{told}: column {', '.join(map(repr, twice))} occurs more than once; rename one with AS"
        )


def _engine(sqlalchemy: Any, url: str, name: str) -> tuple[Any, str]:
    """An engine that keeps no connection, and what messages call its database."""
    try:
        made = sqlalchemy.make_url(url)
        told = f"{name} ({made.get_backend_name()})"
        made = _read_only(made, told) if made.get_backend_name() == "sqlite" else made
        return sqlalchemy.create_engine(made, poolclass=sqlalchemy.pool.NullPool), told
    except ModuleNotFoundError as error:
        raise SubjectError(
            f"{told}: its driver needs the module {error.name!r}, which is not installed: pip install it"
        ) from None
    except sqlalchemy.exc.NoSuchModuleError:
        raise SubjectError(
            f"{told}: no installed package knows this kind of database; install its SQLAlchemy dialect"
        ) from None
    except (sqlalchemy.exc.ArgumentError, ValueError, TypeError):
        raise SubjectError(
            f"{name}: the url is no address that SQLAlchemy knows; expected "
            "dialect://user@host/database, such as postgresql://... or sqlite:///file.db"
        ) from None


def _read_only(url: Any, told: str) -> Any:
    """An SQLite file, opened for reading: a file that is not there would be made."""
    path = url.database
    if not path or path == ":memory:" or path.startswith("file:"):
        return url
    if not Path(path).is_file():
        raise SubjectError(f"{told}: {path}: no such file; check the path and the folder it is relative to")
    return url.set(database=f"file:{quote(str(Path(path).resolve()))}", query={"mode": "ro", "uri": "true"})


@contextmanager
def _answered(told: str, patience: float) -> Iterator[None]:
    """Turn what a driver raises into a `SubjectError`: by type and code, for its words may quote rows."""
    try:
        yield
    except SubjectError:
        raise
    except TimeoutError:
        raise SubjectError(
            f"{told}: no answer within {patience:g} s; check the host in the url, and the network"
        ) from None
    except Exception as error:
        cause = getattr(error, "orig", None) or error
        safe = _SAFE.search(str(cause)) if type(cause).__module__ == "sqlite3" else None
        code = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
        said = safe[0] if safe else type(cause).__name__ + (f" {code}" if code else "")
        raise SubjectError(
            f"{told}: the query cannot be answered ({said}); check the query, the url, "
            "and what its user may read"
        ) from None
