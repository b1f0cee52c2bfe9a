"""Small drawings of a result as inline SVG: plain shapes, no script, nothing fetched.

Each has the role of an image and says in words what it shows; colours come from the page's classes, and
an outcome has a shape of its own, so that no meaning hangs on colour.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, log
from typing import Self

from markupsafe import Markup, escape

from modelqa.core.bound import Outcome
from modelqa.core.estimate import Estimate
from modelqa.core.result import Verdict
from modelqa.reports import words
from modelqa.reports.terminal import show_bound

WIDTH, HEIGHT, MIDDLE, PAD = 240, 22, 11, 6


_FAR = 1e150
"""Numbers beyond are drawn as if they stood there: their differences are still numbers."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A range of values on a range of pixels; what lies outside is drawn at the edge."""

    low: float
    high: float
    width: float = WIDTH
    pad: float = PAD

    @classmethod
    def over(cls, values: Iterable[float], width: float = WIDTH) -> Self:
        """The range that holds all finite values, with a little room.

        >>> Scale.over([0.0, 1.0]).at(0.5)
        120.0
        """
        known = [min(max(value, -_FAR), _FAR) for value in values if isfinite(value)]
        low, high = min(known, default=0.0), max(known, default=1.0)
        room = (high - low) * 0.08 or max(abs(high), 1.0) * 0.1
        return cls(low - room, high + room, width)

    def at(self, value: float) -> float:
        """Where a value stands, in pixels."""
        share = (value - self.low) / (self.high - self.low)
        inside = min(max(share, 0.0), 1.0)
        return round(self.pad + inside * (self.width - 2 * self.pad), 1)


def scale_of(verdicts: Sequence[Verdict]) -> Scale:
    """One scale for several verdicts of one kind, so that their rows can be compared by eye."""
    ends = [(v.measurement.estimate, v.bound) for v in verdicts]
    values = [each for found, _ in ends if found.exists for each in (found.low, found.value, found.high)]
    return Scale.over([*values, *(limit for _, bound in ends for _, limit in bound.limits())])


def interval(verdict: Verdict, scale: Scale | None = None) -> Markup:
    """A value between its ends on a line, the ground beyond the bound hatched."""
    scale = scale or scale_of([verdict])
    found = verdict.measurement
    bound = show_bound(verdict.bound, found.unit)
    said = f"{words.name(verdict)} {words.value(verdict)}, {bound}: {verdict.outcome}"
    parts = [_beyond(name, limit, scale) for name, limit in verdict.bound.limits()]
    parts.append(f'<path class="axis" d="M{PAD} {MIDDLE}H{WIDTH - PAD}"/>')
    if found.estimate.exists:
        ends = [scale.at(end) for end in (found.estimate.low, found.estimate.value, found.estimate.high)]
        if not found.estimate.is_fact:
            parts.append(f'<path class="ci" d="M{ends[0]:g} {MIDDLE}H{ends[2]:g}"/>')
        parts.append(mark(verdict.outcome, ends[1]))
    return picture(parts, WIDTH, HEIGHT, said, "strip")


def _beyond(name: str, limit: float, scale: Scale) -> str:
    at = scale.at(limit)
    start, width = (0, at) if name.endswith("min") else (at, WIDTH - at)
    kind = "soft" if name.startswith("warn") else "hard"
    ground = "" if kind == "soft" else f'<rect class="no" x="{start:g}" width="{width:g}" height="{HEIGHT}"/>'
    return f'{ground}<path class="{kind}" d="M{at:g} 0V{HEIGHT}"/>'


def mark(outcome: Outcome, x: float, y: float = MIDDLE) -> str:
    """The shape of an outcome: a dot, a cross, a diamond, a triangle."""
    match outcome:
        case Outcome.FAILED | Outcome.ERRORED:
            shape = f"M{x - 4:g} {y - 4:g}l8 8m0 -8l-8 8"
        case Outcome.INCONCLUSIVE:
            shape = f"M{x:g} {y - 5:g}l5 5l-5 5l-5 -5z"
        case Outcome.WARNED:
            shape = f"M{x:g} {y - 5:g}l5 9h-10z"
        case _:
            shape = f"M{x - 4:g} {y:g}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0"
    return f'<path class="m {outcome}" d="{shape}"/>'


def dot(estimate: Estimate, scale: Scale) -> Markup:
    """A value between its ends without a bound; silent, for it stands beside its numbers."""
    parts = [f'<path class="axis" d="M{PAD} {MIDDLE}H{WIDTH - PAD}"/>']
    if estimate.exists:
        low, at, high = (scale.at(end) for end in (estimate.low, estimate.value, estimate.high))
        parts.append(f'<path class="ci" d="M{low:g} {MIDDLE}H{high:g}"/>')
        parts.append(f'<circle class="dot" cx="{at:g}" cy="{MIDDLE}" r="4"/>')
    return picture(parts, WIDTH, HEIGHT, "", "strip")


