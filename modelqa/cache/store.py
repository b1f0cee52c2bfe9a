"""Entries on disk, by key: whole or not there, whoever else writes, and never more than they may take."""

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 512 << 20
"""What all entries may take together; an entry may take a quarter of it."""
_MARK = b"modelqa cache 1 "
_ABANDONED = 3600.0
"""Seconds after which a temporary file has no writer any more."""
_ENTRY = re.compile(r"[0-9a-f]{64}")
_ABOUT: Mapping[str, str] = {
    ".gitignore": "# Made by modelqa: nothing in here is worth a commit.\n*\n",
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# Made by modelqa.\n",
}


def folder(root: Path) -> Path:
    """Where a project's cache is.

    >>> folder(Path("/repo")).as_posix()
    '/repo/.modelqa/cache'
    """
    return root / ".modelqa" / "cache"


def key_of(*parts: str) -> str:
    """The key of an entry that depends on these texts, in their order, and on nothing else.

    >>> key_of("a", "bc") == key_of("ab", "c")
    False
    """
    state = hashlib.sha256()
    for part in parts:
        data = part.encode(errors="surrogatepass")
        state.update(f"{len(data)}:".encode() + data)
    return state.hexdigest()


@dataclass(frozen=True, slots=True)
class Held:
    """What a cache holds: how many entries, and the bytes that they take."""

    entries: int
    bytes: int


class Cache:
    """Entries by key, the ones that were not asked for longest dropped first.

    Any number of processes may share a folder. A file that is torn, that was moved here or that is nobody's
    entry is no entry; a folder that cannot be written holds none.
    """

    def __init__(self, folder: Path, *, most: int = MOST_BYTES) -> None:
        self.folder = folder
        self.most = most
        self._room: int | None = None

    def get(self, key: str) -> bytes | None:
        """The content of an entry, None where there is none; asking keeps it from being dropped."""
        path = self._path(key)
        try:
            found = path.read_bytes()
        except OSError:
            return None
        head, content = found[: len(_head(key, b""))], found[len(_head(key, b"")) :]
        if head != _head(key, content):
            return None
        with suppress(OSError):
            os.utime(path)
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep an entry: another reader sees all of it, or nothing."""
        if len(content) > self.most // 4:
            return
        path = self._path(key)
        with suppress(OSError):
            self._make(path.parent)
            _write(path, _head(key, content) + content)
            self._spent(len(content))

    def clear(self) -> Held:
        """Drop every entry, and say what they were. What is nobody's entry stays."""
        found = self.held()
        for path in [*self._entries(), *self._temporary()]:
            with suppress(OSError):
                path.unlink()
        for inner in self._folders():
            with suppress(OSError):  # not empty: somebody has just written there
                inner.rmdir()
        return found

    def held(self) -> Held:
        """What is held now."""
        sizes = [size for _, size, _ in self._listed()]
        return Held(len(sizes), sum(sizes))

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _make(self, inner: Path) -> None:
        if inner.is_dir():
            return
        inner.mkdir(parents=True, exist_ok=True)
        for name, text in _ABOUT.items():
            if not (self.folder / name).exists():
                _write(self.folder / name, text.encode())

    def _spent(self, size: int) -> None:
        """Look for what to drop where there may be too much: all that others wrote is seen then too."""
        if self._room is not None:
            self._room -= size
        if self._room is None or self._room < 0:
            self._room = self._trimmed()

    def _trimmed(self) -> int:
        """Drop entries down to four fifths of what they may take, if they take more; the room there is."""
        listed = sorted(self._listed())
        total = sum(size for _, size, _ in listed)
        wanted = self.most if total <= self.most else self.most * 4 // 5
        for _, size, path in listed:
            if total <= wanted:
                break
            with suppress(OSError):
                path.unlink()
                total -= size
        for path in self._temporary():
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - _ABANDONED:
                    path.unlink()
        return min(self.most - total, self.most // 16)

    def _listed(self) -> Iterator[tuple[int, int, Path]]:
        """When each entry was asked for, its size, and where it is."""
        for path in self._entries():
            with suppress(OSError):
                found = path.stat()
                yield found.st_mtime_ns, found.st_size, path

    def _folders(self) -> list[Path]:
        return [path for path in self.folder.glob("[0-9a-f][0-9a-f]") if path.is_dir()]

    def _entries(self) -> Iterator[Path]:
        for inner in self._folders():
            yield from (path for path in inner.iterdir() if _ENTRY.fullmatch(path.name))

    def _temporary(self) -> Iterator[Path]:
        for inner in (self.folder, *self._folders()):
            yield from inner.glob(".*.tmp")


def _head(key: str, content: bytes) -> bytes:
    """What stands before an entry: a digest of its key and all of it."""
    return _MARK + hashlib.sha256(key.encode() + content).hexdigest().encode() + b"\n"


def _write(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
