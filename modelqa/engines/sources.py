"""What a table reads from: a file, a pandas frame, or anything that speaks Arrow."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelqa.engines import files
from modelqa.errors import SubjectError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Source:
    """Columns by name, in order, with their Arrow types, and how to read some of them.

    ``objects`` are the columns that Arrow has no type for (theirs is None); ``frame`` is what the
    user gave, if that is pandas; ``digest`` is there for files, whose bytes say it all.
    """

    name: str
    rows: int
    _: KW_ONLY
    types: Mapping[str, Any]
    read: Callable[[Sequence[str]], Any]
    digest: Callable[[], str] | None = None
    objects: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    frame: Any = None


def find_source(source: object, name: str) -> Source:
    """The source behind a path or an object. Raises `SubjectError` where there is none."""
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return _file(path, name or path.name)
    name = name or "table"
    pandas = sys.modules.get("pandas")  # who has a frame has imported it
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return _frame(source, name)
    if isinstance(source, Mapping):
        return _mapping(source, name)
    if hasattr(source, "__arrow_c_stream__"):
        return _arrow(source, name)
    raise SubjectError(
        f"{name}: expected a path, a pandas, polars or pyarrow table, or a mapping of names to arrays, "
        f"found {type(source).__qualname__}"
    )


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn whatever broken data makes Arrow raise into a `SubjectError` without values."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, ValueError, TypeError, KeyError, ArithmeticError, OSError) as error:
        raise SubjectError(
            f"{what}: cannot be read ({type(error).__name__}): convert it to numbers, text or times"
        ) from error


def to_pandas(table: Any) -> "pd.DataFrame":
    """An Arrow table as a frame, with pandas' own types where it was written by pandas, and a plain index."""
    metadata = table.schema.metadata or {}
    if b"pandas" in metadata:
        plain = json.loads(metadata[b"pandas"]) | {"index_columns": []}
        table = table.replace_schema_metadata({**metadata, b"pandas": json.dumps(plain).encode()})
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame


def _file(path: Path, name: str) -> Source:
    if files.check(path) == "csv":
        return _table(files.read_csv(path), name, digest=lambda: files.digest(path))
    file = files.ParquetFile(path)
    return Source(
        name, file.rows, types=_types(file.schema, name), read=file.read, digest=lambda: files.digest(path)
    )


def _arrow(source: Any, name: str) -> Source:
    import pyarrow as pa

    with readable(name):
        return _table(pa.table(source), name)


def _table(table: Any, name: str, digest: Callable[[], str] | None = None) -> Source:
    def read(names: Sequence[str]) -> Any:
        return table.select(list(names))

    return Source(name, table.num_rows, types=_types(table.schema, name), read=read, digest=digest)


def _mapping(source: Mapping[Any, Any], name: str) -> Source:
    import pandas as pd

    plain = {key: values for key, values in source.items() if _sized(values)}
    lengths = sorted({len(values) for values in plain.values()})
    if len(plain) < len(source) or len(lengths) > 1:
        raise SubjectError(
            f"{name}: expected arrays of one length by name, found lengths {lengths or 'none'}"
        )
    try:
        frame = pd.DataFrame({key: _series(values) for key, values in plain.items()})
    except (ValueError, TypeError, ArithmeticError) as error:
        raise SubjectError(f"{name}: expected one-dimensional arrays ({type(error).__name__})") from error
    return _frame(frame, name)


def _sized(values: object) -> bool:
    return hasattr(values, "__len__") and not isinstance(values, str | bytes | Mapping)


def _series(values: Any) -> Any:
    """An array as a pandas column; an index of its own would reorder rows, so it is dropped."""
    import pandas as pd

    given = values.to_pandas() if hasattr(values, "to_pandas") else values
    return pd.Series(given).reset_index(drop=True)


def _frame(frame: Any, name: str) -> Source:
    """A pandas frame: converted column by column, so that one odd column spoils no other."""
    import pyarrow as pa

    names = _unique(list(frame.columns), name)
    found = {column: _array(frame[column]) for column in names}
    objects = {
        column: np.asarray(frame[column], dtype=object) for column, array in found.items() if array is None
    }

    def read(wanted: Sequence[str]) -> Any:
        return pa.table({column: found[column] for column in wanted})

    types = {column: None if array is None else array.type for column, array in found.items()}
    return Source(name, len(frame), types=types, read=read, objects=objects, frame=frame)


def _array(series: Any) -> Any:
    """A pandas column as a chunked Arrow array; None where its values have no one Arrow type."""
    import pyarrow as pa

    try:
        array = pa.Array.from_pandas(series)
    except (pa.ArrowException, ValueError, TypeError, ArithmeticError):
        return None
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _types(schema: Any, name: str) -> dict[str, Any]:
    """The columns of an Arrow schema, without the nameless index that pandas writes along."""
    with readable(name):
        names = _unique(list(schema.names), name)
    return {
        column: type_
        for column, type_ in zip(names, schema.types, strict=True)
        if not re.fullmatch(r"__index_level_\d+__", column)
    }


def _unique(names: list[Any], name: str) -> list[str]:
    """Column names that are text and differ. Raises `SubjectError` for any other."""
    odd = [column for column in names if not isinstance(column, str)]
    if odd:
        raise SubjectError(
            f"{name}: {len(odd)} of {len(names)} column names are not text (the first is of type "
            f"{type(odd[0]).__name__}); rename them, as with frame.columns.astype(str)"
        )
    twice = (
        sorted({column for column in names if names.count(column) > 1})
        if len(set(names)) < len(names)
        else []
    )
    if twice:
        raise SubjectError(
            f"{name}: column {', '.join(map(repr, twice))} occurs more than once; rename or drop one"
        )
    return names
