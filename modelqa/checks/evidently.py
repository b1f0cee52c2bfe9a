"""`evidently`: any of Evidently's methods, metrics and presets by its name, judged by our bounds."""

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np

from modelqa.checks import evidently_data as data
from modelqa.checks.evidently_metrics import metrics
from modelqa.checks.evidently_names import (
    CORRELATIONS,
    KINDS,
    METHODS,
    RANKING,
    VALUES,
    Method,
    complaints,
    needs,
)
from modelqa.checks.evidently_task import DRIFT_NOTE, P_VALUE_NOTE, Task, called, made, measurement
from modelqa.core.check import Complaint, Needs, Shape, check
from modelqa.core.ports import Column, Context, Table
from modelqa.core.result import Measurement
from modelqa.errors import CheckError

Name = Annotated[str, Shape({"enum": [name for name, method in METHODS.items() if not method.unfit]})]
Columns = Annotated[str, Shape({"enum": ["all"]})] | Annotated[list[str], Shape({"minItems": 1})]
Kind = Annotated[str, Shape({"enum": [*KINDS, *CORRELATIONS]})]
Value = Annotated[str, Shape({"enum": list(VALUES)})]
Ranking = Annotated[dict[str, str], Shape({"propertyNames": {"enum": list(RANKING)}})]


def _known(measure: str, /, **keys: Any) -> Iterator[Complaint]:
    yield from complaints(measure, keys)


@check(needs=needs, facts=True, verify=_known, cached=True)
def evidently(
    ctx: Context,
    measure: Name,
    *,
    column: str | None = None,
    columns: Columns | None = None,
    kind: Kind | None = None,
    value: Value | None = None,
    only: list[str] | None = None,
    ranking: Ranking | None = None,
    rows: int | None = None,
    **arguments: Any,
) -> Iterator[Measurement]:
    """Measure with Evidently, under Evidently's own names, and judge by `min` and `max`.

    ``measure`` is a drift method (``psi``, ``ks``, ``abs_text_content_drift`` ...), an embedding's
    (``embedding:ratio``, ``embedding:distance``, ``embedding:model``, ``embedding:mmd``), a metric
    (``MeanValue``, ``F1Score`` ...) or a preset (``DataDriftPreset`` ...), whose metrics are measured
    one by one. Other keys are its own arguments.

    A p-value (``ks``, ``mannw``, ``t_test``, ``cramer_von_mises``, ``anderson``, ``es``,
    ``empirical_mmd``, ``chisquare``, ``g_test``, ``z``, ``fisher_exact``, ``TVD``) is small where the
    batch differs: bound it by ``min: 0.05``. Distances and the text methods, which are the ROC AUC of
    a classifier, are large there: bound them by ``max``. Without a ``method``, ``ValueDrift`` and
    ``DataDriftPreset`` change from p-values to distances above 1,000 rows: name one.

    ``column`` or ``columns`` say what is measured: one, a list, or ``all`` (the model's features, of
    those a drift method can measure); an embedding is the list of its columns. ``kind`` (numeric,
    categorical, text) reads a column as something else than it is; for correlations it is theirs.
    ``value`` picks a number of a result that has several: count or share (as 0.01, not 1%), mean or
    std, arp, coverage or gini. ``only`` names the metrics of a preset to judge, for one bound seldom
    suits all. ``ranking`` says which columns hold recommendations (user_id, item_id, target,
    prediction, and recommendations_type: score or rank); the reference is then the training data.
    ``rows`` takes at most so many rows of each side, by a fixed seed: some methods take minutes
    (``TVD``, ``empirical_mmd``), and p-values measure the number of rows.

    Every value is a fact about this batch and this reference: Evidently's own number, without an
    interval, and no part of the alarm budget. A single batch that differs by chance can turn it red;
    `drift` knows chance. Missing and infinite values are left out, as Evidently does, and counted in
    the note. What cannot be measured is inconclusive, and everything else is judged all the same.
    Classes are the model's decisions, probabilities only where a metric needs them; weights are not
    Evidently's. Tables without a number (RecCasesTable, ItemBias, UserBias) are left out of presets.

    Raises `MissingExtra` where Evidently cannot be imported, and `CheckError` where its arguments
    are wrong, or a bound stands on the side where drift is green.

    Example::

        - evidently: psi
          column: amount
          max: 0.2
    """
    found = METHODS[measure]
    _bounded_soundly(found, arguments.get("method"), ctx)
    rng = ctx.rng
    task = Task(
        found,
        ctx,
        data.library(),
        batch=data.sampled(ctx.batch, rows, rng),
        reference=data.sampled(ctx.reference, rows, rng) if Needs.REFERENCE in found.needs else None,
        names=_columns(ctx, found, column, columns),
        kind=kind,
        arguments=arguments,
        value=value,
        only=tuple(only or ()),
        rows=rows,
        ranking=ranking or {},
    )
    answer = {"test": _tests, "embedding": _embedding}.get(found.family, metrics)
    yield from answer(task)


