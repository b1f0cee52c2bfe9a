"""One lock for the machine: what is timed runs alone, everything else shares."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "modelqa-machine.lock"


@contextmanager
def held(*, alone: bool) -> Iterator[None]:
    """Hold the machine's lock, alone or shared with all that is not timed.

    A temporary folder that cannot be written means that nobody else can hold the lock there
    either, so the check goes on without.
    """
    from filelock import ReadWriteLock

    try:
        lock = ReadWriteLock(Path(tempfile.gettempdir()) / LOCK)
        guard = lock.write_lock() if alone else lock.read_lock()
        guard.__enter__()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        guard.__exit__(None, None, None)
