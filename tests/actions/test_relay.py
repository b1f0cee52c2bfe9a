"""Whatever a tracker does, in the end one ticket is open for a problem, and none once it is gone."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from ticket_worlds import OTHER, World, break_it, world

from modelqa.actions.tickets import DAY, Failed, Passed, Phase, Snoozed

KINDS = ["local", "github", "webhook"]


@pytest.fixture(params=KINDS)
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world of each kind."""
    with world(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[World, FakeGitHub]]:
    """A world with GitHub."""
    with world("github", tmp_path) as made:
        assert isinstance(made.fake, FakeGitHub)
        yield made, made.fake


# --- what every tracker does


def test_a_problem_has_one_ticket_that_is_changed_in_place_and_closed(there: World) -> None:
    """Its text is the last one's; clean batches close it, a failure soon after opens the same one again."""
    for number in range(5):
        there.happens(Failed(f"b{number}"))
        there.converge()
    assert there.open() == ["b4: 5 bad, 0 clean"]
    for number in range(3):
        there.happens(Passed(f"g{number}"))
        there.converge()
    assert [(body, open_) for body, open_, _ in there.all()] == [("g2: 0 bad, 3 clean", False)]
    there.happens(Failed("again"))
    there.converge()
    assert [(body, open_) for body, open_, _ in there.all()] == [("again: 1 bad, 0 clean", True)]


def test_it_is_commented_once_an_interval(there: World) -> None:
    """The body changes each time, the comment is for those who follow it."""
    for number in range(48):
        there.happens(Failed(f"b{number}"))
        there.deliver()
        there.clock.sleep(3600)
    ((_, open_, comments),) = there.all()
    assert open_
    assert len(comments) == 1


def test_problems_do_not_mix(there: World) -> None:
    """Each has its own ticket."""
    there.happens(Failed("a"))
    there.happens(Failed("x"), OTHER)
    there.converge()
    for number in range(3):
        there.happens(Passed(f"g{number}"), OTHER)
    there.converge()
    assert (there.open(), there.open(OTHER)) == (["a: 1 bad, 0 clean"], [])


def test_after_a_day_without_the_tracker_one_write_is_enough(there: World) -> None:
    """What is sent is where things stand."""
    for number in range(50):
        there.happens(Failed(f"b{number}"))
        there.clock.sleep(600)
    there.converge()
    assert there.open() == ["b49: 50 bad, 0 clean"]
    if isinstance(there.fake, FakeGitHub):
        writes = [path for method, path in there.fake.log if method in ("POST", "PATCH")]
        assert len(writes) <= 2


def test_what_came_and_went_meanwhile_leaves_nothing_open(there: World) -> None:
    """There is nothing to look after."""
    there.happens(Failed("a"))
    for number in range(3):
        there.happens(Passed(f"g{number}"))
    there.converge()
    assert there.open() == []


def test_a_snoozed_ticket_is_silent(there: World) -> None:
    """And speaks again afterwards."""
    there.happens(Failed("a"))
    there.converge()
    there.happens(Snoozed(there.clock() + 2 * DAY))
    there.happens(Failed("b"))
    there.converge()
    assert there.open() == ["a: 1 bad, 0 clean"]
    there.clock.sleep(3 * DAY)
    there.happens(Failed("c"))
    there.converge()
    assert there.open() == ["c: 3 bad, 0 clean"]


def _conforms(there: World, seed: int) -> None:
    """A history with faults at every turn, then peace."""
    rng = random.Random(seed)  # noqa: S311 (no secret)
    if isinstance(there.fake, FakeGitHub):
        there.fake.lag = lambda: rng.uniform(0, 120)
        there.fake.shuffle = rng
    for turn in range(3):
        for number in range(rng.randrange(1, 5)):
            break_it(there, rng)
            there.happens(Failed(f"{turn}b{number}"))
            there.deliver()
            there.clock.sleep(rng.uniform(0, 400))
        if there.fake:
            there.fake.fail_next.clear()
            there.fake.lost = 0
        there.converge()
        assert len(there.open()) == 1, "one open ticket"
        assert there.ticket().phase is Phase.OPEN
        for number in range(3):
            break_it(there, rng)
            there.happens(Passed(f"{turn}g{number}"))
            there.deliver()
            there.clock.sleep(rng.uniform(0, 400))
        there.converge()
        assert there.open() == [], "none once it is gone"
    if there.fake:
        assert there.fake.early == 0, "nobody calls before Retry-After"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(8))
