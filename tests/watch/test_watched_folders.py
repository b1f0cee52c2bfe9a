"""Files arrive in a folder: each is judged once, when it is whole, and again when it was restated."""

import os
import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from watch_world import World, outcomes, put, subject, told

from modelqa.errors import SubjectError
from modelqa.watch.arrivals import State
from modelqa.watch.folders import Folder
from modelqa.watch.plan import Held
from modelqa.watch.whole import NO_MORE, flaw


def test_each_batch_is_judged_once_in_the_order_of_names(both: World) -> None:
    """Numbers count as numbers; what was judged is not judged again by the next watcher."""
    for day in (9, 10, 2):
        put(both.new / f"day-{day}.parquet", [1.0, 2.0])
    put(both.new / "day-11.parquet", [1.0, -2.0])
    assert list(both.judged().items()) == [
        ("new/day-2.parquet", "passed"),
        ("new/day-9.parquet", "passed"),
        ("new/day-10.parquet", "passed"),
        ("new/day-11.parquet", "failed"),
    ]
    assert both.look() == []
    assert [(name, revision) for name, revision, _ in both.results()] == [
        (f"new/day-{day}.parquet", 1) for day in (2, 9, 10, 11)
    ]


def test_two_red_batches_of_three_open_a_ticket_and_three_clean_ones_close_it(both: World) -> None:
    """The relay is told in the same look; one alone may be a flap."""
    put(both.new / "0.parquet", [-1.0])
    assert not [line for line in told(both.look()) if "ticket" in line]
    put(both.new / "1.parquet", [-1.0])
    assert [line for line in told(both.look()) if "ticket (local #1) open" in line]
    for day in (2, 3, 4):
        put(both.new / f"{day}.parquet", [float(day)])
        last = told(both.look())
    assert [line for line in last if "ticket (local #1) closed" in line]


def test_a_restated_batch_is_a_new_revision_and_the_first_verdict_stays(both: World) -> None:
    """A hundred of a hundred."""
    for number in range(100):
        put(both.new / f"{number}.parquet", [float(number)])
    assert set(both.judged().values()) == {"passed"}
    for number in range(100):
        put(both.new / f"{number}.parquet", [-1.0 - number])
    again = both.judged()
    assert (len(again), set(again.values())) == (100, {"failed"})
    kept = both.results()
    assert [revision for _, revision, _ in kept] == [1] * 100 + [2] * 100
    assert {str(result.outcome) for _, revision, result in kept if revision == 1} == {"passed"}


def test_content_that_comes_back_has_a_verdict_anew(world: World) -> None:
    """A file that was repaired by putting back the old one is green again."""
    for value in (1.0, -1.0, 1.0, -1.0):
        put(world.new / "a.parquet", [value])
        world.look()
    found = [(revision, str(result.outcome)) for _, revision, result in world.results()]
    assert found == [(1, "passed"), (2, "failed"), (3, "passed"), (4, "failed")]


def test_what_is_gone_is_forgotten_and_its_verdict_is_not(world: World) -> None:
    """The ledger's cursors are those of files that are there; one that is put back has its verdict."""
    for number in range(3):
        put(world.new / f"{number}.parquet", [1.0])
    world.look()
    assert cursors(world) == 4  # and that of the source
    (world.new / "1.parquet").rename(world.root / "kept.parquet")
    world.look()
    assert cursors(world) == 3
    (world.root / "kept.parquet").rename(world.new / "1.parquet")
    assert world.look() == []
    assert (cursors(world), len(world.results())) == (4, 3)


def test_a_folder_that_shows_nothing_is_no_reason_to_forget(world: World) -> None:
    """A disk may be away: what was judged on it is known when it is back."""
    put(world.new / "a.parquet", [1.0])
    world.look()
    (world.new / "a.parquet").unlink()
    world.look()
    assert cursors(world) == 2
    put(world.new / "b.parquet", [1.0])
    world.look()
    assert cursors(world) == 2  # the source and b


def cursors(world: World) -> int:
    """How many cursors the ledger has."""
    with world.ledger() as ledger, ledger.writing() as work:
        return len(work.cursors(""))


