"""Objects and files as tables: what each column becomes, and that it is converted once."""

import datetime as dt
import math
import uuid
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.core.signature import ColumnKind
from modelqa.engines.memory import open_table
from modelqa.errors import SubjectError

FRAME = pd.DataFrame(
    {
        "age": [31, 58, 44],
        "income": [1.5, math.nan, math.inf],
        "plan": ["basic", None, "plus"],
        "active": [True, False, True],
        "since": pd.to_datetime(["2026-01-01", None, "2026-01-02"]),
    }
)


def _column(values, **options):
    return open_table({"x": pd.Series(values, **options)}).column("x")


def test_a_frame_becomes_typed_columns():
    """Numbers, truth values, codes of text and microseconds, with what is missing beside them."""
    table = open_table(FRAME)
    assert [str(kind) for kind in table.kinds.values()] == ["integer", "float", "text", "boolean", "datetime"]
    assert table.column("age").values.tolist() == [31, 58, 44]
    assert table.column("income").missing.tolist() == [False, True, False]
    assert table.column("income").values[2] == math.inf
    assert table.column("plan").categories == ("basic", "plus")
    assert table.column("plan").values.tolist() == [0, -1, 1]
    assert table.column("active").values.tolist() == [True, False, True]
    assert np.diff(table.column("since").values[[0, 2]]).tolist() == [86_400_000_000]


@pytest.mark.parametrize(
    "make", [lambda f: pa.Table.from_pandas(f), pl.from_pandas, dict], ids=["arrow", "polars", "dict"]
)
def test_every_container_gives_the_same_columns_and_digest(make):
    """The container does not matter: same kinds, same values, same content digest."""
    whole, other = open_table(FRAME), open_table(make(FRAME))
    assert dict(other.kinds) == dict(whole.kinds)
    for name in FRAME:
        one, two = whole.column(name), other.column(name)
        assert one.missing.tolist() == two.missing.tolist()
        assert one.values[~one.missing].tolist() == two.values[~two.missing].tolist()
        assert one.categories == two.categories
    assert other.info.digest == whole.info.digest


@pytest.mark.parametrize("suffix", [".parquet", ".pq", ".csv", ".csv.gz"])
def test_files_give_what_was_written(tmp_path: Path, suffix: str):
    """Parquet and csv read back as the same columns, named and hashed by the file."""
    path = tmp_path / f"batch{suffix}"
    frame = FRAME.drop(columns="since")
    if suffix in (".parquet", ".pq"):
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    table = open_table(path)
    assert [str(kind) for kind in table.kinds.values()] == ["integer", "float", "text", "boolean"]
    assert table.column("income").missing.tolist() == [False, True, False]
    assert table.column("plan").missing.tolist() == [False, True, False]
    assert (table.info.name, table.info.rows) == (path.name, 3)
    assert table.info.digest.startswith("sha256:")
    assert table.to_pandas(["plan", "age"]).columns.tolist() == ["plan", "age"]


def test_the_digest_of_a_file_is_of_its_bytes(tmp_path: Path):
    """One more byte in the file is another digest; the name does not count."""
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("x\n1\n")
    second.write_text("x\n1\n")
    assert open_table(first).info.digest == open_table(second).info.digest
    second.write_text("x\n1\n\n")
    assert open_table(first).info.digest != open_table(second).info.digest


def test_types_of_a_csv_are_inferred_over_all_of_it(tmp_path: Path):
    """A text far down makes the column text; it is no conversion error."""
    path = tmp_path / "long.csv"
    path.write_text("x\n" + "1\n" * 700_000 + "late\n")
    assert open_table(path).kinds == {"x": ColumnKind.TEXT}


@pytest.mark.parametrize(
    ("values", "options", "kind", "missing"),
    [
        ([1, None], {"dtype": "Int64"}, "integer", [False, True]),
        ([1, 2], {"dtype": "uint8"}, "integer", [False, False]),
        ([2**63, 1], {"dtype": "uint64"}, "integer", [False, False]),
        ([Decimal("1.5"), None], {}, "float", [False, True]),
        ([math.nan, -math.inf], {}, "float", [True, False]),
        ([1.5, None], {"dtype": "Float32"}, "float", [False, True]),
        ([True, None], {"dtype": "boolean"}, "boolean", [False, True]),
        ([True, None], {"dtype": object}, "boolean", [False, True]),
        (["a", None], {"dtype": object}, "text", [False, True]),
        (["a", None], {"dtype": "category"}, "text", [False, True]),
        ([3, None], {"dtype": "category"}, "integer", [False, True]),
        ([1, 1.5], {"dtype": "category"}, "float", [False, False]),
        ([dt.date(2026, 1, 1), None], {}, "datetime", [False, True]),
        ([pd.Timestamp("2026", tz="Asia/Tokyo"), None], {}, "datetime", [False, True]),
        ([1, "a", None], {"dtype": object}, "other", [False, False, True]),
        ([[1], None], {}, "other", [False, True]),
        ([{"a": 1}, None], {}, "other", [False, True]),
        ([b"x", None], {}, "other", [False, True]),
        ([uuid.uuid4(), None], {}, "other", [False, True]),
        ([1j, 2j], {}, "other", [False, False]),
        ([2**70, 1], {"dtype": object}, "other", [False, False]),
        (["\ud800", "a"], {"dtype": object}, "other", [False, False]),
        ([pd.Timedelta(1), None], {}, "other", [False, True]),
        ([pd.Interval(0, 1)], {}, "other", [False]),
        ([None, None], {"dtype": object}, "other", [True, True]),
        ([(1, 2), (3,)], {"dtype": "category"}, "other", [False, False]),
        ([1, 0], {"dtype": "Sparse[int]"}, "other", [False, False]),
    ],
)
def test_each_type_has_a_kind(values, options: dict, kind: str, missing: list[bool]):
    """Every pandas type ends in one kind, with its missing rows."""
    column = _column(values, **options)
    assert str(column.kind) == kind
    assert column.missing.tolist() == missing
    assert len(column.values) == len(values)


