"""Evidently's metrics and presets, each metric computed on its own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from modelqa.checks import evidently_data as data
from modelqa.checks.evidently_names import METHODS, PLOTS
from modelqa.checks.evidently_task import DRIFT_NOTE, NOTE, Task, called, made, measurement
from modelqa.core.result import Measurement
from modelqa.core.signature import ColumnKind
from modelqa.errors import CheckError
from modelqa.stats.sample import Sample

MOST_LABELS = 100
"""A result with more numbers than this is no measure of anything."""
TARGET, SAID, SHARE, EMBEDDING = "modelqa_target", "modelqa_prediction", "modelqa_share", "modelqa_embedding"


def metrics(task: Task) -> Iterator[Measurement]:
    """A metric, on each column where it is one column's, or all the metrics of a preset.

    Raises `CheckError` where the metric cannot be made, or a preset has none of those wanted.
    """
    if task.names is None and task.method.takes == "columns" and task.method.drift:
        # What Evidently does by itself: all columns that it compares.
        task = replace(task, names=[name for name, kind in task.batch.kinds.items() if _plain(kind)])
    unfit = {name: why for name in task.names or () if (why := _unfit(task, name))}
    for name, why in unfit.items():
        yield task.undefined(why, name)
    if unfit and len(unfit) == len(task.names or ()):
        return
    if task.names is not None:
        task = replace(task, names=[name for name in task.names if name not in unfit])
    decided = Source(task)
    shares = Source(task, probabilities=True) if task.method.supervised else decided
    for one in _instances(task):
        for metric in _unfolded(task, one, shares):
            yield from _values(task, metric, shares if _wants_probabilities(metric) else decided)


def _unfit(task: Task, name: str) -> str:
    """Why a column cannot be measured, where it would take others down with it; empty where it can."""
    if name not in task.batch.kinds:
        return "the batch has no such column"
    if not task.method.drift:
        return ""
    if name not in task.before.kinds:
        return "the reference has no such column"
    if task.kind != "text" and any(data.crowded(side.column(name)) for side in (task.batch, task.before)):
        most = f"{data.MOST_NAMES:,}"
        return f"more than {most} values, for which Evidently's reports take minutes; its methods do not: psi"
    kind = task.batch.kinds[name]
    return "" if _plain(kind) or task.kind else f"Evidently compares no {kind} columns"


def _plain(kind: ColumnKind) -> bool:
    return bool(data.family(kind)) and kind is not ColumnKind.DATETIME


def _instances(task: Task) -> list[Any]:
    """The metric or preset, once for each column where it takes one."""
    found, given = task.method, dict(task.arguments)
    if "kind" in found.arguments and task.kind is not None:
        given["kind"] = task.kind
    if found.name == "PopularityBiasMetric" and task.value is not None:
        given["metric"] = task.value
    group = task.library.presets if hasattr(task.library.presets, found.name) else task.library.metrics
    known = getattr(group, found.name)
    if task.method.supervised:
        _fits(task, known)
    given |= dict.fromkeys(PLOTS & set(known.__fields__), False)
    return [_make(found.name, known, {**key, **given}) for key in _keys(task)]


def _keys(task: Task) -> list[dict[str, Any]]:
    """What names columns, in the words of the metric: all of them at once, or one by one."""
    takes: str = task.method.takes
    if takes == "embeddings_name":
        return [{takes: EMBEDDING}]
    if not takes or task.names is None:
        return [{}]
    return [{takes: task.names}] if takes == "columns" else [{takes: name} for name in task.names]


def _make(name: str, known: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    return made(name, lambda: known(**arguments))


def _fits(task: Task, known: Any) -> None:
    """Raises `CheckError` where a metric is one of the other task."""
    wanted = "regression" if "regression_name" in known.__fields__ else "classification"
    found = task.ctx.sample().task
    if (found == "regression") != (wanted == "regression"):
        raise CheckError(f"{task.method.name} is of {wanted}s, and this model's task is {found}")


def _named(metric: Any) -> list[str]:
    """The columns that a metric is about."""
    one = getattr(metric, "column", None) or getattr(metric, "column_name", None)
    return [one] if one else []


def _unfolded(task: Task, one: Any, source: "Source") -> list[Any]:
    """The metrics inside a preset, each once, or the metric itself."""
    container = task.library.containers.MetricContainer
    if not isinstance(one, container):
        return [one]
    inside = called(task, lambda: _leaves(one, container, source.context()))
    unique = {metric.get_fingerprint(): metric for metric in inside}
    kept = [metric for metric in unique.values() if not METHODS[_name(metric)].unfit]
    chosen = [metric for metric in kept if not task.only or _name(metric) in task.only]
    if not chosen:
        there = ", ".join(sorted({_name(metric) for metric in kept})) or "none"
        raise CheckError(f"{task.method.name} has no such metric here; it has {there}")
    return chosen


def _leaves(one: Any, container: type, context: Any) -> list[Any]:
    if not isinstance(one, container):
        return [one]
    inside: list[Any] = one.metrics(context)  # type: ignore[attr-defined]
    return [leaf for each in inside for leaf in _leaves(each, container, context)]


def _name(metric: Any) -> str:
    return type(metric).__name__


def _wants_probabilities(metric: Any) -> bool:
    """Whether a metric reads probabilities; the others read what the model decided."""
    cut = getattr(metric, "probas_threshold", None) is not None or getattr(metric, "k", None) is not None
    return cut or any(part in _name(metric) for part in ("RocAuc", "LogLoss"))


class Source:
    """Batch and reference as Evidently reads them, and a context that remembers what it computed."""

    def __init__(self, task: Task, *, probabilities: bool = False) -> None:
        self._task = task
        self._probabilities = probabilities
        self._context: Any = None

    def context(self) -> Any:
        """The context of a report; the same one until it is forgotten."""
        if self._context is None:
            library = self._task.library
            self._context = library.report.Context(library.core.Report([]))
            self._context.init_dataset(*self._data)
        return self._context

    def forget(self) -> None:
        """Start again: a context in which a metric raised is not to be trusted."""
        self._context = None

    @property
    def rows(self) -> int:
        """How many rows of the batch a metric sees."""
        return len(self._data[0].as_dataframe())

    @property
    def labels(self) -> Mapping[str, str]:
        """The classes by what Evidently calls them."""
        if not self._task.method.supervised:
            return {}
        return {str(code): str(name) for code, name in enumerate(_sample(self._task).classes)}

    @cached_property
    def _data(self) -> tuple[Any, Any, dict[str, Any]]:
        task = self._task
        if task.method.supervised:
            return _predictions(task, with_shares=self._probabilities), None, {}
        alone = task.method.takes == "column" or task.method.takes == "embeddings_name"
        names = list(task.batch.kinds)
        if alone:
            names = [name for name in names if name in (task.names or ())]
        kinds = data.kinds_of(task.batch, names)
        if task.kind is not None and "kind" not in task.method.arguments:
            kinds |= dict.fromkeys(set(task.names or ()) & set(kinds), task.kind)
        tasks: dict[str, Any] = {}
        if task.method.ranks:
            tasks["ranking"] = [made("ranking", lambda: task.library.core.Recsys(**task.ranking))]
        if task.method.takes == "embeddings_name":
            tasks["embeddings"] = {EMBEDDING: list(task.names or ())}
        current = data.dataset(task.library, data.frame(task.batch, names), kinds, **tasks)
        if task.reference is None:
            return current, None, {}
        there = [name for name in names if name in task.reference.kinds]
        before = data.dataset(task.library, data.frame(task.reference, there), kinds, **tasks)
        # Novelty and its like ask for the rows that the model was trained on, which the reference is.
        return (current, None, {"current_train_data": before}) if task.method.ranks else (current, before, {})


def _sample(task: Task) -> Sample:
    sample: Sample = task.ctx.sample()
    if task.rows is None or len(sample) <= task.rows:
        return sample
    return sample.take(np.sort(task.ctx.rng.choice(len(sample), task.rows, replace=False)))


def _predictions(task: Task, *, with_shares: bool) -> Any:
    """Labels and predictions with their definition: of classes the decisions, or the probabilities.

    Raises `CheckError` where a prediction is missing, or probabilities are wanted and not there.
    """
    sample = _sample(task)
    shares = sample.probabilities if with_shares else None
    read = sample.predicted if shares is None else shares
    broken = int(np.count_nonzero(~(np.isfinite(read).reshape(len(sample), -1).all(axis=1))))
    if sample.task != "regression":
        broken = max(broken, int(np.count_nonzero(sample.predicted < 0)))
    if broken:
        raise CheckError(f"{broken:,} of {len(sample):,} predictions are NaN, infinite or of no class")
    if sample.task == "regression":
        columns: dict[str, Any] = {TARGET: sample.truth, SAID: sample.predicted}
        regression = [task.library.core.Regression(target=TARGET, prediction=SAID)]
        kinds = dict.fromkeys(columns, "numeric")
        return data.dataset(task.library, data.table_of(columns), kinds, regression=regression)
    return _classified(task, sample, shares)


def _classified(task: Task, sample: Sample, shares: Any) -> Any:
    """Classes by their codes, since Evidently wants probabilities in columns named after classes."""
    core = task.library.core
    codes = np.array([str(code) for code in range(len(sample.classes))], dtype=object)
    binary = sample.task == "binary"
    columns = {
        TARGET: sample.truth if binary else codes[sample.truth],
        SAID: sample.predicted if binary else codes[sample.predicted],
    }
    kinds = dict.fromkeys(columns, "categorical")
    given: dict[str, Any] = {"target": TARGET, "prediction_labels": SAID}
    if shares is not None:
        parts = {SHARE: shares[:, 1]} if binary else dict(zip(codes.tolist(), shares.T, strict=True))
        columns |= parts
        kinds |= dict.fromkeys(parts, "numeric")
        given["prediction_probas"] = SHARE if binary else list(parts)
    known = (
        core.BinaryClassification(pos_label=1, **given) if binary else core.MulticlassClassification(**given)
    )
    return data.dataset(task.library, data.table_of(columns), kinds, classification=[known])


def _values(task: Task, metric: Any, source: Source) -> Iterator[Measurement]:
    """The numbers of one metric; undefined with the reason where Evidently raises."""
    column = next(iter(_named(metric)), None)
    name = _told(metric)
    try:
        result = called(task, lambda: source.context().calculate_metric(metric.to_calculation()))
        numbers = _numbers(result, metric, task.value)
        if len(numbers) > MOST_LABELS:
            raise CheckError(f"{len(numbers):,} numbers, at most {MOST_LABELS} are judged")
    except CheckError as error:
        source.forget()
        yield task.undefined(str(error), column, name)
        return
    by = getattr(metric, "method", None)
    note = f"{f'by {by}; ' if by else ''}{DRIFT_NOTE if METHODS[_name(metric)].drift else NOTE}"
    for label, number in numbers:
        shown = source.labels.get(label, label)
        yield measurement(
            f"{name}[{shown}]" if label else name, number, source.rows, column=column, note=note
        )


def _told(metric: Any) -> str:
    """A metric's name, with the argument that tells it from its like in one preset."""
    found = [getattr(metric, name, None) for name in ("quantile", "category", "column_type", "kind")]
    parts = [str(getattr(each, "value", each)) for each in found if each is not None and each != "auto"]
    return f"{_name(metric)}[{', '.join(parts)}]" if parts else _name(metric)


