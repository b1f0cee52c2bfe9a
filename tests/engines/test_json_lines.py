"""JSON lines: one object a line, exact numbers, and the number of the line that is none."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.core.signature import ColumnKind
from modelqa.engines import lines
from modelqa.engines.memory import open_table
from modelqa.errors import SubjectError


def _open(folder: Path, content: str | bytes, name: str = "a.jsonl"):
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return open_table(folder / name)


def test_objects_become_typed_columns(tmp_path: Path):
    """Numbers, text, truth values and times, in the order that their keys first appear."""
    table = _open(
        tmp_path,
        '{"id": 9007199254740993, "plan": "basic", "since": "2026-01-01"}\n\n'
        '{"id": 2, "active": true, "plan": null, "since": "2026-01-02"}\n',
    )
    assert {name: str(kind) for name, kind in table.kinds.items()} == {
        "id": "integer", "plan": "text", "since": "datetime", "active": "boolean"
    }  # fmt: skip
    assert table.column("id").values.tolist() == [9007199254740993, 2]
    assert table.column("plan").missing.tolist() == [False, True]
    assert table.column("active").missing.tolist() == [True, False]
    assert table.column("since").values[0] == 1_767_225_600_000_000


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        (["2026-01-01", "2026-01-01T10:00"], "datetime"),
        (["2026-01-01T10:00:00Z", "2026-01-01T10:00:00+02:00"], "datetime"),
        (["2026-01-01", "tomorrow"], "text"),
        (["2026-01-01", "2026-01-01T10:00:00Z"], "text"),
        (["2026", "2027"], "text"),
        (["007"], "text"),
        (["550E8400-E29B-41D4-A716-446655440000"], "text"),
    ],
)
def test_text_is_a_time_only_where_all_of_it_is(tmp_path: Path, written: list[str], kind: str):
    """Numbers and ids in quotes stay text, and keep their spelling."""
    column = _open(tmp_path, "".join(json.dumps({"x": text}) + "\n" for text in written)).column("x")
    assert column.kind == kind
    if kind == "text":
        assert column.categories == tuple(written)


def test_what_is_packed_or_named_otherwise_is_read_alike(tmp_path: Path):
    """`.ndjson` and `.gz` are spellings; a byte order mark and a missing last line end do no harm."""
    content = b'\xef\xbb\xbf{"x": 1}\n{"x": 2.5}'
    plain = _open(tmp_path, content, "a.ndjson")
    packed = _open(tmp_path, gzip.compress(content), "a.JSONL.gz")
    assert plain.column("x").values.tolist() == packed.column("x").values.tolist() == [1.0, 2.5]


def test_columns_agree_over_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A key that comes late or goes early, and a whole number after real ones, fit."""
    monkeypatch.setattr(lines, "BLOCK", 2)
    rows = [{"a": None}, {"a": None}, {"a": 1, "b": "x"}, {"a": 2}, {"a": 2.5}, {"b": "y", "n": {"k": 1}}]
    table = _open(tmp_path, "".join(json.dumps(row) + "\n" for row in rows))
    assert table.column("a").kind is ColumnKind.FLOAT
    assert table.column("a").missing.tolist() == [True, True, False, False, False, True]
    assert table.column("b").categories == ("x", "y")
    assert table.column("n").values[-1] == {"k": 1}


@pytest.mark.parametrize("block", [1, 100])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"x": 1}\n\n{"x": "secret-7"}\n', "line 3: column 'x' holds "),
        ('{"x": true}\n{"x": 1}\n', "line 2: column 'x' holds "),
        ('{"x": 1}\n{"x": 1} secret-7\n', r"line 2: is not valid JSON \(column 10\)"),
        ('{"x": "secret-7\n', r"line 1: is not valid JSON"),
        ('{"x": 1}\nnull\n', "line 2: expected an object"),
        ('[{"x": "secret-7"}]\n', "line 1: expected an object"),
        ('{"x": 1, "x": "secret-7"}\n', "line 1: an object names a key twice"),
        (b'{"x": "\xff secret-7"}\n', "line 1: is not UTF-8"),
        ('{"x": ' + "[" * 100_000 + "]" * 100_000 + "}\n", "line 1: is nested too deeply"),
        ('{"x": 18446744073709551616}\n', "column 'x' holds whole numbers that 64 bits"),
        ('{"x": 9007199254740993}\n{"x": 0.5}\n', "column 'x' holds"),
        ('{"x": "\\ud800"}\n', "column 'x' holds text that have no one type"),
        ('{"x": 1' + "0" * 5000 + "}\n", "line 1: is not valid JSON"),
        ("", "the file is empty"),
        ("\n \n", "not a whole json lines file"),
        ("{}\n{}\n", "no object in it has a key"),
    ],
)
def test_a_line_that_cannot_be_used_is_told_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | bytes, says: str, block: int
):
    """Mixed types, damage, other values than objects: the line, the reason, no values."""
    monkeypatch.setattr(lines, "BLOCK", block)
    with pytest.raises(SubjectError, match=says) as caught:
        _open(tmp_path, content)
    assert "secret" not in str(caught.value)
    assert "a.jsonl" in str(caught.value)


def test_a_packed_file_that_is_damaged_is_refused(tmp_path: Path):
    """Cut off, or no gzip at all."""
    whole = gzip.compress(b'{"x": 1}\n' * 1000)
    for content in (whole[:-10], b"secret-7", whole[:20] + b"\xff" * 20):
        with pytest.raises(SubjectError, match=r"not a whole json lines file"):
            _open(tmp_path, content, "a.jsonl.gz")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2), max_size=5))
def test_any_objects_open_or_are_refused(tmp_path_factory: pytest.TempPathFactory, rows: list[dict]):
    """Whatever JSON there is: columns of one length with their nulls, or an error of ours."""
    content = "".join(json.dumps(row) + "\n" for row in rows) or "\n"
    try:
        table = _open(tmp_path_factory.mktemp("rows"), content)
        found = {name: table.column(name) for name in table.kinds}
    except SubjectError:
        return
    assert table.rows == len(rows)
    for name, column in found.items():
        assert all(gone for gone, row in zip(column.missing, rows, strict=True) if row.get(name) is None)


@settings(max_examples=80, deadline=None)
@given(content=st.binary(max_size=60), packed=st.booleans())
def test_any_bytes_open_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, packed: bool
):
    """Whatever a file holds, the error is ours."""
    try:
        table = _open(
            tmp_path_factory.mktemp("bytes"),
            gzip.compress(content) if packed else content,
            "a.jsonl.gz" if packed else "a.jsonl",
        )
        sizes = {len(table.column(name).values) for name in table.kinds}
    except SubjectError:
        return
    assert sizes <= {table.rows}
