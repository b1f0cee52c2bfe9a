"""A result as GitHub's Markdown: what failed first, then a table of all checks, cut on a row boundary."""

import html
import re
import string
from collections.abc import Iterable, Iterator, Sequence

from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult, SuiteResult, Verdict, show_estimate
from modelqa.reports.terminal import budget, by_severity, show_bound, visible, worst_first

SYMBOLS = {
    Outcome.FAILED: "❌",
    Outcome.ERRORED: "💥",
    Outcome.INCONCLUSIVE: "❔",
    Outcome.WARNED: "⚠️",
    Outcome.PASSED: "✅",
    Outcome.SKIPPED: "⏭️",
}
"""A symbol beside the word, never instead of it."""

HEAD = ("outcome", "check", "where", "value", "bound", "n")
MOST_ROWS = 5
"""Rows of one check; the rest is counted."""
_ACTIVE = re.compile(
    rf"[{re.escape(''.join(set(string.punctuation) - set('_-.,/')))}]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"
)


def text(written: str) -> str:
    """A text that is nothing but itself: no markup, mention, reference, link, image, comment or cell.

    Punctuation becomes character references, which cannot be structure (CommonMark 0.31, 2.5), and a
    mention is broken by a zero-width space, since GitHub looks for it after they are resolved.

    >>> text("<b>*x*</b>")
    '&#60;b&#62;&#42;x&#42;&#60;/b&#62;'
    """
    shown = visible(written).replace("@", "@\u200b").replace("://", ":\u200b//").replace("www.", "www\u200b.")
    return _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", shown)


def code(written: str) -> str:
    """The same as code: GitHub looks for no mention and no reference in there.

    >>> code("roc_auc|x")
    '<code>roc_auc&#124;x</code>'
    """
    return f"<code>{text(written)}</code>"


def plain(markdown: str) -> str:
    """What our own Markdown says, for a terminal: no tags, no references, a table as lines.

    >>> print(plain("**Probably:** decay&#46;\\n\\n| | |\\n|---|---|\\n| model | <code>churn&#58;7</code> |"))
    Probably: decay.
    <BLANKLINE>
    model: churn:7
    """
    rows = [re.sub(r"^\| (.+?) \| (.+) \|$", r"\1: \2", line) for line in markdown.splitlines()]
    kept = [row for row in rows if not re.fullmatch(r"\|[|\s-]+\|", row)]
    return html.unescape(re.sub(r"</?(?:code|pre)>|\*\*", "", "\n".join(kept)))


def page(results: Sequence[SuiteResult], *, most: int, more: str = "") -> str:
    """All of it in at most ``most`` bytes of UTF-8: a section for each suite, in the order of severity.

    Rows that do not fit are counted; ``more`` is a sentence that says where they can be read.

    >>> from modelqa.core.subject import SubjectInfo
    >>> empty = SuiteResult("churn", SubjectInfo(), (), started="", digest="")
    >>> page([empty], most=1000).splitlines()[0]
    '## 💥 churn: errored'
    """
    order = list(Outcome)
    sorted_ = sorted(results, key=lambda result: order.index(result.outcome))
    lines = [line for result in sorted_ for line in section(result)]
    return _cut(lines, most, more)


def section(result: SuiteResult) -> Iterator[str]:
    """One suite: its verdict, what was judged, what is not green in words, and the table of all checks."""
    yield f"## {SYMBOLS[result.outcome]} {text(result.suite)}: {result.outcome}"
    yield ""
    yield _about(result)
    for told in budget(result):
        yield ""
        yield text(told)
    dark = by_severity(result.checks)
    if dark:
        yield ""
        yield from (_line(check) for check in dark)
    if result.checks:
        yield ""
        yield f"| {' | '.join(HEAD)} |"
        yield f"|{'---|' * len(HEAD)}"
        order = list(Outcome)
        yield from (
            row
            for check in sorted(result.checks, key=lambda check: order.index(check.outcome))
            for row in _rows(check)
        )
    yield ""


def _about(result: SuiteResult) -> str:
    subject = result.subject
    counts = ", ".join(f"{number} {outcome}" for outcome, number in result.counts().items())
    parts = [counts or "no check ran"]
    if subject.model:
        parts.append(f"model {code(str(subject.model))}")
    if subject.champion:
        parts.append(f"champion {code(str(subject.champion))}")
    if subject.batch:
        parts.append(f"{subject.batch.rows:,} rows of {code(subject.batch.name)}")
    return " · ".join(parts)


def _line(check: CheckResult) -> str:
    place = f" ({code(check.where)})" if check.where else ""
    return f"- **{check.outcome}** {code(check.id)}{place}: {text(check.message)}"


def _rows(check: CheckResult) -> Iterator[str]:
    if check.reason or not check.verdicts:
        yield _row(check.outcome, check.id, "", text(check.message), "", "")
        return
    shown = worst_first(check.verdicts)
    dark = [verdict for verdict in shown if verdict.outcome is not Outcome.PASSED]
    told = dark[:MOST_ROWS] or shown[:1]
    for at, verdict in enumerate(told):
        yield _verdict(check.id if at == 0 else "", verdict)
    left = len(shown) - len(told)
    if left:
        green = sum(verdict.outcome is Outcome.PASSED for verdict in shown) - (not dark)
        words = f"and {left:,} more" + (f", {green:,} of them passed" if dark and green else "")
        yield f"| | | | {words} | | |"


def _verdict(name: str, verdict: Verdict) -> str:
    found = verdict.measurement
    where = " in ".join(part for part in (found.column, found.slice) if part)
    value = show_estimate(found.estimate, found.unit) if found.estimate.exists else f"none: {found.note}"
    bound = show_bound(verdict.bound, found.unit)
    return _row(verdict.outcome, name, where, text(value), text(bound), f"{found.estimate.n:,}")


def _row(outcome: Outcome, name: str, where: str, value: str, bound: str, rows: str) -> str:
    cells = (f"{SYMBOLS[outcome]} {outcome}", code(name) if name else "", code(where) if where else "")
    return f"| {' | '.join((*cells, value, bound, rows))} |"


def _cut(lines: Iterable[str], most: int, more: str) -> str:
    """As many whole lines as fit, and how many did not."""
    whole = [f"{line}\n" for line in lines]
    if sum(len(line.encode()) for line in whole) <= most:
        return "".join(whole)
    kept, room = [], most - len(_left(len(whole), more).encode())
    for line in whole:
        room -= len(line.encode())
        if room < 0:
            break
        kept.append(line)
    return "".join(kept) + _left(len(whole) - len(kept), more)


def _left(lines: int, more: str) -> str:
    return f"\n{lines:,} more lines do not fit here. {more}\n"
