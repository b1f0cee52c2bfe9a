"""What stands behind a verdict, as drawings and as the numbers in them.

Evidence is data that another version may have written: a kind or a shape that is not known here is not
drawn, and never the end of a page.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from modelqa.core.estimate import Estimate
from modelqa.core.result import Verdict, show_estimate, show_limit
from modelqa.core.units import Unit, show
from modelqa.reports import svg, words
from modelqa.reports.terminal import visible

if TYPE_CHECKING:
    from markupsafe import Markup

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)
"""Those of the times of calls that stand in a table."""
MOST_LABELS, MOST_DOTS, MOST_BARS = 5, 30, 100
"""Categories with their name under the bar; slices with a row, half of them at either end; bars at all."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with its legend, what is written below it, and its numbers as a table.

    ``key`` holds pairs of a style (`ref`, `line`, `bad`) and its meaning, ``ticks`` are texts at equal
    distances, or the two ends where they are two.
    """

    title: str
    drawing: "Markup"
    _: KW_ONLY
    key: tuple[tuple[str, str], ...]
    ticks: tuple[str, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def spaced(self) -> bool:
        """Whether each text stands below its own bar."""
        return len(self.ticks) == len(self.rows)


@dataclass(frozen=True, slots=True)
class Dot:
    """One slice on the scale of all."""

    name: str
    strip: "Markup"
    value: str
    n: int


@dataclass(frozen=True, slots=True)
class Dots:
    """All slices that one verdict is about, sorted by value; ``left`` more lie in the middle."""

    title: str
    dots: tuple[Dot, ...]
    left: int


def pictures(verdict: Verdict) -> Iterator[Picture]:
    """The drawings of a verdict: distributions, and the times of calls."""
    for piece in verdict.measurement.evidence:
        draw = _KINDS.get(piece.kind)
        try:
            made = draw(verdict, piece.data) if draw else None
        except _STRANGE:
            continue
        if made is not None:
            yield made


def dots(verdict: Verdict) -> Iterator[Dots]:
    """The slices that a verdict combines, or compares."""
    for piece in verdict.measurement.evidence:
        if piece.kind == "slices":
            try:
                yield _dots(verdict, piece.data)
            except _STRANGE:
                continue


_STRANGE = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)


def _distributions(verdict: Verdict, data: Mapping[str, Any]) -> Picture | None:
    """A column's shares in the reference and in the batch."""
    labels = [visible(str(label)) for label in data["labels"]]
    before, after = _numbers(data["reference"]), _numbers(data["batch"])
    if not labels or len(labels) > MOST_BARS or not len(labels) == len(before) == len(after):
        return None
    edges = _numbers(data.get("edges") or ())
    ends = tuple(show(edge) for edge in (edges[0], edges[-1])) if edges else ()
    title = visible(f"{verdict.measurement.column}: {verdict.measurement.metric} {words.value(verdict)}")
    return Picture(
        title,
        svg.distributions(before, after, f"reference and batch, {title}"),
        key=(("ref", "reference"), ("line", "batch")),
        ticks=ends or (tuple(labels) if len(labels) <= MOST_LABELS else ()),
        head=("value", "reference", "batch"),
        rows=tuple((label, _share(a), _share(b)) for label, a, b in zip(labels, before, after, strict=True)),
    )


def _latency(verdict: Verdict, data: Mapping[str, Any]) -> Picture | None:
    """Single calls on a logarithmic scale, the budget as a line where it is one of time."""
    edges = _numbers(data["edges"])
    series = {visible(str(name)): each for name, each in data["series"].items()}
    heights = [_numbers(each["counts"]) for each in series.values()]
    if not 2 <= len(edges) <= MOST_BARS + 1 or min(edges) <= 0 or not 1 <= len(series) <= 2:
        return None
    if any(len(each) != len(edges) - 1 for each in heights):
        return None
    found = verdict.measurement
    budget = found.unit is Unit.SECONDS and " versus " not in found.metric
    limits = [limit for _, limit in verdict.bound.limits() if budget and limit > 0]
    names = [*series]
    title = visible(f"{words.name(verdict)} {words.value(verdict)}")
    shown = ", ".join(show_limit(limit, found.unit) for limit in limits)
    shares = [round(share, 4) for share in _numbers(data["shares"])]
    quantiles = [[show(each, Unit.SECONDS) for each in _numbers(s["quantiles"])] for s in series.values()]
    table = zip(shares, *quantiles, strict=True)
    span = [min([edges[0], *limits]), max([edges[-1], *limits])]
    return Picture(
        title,
        svg.times(edges, [_parts(each) for each in heights], limits, f"calls of {', '.join(names)}, {title}"),
        key=(
            *zip(("ref", "line"), names, strict=False),
            *((("limit", f"the budget, {shown}"),) if limits else ()),
        ),
        ticks=(show(span[0], Unit.SECONDS), "logarithmic", show(span[1], Unit.SECONDS)),
        head=("quantile", *names),
        rows=tuple((show(share, Unit.SHARE), *each) for share, *each in table if share in QUANTILES),
    )


_KINDS: Mapping[str, Callable[[Verdict, Mapping[str, Any]], Picture | None]] = {
    "distributions": _distributions,
    "latency": _latency,
}


def _dots(verdict: Verdict, data: Mapping[str, Any]) -> Dots:
    unit = Unit.NUMBER if data["across"] == "ratio" else verdict.measurement.unit
    found = [
        (visible(str(name)), _estimate(*numbers))
        for name, *numbers in zip(
            *(data[key] for key in ("slices", "values", "low", "high", "n")), strict=True
        )
    ]
    found.sort(key=lambda each: each[1].value if each[1].exists else inf)
    half = MOST_DOTS // 2
    shown = found if len(found) <= MOST_DOTS else [*found[:half], *found[-half:]]
    scale = svg.Scale.over(
        end for _, each in found if each.exists for end in (each.low, each.value, each.high)
    )
    rows = [
        Dot(name, svg.dot(each, scale), show_estimate(each, unit) if each.exists else "none", each.n)
        for name, each in shown
    ]
    return Dots(visible(f"{data['metric']} in each slice"), tuple(rows), len(found) - len(shown))


def _estimate(value: float | None, low: float | None, high: float | None, n: int) -> Estimate:
    if value is None:
        return Estimate.undefined(n=int(n))
    ends = (-inf if low is None else float(low), inf if high is None else float(high))
    return Estimate(float(value), low=ends[0], high=ends[1], n=int(n))


def _numbers(written: Sequence[Any]) -> list[float]:
    """Finite numbers. Raises ``ValueError`` or ``TypeError`` for anything else."""
    numbers = [float(each) for each in written]
    if not all(map(isfinite, numbers)):
        raise ValueError("not finite")
    return numbers


def _parts(counts: Sequence[float]) -> list[float]:
    total = sum(counts) or 1.0
    return [each / total for each in counts]


def _share(share: float) -> str:
    return show(round(share, 4), Unit.SHARE)
