"""Arrow files: IPC files, streams and Feather, whole or refused."""

from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.engines.memory import open_table
from modelqa.errors import SubjectError

TABLE = pa.table({"x": [1, None], "t": pa.array(["b", "a"]).dictionary_encode()})


def _file(path: Path, table: pa.Table = TABLE, compression: str | None = None) -> Path:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return path


def _stream(path: Path) -> Path:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return path


def _packed(path: Path) -> Path:
    return _file(path, compression="zstd")


def _polars(path: Path) -> Path:
    pl.from_arrow(TABLE).write_ipc(path)
    return path


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (_file, "a.arrow"),
        (_stream, "a.arrow"),
        (_stream, "a.ipc"),
        (_packed, "a.feather"),
        (_polars, "A.IPC"),
    ],
)
def test_every_kind_of_arrow_file_is_read(tmp_path: Path, write, name: str):
    """What the file begins with decides, not its suffix."""
    table = open_table(write(tmp_path / name))
    assert table.column("x").values[0] == 1
    assert table.column("x").missing.tolist() == [False, True]
    assert table.column("t").categories == ("b", "a")
    assert (table.info.name, table.info.rows) == (name, 2)


def test_pandas_types_come_back(tmp_path: Path):
    """A frame that was written as Feather is the frame that the model gets."""
    frame = pd.DataFrame(
        {"p": pd.Categorical(["b"], categories=["b", "a"]), "n": pd.array([1], dtype="Int64")}
    )
    path = _file(tmp_path / "a.feather", pa.Table.from_pandas(frame))
    pd.testing.assert_frame_equal(open_table(path).to_pandas(), frame)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"secret-7", "not a whole Arrow file"),
        (b"ARROW1\0\0secret-7", "not a whole Arrow file"),
        (b"FEA1secret-7", "Feather version 1 is no longer read"),
    ],
)
def test_what_is_no_arrow_file_is_refused(tmp_path: Path, content: bytes, says: str):
    """Empty, of another kind, cut off, or of the old version."""
    (tmp_path / "a.arrow").write_bytes(content)
    with pytest.raises(SubjectError, match=says) as caught:
        open_table(tmp_path / "a.arrow")
    assert "secret" not in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255), stream=st.booleans())
def test_one_wrong_byte_is_ours_to_tell(tmp_path_factory, place: int, byte: int, stream: bool):
    """Damage anywhere leads to columns of one length or to a `SubjectError`; nothing else is read."""
    path = (_stream if stream else _file)(tmp_path_factory.mktemp("damage") / "a.arrow")
    content = bytearray(path.read_bytes())
    content[place % len(content)] = byte
    path.write_bytes(content)
    told = "a.arrow"
    try:
        table = open_table(path)
        assert all(len(table.column(name).values) == table.rows for name in table.kinds)
    except SubjectError as error:
        told = str(error)
    assert "a.arrow" in told
