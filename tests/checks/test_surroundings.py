"""What goes on around a timed check: counted, and the garbage of before left out of it."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from modelqa.checks import surroundings


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Nothing is frozen before a test, nor after it."""
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_what_was_there_is_not_looked_through_meanwhile() -> None:
    """Garbage of before waits until the check is over; that of the calls is collected."""

    class Cycle:
        def __init__(self) -> None:
            self.me = self

    gc.disable()
    try:
        before = weakref.ref(Cycle())
        with surroundings.watched() as since:
            meanwhile = weakref.ref(Cycle())
            gc.collect()
            assert (before() is None, meanwhile() is None) == (False, True)
            assert since()["collections"] == 1
        gc.collect()
        assert before() is None
    finally:
        gc.enable()


def test_a_check_that_raises_leaves_the_collector_as_it_was() -> None:
    """An error of the model is no reason to keep garbage for ever."""
    with pytest.raises(ZeroDivisionError), surroundings.watched():
        _ = 1 / 0
    assert gc.get_freeze_count() == 0


def test_what_others_froze_stays_frozen() -> None:
    """A process that forks froze its objects for a reason."""
    gc.freeze()
    with surroundings.watched():
        pass
    assert gc.get_freeze_count() > 0


def test_what_happened_since_is_told_as_often_as_asked() -> None:
    """Counts from the beginning, and the machine."""
    with surroundings.watched() as since:
        first = since()
        sum(range(100_000))
        second = since()
    assert second["cpu_seconds"] >= first["cpu_seconds"] >= 0
    assert first["cpus"] == second["cpus"] > 0
