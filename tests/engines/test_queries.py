"""Rows of a database: read with their types, never written, and no secret told."""

import contextlib
import datetime as dt
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from modelqa.core.subject import Query
from modelqa.engines import sql
from modelqa.engines.memory import open_table
from modelqa.engines.rows import Rows
from modelqa.errors import SubjectError


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A small database with a name that has to be quoted."""
    path = tmp_path / "cr m#.db"
    with contextlib.closing(sqlite3.connect(path)) as made:
        made.execute("create table churn (id integer, income real, plan text, note text)")
        rows = [(n, n / 2, ["basic", None][n % 2], "50% :off") for n in range(5)]
        made.executemany("insert into churn values (?, ?, ?, ?)", rows)
        made.execute("create table odd (x integer)")
        made.executemany("insert into odd values (?)", [(1,), (None,), ("secret-7",)])
        made.commit()
    return path


def _open(path: Path, query: str, **options: str):
    return open_table(Query(query, url=f"sqlite:///{path}"), **options)


def test_a_query_is_a_table(database: Path):
    """Columns by name, in order, with the types that the database gave."""
    table = _open(database, "SELECT id, income, plan FROM churn ORDER BY id", name="batch")
    assert [str(kind) for kind in table.kinds.values()] == ["integer", "float", "text"]
    assert table.column("income").values.tolist() == [0, 0.5, 1, 1.5, 2]
    assert table.column("plan").missing.tolist() == [False, True, False, True, False]
    assert (table.info.name, table.rows) == ("batch", 5)


def test_the_text_of_a_query_is_sent_as_it_is(database: Path):
    """Neither a percent sign nor a colon is a parameter."""
    assert _open(database, "SELECT id FROM churn WHERE note LIKE '50% :off' -- :x %s").rows == 5


def test_blocks_make_one_table(database: Path, monkeypatch: pytest.MonkeyPatch):
    """Rows beyond a block, and types that only later rows show."""
    monkeypatch.setattr(sql, "BLOCK", 2)
    table = _open(
        database, "SELECT id, CASE WHEN id > 2 THEN id + 0.5 ELSE NULL END x FROM churn ORDER BY id"
    )
    assert table.column("id").values.tolist() == [0, 1, 2, 3, 4]
    assert table.column("x").missing.tolist() == [True, True, True, False, False]


def test_no_rows_are_a_table_with_columns(database: Path):
    """Whether no rows are an error is for the run to say."""
    table = _open(database, "SELECT id, plan FROM churn WHERE id > 99")
    assert (table.rows, list(table.kinds)) == (0, ["id", "plan"])


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT x FROM odd", "row 3: column 'x' holds text, and numbers before"),
        ("SELECT id, id FROM churn", "column 'id' occurs more than once; rename one with AS"),
        ("SELECT * FROM churns", r"cannot be answered \(no such table: churns\)"),
        ("SELECT secrets FROM churn", r"\(no such column: secrets\)"),
        ("SELEC 1", r'\(near "SELEC": syntax error\)'),
        ("SELECT json('secret-7')", r"\(OperationalError\)"),
        ("DELETE FROM churn", r"\(OperationalError\)"),
        ("CREATE TABLE new (x)", r"\(OperationalError\)"),
        ("SELECT 1; SELECT 2", r"ProgrammingError|Warning"),
    ],
)
def test_a_query_that_gives_no_table_says_why(database: Path, query: str, says: str):
    """Mixed types, names that are not there, writing: the reason, and no values."""
    with pytest.raises(SubjectError, match=says) as caught:
        _open(database, query, name="batch")
    assert "secret-7" not in str(caught.value)
    assert "batch (sqlite)" in str(caught.value)
    assert _open(database, "SELECT * FROM churn").rows == 5


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path):
    """SQLite would make an empty file; it stays away."""
    with pytest.raises(SubjectError, match=r"crm\.db: no such file"):
        _open(tmp_path / "crm.db", "SELECT 1")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("not a url secret-7", "the url is no address"),
        ("oddbase://me:secret-7@host/db", r"rows \(oddbase\): no installed package knows this kind"),
        (
            "oracle+cx_oracle://me:secret-7@host/db",
            r"rows \(oracle\): its driver needs the module 'cx_Oracle'",
        ),
        ("postgresql://me:secret-7@host:port/db", "the url is no address"),
    ],
)
def test_an_address_that_cannot_be_used_keeps_its_secret(url: str, says: str):
    """What is wrong with it, and neither user nor password."""
    with pytest.raises(SubjectError, match=says) as caught:
        open_table(Query("SELECT 1", url=url), name="rows")
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(Query("SELECT 1", url=url))
    assert caught.value.__cause__ is None


def test_a_relative_database_starts_at_the_root():
    """As paths do; an address of a server has no folder."""
    root = Path("/data")
    for given, found in {
        "sqlite:///a.db": "sqlite:////data/a.db",
        "sqlite+pysqlite:///a.db": "sqlite+pysqlite:////data/a.db",
        "sqlite:////b/a.db": "sqlite:////b/a.db",
        "sqlite:///:memory:": "sqlite:///:memory:",
        "sqlite://": "sqlite://",
        "postgresql:///db": "postgresql:///db",
    }.items():
        assert sql.located(Query("SELECT 1", url=given), root).url == found


class Server(SQLiteDialect_pysqlite):
    """A dialect whose host ``now`` answers, and any other does not in time."""

    name = "server"
    supports_statement_cache = True

    def create_connect_args(self, url):
        return [url.host], {}

    def connect(self, host: str):
        if host != "now":
            threading.Event().wait(1)
            raise sqlite3.OperationalError("secret-7")
        return sqlite3.connect(":memory:", check_same_thread=False)


@pytest.fixture
def _server() -> Iterator[None]:
    registry.register("server", __name__, "Server")
    yield
    registry.impls.pop("server", None)


@pytest.mark.usefixtures("_server")
def test_a_server_that_does_not_answer_is_given_up():
    """After as long as was granted; one that answers may take its time with the query."""
    found = sql.read(Query("SELECT 1 AS x", url="server://me:secret-7@now/db"), "batch", patience=5)
    assert found.read(["x"]).to_pylist() == [{"x": 1}]
    with pytest.raises(SubjectError, match=r"batch \(server\): no answer within 0\.2 s") as caught:
        sql.read(Query("SELECT 1", url="server://me:secret-7@never/db"), "batch", patience=0.2)
    assert "secret" not in str(caught.value)


def test_values_of_drivers_become_columns():
    """Exact decimals, ids, bytes, times; a whole number among decimals fits."""
    one = uuid.UUID(int=7)
    rows = Rows("rows")
    rows.add(
        {
            "d": [Decimal("1.50"), 2, None],
            "u": [one, None, one],
            "t": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC), None, None],
            "b": [b"x", None, None],
            "big": [2**63, None, 1],
        },
        range(1, 4),
    )
    table = open_table(rows.table())
    assert table.column("d").values[:2].tolist() == [1.5, 2.0]
    assert table.column("u").categories == (str(one),)
    assert table.column("t").values[0] == 1_767_225_600_000_000
    assert table.column("big").values[0] == 2**63
    with pytest.raises(SubjectError, match=r"row 5: column 't' holds date.* and timestamp"):
        rows.add({"t": [dt.date(2026, 1, 1)]}, [5])
