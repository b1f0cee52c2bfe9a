"""Tables: files and objects opened as columns, each converted once."""

import difflib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.fact import Fact
from modelqa.core.ports import Column, Table
from modelqa.core.profile import ColumnProfile, Profile
from modelqa.core.signature import ColumnKind
from modelqa.core.subject import DataInfo
from modelqa.engines import columns as arrays
from modelqa.engines import facts
from modelqa.engines.sources import Source, find_source, readable, to_pandas
from modelqa.errors import SubjectError
from modelqa.stats.profiles import profile_of

if TYPE_CHECKING:
    import pandas as pd


class MemoryTable:
    """Rows and columns over one source; made by `open_table`."""

    def __init__(self, source: Source, names: Sequence[str]) -> None:
        self._source = source
        self._names = tuple(names)
        self._columns: dict[str, Column] = {}
        self._lock = RLock()

    @cached_property
    def info(self) -> DataInfo:
        """Name, rows and digest: of the bytes of a file, of the content of an object."""
        made = self._source.digest or self._content
        return DataInfo(self._source.name, rows=self._source.rows, digest=made())

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._source.rows

    @cached_property
    def kinds(self) -> Mapping[str, ColumnKind]:
        """The columns and what they hold, in order; nothing is read for it."""
        return {name: arrays.kind_of(self._source.types[name]) for name in self._names}

    def column(self, name: str) -> Column:
        """One column; each is converted once. Raises ``KeyError`` where there is none."""
        if name not in self.kinds:
            raise KeyError(name)
        if name not in self._columns:  # two threads at once convert alike, and one of the two is kept
            self._columns.setdefault(name, self._convert(name))
        return self._columns[name]

    def fresh(self, name: str) -> Column:
        """One column, converted anew and not kept."""
        return self._convert(name)

    def to_pandas(self, names: Sequence[str] | None = None) -> "pd.DataFrame":
        """These columns as a frame: what the user gave, or the file with pandas' own types."""
        wanted = list(self._names if names is None else names)
        if self._source.frame is not None:
            frame: pd.DataFrame = self._source.frame[wanted].copy(deep=False)
            return frame
        with self._lock, readable(self._source.name):
            return to_pandas(self._source.read(wanted))

    def take(self, rows: NDArray[Any]) -> Table:
        """The same columns at these rows (positions or a mask), in this order."""
        return RowsOf.of(self, rows)

    counted = False

    def profile(
        self, names: Sequence[str], like: Mapping[str, ColumnProfile] | None = None, *, rare: bool = False
    ) -> Profile:
        """These columns, counted (see `stats.profiles.profile_of`)."""
        return _profile(self, names, like, rare=rare)

    def count(self, asked: Sequence[Fact]) -> dict[Fact, int]:
        """Facts of its rows."""
        return facts.count(self, asked)

    def _convert(self, name: str) -> Column:
        source = self._source
        dtype = str(source.types[name] if source.frame is None else source.frame[name].dtype)
        if name in source.objects:
            return arrays.objects(name, source.objects[name], dtype)
        with readable(f"{source.name}: column {name!r}"):
            with self._lock:
                data = source.read([name]).column(name)
            return arrays.convert(name, data, dtype)

    def _content(self) -> str:
        return _digest(self.rows, (arrays.fingerprint(self.column(name)) for name in self._names))


class RowsOf:
    """Some rows of a table, sharing its converted columns."""

    def __init__(self, table: Table, rows: NDArray[np.intp]) -> None:
        self._table = table
        self._rows = rows

    @classmethod
    def of(cls, table: Table, rows: NDArray[Any]) -> "RowsOf":
        """Rows of a table by position, or by a mask."""
        return cls(table, _positions(rows, table.rows))

    @cached_property
    def info(self) -> DataInfo:
        """The table's name, and a digest of its own and of the rows taken."""
        whole = self._table.info
        made = _digest(self.rows, [whole.digest.encode(), self._rows.astype("<i8").tobytes()])
        return DataInfo(whole.name, rows=self.rows, digest=made)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    @property
    def kinds(self) -> Mapping[str, ColumnKind]:
        """The columns and what they hold, in order."""
        return self._table.kinds

    def column(self, name: str) -> Column:
        """One column, indexed from the table's. Raises ``KeyError`` where there is none."""
        return arrays.take(self._table.column(name), self._rows)

    def to_pandas(self, names: Sequence[str] | None = None) -> "pd.DataFrame":
        """These columns and rows as a frame."""
        return self._table.to_pandas(names).iloc[self._rows]

    def take(self, rows: NDArray[Any]) -> Table:
        """Some of these rows."""
        return RowsOf(self._table, self._rows[_positions(rows, self.rows)])

    counted = False

    def profile(
        self, names: Sequence[str], like: Mapping[str, ColumnProfile] | None = None, *, rare: bool = False
    ) -> Profile:
        """These columns and rows, counted."""
        return _profile(self, names, like, rare=rare)

    def count(self, asked: Sequence[Fact]) -> dict[Fact, int]:
        """Facts of these rows."""
        return facts.count(self, asked)


def _profile(
    table: Table, names: Sequence[str], like: Mapping[str, ColumnProfile] | None, *, rare: bool
) -> Profile:
    given = like or {}
    columns = {name: profile_of(table.column(name), given.get(name), rare=rare) for name in names}
    return Profile(table.rows, columns)


