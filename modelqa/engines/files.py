"""Table files: opened quietly, and refused in words that quote no rows."""

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from modelqa.errors import SubjectError

_READABLE = ".parquet, .pq, .csv or .csv.gz"


class ParquetFile:
    """A parquet file that stays open, so that every column is of the same version of it."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as parquet

        self._path = path
        self._file = _guarded(path, lambda: parquet.ParquetFile(path))
        self.schema: Any = _guarded(path, lambda: self._file.schema_arrow)
        self.rows: int = self._file.metadata.num_rows

    def read(self, names: Sequence[str]) -> Any:
        """These columns as an Arrow table, in this order."""
        wanted = list(names)
        # The reader takes `a` for `a.b` too, where `a` is nested or a plain column is named so.
        table = _guarded(self._path, lambda: self._file.read(columns=wanted).select(wanted))
        if wanted and table.num_rows != self.rows:
            raise SubjectError(
                f"{self._path.name} is damaged: its footer tells of {self.rows:,} rows, and it holds "
                f"{table.num_rows:,}; write it again"
            )
        return table


def read_csv(path: Path) -> Any:
    """A csv file with a header, as an Arrow table.

    Types are inferred over the whole file. Empty fields, and NA, NaN, null and the like outside
    quotes, are missing.
    """
    import pyarrow.csv as csv

    size = path.stat().st_size
    block = 1 << 28 if path.suffix == ".gz" else min(max(size, 1 << 16), 1 << 30)

    def read(threads: bool) -> Any:
        return csv.read_csv(
            path,
            read_options=csv.ReadOptions(block_size=block, use_threads=threads),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False),
        )

    def located() -> Any:
        try:
            return read(threads=True)
        except ValueError:
            return read(threads=False)  # fails alike, but then says in which row

    return _guarded(path, located)


def digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, as ``sha256:`` and 64 hex digits."""
    try:
        with path.open("rb") as stream:
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    except OSError as error:
        raise SubjectError(f"{path}: cannot be read ({error.strerror})") from error


def check(path: Path) -> str:
    """The format of an existing file: ``parquet`` or ``csv``. Raises `SubjectError` for any other path."""
    if path.is_dir():
        raise SubjectError(f"{path}: expected a file, found a directory; name one {_READABLE} file in it")
    if not path.exists():
        raise SubjectError(f"{path}: no such file; check the path and the folder it is relative to")
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes[-1:] in ([".parquet"], [".pq"]):
        return "parquet"
    if suffixes[-1:] == [".csv"] or suffixes == [".csv", ".gz"]:
        return "csv"
    raise SubjectError(
        f"{path}: expected {_READABLE}, found {path.suffix or 'no suffix'!r}; convert the file"
    )


def _guarded(path: Path, read: Callable[[], Any]) -> Any:
    import pyarrow as pa

    try:
        return read()
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise SubjectError(f"{path}: {_explain(path, error)}") from error


def _explain(path: Path, error: Exception) -> str:
    """What is wrong with a file; never the reader's own words, which quote the row that broke it."""
    if path.stat().st_size == 0:
        return "the file is empty; write it again"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read ({error.strerror})"
    if path.suffix.lower() in (".parquet", ".pq"):
        return "not a whole parquet file (truncated or damaged); write it again"
    return f"cannot be parsed as csv{_place(str(error))}; expected comma-separated UTF-8 with a header"


def _place(said: str) -> str:
    """Where a csv reader stopped, without what stood there.

    >>> _place("CSV parse error: Row #4: Expected 3 columns, got 2: anna,7")
    ' (row 4: expected 3 fields, found 2)'
    """
    row = re.search(r"Row #(\d+)", said)
    fields = re.search(r"Expected (\d+) columns, got (\d+)", said)
    parts = [f"row {row[1]}"] if row else []
    parts += [f"expected {fields[1]} fields, found {fields[2]}"] if fields else []
    return f" ({': '.join(parts)})" if parts else ""
