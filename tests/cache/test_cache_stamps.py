"""A digest still holds, or it does not: files that change after it was taken are noticed."""

import hashlib
import os
from pathlib import Path

import pytest

from modelqa.cache.stamps import Stamp


class Files:
    """A folder of files, their digest, and how often it was taken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken = 0

    def paths(self) -> dict[str, Path]:
        return {path.name: path for path in sorted(self.folder.iterdir())}

    def digest(self) -> str:
        self.taken += 1
        return hashlib.sha256(b"".join(path.read_bytes() for path in self.paths().values())).hexdigest()

    def stamp(self) -> Stamp:
        return Stamp(self.paths, self.digest)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Two files that were just written."""
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("two")
    return Files(tmp_path)


def test_a_digest_holds_as_long_as_nothing_changes(files: Files) -> None:
    """However often it is asked."""
    stamp = files.stamp()
    assert stamp.holds()
    assert stamp.holds()


@pytest.mark.parametrize("how", ["content", "removed", "added", "replaced", "same length"])
def test_any_change_is_noticed(how: str, files: Files) -> None:
    """In place, by another file under the name, by one more or one less."""
    stamp = files.stamp()
    path = files.folder / "a"
    match how:
        case "content":
            path.write_text("three")
        case "same length":
            path.write_text("eno")
        case "removed":
            path.unlink()
        case "added":
            (files.folder / "c").write_text("")
        case "replaced":
            (files.folder / "z").write_text("eno")
            (files.folder / "z").replace(path)
    assert not stamp.holds()


def test_a_change_whose_times_were_set_back_is_noticed(files: Files) -> None:
    """Another content of one length, its time as it was: the system keeps a second time."""
    path = files.folder / "a"
    os.utime(path, (1_000, 1_000))
    stamp = files.stamp()
    path.write_text("eno")
    os.utime(path, (1_000, 1_000))
    assert not stamp.holds()


def test_a_file_that_had_just_changed_is_read_again(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its recorded times may not tell a later change; once they must, the digest is not taken any more."""
    stamp = files.stamp()
    assert (stamp.holds(), files.taken) == (True, 2)
    monkeypatch.setattr("modelqa.cache.stamps.FRESH_NS", -10_000_000_000)
    assert (stamp.holds(), files.taken) == (True, 3)
    assert (stamp.holds(), files.taken) == (True, 3)


def test_a_change_within_one_tick_of_the_clock_is_noticed(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the records of before and after are equal, the bytes are read."""
    stamp = files.stamp()
    marks = stamp._marks
    (files.folder / "a").write_text("eno")
    monkeypatch.setattr(stamp, "_look", lambda: (marks, False))
    assert not stamp.holds()


def test_files_that_are_not_there_have_no_digest_that_holds(tmp_path: Path) -> None:
    """Whoever reads them will say so."""
    stamp = Stamp(lambda: {"a": tmp_path / "a"}, lambda: "made up")
    assert not stamp.holds()
