"""Files that are still what they were: so that nothing is kept under the digest of other bytes."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from modelqa.errors import ModelQAError

FRESH_NS = 2_000_000_000
"""A file that changed this shortly before it was looked at may change again at the same recorded time."""
Marks = tuple[tuple[str, int, int, int, int, int], ...]


class Stamp:
    """What the system records of some files, taken just before their digest is.

    ``paths`` lists the files by name, anew each time. The digest is taken again where the records cannot
    tell: of a file that had just changed when it was looked at (git calls such an entry of its index
    racy). A record never stands in for a digest: it only says that one still holds.
    """

    def __init__(self, paths: Callable[[], Mapping[str, Path]], digest: Callable[[], str]) -> None:
        self._paths = paths
        self._take = digest
        self._marks, self._certain = self._look()
        self.digest = digest()

    def holds(self) -> bool:
        """Whether the files are what they were when the digest was taken."""
        marks, certain = self._look()
        if marks is None or marks != self._marks:
            return False
        if not self._certain:
            if self._again() != self.digest:
                return False
            self._certain = certain
        return True

    def _again(self) -> str:
        try:
            return self._take()
        except (OSError, ModelQAError):
            return ""

    def _look(self) -> tuple[Marks | None, bool]:
        """The records of all files (None where one is gone), and whether a later change must alter them."""
        now = time.time_ns()
        try:
            found = [(name, path.stat()) for name, path in self._paths().items()]
        except (OSError, ModelQAError):
            return None, False
        marks = tuple(
            (name, one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
            for name, one in found
        )
        return marks, all(now - FRESH_NS > max(one.st_mtime_ns, one.st_ctime_ns) for _, one in found)