def test_a_tracker_that_lags_fails_and_limits_has_one_open_ticket_in_the_end(
    tmp_path: Path, kind: str, seed: int
) -> None:
    """Lists that lag up to two minutes and reorder, answers that are lost, 5xx, limits."""
    with world(kind, tmp_path) as there:
        _conforms(there, seed)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["github", "webhook"])
def test_a_hundred_bad_days(tmp_path: Path, kind: str) -> None:
    """The same, a hundred times."""
    for seed in range(100, 200):
        (tmp_path / str(seed)).mkdir()
        with world(kind, tmp_path / str(seed)) as there:
            _conforms(there, seed)


# --- GitHub, which keeps no key


def test_a_ticket_whose_answer_was_lost_is_found_and_not_made_again(hub: tuple[World, FakeGitHub]) -> None:
    """Also while the list does not show it yet."""
    there, fake = hub
    fake.lag, fake.lost = lambda: 100.0, 1
    there.happens(Failed("a"))
    assert "cannot be reached" in there.deliver()[0]
    there.clock.sleep(30)
    assert "has not said whether" in there.deliver()[0]
    there.converge()
    assert len(fake.issues) == 1
    assert there.ticket().number == "1"


def test_a_refused_ticket_is_asked_for_again_at_once(hub: tuple[World, FakeGitHub]) -> None:
    """It is certain that there is none."""
    there, fake = hub
    fake.fail_next = [(200, {}, []), (422, {}, {})]
    there.happens(Failed("a"))
    assert "422" in there.deliver()[0]
    assert there.deliver() == []
    assert len(there.open()) == 1


def test_of_two_that_were_made_at_once_the_lower_number_stays(
    hub: tuple[World, FakeGitHub], tmp_path: Path
) -> None:
    """Two machines with a ledger each, and a list that showed neither."""
    there, fake = hub
    fake.lag = lambda: 100.0
    there.happens(Failed("a"))
    there.deliver()
    there.lose_ledger(f"sqlite:///{tmp_path / 'other.db'}")
    there.happens(Failed("a"))
    there.deliver()
    assert fake.open_issues() == [1, 2]
    there.converge()
    assert fake.open_issues() == [1]
    assert fake.issues[2]["state_reason"] == "duplicate"
    there.happens(Failed("b"))
    there.converge()
    assert fake.issues[1]["body"].endswith("b: 2 bad, 0 clean")


def test_a_ticket_that_another_machine_closed_as_a_duplicate_stays_closed(
    hub: tuple[World, FakeGitHub], tmp_path: Path
) -> None:
    """Its machine goes on with the one that stayed."""
    there, fake = hub
    mine, other = there.url, f"sqlite:///{tmp_path / 'other.db'}"
    fake.lag = lambda: 100.0
    there.happens(Failed("a"))
    there.deliver()
    there.lose_ledger(other)
    there.happens(Failed("a"))
    there.deliver()
    there.lose_ledger(mine)
    there.clock.sleep(200)
    there.converge()
    assert fake.issues[2]["state_reason"] == "duplicate"
    there.lose_ledger(other)
    there.happens(Failed("b"))
    there.converge()
    assert fake.open_issues() == [1]
    assert there.ticket().number == "1"
    assert not any(method == "PATCH" and path.endswith("/2") for method, path in fake.log[-6:])


def test_a_lost_ledger_finds_its_ticket_on_the_second_page(
    hub: tuple[World, FakeGitHub], tmp_path: Path
) -> None:
    """By marker, whatever its title says now."""
    there, fake = hub
    for number in range(150):
        fake.issue(f"t{number}", "other", ["modelqa"])
    there.happens(Failed("a"))
    there.converge()
    fake.issues[151]["title"] = "renamed"
    there.lose_ledger(f"sqlite:///{tmp_path / 'other.db'}")
    there.happens(Failed("b"))
    there.converge()
    assert len(fake.issues) == 151
    assert there.open() == ["b: 1 bad, 0 clean"]


