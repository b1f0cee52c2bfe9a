"""The last runs of a suite: a table for a terminal, and a page with the course of each measurement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from math import nan
from typing import TYPE_CHECKING

from modelqa.core.bound import Outcome
from modelqa.core.codec import Gathered
from modelqa.core.result import Verdict
from modelqa.reports import svg, words
from modelqa.reports.pages import fill, when
from modelqa.reports.terminal import aligned, by_severity, show_bound, visible, worst_first

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_IDS, MOST_ROWS = 4, 8
"""Checks of a run that are named on a terminal, measurements of a check on the page; the rest is counted."""
_NOTHING = (nan, Outcome.SKIPPED)
Key = tuple[str, str, str | None, str]


@dataclass(frozen=True, slots=True)
class Course:
    """One measurement over the runs: its last value and where it came from."""

    name: str
    _: KW_ONLY
    outcome: Outcome
    value: str
    bound: str
    runs: int
    trend: "Markup"


@dataclass(frozen=True, slots=True)
class Courses:
    """The measurements of a check over the runs; ``left`` more are not shown."""

    id: str
    outcome: Outcome
    _: KW_ONLY
    lines: tuple[Course, ...]
    left: int


def render(runs: Sequence[Gathered]) -> str:
    """Runs, oldest first, as a table, newest first: when, the outcome, what was judged, what is not green."""
    rows = [("time", "outcome", "model", "batch", "not green")]
    for run in reversed(runs):
        of = run.result.subject
        rows.append(
            (
                when(run.result.started),
                f"{run.result.outcome.upper()}{' (partial)' if run.partial else ''}",
                str(of.model or ""),
                f"{of.batch.name}, {of.batch.rows:,} rows" if of.batch else "",
                _dark(run),
            )
        )
    return "\n".join(aligned(rows))


def _dark(run: Gathered, most: int = MOST_IDS) -> str:
    ids = [check.id for check in by_severity(run.result.checks)]
    more = f" and {len(ids) - most:,} more" if len(ids) > most else ""
    return f"{len(ids):,}: {', '.join(ids[:most])}{more}" if ids else "nothing"


def page(runs: Sequence[Gathered]) -> str:
    """Runs, oldest first, as a page that stands by itself; the newest says which measurements there are."""
    told = [(run, _dark(run, MOST_ROWS)) for run in reversed(runs)]
    return fill("history.html.j2", last=runs[-1].result, runs=told, checks=tuple(_courses(runs)))


def _courses(runs: Sequence[Gathered]) -> Iterator[Courses]:
    """The checks of the last run, those that are not green first."""
    before = [_keyed(run) for run in runs]
    last = runs[-1].result.checks
    dark = by_severity(last)
    for check in [*dark, *(each for each in last if each.outcome is Outcome.PASSED)]:
        shown = worst_first(check.verdicts)
        lines = [_course(check.id, verdict, before) for verdict in shown[:MOST_ROWS]]
        yield Courses(check.id, check.outcome, lines=tuple(lines), left=len(shown) - len(lines))


def _course(check: str, verdict: Verdict, before: Sequence[Mapping[Key, Verdict]]) -> Course:
    found = [run.get(_key(check, verdict)) for run in before]
    points = [(each.measurement.estimate.value, each.outcome) if each else _NOTHING for each in found]
    there = sum(each is not None and each.measurement.estimate.exists for each in found)
    limits = [limit for _, limit in verdict.bound.limits()]
    bound = show_bound(verdict.bound, verdict.measurement.unit)
    name, value = words.name(verdict), words.value(verdict)
    said = f"{name} over {there} runs, now {value}, {bound}"
    return Course(
        visible(name),
        outcome=verdict.outcome,
        value=visible(value),
        bound=bound,
        runs=there,
        trend=svg.trend(points, limits, visible(said)),
    )


def _keyed(run: Gathered) -> Mapping[Key, Verdict]:
    return {_key(check.id, each): each for check in run.result.checks for each in reversed(check.verdicts)}


def _key(check: str, verdict: Verdict) -> Key:
    found = verdict.measurement
    return check, found.metric, found.column, found.slice
