"""Several files as one table: in order, of one schema, whatever kind of file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.core.signature import ColumnKind
from modelqa.engines import parts
from modelqa.engines.agreement import agree
from modelqa.engines.memory import open_table
from modelqa.errors import SubjectError

DAY = pa.array([0], pa.date32())


def _write(folder: Path, *tables: pa.Table) -> tuple[Path, ...]:
    paths = tuple(folder / f"{place:03}.parquet" for place in range(len(tables)))
    for path, table in zip(paths, tables, strict=True):
        pq.write_table(table, path)
    return paths


def test_files_are_read_one_after_the_other(tmp_path: Path):
    """Rows in the order of the paths; each column on its own, whatever its place in a file."""
    table = open_table(
        _write(tmp_path, pa.table({"x": [1, 2], "t": ["a", "b"]}), pa.table({"t": ["b"], "x": [3]})),
        name="new",
    )
    assert table.column("x").values.tolist() == [1, 2, 3]
    assert [table.column("t").categories[code] for code in table.column("t").values] == ["a", "b", "b"]
    assert (table.info.name, table.rows) == ("new", 3)
    assert table.to_pandas(["t", "x"])["x"].tolist() == [1, 2, 3]
    assert table.take(np.array([2])).column("t").values.tolist() == [1]


def test_kinds_of_files_mix(tmp_path: Path):
    """A csv, json lines and parquet of one schema are one table; a whole number may stand among real ones."""
    (tmp_path / "a.csv").write_text("x,t\n1,u\n2,\n")
    (tmp_path / "b.jsonl").write_text('{"x": 2.5, "t": null}\n')
    pq.write_table(pa.table({"x": [4.0], "t": ["v"]}), tmp_path / "c.parquet")
    table = open_table(tuple(sorted(tmp_path.iterdir())))
    assert table.column("x").values.tolist() == [1.0, 2.0, 2.5, 4.0]
    assert table.column("t").missing.tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ({"x": ["secret-7"], "t": ["a"]}, "001.parquet: column 'x' holds text, expected integer as in .*000"),
        ({"x": [1]}, "001.parquet: expected the columns of .*000.parquet, but it lacks 't'"),
        ({"x": [1], "t": ["a"], "z": [1]}, "001.parquet: .* also has 'z'"),
        ({"x": [1], "u": ["a"]}, "lacks 't' and also has 'u'"),
        ({"x": [True], "t": ["a"]}, "holds boolean, expected integer"),
    ],
)
def test_a_file_of_another_schema_is_named(tmp_path: Path, second: dict, says: str):
    """Which file, which column, what it holds, and which file it was compared with."""
    paths = _write(tmp_path, pa.table({"x": [1], "t": ["a"]}), pa.table(second))
    with pytest.raises(SubjectError, match=says) as caught:
        open_table(paths)
    assert "secret" not in str(caught.value)


def test_a_damaged_file_among_them_is_named(tmp_path: Path):
    """One that cannot be read spoils the set, and says which it is."""
    paths = _write(tmp_path, pa.table({"x": [1]}), pa.table({"x": [1]}))
    paths[1].write_bytes(b"PAR1")
    with pytest.raises(SubjectError, match=r"001\.parquet: not a whole parquet file"):
        open_table(paths)


def test_a_number_that_has_no_place_among_the_others_is_refused(tmp_path: Path):
    """A whole number that no real one tells exactly is not silently another number."""
    paths = _write(tmp_path, pa.table({"x": [0.5]}), pa.table({"x": [2**53 + 1]}))
    with pytest.raises(SubjectError, match=r"001\.parquet: a column of 'x' does not fit"):
        open_table(paths).column("x")


def test_categories_of_many_files_fit(tmp_path: Path):
    """Each file's categories may fill its narrow index; the model still gets categories."""
    frames = [pd.DataFrame({"c": pd.Categorical([f"{n}-{i}" for i in range(100)])}) for n in range(3)]
    paths = tuple(tmp_path / f"{n}.parquet" for n in range(3))
    for path, frame in zip(paths, frames, strict=True):
        frame.to_parquet(path)
    table = open_table(paths)
    assert len(table.column("c").categories) == 300
    assert str(table.to_pandas()["c"].dtype) == "category"
    assert table.to_pandas()["c"].tolist() == [f"{n}-{i}" for n in range(3) for i in range(100)]


