"""What a check sees: one subject, one slice of its rows, and the levels granted to it."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modelqa.core.bound import Bound, settled
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.evidence import OVER_TIME, Evidence
from modelqa.core.ports import Column, Model, Other, Predictions, Table, Versus
from modelqa.core.result import ALL
from modelqa.models.found import Found
from modelqa.run.encode import Encoded
from modelqa.run.found import locate
from modelqa.run.opened import Opened, Side
from modelqa.stats.inverted import Hard, Test
from modelqa.stats.sample import Sample
from modelqa.suite.spec import SliceSpec
from modelqa.suite.where import parse


@dataclass(frozen=True)
class View:
    """The context of one check, on one slice (implements `core.ports.Context`)."""

    opened: Opened
    check_id: str
    _: KW_ONLY
    levels: Levels
    bound: Bound = field(default_factory=Bound)
    versus: Versus | None = None
    against: Other = "champion"
    side: Side = "model"
    slice: str = ALL
    note: str = ""
    chosen: NDArray[np.intp] | None = None

    @property
    def champion(self) -> "View":
        return replace(self, side="champion", versus=None)

    @property
    def other(self) -> "View":
        return replace(self, side=self.against, versus=None)

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
    def served(self) -> Model:
        self.opened.outside = True
        return self.opened.served(self.side)

    @property
    def in_process(self) -> Model:
        return self.opened.in_process(self.side)

    @property
    def wrapped(self) -> Model:
        return self.opened.wrapped(self.side)

    def cold(self) -> Mapping[str, float]:
        self.opened.outside = True
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
        self.opened.outside = True
        return self.opened.settings.clock()

    def path(self, written: str) -> Path:
        self.opened.outside = True
        return locate(written, self.opened.suite, self.opened.settings)

    def logged(self, word: str) -> Path:
        self.opened.outside = True
        return self.opened.logged_by_run(self.side, word)

    def now(self) -> float:
        self.opened.outside = True
        return self.opened.settings.now()

    @property
    def created(self) -> float | None:
        self.opened.outside = True
        found: Found = self.opened.find(self.side)
        return found.created

    @property
    def tags(self) -> Mapping[str, str]:
        self.opened.outside = True
        if self.opened.suite.model is None:
            return {}
        found: Found = self.opened.find(self.side)
        return found.tags

    @property
    def time(self) -> str | None:
        return self.opened.suite.time

    def settled(self, estimate: Estimate) -> bool:
        self.opened.outside = True
        return settled(estimate, self.bound)

    def over_time(self, test: Test) -> tuple[Evidence, ...]:
        limits: dict[Hard, float | None] = {"min": self.bound.min, "max": self.bound.max}
        found = {side: test(side, limit) for side, limit in limits.items() if limit is not None}
        told: dict[str, float] = {side: p for side, p in found.items() if p < 1}
        return (Evidence(OVER_TIME, told),) if told else ()

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

    def decisions(self) -> Predictions:
        said = self.opened.decisions(self.side)
        return said if self.chosen is None else replace(said, values=said.values[self.chosen])

    def rows(self, source: str) -> Table:
        self.opened.outside = True
        return self.opened.rows_of(source)

    def decisions_on(self, table: Table) -> Predictions:
        return self.opened.decisions_on(self.side, table)

    def labels(self) -> Column:
        column = self.opened.labels
        if self.chosen is None:
            return column
        return replace(column, values=column.values[self.chosen], missing=column.missing[self.chosen])

    def sample(self, *, labelled: bool = True) -> Sample:
        if labelled:
            return self._encoded.sample
        every = self.opened.every_row(self.side)
        return every if self.chosen is None else every.take(self.chosen)

    @property
    def members(self) -> NDArray[np.intp]:
        """What its rows belong to: their groups, else each to itself."""
        rows = np.arange(self.opened.batch.rows) if self.chosen is None else self.chosen
        groups = self.opened.groups
        return rows if groups is None else groups[rows]

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

    def reference_sample(self) -> Sample:
        return self.opened.reference_sample(self.side).sample

    def importance(self) -> Mapping[str, float]:
        return self.opened.importance(self.side)

    def where(self, condition: str) -> "View":
        rows = np.flatnonzero(parse(condition).mask(self.batch))
        return replace(self, chosen=rows if self.chosen is None else self.chosen[rows])

    def slices(self, by: str | None = None) -> Mapping[str, "View"]:
        known = [spec.name for spec in self.opened.suite.slices]
        return {part.slice: part for part in self.parts(known if by is None else [by])}

    def parts(self, names: Iterable[str]) -> Iterator["View"]:
        """The slices that some definitions of the suite (or columns) come to, each a context of its own."""
        specs = {spec.name: spec for spec in self.opened.suite.slices}
        for name in names:
            for part in self.opened.slices(specs.get(name) or SliceSpec(name, columns=(name,))):
                rows = part.rows if self.chosen is None else np.intersect1d(part.rows, self.chosen)
                yield replace(self, slice=part.name, note=part.note, chosen=rows)
