"""One measurement, looked at from every side: what it can see, how it ends, what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite, nan

from modelqa.core.bound import Bound, Outcome, judge, rows_to_tell
from modelqa.core.power import Chances, Sight
from modelqa.core.result import rounded, show_limit
from modelqa.core.units import Unit
from modelqa.run.moves import moves
from modelqa.run.probe import Ask, Probe, Side
from modelqa.stats import power as stats

SELDOM = 0.01
OFTEN = 0.5
"""A check that is undecided more often than this on a healthy model is a coin flip."""


@dataclass(frozen=True)
class Look:
    """One measurement, looked at from every side."""

    ask: Ask
    power: float

    def sights(self) -> Iterator[Sight]:
        """A sight for each limit that can turn it red; warn limits where there are no others."""
        estimate, own = self.ask.found.estimate, self.ask.found.bound
        if estimate.is_fact and (own is not None or self.ask.planned.spec.type.facts):
            yield self._fact(own or self.ask.planned.spec.bound)
            return
        if not estimate.exists:
            why = self.ask.found.note or "it does not exist on these rows"
            yield replace(self._bare(), warnings=(f"cannot be judged here: {why}",))
            return
        for limit in ("min", "max"):
            bound = getattr(self.bound, limit)
            if bound is not None:
                yield self._sight(limit, bound)

    @cached_property
    def bound(self) -> Bound:
        """The hard limits; the warn limits of a check that has no others."""
        bound = self.ask.found.bound or self.ask.planned.spec.bound
        if bound.reds == "none":
            return Bound(min=bound.warn_min, max=bound.warn_max)
        return Bound(min=bound.min, max=bound.max)

    def _fact(self, bound: Bound) -> Sight:
        """A count of this batch: any change is seen, and its outcome is no matter of chance."""
        red = judge(self.ask.found.estimate, bound).outcome is Outcome.FAILED
        whole = self.ask.found.unit is Unit.SHARE and self.ask.found.bound is None
        idle = whole and (bound.max is None or bound.max >= 1) and (bound.min is None or bound.min <= 0)
        return replace(
            self._bare(),
            value=self.ask.found.estimate.value,
            healthy=self.ask.found.estimate.value,
            chances=Chances(green=float(not red), red=float(red)),
            how="counted",
            warnings=("cannot fail: a share is never beyond this bound",) if idle else (),
        )

    def _bare(self) -> Sight:
        found = self.ask.found
        return Sight(
            self.ask.planned.id,
            found.metric,
            slice=self.ask.view.slice,
            column=found.column,
            unit=found.unit,
            n=found.estimate.n,
            counts=found.counts,
            note=found.note,
        )

    def _sight(self, limit: Side, bound: float) -> Sight:
        estimate = self.ask.found.estimate
        inside = estimate.value >= bound if limit == "min" else estimate.value <= bound
        healthy = estimate.value if inside else bound
        for way in (self._exactly, self._redrawn, self._approximately):
            seen, chances, how = way(limit, bound, healthy)
            if chances is not None:
                break
        assert chances is not None  # noqa: S101
        sight = replace(
            self._bare(),
            limit=limit,
            bound=bound,
            value=estimate.value,
            healthy=healthy,
            seen=seen,
            chances=_kept(chances, self.ask.view.levels.alpha),
            how=how,  # type: ignore[arg-type]
        )
        return replace(sight, warnings=tuple(self._warnings(sight, limit)))

    def _exactly(self, limit: Side, _: float, healthy: float) -> tuple[float, Chances | None, str]:
        hits = self._hits
        if hits is None:
            return nan, None, ""
        return hits.seen(limit, self.power), hits.chances(healthy), "exact"

    @cached_property
    def _hits(self) -> stats.Hits | None:
        estimate, levels = self.ask.found.estimate, self.ask.view.levels
        trials = [self.ask.influence.trials] if self.ask.influence else []
        for n in (*trials, estimate.n):
            if stats.is_share(estimate, n, levels):
                return stats.Hits(n, levels, self.bound)
        return None

    def _redrawn(self, limit: Side, _: float, healthy: float) -> tuple[float, Chances | None, str]:
        """By the first way to move the truth that gets there, or that shows that nothing does."""
        if self.ask.planned.spec.across is not None:
            return nan, None, ""
        for move in moves(self.ask.planned, self.ask.view, self.ask.influence):
            probe = Probe(self.ask, self.bound, move)
            seen, chances = probe.seen(limit, self.power), probe.chances(healthy, limit)
            if isfinite(seen) or self.ask.worst(limit) is None or self._never_red(limit):
                return seen, chances, "redrawn"
        return nan, None, ""

    def _approximately(self, limit: Side, bound: float, healthy: float) -> tuple[float, Chances | None, str]:
        reach = stats.Reach(self.ask.found.estimate, self.ask.view.levels, self._scale)
        return reach.seen(limit, bound, self.power), reach.chances(healthy, self.bound), "approximate"

    @property
    def _scale(self) -> stats.Scale:
        estimate = self.ask.found.estimate
        if self.ask.view.versus is not None:
            return "own"
        if self.ask.found.unit is Unit.SECONDS and estimate.low > 0:
            return "log"
        return "log odds" if estimate.low > 0 and estimate.high < 1 else "own"

    def _never_red(self, limit: Side) -> str:
        """Why not even the worst that these rows could show would be red; empty if it would."""
        estimate, bound = self.ask.found.estimate, Bound(**{limit: getattr(self.bound, limit)})
        rows = f"{estimate.n:,} {self.ask.found.counts}"
        if self._hits is not None:
            return "" if self._hits.can_be_red(limit) else f"{rows} cannot prove it, were all of them bad"
        worst = self.ask.worst(limit)
        if worst is not None and judge(worst, bound).outcome is not Outcome.FAILED:
            return f"{rows} cannot prove it, were the model always wrong"
        if worst is None and not isfinite(estimate.high if limit == "min" else estimate.low):
            return (
                f"{rows} cannot tell a chance of {self.ask.view.levels.alpha:.2g}, its share of false_alarms"
            )
        return ""

    def _never_green(self, limit: Side) -> str:
        """Why not even the best that these rows could show would be green; empty if it would."""
        estimate, bound = self.ask.found.estimate, Bound(**{limit: getattr(self.bound, limit)})
        rows = f"{estimate.n:,} {self.ask.found.counts}"
        if self._hits is not None:
            return "" if self._hits.can_be_green else f"{rows} cannot prove it, were all of them good"
        best = self.ask.best(limit)
        if best is not None and judge(best, bound).outcome is not Outcome.PASSED:
            return f"{rows} cannot prove it, were all of them as good as can be"
        if best is None and not isfinite(estimate.low if limit == "min" else estimate.high):
            return f"{rows} leave the end that faces its bound open"
        return ""

    def _warnings(self, sight: Sight, limit: Side) -> Iterator[str]:
        wanted = f"{limit} {show_limit(sight.bound, sight.unit)}"
        seen, chances = isfinite(sight.seen), sight.chances
        never_red = "" if seen else self._never_red(limit)
        passes = sight.healthy == sight.value and chances and chances.green > SELDOM
        never_green = "" if passes else self._never_green(limit)
        if never_red:
            yield f"cannot fail {wanted}: {never_red}"
        elif not seen and sight.how == "redrawn":
            yield f"cannot fail {wanted}: no mix of these rows would be red"
        if never_green:
            yield f"cannot pass {wanted}: {never_green}"
        elif chances and chances.undecided > OFTEN and sight.healthy == sight.value:
            told = rows_to_tell(self.ask.found.estimate, sight.bound)
            tell = f"; about {rounded(told):,} {sight.counts} would tell" if told else ""
            share = f"{chances.undecided:.0%}"
            yield f"is a coin flip at {wanted}: {share} of healthy runs end undecided{tell}"


def _kept(chances: Chances, alpha: float) -> Chances:
    """Chances on a healthy model, where the interval itself promises that red is no likelier than this."""
    return Chances(green=chances.green, red=min(chances.red, alpha))
