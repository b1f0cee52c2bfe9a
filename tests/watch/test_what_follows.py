"""What else follows a verdict is noted with it, and done at least once afterwards."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from watch_world import World, outcomes, put, told

from modelqa.actions.local import Local
from modelqa.actions.tracker import Text
from modelqa.after import Told, Wishes
from modelqa.core.codec import Gathered
from modelqa.errors import ActionError
from modelqa.ledger import Ledger, issues
from modelqa.watch.commit import follows
from modelqa.watch.folders import Folder
from modelqa.watch.hear import ATTEMPTS, follow_up
from modelqa.watch.held import Stop, renewed, stoppable
from modelqa.watch.session import Session
from modelqa.watch.words import lines

PROMOTE = {"promote": "champion", "on": "passed"}


@pytest.fixture
def promoting(world: World) -> World:
    """A suite that promotes what passes; here there is nothing that could be promoted."""
    world.keys["actions"] = [PROMOTE]
    put(world.new / "a.parquet", [1.0])
    put(world.new / "b.parquet", [-1.0])
    return world


def _pending(ledger: Ledger) -> int:
    with ledger.writing() as work:
        return len(work.pending(follows("tiny")))


def test_what_was_noted_is_done_after_a_crash_and_only_that(promoting: World, tmp_path: Path) -> None:
    """Of two batches one passed; once it was done it is not done again."""
    promoting.dies_before_what_follows()
    done: list[Gathered] = []

    def do(runs: list[Gathered], wishes: Wishes) -> list[Told]:
        assert wishes.act
        done.extend(runs)
        return [Told("promoted")]

    with promoting.ledger() as ledger:
        assert _pending(ledger) == 1
        assert [each.line for each in follow_up(ledger, promoting.watcher(ledger).plan, do=do)] == [
            "promoted"
        ]
        assert [(run.result.subject.batch.name, str(run.result.outcome)) for run in done] == [  # type: ignore[union-attr]
            ("new/a.parquet", "passed")
        ]
        assert done[0].actions[0]["promote"] == "champion"
        assert list(follow_up(ledger, promoting.watcher(ledger).plan, do=do)) == []


def test_what_fails_is_tried_again_and_given_up_after_some_attempts(promoting: World, tmp_path: Path) -> None:
    """Each time it is told."""
    promoting.dies_before_what_follows()

    def do(runs: list[Gathered], wishes: Wishes) -> list[Told]:
        return [Told("refused", failed=True)]

    with promoting.ledger() as ledger:
        # The crash was the first attempt.
        said = [
            [each.line for each in follow_up(ledger, promoting.watcher(ledger).plan, do=do)]
            for _ in range(ATTEMPTS)
        ]
        assert said == [
            *[["refused"]] * (ATTEMPTS - 2), ["refused", f"tiny: given up after {ATTEMPTS} attempts"], [],
        ]  # fmt: skip
        assert _pending(ledger) == 0


def test_an_older_run_does_not_promote_after_a_newer_one(promoting: World) -> None:
    """Where it could not at its turn, the newer one decides; what is written of it is tried again."""
    put(promoting.new / "c.parquet", [2.0])
    promoting.dies_before_what_follows()
    done: list[tuple[str, int]] = []
    down = [True]

    def do(runs: list[Gathered], wishes: Wishes) -> list[Told]:
        (run,) = runs
        assert run.result.subject.batch is not None
        done.append((run.result.subject.batch.name, len(run.actions)))
        return [Told("down", failed=down.pop() if down else False)]

    with promoting.ledger() as ledger:
        plan = promoting.watcher(ledger).plan
        for _ in range(3):
            list(follow_up(ledger, plan, do=do))
        assert _pending(ledger) == 0
    assert done == [("new/a.parquet", 1), ("new/c.parquet", 1), ("new/a.parquet", 0)]


def test_a_promotion_without_a_model_is_told_by_the_real_one(promoting: World) -> None:
    """Through the same door as after a run."""
    promoting.options["tracking_uri"] = f"sqlite:///{promoting.root / 'mlflow.db'}"
    said = told(promoting.look())
    assert any("the suite judged no version of a registered model" in line for line in said)


class Broken(Local):
    """A tracker that is down while ``broken``."""

    broken = True

    def create(self, text: Text) -> Any:
        if self.broken:
            raise ActionError("the tracker is down")
        return super().create(text)


def test_a_tracker_that_is_down_leaves_a_backlog_and_no_verdict_undone(world: World) -> None:
    """A hundred red batches are one ticket when it is back, with one word of where things stand."""
    down = [True]

    def tracker(ledger: Ledger) -> Local:
        made = Broken(ledger)
        made.broken = down[0]
        return made

    world.tracker = tracker
    for day in range(20):
        put(world.new / f"{day}.parquet", [-1.0])
    seen = world.look()
    assert set(outcomes(seen).values()) == {"failed"}
    assert len([line for line in told(seen) if "the tracker is down" in line]) == 1
    assert [line for line in told(world.look()) if "the tracker is down" in line]
    down[0] = False
    assert world.look() == []
    with world.ledger() as ledger, ledger.writing() as work:
        (ticket,) = issues.every(work)
    assert (ticket.state, "20 batches in a row" in ticket.body) == ("open", True)


def test_a_hundred_failing_batches_then_three_good_ones(world: World) -> None:
    """One ticket, opened and closed once."""
    for day in range(103):
        put(world.new / f"{day}.parquet", [-1.0 if day < 100 else 1.0])
        if day == 99:
            assert told(world.look()) == ["ticket (local #1) open: tiny: schema not green"]
    assert told(world.look()) == ["ticket (local #1) closed: tiny: schema not green"]
    with world.ledger() as ledger, ledger.writing() as work:
        assert [row.state for row in issues.every(work)] == ["closed"]


def test_a_lease_is_renewed_while_something_is_judged(world: World) -> None:
    """A run may take longer than a lease lasts."""
    now = [0.0]
    world._now = lambda _: now[0]
    with world.ledger() as ledger, ledger.lease("watch", seconds=120.0) as lease:
        with renewed(ledger, lease, every=0.01):
            for _ in range(20):
                now[0] += 20.0
                _until(lambda: _left(ledger, now) > 110.0)
        with ledger.writing(lease) as work:
            work.move("x", "y")


def test_what_follows_may_take_longer_than_a_lease_lasts(
    promoting: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training of hours is noted as done, and done by nobody else meanwhile."""
    promoting.dies_before_what_follows()
    monkeypatch.setattr("modelqa.watch.hear.renewed", partial(renewed, every=0.01))
    now = [1e10]
    promoting._now = lambda _: now[0]

    def do(runs: list[Gathered], wishes: Wishes) -> list[Told]:
        for _ in range(20):
            now[0] += 20.0
            _until(lambda: _left(ledger, now, follows("tiny")) > 110.0)
        return []

    with promoting.ledger() as ledger:
        assert list(follow_up(ledger, promoting.watcher(ledger).plan, do=do)) == []
        assert _pending(ledger) == 0


