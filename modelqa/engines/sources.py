"""What a table reads from: files here or far away, a query, a pandas frame, anything that speaks Arrow."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.subject import Query
from modelqa.engines import artifacts, assessments, parts, remote, sql
from modelqa.engines.files import Content, File
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


def find_source(source: object, name: str, *, tracking_uri: str | None = None) -> Source:
    """The source behind a path, paths, an address, a query or an object.

    Raises `SubjectError` where there is none.
    """
    if isinstance(source, str | os.PathLike):
        return _written(source, name, tracking_uri)
    if isinstance(source, Query):
        return _of(sql.read(source, name or "query"), name or "query")
    if isinstance(source, tuple) and source and all(isinstance(path, os.PathLike) for path in source):
        alone = Path(source[0]).name if len(source) == 1 else "table"
        return _files([File.at(Path(path)) for path in source], name or alone)
    return _object(source, name or "table")


def _object(source: object, name: str) -> Source:
    pandas = sys.modules.get("pandas")  # who has a frame has imported it
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return _frame(source, name)
    if isinstance(source, Mapping):
        return _mapping(source, name)
    if type(source).__module__.partition(".")[0] == "polars" and hasattr(source, "collect"):
        return _arrow(source, name, collect=True)
    if hasattr(source, "__arrow_c_stream__"):
        return _arrow(source, name)
    raise SubjectError(
        f"{name}: expected a path, a pandas, polars or pyarrow table, a DuckDB relation, or a mapping of "
        f"names to arrays, found {type(source).__qualname__}"
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


def is_address(written: "str | os.PathLike[str]") -> bool:
    """Whether a text begins as an address does, and no path: a drive has one letter.

    >>> is_address("s3://bucket/new.csv"), is_address("C:/new.csv")
    (True, False)
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(written)) is not None


def _written(source: "str | os.PathLike[str]", name: str, tracking_uri: str | None) -> Source:
    """The files behind a path or an address; what had to be fetched is read before the copies go."""
    text = os.fspath(source)
    if text.startswith(assessments.SCHEME):
        return _mapping(assessments.read(text, tracking_uri), name or text)
    with near(source, tracking_uri) as found:
        if not _fetches(text):
            return _files(found, name or found[0].path.name)
        made = _files(found, name or PurePosixPath(remote.public(text)).name)
        digest = parts.digest(found)
    return replace(made, digest=lambda: digest)


def near(source: Any, tracking_uri: str | None = None) -> AbstractContextManager[list[File]]:
    """The files behind a path, some paths or an address: copies while the context lasts where they are far.

    Raises `SubjectError` where there is no such file, or the address is of an unknown kind.
    """
    if isinstance(source, tuple):
        return nullcontext([File.at(Path(path)) for path in source])
    text = os.fspath(source)
    scheme = text.partition(":")[0].lower() if is_address(text) else ""
    if scheme in remote.SCHEMES:
        return remote.fetched(text)
    if scheme in artifacts.SCHEMES:
        return artifacts.fetched(text, tracking_uri)
    if scheme and scheme != "file":
        raise SubjectError(f"{remote.public(text)}: {_ADDRESSES}")
    return nullcontext([File.at(remote.local(text) if scheme else Path(text))])


def _fetches(text: str) -> bool:
    return is_address(text) and text.partition(":")[0].lower() != "file"


_ADDRESSES = (
    f"expected an address that begins with {', '.join((*remote.SCHEMES, *artifacts.SCHEMES))} or file; a "
    "database is {sql: SELECT ..., url: ...}, and any other file has to be downloaded first"
)


def _files(found: Sequence[File], name: str) -> Source:
    return _of(parts.open_files(found), name, digest=lambda: parts.digest(found))


def _arrow(source: Any, name: str, *, collect: bool = False) -> Source:
    import pyarrow as pa

    try:
        return _of(Content.of(pa.table(source.collect() if collect else source)), name)
    except (MemoryError, SubjectError):
        raise
    except Exception as error:  # whoever computes the stream raises what it likes, values and all
        raise SubjectError(
            f"{name}: the {type(source).__qualname__} gives no table ({type(error).__name__}); check that it "
            "can be computed and has named columns"
        ) from error


def _of(content: Content, name: str, digest: Callable[[], str] | None = None) -> Source:
    types = _types(content.schema, name)
    return Source(name, content.rows, types=types, read=content.read, digest=digest)


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

    plain = isinstance(series.dtype, np.dtype) and series.dtype.kind == "f"
    try:  # real numbers stay where they are: a NaN is missing in whatever form it comes
        array = pa.array(series.to_numpy()) if plain else pa.Array.from_pandas(series)
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
