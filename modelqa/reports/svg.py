"""Small drawings of a result as inline SVG: plain shapes, no script, nothing fetched.

Each has the role of an image and says in words what it shows; colours come from the page's classes, and
an outcome has a shape of its own, so that no meaning hangs on colour.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Self

from markupsafe import Markup, escape

from modelqa.core.bound import Outcome
from modelqa.core.result import Verdict
from modelqa.reports import words
from modelqa.reports.terminal import show_bound

WIDTH, HEIGHT, MIDDLE, PAD = 240, 22, 11, 6


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
        known = [value for value in values if isfinite(value)]
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


def distributions(data: dict[str, Any], title: str) -> Markup:
    """Two distributions over the same bins or categories: the reference filled, the batch as a line."""
    before, after = data["reference"], data["batch"]
    count = max(len(before), 1)
    width, height, step = 320, 84, 320 / count
    top = max([*before, *after, 1e-12])
    bars = "".join(
        f"M{at * step + 1:.1f} {height}V{height - _tall(share, top):.1f}H{(at + 1) * step - 1:.1f}V{height}z"
        for at, share in enumerate(before)
    )
    steps = "".join(
        f"{'M' if at == 0 else 'L'}{at * step:.1f} {height - _tall(share, top):.1f}H{(at + 1) * step:.1f}"
        for at, share in enumerate(after)
    )
    parts = [
        f'<path class="before" d="{bars}"/>',
        f'<path class="after" d="{steps}"/>',
        f'<path class="axis" d="M0 {height}H{width}"/>',
    ]
    return picture(parts, width, height + 1, title, "dist")


def _tall(share: float, top: float) -> float:
    return share / top * 78


def histogram(edges: Sequence[float], shares: Sequence[float], limits: Sequence[float], title: str) -> Markup:
    """One distribution over bins with the lines that it is held against."""
    width, height = 480, 90
    scale = Scale.over([*edges, *limits], width)
    top = max([*shares, 1e-12])
    bars = "".join(
        f"M{scale.at(low):g} {height}V{height - _tall(share, top):.1f}H{scale.at(high):g}V{height}z"
        for low, high, share in zip(edges, edges[1:], shares, strict=False)
    )
    lines = "".join(f'<path class="hard" d="M{scale.at(limit):g} 0V{height}"/>' for limit in limits)
    parts = [f'<path class="before" d="{bars}"/>', lines, f'<path class="axis" d="M0 {height}H{width}"/>']
    return picture(parts, width, height + 1, title, "hist")


def trend(values: Sequence[tuple[float, Outcome]], limits: Sequence[float], title: str) -> Markup:
    """The last values of a measurement, oldest first, each with the shape of its outcome."""
    width, height = 160, 30
    known = [(value, outcome) for value, outcome in values if isfinite(value)]
    upright = Scale.over([*(value for value, _ in known), *limits], height)
    step = (width - 2 * PAD) / max(len(known) - 1, 1)
    points = [
        (PAD + at * step, height - upright.at(value), outcome) for at, (value, outcome) in enumerate(known)
    ]
    line = "".join(f"{'L' if at else 'M'}{x:.1f} {y:.1f}" for at, (x, y, _) in enumerate(points))
    parts = [f'<path class="hard" d="M0 {height - upright.at(limit):g}H{width}"/>' for limit in limits]
    parts.append(f'<path class="trend" d="{line}"/>' if line else "")
    parts += [mark(outcome, round(x, 1), round(y, 1)) for x, y, outcome in points[-1:]]
    return picture(parts, width, height, title, "spark")


def picture(parts: Iterable[str], width: float, height: float, title: str, kind: str) -> Markup:
    """Shapes as an image that says what it shows."""
    label = escape(title)
    return Markup(  # noqa: S704 (numbers, fixed words and an escaped title)
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )
