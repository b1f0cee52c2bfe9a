"""Timed checks have the machine for themselves."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modelqa.errors import CheckError
from modelqa.run import machine
from modelqa.run.machine import Stretch, held


def test_what_is_not_timed_shares_the_machine(tmp_path: Path) -> None:
    """Two readers hold the lock at once."""
    inside = threading.Barrier(2, timeout=20)

    def share() -> None:
        with held(alone=False, folder=tmp_path):
            inside.wait()

    threads = [threading.Thread(target=share) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not inside.broken


def test_a_timed_check_that_waits_too_long_says_so(tmp_path: Path) -> None:
    """It is errored, not timed beside others."""
    entered, leave = threading.Event(), threading.Event()

    def keep() -> None:
        with held(alone=True, folder=tmp_path):
            entered.set()
            leave.wait(20)

    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        assert entered.wait(20)
        with (
            pytest.raises(CheckError, match="kept the machine busy"),
            held(alone=True, folder=tmp_path, patience=0.2),
        ):
            pytest.fail("two timed checks at once")
        with held(alone=False, folder=tmp_path, patience=0.2):
            pass  # what is not timed does not wait for ever
    finally:
        leave.set()
        keeper.join(30)


def test_without_a_folder_for_the_lock_the_check_goes_on(tmp_path: Path) -> None:
    """A machine that cannot lock is no reason not to measure."""
    with held(alone=True, folder=tmp_path / "nowhere" / "at all"):
        pass


def _free(folder: Path) -> bool:
    """Whether somebody could time something now."""
    found: list[bool] = []

    def time_it() -> None:
        try:
            with held(alone=True, folder=folder, patience=0.05):
                found.append(True)
        except CheckError:
            found.append(False)

    other = threading.Thread(target=time_it)
    other.start()
    other.join(30)
    return found[0]


def test_a_run_shares_the_machine_from_one_check_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken once, and let go for what is timed and at the end."""
    monkeypatch.setattr(machine.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(machine, "STRETCH", 60.0)
    with Stretch() as stretch:
        for _ in range(2):
            with stretch.held(alone=False):
                assert not _free(tmp_path)
            assert not _free(tmp_path)
        with stretch.held(alone=True):
            assert not _free(tmp_path)
        assert _free(tmp_path)
        with stretch.held(alone=False):
            assert not _free(tmp_path)
    assert _free(tmp_path)


def test_a_run_lets_others_in_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is taken anew once its time is over."""
    monkeypatch.setattr(machine, "STRETCH", 0.0)
    taken: list[bool] = []
    monkeypatch.setattr(machine, "held", _noted(taken))
    with Stretch() as stretch:
        for _ in range(3):
            with stretch.held(alone=False):
                pass
    assert taken == [False, False, False]


def _noted(taken: list[bool]) -> machine.Hold:
    @contextmanager
    def held(*, alone: bool) -> Iterator[None]:
        taken.append(alone)
        yield

    return held
