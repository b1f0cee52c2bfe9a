"""A result as plain text: one aligned table of what is not green, then one line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelqa.core.bound import Bound, Outcome
from modelqa.core.cause import unfit
from modelqa.core.result import CheckResult, SuiteResult, Verdict, show_estimate, show_limit
from modelqa.core.units import Unit, show

GREEN = (Outcome.PASSED,)
MOST_ROWS = 5
"""Rows of one check; the rest is counted."""
HEAD = ("", "check", "where", "value", "bound", "n")


def render(result: SuiteResult, path: str = "") -> str:
    """What a run says, for a terminal or a log: what is not green, most severe first, its levels, one line.

    A check that is undecided says what would decide it; ``path`` is the suite's, before its id.
    Control characters in names are made visible.
    """
    dark = by_severity(result.checks)
    table = [*_table([HEAD, *(row for check in dark for row in _rows(check))])] if dark else []
    undecided = [
        visible(f"INCONCLUSIVE {path}{check.id} - {check.message}")
        for check in dark
        if check.outcome is Outcome.INCONCLUSIVE
    ]
    return "\n".join([*table, *undecided, *budget(result), *cached(result), summary(result)])


def cached(result: SuiteResult) -> list[str]:
    """How many checks an earlier run had measured on the same inputs, as one line; none where none had.

    >>> from modelqa.core.subject import SubjectInfo
    >>> again = CheckResult("f1", "metric", (), Outcome.ERRORED, seconds=0, where="", cached=True)
    >>> cached(SuiteResult("churn", SubjectInfo(), (again,), started="", digest=""))
    ['1 of 1 checks from the cache']
    """
    many = sum(check.cached for check in result.checks)
    return [f"{many:,} of {len(result.checks):,} checks from the cache"] if many else []


def budget(result: SuiteResult) -> list[str]:
    """What the run may get wrong by chance, as one line; none where chance turns nothing red.

    >>> from modelqa.core.result import Budget
    >>> from modelqa.core.subject import SubjectInfo
    >>> levels = Budget(false_alarms=0.01, confidence=0.95, alpha=0.002, checks=5)
    >>> budget(SuiteResult("churn", SubjectInfo(), (), started="", digest="", levels=levels))
    ['false alarms at most 1% a run: 0.2% for each of 5 checks; a green check is 95% sure']
    """
    levels = result.levels
    if levels is None or not levels.checks:
        return []
    most, each, sure = (
        show(value, Unit.SHARE) for value in (levels.false_alarms, levels.alpha, levels.confidence)
    )
    many = result.estimates()
    among = f" ({many:,} estimates)" if many > levels.checks else ""
    shared = f": {each} for each of {levels.checks:,} checks{among}" if levels.checks > 1 else among
    return [f"false alarms at most {most} a run{shared}; a green check is {sure} sure"]


def summary(result: SuiteResult) -> str:
    """One line: the verdict, how many checks ended how, on what.

    >>> from modelqa.core.subject import SubjectInfo
    >>> summary(SuiteResult("churn", SubjectInfo(), (), started="2026-01-01T00:00:00+00:00", digest=""))
    'churn: ERRORED, no check ran'
    """
    counts = ", ".join(f"{number} {outcome}" for outcome, number in result.counts().items())
    subject = result.subject
    parts = [str(subject.model)] if subject.model else []
    if subject.batch:
        parts.append(f"{subject.batch.rows:,} rows of {subject.batch.name}")
    about = f" ({visible(', '.join(parts))})" if parts else ""
    return f"{visible(result.suite)}: {result.outcome.upper()}, {counts or 'no check ran'}{about}"


def details(check: CheckResult) -> list[str]:
    """Why a check is not green: the first verdict in full, then its worst slices and columns."""
    dark = [verdict for verdict in worst_first(check.verdicts) if verdict.outcome not in GREEN]
    if check.reason or not dark:
        return [visible(check.message)]
    first, others = dark[0], dark[1:]
    lines = [visible(first.reason)]
    lines += [
        f"    {visible(_other(first, verdict, at == 0))}" for at, verdict in enumerate(others[:MOST_ROWS])
    ]
    if len(others) > MOST_ROWS:
        lines.append(f"    and {len(others) - MOST_ROWS:,} more")
    return lines


def _other(first: Verdict, verdict: Verdict, worst: bool) -> str:
    """A verdict below the first one: a slice of the same measurement by its value, others in full."""
    found, whole = verdict.measurement, first.measurement
    if not found.slice or whole.slice or (found.metric, found.column) != (whole.metric, whole.column):
        return verdict.reason
    value = show_estimate(found.estimate, found.unit) if found.estimate.exists else f"none: {found.note}"
    return f"{'worst ' if worst else ''}slice {found.slice}: {value} (n={found.estimate.n:,})"


def visible(text: str) -> str:
    r"""A text whose control characters cannot act: no new line, no escape sequence, no command.

    >>> visible("a\n::error::b")
    'a\\n::error::b'
    >>> visible("##[error]")
    '#\u200b#[error]'
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if shown.lstrip().startswith("::"):
        shown = shown.replace("::", ":\u200b:", 1)
    return shown.replace("##[", "#\u200b#[")


