"""`drift`: how far the batch has moved from the reference: columns, outputs, errors, the whole table."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.checks import concept_drift, drift_importance, table_drift
from modelqa.checks.drift_columns import DEFAULTS, How, family, measure, pairs, share
from modelqa.core.check import Complaint, Influence, Needs, Shape, check
from modelqa.core.ports import Column, Context
from modelqa.core.result import Measurement
from modelqa.core.units import Unit
from modelqa.errors import CheckError
from modelqa.stats import distance
from modelqa.stats.power import normal_scores

SUBJECTS = ("all", "prediction", "labels", "error", "share", "table")
LOSSES = tuple(concept_drift.LOSSES)
Columns = Annotated[str, Shape({"examples": list(SUBJECTS)})] | Annotated[list[str], Shape({"minItems": 1})]
Method = Annotated[str, Shape({"enum": [*distance.METHODS, *LOSSES]})]
_ROWS = Needs.BATCH | Needs.REFERENCE
_NEEDS = {
    "prediction": _ROWS | Needs.MODEL,
    "labels": _ROWS | Needs.LABELS,
    "error": _ROWS | Needs.MODEL | Needs.LABELS,
    "table": _ROWS,
}
_BELONG = {"given": ("error",), "threshold": ("share",)}
"""Keys that only some subjects know."""


def _needs(columns: Any, **_: Any) -> Needs:
    named = _NEEDS.get(columns) if isinstance(columns, str) else None
    return named or Needs.BATCH | Needs.PROFILE


def _unit(columns: Any, **_: Any) -> Unit:
    return Unit.SHARE if columns == "share" else Unit.NUMBER


def _known(columns: Any, *, method: str | None = None, **keys: Any) -> Iterator[Complaint]:
    if isinstance(columns, list) and not columns:
        yield None, "expected at least one column"
    subject = columns if columns in SUBJECTS else "columns"
    for key, owners in _BELONG.items():
        if subject in owners and keys.get(key) is None:
            yield None, f"drift: {subject} needs `{key}:`"
        elif subject not in owners and keys.get(key) is not None:
            yield key, f"only drift: {' or '.join(owners)} knows `{key}`"
    threshold = keys.get("threshold")
    if threshold is not None and not 0 < threshold < np.inf:
        yield "threshold", f"expected a number above 0, found {threshold:g}"
    if keys.get("importance") and subject not in ("all", "columns"):
        yield "importance", "only columns are weighed by how much the model depends on them"
    if keys.get("exact") and subject in ("error", "table"):
        yield "exact", f"drift: {subject} is no distance that Evidently or scipy measure"
    yield from _method(subject, method)


def _method(subject: str, method: str | None) -> Iterator[Complaint]:
    known = () if subject == "table" else LOSSES if subject == "error" else tuple(distance.METHODS)
    if method is not None and not known:
        yield "method", "drift: table has no methods"
    elif method is not None and method not in known:
        yield "method", f"unknown method {method!r}; expected one of {', '.join(known)}"


def _influence(ctx: Context, columns: Columns, *, method: str | None = None, **_: Any) -> Iterator[Influence]:
    """Numbers move up and down by their normal scores, categories by leaving the commonest one.

    Of a profile there are no rows to move; errors, shares of columns and tables are not moved by one.
    """
    if columns in ("error", "share", "table") or ctx.batch.counted or ctx.reference.counted:
        return
    for name, ours, theirs in pairs(ctx, columns):
        if ours is None or theirs is None or family(ours) == "other":
            continue
        main = columns if columns in ("prediction", "labels") else [name]
        rows = np.where(theirs.missing, 0.0, _scores(theirs))
        yield Influence(method or DEFAULTS[family(ours)], rows=rows, main=main, column=name)
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


@check(needs=_needs, unit=_unit, verify=_known, influence=_influence, cached=True)
def drift(
    ctx: Context,
    columns: Columns,
    *,
    method: Method | None = None,
    exact: bool = False,
    importance: Literal["auto"] | None = None,
    given: list[str] | None = None,
    threshold: Annotated[float, Shape({"exclusiveMinimum": 0})] | None = None,
) -> Iterator[Measurement]:
    """The distance between the distributions of batch and reference, for each column.

    ``columns`` is ``all`` (what the model reads), ``prediction``, ``labels``, one column, a list, or one of
    three below. ``method`` is one of Evidently's names; left out, numbers are measured by ``wasserstein``
    (divided by the reference's spread) and texts and booleans by ``jensenshannon``. What is bounded is
    always the distance, at every sample size. Its low end is 0 unless the batch differs by more than
    chance, so red needs both: more than chance, and more than `max`. ``exact: true`` gives the numbers of
    scipy and Evidently: nothing is clipped, bins are of equal width.

    A column that is missing or changed its kind is red by itself. Missing values are compared as a share
    of their own (``missing_share``). The share of rows outside the reference's 0.1-99.9% range, where
    ``wasserstein`` clips (``outside_range``), and that of rows in categories that the reference never had
    (``new_categories``) are findings of their own where they are more than chance. What cannot be
    measured (all values missing, a constant reference) is inconclusive.

    ``importance: auto`` permutes each column of the batch for the model. Where that moves the predictions
    by less than 1% of what shuffling them would, the column's drift is a warning, not red.

    Three more things may drift. ``error``: how much the mean loss has changed within bins of the columns
    that are ``given``, weighted by the reference's share of rows in each, so that a move of the column
    alone is none; ``method`` is then ``mean_absolute_error`` (numbers), ``zero_one_loss`` (classes; the
    default) or ``log_loss``, and `max` is in its unit. ``share``: the share of columns whose distance is
    above ``threshold``. ``table``: how well a classifier tells rows of batch and reference apart, as
    its ROC AUC on rows that it has not seen (0.5: not at all); it finds what no column shows alone.

    Where the suite has no reference, it is the profile that `modelqa.log_reference` has logged with the
    model version; batch and reference may be files of ``modelqa profile``, too. Distances of profiles are
    those of the rows, but for a thousandth or so: rows are counted in some 300 bins, and categories of
    fewer than five reference rows together. Prediction, labels, error, table and ``exact`` need rows.

    Example::

        - drift: all
          max: 0.1
        - drift: error
          given: [signal]
          max: 0.05
        - drift: share
          threshold: 0.1
          max: 30%
        - drift: table
          max: 0.6
    """
    how = How(method=method, exact=exact)
    _need_rows(ctx, columns)
    if columns == "error":
        yield from concept_drift.changed(ctx, given or [], method)
    elif columns == "table":
        yield table_drift.told_apart(ctx)
    elif columns == "share":
        yield share(ctx, how, threshold or 0.0)
    else:
        found = measure(ctx, columns, how, ctx.levels)
        yield from drift_importance.weighed(ctx, found) if importance else found


def _need_rows(ctx: Context, columns: Columns) -> None:
    """Raise `CheckError` where rows are needed and one side is a profile, or too large."""
    if columns in ("error", "table") and (ctx.batch.counted or ctx.reference.counted):
        raise CheckError(f"drift: {columns} needs rows of batch and reference, and one of them is counted")