def open_table(
    source: object,
    *,
    name: str = "",
    columns: Sequence[str] | None = None,
    tracking_uri: str | None = None,
    digest: str | None = None,
) -> MemoryTable:
    """Open files, a query or an object as a table.

    ``source`` is a path (parquet, csv, json lines, arrow), a tuple of paths to files of one schema,
    an address (``s3://``, ``gs://``, ``abfs://``, ``file://``, or ``runs:/`` and
    ``mlflow-artifacts:/`` of the server ``tracking_uri``), a `Query`, a pandas frame, a polars frame,
    anything else that speaks Arrow (pyarrow, DuckDB), or a mapping of names to arrays of one length.
    ``columns`` keeps only these, in this order; ``digest`` is that of files, where it was taken already.

    Raises `SubjectError` where it is missing, damaged, of an unknown kind, names a column twice or
    lacks one of ``columns``.

    >>> table = open_table({"age": [31, 58], "plan": ["basic", None]})
    >>> table.rows, [str(kind) for kind in table.kinds.values()]
    (2, ['integer', 'text'])
    >>> table.column("plan").missing.tolist()
    [False, True]
    """
    found = find_source(source, name, tracking_uri=tracking_uri)
    if digest is not None:
        found = replace(found, digest=lambda: digest)
    known = list(found.types)
    must_have(found.name, known, columns or ())
    return MemoryTable(found, known if columns is None else columns)


def must_have(name: str, known: Sequence[str], columns: Iterable[str]) -> None:
    """Raise `SubjectError` where a table lacks a column, with what may have been meant."""
    missing = [wanted for wanted in columns if wanted not in known]
    if missing:
        raise SubjectError(f"{name}: {_absent(missing, known)}")


def join_labels(batch: Table, labels: Table, *, on: str, column: str) -> Column:
    """The labels of a batch, looked up by key: one a row of the batch, missing where there is none.

    Raises `SubjectError` where a column is missing, the keys are of two kinds or of one that is not
    exact (a real number), a key is null, or a key has two labels. Counts are given, never values.

    >>> batch = open_table({"id": ["a", "b", "c"]})
    >>> labels = open_table({"id": ["c", "a"], "churned": [1, 0]})
    >>> found = join_labels(batch, labels, on="id", column="churned")
    >>> found.values[~found.missing].tolist(), found.missing.tolist()
    ([0, 1], [False, True, False])
    """
    wanted = _present(labels, column)
    left, right = _present(batch, on), _present(labels, on)
    if left.kind is not right.kind:
        raise SubjectError(
            f"cannot join labels on {on!r}: {batch.info.name} holds {left.kind} keys, "
            f"{labels.info.name} {right.kind} ones; give both one type"
        )
    if left.kind in (ColumnKind.FLOAT, ColumnKind.OTHER):
        raise SubjectError(
            f"cannot join labels on {on!r}: {left.kind} keys are not exact; use integers or text"
        )
    for table, keys in ((batch, left), (labels, right)):
        if nulls := int(keys.missing.sum()):
            counted = f"{nulls:,} of {table.rows:,} keys of {table.info.name}"
            raise SubjectError(f"cannot join labels on {on!r}: {counted} are null")
    return arrays.take(wanted, _lookup(left, right, on, labels.info.name))


def _lookup(left: Column, right: Column, on: str, name: str) -> NDArray[np.intp]:
    """For each key on the left its row on the right, or -1."""
    keys, wanted = right.values, left.values
    if right.kind is ColumnKind.TEXT:
        place = {category: code for code, category in enumerate(right.categories)}
        table = np.array([place.get(category, -1) for category in left.categories] or [-1], dtype=np.int64)
        wanted = table[wanted]
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    repeated = int((ordered[1:] == ordered[:-1]).sum())
    if repeated:
        raise SubjectError(
            f"cannot join labels on {on!r}: {repeated:,} of {len(keys):,} rows of {name} repeat a key"
        )
    if not len(keys):
        return np.full(len(wanted), -1, dtype=np.intp)
    at = np.minimum(np.searchsorted(ordered, wanted), len(keys) - 1)
    return np.where(ordered[at] == wanted, order[at], -1).astype(np.intp)


def _present(table: Table, name: str) -> Column:
    must_have(table.info.name, list(table.kinds), [name])
    return table.column(name)


def _absent(missing: Sequence[str], known: Sequence[str]) -> str:
    """Which columns there are not, and what may have been meant."""
    near = difflib.get_close_matches(missing[0], known, n=1)
    hint = (
        f" (did you mean {near[0]!r}?)" if near else f"; it has {', '.join(map(repr, known[:20])) or 'none'}"
    )
    return f"no column {', '.join(map(repr, missing))}{hint}"


def _positions(rows: NDArray[Any], total: int) -> NDArray[np.intp]:
    """Row numbers, from row numbers or a mask. Raises ``IndexError`` for a row that is not there."""
    given = np.asarray(rows)
    if given.dtype == np.bool_:
        if len(given) != total:
            raise IndexError(f"a mask of {len(given):,} for {total:,} rows")
        return np.flatnonzero(given)
    found = given.astype(np.intp)
    if len(found) and not 0 <= found.min() <= found.max() < total:
        raise IndexError(f"rows {found.min():,} to {found.max():,} of {total:,}")
    return found


def _digest(rows: int, parts: Iterable[bytes]) -> str:
    state = hashlib.sha256(f"{rows}\0".encode())
    for part in parts:
        state.update(hashlib.sha256(part).digest())
    return f"sha256:{state.hexdigest()}"
