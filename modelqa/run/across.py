"""Slices that become one measurement: each measured at the levels that this takes, then combined."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from modelqa.core.estimate import Estimate, Levels
from modelqa.core.evidence import Evidence
from modelqa.core.ports import Needs
from modelqa.core.result import ALL, Measurement
from modelqa.errors import CheckError
from modelqa.run.context import View
from modelqa.stats.across import How, about, combine, drawn, extremes, independent, passes
from modelqa.suite.spec import CheckSpec

Key = tuple[str, str | None]
Found = dict[Key, Measurement]
MOST_NAMES = 5


def measure(
    spec: CheckSpec, views: Sequence[View], levels: Levels, measured: Callable[[View], Iterable[Measurement]]
) -> Iterator[Measurement]:
    """One measurement for each metric and column, from those of all slices.

    What holds its own bound (a column that is missing) is judged in every slice, as ever.
    Raises `CheckError` where the slices are too few, or too many, for what is wanted of them.
    """
    how = _how(spec)
    _enough(spec, views)
    apart = Needs.REFERENCE not in spec.type.needs_of(spec.value) and independent([v.members for v in views])
    at = passes(how, levels, len(views), apart=apart)

    def each(of: Levels) -> list[Found]:
        return [_keyed(measured(replace(view, levels=of))) for view in views]

    below = each(at[0])
    above = below if at[0] == at[1] else each(at[1])
    for key in dict.fromkeys(key for found in below for key in found):
        lows, highs = _all_of(key, below), _all_of(key, above)
        if any(found.bound for found in lows):
            yield from (found for found in lows if found.bound)
            continue
        ends = [[found.estimate for found in part] for part in (lows, highs)]
        estimate = combine(how, ends[0], ends[1], at, apart=apart)
        shown = lows if levels.reds == "high" else highs
        yield _told(spec, how, views, shown, estimate)


def _how(spec: CheckSpec) -> How:
    if spec.across != "worst":
        return spec.across or "gap"
    return "smallest" if any(name.endswith("min") for name, _ in spec.bound.limits()) else "largest"


def _enough(spec: CheckSpec, views: Sequence[View]) -> None:
    names = ", ".join(view.slice for view in views[:MOST_NAMES])
    if spec.across == "difference" and len(views) != 2:
        raise CheckError(f"across: difference is of two slices, found {len(views)}: {names}")
    if spec.across != "worst" and len(views) < 2:
        raise CheckError(f"across: {spec.across} is between slices, and there is one: {names}")


def _keyed(measurements: Iterable[Measurement]) -> Found:
    found: Found = {}
    for each in measurements:
        if found.setdefault((each.metric, each.column), each) is not each:
            raise CheckError(f"{each.metric} is measured twice in {each.slice}: nothing says which to take")
    return found


def _all_of(key: Key, found: Sequence[Found]) -> list[Measurement]:
    """A measurement for each slice; one that a slice lacks does not exist there."""
    some = next(part[key] for part in found if key in part)
    none = replace(some, estimate=Estimate.undefined(n=0), note="not measured there", evidence=())
    return [part.get(key, none) for part in found]


def _told(
    spec: CheckSpec, how: How, views: Sequence[View], slices: Sequence[Measurement], estimate: Estimate
) -> Measurement:
    """A combination that says which slices it is about, and shows all of them."""
    some, names = slices[0], [view.slice for view in views]
    estimates = [found.estimate for found in slices]
    unit = spec.unit if spec.relative else spec.type.unit_of(spec.value)
    name = {"smallest": "worst", "largest": "worst"}.get(how, f"{how} of")
    notes = [about(how, names, estimates, unit), *_notes(how, views, slices)]
    return replace(
        some,
        metric=f"{name} {some.metric}",
        estimate=estimate,
        slice=ALL,
        unit=spec.unit,
        note="; ".join(filter(None, notes)),
        evidence=(Evidence("slices", drawn(how, some.metric, names, estimates)),),
    )


def _notes(how: How, views: Sequence[View], slices: Sequence[Measurement]) -> Iterator[str]:
    """What is said of the slices that it is about, of those without a value, and of pooled ones."""
    at = extremes(how, [found.estimate.value for found in slices])
    for place, (view, found) in enumerate(zip(views, slices, strict=True)):
        if not found.estimate.exists:
            yield f"none in {view.slice}" + (f" ({found.note})" if found.note else "")
        elif said := found.note if place in at else view.note:
            yield f"{view.slice}: {said}"
