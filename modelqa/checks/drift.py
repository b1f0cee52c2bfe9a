"""`drift`: how far the batch has moved from the reference, column by column."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.bound import Bound
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.evidence import Evidence
from modelqa.core.ports import Column, Complaint, Context, Influence, Needs, Predictions, Shape, check
from modelqa.core.result import Measurement
from modelqa.core.signature import ColumnKind
from modelqa.stats import distance
from modelqa.stats.power import normal_scores

SUBJECTS = ("all", "prediction", "labels")
Columns = Annotated[str, Shape({"examples": list(SUBJECTS)})] | Annotated[list[str], Shape({"minItems": 1})]
Method = Annotated[str, Shape({"enum": list(distance.METHODS)})]
DEFAULTS = {"numeric": "wasserstein", "categorical": "jensenshannon"}


def _needs(columns: Any) -> Needs:
    needs = Needs.BATCH | Needs.REFERENCE
    if columns == "prediction":
        return needs | Needs.MODEL
    return needs | Needs.LABELS if columns == "labels" else needs


def _known(columns: Any, *, method: str | None = None, **_: Any) -> Iterator[Complaint]:
    if isinstance(columns, list) and not columns:
        yield None, "expected at least one column"
    if method is not None and method not in distance.METHODS:
        yield "method", f"unknown method {method!r}; expected one of {', '.join(distance.METHODS)}"


def _influence(ctx: Context, columns: Columns, *, method: str | None = None) -> Iterator[Influence]:
    """Numbers move up and down by their normal scores, categories by leaving the commonest one."""
    for name, ours, theirs in _pairs(ctx, columns):
        if ours is None or theirs is None or _family(ours) == "other":
            continue
        main = columns if columns in ("prediction", "labels") else [name]
        rows = np.where(theirs.missing, 0.0, _scores(theirs))
        yield Influence(method or DEFAULTS[_family(ours)], rows=rows, main=main, column=name)
        yield Influence("missing_share", rows=theirs.missing.astype(float), main=main, column=name)


def _scores(column: Column) -> NDArray[np.float64]:
    """Normal scores of numbers; of categories -1 for the commonest and 1 for the others."""
    values = column.values[~column.missing]
    scores = np.zeros(len(column.values))
    if len(values) and column.kind.categorical:
        scores[~column.missing] = np.where(values == np.bincount(values.astype(np.intp)).argmax(), -1.0, 1.0)
    elif len(values):
        scores[~column.missing] = normal_scores(values)
    return scores


@check(needs=_needs, verify=_known, influence=_influence)
def drift(ctx: Context, columns: Columns, *, method: Method | None = None) -> Iterator[Measurement]:
    """The distance between the distributions of batch and reference, for each column.

    ``columns`` is ``all`` (what the model reads), ``prediction``, ``labels``, one column, or a list.
    ``method`` is one of Evidently's names; left out, numbers are measured by ``wasserstein``
    (divided by the reference's spread) and texts and booleans by ``jensenshannon``. What is bounded
    is always the distance, at every sample size. Its low end is 0 unless the batch differs by more
    than chance, so red needs both: more than chance, and more than `max`.

    A column that is missing or changed its kind is red by itself; missing values are compared as
    a share of their own (``missing_share``).

    Example::

        - drift: all
          max: 0.1
    """
    pairs = list(_pairs(ctx, columns))
    both = [(ours, theirs) for _, ours, theirs in pairs if ours is not None and theirs is not None]
    gaps = sum(bool(ours.missing.any() or theirs.missing.any()) for ours, theirs in both)
    levels = ctx.levels.split(len(pairs) + gaps)
    for name, ours, theirs in pairs:
        if ours is None or theirs is None:
            yield _violation("missing_column", name, "batch" if ours is None else "reference", ctx)
        elif _family(ours) != _family(theirs):
            note = f"{theirs.kind} in the reference, {ours.kind} in the batch"
            yield _violation("changed_kind", name, note, ctx)
        else:
            yield from _column(name, ours, theirs, method, levels)


def _pairs(ctx: Context, columns: str | Sequence[str]) -> Iterator[tuple[str, Column | None, Column | None]]:
    if columns == "prediction":
        ours, theirs = ctx.predictions(), ctx.reference_predictions()
        yield "prediction", _predicted(ours), _predicted(theirs)
    elif columns == "labels":
        yield "labels", ctx.labels(), ctx.reference_labels()
    else:
        names = ctx.features if columns == "all" else [columns] if isinstance(columns, str) else columns
        for name in names:
            yield name, _get(ctx.batch, name), _get(ctx.reference, name)


def _get(table: Any, name: str) -> Column | None:
    return table.column(name) if name in table.kinds else None


def _predicted(said: Predictions) -> Column:
    """Predictions as a column: the positive probability, a number, or the class."""
    if said.probabilities is not None and said.probabilities.shape[1] == 2:
        return _numbers(said.probabilities[:, 1])
    if said.classes is None and said.values.dtype.kind in "fiu":
        return _numbers(said.values.astype(float))
    names, codes = np.unique(said.values.astype(str), return_inverse=True)
    none = np.zeros(len(codes), bool)
    return Column(
        "prediction",
        ColumnKind.TEXT,
        values=codes,
        missing=none,
        dtype="class",
        categories=tuple(names.tolist()),
    )


def _numbers(values: NDArray[np.float64]) -> Column:
    return Column("prediction", ColumnKind.FLOAT, values=values, missing=np.isnan(values), dtype="double")


def _family(column: Column) -> str:
    if column.kind.categorical:
        return "categorical"
    return "numeric" if column.kind.numeric or column.kind is ColumnKind.DATETIME else "other"


def _column(
    name: str, ours: Column, theirs: Column, method: str | None, levels: Levels
) -> Iterator[Measurement]:
    family = _family(ours)
    if family == "other":
        undefined = Estimate.undefined(n=len(ours.values))
        yield Measurement(
            "drift", undefined, column=name, note=f"no distance for values of type {ours.dtype}"
        )
        return
    chosen = method or DEFAULTS[family]
    if not getattr(distance.METHODS[chosen], family):
        note = f"{chosen} does not measure {family} columns"
        yield Measurement(chosen, Estimate.undefined(n=len(ours.values)), column=name, note=note)
        return
    if family == "numeric":
        before, after = _present(theirs), _present(ours)
        estimate, note = distance.numeric(chosen, before, after, levels)
        shares = distance.numeric_shares(before, after)
    else:
        names, old, new = _counts(theirs, ours)
        estimate, note = distance.categorical(chosen, old, new, levels)
        shares = distance.categorical_shares(names, old, new)
    yield Measurement(chosen, estimate, column=name, note=note, evidence=(Evidence("distributions", shares),))
    yield from _gap(name, ours, theirs, levels)


def _gap(name: str, ours: Column, theirs: Column, levels: Levels) -> Iterator[Measurement]:
    """The move of the share of missing values, where there are any."""
    if not (ours.missing.any() or theirs.missing.any()):
        return
    old, new = (np.array([np.sum(~column.missing), np.sum(column.missing)]) for column in (theirs, ours))
    estimate, _ = distance.categorical("TVD", old, new, levels)
    shares = [count[1] / count.sum() for count in (old, new)]
    note = f"{shares[0]:.1%} missing in the reference, {shares[1]:.1%} in the batch"
    yield Measurement("missing_share", estimate, column=name, note=note)


def _present(column: Column) -> NDArray[np.float64]:
    values = column.values[~column.missing].astype(float)
    return values / 1e6 if column.kind is ColumnKind.DATETIME else values


def _counts(theirs: Column, ours: Column) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Rows of each category in the reference and in the batch, over the categories of both."""
    names = list(dict.fromkeys([*_names(theirs), *_names(ours)]))
    return names, _count(theirs, names), _count(ours, names)


def _names(column: Column) -> Sequence[str]:
    return ("False", "True") if column.kind is ColumnKind.BOOLEAN else column.categories


def _count(column: Column, names: Sequence[str]) -> NDArray[np.int64]:
    codes = column.values[~column.missing].astype(np.intp)
    own = np.bincount(codes, minlength=len(_names(column)))
    at = {name: position for position, name in enumerate(names)}
    counts = np.zeros(len(names), dtype=np.int64)
    np.add.at(counts, [at[name] for name in _names(column)], own[: len(_names(column))])
    return counts


def _violation(metric: str, column: str, note: str, ctx: Context) -> Measurement:
    found = Estimate.fact(1, n=ctx.batch.rows)
    return Measurement(metric, found, column=column, bound=Bound(max=0), note=note)
