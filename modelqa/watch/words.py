"""What a watcher says: a line for each batch, why it is not green, and a line for each look."""

from collections import Counter
from collections.abc import Iterator, Sequence

from modelqa.core.bound import Outcome
from modelqa.core.result import SuiteResult
from modelqa.reports import terminal
from modelqa.reports.terminal import visible
from modelqa.watch.plan import Done, Held, Seen


def lines(seen: Seen) -> Iterator[str]:
    """What to print of something that was seen."""
    match seen:
        case Done():
            restated = f", revision {seen.revision}" if seen.revision > 1 else ""
            yield terminal.summary(seen.run.result) + restated
            yield from reasons(seen.run.result)
        case Held():
            yield f"{visible(seen.name)} waits: {visible(seen.why)}"
        case _:
            yield f"    {seen.line}" if not seen.failed else f"modelqa: {seen.line.removeprefix('modelqa: ')}"


def reasons(result: SuiteResult) -> Iterator[str]:
    """Why a run is not green; checks that say the same say it once."""
    told: dict[tuple[Outcome, tuple[str, ...]], list[str]] = {}
    for check in terminal.by_severity(result.checks):
        told.setdefault((check.outcome, tuple(terminal.details(check))), []).append(check.id)
    for (outcome, (first, *others)), ids in told.items():
        yield f"    {outcome.upper()} {', '.join(map(visible, ids))} - {first}"
        yield from (f"    {line}" for line in others)


def total(suite: str, source: str, seen: Sequence[Seen], waiting: int) -> str:
    """What came of a look, in one line.

    >>> total("churn", "data/new", [], 0)
    'churn: nothing new in data/new'
    >>> total("churn", "data/new", [Held("a.csv", "it changed")], 2)
    'churn: nothing judged of data/new, 3 left for later'
    """
    outcomes = Counter(each.run.result.outcome for each in seen if isinstance(each, Done))
    left = waiting + sum(isinstance(each, Held) for each in seen)
    later = f", {left:,} left for later" if left else ""
    if outcomes:
        listed = ", ".join(f"{outcomes[each]:,} {each}" for each in Outcome if each in outcomes)
        return f"{visible(suite)}: {outcomes.total():,} judged of {visible(source)} ({listed}){later}"
    what = "nothing judged of" if later else "nothing new in"
    return f"{visible(suite)}: {what} {visible(source)}{later}"