def test_the_same_content_under_a_new_date_is_no_new_batch(world: World) -> None:
    """A file that was touched, or copied back, has its verdict."""
    put(world.new / "a.parquet", [1.0])
    world.look()
    os.utime(world.new / "a.parquet", ns=(10**18, 10**18))
    assert world.look() == []
    assert len(world.results()) == 1


def test_an_empty_batch_is_a_finding(world: World) -> None:
    """No rows, and a file without a byte: neither is green."""
    put(world.new / "rows.parquet", [])
    (world.new / "bytes.parquet").touch()
    (world.new / "head.csv").write_text("x\n")
    assert world.judged() == {
        "new/bytes.parquet": "inconclusive",
        "new/head.csv": "errored",
        "new/rows.parquet": "errored",
    }
    (_, _, result), *_ = [each for each in world.results() if each[0] == "new/bytes.parquet"]
    assert result.checks[0].reason.startswith("the file is empty")


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "stream.arrow", "jsonl.gz"])
def test_of_fifty_truncated_files_none_passes(world: World, suffix: str) -> None:
    """Wherever one is cut: it is undecided or could not be read, and judged when the rest has come."""
    rng = random.Random(7)  # noqa: S311 (no secret)
    whole = _bytes(world.root / f"whole.{suffix}")
    cuts = rng.sample(range(len(whole)), 50) if len(whole) >= 50 else range(len(whole))
    for number, cut in enumerate(cuts):
        (world.new / f"{number}.{suffix}").write_bytes(whole[:cut])
    found = world.judged()
    assert (len(found), set(found.values()) & {"passed", "warned", "failed"}) == (50, set())
    (world.new / f"0.{suffix}").write_bytes(whole)
    assert world.judged() == {f"new/0.{suffix}": "passed"}


def _bytes(path: Path) -> bytes:
    """A table file of that kind."""
    if path.name.endswith(".parquet"):
        put(path, [float(x) for x in range(50)])
    elif path.name.endswith(".gz"):
        import gzip

        path.write_bytes(gzip.compress("".join(f'{{"x": {x}}}\n' for x in range(50)).encode(), mtime=0))
    else:
        table = pa.table({"x": [float(x) for x in range(50)]})
        make = pa.ipc.new_stream if "stream" in path.name else pa.ipc.new_file
        with make(str(path), table.schema) as writer:
            writer.write_table(table)
    return path.read_bytes()


def test_a_file_that_grows_is_left_for_later(world: World) -> None:
    """By this process's own clock: what the file's date says does not matter."""
    now = [0.0]
    world.clock = lambda: now[0]
    seen: list[object] = []
    path = world.new / "a.csv"
    with world.ledger() as ledger:
        watcher = world.watcher(ledger, settle=30.0)
        for size in range(1, 5):
            path.write_text("x\n" + "1\n" * size)
            os.utime(path, (0, 0))
            watcher.look(seen.append)
            assert (seen, watcher.waiting) == ([], 1)
            now[0] += 20.0
        now[0] += 10.0
        watcher.look(seen.append)
    assert (outcomes(seen), watcher.waiting) == ({"new/a.csv": "passed"}, 0)  # type: ignore[arg-type]


def test_a_file_that_changes_while_it_is_read_has_no_verdict_yet(world: World) -> None:
    """It is judged at the next look, as it is by then."""
    path = world.new / "a.parquet"
    put(path, [1.0])
    seen: list[object] = []

    def step(name: str) -> None:
        if name == "judged":
            put(path, [-1.0, 2.0])

    with world.ledger() as ledger:
        world.watcher(ledger, step=step).look(seen.append)
    assert seen == [Held("new/a.parquet", "it changed while it was read")]
    assert world.judged() == {"new/a.parquet": "failed"}


def test_what_is_no_batch_is_left_alone(world: World) -> None:
    """Hidden and temporary files, markers, other kinds, folders."""
    for name in (".a.csv", "_SUCCESS", "a.csv.tmp", "b.part", "notes.txt", "c.parquet.crdownload", "~x.csv~"):
        (world.new / name).write_text("x\n1\n")
    (world.new / "more").mkdir()
    assert world.look() == []


