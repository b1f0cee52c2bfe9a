"""Objects of other libraries: polars frames, DuckDB relations, and whatever else speaks Arrow."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from modelqa import Suite
from modelqa.engines.memory import open_table
from modelqa.errors import SubjectError

FRAME = pl.DataFrame(
    {
        "n": [1, None],
        "d": [Decimal("1.5"), None],
        "s": ["b", None],
        "c": pl.Series(["b", "a"], dtype=pl.Categorical),
        "e": pl.Series(["b", "a"], dtype=pl.Enum(["a", "b", "z"])),
        "t": [dt.datetime(2026, 1, 1), None],
        "day": [dt.date(2026, 1, 1), None],
        "b": [True, None],
        "l": [[1], None],
    }
)
KINDS = ["integer", "float", "text", "text", "text", "datetime", "datetime", "boolean", "other"]


@pytest.mark.parametrize("make", [lambda: FRAME, FRAME.lazy], ids=["eager", "lazy"])
def test_polars_frames_are_tables(make):
    """Every type has its kind; an enumeration keeps its order, also what no row has."""
    table = open_table(make())
    assert [str(kind) for kind in table.kinds.values()] == KINDS
    assert table.column("e").categories == ("a", "b", "z")
    assert table.column("s").missing.tolist() == [False, True]
    assert table.column("d").values[0] == 1.5
    assert table.to_pandas(["c"])["c"].tolist() == ["b", "a"]


def test_a_duckdb_relation_is_a_table():
    """What SQL gives: wide and narrow numbers, an enumeration, ids, times with and without a zone."""
    with duckdb.connect() as connection:
        relation = connection.sql(
            "select 1::utinyint u, 2::hugeint h, uuid() i, 'a'::enum('b', 'a') e, true b, null n,"
            " timestamptz '2026-01-01 02:00:00+02' z, timestamp '2026-01-01' t, {'a': 1} s"
        )
        table = open_table(relation)
    kinds = {name: str(kind) for name, kind in table.kinds.items()}
    assert kinds == {
        "u": "integer", "h": "float", "i": "text", "e": "text", "b": "boolean", "n": "other",
        "z": "datetime", "t": "datetime", "s": "other",
    }  # fmt: skip
    assert table.column("e").categories == ("b", "a")
    assert table.column("z").values[0] == table.column("t").values[0]


def test_any_stream_of_arrow_is_a_table():
    """A reader is read once; an object of one's own needs one method."""

    class Own:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.table({"x": [1, 2]}).__arrow_c_stream__(requested_schema)

    for source in (Own(), pa.table({"x": [1, 2]}).to_reader(), pa.record_batch({"x": [1, 2]})):
        table = open_table(source)
        assert [table.column("x").values.tolist() for _ in range(2)] == [[1, 2], [1, 2]]


@pytest.mark.parametrize(
    "make",
    [
        lambda: pl.Series([1]),
        lambda: pl.LazyFrame({"x": ["secret-7"]}).select(pl.col("x").cast(pl.Int64)),
        lambda: pl.scan_parquet("gone.parquet"),
        lambda: duckdb.sql("select cast(x as integer) x from (values ('secret-7')) t(x)"),
    ],
    ids=["a series", "a failing cast", "a missing file", "a failing query"],
)
def test_a_stream_that_breaks_is_refused_without_its_words(make):
    """Who computes it may quote rows; only the type of its error is told."""
    with pytest.raises(SubjectError, match=r"batch: the .* gives no table") as caught:
        open_table(make(), name="batch")
    assert "secret" not in str(caught.value)


def test_a_suite_in_python_asks_a_relation_nothing(tmp_path: Path):
    """A suite is made and named before anything is computed."""
    path = tmp_path / "gone.csv"
    path.write_text("x\n1\n")
    relation = duckdb.read_csv(str(path))
    path.unlink()
    suite = Suite("s", batch=relation, checks=[{"errors": "rate", "max": 0.5}])
    assert suite.digest.startswith("sha256:")
