"""One measurement, asked again on rows drawn anew, until it is known what it can see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from math import isfinite, nan, sqrt
from typing import Literal

import numpy as np

from modelqa.core.bound import Bound
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Influence, Needs
from modelqa.core.power import Chances
from modelqa.core.result import Measurement
from modelqa.run.context import View
from modelqa.run.execute import measured
from modelqa.run.plan import Planned
from modelqa.run.redrawn import Redrawn, Rows
from modelqa.stats import power
from modelqa.stats.intervals import Floats

Side = Literal["min", "max"]
DRAWS = 30
"""Runs drawn at one truth: enough to know their spread to an eighth, which is a fifth of the reach."""
ROUNDS = 3
_SETTLED = 0.03


@dataclass(frozen=True)
class Probe:
    """A measurement of a check on one view, and how to move it.

    ``share`` is the part of the view's alarm budget that this measurement and those measured with it
    under ``influence.main`` hold.
    """

    planned: Planned
    view: View
    found: Measurement
    bound: Bound
    influence: Influence | None
    share: float
    _known: dict[float, Estimate] = field(default_factory=dict)

    def seen(self, limit: Side, aim: float) -> float:
        """The truth beyond a limit at which a share ``aim`` of runs are red; NaN if it is not found."""
        direction, wanted = self._worse(limit), power.quantile(aim)
        if direction == 0:
            return nan
        by, spread = 0.0, self._spreads(0.0)[0]
        for _ in range(ROUNDS):
            needed, last = wanted * spread, spread
            by = power.crossing(partial(self._short_of, limit, needed), direction, self._step)
            if not isfinite(by):
                return nan
            spread = self._spreads(by)[0]
            if abs(spread - last) <= _SETTLED * spread:
                break
        return self.at(by).value

    def _short_of(self, limit: Side, needed: float, by: float) -> float:
        """How far beyond a limit the end is on average, less what is needed."""
        return self._beyond(self.at(by), limit) - needed

    def chances(self, healthy: float, limit: Side) -> Chances | None:
        """How the check ends where the truth is healthy; None where rows cannot be moved there."""
        by = 0.0
        if healthy != self.found.estimate.value:
            sign = -1 if limit == "min" else 1
            direction = self._worse(limit)
            by = nan
            if direction:
                by = power.crossing(lambda by: sign * (self.at(by).value - healthy), direction, self._step)
        if not isfinite(by):
            return None
        red, green = self._spreads(by)
        here = self.at(by)
        beyond = max(self._beyond(here, limit) for limit in self._limits)
        inside = min(self._inside(here, limit) for limit in self._limits)
        return Chances(green=power.normal(inside, green), red=power.normal(beyond, red))

    def worst(self, limit: Side) -> Estimate | None:
        """What it would be at its worst by a limit; None where that is not known."""
        return None if self._compares else self._ideal(min if limit == "min" else max)

    def best(self, limit: Side) -> Estimate | None:
        """What it would be at its best by a limit; None where that is not known."""
        return self._ideal(max if limit == "min" else min)

    def _ideal(self, pick: Callable[..., Estimate]) -> Estimate | None:
        found = [each for each in self._ideals if each.exists and each != self.found.estimate]
        return pick(found, key=lambda estimate: estimate.value) if found else None

    @cached_property
    def _ideals(self) -> list[Estimate]:
        """The measurement of a model that is always right and of one that is always wrong, or of a batch
        that has not moved at all."""
        needs = self.planned.spec.type.needs_of(self.planned.spec.value)
        if self._compares:
            rows, there = self.view.batch.rows, self.view.reference.rows
            every = ((np.arange(rows) + 0.5) * there / rows).astype(np.intp)
            return [self._ask(Redrawn.of(self.view, unmoved=every))] if self.influence else []
        if Needs.LABELS not in needs or Needs.MODEL in needs:
            return []
        return [self._ask(Redrawn.of(self.view, ideal=ideal)) for ideal in ("perfect", "hopeless")]

    @property
    def _compares(self) -> bool:
        """Whether it compares the batch with the reference."""
        return Needs.REFERENCE in self.planned.spec.type.needs_of(self.planned.spec.value)

    def at(self, by: float) -> Estimate:
        """The measurement where the truth is moved by so much."""
        if by not in self._known:
            drawn = power.evenly(self._weights(by), self._order, len(self._units))
            self._known[by] = self._ask(self._of(drawn))
        return self._known[by]

    def _spreads(self, by: float) -> tuple[float, float]:
        """How far the ends that turn red and green scatter from run to run, the same draws each time."""
        rng, weights = self.view.rng, self._weights(by)
        drawn = [self._once(weights, rng) for _ in range(DRAWS)]
        red = [max(self._beyond(each, limit) for limit in self._limits) for each in drawn]
        green = [min(self._inside(each, limit) for limit in self._limits) for each in drawn]
        return _scatter(red), _scatter(green)

    def _once(self, weights: Floats, rng: np.random.Generator) -> Estimate:
        view = self._of(rng.choice(len(weights), size=len(weights), p=weights))
        if self._compares:
            rows = self.view.reference.rows
            view = replace(view, before=rng.integers(0, rows, rows))
        return self._ask(view)

    def _ask(self, view: Redrawn) -> Estimate:
        """This measurement on another view; undefined where the check has none there."""
        levels = replace(view.levels, alpha=view.levels.alpha * self.share)
        planned = self.planned
        if self.influence is not None:
            planned = replace(planned, spec=replace(planned.spec, value=self.influence.main))
        try:
            for each in measured(planned, replace(view, levels=levels)):
                if (each.metric, each.column) == (self.found.metric, self.found.column):
                    return each.estimate
        except Exception:  # noqa: S110 (a check may raise anything on rows that it has never seen)
            pass
        return Estimate.undefined(n=0)

    def _of(self, drawn: Rows) -> Redrawn:
        """The view with these of its units."""
        if self._groups is None:
            rows, copies = self._rows[drawn], None
        else:
            picked = [self._units[at] for at in drawn]
            rows, copies = np.concatenate(picked), np.repeat(np.arange(len(picked)), list(map(len, picked)))
        chosen = rows if self.view.chosen is None else self.view.chosen[rows]
        return Redrawn.of(self.view, chosen=chosen, copies=copies)

    @cached_property
    def _groups(self) -> Rows | None:
        needs = self.planned.spec.type.needs_of(self.planned.spec.value)
        scored = Needs.LABELS in needs and not self._compares
        return self.view.sample().groups if scored else None

    @property
    def _grouped(self) -> bool:
        return self._groups is not None

    @cached_property
    def _rows(self) -> Rows:
        """The rows that take part."""
        assert self.influence is not None  # noqa: S101
        return np.flatnonzero(np.isfinite(self.influence.rows))

    @cached_property
    def _units(self) -> "Sequence[Rows] | Rows":
        """What is drawn: rows, or whole groups of rows."""
        if self._groups is None:
            return self._rows
        order = np.argsort(self._groups, kind="stable")
        return np.split(self._rows[order], np.flatnonzero(np.diff(self._groups[order])) + 1)

    @cached_property
    def _pull(self) -> Floats:
        assert self.influence is not None  # noqa: S101
        rows = self.influence.rows
        return np.array([rows[unit].sum() for unit in self._units]) if self._grouped else rows[self._rows]

    @cached_property
    def _order(self) -> Rows:
        return np.argsort(self._pull, kind="stable")

    def _weights(self, by: float) -> Floats:
        return power.tilted(self._pull, by)

    @property
    def _step(self) -> float:
        """A tilt that moves the value by about its standard error."""
        return 1 / sqrt(len(self._units))

    def _worse(self, limit: Side) -> int:
        """The direction of tilting in which the value goes beyond a limit; 0 where it does not move."""
        if self.influence is None or len(self._units) < 2:
            return 0
        sign = -1 if limit == "min" else 1
        for by in (max(self._step, 0.25), self._step):
            ups, downs = (sign * self.at(turn * by).value for turn in (1, -1))
            if isfinite(ups) and isfinite(downs) and ups != downs:
                return 1 if ups > downs else -1
        return 0

    @property
    def _limits(self) -> tuple[Side, ...]:
        return tuple(side for side in ("min", "max") if getattr(self.bound, side) is not None)

    def _beyond(self, estimate: Estimate, limit: Side) -> float:
        """How far an end is beyond a limit: red where it is positive."""
        if not estimate.exists:
            return nan
        bound: float = getattr(self.bound, limit)
        return bound - estimate.high if limit == "min" else estimate.low - bound

    def _inside(self, estimate: Estimate, limit: Side) -> float:
        """How far an end is inside a limit: green where it is positive."""
        if not estimate.exists:
            return nan
        bound: float = getattr(self.bound, limit)
        return estimate.low - bound if limit == "min" else bound - estimate.high


def _scatter(margins: list[float]) -> float:
    known = [margin for margin in margins if isfinite(margin)]
    return float(np.std(known, ddof=1)) if len(known) > DRAWS // 2 else nan
