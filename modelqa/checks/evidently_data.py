"""Evidently's library and our data in its words: series, frames, definitions and its own HTML."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core import extras
from modelqa.core.ports import Column, Table
from modelqa.core.signature import ColumnKind
from modelqa.errors import CheckError, MissingExtra

MOST_ROWS = 20_000
"""Rows of each side in Evidently's HTML: it holds what its plots show, and plots cost most of the time."""
MOST_NAMES = 1000
"""Values of a categorical column in Evidently's reports, whose time grows with their square."""
SHORT = {"numeric": "num", "categorical": "cat", "text": "text"}


def library() -> SimpleNamespace:
    """The parts of Evidently that are used here.

    Raises `MissingExtra` where it is absent, or beside a pandas that it cannot be imported with.
    """
    try:
        return SimpleNamespace(
            core=extras.load("evidently"),
            metrics=extras.load("evidently.metrics"),
            presets=extras.load("evidently.presets"),
            report=extras.load("evidently.core.report"),
            containers=extras.load("evidently.core.container"),
            tests=extras.load("evidently.legacy.calculations.stattests"),
            types=extras.load("evidently.legacy.core"),
            embeddings=extras.load("evidently.legacy.metrics.data_drift.embedding_drift_methods"),
        )
    except MissingExtra as error:
        if "infer_dtype_from_object" not in str(error):
            raise
        raise MissingExtra(
            "evidently 0.7 cannot be imported beside pandas 3.1 or newer: pip install 'pandas>=3.0,<3.1'"
        ) from error


@contextmanager
def contained(rng: np.random.Generator) -> Iterator[None]:
    """Keep a call of Evidently's to itself: silent, seeded, and NumPy's global state as it was."""
    state = np.random.get_state()  # noqa: NPY002 (it is this one that Evidently draws from)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.random.seed(int(rng.integers(2**32)))  # noqa: NPY002
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def sampled(table: Table, rows: int | None, rng: np.random.Generator) -> Table:
    """At most so many rows, in their order."""
    if rows is None or table.rows <= rows:
        return table
    return table.take(np.sort(rng.choice(table.rows, rows, replace=False)))


def family(kind: ColumnKind) -> str:
    """What kind of column Evidently takes ours for; empty where for none.

    >>> family(ColumnKind.BOOLEAN), family(ColumnKind.DATETIME)
    ('categorical', 'numeric')
    """
    if kind.categorical:
        return "categorical"
    return "numeric" if kind.numeric or kind is ColumnKind.DATETIME else ""


def pair(theirs: Column, ours: Column, kind: str) -> tuple[Any, ...]:
    """Reference and batch as the series that a statistical test takes: present and finite values.

    Categories become numbers: a score does not depend on their names, but Evidently adds up in the
    order of a set of them, which for texts is another one in every process.

    Raises `CheckError` where a column cannot be read as that kind.
    """
    series = extras.load("pandas").Series
    if kind == "numeric":
        return series(_finite(theirs)), series(_finite(ours))
    if kind == "text" and not (theirs.kind is ours.kind is ColumnKind.TEXT):
        raise CheckError(f"column {ours.name!r} holds no text")
    before, after = _names(theirs), _names(ours)
    if kind == "text":
        return series(before, dtype=object), series(after, dtype=object)
    codes = {name: code for code, name in enumerate(dict.fromkeys([*before, *after]))}
    return tuple(series([codes[name] for name in side], dtype="int64") for side in (before, after))


def _names(column: Column) -> list[Any]:
    """The values that are there, as names."""
    present: list[Any] = column.values[_there(column)].tolist()
    if column.kind is ColumnKind.TEXT:
        return [column.categories[code] for code in present]
    return present


def _there(column: Column) -> NDArray[np.bool_]:
    return ~column.missing & (np.isfinite(column.values) if column.kind is ColumnKind.FLOAT else True)


def _finite(column: Column) -> NDArray[np.float64]:
    return numbers(column)[_there(column)]


def numbers(column: Column) -> NDArray[np.float64]:
    """A column as real numbers, NaN where missing; times in seconds.

    Raises `CheckError` where it holds anything else.
    """
    if not (column.kind.numeric or column.kind in (ColumnKind.DATETIME, ColumnKind.BOOLEAN)):
        raise CheckError(f"column {column.name!r} holds {column.kind}; expected numbers")
    values: NDArray[np.float64] = column.values.astype(float)
    values[column.missing] = np.nan
    return values / 1e6 if column.kind is ColumnKind.DATETIME else values


