"""One lock for the machine: what is timed runs alone, everything else shares."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from modelqa.errors import CheckError

LOCK = "modelqa-machine.lock"
PATIENCE = 300.0
"""Seconds to wait for others. A timed check gives up then; any other goes on beside them."""


@contextmanager
def held(*, alone: bool, folder: Path | None = None, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the machine's lock, alone or shared with all that is not timed.

    A temporary folder that cannot be written means that nobody else can hold the lock there
    either, so the check goes on without. Raises `CheckError` where a timed check waits too long.
    """
    from filelock import ReadWriteLock, Timeout

    with ExitStack() as stack:
        try:
            path = (folder or Path(tempfile.gettempdir())) / LOCK
            lock = ReadWriteLock(str(path), is_singleton=False)
            take = lock.write_lock if alone else lock.read_lock
            stack.enter_context(take(timeout=patience))
        except Timeout:
            if alone:
                raise CheckError(
                    f"another run kept the machine busy for {patience:g} s: time it again"
                ) from None
        except (OSError, sqlite3.Error):
            pass
        yield
