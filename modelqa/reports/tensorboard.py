"""A result as event files: TensorBoard shows the course of every measurement over batches and versions.

``FOLDER/SUITE`` holds one file for each step. A step is a model version on a batch: the same one again
takes the place of what it wrote before, so that no curve goes back. File 0 says what the suite asks for.
"""

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any

from modelqa.core import extras
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult, Measurement, SuiteResult
from modelqa.errors import ActionError
from modelqa.reports.files import named, write
from modelqa.reports.terminal import summary, visible

_FILE = re.compile(r"events\.out\.tfevents\.(\d{10})\.([0-9a-f]{16})\.modelqa")
_ABOUT = f"events.out.tfevents.{0:010}.modelqa"
PATIENCE = 30.0
"""Seconds to wait for another run that writes the same suite."""
MOST_BINS, MOST_LINES = 1_000, 20
"""Of a histogram, and of a chart."""


def write_events(folder: Path, result: SuiteResult) -> int:
    """Write a result into ``folder/SUITE``, each file whole or not at all, and say its step.

    Raises `MissingExtra` where tensorboard is not installed, `ActionError` where another run writes this
    suite for too long, and ``OSError`` where the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    place = folder / named(result)
    place.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place / ".modelqa.lock", timeout=PATIENCE):
            step = _step(place, _key(result))
            _put(place, f"events.out.tfevents.{step:010}.{_key(result)}.modelqa", _run(result, step))
            _put(place, _ABOUT, _about(result))
    except Timeout:
        raise ActionError(
            f"tensorboard: another run has been writing {place.name} for {PATIENCE:g} s"
        ) from None
    return step


def _put(place: Path, name: str, data: bytes) -> None:
    """Write a file whole. TensorBoard reads whatever has its mark in the name: a half has another one."""
    aside = place / ".modelqa.step"
    write(aside, data)
    aside.replace(place / name)


def _key(result: SuiteResult) -> str:
    """What a step is: this version on this batch; a run without a batch is a step of its own."""
    model, batch = result.subject.model, result.subject.batch
    who = [model.name, model.version, model.digest or model.uri] if model else []
    what = [batch.digest or batch.name] if batch else [result.started]
    return hashlib.sha256(json.dumps([result.suite, who, what]).encode()).hexdigest()[:16]


def _step(place: Path, key: str) -> int:
    """The step of a key: the one that it has, else the next one."""
    there = {found[2]: int(found[1]) for path in place.iterdir() if (found := _FILE.fullmatch(path.name))}
    return there.get(key) or max(there.values(), default=0) + 1


def _run(result: SuiteResult, step: int) -> bytes:
    """Every measurement of a run at its step, the distributions behind them, and the run in words."""
    top = f"modelqa/{visible(result.suite)}"
    values, value = [_text(top, summary(result))], _summary().Value
    for _, tag, found in tags(result):
        values += [value(tag=f"{tag}/{end}", simple_value=number) for end, number in _ends(found)]
        values += [each for piece in found.evidence for each in _histograms(tag, piece.kind, piece.data)]
    return _file(result, step, values)


def tags(result: SuiteResult) -> Iterator[tuple[str, str, Measurement]]:
    """Every measurement with its check and a tag of its own: ``modelqa/SUITE/CHECK``, column and slice.

    >>> from modelqa.core.subject import SubjectInfo
    >>> list(tags(SuiteResult("churn", SubjectInfo(), (), started="", digest="")))
    []
    """
    seen: dict[str, int] = {}
    for check in result.checks:
        for verdict in check.verdicts:
            tag = _tag(result.suite, check, verdict.measurement)
            seen[tag] = seen.get(tag, 0) + 1
            yield check.id, f"{tag}~{seen[tag]}" if seen[tag] > 1 else tag, verdict.measurement


def _tag(suite: str, check: CheckResult, found: Measurement) -> str:
    apart = found.column or len({verdict.measurement.metric for verdict in check.verdicts}) > 1
    parts = ["modelqa", suite, check.id, found.metric if apart else "", found.column, found.slice]
    return "/".join(visible(part) for part in parts if part)


def _ends(found: Measurement) -> Iterator[tuple[str, float]]:
    at = found.estimate
    ends = {"value": at.value, "low": at.low, "high": at.high}
    yield from ((end, number) for end, number in ends.items() if isfinite(number))


def _histograms(tag: str, kind: str, data: Mapping[str, Any]) -> Iterator[Any]:
    """The shares of both sides in each bin; categories stand at 0, 1, 2 and so on."""
    if kind != "distributions":
        return
    try:
        sides = {side: [float(share) for share in data[side]] for side in ("reference", "batch")}
        count = len(data["labels"])
        edges = [float(edge) for edge in data.get("edges") or range(count + 1)]
    except (KeyError, TypeError, ValueError):  # written by another version
        return
    finite = all(map(isfinite, [*edges, *(share for shares in sides.values() for share in shares)]))
    if finite and 0 < count <= MOST_BINS and {len(edges) - 1, *map(len, sides.values())} == {count}:
        for side, shares in sides.items():
            yield _histogram(f"{tag}/{side}", list(zip(edges, edges[1:], shares, strict=False)))


def _about(result: SuiteResult) -> bytes:
    """What the suite asks for, as hyperparameters of a session that ended as the last run did."""
    began = extras.load("tensorboard.plugins.hparams.summary_v2").hparams_pb
    values = began(dict(asked(result)), start_time_secs=_moment(result)).value
    return _file(result, 0, [*values, _ended(result), _charts(result)])


def _ended(result: SuiteResult) -> Any:
    """The end of the session, a success where the suite is green."""
    metadata = extras.load("tensorboard.plugins.hparams.metadata")
    data = extras.load("tensorboard.plugins.hparams.plugin_data_pb2")
    states = extras.load("tensorboard.plugins.hparams.api_pb2")
    good = result.outcome in (Outcome.PASSED, Outcome.WARNED)
    status = states.STATUS_SUCCESS if good else states.STATUS_FAILURE
    end = data.SessionEndInfo(status=status, end_time_secs=_moment(result))
    about = metadata.create_summary_metadata(data.HParamsPluginData(session_end_info=end))
    return _summary().Value(tag=metadata.SESSION_END_INFO_TAG, metadata=about)


def _charts(result: SuiteResult) -> Any:
    """A chart for each check, on which intervals are bands (the tab "Custom Scalars")."""
    layout = extras.load("tensorboard.plugins.custom_scalar.layout_pb2")
    metadata = extras.load("tensorboard.plugins.custom_scalar.metadata")
    tensor = extras.load("tensorboard.util.tensor_util").make_tensor_proto
    lines: dict[str, list[Any]] = {}
    for check, tag, _ in tags(result):
        series = layout.MarginChartContent.Series(
            value=f"{tag}/value", lower=f"{tag}/low", upper=f"{tag}/high"
        )
        lines.setdefault(check, []).append(series)
    charts = [
        layout.Chart(title=visible(check), margin=layout.MarginChartContent(series=series[:MOST_LINES]))
        for check, series in lines.items()
    ]
    made = layout.Layout(category=[layout.Category(title=visible(result.suite), chart=charts)])
    return _summary().Value(
        tag=metadata.CONFIG_SUMMARY_TAG,
        metadata=metadata.create_summary_metadata(),
        tensor=tensor(made.SerializeToString(), dtype="string"),
    )


def asked(result: SuiteResult) -> Iterator[tuple[str, bool | float | str]]:
    """What a suite asks for: its levels, its model, and the bounds of its checks.

    >>> from modelqa.core.subject import SubjectInfo
    >>> dict(asked(SuiteResult("churn", SubjectInfo(), (), started="", digest="")))
    {'suite': 'churn'}
    """
    yield "suite", visible(result.suite)
    if result.subject.model:
        yield "model", visible(result.subject.about)
    if result.levels:
        yield "confidence", result.levels.confidence
        yield "false_alarms", result.levels.false_alarms
    for check in result.checks:
        limits = dict(limit for verdict in reversed(check.verdicts) for limit in verdict.bound.limits())
        yield from ((visible(f"{check.id}.{name}"), limit) for name, limit in sorted(limits.items()))


def _moment(result: SuiteResult) -> float:
    try:
        return datetime.fromisoformat(result.started).timestamp()
    except (ValueError, OverflowError):  # a result from elsewhere
        return 0.0


def _file(result: SuiteResult, step: int, values: list[Any]) -> bytes:
    """An event file with these values at one step."""
    event = extras.load("tensorboard.compat.proto.event_pb2").Event
    made, moment = io.BytesIO(), _moment(result)
    out = extras.load("tensorboard.summary.writer.record_writer").RecordWriter(made)
    out.write(event(wall_time=moment, file_version="brain.Event:2").SerializeToString())
    summary = _summary()(value=values)
    out.write(event(wall_time=moment, step=step, summary=summary).SerializeToString())
    return made.getvalue()


def _text(tag: str, text: str) -> Any:
    return extras.load("tensorboard.plugins.text.summary_v2").text_pb(tag, text).value[0]


def _histogram(tag: str, rows: list[tuple[float, float, float]]) -> Any:
    tensor = extras.load("tensorboard.util.tensor_util").make_tensor_proto
    metadata = extras.load("tensorboard.plugins.histogram.metadata").create_summary_metadata
    about = metadata(display_name=None, description=None)
    return _summary().Value(tag=tag, metadata=about, tensor=tensor(rows, dtype="float64"))


def _summary() -> Any:
    return extras.load("tensorboard.compat.proto.summary_pb2").Summary