def frame(table: Table, names: Sequence[str]) -> Any:
    """Columns as a pandas frame of NumPy's types, the only ones that all of Evidently can read."""
    return table_of({name: _array(table.column(name)) for name in names})


def table_of(columns: Mapping[str, Any]) -> Any:
    """Arrays as a pandas frame."""
    return extras.load("pandas").DataFrame(dict(columns))


def _array(column: Column) -> Any:
    missing = column.missing
    match column.kind:
        case ColumnKind.TEXT:
            names = np.array([*column.categories, np.nan], dtype=object)
            return names[np.where(missing, len(column.categories), column.values)]
        case ColumnKind.DATETIME:
            return np.where(missing, np.datetime64("NaT"), column.values.astype("datetime64[us]"))
        case ColumnKind.BOOLEAN | ColumnKind.OTHER if missing.any():
            return np.where(missing, np.nan, column.values.astype(object))
        case ColumnKind.INTEGER if missing.any():
            return numbers(column)
    return column.values


def dataset(evidently: SimpleNamespace, data: Any, kinds: Mapping[str, str], **tasks: Any) -> Any:
    """A frame with its definition: what each column is, and which tasks its columns belong to.

    ``kinds`` are those of `kinds_of`. A column that is not defined would be guessed, or dropped.
    """
    there = [name for name in data.columns if name in kinds]
    listed = {
        f"{kind}_columns": [name for name in there if kinds[name] == word]
        for kind, word in (
            ("numerical", "numeric"),
            ("categorical", "categorical"),
            ("text", "text"),
            ("datetime", "datetime"),
            ("unknown", "other"),
        )
    }
    definition = evidently.core.DataDefinition(**listed, **tasks)
    return evidently.core.Dataset.from_pandas(data, data_definition=definition)


def kinds_of(table: Table, names: Sequence[str]) -> dict[str, str]:
    """What columns are to Evidently's reports, by name: it plots times, but tests no distance on them."""
    found = {name: table.kinds[name] for name in names}
    return {
        name: "datetime" if kind is ColumnKind.DATETIME else family(kind) or "other"
        for name, kind in found.items()
    }


def crowded(column: Column) -> bool:
    """Whether a column has more names than Evidently's reports can bear: keys, mostly."""
    return column.kind is ColumnKind.TEXT and np.unique(column.values[~column.missing]).size > MOST_NAMES


@dataclass(frozen=True, slots=True)
class Page:
    """Evidently's HTML, and the columns of the batch that are not on it."""

    html: str
    left_out: tuple[str, ...]


def page(batch: Table, reference: Table, *, most: int = MOST_ROWS) -> Page:
    """Evidently's own page on drift and on the batch, from at most so many rows of each side.

    It shows the columns that both sides have, of one plain kind and without thousands of names;
    those of times, and those without a value on one side, have no drift. The page holds the numbers
    behind its plots: treat it as data.

    Raises `MissingExtra`, `CheckError` where the sides share no column, or whatever Evidently does.
    """
    evidently = library()
    rng = np.random.default_rng(0)
    sides = [sampled(side, most, rng) for side in (batch, reference)]
    common = [name for name in batch.kinds if name in reference.kinds]
    kinds, before = (kinds_of(side, common) for side in (batch, reference))
    alike = [name for name in common if kinds[name] == before[name] != "other"]
    names = [name for name in alike if not any(crowded(side.column(name)) for side in sides)]
    if not names:
        raise CheckError("batch and reference have no column in common that Evidently can show")
    drifting = [name for name in names if _can_drift(name, *sides)]
    presets = [evidently.presets.DataDriftPreset(columns=drifting)] if drifting else []
    with contained(rng):
        current, then = (dataset(evidently, frame(side, names), kinds) for side in sides)
        report = evidently.core.Report([*presets, evidently.presets.DataSummaryPreset()])
        html = str(report.run(current, then).get_html_str(as_iframe=False))
    return Page(html, tuple(name for name in batch.kinds if name not in names))


def _can_drift(name: str, batch: Table, reference: Table) -> bool:
    """Whether Evidently can compare a column: no times, and values on both sides."""
    sides = [side.column(name) for side in (batch, reference)]
    return sides[0].kind is not ColumnKind.DATETIME and all(_there(side).any() for side in sides)