def pair(before: Verdict | None, after: Verdict | None, scale: Scale) -> Markup:
    """A measurement in two runs on one scale, the earlier above the later; silent, beside its numbers."""
    last = after or before
    parts = [_beyond(name, limit, scale) for name, limit in (last.bound.limits() if last else ())]
    for verdict, y, kind in ((before, 6, "old"), (after, 16, "ci")):
        found = verdict.measurement.estimate if verdict else Estimate.undefined(n=0)
        if verdict and found.exists:
            low, at, high = (scale.at(end) for end in (found.low, found.value, found.high))
            parts.append(f'<path class="{kind}" d="M{low:g} {y}H{high:g}"/>')
            parts.append(mark(verdict.outcome, at, y))
    return picture(parts, WIDTH, HEIGHT, "", "strip")


def distributions(before: Sequence[float], after: Sequence[float], title: str) -> Markup:
    """Two distributions over the same bins or categories: the reference filled, the batch as a line."""
    width, height = 320, 84
    step = width / max(len(before), 1)
    places = [at * step for at in range(len(before) + 1)]
    top = max([*before, *after, 1e-12])
    parts = [
        f'<path class="before" d="{_bars(places, before, top, height)}"/>',
        f'<path class="after" d="{_steps(places, after, top, height)}"/>',
        f'<path class="axis" d="M0 {height}H{width}"/>',
    ]
    return picture(parts, width, height + 1, title, "dist")


def times(
    edges: Sequence[float], series: Sequence[Sequence[float]], limits: Sequence[float], title: str
) -> Markup:
    """Shares of calls by how long they took, on a logarithmic scale: the first filled, another as a line.

    ``edges`` and ``limits`` are positive; a limit outside of the edges widens the scale.
    """
    width, height = 480, 96
    scale = Scale.over([log(value) for value in (*edges, *limits)], width)
    places = [scale.at(log(edge)) for edge in edges]
    top = max([share for each in series for share in each] + [1e-12])
    parts = [f'<path class="before" d="{_bars(places, series[0], top, height)}"/>']
    parts += [f'<path class="after" d="{_steps(places, each, top, height)}"/>' for each in series[1:]]
    parts += [f'<path class="hard" d="M{scale.at(log(limit)):g} 0V{height}"/>' for limit in limits]
    parts.append(f'<path class="axis" d="M0 {height}H{width}"/>')
    return picture(parts, width, height + 1, title, "hist")


def _bars(places: Sequence[float], shares: Sequence[float], top: float, height: float) -> str:
    return "".join(
        f"M{low + gap:.4g} {height}V{height - _tall(share, top, height):.4g}H{high - gap:.4g}V{height}z"
        for low, high, share in zip(places, places[1:], shares, strict=False)
        for gap in [min(1.0, (high - low) / 8)]
        if share > 0
    )


def _steps(places: Sequence[float], shares: Sequence[float], top: float, height: float) -> str:
    return "".join(
        f"{'L' if at else 'M'}{places[at]:.4g} {height - _tall(share, top, height):.4g}H{places[at + 1]:.4g}"
        for at, share in enumerate(shares)
    )


def _tall(share: float, top: float, height: float) -> float:
    return share / top * (height - 6)


def trend(values: Sequence[tuple[float, Outcome]], limits: Sequence[float], title: str) -> Markup:
    """A measurement over the runs, oldest first: a line, with a shape where it was not green, and for now.

    A run that has no value (NaN) keeps its place.
    """
    width, height = 200, 36
    known = [(at, value, outcome) for at, (value, outcome) in enumerate(values) if isfinite(value)]
    upright = Scale.over([*(value for _, value, _ in known), *limits], height)
    step = (width - 2 * PAD) / max(len(values) - 1, 1)
    points = [(PAD + at * step, height - upright.at(value), outcome) for at, value, outcome in known]
    line = "".join(f"{'L' if at else 'M'}{x:.1f} {y:.1f}" for at, (x, y, _) in enumerate(points))
    parts = [f'<path class="hard" d="M0 {height - upright.at(limit):g}H{width}"/>' for limit in limits]
    parts.append(f'<path class="trend" d="{line}"/>' if line else "")
    shown = [point for point in points[:-1] if point[2] is not Outcome.PASSED] + points[-1:]
    parts += [mark(outcome, round(x, 1), round(y, 1)) for x, y, outcome in shown]
    return picture(parts, width, height, title, "spark")


def picture(parts: Iterable[str], width: float, height: float, title: str, kind: str) -> Markup:
    """Shapes as an image that says what it shows; without a title it is decoration, and silent."""
    said = f'role="img" aria-label="{escape(title)}"' if title else 'aria-hidden="true"'
    return Markup(  # noqa: S704 (numbers, fixed words and an escaped title)
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" {said}>{"".join(parts)}</svg>'
    )