@pytest.mark.parametrize("lost", [False, True])
def test_what_will_not_be_fixed_is_never_opened_again(
    hub: tuple[World, FakeGitHub], tmp_path: Path, lost: bool
) -> None:
    """A person's word outlives the ledger."""
    there, fake = hub
    there.happens(Failed("a"))
    there.converge()
    fake.issues[1].update(state="closed", state_reason="not_planned")
    if lost:
        there.lose_ledger(f"sqlite:///{tmp_path / 'other.db'}")
    for number in range(5):
        there.happens(Failed(f"b{number}"))
        there.converge()
        there.clock.sleep(10 * DAY)
    assert (fake.open_issues(), len(fake.issues)) == ([], 1)
    assert there.ticket().phase is Phase.WONT_FIX


def test_a_person_can_open_it_again(hub: tuple[World, FakeGitHub]) -> None:
    """Then it is told again, and clean batches only leave a comment."""
    there, fake = hub
    there.happens(Failed("a"))
    there.converge()
    fake.issues[1].update(state="closed", state_reason="not_planned")
    there.happens(Failed("b"))
    there.converge()
    fake.issues[1].update(state="open", state_reason="reopened")
    there.happens(Failed("c"))
    there.converge()
    there.happens(Failed("d"))
    there.converge()
    assert there.open() == ["d: 4 bad, 0 clean"]
    for number in range(5):
        there.happens(Passed(f"g{number}"))
        there.converge()
    ((_, open_, comments),) = there.all()
    assert open_
    assert len(comments) == 1


def test_a_person_who_closes_what_still_fails_sees_it_again(hub: tuple[World, FakeGitHub]) -> None:
    """The next batch that fails opens it."""
    there, fake = hub
    there.happens(Failed("a"))
    there.converge()
    fake.issues[1].update(state="closed", state_reason="completed")
    there.happens(Failed("b"))
    there.converge()
    assert (fake.open_issues(), len(fake.issues)) == ([1], 1)


def test_a_deleted_ticket_is_made_anew(hub: tuple[World, FakeGitHub]) -> None:
    """If the problem is still there."""
    there, fake = hub
    there.happens(Failed("a"))
    there.converge()
    del fake.issues[1]
    fake.issue("something else", "x", [])
    there.happens(Failed("b"))
    there.converge()
    assert len(there.open()) == 1


def test_a_text_that_has_not_changed_is_not_written(hub: tuple[World, FakeGitHub]) -> None:
    """A batch judged again costs one look."""
    there, fake = hub
    there.happens(Failed("a"))
    there.converge()
    fake.log.clear()
    there.happens(Failed("a"))
    there.converge()
    assert [method for method, _ in fake.log] == ["GET"]


def test_one_ticket_that_is_refused_does_not_hold_up_the_others(hub: tuple[World, FakeGitHub]) -> None:
    """It stays pending."""
    there, fake = hub
    fake.fail_next = [(200, {}, []), (422, {}, {})]
    there.happens(Failed("a"))
    there.happens(Failed("x"), OTHER)
    assert len(there.deliver()) == 1
    assert (len(there.open()), len(there.open(OTHER))) == (0, 1)
    there.converge()
    assert len(there.open()) == 1


def test_a_long_wait_is_kept_across_processes(hub: tuple[World, FakeGitHub]) -> None:
    """Nobody calls before the time that GitHub named, and then it is done."""
    there, fake = hub
    fake.fail_next = [(429, {"retry-after": "3600"}, {})]
    there.happens(Failed("a"))
    there.deliver()
    calls = len(fake.log)
    there.clock.sleep(1800)
    assert "wants to be left alone for" in there.deliver()[0]
    assert len(fake.log) == calls
    there.clock.sleep(1801)
    assert there.deliver() == []
    assert (fake.early, len(there.open())) == (0, 1)
