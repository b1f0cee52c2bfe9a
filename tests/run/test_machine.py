"""Timed checks have the machine for themselves."""

import threading
from pathlib import Path

import pytest

from modelqa.errors import CheckError
from modelqa.run.machine import held


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
