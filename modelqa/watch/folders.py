"""Batches that are files: in a folder, or matched by a pattern."""

import glob
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modelqa.engines.files import FORMATS
from modelqa.errors import SubjectError
from modelqa.watch.arrivals import Arrival, Known, State, short
from modelqa.watch.whole import flaw

SUFFIXES = tuple(suffix for name, each in FORMATS.items() if name != "profile" for suffix in each.suffixes)
_TEMPORARY = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".swp", "~")
"""What programs call a file that they are not done with."""


class Folder:
    """Each file is a batch; where the pattern matches a folder, the files in that are one.

    Names that begin with a dot or an underscore, or end as temporary ones do, are nobody's batch. They come
    in the order of their names, numbers by value.
    """

    def __init__(self, written: str, root: Path) -> None:
        self.told = self.key = written
        self._root = root

    def look(self, state: State) -> Iterator[Arrival]:
        """What is new or was restated."""
        for name, files in self._found().items():
            mark = _mark(files)
            known = state.known.get(name)
            if mark and (known is None or known.mark != mark):
                yield self._arrival(name, files, mark)

    def again(self, known: Known) -> Arrival | None:
        """The same file, as long as it is there."""
        files = _inside(self._root / known.name)
        return (
            self._arrival(known.name, files, known.mark, lacked=known.lacks)
            if _mark(files) == known.mark
            else None
        )

    def done_with(self, known: Known) -> bool:
        """A file that is gone from a folder that shows others: an empty one may be a disk that is away."""
        place = self._root / known.name
        return not _mark([place]) and any(place.parent.glob("*"))

    def mark(self, arrival: Arrival) -> str:
        """What the file system says of it now."""
        return _mark(_inside(self._root / arrival.name))

    def _arrival(self, name: str, files: Sequence[Path], mark: str, *, lacked: int = 0) -> Arrival:
        place = self._root / name
        written = str(place)
        if place.is_dir():
            written = f"{glob.escape(written)}/*{files[0].suffix}"
        return Arrival(name, changes={"batch": written}, mark=mark, flaw=_flaw(files), lacked=lacked)

    def _found(self) -> Mapping[str, Sequence[Path]]:
        """The files of each batch, by its name: its path from the root, where it lies below."""
        base = self._root / Path(self.told).expanduser()
        if base.is_dir():
            paths = [path for path in base.iterdir() if path.name.lower().endswith(SUFFIXES)]
        elif not glob.has_magic(self.told):
            raise SubjectError(f"{self.told}: expected a folder or a pattern such as data/*.parquet, found "
                               f"{'a file' if base.exists() else 'nothing'}")  # fmt: skip
        else:
            paths = [Path(each) for each in glob.glob(str(base), recursive=True)]  # noqa: PTH207 (absolute)
        named = {self._name(path): path for path in paths if not _passing(path)}
        found = {name: _inside(named[name]) for name in sorted(named, key=_natural)}
        return {name: files for name, files in found.items() if files}

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)


def _inside(place: Path) -> list[Path]:
    """The files of a batch: itself, or those of the first one's kind in the folder that it is."""
    if not place.is_dir():
        return [place]
    files = sorted(
        each for each in place.iterdir() if each.name.lower().endswith(SUFFIXES) and not _passing(each)
    )
    return [each for each in files if each.suffix == files[0].suffix]


def _passing(path: Path) -> bool:
    return path.name.startswith((".", "_")) or path.name.lower().endswith(_TEMPORARY)


def _natural(name: str) -> list[tuple[int, str]]:
    """Numbers in a name count as numbers.

    >>> sorted(["day-10.csv", "day-9.csv"], key=_natural)
    ['day-9.csv', 'day-10.csv']
    """
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _mark(files: Sequence[Path]) -> str:
    """Sizes and times of change, as far as the file system tells; "" where one is gone."""
    try:
        stats = [path.stat() for path in files]
    except OSError:
        return ""
    told = [f"{s.st_size} {s.st_mtime_ns} {s.st_ctime_ns} {s.st_ino}" for s in stats]
    return told[0] if len(told) == 1 else short(*told, *(path.name for path in files)) if told else ""


def _flaw(files: Sequence[Path]) -> str:
    """The first flaw of some files. What cannot be read is told by whoever reads it."""
    for path in files:
        try:
            found = flaw(path)
        except OSError:
            continue
        if found:
            return found if len(files) == 1 else f"{path.name}: {found}"
    return ""
