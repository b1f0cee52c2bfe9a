"""A result as one page that stands by itself: no script, no network, light and dark, on paper too."""

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult, SuiteResult, Verdict
from modelqa.core.units import show
from modelqa.reports import svg, words
from modelqa.reports.terminal import budget, by_severity, show_bound, visible, worst_first

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
WORDS = {
    Outcome.FAILED: "failed",
    Outcome.ERRORED: "could not run",
    Outcome.INCONCLUSIVE: "undecided",
    Outcome.WARNED: "warned",
    Outcome.PASSED: "passed",
    Outcome.SKIPPED: "skipped",
}
MOST_ROWS, MOST_NAMES, MOST_PICTURES, MOST_GREEN = 12, 400, 4, 2
"""Of a check: verdicts with a drawing, others by name, pairs of distributions (of a green one fewer)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One verdict, ready to be shown."""

    outcome: Outcome
    _: KW_ONLY
    name: str
    value: str
    bound: str
    n: int
    note: str
    strip: "Markup"


@dataclass(frozen=True, slots=True)
class Section:
    """One check, ready to be shown: its worst rows drawn, the others named."""

    check: CheckResult
    _: KW_ONLY
    why: str
    rows: tuple[Row, ...]
    rest: tuple[tuple[str, str], ...]
    left: int
    pictures: tuple[tuple[str, "Markup"], ...]

    @property
    def anchor(self) -> str:
        """Where links lead."""
        return f"check-{self.check.id}"


def render(result: SuiteResult, *, path: str = "") -> str:
    """The page of a run; ``path`` is the suite's, for the command that runs it again.

    Every text of the result is data: it is escaped, and control characters are made visible.
    """
    sections = [section(check) for check in result.checks]
    order = [
        *by_severity(result.checks),
        *(check for check in result.checks if check.outcome is Outcome.PASSED),
    ]
    by_id = {each.check.id: each for each in sections}
    page: str = _template("report.html.j2").render(
        result=result,
        headline=headline(result),
        counts=[(outcome, WORDS[outcome], number) for outcome, number in result.counts().items()],
        dark=[by_id[check.id] for check in by_severity(result.checks)],
        sections=[by_id[check.id] for check in order],
        command=command(result, path),
        budget="".join(map(visible, budget(result))),
        words=WORDS,
        css=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
    )
    return page


def headline(result: SuiteResult) -> str:
    """The run in one sentence.

    >>> from modelqa.core.subject import SubjectInfo
    >>> headline(SuiteResult("churn", SubjectInfo(), (), started="", digest=""))
    'Nothing was measured: no check ran.'
    """
    counts, total = result.counts(), len(result.checks)
    if not total:
        return "Nothing was measured: no check ran."
    bad = [f"{number} {WORDS[each]}" for each, number in counts.items() if each not in (Outcome.PASSED,)]
    if not bad:
        return f"All {total} checks passed." if total > 1 else "The one check passed."
    return f"Of {total} check{'s' if total > 1 else ''}, {_listed(bad)}."


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def command(result: SuiteResult, path: str) -> str:
    """The command that runs the suite again on the version that was judged."""
    files = [check.where.rpartition(":")[0] for check in result.checks if check.where]
    suite = path or (files[0] if files else "")
    model = result.subject.model
    pinned = f" --modelqa-model models:/{model.name}/{model.version}" if model and model.version else ""
    return f"pytest {suite}{pinned}" if suite else ""


def section(check: CheckResult) -> Section:
    """A check with its verdicts sorted, drawn on a common scale where they measure the same."""
    shown = worst_first(check.verdicts)
    drawn = _drawn(shown)
    kept = {id(each) for each in drawn}
    rest = [each for each in shown if id(each) not in kept]
    alike = len({each.measurement.metric for each in shown}) == 1
    named = [_named(each, alike) for each in rest[:MOST_NAMES]]
    why = check.reason or (words.why(shown[0]) if shown else "nothing was measured")
    return Section(
        check,
        why=visible(why),
        rows=tuple(_rows(drawn)),
        rest=tuple((visible(name), visible(value)) for name, value in named),
        left=len(rest) - len(named),
        pictures=tuple(_pictures(shown)),
    )


def _named(verdict: Verdict, alike: bool) -> tuple[str, str]:
    """What was measured where, and its value; the metric is left out where the whole check has one."""
    found = verdict.measurement
    where = " in ".join(part for part in (found.column, found.slice) if part)
    value = show(found.estimate.value, found.unit) if found.estimate.exists else words.value(verdict)
    return (where if alike and where else words.name(verdict)), value


def _drawn(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts worth a drawing: those that are not green, then estimates; not counts that are fine."""
    plain = [v for v in verdicts if v.outcome is Outcome.PASSED and v.measurement.estimate.is_fact]
    worth = [each for each in verdicts if each not in plain]
    return (worth or plain)[: MOST_ROWS if worth else 1]


def _rows(verdicts: Sequence[Verdict]) -> Iterator[Row]:
    groups: dict[tuple[Any, ...], list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(_alike(verdict), []).append(verdict)
    scales = {key: svg.scale_of(group) for key, group in groups.items()}
    for verdict in verdicts:
        found = verdict.measurement
        yield Row(
            verdict.outcome,
            name=visible(" in ".join(part for part in (found.column, found.slice) if part)),
            value=visible(words.value(verdict)),
            bound=show_bound(verdict.bound, found.unit),
            n=found.estimate.n,
            note=visible(f"{found.metric}; {found.note}" if found.note else found.metric),
            strip=svg.interval(verdict, scales[_alike(verdict)]),
        )


def _alike(verdict: Verdict) -> tuple[Any, ...]:
    return verdict.measurement.metric, verdict.bound, verdict.measurement.unit


def _pictures(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, "Markup"]]:
    """Both distributions of the columns that moved most."""
    shown = 0
    dark = [verdict for verdict in verdicts if verdict.outcome is not Outcome.PASSED]
    for verdict in dark or verdicts[:MOST_GREEN]:
        for piece in verdict.measurement.evidence:
            if piece.kind == "distributions" and piece.data["labels"] and shown < MOST_PICTURES:
                shown += 1
                title = visible(f"{verdict.measurement.column}: {words.value(verdict)}")
                yield title, svg.distributions(piece.data, f"reference and batch, {title}")


@cache
def _template(name: str) -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["visible"] = lambda text: visible(str(text))
    return made.get_template(name)
