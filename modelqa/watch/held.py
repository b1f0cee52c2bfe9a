"""While something is judged: its lease is renewed, and a wish to stop waits until it is done."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from modelqa.errors import Fenced, LedgerError
from modelqa.ledger import Lease, Ledger
from modelqa.ledger.store import SECONDS

_GLANCE = 0.2


@contextmanager
def renewed(ledger: Ledger, lease: Lease, every: float = SECONDS / 3) -> Iterator[None]:
    """Renew a lease while the context lasts. One that was lost stays lost: then the next write is refused."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(every):
            try:
                ledger.renew(lease)
            except Fenced:
                return
            except LedgerError:
                continue

    thread = threading.Thread(target=renew, daemon=True, name="modelqa-lease")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Stop:
    """Whether somebody wants the process to end."""

    def __init__(self) -> None:
        self.asked = False

    def pause(self, seconds: float) -> None:
        """Wait, unless and until somebody wants to stop."""
        until = time.monotonic() + seconds
        while not self.asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(_GLANCE, left))


@contextmanager
def stoppable() -> Iterator[Stop]:
    """SIGTERM and SIGINT ask once; the second one does what it always does."""
    stop = Stop()
    before: dict[int, Any] = {}

    def ask(_: int, __: FrameType | None) -> None:
        stop.asked = True
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.signal(number, ask) or signal.SIG_DFL
    try:
        yield stop
    finally:
        restore()
