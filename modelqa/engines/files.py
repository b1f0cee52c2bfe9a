"""Table files: opened quietly, and refused in words that quote no rows."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelqa.core.profile_file import SUFFIX
from modelqa.engines import lines
from modelqa.errors import SubjectError

_GZIP = ".gz"
_ARROW = b"ARROW1"
_FEATHER_1 = b"FEA1"


@dataclass(frozen=True, slots=True)
class File:
    """A file on this machine, and what messages call it: its path, or where it was fetched from."""

    path: Path
    shown: str

    @classmethod
    def at(cls, path: Path) -> "File":
        """A file that messages call by its path."""
        return cls(path, str(path))


@dataclass(frozen=True, slots=True)
class Content:
    """What a file or a query holds: an Arrow schema, the rows, and how to read some columns in order."""

    schema: Any
    rows: int
    read: Callable[[Sequence[str]], Any]

    @classmethod
    def of(cls, table: Any) -> "Content":
        """An Arrow table that is in memory already."""
        return cls(table.schema, table.num_rows, lambda names: table.select(list(names)))


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of table file: its suffixes, how it is opened, and what to say where it cannot be."""

    suffixes: tuple[str, ...]
    open: Callable[[File], Content]
    broken: Callable[[Exception], str]


def open_file(file: File) -> Content:
    """What a file holds; parquet stays open and is read column by column, all else is read at once.

    Raises `SubjectError` where the file is missing, damaged or of no known format.
    """
    format_ = check(file)
    content: Content = _guarded(file, format_, lambda: format_.open(file))
    return content


def digest(file: File) -> str:
    """The SHA-256 of a file's bytes, as ``sha256:`` and 64 hex digits."""
    try:
        with file.path.open("rb") as stream:
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    except OSError as error:
        raise SubjectError(f"{file.shown}: cannot be read ({error.strerror})") from error


def check(file: File) -> Format:
    """The format of an existing file. Raises `SubjectError` for any other path."""
    if file.path.is_dir():
        raise SubjectError(
            f"{file.shown}: expected a file, found a directory; name a file in it, or a pattern such as *.csv"
        )
    if not file.path.exists():
        raise SubjectError(f"{file.shown}: no such file; check the path and the folder it is relative to")
    return format_of(file.path.name, file.shown)


def format_of(name: str, shown: str) -> Format:
    """The format that a file's name tells. Raises `SubjectError` with those there are for any other.

    >>> format_of("rows.NDJSON.gz", "rows").suffixes
    ('.jsonl', '.ndjson', '.jsonl.gz', '.ndjson.gz')
    """
    lower = name.lower()
    for format_ in FORMATS.values():
        if lower.endswith(format_.suffixes):
            return format_
    *known, last = (suffix for format_ in FORMATS.values() for suffix in format_.suffixes)
    raise SubjectError(
        f"{shown}: expected {', '.join(known)} or {last}, found {Path(name).suffix or 'no suffix'!r}; "
        "convert the file"
    )


def _parquet(file: File) -> Content:
    """A parquet file that stays open, so that every column is of the same version of it."""
    import pyarrow.parquet as parquet

    opened = parquet.ParquetFile(file.path)
    rows: int = opened.metadata.num_rows

    def read(names: Sequence[str]) -> Any:
        wanted = list(names)
        # The reader takes `a` for `a.b` too, where `a` is nested or a plain column is named so.
        table = _guarded(file, FORMATS["parquet"], lambda: opened.read(columns=wanted).select(wanted))
        if wanted and table.num_rows != rows:
            raise SubjectError(
                f"{file.shown} is damaged: its footer tells of {rows:,} rows, and it holds "
                f"{table.num_rows:,}; write it again"
            )
        return table

    return Content(opened.schema_arrow, rows, read)


def _csv(file: File) -> Content:
    """A csv file with a header.

    Types are inferred over the whole file. Empty fields, and NA, NaN, null and the like outside
    quotes, are missing.
    """
    import pyarrow.csv as csv

    size = file.path.stat().st_size
    block = 1 << 28 if file.path.suffix.lower() == _GZIP else min(max(size, 1 << 16), 1 << 30)

    def read(threads: bool) -> Any:
        return csv.read_csv(
            file.path,
            read_options=csv.ReadOptions(block_size=block, use_threads=threads),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False),
        )

    try:
        return Content.of(read(threads=True))
    except ValueError:
        return Content.of(read(threads=False))  # fails alike, but then says in which row


def _json_lines(file: File) -> Content:
    return Content.of(lines.read(file.path, file.shown, packed=file.path.suffix.lower() == _GZIP))


def _arrow(file: File) -> Content:
    """An Arrow IPC file or stream (Feather version 2 is such a file), read at once and verified.

    It is not mapped into memory: a file that is cut off while it is judged would kill the process.
    """
    import pyarrow as pa

    with file.path.open("rb") as stream:
        start = stream.read(len(_ARROW))
    if start.startswith(_FEATHER_1):
        raise SubjectError(f"{file.shown}: Feather version 1 is no longer read; write it again as version 2")
    open_ = pa.ipc.open_file if start == _ARROW else pa.ipc.open_stream
    with pa.OSFile(str(file.path)) as source, open_(source) as reader:
        try:
            table = reader.read_all()
        except pa.ArrowMemoryError as error:  # a damaged length asks for any amount
            raise SubjectError(
                f"{file.shown}: holds more than the memory takes, or is damaged; write it again"
            ) from error
    table.validate(full=True)
    return Content.of(table)


def _no_rows(file: File) -> Content:
    raise SubjectError(f"{file.shown} is a profile and holds no rows; name the table itself")


def _damaged(kind: str) -> Callable[[Exception], str]:
    return lambda _: f"not a whole {kind} file (truncated or damaged); write it again"


def _unparsed(error: Exception) -> str:
    return f"cannot be parsed as csv{_place(str(error))}; expected comma-separated UTF-8 with a header"


FORMATS: Mapping[str, Format] = {
    "parquet": Format((".parquet", ".pq"), _parquet, _damaged("parquet")),
    "csv": Format((".csv", ".csv.gz"), _csv, _unparsed),
    "json lines": Format(
        (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"), _json_lines, _damaged("json lines")
    ),
    "profile": Format((SUFFIX,), _no_rows, _damaged("profile")),
    "arrow": Format((".arrow", ".feather", ".ipc"), _arrow, _damaged("Arrow")),
}
"""Every kind of file that is read, by its name."""


def _guarded(file: File, format_: Format, read: Callable[[], Any]) -> Any:
    import pyarrow as pa

    try:
        return read()
    except MemoryError:
        raise
    except (
        pa.ArrowException, OSError, EOFError, ValueError, KeyError, TypeError, ArithmeticError
    ) as error:  # fmt: skip
        raise SubjectError(f"{file.shown}: {_explain(file.path, format_, error)}") from error


def _explain(path: Path, format_: Format, error: Exception) -> str:
    """What is wrong with a file; never the reader's own words, which quote the row that broke it."""
    try:
        if path.stat().st_size == 0:
            return "the file is empty; write it again"
    except OSError as gone:
        return f"cannot be read ({gone.strerror})"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read ({error.strerror})"
    return format_.broken(error)


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
