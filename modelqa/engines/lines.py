"""JSON lines into an Arrow table, one object a line.

By Python's own parser: whole numbers stay exact, and no line can take the process down, as a line
``null`` or a deep nesting does with the readers that are written in C++.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from modelqa.engines.rows import BLOCK, Rows
from modelqa.errors import SubjectError

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
Numbered = tuple[int, dict[str, Any]]


def read(path: Path, shown: str, *, packed: bool) -> Any:
    """The objects of a file as an Arrow table; a key that a line lacks is missing there.

    Text that is a date or a time in every row (ISO 8601) becomes one. Empty lines do not count.
    Raises `SubjectError` with the number of the line that is no object, and ``OSError`` or
    ``EOFError`` where the file cannot be read or unpacked, or holds no object.
    """
    rows = Rows(shown, row="line")
    try:
        with gzip.open(path) if packed else path.open("rb") as stream:
            numbered = _objects(stream, shown)
            while block := list(islice(numbered, BLOCK)):
                rows.add(_columns(block), [place for place, _ in block])
    except zlib.error as error:
        raise EOFError from error
    table = rows.table()
    if not table.num_columns:
        raise EOFError if not rows.count else SubjectError(f"{shown}: no object in it has a key")
    return _with_times(table)


def _objects(stream: Any, shown: str) -> Iterator[Numbered]:
    decode = json.JSONDecoder(object_pairs_hook=_object).decode
    for place, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            found = decode(line.decode("utf-8-sig" if place == 1 else "utf-8"))
        except (ValueError, RecursionError) as error:
            raise SubjectError(f"{shown}: line {place:,}: {_wrong(error)}") from None
        if not isinstance(found, dict):
            raise SubjectError(
                f'{shown}: line {place:,}: expected an object such as {{"age": 31}}, found another value'
            )
        yield place, found


class _Twice(ValueError):
    """An object names a key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _Twice
    return made


def _wrong(error: Exception) -> str:
    if isinstance(error, _Twice):
        return "an object names a key twice; name each once"
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8; write the file as UTF-8"
    if isinstance(error, RecursionError):
        return "is nested too deeply; make it flat"
    column = f" (column {error.colno:,})" if isinstance(error, json.JSONDecodeError) else ""
    return f"is not valid JSON{column}; expected one whole object a line"


def _columns(block: list[Numbered]) -> dict[str, list[Any]]:
    """The values by key, None where an object lacks it."""
    names = dict.fromkeys(name for _, found in block for name in found)
    return {name: [found.get(name) for _, found in block] for name in names}


def _with_times(table: Any) -> Any:
    import pyarrow as pa

    for place, name in enumerate(table.column_names):
        column = table.column(place)
        if pa.types.is_string(column.type):
            table = table.set_column(place, name, _as_times(column))
    return table


def _as_times(column: Any) -> Any:
    """Text as dates or times where every row is one, else as it is."""
    import pyarrow as pa

    first = column.drop_null()[:1].to_pylist()
    if not first or not _DATE.match(first[0]):
        return column
    for type_ in (pa.date32(), pa.timestamp("us"), pa.timestamp("us", "UTC")):
        with suppress(pa.ArrowException):
            return column.cast(type_)
    return column
