"""The ledger keeps all of a transaction or nothing, and only for whoever holds the lease."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from modelqa.errors import Fenced, LedgerError
from modelqa.ledger import Batch, Ledger, Work, address
from modelqa.ledger.migrations import MIGRATIONS
from modelqa.ledger.place import file_system
from modelqa.ledger.tables import metadata

BATCH = Batch("monday", suite="s", model="m", digest="d")


def test_a_batch_is_judged_once(url: str) -> None:
    """Claimed again after a crash, never judged again after a verdict."""
    with Ledger(url) as ledger:
        with ledger.writing() as work:
            assert work.claim(BATCH) == 1
        with ledger.writing() as work:
            assert work.claim(BATCH) == 1
            assert work.judged(BATCH, "{}")
        with ledger.writing() as work:
            assert work.claim(BATCH) is None
            assert not work.judged(BATCH, "{}")


def test_a_restated_batch_is_a_new_revision(url: str) -> None:
    """The same name with other rows is judged again, and the first verdict stays."""
    with Ledger(url) as ledger, ledger.writing() as work:
        work.claim(BATCH)
        work.judged(BATCH, "{}")
        again = Batch("monday", suite="s", model="m", digest="other")
        assert work.claim(again) == 2
        assert work.claim(Batch("tuesday", suite="s", model="m", digest="other")) == 1
        assert work.claim(BATCH) is None  # nothing else has a verdict


def test_content_that_comes_back_is_a_revision_of_its_own(url: str) -> None:
    """Once more for each time that other content was judged in between, and claimed again after a crash."""
    other = Batch("monday", suite="s", model="m", digest="other")
    with Ledger(url) as ledger:
        for revision, batch in enumerate((BATCH, other, BATCH, other, BATCH), start=1):
            for _ in range(2):
                with ledger.writing() as work:
                    assert work.claim(batch) == revision
            with ledger.writing() as work:
                assert work.judged(batch, str(revision))
                assert not work.judged(batch, "again")
                assert work.claim(batch) is None
        with ledger.writing() as work:
            assert work.earlier(BATCH) == ["1", "2", "3", "4"]


def test_any_number_of_cursors_is_forgotten_at_once(url: str) -> None:
    """More than a statement may name; the others stay."""
    with Ledger(url) as ledger, ledger.writing() as work:
        work.move("folder:1", "here")
        work.move("folder:2", "gone")
        work.forget([f"folder:{number}" for number in range(2, 40_000)])
        assert work.cursors("folder:") == {"1": "here"}


def _all_of_it(work: Work) -> None:
    assert work.claim(BATCH) == 1
    work.move("folder", "monday")
    work.enqueue("local", "f" * 40, "create", {"title": "t"})
    work.keep_process("auc", {"wealth": 1.5})


def test_result_cursor_process_and_outbox_are_written_together_or_not_at_all(url: str) -> None:
    """An error in between undoes all of it."""
    with Ledger(url) as ledger:
        with pytest.raises(ZeroDivisionError):  # noqa: PT012, SIM117 (after the writes)
            with ledger.writing() as work:
                _all_of_it(work)
                _ = 1 / 0
        with ledger.writing() as work:
            assert (work.cursor("folder"), work.process("auc"), work.pending("local")) == (None, None, [])
            _all_of_it(work)
        with ledger.writing() as work:
            assert (work.cursor("folder"), work.process("auc")) == ("monday", {"wealth": 1.5})
            (row,) = work.pending("local")
            assert (row.action, row.payload, row.attempt) == ("create", {"title": "t"}, 0)
            work.attempted([row])
            assert work.pending("local", "f" * 40)[0].attempt == 1
            work.sent([row])
            assert work.pending("local") == []


def test_an_effect_is_done_once(url: str) -> None:
    """Its answer is kept; one that failed was not done."""
    done: list[int] = []

    def effect() -> list[int]:
        done.append(1)
        return done

    def failing() -> None:
        raise ZeroDivisionError

    with Ledger(url) as ledger:
        with pytest.raises(ZeroDivisionError):
            ledger.once("key", failing)
        assert ledger.once("key", effect) == [1]
        assert ledger.once("key", effect) == [1]
        assert ledger.once("other", effect) == [1, 1]
    assert done == [1, 1]


def test_a_lease_has_one_holder_and_a_token_that_grows(url: str) -> None:
    """The next holder has a higher one."""
    with Ledger(url) as ledger:
        with (
            ledger.lease("watch") as first,
            pytest.raises(Fenced, match="holds the lease"),
            ledger.lease("watch"),
        ):
            pytest.fail("two holders")
        with ledger.lease("watch") as second:
            assert second.token > first.token


def test_whoever_lost_the_lease_writes_nothing(url: str) -> None:
    """Paused until it ran out and another took over, it is refused in its own transaction."""
    times = [100.0]
    with Ledger(url, now=lambda _: times[0]) as ledger, ledger.lease("watch", seconds=10) as old:
        with ledger.writing(old) as work:
            work.move("folder", "monday")
        times[0] = 111.0
        with pytest.raises(Fenced), ledger.writing(old) as work:
            work.move("folder", "expired")
        with ledger.lease("watch", seconds=10) as new:
            with pytest.raises(Fenced), ledger.writing(old) as work:
                work.move("folder", "stale")
            with pytest.raises(Fenced):
                ledger.renew(old)
            with ledger.writing(new) as work:
                assert work.cursor("folder") == "monday"
            ledger.renew(new, seconds=100)
            times[0] = 150.0
            with ledger.writing(new) as work:
                work.move("folder", "tuesday")


def _race(url: str, number_of_batches: int) -> list[int]:
    """The batches that one of two writers judged, as often as one did."""
    won: list[int] = []

    def watch() -> None:
        with Ledger(url) as ledger:
            for number in range(number_of_batches):
                batch = Batch(str(number), suite="s", model="m", digest="d")
                with ledger.writing() as work:
                    if work.claim(batch) is not None and work.judged(batch, "{}"):
                        won.append(number)

    threads = [threading.Thread(target=watch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(won)


def test_of_two_writers_that_race_each_batch_has_one(url: str) -> None:
    """No batch is judged twice, whoever comes first; both may make the ledger."""
    assert _race(url, 25) == list(range(25))


@pytest.mark.slow
def test_five_hundred_races(url: str) -> None:
    """No double commit."""
    assert _race(url, 500) == list(range(500))


def test_the_time_is_the_databases(url: str) -> None:
    """It goes on, and it is seconds since 1970."""
    with Ledger(url) as ledger:
        first, second = ledger.now(), ledger.now()
    assert 1_700_000_000 < first <= second < 10_000_000_000


def test_the_tables_are_what_the_migrations_leave(url: str) -> None:
    """Whoever changes a table writes a migration."""
    with Ledger(url):
        pass
    engine = create_engine(url)
    found = {
        name: {column["name"] for column in inspect(engine).get_columns(name)}
        for name in inspect(engine).get_table_names()
    }
    engine.dispose()
    assert found == {
        table.name: {column.name for column in table.columns} for table in metadata.sorted_tables
    }


def _more(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE modelqa_cursors ADD COLUMN note TEXT"))


def _dying(connection: Connection) -> None:
    _more(connection)
    raise KeyboardInterrupt


def test_an_older_ledger_is_migrated_and_a_newer_one_refused(url: str) -> None:
    """Forward only, and what was in there stays."""
    with Ledger(url) as ledger, ledger.writing() as work:
        work.move("folder", "monday")
    with Ledger(url, migrations=[*MIGRATIONS, _more]) as ledger, ledger.writing() as work:
        assert work.cursor("folder") == "monday"
    with pytest.raises(LedgerError, match="schema version 2, and this modelqa knows versions up to 1"):
        Ledger(url)


def test_a_migration_that_dies_is_made_again(url: str) -> None:
    """Change and version number are one transaction."""
    with Ledger(url):
        pass
    with pytest.raises(KeyboardInterrupt):
        Ledger(url, migrations=[*MIGRATIONS, _dying])
    with Ledger(url), Ledger(url, migrations=[*MIGRATIONS, _more]) as ledger:
        assert ledger.now()


@pytest.mark.parametrize("wrong", ["mysql://x/y", "nonsense", "sqlite://"])
def test_an_address_that_is_none_is_said(wrong: str) -> None:
    """With what is expected, and without what was written: it may hold a password."""
    with pytest.raises(LedgerError, match=r"expected sqlite:///PATH or postgresql://"):
        Ledger(wrong)


def test_a_file_that_is_no_ledger_is_said(tmp_path: Path) -> None:
    """Without the words of the database."""
    (tmp_path / "ledger.db").write_text("no database, but long enough to be looked at " * 40)
    with pytest.raises(LedgerError, match="cannot be read or written"):
        Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's locks do not hold there."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"disk / ext4 rw 0 0\nhost:/x {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr("modelqa.ledger.place._MOUNTS", mounts)
    with pytest.raises(LedgerError, match=r"network file system \(nfs4\)"):
        Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    assert file_system(Path("/data2/x"), ["host:/x /data nfs rw 0 0", "disk / ext4 rw"]) == "ext4"


def test_the_address_comes_from_the_environment_or_the_project() -> None:
    """One variable."""
    assert address({}, Path("/repo")) == "sqlite:////repo/.modelqa/ledger.db"
    assert address({"MODELQA_LEDGER": "postgresql://db/x"}, Path("/repo")) == "postgresql://db/x"
