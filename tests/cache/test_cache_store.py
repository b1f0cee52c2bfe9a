"""Entries on disk: whole or not there, whatever else is in the folder and whoever else writes."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelqa.cache.store import Cache, Held, key_of

KEY = key_of("a")


def entry(cache: Cache, key: str = KEY) -> Path:
    """The file of an entry."""
    return cache.folder / key[:2] / key


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_put_comes_back(content: bytes, tmp_path: Path) -> None:
    """Byte for byte, in another process's cache of the same folder too."""
    Cache(tmp_path).put(KEY, content)
    assert Cache(tmp_path).get(KEY) == content
    assert Cache(tmp_path).get(key_of("b")) is None


@given(content=st.binary(min_size=1, max_size=200), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_torn_entry_is_no_entry(content: bytes, data: st.DataObject, tmp_path: Path) -> None:
    """Cut anywhere, or with any one byte changed, and likewise with more behind it."""
    cache = Cache(tmp_path)
    cache.put(KEY, content)
    whole = entry(cache).read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([whole[place] ^ data.draw(st.integers(1, 255))])
    for torn in (whole[:place], whole[:place] + flipped + whole[place + 1 :], whole + b"x"):
        entry(cache).write_bytes(torn)
        assert cache.get(KEY) is None
    cache.put(KEY, content)
    assert cache.get(KEY) == content


@given(foreign=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_somebody_else_s_file_is_no_entry(foreign: bytes, tmp_path: Path) -> None:
    """Nor is an entry of ours under another entry's name."""
    cache = Cache(tmp_path)
    cache.put(KEY, b"one")
    entry(cache).write_bytes(foreign)
    assert cache.get(KEY) is None
    other = key_of("another")
    cache.put(KEY, b"one")
    entry(cache, other).parent.mkdir(exist_ok=True)
    entry(cache, other).write_bytes(entry(cache).read_bytes())
    assert cache.get(other) is None


def test_a_folder_where_an_entry_should_be_is_no_entry(tmp_path: Path) -> None:
    """Nothing can be kept there, and nothing is raised."""
    cache = Cache(tmp_path)
    entry(cache).mkdir(parents=True)
    cache.put(KEY, b"one")
    assert cache.get(KEY) is None


def test_a_place_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "cache")
    cache.put(KEY, b"one")
    assert cache.get(KEY) is None
    assert cache.held() == Held(0, 0)
    assert cache.clear() == Held(0, 0)


def test_the_folder_says_what_it_is(tmp_path: Path) -> None:
    """Git passes it over, and so do backups."""
    Cache(tmp_path / "cache").put(KEY, b"one")
    assert (tmp_path / "cache" / ".gitignore").read_text().endswith("*\n")
    assert (tmp_path / "cache" / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172")


def test_what_was_not_asked_for_longest_is_dropped_first(tmp_path: Path) -> None:
    """Down to four fifths; an entry that was asked for lately stays."""
    cache = Cache(tmp_path, most=10_000)
    keys = [key_of(str(number)) for number in range(9)]
    for age, key in enumerate(reversed(keys)):
        cache.put(key, b"x" * 1000)
        os.utime(entry(cache, key), (age, age))
    assert cache.get(keys[-1]) is not None, "the oldest is asked for"
    for number in range(3):
        cache.put(key_of("more", str(number)), b"x" * 1000)
    held = cache.held()
    assert held.bytes <= 10_000
    assert cache.get(keys[-1]) is not None
    assert cache.get(keys[-2]) is None


def test_an_entry_that_would_drive_out_the_others_is_not_kept(tmp_path: Path) -> None:
    """One may take a quarter."""
    cache = Cache(tmp_path, most=1000)
    cache.put(KEY, b"x" * 251)
    assert cache.get(KEY) is None


def test_clearing_drops_entries_and_nothing_else(tmp_path: Path) -> None:
    """It says how many there were; a file of somebody else's stays."""
    cache = Cache(tmp_path)
    for number in range(3):
        cache.put(key_of(str(number)), b"x" * 10)
    foreign = tmp_path / "notes.txt"
    foreign.write_text("mine")
    inner = tmp_path / "aa" / "notes.txt"
    inner.parent.mkdir(exist_ok=True)
    inner.write_text("mine")
    assert cache.held().entries == 3
    assert cache.clear().entries == 3
    assert cache.held() == Held(0, 0)
    assert foreign.read_text() == inner.read_text() == "mine"


@given(one=st.lists(st.text(max_size=5), max_size=4), other=st.lists(st.text(max_size=5), max_size=4))
def test_keys_differ_where_their_parts_do(one: list[str], other: list[str]) -> None:
    """However the parts are cut."""
    assert (key_of(*one) == key_of(*other)) == (one == other)


def writer(folder: Path, number: int) -> int:
    """Put and get some keys over and over; how often something came back that was never put."""
    cache = Cache(folder, most=200_000)
    wrong = 0
    for turn in range(60):
        key = key_of(str((number + turn) % 7))
        if turn % 20 == 19:
            cache.clear()
        cache.put(key, key.encode() * 50)
        found = cache.get(key)
        wrong += found not in (None, key.encode() * 50)
    return wrong


@pytest.mark.parametrize("processes", [4])
def test_many_processes_share_a_folder(processes: int, tmp_path: Path) -> None:
    """They write, read, trim and clear at once: each finds a whole entry, or none."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(writer, [tmp_path] * processes, range(processes)))
    assert found == [0] * processes
    assert not list(tmp_path.rglob("*.tmp"))