def by_severity(checks: Sequence[CheckResult]) -> list[CheckResult]:
    """The checks that are not green, the most severe first, otherwise in the suite's order."""
    order = list(Outcome)
    return sorted((c for c in checks if c.outcome not in GREEN), key=lambda c: order.index(c.outcome))


def worst_first(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Verdicts in the order to be told: severity, the whole before its slices, the furthest off first."""
    order = list(Outcome)

    def place(verdict: Verdict) -> tuple[int, bool, float]:
        found = verdict.measurement
        off = found.estimate.value if found.estimate.exists else 0.0
        return order.index(verdict.outcome), bool(found.slice), off if verdict.bound.min is not None else -off

    return sorted(verdicts, key=place)


def _rows(check: CheckResult) -> Iterator[tuple[str, ...]]:
    if check.reason or not check.verdicts:
        yield (check.outcome.upper(), check.id, check.message, "", "", "")
        return
    shown = [verdict for verdict in worst_first(check.verdicts) if verdict.outcome not in GREEN]
    several = len({verdict.measurement.metric for verdict in check.verdicts}) > 1
    for position, verdict in enumerate(shown[:MOST_ROWS]):
        yield (verdict.outcome.upper(), "" if position else check.id, *_cells(verdict, several))
    if len(shown) > MOST_ROWS:
        yield ("", "", f"and {len(shown) - MOST_ROWS:,} more", "", "", "")


def _cells(verdict: Verdict, several: bool) -> tuple[str, ...]:
    found = verdict.measurement
    place = " in ".join(part for part in (found.column, found.slice) if part)
    metric = found.metric if found.column or several else ""
    value = show_estimate(found.estimate, found.unit) if found.estimate.exists else f"none: {found.note}"
    return (
        ": ".join(part for part in (place, metric) if part),
        value,
        show_bound(verdict.bound, found.unit),
        f"{found.estimate.n:,}",
    )


def show_bound(bound: Bound, unit: Unit) -> str:
    """A bound as one cell.

    >>> show_bound(Bound(min=0.9, warn_min=0.95), Unit.NUMBER)
    'min 0.90, warn_min 0.95'
    """
    return ", ".join(f"{name} {show_limit(limit, unit)}" for name, limit in bound.limits())


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows as aligned text, empty columns left out; a row with a message only may run on."""
    shown = [tuple(visible(cell) for cell in row) for row in rows]
    full = [row for row in shown if any(row[3:])]
    widths = [
        max((len(row[at]) for row in (full if at > 1 else shown)), default=0) for at in range(len(HEAD))
    ]
    used = [at for at in range(len(HEAD)) if any(row[at] for row in shown[1:])]
    for row in shown:
        yield "  ".join(row[at].ljust(widths[at]) for at in used).rstrip()


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows of one length as aligned text, their control characters made visible.

    >>> aligned([("model", "a"), ("batch", "b")])
    ['model  a', 'batch  b']
    """
    shown = [tuple(map(visible, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]


def would(result: SuiteResult, action: Mapping[str, Any], *, partial: bool = False) -> str:
    """What an action of the suite would do after this run; empty where it would do nothing.

    Nothing follows a green of which only a part was measured. What follows `passed` needs every check passed
    or warned: one that was skipped has not passed, unless the action says that it is the first of its kind.

    >>> from modelqa.core.subject import SubjectInfo
    >>> red = SuiteResult("churn", SubjectInfo(), (), started="", digest="")
    >>> would(red, {"does": "open a ticket (github)", "on": ["errored"]})
    'would open a ticket (github): the run is errored'
    """
    outcome = str(result.outcome)
    wanted = set(action["on"])
    if "passed" in wanted:
        wanted.add("warned")
    if partial:
        wanted -= {"passed", "warned"}
    if outcome not in wanted:
        return ""
    if "retrain" in action and (why := unfit(result.checks, partial=partial)):
        return f"would not {visible(action['does'])}: {why}"
    does, skipped = visible(action["does"]), result.counts().get(Outcome.SKIPPED, 0)
    if skipped and result.outcome in (Outcome.PASSED, Outcome.WARNED) and not action.get("first"):
        return f"would not {does}: the run is {outcome}, but {skipped:,} skipped"
    return f"would {does}: the run is {outcome}"
