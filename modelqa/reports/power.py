"""A power report as text, warnings first, and as plain data."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import isfinite
from textwrap import wrap
from typing import Any

from modelqa.core.power import PowerReport, Sight
from modelqa.core.result import show_limit
from modelqa.core.units import Unit, show
from modelqa.reports.terminal import visible

HEAD = ("check", "n", "bound", "now", "sees", "off by", "green", "open", "red")
_UNMEASURED = "could not be measured"
COLUMNS = 100
WIDEST = 34
"""A name that is longer is cut, so that the table keeps to a terminal of 100 columns."""


def render(report: PowerReport, *, every: bool = False) -> str:
    """What a suite can see, for a terminal of 100 columns: warnings, one line a check, how to read it.

    Of a check's slices, and of its columns, the weakest is shown, unless ``every`` one is wanted.
    """
    sights = list(report.sights if every else _weakest(report.sights))
    shown = [sight for sight in sights if sight.chances and sight.how != "counted"]
    rows = [_row(sight, before) for before, sight in zip([None, *shown], shown, strict=False)]
    counted = [sight for sight in sights if sight.how == "counted"]
    parts = [_title(report), list(_warned(report)), list(_table(rows)), list(_counted(counted))]
    told = [part for part in (*parts, list(_legend(report, sights)) if rows else []) if part]
    return "\n\n".join("\n".join(part) for part in told)


def plain(report: PowerReport) -> dict[str, Any]:
    """The report as plain data; what is not known is None."""
    return {
        "version": 1,
        "suite": report.suite,
        "power": report.power,
        "sights": [_plain(sight) for sight in report.sights],
    }


def _plain(sight: Sight) -> dict[str, Any]:
    chances = sight.chances
    outcomes = chances and {"green": chances.green, "undecided": chances.undecided, "red": chances.red}
    numbers = {
        name: value if isfinite(value) else None
        for name in ("bound", "value", "healthy", "seen", "effect")
        for value in (getattr(sight, name),)
    }
    names = ("check", "metric", "slice", "column", "n", "counts", "limit", "how", "note")
    texts = {name: getattr(sight, name) for name in names}
    return {
        **texts,
        "unit": str(sight.unit),
        **numbers,
        "chances": outcomes,
        "warnings": list(sight.warnings),
    }


def _title(report: PowerReport) -> list[str]:
    batch, model = report.subject.batch, report.subject.model
    rows = f" at {batch.rows:,} rows of {batch.name}" if batch else ""
    by = f", judging {model}" if model else ""
    return [visible(f"{report.suite}: what its checks can see{rows}{by}")]


def _warned(report: PowerReport) -> Iterator[str]:
    """One sentence a warning; the same one of many slices or columns once."""
    found = [(sight.check, warning, sight) for sight in report.sights for warning in sight.warnings]
    found.sort(key=lambda each: (_gravity(each[1]), [sight.check for sight in report.sights].index(each[0])))
    for _, alike in groupby(found, key=lambda each: _kind(each[0], each[1])):
        first, *others = list(alike)
        check = first[0]
        more = f" (and {len(others):,} more like it)" if others else ""
        place = _place(first[2])
        told = visible(f"WARNING {check}{f' in {place}' if place else ''} {first[1]}{more}")
        yield from wrap(told, COLUMNS, subsequent_indent="    ", break_long_words=False)


def _kind(check: str, warning: str) -> tuple[str, str]:
    """What makes warnings the same: a subject that cannot be opened is one for all checks."""
    return ("", warning) if warning.startswith(_UNMEASURED) else (check, warning.partition(":")[0])


def _gravity(warning: str) -> int:
    """What cannot be measured, fail or pass comes before what is merely undecided."""
    starts = (_UNMEASURED, "cannot fail", "cannot pass", "cannot")
    return next((at for at, start in enumerate(starts) if warning.startswith(start)), len(starts))


def _weakest(sights: Sequence[Sight]) -> Iterator[Sight]:
    """One sight for each measurement: of its slices, and of its columns, the one that sees least."""

    def kind(sight: Sight) -> tuple[str, bool, str | None, bool]:
        return sight.check, bool(sight.slice), sight.limit, sight.how == "counted"

    for each in dict.fromkeys(map(kind, sights)):
        yield max((sight for sight in sights if kind(sight) == each), key=_blindness)


def _blindness(sight: Sight) -> float:
    return sight.effect if isfinite(sight.effect) else float("inf")


def _row(sight: Sight, before: Sight | None) -> tuple[str, ...]:
    """One line of the table; below another one of its check it is called by its place alone."""
    chances, about = sight.chances, "~" if sight.how == "approximate" else ""
    assert chances is not None  # noqa: S101
    seen = isfinite(sight.seen)
    return (
        _label(sight, before),
        f"{sight.n:,}",
        f"{sight.limit} {_limit(sight)}",
        show(sight.value, sight.unit),
        about + show(sight.seen, sight.unit) if seen else "never",
        show(sight.effect, sight.unit) if seen else "",
        *(_percent(share) for share in (chances.green, chances.undecided, chances.red)),
    )


def _place(sight: Sight) -> str:
    return " in ".join(part for part in (sight.column, sight.slice) if part)


def _limit(sight: Sight) -> str:
    relative = sight.unit is Unit.NUMBER or abs(sight.bound) >= 1
    return show_limit(sight.bound, sight.unit) if relative else show(sight.bound, sight.unit)


def _label(sight: Sight, before: Sight | None) -> str:
    place = _place(sight)
    if before is not None and before.check == sight.check:
        return f"  {place or sight.check}"
    return f"{sight.check}: {place}" if place else sight.check


def _percent(share: float) -> str:
    """A chance for people.

    >>> _percent(0.0), _percent(0.0004), _percent(0.126), _percent(0.9999)
    ('0%', '<1%', '13%', '>99%')
    """
    if 1e-9 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 - 1e-9 else f"{share:.0%}"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows under their heads, names to the left and numbers to the right."""
    if not rows:
        return
    shown = [(_cut(visible(row[0])), *row[1:]) for row in (HEAD, *rows)]
    widths = [max(len(row[at]) for row in shown) for at in range(len(HEAD))]
    for name, *numbers in shown:
        right = (cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True))
        yield "  ".join([name.ljust(widths[0]), *right]).rstrip()


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _counted(sights: Sequence[Sight]) -> Iterator[str]:
    """The checks that are facts, in one sentence."""
    names = ", ".join(dict.fromkeys(sight.check for sight in sights))
    if names:
        yield visible(f"Counted in this batch, so any change is seen: {names}")
    red = [sight.check for sight in sights if sight.chances and sight.chances.red]
    if red:
        yield visible(f"Of these, red on this batch: {', '.join(dict.fromkeys(red))}")


def _legend(report: PowerReport, sights: Sequence[Sight]) -> Iterator[str]:
    yield f"sees: the truth that turns the check red in {report.power:.0%} of runs; off by: from its bound."
    yield "green, open, red: how runs end while the truth stays where it is now (open: undecided)."
    if any(sight.healthy != sight.value for sight in sights if sight.chances and sight.limit):
        yield "Where it is beyond its bound now, they hold for a truth that is just at the bound."
    if any(sight.how == "approximate" for sight in sights):
        yield "~ from the reach of the one interval that was measured, on the scale of its score."
