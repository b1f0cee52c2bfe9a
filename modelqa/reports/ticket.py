"""A result as a ticket: what failed and since when, how bad, what it probably is, how to see it again.

A function of the result and of what the ledger knows of the problem. No values of rows, no markup of others.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

from modelqa.core.bound import Outcome
from modelqa.core.cause import diagnose, incurable, muted
from modelqa.core.result import CheckResult, SuiteResult
from modelqa.core.subject import is_select
from modelqa.core.units import show
from modelqa.reports import words
from modelqa.reports.markdown import SYMBOLS, code, text
from modelqa.reports.terminal import visible, worst_first

LONGEST_TITLE, LONGEST_BODY = 200, 60_000
"""Characters: GitHub takes 256 and 65,536."""
MOST_CHECKS, MOST_SLICES = 20, 5
_LINK = re.compile(r"https?://[\w.:/?=&%~+#-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Story:
    """What the ledger knows of a problem: the names of batches, how often, and the values before.

    ``clean`` of ``close_after`` batches passed since; ``trend`` holds check id -> value, oldest batch first.
    ``evidence`` holds check id -> what many batches together say, where they were watched.
    """

    since: str
    _: KW_ONLY
    failures: int
    last_good: str
    clean: int
    close_after: int
    open: bool
    trend: Sequence[tuple[str, Mapping[str, str]]] = ()
    owner: str = ""
    severity: str = ""
    environment: str = ""
    retraining: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)


def values(checks: Sequence[CheckResult]) -> dict[str, str]:
    """The value of each check that was measured as a whole: what a trend is made of."""
    found = {}
    for check in checks:
        whole = [verdict.measurement for verdict in check.verdicts if not verdict.measurement.slice]
        if len(whole) == 1 and whole[0].estimate.exists:
            found[check.id] = show(whole[0].estimate.value, whole[0].unit)
    return found


def title(result: SuiteResult, red: Sequence[CheckResult]) -> str:
    """One line without values: it stays the same while the problem does."""
    names = [check.id for check in red]
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    listed = (", " if more else " and ").join(names[:2]) + more
    about = f" on {result.subject.model.name}" if result.subject.model and result.subject.model.name else ""
    made = visible(f"{result.suite}: {listed or 'nothing'} not green{about}").replace("@", "@\u200b")
    return made if len(made) <= LONGEST_TITLE else made[: LONGEST_TITLE - 1] + "…"


def body(result: SuiteResult, story: Story, *, path: str, red: Sequence[CheckResult]) -> str:
    """The ticket's text, in Markdown."""
    lines = "\n".join(_lines(result, story, path, red))
    if len(lines) <= LONGEST_BODY:
        return lines
    return lines[:LONGEST_BODY].rpartition("\n")[0] + "\n\nMore does not fit here: see the report.\n"


def comment(result: SuiteResult, story: Story, *, red: Sequence[CheckResult]) -> str:
    """What has become of it, in a few lines."""
    batch = result.subject.batch
    on = f" on {code(batch.name)}" if batch else ""
    if not red:
        clean = f"{story.clean} clean {_what(result)[1]} in a row{on}"
        return f"{clean}. A person has opened this ticket; a person closes it."
    times = _times(story, _what(result))
    told = "\n".join(f"- {code(check.id)}: {_why(check)[0]}" for check in red[:MOST_CHECKS])
    return f"Still not green{on}: {times} since {code(story.since)}.\n\n{told}"


def _lines(result: SuiteResult, story: Story, path: str, red: Sequence[CheckResult]) -> Iterator[str]:
    yield _status(story, _what(result))
    yield ""
    if red:
        yield f"**Probably:** {text(diagnose(result.checks))}"
        yield ""
        yield from _cure(result, story)
    for check in red[:MOST_CHECKS]:
        yield from _check(check, story, _what(result)[1])
    if len(red) > MOST_CHECKS:
        yield f"- and {len(red) - MOST_CHECKS} more checks"
    silent = muted(result.checks) & {c.id for c in result.checks if c.outcome is not Outcome.PASSED}
    if silent:
        yield f"- not counted, since the schema is broken: {', '.join(code(name) for name in sorted(silent))}"
    yield ""
    yield from _facts(result, story)
    yield ""
    yield f"See it again, {_beside(result)}:"
    yield ""
    yield f"<pre>{_verbatim(reproduce(result, path))}</pre>"


def _cure(result: SuiteResult, story: Story) -> Iterator[str]:
    """What to train on, where that may help, and what modelqa does about it."""
    batch = result.subject.batch
    if not incurable(result.checks) and batch:
        first = f" from {code(story.since)}" if story.failures > 1 else ""
        many = f"the {story.failures} batches{first} to {code(batch.name)}" if first else code(batch.name)
        known = f", all newer than the last good one, {code(story.last_good)}" if story.last_good else ""
        yield f"**Retrain on:** rows like those of {many}{known}, beside those it was trained on."
        yield ""
    if story.retraining:
        yield f"**Retraining:** {text(story.retraining)}"
        yield ""


