"""Which engine reads a table: all in memory where it fits, DuckDB where it does not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from modelqa.core.ports import Table
from modelqa.engines.duckdb import BUDGET, BYTES, DuckDBTable
from modelqa.engines.memory import MemoryTable, open_table
from modelqa.engines.profiled import is_profile, open_profile
from modelqa.engines.sources import is_address
from modelqa.errors import SubjectError

Engine = Literal["auto", "memory", "duckdb"]


def open_rows(
    source: Any,
    *,
    name: str = "",
    tracking_uri: str | None = None,
    engine: Engine = "auto",
    digest: str | None = None,
) -> Table:
    """A table, or the profile of one, from whatever a suite takes for its batch.

    ``auto`` has DuckDB count parquet files that would take more than 1 GiB in memory (nine bytes a value);
    all else is read. ``digest`` is that of a source of files, where it has been taken already.

    Raises `SubjectError` as `memory.open_table` and `profiled.open_profile` do, and where DuckDB is asked
    for and the source is no parquet file here.

    >>> open_rows({"age": [31, 58]}).counted
    False
    """
    if is_profile(source):
        return open_profile(source, name=name, tracking_uri=tracking_uri)
    table = open_table(source, name=name, tracking_uri=tracking_uri, digest=digest)
    paths = _parquet(source)
    if engine == "memory" or (engine == "auto" and not (paths and _large(table))):
        return table
    if not paths:
        raise SubjectError(
            f"{table.info.name}: engine: duckdb reads parquet files of this machine; write the rows as "
            "parquet, or leave the engine out"
        )
    return DuckDBTable(table, paths)


def _large(table: MemoryTable) -> bool:
    return table.rows * len(table.kinds) * BYTES > BUDGET


def _parquet(source: Any) -> Sequence[Path]:
    """The parquet files of this machine that a source names, if it names no others."""
    parts = source if isinstance(source, tuple) else (source,)
    if not all(isinstance(one, str | Path) and not is_address(one) for one in parts):
        return ()
    paths = [Path(one) for one in parts]
    return paths if all(path.name.lower().endswith((".parquet", ".pq")) for path in paths) else ()
