"""Rows arrive in a table: those beyond the last batch's are the next one."""

import datetime as dt
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from watch_world import World, told

from modelqa.core.subject import Query
from modelqa.engines import sql
from modelqa.errors import SubjectError
from modelqa.watch.tables import Rows, literal

Say = Callable[[str], None]


@pytest.fixture
def database(empty: str) -> str:
    """The address of an empty database."""
    return empty


@pytest.fixture
def say(database: str) -> Say:
    """Run a statement in it."""

    def run(statement: str) -> None:
        engine = create_engine(database)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    run("CREATE TABLE scored (id INTEGER, at TIMESTAMP, x FLOAT)")
    return run


def test_rows_are_judged_once_by_a_key_that_is_counted_up(world: World, database: str, say: Say) -> None:
    """No rows are no batch; new ones are the next."""
    world.source = Rows(database, "scored", "id", world.root)
    assert world.look() == []
    say("INSERT INTO scored VALUES (1, NULL, 1.0), (2, NULL, 2.0)")
    assert world.judged() == {"scored up to 2": "passed"}
    assert world.look() == []
    say("INSERT INTO scored VALUES (3, NULL, 1.0), (7, NULL, -2.0)")
    assert world.judged() == {"scored 2 to 7": "failed"}
    assert [result.subject.batch.rows for _, _, result in world.results()] == [2, 2]  # type: ignore[union-attr]


def test_a_batch_is_had_again_by_its_select(world: World, database: str, say: Say) -> None:
    """What its result tells as its source gives the same rows, and no others."""
    world.source = Rows(database, "scored", "id", world.root)
    say("INSERT INTO scored VALUES (1, NULL, 1.0), (2, NULL, 2.0)")
    world.look()
    say("INSERT INTO scored VALUES (3, NULL, 5.0), (7, NULL, 6.0)")
    world.look()
    say("INSERT INTO scored VALUES (8, NULL, 7.0)")
    batch = world.results()[-1][2].subject.batch
    assert batch is not None
    content = sql.read(sql.located(Query(batch.source, url=database), world.root), "again")
    assert content.read(["x"]).column(0).to_pylist() == [5.0, 6.0]


def test_rows_are_judged_once_by_the_time_of_their_coming(world: World, database: str, say: Say) -> None:
    """To the microsecond; a query narrows what is looked at."""
    world.source = Rows(database, "SELECT at, x FROM scored WHERE id > 0;", "at", world.root)
    for number in range(3):
        moment = f"'2026-11-01 10:00:00.00000{number}'"
        say(" ".join(["INSERT INTO scored VALUES", f"(1, {moment}, {number}), (0, {moment}, -1)"]))
        assert list(world.judged().values()) == ["passed"]
        assert world.look() == []
    assert [result.subject.batch.rows for _, _, result in world.results()] == [1, 1, 1]  # type: ignore[union-attr]


def test_a_batch_reaches_as_far_as_it_did_when_it_was_first_seen(
    world: World, database: str, say: Say
) -> None:
    """What is written while it settles goes into the next one."""
    now = [0.0]
    world.clock = lambda: now[0]
    world.source = Rows(database, "scored", "id", world.root)
    seen: list[object] = []
    with world.ledger() as ledger:
        watcher = world.watcher(ledger, settle=30.0)
        for number in range(1, 4):
            say(" ".join(["INSERT INTO scored VALUES", f"({number}, NULL, 1.0)"]))
            watcher.look(seen.append)
            now[0] += 20.0
        watcher.look(seen.append)
        now[0] += 31.0
        watcher.look(seen.append)
    names = [each.run.result.subject.batch.name for each in seen]  # type: ignore[attr-defined]
    assert names == ["scored up to 1", "scored 1 to 3"]


def test_two_queries_of_one_suite_are_two_places(world: World, database: str, say: Say) -> None:
    """One is not read to where the other is; a password that changes is no other place."""
    say("INSERT INTO scored VALUES (1, NULL, 1.0), (2, NULL, 2.0)")
    for query in ("SELECT * FROM scored WHERE id <= 1", "SELECT * FROM scored WHERE id <= 2"):
        world.source = Rows(database, query, "id", world.root)
        assert list(world.judged().values()) == ["passed"]
    keys = {Rows(f"postgresql://me:{word}@db/shop", "t", "id", world.root).key for word in ("a", "b")}
    assert keys == {"postgresql://db/shop t id"}


def test_a_database_that_does_not_answer_is_told(world: World) -> None:
    """And asked again at the next look."""
    world.source = Rows("sqlite:///gone.db", "scored", "id", world.root)
    assert [line for line in told(world.look()) if "no such file" in line]
    with sqlite3.connect(world.root / "gone.db") as made:
        made.execute("CREATE TABLE scored AS SELECT 1 AS id, 1.0 AS x")
    made.close()
    assert world.judged() == {"scored up to 1": "passed"}


@pytest.mark.parametrize("cursor", ["id; DROP TABLE scored", "a b", "", "1"])
def test_a_column_with_an_odd_name_is_refused(cursor: str, tmp_path: Path) -> None:
    """It is given a plain one in the query."""
    with pytest.raises(SubjectError, match="give it one in the query, with AS"):
        Rows("sqlite:///x.db", "scored", cursor, tmp_path)


@given(
    st.one_of(
        st.integers(-(2**60), 2**60),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
        st.decimals(-1000, 1000, places=3),
        st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2200, 1, 1)),
        st.dates(dt.date(1970, 1, 1)),
    )
)
def test_a_cursors_value_survives_being_written_as_sql(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    """Whatever its type and its characters are."""
    path = tmp_path_factory.getbasetemp() / "literals.db"
    sqlite3.connect(path).close()
    asked = Query(f"SELECT {literal(value)} AS v", url=f"sqlite:///{path}")
    (found,) = sql.read(asked, "x").read(["v"]).column(0).to_pylist()
    if isinstance(value, Decimal):
        assert float(found) == float(value)
    elif isinstance(value, dt.date):
        assert type(value).fromisoformat(found) == value
    else:
        assert found == value


@pytest.mark.parametrize("value", [True, b"x"])
def test_a_column_that_cannot_grow_is_refused(value: object) -> None:
    """A truth value, or bytes."""
    with pytest.raises(SubjectError, match="does not grow"):
        literal(value)
