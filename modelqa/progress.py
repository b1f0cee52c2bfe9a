"""What runs now and how long it has taken, on a terminal: one piece of a line, gone when it is done."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TextIO

from modelqa.run.events import CheckFinished, CheckStarted, Event, Listener, SuiteFinished, nobody

PATIENCE = 0.5
"""Seconds before anything is shown: what is quick would only flicker."""
_STEP = 0.5
"""Seconds between two looks at the clock: each takes a moment from a check that is timed."""
_REST = "\x1b[K"
"""Erases from the cursor to the end of the line."""


def watches(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody looks at a stream as it is written: a terminal that can erase, and no CI.

    >>> import io
    >>> watches(io.StringIO(), {})
    False
    """
    if environ.get("CI") or environ.get("TERM") == "dumb":
        return False
    capable = os.name != "nt" or "WT_SESSION" in environ
    return capable and stream.isatty()


class Ticker:
    """A text and the seconds since it was set, drawn where the cursor stands, which stays there.

    So whatever is written next, by anybody, writes over it; and nothing is drawn before ``patience``
    seconds. ``terminal`` is an open file's number; ``room`` says how many columns there are from the
    cursor to the end of the line.
    """

    def __init__(self, terminal: int, *, room: Callable[[], int], patience: float = PATIENCE) -> None:
        self._terminal = terminal
        self._room = room
        self._patience = patience
        self._lock = threading.Lock()
        self._text = ""
        self._since = 0.0
        self._drawn = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._turn, name="modelqa-progress", daemon=True)
        self._thread.start()

    def show(self, text: str) -> None:
        """Begin with something else; an empty text shows nothing."""
        with self._lock:
            self._erase()
            self._text, self._since = text, time.monotonic()

    def close(self) -> None:
        """Erase what is shown, and end."""
        self.show("")
        self._stop.set()
        self._thread.join()

    def _turn(self) -> None:
        while not self._stop.wait(_STEP):
            with self._lock:
                self._draw()

    def _draw(self) -> None:
        passed = time.monotonic() - self._since
        shown = f" {self._text}, {passed:.0f} s"[: max(self._room() - 1, 0)]
        if self._text and passed >= self._patience and shown:
            self._put(f"{_REST}\x1b[2m{shown}\x1b[22m\x1b[{len(shown)}D")
            self._drawn = True

    def _erase(self) -> None:
        if self._drawn:
            self._put(_REST)
            self._drawn = False

    def _put(self, text: str) -> None:
        with suppress(OSError, ValueError):  # a terminal that has gone is nobody's loss
            os.write(self._terminal, text.encode())


def columns(terminal: int) -> int:
    """How wide a terminal is; 80 where it does not say."""
    try:
        return os.get_terminal_size(terminal).columns or 80
    except OSError:
        return 80


@contextmanager
def on_terminal() -> Iterator[Listener]:
    """A listener that shows which check runs, on the error stream; in a log it does nothing."""
    stream = sys.stderr
    if not watches(stream):
        yield nobody
        return
    ticker = Ticker(stream.fileno(), room=lambda: columns(stream.fileno()))

    def listen(event: Event) -> None:
        match event:
            case CheckStarted(id=id_, position=position, total=total):
                ticker.show(f"{position} of {total}: {id_}")
            case CheckFinished() | SuiteFinished():
                ticker.show("")

    try:
        yield listen
    finally:
        ticker.close()
