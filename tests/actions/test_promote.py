"""An alias moves to what was judged, by one promoter at a time, and a crash leaves nothing untrue."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_registry import FakeRegistry

from modelqa.actions.evidence import Judged
from modelqa.actions.lease import SECONDS, held
from modelqa.actions.promote import BEGUN, RECORD, Move, Record, displaced, promote, rollback, unfit
from modelqa.errors import ActionError, Refused

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
STEPS = ("lease", "begin", "check", "move", "look", "record", "end")
MOVED = STEPS[STEPS.index("look") :]


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


def begun(store: FakeRegistry) -> bool:
    """Whether a move is noted that nobody has settled."""
    return f"{BEGUN}champion" in store.models["churn"].tags


def alias(store: FakeRegistry) -> str:
    """The version that holds the alias."""
    return str(store.models["churn"].aliases.get("champion", ""))


def test_a_green_version_becomes_the_champion_and_it_is_recorded() -> None:
    """From which version, on what evidence."""
    store = registry()
    assert (
        promote(store, MOVE, GREEN, digest=lambda: "files")
        == "champion of churn moved from version 1 to version 2"
    )
    told = record(store)
    assert told is not None
    assert (alias(store), told.after, told.before, told.evidence) == ("2", "2", "1", "run")
    assert not begun(store)


def test_a_dry_run_moves_nothing() -> None:
    """It says what it would do, and writes nothing: no record, no lease."""
    calls: list[str] = []
    store = FakeRegistry(calls.append).add("churn", "1", "2", "3", champion="1")
    said = promote(store, MOVE, GREEN, digest=lambda: "files", dry_run=True)
    assert said == "would move champion of churn from version 1 to version 2"
    assert {*calls} == {"get"}


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
        (replace(GREEN, outcome="errored"), "files", "1", "no check was made"),
        (replace(GREEN, model_digest=""), "", "1", "the model's files are not those that were judged"),
        (GREEN, "files", "3", "version 3 holds champion, but the suite compared with version 1"),
        (GREEN, "files", "", "no version holds champion, but the suite compared with version 1"),
        (replace(GREEN, champion="dummy version 1"), "files", "1", "compared with dummy version 1"),
        (replace(GREEN, champion=""), "files", "", "a first promotion is said to be one"),
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
    assert len([*unfit(judged, digest="x", allow=(), first=False)]) == 4
    with pytest.raises(Refused) as refused:
        promote(FakeRegistry().add("churn", "2", "3", champion="3"), MOVE, judged, digest=lambda: "x")
    assert str(refused.value).count("\n  - ") == 5


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
    assert (
        promote(store, first, judged, digest=lambda: "files")
        == "champion of churn moved to version 2, its first"
    )
    with pytest.raises(ActionError, match="no first promotion"):
        promote(registry(), first, judged, digest=lambda: "files")


@pytest.mark.parametrize("step", STEPS)
def test_after_a_crash_anywhere_one_more_call_finishes(step: str) -> None:
    """In between the alias is the old or the new one, and never a version that was not judged."""
    store = registry()
    with pytest.raises(Killed):
        promote(store, MOVE, GREEN, digest=lambda: "files", step=dying_at(step))
    assert alias(store) == ("2" if step in MOVED else "1")
    promote(store, MOVE, GREEN, digest=lambda: "files")
    told = record(store)
    assert told is not None
    assert (alias(store), told.after, told.before, begun(store)) == ("2", "2", "1", False)


@pytest.mark.parametrize("step", STEPS[1:])
def test_after_a_crash_of_a_rollback_one_more_call_finishes(step: str) -> None:
    """Back is back."""
    store = registry()
    promote(store, MOVE, GREEN, digest=lambda: "files")
    with pytest.raises(Killed):
        rollback(store, "churn", "champion", step=dying_at(step))
    assert alias(store) == ("1" if step in MOVED else "2")
    rollback(store, "churn", "champion")
    told = record(store)
    assert told is not None
    assert (alias(store), told.after, told.back, begun(store)) == ("1", "1", True, False)


@pytest.mark.parametrize("step", STEPS[2:])
def test_a_promotion_that_was_interrupted_can_be_rolled_back(step: str) -> None:
    """Whether it had moved the alias or not, the old version holds it then, and not the one before."""
    store = FakeRegistry().add("churn", "0", "1", "2", champion="0")
    promote(store, replace(MOVE, version="1"), replace(GREEN, champion="0"), digest=lambda: "files")
    with pytest.raises(Killed):
        promote(store, MOVE, GREEN, digest=lambda: "files", step=dying_at(step))
    said = rollback(store, "churn", "champion")
    assert (alias(store), begun(store)) == ("1", False)
    assert ("never moved it" in said) == (step not in MOVED)


def test_a_promotion_that_never_happened_leaves_the_way_back_as_it_was() -> None:
    """The record is of moves that were made."""
    store = FakeRegistry().add("churn", "0", "1", "2", champion="0")
    promote(store, replace(MOVE, version="1"), replace(GREEN, champion="0"), digest=lambda: "files")
    with pytest.raises(Killed):
        promote(store, MOVE, GREEN, digest=lambda: "files", step=dying_at("move"))
    rollback(store, "churn", "champion")
    assert "moved back from version 1 to version 0" in rollback(store, "churn", "champion")


def test_a_version_that_holds_the_alias_is_told_what_speaks_against_it() -> None:
    """There already is not the same as right; what was interrupted is settled all the same."""
    store = registry()
    with pytest.raises(Killed):
        promote(store, MOVE, GREEN, digest=lambda: "files", step=dying_at("look"))
    red = replace(GREEN, outcome="failed", outcomes={"roc_auc": "failed"})
    with pytest.raises(Refused, match="is champion already, though:\n  - roc_auc failed"):
        promote(store, MOVE, red, digest=lambda: "files")
    told = record(store)
    assert told is not None
    assert (told.after, begun(store)) == ("2", False)


def test_a_suite_without_a_champion_still_minds_who_held_the_alias_when_it_began() -> None:
    """Two that judged at the same time do not both win."""
    judged = replace(GREEN, champion="")
    assert [*displaced(judged, replace(MOVE, held="1"), now="1")] == []
    (why,) = displaced(judged, replace(MOVE, held="1"), now="3")
    assert why == "version 3 holds champion, but version 1 did when the suite began"


def test_files_are_hashed_before_the_lease_is_taken() -> None:
    """However large they are, the lease lasts for the moves alone."""
    calls: list[str] = []
    store = FakeRegistry(calls.append).add("churn", "1", "2", champion="1")

    def digest() -> str:
        assert calls == []
        return "files"

    promote(store, MOVE, GREEN, digest=digest)
    assert "create" in calls


def test_a_rollback_goes_back_once_and_is_recorded() -> None:
    """To the version that held the alias before; whoever moved it meanwhile is not overwritten."""
    store = registry()
    with pytest.raises(ActionError, match="no way back"):
        rollback(store, "churn", "champion")
    promote(store, MOVE, GREEN, digest=lambda: "files")
    assert (
        rollback(store, "churn", "champion", dry_run=True)
        == "would move champion of churn back from version 2 to version 1"
    )
    said = rollback(store, "churn", "champion")
    assert said == "champion of churn moved back from version 2 to version 1"
    assert "is back at version 1 already" in rollback(store, "churn", "champion")
    store.models["churn"].aliases["champion"] = "3"
    with pytest.raises(ActionError, match="somebody else moved"):
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
    assert sum(" moved from version 1 to " in each for each in said) == 1
    assert sum("but the suite compared with version 1" in each for each in said) == len(threads) - 1
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
        held(store, "churn", now=clock, sleep=clock.sleep) as quick,
    ):
        assert quick.generation == slow.generation + 1
        quick.check()
        with pytest.raises(ActionError, match="ran out"):
            slow.check()
        with pytest.raises(ActionError, match="took over"):
            replace(slow, expires=clock.now + 100).check()


@pytest.mark.parametrize("offset", [-1e6, 0.0, 1e6])
def test_clocks_may_differ(offset: float) -> None:
    """A lease is waited for by the waiter's own clock, from when it was first seen."""
    store, ours, theirs = FakeRegistry(), Clock(), Clock()
    theirs.now += offset
    with held(store, "churn", now=ours, sleep=ours.sleep):
        began = theirs.now
        with held(store, "churn", now=theirs, sleep=theirs.sleep):
            assert SECONDS <= theirs.now - began < SECONDS + 2


def test_a_lease_whose_answer_was_lost_is_still_ours() -> None:
    """A client that asks again meets its own name, and knows it by its owner."""
    store, clock = FakeRegistry(), Clock()
    make = store.create_registered_model

    def twice(*arguments: object, **keys: object) -> None:
        make(*arguments, **keys)
        make(*arguments, **keys)

    store.create_registered_model = twice  # type: ignore[method-assign]
    with held(store, "churn", now=clock, sleep=clock.sleep) as lease:
        assert lease.generation == 1
    assert clock.now == Clock().now


def test_whoever_makes_a_generation_that_was_tidied_up_may_not_write() -> None:
    """It is below the highest, whatever its own view of the list was."""
    store, clock = FakeRegistry(), Clock()
    with held(store, "churn", now=clock, sleep=clock.sleep) as old:
        pass
    for _ in range(3):
        with held(store, "churn", now=clock, sleep=clock.sleep):
            pass
    store.create_registered_model(old.name)
    with pytest.raises(ActionError, match="took over"):
        old.check()


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