def test_times_with_a_zone_are_utc():
    """Noon in Tokyo is three in the morning."""
    noon = _column([pd.Timestamp("1970-01-01 12:00", tz="Asia/Tokyo")]).values
    assert noon.tolist() == [3 * 3600 * 1_000_000]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_every_unit_are_microseconds(unit: str):
    """The unit of the source does not show."""
    table = open_table(pa.table({"x": pa.array([5, None], pa.timestamp(unit)).cast(pa.timestamp(unit))}))
    scale = {"s": 5_000_000, "ms": 5_000, "us": 5, "ns": 0}[unit]
    assert table.column("x").values[0] == scale


def test_a_time_beyond_64_bits_does_not_wrap_around():
    """A time that cannot be told in microseconds is an error, not another time."""
    table = open_table(pa.table({"x": pa.array([2**62], pa.timestamp("s"))}))
    with pytest.raises(SubjectError, match="column 'x'"):
        table.column("x")


def test_categories_keep_their_order_and_merge_repeats():
    """A dictionary keeps its order, also unused; one with repeats and nulls is made clean."""
    assert _column(pd.Categorical(["b"], categories=["c", "b", "a"])).categories == ("c", "b", "a")
    odd = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None, 3]), pa.array(["x", "x", None, "y"]))
    column = open_table(pa.table({"x": odd})).column("x")
    assert column.categories == ("x", "y")
    assert column.values.tolist() == [0, 0, -1, -1, 1]
    assert column.missing.tolist() == [False, False, True, True, False]


def test_chunks_with_their_own_dictionaries_agree():
    """Codes of different chunks mean the same categories."""
    chunks = pa.chunked_array(
        [pa.array(["a", "b"]).dictionary_encode(), pa.array(["b", "c"]).dictionary_encode()]
    )
    column = open_table(pa.table({"x": chunks})).column("x")
    assert [column.categories[code] for code in column.values] == ["a", "b", "b", "c"]


def test_a_column_is_converted_once():
    """Asking again gives the same object."""
    table = open_table(FRAME)
    assert table.column("plan") is table.column("plan")


def test_real_numbers_are_not_copied():
    """A float column without missing values is the user's own memory."""
    values = np.array([1.0, 2.0])
    column = open_table(pa.table({"x": values})).column("x")
    assert np.shares_memory(column.values, values)


def test_rows_taken_share_the_categories():
    """A slice indexes the table's columns: same categories, other rows, other digest."""
    table = open_table(FRAME)
    part = table.take(np.array([2, 0]))
    assert part.column("plan").categories is table.column("plan").categories
    assert part.column("plan").values.tolist() == [1, 0]
    assert part.to_pandas(["age"])["age"].tolist() == [44, 31]
    assert (part.rows, part.info.rows, part.kinds) == (2, 2, table.kinds)
    assert part.info.digest != table.info.digest
    assert part.info.digest != table.take(np.array([0, 2])).info.digest
    assert part.take(np.array([True, False])).column("age").values.tolist() == [44]


@pytest.mark.parametrize("rows", [[3], [-1], [True]])
def test_rows_that_are_not_there_are_an_index_error(rows: list):
    """Neither a negative row nor a short mask is silently another row."""
    with pytest.raises(IndexError):
        open_table(FRAME).take(np.array(rows))


def test_the_model_gets_the_frame_that_the_user_gave():
    """Types and order stay; a model that writes into its frame does not write into the user's."""
    odd = FRAME.assign(plan=FRAME["plan"].astype("category"), extra=[1, "a", None])
    table = open_table(odd)
    given = table.to_pandas()
    pd.testing.assert_frame_equal(given, odd)
    given.loc[:, "age"] = 0
    assert table.to_pandas(["age"])["age"].tolist() == [31, 58, 44]


