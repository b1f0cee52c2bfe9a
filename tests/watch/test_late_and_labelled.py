"""What does not come is a finding; what comes later opens a verdict again."""

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from watch_world import TICKET, World, outcomes, put, told

from modelqa.core.bound import Outcome
from modelqa.watch.plan import Done

DAY = 86_400.0


@pytest.fixture
def clock(world: World) -> list[float]:
    """The database's time, which does not go on by itself."""
    now = [1_800_000_000.0]
    world._now = lambda _: now[0]
    return now


def test_a_batch_that_does_not_come_is_late_and_then_missing(world: World, clock: list[float]) -> None:
    """Each is kept once, and neither is green."""
    world.options["expected"] = DAY
    world.keys["actions"] = [{**TICKET, "on": ["failed", "errored"]}]
    put(world.new / "a.parquet", [1.0])
    world.look()
    clock[0] += 0.99 * DAY
    assert world.look() == []
    clock[0] += 0.02 * DAY
    assert world.judged() == {"new after new/a.parquet": "inconclusive"}
    assert world.look() == []
    clock[0] += DAY
    seen = world.look()
    assert outcomes(seen) == {"new after new/a.parquet": "errored"}
    assert [each.revision for each in seen if isinstance(each, Done)] == [1]
    reasons = [result.checks[0].reason for _, _, result in world.results()[1:]]
    assert reasons == [
        "the next batch is late: one is expected every day, and the last one, new/a.parquet, was judged "
        "2027-01-15 08:00 UTC",
        "2 batches are missing: one is expected every day, and the last one, new/a.parquet, was judged "
        "2027-01-15 08:00 UTC",
    ]
    clock[0] += DAY
    assert [line for line in told(world.look()) if "open: tiny: arrival not green" in line]
    put(world.new / "b.parquet", [1.0])
    assert outcomes(world.look()) == {"new/b.parquet": "passed"}
    assert world.look() == []


def test_where_nothing_ever_came_it_is_late_from_the_first_look(world: World, clock: list[float]) -> None:
    """A watcher that was given the wrong folder does not stay silent."""
    world.options["expected"] = DAY
    assert world.look() == []
    clock[0] += 3.5 * DAY
    assert world.judged() == {"new": "errored"}
    (_, _, result), *_ = world.results()
    assert (
        "3 batches are missing: one is expected every day, and it is watched since" in result.checks[0].reason
    )


def test_a_watcher_that_was_away_judges_before_it_complains(world: World, clock: list[float]) -> None:
    """What has come meanwhile is not late."""
    world.options["expected"] = DAY
    world.look()
    clock[0] += 5 * DAY
    put(world.new / "a.parquet", [1.0])
    assert world.judged() == {"new/a.parquet": "passed"}


def test_what_has_come_and_cannot_be_judged_yet_is_not_late(world: World, clock: list[float]) -> None:
    """It is there, still being written, or waits for a model."""
    world.options["expected"] = DAY
    world.look()
    clock[0] += 2 * DAY
    put(world.new / "a.parquet", [1.0])
    assert world.look(settle=30.0) == []
    world.keys |= {"model": "no_such_module:at_all", "checks": [{"errors": "rate", "max": "1%"}]}
    (line,) = told(world.look())
    assert line.startswith("new/a.parquet waits: ")


def test_a_clock_that_steps_back_makes_nothing_late(world: World, clock: list[float]) -> None:
    """Nor is anything judged twice."""
    world.options["expected"] = DAY
    put(world.new / "a.parquet", [1.0])
    world.look()
    clock[0] -= 10 * DAY
    assert world.look() == []


LABELS = {"path": "labels.parquet", "on": "id", "column": "y"}


@pytest.fixture
def labelled(world: World) -> World:
    """A score needs labels, which lie in a file of their own; predictions are logged."""
    world.keys |= {
        "predictions": "x", "labels": LABELS, "checks": [{"metric": "r2", "min": 0.5}],
    }  # fmt: skip
    for day in range(3):
        ids = [f"{day}-{row}" for row in range(40)]
        put(world.new / f"{day}.parquet", [1.5 * row for row in range(40)], id=ids)
    return world


def label(world: World, values: dict[str, float]) -> None:
    """Write the labels that there are."""
    table = pa.table({"id": list(values), "y": pa.array(list(values.values()), pa.float64())})
    parquet.write_table(table, world.root / "labels.parquet")


def _of(day: int, away: float, rows: int = 40) -> dict[str, float]:
    """Labels of a day, so far from what was predicted."""
    return {f"{day}-{row}": 1.5 * row + away for row in range(rows)}


def test_labels_that_come_later_open_the_verdicts_that_lacked_them(labelled: World) -> None:
    """Each as a new revision; a batch whose labels did not change keeps its verdict."""
    assert labelled.judged() == {f"new/{day}.parquet": "errored" for day in range(3)}
    label(labelled, _of(0, 0.25))
    assert labelled.judged() == {"new/0.parquet": "passed"}
    assert labelled.look() == []
    label(labelled, _of(0, 0.25) | _of(1, 90.0))
    assert labelled.judged() == {"new/1.parquet": "failed"}
    label(labelled, _of(0, 0.25) | _of(1, 90.0) | _of(2, 0.25, rows=20))
    assert list(labelled.judged()) == ["new/2.parquet"]
    label(labelled, _of(0, 0.25) | _of(1, 90.0) | _of(2, 0.25))
    assert labelled.judged() == {"new/2.parquet": "passed"}
    kept = [(name, revision, str(result.outcome)) for name, revision, result in labelled.results()]
    assert kept[:3] == [(f"new/{day}.parquet", 1, "errored") for day in range(3)]
    assert kept[3:5] == [("new/0.parquet", 2, "passed"), ("new/1.parquet", 2, "failed")]
    assert kept[5][:2] == ("new/2.parquet", 2)
    assert kept[6] == ("new/2.parquet", 3, "passed")


def test_labels_that_were_there_at_once_are_part_of_what_was_judged(labelled: World) -> None:
    """Two batches of the same rows under other labels are two contents."""
    label(labelled, _of(0, 0.25) | _of(1, 0.25) | _of(2, 0.25))
    assert set(labelled.judged().values()) == {"passed"}
    assert labelled.look() == []


def test_labels_that_get_fewer_open_nothing(labelled: World) -> None:
    """A file that holds the newest labels only, or is being written, takes no verdict back."""
    label(labelled, _of(0, 0.25) | _of(1, 0.25) | _of(2, 0.25, rows=39))
    labelled.look()
    label(labelled, _of(3, 0.25))
    assert labelled.look() == []
    (labelled.root / "labels.parquet").write_bytes(b"PAR1")
    assert labelled.look() == []
    label(labelled, _of(2, 0.25))
    assert list(labelled.judged()) == ["new/2.parquet"]


def test_labels_of_a_batch_that_is_gone_open_nothing(labelled: World) -> None:
    """Its verdict stays as it was."""
    labelled.look()
    (labelled.new / "0.parquet").unlink()
    label(labelled, _of(0, 0.25))
    assert labelled.look() == []
    assert {result.outcome for _, _, result in labelled.results()} == {Outcome.ERRORED}