def _verbatim(command: str) -> str:
    """A command as it is to be copied: in ``<pre>`` nothing is a mention or a link."""
    shown = "\n".join(map(visible, command.split("\n")))
    return re.sub(r"[^A-Za-z0-9 ]", lambda found: f"&#{ord(found[0])};", shown)


def _what(result: SuiteResult) -> tuple[str, str]:
    """What comes one after another, one and several: batches, or runs of a suite without one."""
    return ("batch", "batches") if result.subject.batch else ("run", "runs")


def _times(story: Story, what: tuple[str, str]) -> str:
    return f"{story.failures} {what[1]} in a row" if story.failures > 1 else f"one {what[0]}"


def _status(story: Story, what: tuple[str, str]) -> str:
    if story.clean:
        closed = "closed" if not story.open else f"closes after {story.close_after}"
        return f"✅ {story.clean} clean {what[1]} in a row since {code(story.since)} failed; {closed}."
    return f"❌ Not green since {code(story.since)}: {_times(story, what)}."


def _check(check: CheckResult, story: Story, several: str) -> Iterator[str]:
    place = f" ({code(check.where)})" if check.where else ""
    first, *rest = _why(check)
    yield f"- {SYMBOLS[check.outcome]} {code(check.id)}{place}: {first}"
    for line in rest[:MOST_SLICES]:
        yield f"  - {line}"
    if len(rest) > MOST_SLICES:
        yield f"  - and {len(rest) - MOST_SLICES:,} more"
    if said := story.evidence.get(check.id):
        yield f"  - {text(said)}"
    past = [(name, values[check.id]) for name, values in story.trend if check.id in values]
    if len(past) > 1:
        told = " → ".join(value for _, value in past)
        yield f"  - the last {len(past)} {several}, from {code(past[0][0])}: {text(told)}"


def _why(check: CheckResult) -> list[str]:
    """Why a check is not green, the whole first, then the slices and columns that are not."""
    dark = [verdict for verdict in worst_first(check.verdicts) if verdict.outcome is not Outcome.PASSED]
    if check.reason or not dark:
        return [text(check.message)]
    first, *others = dark
    whole = (
        f"{text(words.why(first))} Measured: {text(words.value(first))}, n={first.measurement.estimate.n:,}."
    )
    return [whole, *(f"{code(words.name(v))}: {text(words.value(v))}" for v in others)]


def _facts(result: SuiteResult, story: Story) -> Iterator[str]:
    subject = result.subject
    facts: dict[str, str] = {}
    if subject.model:
        facts["model"] = f"{code(str(subject.model))} {_digest(subject.model.digest)}".strip()
    if subject.champion:
        facts["champion"] = code(str(subject.champion))
    if subject.batch:
        rows = f"{code(subject.batch.name)}, {subject.batch.rows:,} rows"
        facts["batch"] = f"{rows} {_digest(subject.batch.digest)}".strip()
    if subject.reference:
        facts["reference"] = f"{code(subject.reference.name)}, {subject.reference.rows:,} rows"
    facts[f"last good {_what(result)[0]}"] = code(story.last_good) if story.last_good else "none is known"
    facts["suite"] = f"{code(result.suite)} {_digest(result.digest)}".strip()
    facts["severity"] = text(story.severity)
    facts["environment"] = code(story.environment) if story.environment else ""
    facts["owner"] = code(story.owner) if story.owner else ""
    facts |= {text(name): code(told) for name, told in story.facts.items()}
    safe = {name: url for name, url in story.links.items() if _LINK.fullmatch(url)}
    facts["links"] = ", ".join(f"[{text(name)}]({url})" for name, url in safe.items())
    yield "| | |"
    yield "|---|---|"
    yield from (f"| {name} | {told} |" for name, told in facts.items() if told)


def _digest(digest: str) -> str:
    return code(digest[: len("sha256:") + 12]) if digest else ""


def reproduce(result: SuiteResult, path: str) -> str:
    """The command that judges the same version on the same rows again.

    >>> from modelqa.core.subject import DataInfo, ModelInfo, SubjectInfo
    >>> model = ModelInfo("models:/churn@new", name="churn", version="7")
    >>> subject = SubjectInfo(model=model, batch=DataInfo("b", rows=9, digest="sha256:ab", source="a b.csv"))
    >>> reproduce(SuiteResult("churn", subject, (), started="", digest=""), "suites/churn.suite.yaml")
    "modelqa run suites/churn.suite.yaml --model models:/churn/7 --batch 'a b.csv'"
    """
    parts, subject = ["modelqa", "run", path], result.subject
    for side, model in (("--model", subject.model), ("--champion", subject.champion)):
        if model is not None and model.name and model.version:
            parts += [side, f"models:/{model.name}/{model.version}"]
    if subject.batch is not None and subject.batch.source:
        parts += ["--batch", subject.batch.source]
    return shlex.join(parts)


def _beside(result: SuiteResult) -> str:
    """What the command needs beside what it names."""
    batch = result.subject.batch
    if batch is not None and is_select(batch.source):
        return "with the address of the database in `MODELQA_DATABASE`"
    return "without any service but the model's"