def _left(ledger: Ledger, now: list[float], name: str = "watch") -> float:
    from sqlalchemy import select

    from modelqa.ledger.tables import leases

    with ledger.writing() as work:
        until = work.connection.execute(select(leases.c.expires).where(leases.c.name == name)).scalar_one()
    return float(until) - now[0]


def _until(true: Callable[[], bool]) -> None:
    import time

    for _ in range(1000):
        if true():
            return
        time.sleep(0.005)
    raise AssertionError("it does not become true")


def test_a_batch_in_hand_is_finished_and_no_other_begun(world: World) -> None:
    """When somebody wants the watcher to stop."""
    for day in range(3):
        put(world.new / f"{day}.parquet", [1.0])
    seen: list[Any] = []

    def step(name: str) -> None:
        world.stop.asked = world.stop.asked or name == "claimed"

    with world.ledger() as ledger:
        world.watcher(ledger, step=step).look(seen.append)
    assert outcomes(seen) == {"new/0.parquet": "passed"}
    world.stop = Stop()
    assert list(world.judged()) == ["new/1.parquet", "new/2.parquet"]


def test_a_signal_asks_once_and_the_second_is_nobodys_to_catch() -> None:
    """Handlers are as they were afterwards."""
    import os
    import signal

    before = signal.getsignal(signal.SIGINT)
    with stoppable() as stop:
        assert not stop.asked
        os.kill(os.getpid(), signal.SIGINT)
        stop.pause(5.0)
        assert stop.asked
        assert signal.getsignal(signal.SIGINT) is before
    assert signal.getsignal(signal.SIGINT) is before


