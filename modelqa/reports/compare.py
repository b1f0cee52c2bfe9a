"""What changed between two runs of a suite: as text for a terminal, and as a page.

Two runs are two samples, or one sample and two models: their difference is shown, and not judged. What
judges a difference is a check with ``versus``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from math import isfinite
from typing import TYPE_CHECKING

from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult, SuiteResult, Verdict
from modelqa.core.subject import DataInfo
from modelqa.core.units import Unit, show
from modelqa.reports import svg, words
from modelqa.reports.html import MOST_ROWS
from modelqa.reports.pages import fill
from modelqa.reports.terminal import aligned, show_bound, visible, worst_first

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_LINES = 40
"""Changed checks on a terminal; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A measurement in both runs, or in one of them."""

    before: Verdict | None
    after: Verdict | None

    @property
    def some(self) -> Verdict:
        """The later verdict, where there is one."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a pair of nothing")
        return found

    @property
    def changed(self) -> bool:
        """Whether its outcome is another one now."""
        return _outcome(self.before) != _outcome(self.after)

    @property
    def difference(self) -> str:
        """The later value minus the earlier one; empty where they cannot be compared.

        A share in points, for a percent of a percentage reads as one of the other.
        """
        if self.before is None or self.after is None:
            return ""
        old, new = self.before.measurement, self.after.measurement
        moved = new.estimate.value - old.estimate.value
        if old.unit is not new.unit or not isfinite(moved):
            return ""
        shown = f"{show(moved * 100)} pp" if new.unit is Unit.SHARE else show(moved, new.unit)
        return f"+{shown}" if moved > 0 else shown


@dataclass(frozen=True, slots=True)
class Change:
    """A check in both runs; None where one does not have it. The pairs that changed come first."""

    id: str
    before: CheckResult | None
    after: CheckResult | None
    _: KW_ONLY
    pairs: tuple[Pair, ...]

    @property
    def changed(self) -> bool:
        """Whether its outcome is another one now, or it is in one run only."""
        return _outcome(self.before) != _outcome(self.after)


@dataclass(frozen=True, slots=True)
class Line:
    """One measurement of both runs, ready to be shown."""

    name: str
    _: KW_ONLY
    old: Outcome | None
    new: Outcome | None
    before: str
    after: str
    difference: str
    bound: str
    strip: "Markup"


def changes(before: SuiteResult, after: SuiteResult) -> list[Change]:
    """Every check of two runs: changed outcomes by severity first, then those in one run, then the others."""
    old = {check.id: check for check in before.checks}
    new = {check.id: check for check in after.checks}
    found = [
        Change(id_, old.get(id_), new.get(id_), pairs=tuple(_pairs(old.get(id_), new.get(id_))))
        for id_ in dict.fromkeys([*new, *old])
    ]
    return sorted(found, key=_place)


def _place(change: Change) -> tuple[bool, bool, int]:
    both = change.before is not None and change.after is not None
    found = change.after or change.before
    return not change.changed, not both, [*Outcome].index(found.outcome) if found else 0


def _pairs(before: CheckResult | None, after: CheckResult | None) -> Iterator[Pair]:
    old, new = _keyed(before), _keyed(after)
    made = [Pair(old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old])]
    yield from sorted(made, key=lambda pair: not pair.changed)


def _keyed(check: CheckResult | None) -> Mapping[tuple[str, str | None, str, int], Verdict]:
    """Verdicts by what they measured where; the second of a name is its second."""
    found: dict[tuple[str, str | None, str, int], Verdict] = {}
    for verdict in worst_first(check.verdicts) if check else ():
        of, number = verdict.measurement, 0
        while (of.metric, of.column, of.slice, number) in found:
            number += 1
        found[of.metric, of.column, of.slice, number] = verdict
    return found


def _outcome(found: Verdict | CheckResult | None) -> Outcome | None:
    return found.outcome if found else None


def subjects(before: SuiteResult, after: SuiteResult) -> list[tuple[str, str, str]]:
    """What was not the same: model, champion, batch, reference, suite, each in both runs."""
    sides = [(_subject(before), _subject(after))]
    return [(part, old[part], new[part]) for old, new in sides for part in old if old[part] != new[part]]


def _subject(result: SuiteResult) -> dict[str, str]:
    of = result.subject
    models = {"model": of.model, "champion": of.champion}
    tables = {"batch": of.batch, "reference": of.reference}
    return {
        **{
            part: f"{info} {_short(info.digest)}".strip() if info else "none" for part, info in models.items()
        },
        **{part: _data(info) if info else "none" for part, info in tables.items()},
        "suite": _short(result.digest) or "none",
    }


