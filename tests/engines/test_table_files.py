"""Files that cannot be opened: each says what to do, and none quotes a row."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.engines.memory import open_table
from modelqa.errors import SubjectError


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gone.parquet", "no such file"),
        ("folder", "found a directory"),
        ("notes.xlsx", r"expected \.parquet, \.pq, \.csv, .* or \.ipc, found '\.xlsx'"),
        ("nosuffix", "no suffix"),
        ("empty.parquet", "the file is empty"),
        ("empty.csv", "the file is empty"),
        ("cut.parquet", "truncated or damaged"),
        ("text.parquet", "truncated or damaged"),
        ("ragged.csv", r"row 3: expected 2 fields, found 3"),
        ("twice.csv", "'a' occurs more than once"),
        ("notgz.csv.gz", "cannot be parsed as csv"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, says: str):
    """Missing, empty, cut off, misnamed or malformed: the path, the reason, and no values."""
    (tmp_path / "folder").mkdir()
    for made in ("notes.xlsx", "nosuffix", "text.parquet", "notgz.csv.gz"):
        (tmp_path / made).write_text("secret-7,secret-8\n")
    for made in ("empty.parquet", "empty.csv"):
        (tmp_path / made).touch()
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\nsecret-7,2,3\n")
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n")
    pd.DataFrame({"x": range(1000)}).to_parquet(tmp_path / "whole.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "whole.parquet").read_bytes()[:-20])
    with pytest.raises(SubjectError, match=says) as caught:
        open_table(tmp_path / name)
    assert "secret" not in str(caught.value)
    assert name in str(caught.value)


def test_a_page_damaged_inside_a_file_is_found_on_reading(tmp_path: Path):
    """A footer that is whole does not make the pages so."""
    path = tmp_path / "a.parquet"
    pd.DataFrame({"x": [f"value {row}" for row in range(5000)]}).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[4:2000] = b"\xff" * 1996
    path.write_bytes(content)
    table = open_table(path)
    with pytest.raises(SubjectError, match="truncated or damaged"):
        table.column("x")


def test_only_unquoted_marks_are_missing_in_a_csv(tmp_path: Path):
    """An empty field and NA are missing; the text "NA" in quotes is a text."""
    path = tmp_path / "a.csv"
    path.write_text('country,n\n"NA",1\nNA,\n,3\n')
    table = open_table(path)
    assert table.column("country").missing.tolist() == [False, True, True]
    assert table.column("n").missing.tolist() == [False, True, False]


def test_quoted_fields_may_hold_lines(tmp_path: Path):
    """A line break in quotes is part of the text."""
    path = tmp_path / "a.csv"
    path.write_text('note,n\n"one\ntwo",1\n')
    assert open_table(path).column("note").categories == ("one\ntwo",)


@settings(max_examples=80, deadline=None)
@given(content=st.binary(max_size=80), suffix=st.sampled_from([".csv", ".csv.gz", ".parquet"]))
def test_any_bytes_open_or_are_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str):
    """Whatever a file holds, each column can be read, or the error is ours."""
    path = tmp_path_factory.mktemp("bytes") / f"a{suffix}"
    path.write_bytes(content)
    try:
        table = open_table(path)
        sizes = {len(table.column(name).values) for name in table.kinds}
        assert len(table.to_pandas()) == table.rows
    except SubjectError:
        return
    assert sizes <= {table.rows}


@settings(max_examples=40, deadline=None)
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_one_wrong_byte_in_a_parquet_file_is_ours_to_tell(tmp_path_factory, place: int, byte: int):
    """Damage anywhere leads to a table or to a `SubjectError`, never to another exception."""
    path = tmp_path_factory.mktemp("damage") / "a.parquet"
    pd.DataFrame({"x": [1, 2], "t": ["a", None]}).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[place % len(content)] = byte
    path.write_bytes(content)
    told = "a.parquet"
    try:
        table = open_table(path)
        assert all(len(table.column(name).values) == table.rows for name in table.kinds)
    except SubjectError as error:
        told = str(error)
    assert "a.parquet" in told