def test_a_parquet_file_of_pandas_keeps_its_types(tmp_path: Path):
    """Categories come back as such; a named index is a column, a nameless one is none."""
    path = tmp_path / "a.parquet"
    FRAME.assign(plan=FRAME["plan"].astype("category")).iloc[::2].to_parquet(path)
    table = open_table(path)
    assert list(table.kinds) == list(FRAME)
    assert str(table.to_pandas()["plan"].dtype) == "category"
    FRAME.set_index("age").to_parquet(path)
    assert open_table(path).to_pandas(["age", "plan"])["age"].tolist() == [31, 58, 44]


def test_nested_and_dotted_names_are_told_apart(tmp_path: Path):
    """`a`, `a.b` and a struct are three columns."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1], "a.b": [2], "n": [{"x": 3}]}), path)
    table = open_table(path)
    assert [table.column(name).values.tolist() for name in ("a", "a.b", "n")] == [[1], [2], [{"x": 3}]]


def test_an_open_file_is_one_version(tmp_path: Path):
    """A file that is replaced while it is judged is read as it was."""
    path, other = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pd.DataFrame({"x": [1], "y": [1]}).to_parquet(path)
    pd.DataFrame({"x": [2], "y": [2]}).to_parquet(other)
    table = open_table(path)
    table.column("x")
    other.replace(path)
    assert table.column("y").values.tolist() == [1]


def test_columns_may_be_chosen():
    """Only these, in this order; one that is not there is told with what is near."""
    assert list(open_table(FRAME, columns=["plan", "age"]).kinds) == ["plan", "age"]
    with pytest.raises(SubjectError, match=r"no column 'agee' \(did you mean 'age'\?\)"):
        open_table(FRAME, columns=["agee"])
    with pytest.raises(KeyError):
        open_table(FRAME, columns=["age"]).column("plan")


def test_an_index_of_its_own_does_not_reorder_an_array():
    """Series in a mapping are columns by position, whatever their index."""
    table = open_table(
        {"a": pd.Series([1, 2], index=[1, 0]), "b": [1, 2], "c": pa.array([1, 2]), "d": pl.Series([1, 2])}
    )
    assert [table.column(name).values.tolist() for name in "abcd"] == [[1, 2]] * 4


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (3, "found int"),
        ({"a": [1], "b": [1, 2]}, r"lengths \[1, 2\]"),
        ({"a": 1}, "one length"),
        ({"a": np.ones((2, 2))}, "one-dimensional"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' occurs more than once"),
        (pd.DataFrame([[1, 2]]), "2 of 2 column names are not text"),
        (pa.table([[1], [2]], names=["a", "a"]), "'a' occurs more than once"),
        (pd.Series([1]), "the Series gives no table"),
    ],
)
def test_what_is_no_table_is_refused(source, says: str):
    """An object without columns, lengths that differ, names that do not tell columns apart."""
    with pytest.raises(SubjectError, match=says):
        open_table(source)


def test_a_table_without_rows_or_columns_opens():
    """Whether no rows are an error is for the run to say."""
    assert open_table({"x": []}).column("x").values.shape == (0,)
    assert open_table({}).rows == 0
    assert open_table(FRAME.iloc[:0]).take(np.array([], dtype=int)).column("plan").values.shape == (0,)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=4),
    st.binary(max_size=4),
    st.dates(),
    st.datetimes(timezones=st.none() | st.just(dt.UTC)),
    st.timedeltas(),
    st.lists(st.integers() | st.none(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(VALUES, max_size=6), st.sampled_from(["object", "infer", "category"]), st.integers(0, 3))
def test_any_values_make_a_column_or_a_subject_error(values: list, how: str, column: int):
    """Mixed, nested, huge and missing: arrays of one length, or an error of ours without values."""
    try:
        series = pd.Series(values, dtype=None if how == "infer" else how)
    except (TypeError, ValueError, ArithmeticError):
        return  # pandas itself has no such column
    table = open_table({f"c{column}": series, "other": list(range(len(values)))})
    found = table.column(f"c{column}")
    assert len(found.values) == len(found.missing) == table.rows == len(values)
    assert all(flag for value, flag in zip(values, found.missing, strict=True) if value is None)
    if found.kind is ColumnKind.TEXT:
        told = [found.categories[code] if code >= 0 else None for code in found.values]
        assert told == [value if isinstance(value, str) else None for value in values]
    assert table.info.digest == open_table({f"c{column}": series, "other": range(len(values))}).info.digest


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats() | st.none(), min_size=1, max_size=8),
    st.lists(st.integers(0, 7), max_size=12),
)
def test_taking_rows_is_indexing(values: list, rows: list[int]):
    """A part of a table holds what the table holds at these rows."""
    chosen = np.array([row % len(values) for row in rows], dtype=np.intp)
    table = open_table({"x": pd.Series(values, dtype="float64")})
    whole, part = table.column("x"), table.take(chosen).column("x")
    assert part.missing.tolist() == whole.missing[chosen].tolist()
    np.testing.assert_array_equal(part.values, whole.values[chosen])
