"""Files of object stores: found and fetched, or refused in bounded time; secrets stay in the environment."""

import gzip
import io
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as fs
import pyarrow.parquet as pq
import pytest

from modelqa.core.patience import patiently, size
from modelqa.engines import remote
from modelqa.engines.memory import open_table
from modelqa.errors import SubjectError
from tests.engines.object_store import served


def _parquet(table: pa.Table) -> bytes:
    made = io.BytesIO()
    pq.write_table(table, made)
    return made.getvalue()


OBJECTS = {
    "bucket/new/a.parquet": _parquet(pa.table({"x": [1, 2]})),
    "bucket/new/b.parquet": _parquet(pa.table({"x": [3]})),
    "bucket/new/notes.txt": b"secret-7",
    "bucket/a b.csv.gz": gzip.compress(b"x\n1\n"),
    "bucket/broken.parquet": b"secret-7",
}


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of a store that knows everybody."""
    for name, value in {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "secret-7"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_an_object_is_a_file(tmp_path: Path):
    """Same columns, same name, same digest as the file that was put there; a packed one stays packed."""
    (tmp_path / "a.parquet").write_bytes(OBJECTS["bucket/new/a.parquet"])
    with served(OBJECTS) as store:
        table = open_table(f"s3://bucket/new/a.parquet{store.options}")
        packed = open_table(f"s3://bucket/a%20b.csv.gz{store.options}")
    assert table.column("x").values.tolist() == [1, 2]
    assert table.info == open_table(tmp_path / "a.parquet").info
    assert packed.column("x").values.tolist() == [1]


def test_a_pattern_is_a_set_of_objects():
    """Those of the folder that match, in the order of their names."""
    with served(OBJECTS) as store:
        table = open_table(f"s3://bucket/new/*.parquet{store.options}")
    assert table.column("x").values.tolist() == [1, 2, 3]
    assert table.info.name == "*.parquet"


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("gone.parquet", "s3://bucket/gone.parquet: no such file"),
        ("new/c*.parquet", r"c\*\.parquet matches 0 files"),
        ("broken.parquet", "s3://bucket/broken.parquet: not a whole parquet file"),
    ],
)
def test_an_object_that_cannot_be_used_is_told_by_its_address(key: str, says: str):
    """Without the options of the address, and without a folder of this machine."""
    with served(OBJECTS) as store, pytest.raises(SubjectError, match=says) as caught:
        open_table(f"s3://bucket/{key}{store.options}")
    assert not {"secret", "127.0.0.1", "/tmp"} & set(str(caught.value).replace("/", " ").split())  # noqa: S108
    assert "secret" not in str(caught.value)


def test_a_store_that_refuses_is_told_by_its_code():
    """Its own words may hold anything."""
    with served(OBJECTS, refuses=True) as store, pytest.raises(SubjectError, match="ACCESS_DENIED") as caught:
        open_table(f"s3://bucket/new/a.parquet{store.options}")
    assert "secret" not in str(caught.value)


def test_a_store_that_says_nothing_is_given_up():
    """After as long as was granted; a store that is not there at all within the library's own limits."""
    with (
        served(OBJECTS, sleeps=True) as store,
        pytest.raises(SubjectError, match=r"no answer within 0\.3 s"),
        remote.fetched(f"s3://bucket/new/a.parquet{store.options}", patience=0.3),
    ):
        pass


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("s3://me:secret-7@bucket/a.csv", "s3://bucket/a.csv: expected an address without credentials"),
        ("abfs://c@a.dfs.core.windows.net/a.csv?client_secret=secret-7", "'client_secret' is no option"),
        ("s3://bucket/a.csv#secret-7", "a fragment is no option"),
        ("s3://bucket", "expected s3://bucket/folder/file.parquet"),
        ("s3://bucket/*/a.csv", "in the last part of an address only"),
        ("gs://bucket/a.xlsx", r"expected \.parquet, .* found '\.xlsx'"),
        (
            "https://me:secret-7@host/a.csv?key=secret-7",
            "https://host/a.csv: expected an address that begins",
        ),
        ("file://host/a.csv", "found the name of a machine"),
    ],
)
def test_an_address_is_checked_before_anybody_is_asked(url: str, says: str):
    """Credentials, unknown options and formats, patterns elsewhere: refused at once, secrets untold."""
    with pytest.raises(SubjectError, match=says) as caught:
        open_table(url)
    assert "secret-7" not in str(caught.value)


def test_a_file_address_is_a_path(tmp_path: Path):
    """Nothing is copied; blanks may be written as addresses write them."""
    path = tmp_path / "new rows.csv"
    path.write_text("x\n1\n")
    assert open_table(path.as_uri()).info == open_table(path).info


def test_any_file_system_of_pyarrow_is_copied_from(tmp_path: Path):
    """In the order of the names, below the folder that a part of a file system begins at."""
    (tmp_path / "store" / "new").mkdir(parents=True)
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / "store" / "new" / name).write_text(f"x\n{name}\n")
    store = fs.SubTreeFileSystem(str(tmp_path / "store"), fs.LocalFileSystem())
    found = remote.copy(store, "new/*.csv", tmp_path, "gs://bucket/new/*.csv")
    assert [file.shown for file in found] == ["gs://bucket/new/a.csv", "gs://bucket/new/b.csv"]
    assert [file.path.read_text() for file in found] == ["x\na.csv\n", "x\nb.csv\n"]


def test_work_that_goes_on_is_waited_for(tmp_path: Path):
    """Patience counts from the last byte, not from the first."""

    def slowly() -> str:
        for place in range(8):
            time.sleep(0.1)
            (tmp_path / f"{place}").write_bytes(b"x")
        return "done"

    assert patiently(slowly, seconds=0.5, progress=lambda: size(tmp_path)) == "done"
    with pytest.raises(TimeoutError):
        patiently(lambda: time.sleep(1), seconds=0.1)
    with pytest.raises(KeyError):
        patiently(lambda: {}["x"], seconds=5)
