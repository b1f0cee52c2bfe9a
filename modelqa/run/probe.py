"""One measurement, asked again on rows drawn anew, until it is known what it can see."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from math import isfinite, nan
from typing import Literal

import numpy as np

from modelqa.core.bound import Bound
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Influence, Needs
from modelqa.core.power import Chances
from modelqa.core.result import Measurement
from modelqa.run.context import View
from modelqa.run.execute import measured
from modelqa.run.moves import Move
from modelqa.run.plan import Planned
from modelqa.run.redrawn import Redrawn
from modelqa.stats import power

Side = Literal["min", "max"]
DRAWS = (10, 30)
"""Runs drawn to look where the truth is, and to know it: their spread to an eighth, a fifth of the way."""
_FAR = 8.0
"""So many spreads inside its bound, chance plays no part."""
Normal = tuple[float, float]
"""A mean and a spread."""


@dataclass(frozen=True)
class Ask:
    """One measurement of a check on one view, and how to ask for it alone on another one.

    ``share`` is the part of the view's alarm budget that it holds with those that are measured with it
    under ``influence.main``.
    """

    planned: Planned
    view: View
    found: Measurement
    influence: Influence | None
    share: float

    def of(self, view: Redrawn) -> Estimate:
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
            return [self.of(Redrawn.of(self.view, unmoved=every))] if self.influence else []
        if Needs.LABELS not in needs or Needs.MODEL in needs:
            return []
        return [self.of(Redrawn.of(self.view, ideal=ideal)) for ideal in ("perfect", "hopeless")]

    @property
    def _compares(self) -> bool:
        """Whether it compares the batch with the reference."""
        return Needs.REFERENCE in self.planned.spec.type.needs_of(self.planned.spec.value)


@dataclass(frozen=True)
class Probe:
    """A measurement, its bound, and a way to move the truth: where it turns red, and how often."""

    ask: Ask
    bound: Bound
    move: Move
    _known: dict[float, Estimate] = field(default_factory=dict)

    def seen(self, limit: Side, aim: float) -> float:
        """The truth beyond a limit at which a share ``aim`` of runs are red; NaN if it is not found."""
        direction, wanted = self._worse(limit), power.quantile(aim)
        if direction == 0:
            return nan
        by = self._solved(limit, direction, wanted * self._spread)
        for count in DRAWS:
            if not isfinite(by):
                return nan
            mean, spread = self._runs(by, count)[0]
            chance = self._beyond(self.at(by), limit) - mean
            by = self._solved(limit, direction, chance + wanted * spread)
        return self.at(by).value if isfinite(by) else nan

    def _solved(self, limit: Side, direction: int, needed: float) -> float:
        """How far to move until the end is so far beyond a limit, were there no chance."""
        return power.crossing(partial(self._short_of, limit, needed), direction, self.move.step)

    @cached_property
    def _spread(self) -> float:
        """A first guess of how far values scatter: from the interval that was measured."""
        found, levels = self.ask.found.estimate, self.ask.view.levels
        reaches = (
            (found.high - found.value) / -power.quantile(levels.high),
            (found.value - found.low) / -power.quantile(levels.low),
        )
        return max((reach for reach in reaches if isfinite(reach)), default=0.0)

    def _short_of(self, limit: Side, needed: float, by: float) -> float:
        """How far beyond a limit the end would be without chance, less what is needed."""
        return self._beyond(self.at(by), limit) - needed

    def chances(self, healthy: float, limit: Side) -> Chances | None:
        """How the check ends where the truth is healthy; None where rows cannot be moved there."""
        if self._green(self.ask.found.estimate) > _FAR * self._spread > 0:
            return Chances(green=1.0, red=0.0)
        by = 0.0
        if healthy != self.ask.found.estimate.value or not self.move.home:
            sign, direction = -1 if limit == "min" else 1, self._worse(limit)
            off = partial(self._off, sign, healthy)
            by = power.crossing(off, direction, self.move.step) if direction else nan
            by = by if self.move.home or isfinite(by) else 0.0
        if not isfinite(by):
            return None
        red, green = self._runs(by, DRAWS[-1])
        return Chances(green=power.normal(*green), red=power.normal(*red))

    def _off(self, sign: int, healthy: float, by: float) -> float:
        return sign * (self.at(by).value - healthy)

    def at(self, by: float) -> Estimate:
        """The measurement where the truth is moved by so much."""
        if by not in self._known:
            self._known[by] = self.ask.of(self.move.centre(by))
        return self._known[by]

    def _runs(self, by: float, count: int) -> tuple[Normal, Normal]:
        """By how much runs are red, and green: mean and spread of the margins, the same draws each time."""
        rng = self.ask.view.rng
        times = count if self.move.home else 2 * count
        drawn = [self.ask.of(self.move.draw(by, rng)) for _ in range(times)]
        return self._over(self._red, drawn, by), self._over(self._green, drawn, by)

    def _over(self, margin: Callable[[Estimate], float], drawn: list[Estimate], by: float) -> Normal:
        """Mean and spread of a margin; the mean of what is unbiased needs no draws."""
        known = [each for each in map(margin, drawn) if isfinite(each)]
        if len(known) <= len(drawn) // 2:
            return margin(self.at(by)), nan
        mean = margin(self.at(by)) if self.move.home else float(np.mean(known))
        return mean, float(np.std(known, ddof=1))

    def _red(self, estimate: Estimate) -> float:
        return max(self._beyond(estimate, limit) for limit in self._limits)

    def _green(self, estimate: Estimate) -> float:
        return min(self._inside(estimate, limit) for limit in self._limits)

    def _worse(self, limit: Side) -> int:
        """The direction of tilting in which the value goes beyond a limit; 0 where it does not move."""
        sign = -1 if limit == "min" else 1
        start = sign * self.at(0.0).value
        for by in (max(self.move.step, 0.25), self.move.step):
            ups, downs = (sign * self.at(turn * by).value for turn in (1, -1))
            if isfinite(ups) and isfinite(downs) and max(ups, downs) > start:
                return 1 if ups >= downs else -1
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
