"""A watcher opens tickets, and has a model trained anew, by evidence over many batches."""

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from watch_world import TICKET, World, outcomes, put, told

from modelqa.actions.tickets import Phase, fingerprint
from modelqa.after import Told, Wishes
from modelqa.core.codec import Gathered
from modelqa.ledger import Ledger, issues, retrains
from modelqa.watch.commit import TRAIN, follows
from modelqa.watch.hear import ATTEMPTS, follow_up

ROWS = 200
SCORE = {"metric": "accuracy", "min": 0.9}
TRAINER = """\
import json, os, pathlib, sys
request = json.loads(pathlib.Path(os.environ["MODELQA_REQUEST"]).read_text())
with open("trained.txt", "a") as file:
    file.write(request["window"]["last"] + "\\n")
sys.exit(int(pathlib.Path("code.txt").read_text()))
"""
RETRAIN = {"retrain": "command", "run": [sys.executable, "train.py"], "on": "failed"}


@pytest.fixture
def scored(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A score of logged predictions with a floor of 0.9, a ticket, and a command that trains."""
    monkeypatch.setenv("MODELQA_LEDGER", world.url)
    monkeypatch.delenv("MODELQA_ENVIRONMENT", raising=False)
    world.keys |= {"predictions": "x", "labels": "y", "checks": [SCORE], "actions": [TICKET, RETRAIN]}
    (world.root / "train.py").write_text(TRAINER)
    (world.root / "code.txt").write_text("0")
    return world


def batch(world: World, name: str, hits: int) -> None:
    """So many of the batch's predictions are right."""
    right = [float(row < hits) for row in range(ROWS)]
    put(world.new / f"{name}.parquet", [1.0] * ROWS, y=pa.array(right, pa.float64()).to_pylist())


def trained(world: World) -> list[str]:
    """The last batch of each training's window, in the order in which they were done."""
    file = world.root / "trained.txt"
    return file.read_text().splitlines() if file.exists() else []


def tickets(world: World) -> list[Any]:
    """All tickets there are."""
    with world.ledger() as ledger, ledger.writing() as work:
        return issues.every(work)


def episode(world: World) -> Any:
    """What retraining knows of the problem."""
    with world.ledger() as ledger, ledger.writing() as work:
        return retrains.episode(work, fingerprint("tiny", "", "", ""))


def pending(ledger: Ledger) -> int:
    """How much has yet to follow."""
    with ledger.writing() as work:
        return len(work.pending(follows("tiny")))


# --- evidence opens a ticket


def test_one_batch_that_is_red_by_chance_opens_nothing(scored: World) -> None:
    """Its verdict is red, and nobody hears of it: over time that is no evidence yet."""
    batch(scored, "0", 167)
    assert scored.judged() == {"new/0.parquet": "failed"}
    assert (tickets(scored), trained(scored)) == ([], [])
    for day in range(1, 4):
        batch(scored, str(day), 190)
    assert set(scored.judged().values()) == {"passed"}
    assert (tickets(scored), trained(scored)) == ([], [])


def test_evidence_over_batches_opens_one_ticket_and_clean_ones_close_it(scored: World) -> None:
    """It says what it rests on; the batches that count are the ledger's, across watchers."""
    scored.keys["actions"] = [TICKET]
    for day in range(6):
        batch(scored, str(day), 160)
        scored.look()
    (ticket,) = tickets(scored)
    assert ticket.state == "open"
    assert "e-value" in ticket.body
    for day in range(6, 9):
        batch(scored, str(day), 195)
        scored.look()
    assert [row.state for row in tickets(scored)] == ["closed"]


# --- evidence has a model trained


def test_a_model_is_trained_once_for_an_alarm_and_the_ticket_says_so(scored: World) -> None:
    """However many red batches follow, and before another one comes."""
    for day in range(8):
        batch(scored, str(day), 160)
        seen = scored.look()
        if trained(scored):
            break
    assert any("retrain (command) asked for, as retrain-" in line for line in told(seen))
    (ticket,) = tickets(scored)
    assert "train" in ticket.body
    assert "ended well after" in ticket.body
    for more in range(4):
        batch(scored, f"8{more}", 160)
        scored.look()
    assert trained(scored) == [f"new/{day}.parquet"]
    assert len(tickets(scored)) == 1


def test_clean_batches_end_the_episode_of_a_training(scored: World) -> None:
    """Three, as for a ticket, which says until then what was done."""
    for day in range(6):
        batch(scored, str(day), 150)
        scored.look()
    assert episode(scored)["phase"] == Phase.OPEN
    for day in range(6, 8):
        batch(scored, str(day), 195)
        scored.look()
        assert "no newer version has come" in episode(scored)["said"]
    batch(scored, "8", 195)
    scored.look()
    assert episode(scored)["phase"] == Phase.CLOSED
    assert [row.state for row in tickets(scored)] == ["closed"]


def test_what_is_written_of_a_run_is_what_was_measured(
    scored: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training is decided by how checks stand; evidence and pages show the batch's own verdict, once."""
    written: list[str] = []

    def write(_: Path, pages: Any) -> list[Path]:
        written.extend(str(result.outcome) for _, result in pages)
        return []

    monkeypatch.setattr("modelqa.after.write_pages", write)
    scored.options["report"] = str(scored.root / "pages")
    batch(scored, "0", 167)
    batch(scored, "1", 195)
    assert set(scored.judged().values()) == {"failed", "passed"}
    assert written == ["failed", "passed"]


def test_a_fact_that_flaps_has_no_model_trained(scored: World) -> None:
    """Two of three batches, as for a ticket."""
    scored.keys["checks"] = [{"staleness": "rows", "max": ROWS}]
    for day, rows in enumerate([300, 100, 100, 300, 300]):
        put(scored.new / f"{day}.parquet", [1.0] * rows, y=[1.0] * rows)
        scored.look()
        assert len(trained(scored)) == len(tickets(scored)) == (day == 4)


# --- crashes and failures


def test_killed_between_verdict_and_training_it_is_trained_once(scored: World) -> None:
    """What was noted is decided at the next look."""
    for day in range(3):
        batch(scored, str(day), 100)
    scored.dies_before_what_follows()
    assert trained(scored) == []
    scored.look()
    scored.look()
    assert len(trained(scored)) == 1


def test_a_training_that_fails_is_told_and_not_begun_again_at_the_next_look(scored: World) -> None:
    """Nor by one of the batches that came with it."""
    (scored.root / "code.txt").write_text("3")
    for day in range(3):
        batch(scored, str(day), 100)
    assert any("ended with exit code 3" in line for line in told(scored.look()))
    for _ in range(3):
        scored.look()
    assert len(trained(scored)) == 1
    with scored.ledger() as ledger:
        assert pending(ledger) == 0


def test_a_command_that_cannot_be_started_is_left_to_the_newest_run(scored: World) -> None:
    """An older one, tried after it, would count its batch twice, or open a problem that is over."""
    scored.keys["actions"] = [{**RETRAIN, "run": ["./no-such-program"]}]
    for day in range(3):
        batch(scored, str(day), 100)
    scored.look()
    with scored.ledger() as ledger, ledger.writing() as work:
        (row,) = work.pending(follows("tiny"))
    assert (row.action, row.payload["result"]["subject"]["batch"]["name"]) == (TRAIN, "new/2.parquet")
    assert episode(scored)["failures"] == 3
    scored.look()
    assert episode(scored)["failures"] == 3


def test_what_kills_its_process_is_given_up_too(scored: World, tmp_path: Path) -> None:
    """It is not done once more at the next start, and again."""
    scored.keys["actions"] = [{"promote": "champion", "on": "passed"}]
    batch(scored, "0", 195)
    for _ in range(ATTEMPTS):
        scored.dies_before_what_follows()
    done: list[Gathered] = []

    def do(runs: list[Gathered], wishes: Wishes) -> list[Told]:
        done.extend(runs)
        return []

    with scored.ledger() as ledger:
        said = list(follow_up(ledger, scored.watcher(ledger).plan, do=do))
        assert [each.line for each in said] == [f"tiny: given up after {ATTEMPTS} attempts"]
        assert (done, pending(ledger)) == ([], 0)


def test_a_suite_does_what_follows_for_itself_only(scored: World) -> None:
    """Another one's watcher, maybe on another machine, neither trains nor writes its pages."""
    batch(scored, "0", 100)
    batch(scored, "1", 100)
    scored.dies_before_what_follows()
    with scored.ledger() as ledger:
        assert list(follow_up(ledger, scored.watcher(ledger, name="other").plan)) == []
        assert pending(ledger) == 2


def test_what_was_done_leaves_no_results_behind(scored: World) -> None:
    """A year of batches keeps each result once."""
    from sqlalchemy import select

    from modelqa.ledger.tables import outbox

    batch(scored, "0", 195)
    scored.look()
    with scored.ledger() as ledger, ledger.writing() as work:
        rows = work.connection.execute(select(outbox)).all()
    assert [(row.state, row.payload) for row in rows] == [("sent", "{}")]


# --- the same batch again


def test_a_restated_batch_is_no_evidence_twice(scored: World) -> None:
    """Its check stands as it stood, however often it is restated."""
    batch(scored, "0", 167)
    scored.look()
    for rows in range(166, 156, -1):
        batch(scored, "0", rows)
        assert set(scored.judged().values()) == {"failed"}
    assert (tickets(scored), trained(scored)) == ([], [])


def test_labels_that_always_come_later_close_a_ticket(scored: World) -> None:
    """What was measured at once stands as it did, so that the whole of a labelled batch is clean."""
    labels = {"path": "labels.parquet", "on": "id", "column": "y"}
    scored.keys |= {
        "labels": labels, "actions": [TICKET],
        "reference": "reference.parquet", "checks": [SCORE, {"drift": "all", "max": 0.4}],
    }  # fmt: skip
    even = [float(row % 10) for row in range(ROWS)]
    put(scored.root / "reference.parquet", [1.0] * ROWS, z=even)
    known: dict[str, float] = {}
    for day in range(8):
        ids = [f"{day}-{row}" for row in range(ROWS)]
        put(scored.new / f"{day}.parquet", [1.0] * ROWS, id=ids, z=even)
        scored.look()
        known |= {id_: float(row < (100 if day < 4 else 195)) for row, id_ in enumerate(ids)}
        put(scored.root / "labels.parquet", list(known.values()), id=list(known), y=list(known.values()))
        scored.look()
        assert [row.state for row in tickets(scored)] == (["closed"] if day >= 6 else ["open"])


def test_the_newest_verdict_of_a_suite_is_known_to_the_next_process(scored: World) -> None:
    """Of each name the results of other contents are known, the first one first."""
    with scored.ledger() as ledger, ledger.writing() as work:
        assert work.newest("none") is None
    batch(scored, "0", 190)
    scored.look()
    batch(scored, "1", 150)
    scored.look()
    batch(scored, "0", 191)
    assert outcomes(scored.look()) == {"new/0.parquet": "passed"}
    from sqlalchemy import select

    from modelqa.core.codec import loads
    from modelqa.ledger import Batch
    from modelqa.ledger.tables import batches

    with scored.ledger() as ledger, ledger.writing() as work:
        rows = work.connection.execute(select(batches).order_by(batches.c.id)).all()
        newest = loads(str(work.newest(rows[0].suite)))
        assert newest.subject.batch is not None
        assert newest.subject.batch.name == "new/0.parquet"
        of = [Batch(row.name, suite=row.suite, model=row.model, digest=row.digest) for row in rows]
        assert [len(work.earlier(each)) for each in of] == [1, 0, 1]
        assert loads(work.earlier(of[2])[0]).subject.batch != newest.subject.batch
