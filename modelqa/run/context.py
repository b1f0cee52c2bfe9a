"""What a check sees: one subject, one slice of its rows, and the levels granted to it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from modelqa.core.bound import Bound, settled
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.ports import Column, Model, Predictions, Table, Versus
from modelqa.core.result import ALL
from modelqa.core.signature import ColumnKind
from modelqa.errors import CheckError
from modelqa.run.encode import Encoded, objects
from modelqa.run.opened import Opened, Side, column_of
from modelqa.stats.sample import Sample
from modelqa.suite.spec import SliceSpec
from modelqa.suite.where import parse

MOST_SLICES = 100
"""A column with more values than this is no slice: numbers are cut by `where:`."""


@dataclass(frozen=True)
class View:
    """The context of one check, on one slice (implements `core.ports.Context`)."""

    opened: Opened
    check_id: str
    _: KW_ONLY
    levels: Levels
    bound: Bound = field(default_factory=Bound)
    versus: Versus | None = None
    side: Side = "model"
    slice: str = ALL
    chosen: NDArray[np.intp] | None = None

    @property
    def champion(self) -> "View":
        return replace(self, side="champion", versus=None)

    @cached_property
    def batch(self) -> Table:
        table = self.opened.batch
        return table if self.chosen is None else table.take(self.chosen)

    @property
    def reference(self) -> Table:
        return self.opened.reference

    @property
    def model(self) -> Model:
        return self.opened.model(self.side)

    @property
    def wrapped(self) -> Model:
        return self.opened.wrapped(self.side)

    def cold(self) -> Mapping[str, float]:
        return self.opened.cold(self.side)

    @property
    def features(self) -> tuple[str, ...]:
        return self.opened.features()

    @property
    def key(self) -> tuple[str, ...]:
        return self.opened.suite.key

    @property
    def rng(self) -> np.random.Generator:
        seed = f"{self.opened.suite.suite}\n{self.check_id}\n{self.slice}\n{self.opened.batch.info.digest}"
        return np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))

    def clock(self) -> float:
        return self.opened.settings.clock()

    def settled(self, estimate: Estimate) -> bool:
        return settled(estimate, self.bound)

    def predictions(self) -> Predictions:
        said = self.opened.predictions(self.side)
        if self.chosen is None:
            return said
        shares = said.probabilities
        return replace(
            said,
            values=said.values[self.chosen],
            probabilities=None if shares is None else shares[self.chosen],
        )

    def labels(self) -> Column:
        column = self.opened.labels
        if self.chosen is None:
            return column
        return replace(column, values=column.values[self.chosen], missing=column.missing[self.chosen])

    def sample(self) -> Sample:
        return self._encoded.sample

    @property
    def unlabelled(self) -> int:
        return self._encoded.unlabelled

    @cached_property
    def _encoded(self) -> Encoded:
        encoded = self.opened.sample(self.side)
        return encoded if self.chosen is None else encoded.take(self.chosen)

    def reference_predictions(self) -> Predictions:
        return self.opened.predictions(self.side, of="reference")

    def reference_labels(self) -> Column:
        return self.opened.reference_labels

    def where(self, condition: str) -> "View":
        rows = np.flatnonzero(parse(condition).mask(self.batch))
        return replace(self, chosen=rows if self.chosen is None else self.chosen[rows])

    def slices(self) -> Mapping[str, "View"]:
        return dict(self.parts(tuple(part.name for part in self.opened.suite.slices)))

    def parts(self, names: tuple[str, ...]) -> Iterator[tuple[str, "View"]]:
        """The slices that some of the suite's definitions come to, each a context of its own."""
        specs = {spec.name: spec for spec in self.opened.suite.slices}
        for name in names:
            for label, rows in _rows(specs[name], self.opened.batch):
                yield label, replace(self, slice=label, chosen=rows)


def _rows(spec: SliceSpec, table: Table) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """The rows of each slice that a definition makes.

    Raises `CheckError` where a condition matches no row, or a column has too many values.
    """
    if spec.where is not None:
        for name in spec.where.names:
            column_of(table, name, f"slice {spec.name!r}")
        rows = np.flatnonzero(spec.where.mask(table))
        if rows.size == 0:
            raise CheckError(f"slice {spec.name!r} matches none of {table.rows:,} rows")
        yield spec.name, rows
        return
    columns = [column_of(table, name, f"slice {spec.name!r}") for name in spec.columns]
    labels, codes = _crossed(columns)
    if len(labels) > MOST_SLICES:
        raise CheckError(
            f"slice {spec.name!r} has {len(labels):,} values, at most {MOST_SLICES} make slices: "
            "cut it into ranges with `where:`"
        )
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(labels)))
    for code, end in enumerate(ends):
        start = ends[code - 1] if code else 0
        yield labels[code], order[start:end]


def _crossed(columns: list[Column]) -> tuple[list[str], NDArray[np.intp]]:
    """One label for each combination of values that occurs, and the code of each row."""
    pairs = [_levels(column) for column in columns]
    combined = pairs[0][1]
    for names, codes in pairs[1:]:
        combined = combined * len(names) + codes
    used, codes = np.unique(combined, return_inverse=True)
    labels = []
    for code in used.tolist():
        parts = []
        for (names, _), column in zip(reversed(pairs), reversed(columns), strict=True):
            code, at = divmod(code, len(names))
            parts.append(f"{column.name}={names[at]}")
        labels.append(", ".join(reversed(parts)))
    return labels, codes.astype(np.intp)


def _levels(column: Column) -> tuple[list[str], NDArray[np.intp]]:
    """The values of a column as texts in order, `missing` last, and the code of each row."""
    if column.kind is ColumnKind.TEXT:
        order = sorted(range(len(column.categories)), key=column.categories.__getitem__)
        names = [column.categories[at] for at in order]
        codes = np.argsort(order)[column.values] if order else column.values
    else:
        values = objects(column) if column.kind is ColumnKind.OTHER else column.values
        used, codes = np.unique(values, return_inverse=True)
        names = [str(value) for value in used.tolist()]
    return [*names, "missing"], np.where(column.missing, len(names), codes).astype(np.intp)
