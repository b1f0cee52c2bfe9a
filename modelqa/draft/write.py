"""`modelqa init`: a suite from a model and a sample, run before it is handed over."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from math import inf
from pathlib import Path
from typing import Any

from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult, SuiteResult
from modelqa.draft import floors
from modelqa.draft.columns import Roles, contract
from modelqa.draft.subject import Ask, Subject, open_subject, shown_head
from modelqa.draft.text import Block, comment, flow, scalar, source, wrapped
from modelqa.engines.repeats import repeated_rows
from modelqa.errors import ModelQAError
from modelqa.reports.files import write
from modelqa.run.execute import run_suite
from modelqa.suite.nodes import Problems
from modelqa.suite.schema import json_schema
from modelqa.suite.spec import Suite
from modelqa.suite.text import read

SCHEMA = "suite.schema.json"
ROUNDS = 3
SECTIONS = {
    "quality": "Scores. Each bound lies beyond the end of its 95% interval by as much again as the end lies "
    "from the value, so that a batch as good as this one passes; a higher floor is yours to choose.",
    "answers": "Every row gets an answer, in time, from the columns that the model was trained on.",
    "contract": "",
    "drift": "Distances from the reference. Red takes both: more than chance, and more than the bound, which "
    "is half as much again as these rows can rule out, and at least 0.1.",
}
SOURCES = ("model", "champion", "batch", "reference")


@dataclass(frozen=True, slots=True)
class Draft:
    """The text of a suite that passed as written, the run that showed it, and what is left out of it."""

    text: str
    _: KW_ONLY
    result: SuiteResult
    left_out: tuple[str, ...]


def draft(ask: Ask) -> Draft:
    """Write a suite that is green on its sample.

    A check that the sample leaves undecided is left out; a comment in its place says so.

    Raises `SubjectError` where model, sample or labels cannot be used, and `ModelQAError` where no
    suite passes.
    """
    subject = open_subject(ask)
    measured = floors.measure(subject)
    sections: dict[str, list[Block]] = {
        "quality": list(floors.quality(measured)) or [_no_labels(subject)],
        "answers": [
            floors.errors(measured),
            floors.latency(*measured.one("latency-p95")),
            floors.signature(measured),
        ],
        "contract": [_contract(subject)],
        "drift": list(floors.drift(measured)),
    }
    return _settled(subject, sections)


def _no_labels(subject: Subject) -> Block:
    reads = {field.name for field in subject.opened.model("model").inputs or ()}
    free = [name for name in subject.opened.batch.kinds if reads and name not in reads]
    hint = f"; the model does not read {', '.join(free[:10])}" if free else ""
    why = f"no labels were given: --labels COLUMN says where the truth stands{hint}"
    return Block("scores", lines=tuple(wrapped(f"Left out: scores ({why})", "  ")), left_out=why)


def _contract(subject: Subject) -> Block:
    opened, ask = subject.opened, subject.ask
    other = opened.reference if ask.reference else None
    classes = subject.label if subject.task not in (None, "regression") else None
    counts = None if ask.key else [repeated_rows(table) for table in (opened.batch, other) if table]
    return contract(opened.batch, other, Roles(key=ask.key, classes=classes), counts)


def _settled(subject: Subject, sections: dict[str, list[Block]]) -> Draft:
    """Run what is written, and take out what does not pass, until all of it does."""
    for _ in range(ROUNDS):
        text = assemble(subject, sections)
        result = _run(subject, text)
        if result.outcome is Outcome.PASSED:
            blocks = [block for part in sections.values() for block in part]
            left = tuple(f"{block.what}: {block.left_out}" for block in blocks if block.left_out)
            return Draft(text, result=result, left_out=left)
        ended = iter(result.checks)
        sections = {name: [_mended(block, ended) for block in part] for name, part in sections.items()}
        if all(block.left_out for part in sections.values() for block in part):
            break
    open_ = "; ".join(f"{c.id}: {c.message}" for c in result.checks if c.outcome is not Outcome.PASSED)
    raise ModelQAError(f"no suite passes on {subject.sample_name}: {open_}")


def _mended(block: Block, ended: Iterator[CheckResult]) -> Block:
    """A check as it may stay after its run: as it is, with a wider latency budget, or left out."""
    if block.left_out:
        return block
    check = next(ended)
    if check.outcome is Outcome.PASSED:
        return block
    if check.kind == "latency" and check.verdicts:
        return floors.latency(check.verdicts[0].measurement.estimate, "", most=inf)
    return block.without(f"{check.outcome} when it was tried: {check.message}")


def _run(subject: Subject, text: str) -> SuiteResult:
    problems = Problems()
    suite = Suite.read(read(text, subject.ask.path, problems), subject.ask.path, problems)
    return run_suite(suite, root=subject.ask.root, tracking_uri=subject.ask.tracking_uri)


def assemble(subject: Subject, sections: dict[str, list[Block]]) -> str:
    """The text of the suite."""
    lines = [
        f"# yaml-language-server: $schema={SCHEMA}",
        *wrapped(
            f"A first suite, written by `modelqa init` from {subject.sample_name}, on which it passes as "
            "written. A bound that you choose is worth more than one that was found: change what you know."
        ),
        *_head(subject),
        "",
        "checks:",
    ]
    for name, blocks in sections.items():
        if blocks:
            lines += wrapped(SECTIONS[name], "  ") if SECTIONS[name] else []
            lines += [line for block in blocks for line in block.lines]
            lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def _head(subject: Subject) -> Iterator[str]:
    head = shown_head(subject)
    head |= {"false_alarms": "1%", "confidence": "95%", "inconclusive": "warn"}
    for key, value in head.items():
        note = subject.notes.get(key)
        yield f"{key}: {_value(key, value)}{f'  {comment(note)}' if note else ''}"


def _value(key: str, value: Any) -> str:
    if key in ("false_alarms", "confidence"):
        return str(value)
    if key in SOURCES:
        return source(value)
    return flow(value) if isinstance(value, dict) else scalar(value)


def written(ask: Ask) -> tuple[Draft, list[Path]]:
    """Write the suite, and beside it the JSON Schema that editors check it by; also say which files.

    Raises what `draft` does, and ``OSError`` where the folder cannot be written.
    """
    ask.path.parent.mkdir(parents=True, exist_ok=True)  # a path such as ../data starts there
    made = draft(ask)
    write(ask.path, made.text)
    schema, target = json.dumps(json_schema(), indent=2) + "\n", ask.path.parent / SCHEMA
    if target.exists() and target.read_text(encoding="utf-8") == schema:
        return made, [ask.path]
    write(target, schema)
    return made, [ask.path, target]


def summary(made: Draft, paths: Sequence[Path]) -> str:
    """What to tell of a suite that was written."""
    subject = made.result.subject.batch
    rows = f"{subject.rows:,} rows of {subject.name}" if subject else "its sample"
    lines = [f"wrote {', '.join(map(str, paths))}"]
    lines.append(f"{made.result.suite}: {len(made.result.checks)} checks, all passed on {rows}")
    return "\n".join([*lines, *(f"left out: {each}" for each in made.left_out)])
