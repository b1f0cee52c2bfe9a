"""What is known without measuring: a batch that is late, missing or not whole is never a green one."""

from datetime import UTC, datetime

from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult, SuiteResult
from modelqa.core.subject import SubjectInfo
from modelqa.suite.spec import Suite
from modelqa.watch.arrivals import State

ARRIVAL = "arrival"
"""The id of the one check of a finding."""
_SPANS = ((86_400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))


def not_whole(suite: Suite, subject: SubjectInfo, flaw: str) -> SuiteResult:
    """A file that has stopped changing and has no end: whoever writes it may go on, or be dead."""
    told = f"{flaw}: it was cut off or is still being written, and is judged when it has changed"
    return _finding(suite, subject, Outcome.INCONCLUSIVE, told)


def overdue(state: State, expected: float, now: float) -> int:
    """How many batches should have come since the last one; times in seconds.

    >>> overdue(State(time=100.0), 60.0, now=159.0), overdue(State(time=100.0), 60.0, now=225.0)
    (0, 2)
    """
    return max(0, int((now - state.time) // expected))


def late(suite: Suite, subject: SubjectInfo, state: State, expected: float, count: int) -> SuiteResult:
    """No batch came: the first time it is late (inconclusive), after that one is missing (errored)."""
    since = f"the last one, {state.last}, was judged" if state.last else "it is watched since"
    when = (
        datetime.fromtimestamp(state.time, UTC)
        .isoformat(sep=" ", timespec="minutes")
        .replace("+00:00", " UTC")
    )
    what = "the next batch is late" if count == 1 else f"{count:,} batches are missing"
    told = f"{what}: one is expected every {span(expected)}, and {since} {when}"
    return _finding(suite, subject, Outcome.INCONCLUSIVE if count == 1 else Outcome.ERRORED, told)


def _finding(suite: Suite, subject: SubjectInfo, outcome: Outcome, reason: str) -> SuiteResult:
    check = CheckResult(ARRIVAL, ARRIVAL, (), outcome, seconds=0.0, where="", reason=reason)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return SuiteResult(suite.suite, subject, (check,), started=started, digest=suite.rules)


def span(seconds: float) -> str:
    """A time as people say it.

    >>> span(86_400.0), span(5400.0), span(30.0)
    ('day', '1.5 hours', '30 seconds')
    """
    scale, name = next((each for each in _SPANS if seconds >= each[0]), _SPANS[-1])
    count = seconds / scale
    return name if count == 1 else f"{count:g} {name}s"