def _numbers(result: Any, metric: Any, wanted: str | None) -> list[tuple[str, Any]]:
    """What a result holds, each number with its label; of several numbers the one that is wanted."""
    match type(result).__name__:
        case "SingleValue":
            return [("", result.value)]
        case "CountValue":
            return [("", (result.share if wanted == "share" else result.count).value)]
        case "MeanStdValue":
            return [("", (result.std if wanted == "std" else result.mean).value)]
        case "ByLabelValue":
            return sorted((str(label), each.value) for label, each in result.values.items())
        case "ByLabelCountValue":
            counted = result.shares if wanted == "share" else result.counts
            return sorted((str(label), each.value) for label, each in counted.items())
        case "DataframeValue":
            return _cells(result.value, metric)
    raise CheckError(f"{_name(metric)} gives a {type(result).__name__}, which holds no number")


def _cells(frame: Any, metric: Any) -> list[tuple[str, Any]]:
    """The numbers of a table: at rank k, of each other column, or of each pair of columns."""
    columns = list(frame.columns)
    if columns == ["rank", "value"]:  # one row a rank from 1 on, whatever its label says
        return [("", frame["value"].iloc[min(metric.k, len(frame)) - 1])]
    if "column_name" in columns:
        return list(zip(frame["column_name"].astype(str), frame["value"], strict=True))
    pairs = [(a, b) for at, a in enumerate(columns) for b in columns[at + 1 :]]
    return [(f"{a}, {b}", frame.loc[a, b]) for a, b in pairs]