def test_a_problem_that_came_and_went_between_two_looks_is_no_ticket(world: World) -> None:
    """What is told is where things stand."""
    for day in range(5):
        put(world.new / f"{day}.parquet", [-1.0 if day < 2 else 1.0])
    assert told(world.look()) == []
    with world.ledger() as ledger, ledger.writing() as work:
        assert issues.every(work) == []


def test_checks_that_say_the_same_say_it_once(world: World) -> None:
    """An empty batch is told in one line, whatever the number of checks."""
    world.keys["checks"] = [{"schema": {"x": {"min": 0}}}, {"schema": {"x": {"max": 9}}, "name": "other"}]
    put(world.new / "a.parquet", [])
    (done,) = world.look()
    assert list(lines(done)) == [
        "tiny: ERRORED, 2 errored (0 rows of new/a.parquet)",
        "    ERRORED schema, other - batch a.parquet has no rows; expected at least one",
    ]


def test_what_nobody_foresaw_stops_one_batch_and_no_other(world: World) -> None:
    """It is told without the words of the error, which may quote rows, and the batch is tried again."""
    for name in ("a", "b"):
        put(world.new / f"{name}.parquet", [1.0])
    seen: list[Any] = []
    times = [0]

    def step(name: str) -> None:
        times[0] += name == "claimed"
        if name == "claimed" and times[0] == 1:
            raise ZeroDivisionError("secret")

    with world.ledger() as ledger:
        world.watcher(ledger, step=step).look(seen.append)
    assert outcomes(seen) == {"new/b.parquet": "passed"}
    (line,) = told(seen)
    assert line.startswith("new/a.parquet waits: ZeroDivisionError at test_what_follows.py:")
    assert "secret" not in line
    assert world.judged() == {"new/a.parquet": "passed"}


def test_the_page_of_the_newest_result_is_kept(world: World) -> None:
    """Whatever the outcome, where a folder for it is named."""
    world.keys["actions"] = []
    world.options["report"] = str(world.root / "pages")
    put(world.new / "a.parquet", [1.0])
    assert [line for line in told(world.look()) if line.startswith("report: ")]
    assert "a.parquet" in next((world.root / "pages").glob("*.html")).read_text()


def test_what_lasts_is_told_once_and_not_at_every_look(world: World) -> None:
    """A watcher that goes on repeats nothing until it changes."""
    world.source = Folder("gone", world.root)
    said: list[str] = []
    with world.ledger() as ledger:
        watcher = world.watcher(ledger)
        looks = [0]

        def look(tell: Any, known: Any = watcher.look) -> None:
            looks[0] += 1
            if looks[0] == 4:
                (world.root / "gone").mkdir()
                put(world.root / "gone" / "a.parquet", [1.0])
            world.stop.asked = looks[0] == 6
            known(tell)

        watcher.look = look  # type: ignore[method-assign]
        assert Session([watcher], world.stop, apart=0.001, waits=0.0, say=said.append).go() == 0
    assert [re.sub(r"^[-0-9: ]{20}", "", line) for line in said] == [
        "watching gone for tiny, every 0.001 seconds; Ctrl-C ends it after the batch in hand",
        "modelqa: tiny: gone: expected a folder or a pattern such as data/*.parquet, found nothing",
        "tiny: PASSED, 1 passed (1 rows of gone/a.parquet)",
        "stopped",
    ]
