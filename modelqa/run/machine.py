"""One lock for the machine: what is timed runs alone, everything else shares."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from time import monotonic

from modelqa.errors import CheckError

LOCK = "modelqa-machine.lock"
STRETCH = 0.1
"""Seconds for which untimed checks keep what they share: taking it anew for each costs more than many do."""
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


Hold = Callable[..., AbstractContextManager[None]]
"""What a check is measured under: `held`, or the `Stretch` of a run."""


class Stretch:
    """The lock over one run: untimed checks share it from one to the next, a timed one has it alone.

    After a tenth of a second it is let go between two checks, so that whoever waits to time something gets
    it. As a context it lets go of it at its end.
    """

    def __init__(self) -> None:
        self._kept = ExitStack()
        self._until = 0.0

    def __enter__(self) -> "Stretch":
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    @contextmanager
    def held(self, *, alone: bool) -> Iterator[None]:
        """As `held` of this module."""
        if alone or monotonic() >= self._until:
            self._until = 0.0
            self._kept.close()
        if alone:
            with held(alone=True):
                yield
            return
        if not self._until:
            self._kept.enter_context(held(alone=False))
            self._until = monotonic() + STRETCH
        yield
