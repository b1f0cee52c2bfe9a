"""A result where GitHub Actions shows it: job summary, annotations on the suite's lines, step outputs.

The runner reads workflow commands from the log and files named by the environment; both are written
so that a value in data can never become a command.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult, SuiteResult
from modelqa.reports.markdown import page
from modelqa.reports.terminal import details, visible

MOST_BYTES = 1_000_000
"""Of a job summary GitHub keeps 1 MiB a step."""
MOST_ANNOTATIONS = 10
"""Of each level GitHub shows ten a step."""
_LEVELS = {
    Outcome.FAILED: "error",
    Outcome.ERRORED: "error",
    Outcome.INCONCLUSIVE: "warning",
    Outcome.WARNED: "warning",
}

Told = Sequence[tuple[str, SuiteResult]]
"""Where each result comes from, as a path from the root of the repository, and the result."""


def active(environ: Mapping[str, str]) -> bool:
    """Whether this is a step of GitHub Actions.

    >>> active({"GITHUB_ACTIONS": "true"}), active({})
    (True, False)
    """
    return environ.get("GITHUB_ACTIONS") == "true"


def publish(
    told: Told, environ: Mapping[str, str], *, annotate: bool = True, report: Path | None = None
) -> list[str]:
    """Write job summary and outputs; what comes back are the lines to print: annotations.

    Raises ``OSError`` where the runner's files cannot be written.
    """
    results = [result for _, result in told]
    if environ.get("GITHUB_STEP_SUMMARY"):
        more = "The report among this run's artifacts holds all of them." if report else ""
        _append(Path(environ["GITHUB_STEP_SUMMARY"]), page(results, most=MOST_BYTES, more=more))
    if environ.get("GITHUB_OUTPUT"):
        _append(Path(environ["GITHUB_OUTPUT"]), assignments(outputs(results, report)))
    return list(annotations(told)) if annotate else []


def outputs(results: Sequence[SuiteResult], report: Path | None = None) -> dict[str, str]:
    """The outputs of the step: the verdict of all suites, what is not green, and what was judged.

    With several suites the lists name ``suite::check``; model version and digest are those that all suites
    judged, empty where they differ.
    """
    names = {
        outcome: [
            f"{result.suite}::{check.id}" if len(results) > 1 else check.id
            for result in results
            for check in result.checks
            if check.outcome is outcome
        ]
        for outcome in (Outcome.FAILED, Outcome.ERRORED, Outcome.INCONCLUSIVE)
    }
    models = {
        (result.subject.model.version, result.subject.model.digest)
        for result in results
        if result.subject.model
    }
    version, digest = models.pop() if len(models) == 1 else ("", "")
    return {
        "verdict": str(Outcome.worst([result.outcome for result in results])),
        "failed": ",".join([*names[Outcome.FAILED], *names[Outcome.ERRORED]]),
        "inconclusive": ",".join(names[Outcome.INCONCLUSIVE]),
        "report-path": str(report or ""),
        "model-version": version,
        "model-digest": digest,
    }


def assignments(values: Mapping[str, str]) -> str:
    """Names and values as the runner reads them, between delimiters that no value can hold.

    >>> made = assignments({"verdict": "passed"}).splitlines()
    >>> made[0].startswith("verdict<<modelqa-"), made[1], made[2] == made[0].partition("<<")[2]
    (True, 'passed', True)
    """
    lines = []
    for name, value in values.items():
        end = f"modelqa-{uuid.uuid4().hex}"
        lines += [f"{name}<<{end}", visible(value), end]
    return "\n".join(lines) + "\n"


def annotations(told: Told) -> Iterator[str]:
    """A workflow command on the suite's line for each check that is not green, the worst first.

    GitHub shows ten errors and ten warnings a step: the last of each level says how many more there are.
    """
    found = [
        (_LEVELS[check.outcome], path, check)
        for path, result in told
        for check in result.checks
        if check.outcome in _LEVELS
    ]
    order = list(Outcome)
    found.sort(key=lambda each: order.index(each[2].outcome))
    for level in ("error", "warning"):
        here = [(path, check) for its, path, check in found if its == level]
        shown = here if len(here) <= MOST_ANNOTATIONS else here[: MOST_ANNOTATIONS - 1]
        yield from (_annotation(level, path, check) for path, check in shown)
        if len(here) > len(shown):
            yield command(
                level, f"{len(here) - len(shown):,} more checks: see the job summary", title="modelqa"
            )


def _annotation(level: str, path: str, check: CheckResult) -> str:
    file, _, line = check.where.rpartition(":")
    place = {"file": path, "line": line} if file and path.endswith(file) else {}
    return command(level, "\n".join(details(check)), **place, title=f"{check.outcome} {check.id}")


def command(name: str, message: str, **properties: str) -> str:
    """A workflow command with its message and properties escaped as the runner unescapes them.

    >>> command("error", "50% of\\nrows", file="a,b.yaml", title="x: y")
    '::error file=a%2Cb.yaml,title=x%3A y::50%25 of%0Arows'
    """
    shown = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    return f"::{name}{' ' if shown else ''}{shown}::{_escaped(message)}"


def _escaped(value: str, also: str = "") -> str:
    return "".join(f"%{ord(each):02X}" if each in "%\r\n" + also else each for each in value)


def _append(path: Path, content: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(content)
