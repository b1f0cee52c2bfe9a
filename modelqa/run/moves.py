"""Ways to make the truth another one: tilt the rows of the batch or the reference, or stretch errors."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import exp, sqrt
from typing import Protocol

import numpy as np

from modelqa.core.check import COMPARES, Influence, Needs
from modelqa.run.context import View
from modelqa.run.plan import Planned
from modelqa.run.redrawn import Redrawn, Rows
from modelqa.stats.intervals import Floats
from modelqa.stats.power import drawn, evenly, tilted
from modelqa.stats.sample import Sample


class Move(Protocol):
    """Where the truth may be moved: by 0 it stays, by ``step`` it moves about a standard error."""

    @property
    def step(self) -> float: ...

    @property
    def home(self) -> bool:
        """Whether by 0 the truth is what was measured."""

    def centre(self, by: float) -> Redrawn:
        """Rows that show this truth without chance, as far as so many rows can."""

    def draw(self, by: float, rng: np.random.Generator) -> Redrawn:
        """Rows that chance drew from this truth."""


@dataclass(frozen=True)
class Units:
    """What is drawn of a view: rows, or whole groups of rows."""

    view: View
    rows: Rows
    groups: Rows | None

    @classmethod
    def labelled(cls, view: View) -> "Units":
        """The rows that scores are computed from."""
        return cls(view, np.flatnonzero(~view.labels().missing), view.sample().groups)

    def __len__(self) -> int:
        return len(self.rows) if self.groups is None else len(self._members)

    @property
    def step(self) -> float:
        return 1 / sqrt(len(self))

    @cached_property
    def _members(self) -> list[Rows]:
        assert self.groups is not None  # noqa: S101
        order = np.argsort(self.groups, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.groups[order])) + 1)

    def sums(self, values: Floats) -> Floats:
        """What the rows of each unit add up to."""
        if self.groups is None:
            return values
        return np.array([values[each].sum() for each in self._members])

    def of(self, units: Rows, stretch: float | None = None) -> Redrawn:
        """The view of these units; one that was drawn twice is two."""
        at, copies = units, None
        if self.groups is not None:
            picked = [self._members[each] for each in units]
            at, copies = np.concatenate(picked), np.repeat(np.arange(len(picked)), list(map(len, picked)))
        rows = self.rows[at]
        chosen = rows if self.view.chosen is None else self.view.chosen[rows]
        return Redrawn.of(self.view, chosen=chosen, copies=copies, stretch=stretch)


@dataclass(frozen=True)
class Tilted:
    """The rows of the batch, those with more influence the more often."""

    units: Units
    pull: Floats
    home: bool = True

    @property
    def step(self) -> float:
        return self.units.step

    def centre(self, by: float) -> Redrawn:
        return self.units.of(evenly(tilted(self.pull, by), self._order, len(self.units)))

    def draw(self, by: float, rng: np.random.Generator) -> Redrawn:
        n = len(self.units)
        return self.units.of(drawn(tilted(self.pull, by), n, rng))

    @cached_property
    def _order(self) -> Rows:
        return np.argsort(self.pull, kind="stable")


@dataclass(frozen=True)
class Stretched:
    """The errors of a regression, all larger by one factor."""

    units: Units
    home: bool = True

    @property
    def step(self) -> float:
        return self.units.step

    def centre(self, by: float) -> Redrawn:
        return self.units.of(np.arange(len(self.units)), stretch=exp(by))

    def draw(self, by: float, rng: np.random.Generator) -> Redrawn:
        n = len(self.units)
        return self.units.of(rng.integers(0, n, n), stretch=exp(by))


@dataclass(frozen=True)
class Remixed:
    """Rows of the reference in place of the batch, those with more influence the more often.

    So the distance is free of what chance adds to that of two samples.
    """

    view: View
    pull: Floats
    home: bool = False

    @property
    def step(self) -> float:
        return 1 / sqrt(self.view.batch.rows)

    def centre(self, by: float) -> Redrawn:
        rows = evenly(tilted(self.pull, by), self._order, self.view.batch.rows)
        return Redrawn.of(self.view, unmoved=rows)

    def draw(self, by: float, rng: np.random.Generator) -> Redrawn:
        there = len(self.pull)
        rows = drawn(tilted(self.pull, by), self.view.batch.rows, rng)
        return Redrawn.of(self.view, unmoved=rows, before=rng.integers(0, there, there))

    @cached_property
    def _order(self) -> Rows:
        return np.argsort(self.pull, kind="stable")


def moves(planned: Planned, view: View, influence: Influence | None) -> Iterator[Move]:
    """The ways to move a measurement, the best one first."""
    needs = planned.spec.needs
    if needs & COMPARES:
        if influence is not None:
            yield Remixed(view, influence.rows)
    elif Needs.LABELS in needs:
        units = Units.labelled(view)
        if view.sample().task == "regression":
            yield Stretched(units)
        if influence is not None:
            yield Tilted(units, units.sums(_within(view.sample(), influence.rows[units.rows])))


def _within(sample: Sample, pull: Floats) -> Floats:
    """The pull of rows within their classes: a model grows worse, and the labels stay what they are."""
    if sample.task == "regression":
        return pull
    _, codes, counts = np.unique(sample.truth, return_inverse=True, return_counts=True)
    return np.asarray(pull - (np.bincount(codes, pull) / counts)[codes])