def test_pandas_types_are_kept_where_all_files_have_them(tmp_path: Path):
    """A nullable whole number stays one; where the files differ, plain types are taken."""
    nullable = pd.DataFrame({"n": pd.array([1, None], dtype="Int64")})
    paths = tmp_path / "a.parquet", tmp_path / "b.parquet"
    for path in paths:
        nullable.to_parquet(path)
    assert str(open_table(paths).to_pandas()["n"].dtype) == "Int64"
    pd.DataFrame({"n": [0.5]}).to_parquet(paths[1])
    assert open_table(paths).to_pandas()["n"].dtype == np.float64


def test_more_files_than_handles_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Beyond a number of files none stays open, and the rows are the same."""
    tables = [pa.table({"x": [place]}) for place in range(5)]
    paths = _write(tmp_path, *tables)
    whole = open_table(paths).info.digest
    monkeypatch.setattr(parts, "MOST_OPEN", 2)
    table = open_table(paths)
    for path in paths:
        path.write_bytes(b"")
    assert table.column("x").values.tolist() == [0, 1, 2, 3, 4]
    assert whole.startswith("sha256:")


def test_a_set_has_the_digest_of_its_content(tmp_path: Path):
    """Names do not count, bytes and their order do; a set of one is the file."""
    first, second = _write(tmp_path, pa.table({"x": [1]}), pa.table({"x": [2]}))
    told = open_table((first, second)).info.digest
    assert told != open_table((second, first)).info.digest
    moved = first.rename(tmp_path / "moved.parquet")
    assert told == open_table((moved, second)).info.digest
    assert open_table((moved,)).info.digest == open_table(moved).info.digest


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (pa.null(), pa.string(), "string"),
        (pa.int32(), pa.int64(), "int64"),
        (pa.int64(), pa.float32(), "double"),
        (pa.decimal128(9, 2), pa.decimal128(12, 4), "decimal128(12, 4)"),
        (pa.string(), pa.string_view(), "large_string"),
        (pa.date32(), pa.timestamp("s"), "timestamp[s]"),
        (pa.timestamp("ms"), pa.timestamp("ns"), "timestamp[ns]"),
        (pa.timestamp("us", "UTC"), pa.timestamp("us", "Etc/UTC"), "timestamp[us, tz=UTC]"),
        (pa.timestamp("us", "UTC"), pa.timestamp("us"), "None"),
        (pa.dictionary(pa.int8(), pa.string()), pa.string(), "string"),
        (pa.dictionary(pa.int8(), pa.string()), pa.int64(), "None"),
        (pa.bool_(), pa.int64(), "None"),
        (pa.int64(), pa.string(), "None"),
        (pa.list_(pa.int64()), pa.list_(pa.float64()), "list<item: double>"),
        (pa.list_(pa.int64()), pa.struct([("a", pa.int64())]), "None"),
    ],
)
def test_types_agree_or_do_not(first: pa.DataType, second: pa.DataType, told: str):
    """In either order, and only where no value is changed in kind."""
    assert [str(agree(first, second)), str(agree(second, first))] == [told, told]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_set_is_the_rows_of_its_files(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    """However rows are spread over files, and whichever are missing, the columns are the same."""
    values = data.draw(st.lists(st.integers(-5, 5) | st.none(), min_size=1, max_size=8))
    cut = data.draw(st.integers(0, len(values)))
    texts = [None if value is None else f"t{value}" for value in values]
    whole = open_table(pa.table({"x": pa.array(values, pa.int64()), "t": pa.array(texts, pa.string())}))
    halves = [
        pa.table({"x": values[:cut], "t": texts[:cut]}),
        pa.table({"x": values[cut:], "t": texts[cut:]}),
    ]
    table = open_table(_write(tmp_path_factory.mktemp("set"), *halves))
    if table.kinds["x"] is ColumnKind.OTHER:  # no value at all tells no type
        assert table.column("x").missing.all()
        return
    np.testing.assert_array_equal(table.column("x").values, whole.column("x").values)
    assert table.column("t").categories == whole.column("t").categories
    assert table.column("t").values.tolist() == whole.column("t").values.tolist()