def test_a_pattern_finds_files_and_folders_of_files(world: World) -> None:
    """A folder that it matches is one batch."""
    for day in ("2026-11-01", "2026-11-02"):
        put(world.new / day / "part-0.parquet", [1.0])
        put(world.new / day / "part-1.parquet", [1.0 if day.endswith("1") else -1.0])
        (world.new / day / "_SUCCESS").touch()
    world.source = Folder("new/2026-*", world.root)
    assert world.judged() == {"new/2026-11-01": "passed", "new/2026-11-02": "failed"}
    assert world.look() == []
    put(world.new / "2026-11-01" / "part-2.parquet", [-1.0])
    assert world.judged() == {"new/2026-11-01": "failed"}
    world.source = Folder("new/*/part-0.parquet", world.root)
    assert world.judged() == {
        "new/2026-11-01/part-0.parquet": "passed",
        "new/2026-11-02/part-0.parquet": "passed",
    }


def test_a_place_that_is_none_is_told_and_looked_at_again(world: World) -> None:
    """A share that is not mounted is no reason to end."""
    world.source = Folder("gone", world.root)
    assert told(world.look()) == [
        "tiny: gone: expected a folder or a pattern such as data/*.parquet, found nothing"
    ]
    (world.root / "gone").mkdir()
    assert world.look() == []


def test_a_hundred_clocks_change_no_verdict(tmp_path: Path) -> None:
    """Dates of files and the database's clock, days off, with a step back between two looks."""
    rng = random.Random(3)  # noqa: S311 (no secret)
    found = []
    for skew in range(100):
        clock = [1_800_000_000.0]
        root = tmp_path / str(skew)
        root.mkdir()
        world = World(root, now=lambda _, clock=clock: clock[0])  # type: ignore[misc]
        world.keys["actions"] = []
        for day in range(2):
            path = world.new / f"{day}.parquet"
            put(path, [1.0, float(-day)])
            if skew:
                date = 1_800_000_000 + rng.uniform(-2, 2) * 86_400
                os.utime(path, (date, date))
                clock[0] += rng.choice([-1, 1]) * rng.uniform(0.01, 1) * 86_400
        seen = world.look()
        found.append({each.run.result.subject.batch: subject(each.run.result) for each in seen})  # type: ignore[union-attr]
    assert all(each == found[0] for each in found)
    assert [[str(one["checks"][0][1]) for one in each.values()] for each in found] == [
        ["passed", "failed"]
    ] * 100


@given(st.binary(max_size=40), st.sampled_from([".parquet", ".arrow", ".csv", ".jsonl"]))
def test_no_bytes_break_the_look_at_a_files_end(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    """It has a flaw, or it has none that can be told."""
    path = tmp_path_factory.mktemp("flaws") / f"a{suffix}"
    path.write_bytes(data)
    found = flaw(path)
    assert isinstance(found, str)
    assert found or suffix in (".csv", ".jsonl") or data.startswith(b"FEA1") or data[-8:] == NO_MORE


@given(st.lists(st.text("abc-019é.", min_size=1, max_size=8), unique=True, max_size=6))
def test_any_names_come_in_an_order(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    """Each once, the same each time."""
    root = tmp_path_factory.mktemp("names")
    for name in names:
        (root / f"x{name}.csv").write_text("x\n1\n")
    there = Folder(str(root), root)
    once, again = ([each.name for each in there.look(State(time=0.0))] for _ in range(2))
    assert once == again
    assert sorted(once) == sorted(f"x{name}.csv" for name in names)


def test_a_file_that_cannot_be_opened_waits(world: World) -> None:
    """It is as if it had not come yet, and the others are judged."""
    put(world.new / "a.parquet", [1.0])
    put(world.new / "b.parquet", [1.0])

    class Locked(Folder):
        def look(self, state):  # type: ignore[no-untyped-def]
            for each in super().look(state):
                if each.name.endswith("a.parquet"):
                    (world.new / "a.parquet").unlink()
                yield each

    world.source = Locked("new", world.root)
    seen = world.look()
    assert outcomes(seen) == {"new/b.parquet": "passed"}
    assert [line for line in told(seen) if line.startswith("new/a.parquet waits: ")]


def test_a_folder_that_is_a_file_is_refused(world: World) -> None:
    """A batch that is named is `modelqa run`'s."""
    put(world.new / "a.parquet", [1.0])
    with pytest.raises(SubjectError, match="found a file"):
        list(Folder("new/a.parquet", world.root).look(State(time=0.0)))
