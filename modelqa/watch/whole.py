"""Whether a file is whole: it has stopped changing, and ends as files of its kind end."""

import time
from collections.abc import Callable
from pathlib import Path

PARQUET, ARROW = b"PAR1", b"ARROW1"
NO_MORE = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""The end of an Arrow stream."""


class Settling:
    """What has looked the same for some seconds of this process's own clock.

    Times of files are another machine's affair: a clock that is wrong there changes nothing here.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._since: dict[str, tuple[str, float]] = {}

    def settled(self, name: str, mark: str) -> bool:
        """Whether this mark was first seen long enough ago.

        >>> now = [0.0]
        >>> settling = Settling(30, lambda: now[0])
        >>> settling.settled("a", "10 bytes")
        False
        >>> now[0] = 30.0
        >>> settling.settled("a", "10 bytes"), settling.settled("a", "11 bytes")
        (True, False)
        """
        now = self._clock()
        seen, since = self._since.get(name, ("", now))
        if seen != mark:
            self._since[name], since = (mark, now), now
        return now - since >= self.seconds

    def forget(self, name: str) -> None:
        """It was judged."""
        self._since.pop(name, None)


def flaw(path: Path) -> str:
    """Why a file cannot be whole, by its first and last bytes; "" where they do not tell.

    Parquet and Arrow files end in what they began with, an Arrow stream in a mark of its own; text has no
    end that could be missing. Raises OSError where the file cannot be read.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        if size == 0:
            return "the file is empty"
        stream.seek(0)
        head = stream.read(8)
        stream.seek(max(0, size - 10))
        tail = stream.read(10)
    name = path.name.lower()
    if name.endswith((".parquet", ".pq")):
        return "" if _parquet(size, head, tail[-8:]) else "it has no whole parquet footer"
    if name.endswith((".arrow", ".feather", ".ipc")):
        ends = _arrow(size, tail) if head.startswith(ARROW) else tail.endswith(NO_MORE)
        return "" if ends or head.startswith(b"FEA1") else "it does not end as an Arrow file does"
    return ""


def _parquet(size: int, head: bytes, tail: bytes) -> bool:
    """Magic bytes at both ends, and between them room for the footer that the last ones tell of."""
    if not head.startswith(PARQUET) or tail[4:] not in (PARQUET, b"PARE"):
        return head.startswith(b"PARE") and tail[4:] == b"PARE"
    return int.from_bytes(tail[:4], "little") + 12 <= size


def _arrow(size: int, tail: bytes) -> bool:
    """The magic bytes at the end, and before them the length of a footer for which there is room."""
    return tail.endswith(ARROW) and 0 < int.from_bytes(tail[:4], "little") <= size - len(tail) - 8