def _bounded_soundly(found: Method, method: Any, ctx: Context) -> None:
    """Refuse a bound that is green where the batch differs, and red where it does not."""
    chosen = METHODS.get(str(method)) if found.name == "ValueDrift" else found
    if chosen is None or chosen.family == "preset" or not chosen.drift:
        return
    wrong, side, size = ("low", "min", "a p-value, small") if chosen.p_value else ("high", "max", "large")
    if ctx.levels.reds == wrong:
        raise CheckError(
            f"{chosen.name} is {size} where the batch differs: bound it by `{side}:`, without versus"
        )


def _columns(ctx: Context, found: Method, column: str | None, columns: Any) -> list[str] | None:
    if column is not None:
        return [column]
    if columns != "all":
        return None if columns is None else list(columns)
    names = list(ctx.features)
    if found.family != "test":
        return names
    there = ctx.reference.kinds
    fitting = [name for name in names if name not in there or _kind(found, there[name]) in found.kinds]
    if not fitting:
        raise CheckError(f"{found.name} measures {' or '.join(found.kinds)} columns, and no feature is one")
    return fitting


def _kind(found: Method, kind: Any) -> str:
    """What a test takes a column for: text only where it measures nothing else."""
    family = data.family(kind)
    return "text" if found.kinds == ("text",) and str(kind) == "text" else family


def _tests(task: Task) -> Iterator[Measurement]:
    for name in task.names or ():
        try:
            yield _tested(task, name)
        except CheckError as error:
            yield task.undefined(str(error), name)


def _tested(task: Task, name: str) -> Measurement:
    """One statistical test of one column. Raises `CheckError` where there is no score."""
    found = task.method
    theirs, ours = (_column(side, name, where) for side, where in _sides(task))
    kind = task.kind or _kind(found, ours.kind)
    if task.kind is None and data.family(ours.kind) != data.family(theirs.kind):
        raise CheckError(f"{theirs.kind} in the reference, {ours.kind} in the batch")
    if kind not in found.kinds:
        raise CheckError(
            f"{found.name} measures {' or '.join(found.kinds)} columns, and this one holds {ours.kind}"
        )
    before, after = data.pair(theirs, ours, kind)
    for side, where in ((before, "reference"), (after, "batch")):
        if not len(side):
            raise CheckError(f"no value in the {where}")
    of_kind = task.library.types.ColumnType(data.SHORT[kind])

    def score() -> Any:
        test = task.library.tests.get_stattest(before, after, of_kind, found.name)
        return test(before, after, of_kind, None).drift_score

    left = [f"{gone:,} {where}" for gone, where in _gone(theirs, ours, before, after) if gone]
    notes = [*([f"left out, missing or infinite: {' and '.join(left)}"] if left else [])]
    notes.append(P_VALUE_NOTE if found.p_value else DRIFT_NOTE)
    return measurement(found.name, called(task, score), len(after), column=name, note="; ".join(notes))


def _gone(theirs: Column, ours: Column, before: Any, after: Any) -> tuple[tuple[int, str], ...]:
    return (
        (len(ours.values) - len(after), "of the batch"),
        (len(theirs.values) - len(before), "of the reference"),
    )


def _sides(task: Task) -> tuple[tuple[Table, str], ...]:
    return (task.before, "reference"), (task.batch, "batch")


def _column(table: Table, name: str, where: str) -> Column:
    if name not in table.kinds:
        raise CheckError(f"the {where} has no such column")
    return table.column(name)


def _embedding(task: Task) -> Iterator[Measurement]:
    """The drift of columns that are one embedding, as a whole."""
    found, name = task.method, task.method.name.partition(":")[2]
    make = getattr(task.library.embeddings, name)
    drift = made(found.name, lambda: make(**task.arguments))
    try:
        before, after = (_matrix(task, side, where) for side, where in _sides(task))
        score = called(task, lambda: drift(after.copy(), before.copy())[0])
    except CheckError as error:
        yield task.undefined(str(error))
    else:
        yield measurement(found.name, score, len(after), note=DRIFT_NOTE)


def _matrix(task: Task, table: Table, where: str) -> Any:
    """The columns of an embedding, rows with a missing or infinite number left out."""
    columns = {name: data.numbers(_column(table, name, where)) for name in task.names or ()}
    whole = np.isfinite(np.column_stack(list(columns.values()))).all(axis=1)
    if not whole.any():
        raise CheckError(f"no complete row in the {where}")
    return data.table_of({name: values[whole] for name, values in columns.items()})
