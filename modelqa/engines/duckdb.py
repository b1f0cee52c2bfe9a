"""Parquet files that do not fit into memory, counted by DuckDB."""

import glob
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core import extras
from modelqa.core.fact import Fact
from modelqa.core.ports import Column, Table
from modelqa.core.profile import ColumnProfile, Names, Numbers, Profile
from modelqa.core.signature import ColumnKind
from modelqa.core.subject import DataInfo
from modelqa.engines import aggregate
from modelqa.engines import facts as counted
from modelqa.engines.memory import MemoryTable, RowsOf
from modelqa.errors import SubjectError
from modelqa.stats.tally import edges_of

if TYPE_CHECKING:
    import pandas as pd

BUDGET = 1 << 30
"""So many bytes of rows are held in memory at most, unless the suite says ``engine: memory``."""
BYTES = 9
"""What a value takes in memory: a number, and whether it is missing."""
_MEMORY = "800MiB"
_SAMPLE = 1_000_000
"""Edges of a table of its own follow so many rows."""


class DuckDBTable:
    """Parquet files of which a profile is made without reading all of a column at once.

    A single column, or a frame of some, is still read where it fits into the budget.
    """

    counted = True

    def __init__(self, table: MemoryTable, paths: Sequence[Path]) -> None:
        self._table = table
        self._paths = tuple(paths)

    @cached_property
    def info(self) -> DataInfo:
        """Name, rows and digest of the files."""
        return self._table.info

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._table.rows

    @property
    def kinds(self) -> Mapping[str, ColumnKind]:
        """The columns and what they hold, in order."""
        return self._table.kinds

    def profile(
        self, names: Sequence[str], like: Mapping[str, ColumnProfile] | None = None, *, rare: bool = False
    ) -> Profile:
        """These columns, counted by DuckDB, whose memory is limited; edges of their own follow a sample."""
        given = like or {}
        places, kinds = self._places(names)
        held = {place: given[name].held for place, name in places.items() if name in given}
        edges = {place: one.edges for place, one in held.items() if isinstance(one, Numbers)}
        fixed = {place: one.names for place, one in held.items() if isinstance(one, Names)}
        with self._frame(kinds) as frame:
            for place, kind in kinds.items():
                if place not in edges and not kind.categorical and kind is not ColumnKind.OTHER:
                    edges[place] = edges_of(frame.sample(place, max(self.rows // _SAMPLE, 1)))
            made = aggregate.profile(frame.narwhals(), kinds, edges, fixed, rare=rare)
        found = {name: made.columns[place] for place, name in places.items()}
        return Profile(made.rows, {name: found[name] for name in names})

    def count(self, asked: Sequence[Fact]) -> dict[Fact, int]:
        """All facts of single columns in one scan."""
        counted.verify(asked)
        places, kinds = self._places({name for fact in asked for name in fact.columns})
        place_of = {name: place for place, name in places.items()}
        placed = [replace(fact, columns=tuple(place_of[name] for name in fact.columns)) for fact in asked]
        with self._frame(kinds) as frame:
            found = aggregate.facts(frame.narwhals(exact=True), kinds, placed)
        return {fact: found[there] for fact, there in zip(asked, placed, strict=True)}

    def _places(self, names: Iterable[str]) -> tuple[dict[str, str], dict[str, ColumnKind]]:
        """Columns and their kinds by their place, as DuckDB does not tell `Age` from `age`."""
        wanted = set(names)
        places = {f"c{place}": name for place, name in enumerate(self.kinds) if name in wanted}
        return places, {place: self.kinds[name] for place, name in places.items()}

    def column(self, name: str) -> Column:
        """One column, not kept. Raises `SubjectError` where it is too large for the memory."""
        self._afford(1)
        return self._table.fresh(name)

    def to_pandas(self, names: Sequence[str] | None = None) -> "pd.DataFrame":
        """These columns as a frame. Raises `SubjectError` where they are too large for the memory."""
        self._afford(len(self.kinds if names is None else names))
        return self._table.to_pandas(names)

    def take(self, rows: NDArray[Any]) -> Table:
        """The same columns at these rows, read one by one."""
        return RowsOf.of(self, rows)

    def _afford(self, columns: int) -> None:
        wanted = self.rows * columns * BYTES
        if wanted > BUDGET:
            raise SubjectError(
                f"{self.info.name}: this check needs {columns} columns of {self.rows:,} rows in memory "
                f"(about {wanted / (1 << 30):.1f} GiB, more than {BUDGET / (1 << 30):g}); write "
                "`engine: memory` if the machine has it, or judge a sample of the rows"
            )

    @contextmanager
    def _frame(self, kinds: Mapping[str, ColumnKind]) -> Iterator["_Frame"]:
        """A lazy frame over the files, as `aggregate` wants it, on a connection of its own."""
        duckdb = extras.load("duckdb")
        settings = {
            "memory_limit": _MEMORY,
            "autoinstall_known_extensions": "false",
            "preserve_insertion_order": "false",
            # Parquet's own minima and maxima leave NaN out, and DuckDB 2.0 concludes that there is none.
            "disabled_optimizers": "statistics_propagation",
            "TimeZone": "UTC",
        }
        with TemporaryDirectory(prefix="modelqa-") as spill:
            connection = duckdb.connect(":memory:", config={**settings, "temp_directory": spill})
            try:
                connection.execute("SET enable_progress_bar = false")  # it would be drawn into the output
                yield _Frame(connection, self._paths, kinds)
            except duckdb.Error as error:
                raise SubjectError(
                    f"{self.info.name}: DuckDB cannot count its rows ({type(error).__name__}); write "
                    "`engine: memory`, or write the file again"
                ) from None
            finally:
                connection.close()


class _Frame:
    """Columns of parquet files, called ``c`` and their place."""

    def __init__(self, connection: Any, paths: Sequence[Path], kinds: Mapping[str, ColumnKind]) -> None:
        files = [glob.escape(str(path)) for path in paths]
        self._relation = connection.read_parquet(
            files, union_by_name=len(files) > 1, file_row_number=True, hive_partitioning=False
        )
        own = self._relation.columns
        self._kinds = kinds
        self._exact = {place: _exact(own[int(place[1:])], kind) for place, kind in kinds.items()}

    def narwhals(self, *, exact: bool = False) -> Any:
        """Numbers and times as doubles, or ``exact``: whole numbers, and times in whole microseconds."""
        import narwhals as nw

        shown = [f"{self._exact[at] if exact else self._double(at)} AS {at}" for at in self._kinds]
        return nw.from_native(self._relation.project(", ".join(shown) or "1 AS nothing"))

    def sample(self, place: str, every: int) -> NDArray[np.float64]:
        """About one of so many values of a column, always the same ones, NaN where it is missing."""
        chosen = self._relation.filter(f"hash(file_row_number) % {every} = 0")
        found = chosen.project(f"{self._double(place)} AS x").fetchnumpy()["x"]
        return np.ma.filled(found.astype(float), np.nan)

    def _double(self, place: str) -> str:
        kind, exact = self._kinds[place], self._exact[place]
        if kind is ColumnKind.DATETIME:
            return f"{exact}::DOUBLE / 1e6"
        return f"{exact}::DOUBLE" if kind.numeric else exact


def _exact(column: str, kind: ColumnKind) -> str:
    quoted = '"' + column.replace('"', '""') + '"'
    if kind is ColumnKind.DATETIME:
        return f"epoch_us({quoted}::TIMESTAMP)"
    if kind is ColumnKind.FLOAT:
        return f"{quoted}::DOUBLE"
    return f"{quoted}::VARCHAR" if kind is ColumnKind.TEXT else quoted