def _data(info: DataInfo) -> str:
    return f"{info.name}, {info.rows:,} rows {_short(info.digest)}".strip()


def _short(digest: str) -> str:
    return digest[:19]


def headline(before: SuiteResult, after: SuiteResult) -> str:
    """Two runs in one sentence.

    >>> from modelqa.core.subject import SubjectInfo
    >>> run = SuiteResult("churn", SubjectInfo(), (), started="", digest="")
    >>> headline(run, run)
    'No check ended otherwise than before.'
    """
    found = [change for change in changes(before, after) if change.changed]
    both = sum(each.before is not None and each.after is not None for each in found)
    gone, came = sum(each.after is None for each in found), sum(each.before is None for each in found)
    told = [f"{both:,} ended otherwise"] if both else []
    told += [f"{came:,} {'is' if came == 1 else 'are'} new"] if came else []
    told += [f"{gone:,} {'is' if gone == 1 else 'are'} gone"] if gone else []
    total = len(changes(before, after))
    return f"Of {total:,} checks, {', '.join(told)}." if told else "No check ended otherwise than before."


def render(before: SuiteResult, after: SuiteResult) -> str:
    """Two runs as a short table for a terminal: outcomes that changed, then what else was not the same."""
    told = f"{after.suite}: {before.outcome.upper()} -> {after.outcome.upper()}. {headline(before, after)}"
    found = [change for change in changes(before, after) if change.changed]
    rows = [("check", "outcome", "value", "difference")]
    rows += [(change.id, _turn(change), *_values(change)) for change in found[:MOST_LINES]]
    lines = [visible(told), *(aligned(rows) if found else ())]
    if len(found) > MOST_LINES:
        lines.append(f"and {len(found) - MOST_LINES:,} more")
    lines += aligned([(part, f"{old} -> {new}") for part, old, new in subjects(before, after)])
    return "\n".join(lines)


def _turn(change: Change) -> str:
    if change.before is None or change.after is None:
        found, word = (change.after, "new") if change.after else (change.before, "gone")
        return f"{word}, {found.outcome if found else ''}"
    return f"{change.before.outcome} -> {change.after.outcome}"


def _values(change: Change) -> tuple[str, str]:
    """The first pair of a check, in both runs."""
    if not change.pairs or change.before is None or change.after is None:
        found = change.after or change.before
        return (found.message if found else ""), ""
    pair = change.pairs[0]
    name = words.name(pair.some)
    return f"{name} {_told(pair.before)} -> {_told(pair.after)}", pair.difference


def _told(verdict: Verdict | None) -> str:
    return words.value(verdict) if verdict else "none"


def page(before: SuiteResult, after: SuiteResult) -> str:
    """Two runs as a page that stands by itself."""
    found = changes(before, after)
    return fill(
        "compare.html.j2",
        before=before,
        after=after,
        headline=headline(before, after),
        subjects=[tuple(map(visible, each)) for each in subjects(before, after)],
        changed=[(each, tuple(_lines(each)), _left(each)) for each in found if each.changed],
        same=[(each, tuple(_lines(each)), _left(each)) for each in found if not each.changed],
    )


def _left(change: Change) -> int:
    return max(len(change.pairs) - MOST_ROWS, 0)


def _lines(change: Change) -> Iterator[Line]:
    """The pairs of a check, those of one metric on one scale."""
    shown = change.pairs[:MOST_ROWS]
    alike: dict[tuple[str, Unit], list[Verdict]] = {}
    for pair in shown:
        alike.setdefault(_kind(pair), []).extend(each for each in (pair.before, pair.after) if each)
    scales = {kind: svg.scale_of(verdicts) for kind, verdicts in alike.items()}
    for pair in shown:
        yield Line(
            visible(words.name(pair.some)),
            old=_outcome(pair.before),
            new=_outcome(pair.after),
            before=visible(_told(pair.before)),
            after=visible(_told(pair.after)),
            difference=pair.difference,
            bound=_bounds(pair),
            strip=svg.pair(pair.before, pair.after, scales[_kind(pair)]),
        )


def _kind(pair: Pair) -> tuple[str, Unit]:
    return pair.some.measurement.metric, pair.some.measurement.unit


def _bounds(pair: Pair) -> str:
    shown = [show_bound(v.bound, v.measurement.unit) for v in (pair.before, pair.after) if v]
    return " -> ".join(dict.fromkeys(shown))
