"""A result as one page that stands by itself: no script, no network, light and dark, on paper too."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult, SuiteResult, Verdict
from modelqa.core.units import show
from modelqa.reports import svg, words
from modelqa.reports.pages import WORDS, fill
from modelqa.reports.pictures import Dots, Picture, dots, pictures
from modelqa.reports.terminal import budget, by_severity, show_bound, visible, worst_first

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_ROWS, MOST_PICTURES, MOST_GREEN, MOST_ALSO = 12, 3, 2, 3
"""Of a check: verdicts with a drawing, pictures (of a green one fewer), other verdicts in words."""
MOST_NAMES = 2400
"""Of a page: verdicts that only have a name and a value, shared by its checks."""
VERSUS = " versus champion"


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
    also: str
    rows: tuple[Row, ...]
    rest: tuple[tuple[str, str], ...]
    left: int
    pictures: tuple[Picture, ...]
    dots: tuple[Dots, ...]

    @property
    def anchor(self) -> str:
        """Where links lead."""
        return f"check-{self.check.id}"


def render(result: SuiteResult, *, path: str = "") -> str:
    """The page of a run; ``path`` is the suite's, for the commands that run it again.

    Every text of the result is data: it is escaped, and control characters are made visible.
    """
    order = by_severity(result.checks)
    names = MOST_NAMES // max(len(result.checks), 1)
    green = [check for check in result.checks if check.outcome is Outcome.PASSED]
    return fill(
        "report.html.j2",
        result=result,
        headline=headline(result),
        counts=[(outcome, WORDS[outcome], number) for outcome, number in result.counts().items()],
        dark=[section(check, names) for check in order],
        green=[section(check, names) for check in green],
        beside=beside(result),
        command=command(result, path),
        each=[(check.id, command(result, path, check)) for check in order],
        budget="".join(map(visible, budget(result))),
    )


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


def command(result: SuiteResult, path: str, check: CheckResult | None = None) -> str:
    """The command that runs the suite, or one check of it, again on the version that was judged.

    Names are data here too: the shell gets each as one word.
    """
    files = [each.where.rpartition(":")[0] for each in result.checks if each.where]
    suite = path or (files[0] if files else "")
    if not suite:
        return ""
    model = result.subject.model
    pinned = [f"--modelqa-model=models:/{model.name}/{model.version}"] if model and model.version else []
    return shlex.join(["pytest", f"{suite}::{check.id}" if check else suite, *pinned])


def section(check: CheckResult, names: int = MOST_NAMES) -> Section:
    """A check with its verdicts sorted, drawn on a common scale where they measure the same."""
    shown = worst_first(check.verdicts)
    drawn = _drawn(shown)
    kept = {id(each) for each in drawn}
    rest = [each for each in shown if id(each) not in kept]
    alike = len({each.measurement.metric for each in shown}) == 1
    named = [_named(each, alike) for each in rest[:names]]
    why = check.reason or (words.why(shown[0]) if shown else "nothing was measured")
    dark = [verdict for verdict in shown if verdict.outcome is not Outcome.PASSED]
    told = dark or shown[:MOST_GREEN]
    return Section(
        check,
        why=visible(why),
        also=visible(_also([_named(each, alike) for each in dark[1:]])),
        rows=tuple(rows(drawn)),
        rest=tuple((visible(name), visible(value)) for name, value in named),
        left=len(rest) - len(named),
        pictures=tuple(islice((each for verdict in told for each in pictures(verdict)), MOST_PICTURES)),
        dots=tuple(islice((each for verdict in shown for each in dots(verdict)), MOST_PICTURES)),
    )


def _named(verdict: Verdict, alike: bool) -> tuple[str, str]:
    """What was measured where, and its value; the metric is left out where the whole check has one."""
    found = verdict.measurement
    where = " in ".join(part for part in (found.column, found.slice) if part)
    value = show(found.estimate.value, found.unit) if found.estimate.exists else words.value(verdict)
    return (where if alike and where else words.name(verdict)), value


def _also(others: Sequence[tuple[str, str]]) -> str:
    """What else of a check is not green, in a few words."""
    told = [f"{name} {value}" for name, value in others[:MOST_ALSO]]
    more = len(others) - len(told)
    return f"Also {_listed([*told, *([f'{more:,} more'] if more else [])])}." if told else ""


def beside(result: SuiteResult) -> tuple[tuple[str, Row], ...]:
    """The differences between the model and the champion, each with the id of its check."""
    if result.subject.champion is None:
        return ()
    found = [
        (check.id, verdict)
        for check in result.checks
        for verdict in worst_first(check.verdicts)[:MOST_ROWS]
        if verdict.measurement.metric.endswith(VERSUS)
    ]
    return tuple(zip([id_ for id_, _ in found], rows([verdict for _, verdict in found]), strict=True))


def _drawn(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts worth a drawing: those that are not green, then estimates; not counts that are fine."""
    plain = [v for v in verdicts if v.outcome is Outcome.PASSED and v.measurement.estimate.is_fact]
    worth = [each for each in verdicts if each not in plain]
    return (worth or plain)[: MOST_ROWS if worth else 1]


def rows(verdicts: Sequence[Verdict]) -> Iterator[Row]:
    """Verdicts as rows, those of one measurement and bound on one scale."""
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
