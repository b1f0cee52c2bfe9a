"""An alias moves to what was judged, by one promoter at a time, and a crash leaves nothing untrue."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_registry import FakeRegistry

from modelqa.actions.lease import held
from modelqa.actions.mlflow import Judged
from modelqa.actions.promote import RECORD, Move, Record, promote, refusals, rollback
from modelqa.errors import ActionError

GREEN = Judged(
    "churn",
    suite_digest="suite",
    model_digest="files",
    data_digest="rows",
    champion="1",
    champion_digest="old",
    outcome="passed",
    outcomes={},
    partial=False,
    time="2026-11-22T10:00:00+00:00",
    run_id="run",
)
MOVE = Move("churn", "champion", "2")
STEPS = ("lease", "intent", "check", "move", "look", "done")


class Killed(BaseException):
    """A process that ends here."""


def dying_at(step: str) -> Callable[[str], None]:
    """Die before a step."""

    def die(reached: str) -> None:
        if reached == step:
            raise Killed

    return die


def registry() -> FakeRegistry:
    """Two versions, the first of which is the champion."""
    return FakeRegistry().add("churn", "1", "2", "3", champion="1")


def record(store: FakeRegistry) -> Record | None:
    """What is recorded of the alias."""
    return Record.read(store.models["churn"].tags.get(f"{RECORD}champion"))


def alias(store: FakeRegistry) -> str:
    """The version that holds the alias."""
    return str(store.models["churn"].aliases.get("champion", ""))


def test_a_green_version_becomes_the_champion_and_it_is_recorded() -> None:
    """From which version, on what evidence."""
    store = registry()
    assert promote(store, MOVE, GREEN, digest=lambda: "files") == "champion moved from version 1 to version 2"
    told = record(store)
    assert told is not None
    assert (alias(store), told.after, told.before, told.done, told.evidence) == ("2", "2", "1", True, "run")


def test_a_dry_run_moves_nothing() -> None:
    """It says what it would do."""
    store = registry()
    said = promote(store, MOVE, GREEN, digest=lambda: "files", dry_run=True)
    assert (said, alias(store), record(store)) == (
        "would move champion from version 1 to version 2",
        "1",
        None,
    )


@pytest.mark.parametrize(
    ("judged", "digest", "holder", "why"),
    [
        (replace(GREEN, outcome="failed", outcomes={"roc_auc": "failed"}), "files", "1", "roc_auc failed"),
        (replace(GREEN, outcome="errored", outcomes={"x": "errored"}), "files", "1", "x errored"),
        (
            replace(GREEN, outcome="inconclusive", outcomes={"x": "inconclusive"}),
            "files",
            "1",
            "x inconclusive",
        ),
        (replace(GREEN, partial=True), "files", "1", "only some of the suite's checks ran"),
        (replace(GREEN, outcome="skipped"), "files", "1", "no check was made"),
        (GREEN, "other files", "1", "the model's files are not those that were judged"),
        (GREEN, "files", "3", "the alias has moved: version 3 holds it"),
        (GREEN, "files", "", "the alias has moved: no version holds it"),
        (replace(GREEN, champion=""), "files", "", "say so with --first"),
    ],
)
def test_what_speaks_against_it_is_said_and_nothing_moves(
    judged: Judged, digest: str, holder: str, why: str
) -> None:
    """Each reason by itself is enough."""
    store = FakeRegistry().add("churn", "1", "2", "3", **({"champion": holder} if holder else {}))
    with pytest.raises(ActionError, match=why):
        promote(store, MOVE, judged, digest=lambda: digest)
    assert (alias(store), store.moves) == (holder, [])


def test_all_reasons_are_said_at_once() -> None:
    """So that a person does not meet them one by one."""
    judged = replace(GREEN, outcome="failed", outcomes={"a": "failed", "b": "errored"}, partial=True)
    assert len(refusals(judged, digest="x", champion="3", allow=(), first=False)) == 5


def test_an_undecided_check_passes_only_where_it_is_listed() -> None:
    """And the record says that it was."""
    store, judged = registry(), replace(GREEN, outcome="inconclusive", outcomes={"x": "inconclusive"})
    promote(store, replace(MOVE, allow=("x",)), judged, digest=lambda: "files")
    told = record(store)
    assert told is not None
    assert told.reason == "undecided and allowed: x"
    with pytest.raises(ActionError, match="x failed"):
        promote(
            registry(),
            replace(MOVE, allow=("x",)),
            replace(judged, outcomes={"x": "failed"}),
            digest=lambda: "files",
        )


def test_a_first_promotion_is_a_flag_and_no_way_around_a_champion() -> None:
    """Where a champion is, the flag is a mistake."""
    judged, first = replace(GREEN, champion=""), replace(MOVE, first=True)
    store = FakeRegistry().add("churn", "1", "2")
    assert promote(store, first, judged, digest=lambda: "files") == "champion moved from nowhere to version 2"
    with pytest.raises(ActionError, match="no first promotion"):
        promote(registry(), first, judged, digest=lambda: "files")


@pytest.mark.parametrize("step", STEPS)
def test_after_a_crash_anywhere_one_more_call_finishes(step: str) -> None:
    """In between the alias is the old or the new one, and never a version that was not judged."""
    store = registry()
    with pytest.raises(Killed):
        promote(store, MOVE, GREEN, digest=lambda: "files", step=dying_at(step))
    assert alias(store) == ("2" if step in ("look", "done") else "1")
    promote(store, MOVE, GREEN, digest=lambda: "files")
    told = record(store)
    assert told is not None
    assert (alias(store), told.after, told.before, told.done) == ("2", "2", "1", True)


@pytest.mark.parametrize("step", STEPS[1:])
def test_after_a_crash_of_a_rollback_one_more_call_finishes(step: str) -> None:
    """Back is back."""
    store = registry()
    promote(store, MOVE, GREEN, digest=lambda: "files")
    with pytest.raises(Killed):
        rollback(store, "churn", "champion", step=dying_at(step))
    if step == "intent":
        assert alias(store) == "2"
    rollback(store, "churn", "champion")
    told = record(store)
    assert told is not None
    assert (alias(store), told.done) == ("1", True)


@pytest.mark.parametrize(("step", "at"), [("check", "1"), ("move", "1"), ("look", "1"), ("done", "1")])
def test_a_promotion_that_was_interrupted_can_be_rolled_back(step: str, at: str) -> None:
    """Whether it had moved the alias or not, the old version holds it then."""
    store = registry()
    with pytest.raises(Killed):
        promote(store, MOVE, GREEN, digest=lambda: "files", step=dying_at(step))
    rollback(store, "churn", "champion")
    assert alias(store) == at


def test_a_rollback_goes_back_once_and_is_recorded() -> None:
    """To the version that held the alias before; whoever moved it meanwhile is not overwritten."""
    store = registry()
    with pytest.raises(ActionError, match="no way back"):
        rollback(store, "churn", "champion")
    promote(store, MOVE, GREEN, digest=lambda: "files")
    assert (
        rollback(store, "churn", "champion", dry_run=True)
        == "would move champion back from version 2 to version 1"
    )
    assert rollback(store, "churn", "champion") == "champion moved back from version 2 to version 1"
    store.models["churn"].aliases["champion"] = "3"
    with pytest.raises(ActionError, match="somebody else has moved"):
        rollback(store, "churn", "champion")
    assert alias(store) == "3"


def test_an_alias_that_somebody_moves_just_before_is_not_overwritten() -> None:
    """Somebody without our lease, between the first look and the move."""
    store = registry()

    def meddle(step: str) -> None:
        if step == "check":
            store.models["churn"].aliases["champion"] = "3"

    with pytest.raises(ActionError, match="meanwhile: nothing is overwritten"):
        promote(store, MOVE, GREEN, digest=lambda: "files", step=meddle)
    assert alias(store) == "3"


def test_an_alias_that_somebody_moves_right_after_is_reported() -> None:
    """And left where it is."""
    store = registry()

    def meddle(step: str) -> None:
        if step == "look":
            store.models["churn"].aliases["champion"] = "3"

    with pytest.raises(ActionError, match="right after: it is left there"):
        promote(store, MOVE, GREEN, digest=lambda: "files", step=meddle)
    assert alias(store) == "3"


def test_of_many_promoters_one_wins() -> None:
    """Each has judged its version against the same champion: the others are told that it has moved."""
    store = FakeRegistry().add("churn", *map(str, range(1, 10)), champion="1")
    said: list[str] = []

    def race(version: str) -> None:
        try:
            said.append(promote(store, Move("churn", "champion", version), GREEN, digest=lambda: "files"))
        except ActionError as error:
            said.append(str(error))

    threads = [threading.Thread(target=race, args=(str(version),)) for version in range(2, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each.startswith("champion moved") for each in said) == 1
    assert sum("the alias has moved" in each for each in said) == len(threads) - 1
    assert len(store.moves) == 1


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_lease_that_is_held_is_waited_for_then_given_up() -> None:
    """With the name of its holder."""
    store, clock = FakeRegistry(), Clock()
    with held(store, "churn", "champion", now=clock, sleep=clock.sleep):  # noqa: SIM117
        with pytest.raises(ActionError, match="another promotion holds"):
            with held(store, "churn", "champion", now=clock, sleep=clock.sleep, patience=5):
                pytest.fail("two hold it")


def test_a_lease_of_a_dead_process_runs_out_and_its_holder_may_not_go_on() -> None:
    """The generation is a fence: whoever was slow finds it taken."""
    store, clock = FakeRegistry(), Clock()
    with (
        held(store, "churn", now=clock, sleep=clock.sleep, seconds=40) as slow,
        held(store, "churn", now=clock, sleep=clock.sleep, patience=60) as quick,
    ):
        assert quick.generation == slow.generation + 1
        quick.check()
        with pytest.raises(ActionError, match="ran out"):
            slow.check()
        with pytest.raises(ActionError, match="took over"):
            replace(slow, expires=clock.now + 100).check()


def test_generations_only_grow_and_old_ones_are_tidied_up() -> None:
    """An old view of the list leads nowhere: its next generation is taken."""
    store, clock = FakeRegistry(), Clock()
    for turn in range(1, 6):
        with held(store, "churn", now=clock, sleep=clock.sleep) as lease:
            assert lease.generation == turn
    assert len(store.models) <= 2


def test_names_of_models_cannot_leave_the_lease() -> None:
    """Whatever a model is called, its lease has a plain name."""
    store = FakeRegistry()
    with held(store, "a' OR name LIKE '%", "b/c") as lease:
        assert lease.base == "modelqa-lease.a_OR_name_LIKE_.b_c"
