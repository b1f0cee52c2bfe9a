"""`drift`: how far the batch has moved from the reference, column by column."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.bound import Bound
from modelqa.core.check import Complaint, Influence, Needs, Shape, check
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.evidence import Evidence
from modelqa.core.ports import Column, Context, Predictions, Table
from modelqa.core.profile import ColumnProfile
from modelqa.core.result import Measurement
from modelqa.core.signature import ColumnKind
from modelqa.errors import CheckError
from modelqa.stats import distance
from modelqa.stats.power import normal_scores
from modelqa.stats.profiles import Seen

SUBJECTS = ("all", "prediction", "labels")
Columns = Annotated[str, Shape({"examples": list(SUBJECTS)})] | Annotated[list[str], Shape({"minItems": 1})]
Method = Annotated[str, Shape({"enum": list(distance.METHODS)})]
OTHERS = "(others)"
DEFAULTS = {"numeric": "wasserstein", "categorical": "jensenshannon"}


def _needs(columns: Any, **_: Any) -> Needs:
    if columns in ("prediction", "labels"):
        rows = Needs.BATCH | Needs.REFERENCE
        return rows | (Needs.MODEL if columns == "prediction" else Needs.LABELS)
    return Needs.BATCH | Needs.PROFILE


def _known(columns: Any, *, method: str | None = None, **_: Any) -> Iterator[Complaint]:
    if isinstance(columns, list) and not columns:
        yield None, "expected at least one column"
    if method is not None and method not in distance.METHODS:
        yield "method", f"unknown method {method!r}; expected one of {', '.join(distance.METHODS)}"


def _influence(ctx: Context, columns: Columns, *, method: str | None = None) -> Iterator[Influence]:
    """Numbers move up and down by their normal scores, categories by leaving the commonest one.

    Of a profile there are no rows to move.
    """
    if ctx.batch.counted or ctx.reference.counted:
        return
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

    Where the suite has no reference, it is the profile that `modelqa.log_reference` has logged with the
    model version; batch and reference may be files of ``modelqa profile``, too. Distances of profiles are
    those of the rows, but for a thousandth or so: rows are counted in some 300 bins, and categories that
    fewer than five rows of the reference hold are counted together. Prediction and labels need rows.

    Example::

        - drift: all
          max: 0.1
    """
    pairs = list(_seen(ctx, columns))
    both = [(ours, theirs) for _, ours, theirs in pairs if ours is not None and theirs is not None]
    gaps = sum(bool(ours.nulls or theirs.nulls) for ours, theirs in both)
    levels = ctx.levels.split(len(pairs) + gaps)
    for name, ours, theirs in pairs:
        if ours is None or theirs is None:
            yield _violation("missing_column", name, "batch" if ours is None else "reference", ctx)
        elif _family(ours) != _family(theirs):
            note = f"{theirs.kind} in the reference, {ours.kind} in the batch"
            yield _violation("changed_kind", name, note, ctx)
        else:
            yield from _column(name, ours, theirs, method, levels)


def _seen(ctx: Context, columns: Columns) -> Iterator[tuple[str, Seen | None, Seen | None]]:
    """Both sides of each column: by their rows where all are at hand, else counted by the same edges."""
    batch, reference = ctx.batch, ctx.reference
    if columns in ("prediction", "labels") or not (batch.counted or reference.counted):
        for name, *sides in _pairs(ctx, columns):
            ours, theirs = (None if side is None else Seen.of(side) for side in sides)
            yield name, ours, theirs
        return
    names = _names(ctx, columns)
    theirs_all = _profiled(reference, names)
    ours_all = _profiled(batch, names, theirs_all)
    theirs_all = _profiled(reference, names, ours_all)  # the batch may be a profile, with edges of its own
    for name in names:
        one, other = ours_all.get(name), theirs_all.get(name)
        if one and other and _family(one) == _family(other) and not one.same_edges(other):
            raise CheckError(
                f"column {name!r}: the profiles of batch and reference have different edges; make the "
                "batch's with --edges-from the reference's"
            )
        ours, theirs = (None if side is None else Seen.of_profile(side) for side in (one, other))
        yield name, ours, theirs


def _profiled(
    table: Table, names: Sequence[str], like: Mapping[str, ColumnProfile] | None = None
) -> Mapping[str, ColumnProfile]:
    return table.profile([name for name in names if name in table.kinds], like).columns


def _pairs(ctx: Context, columns: str | Sequence[str]) -> Iterator[tuple[str, Column | None, Column | None]]:
    if columns == "prediction":
        ours, theirs = ctx.predictions(), ctx.reference_predictions()
        yield "prediction", _predicted(ours), _predicted(theirs)
    elif columns == "labels":
        yield "labels", ctx.labels(), ctx.reference_labels()
    else:
        for name in _names(ctx, columns):
            yield name, _get(ctx.batch, name), _get(ctx.reference, name)


def _names(ctx: Context, columns: str | Sequence[str]) -> Sequence[str]:
    return ctx.features if columns == "all" else [columns] if isinstance(columns, str) else columns


def _get(table: Table, name: str) -> Column | None:
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


def _family(column: Column | ColumnProfile | Seen) -> str:
    if column.kind.categorical:
        return "categorical"
    return "numeric" if column.kind.numeric or column.kind is ColumnKind.DATETIME else "other"


def _column(name: str, ours: Seen, theirs: Seen, method: str | None, levels: Levels) -> Iterator[Measurement]:
    family = _family(ours)
    if family == "other":
        undefined = Estimate.undefined(n=ours.rows)
        yield Measurement(
            "drift", undefined, column=name, note=f"no distance for values of type {ours.dtype}"
        )
        return
    chosen = method or DEFAULTS[family]
    if not getattr(distance.METHODS[chosen], family):
        note = f"{chosen} does not measure {family} columns"
        yield Measurement(chosen, Estimate.undefined(n=ours.rows), column=name, note=note)
        return
    if ours.ranked is not None and theirs.ranked is not None:
        estimate, note = distance.numeric(chosen, theirs.ranked, ours.ranked, levels)
        shares = distance.numeric_shares(theirs.ranked, ours.ranked)
    else:
        names, old, new = _counts(theirs, ours)
        estimate, note = distance.categorical(chosen, old, new, levels)
        shares = distance.categorical_shares(names, old, new)
    yield Measurement(chosen, estimate, column=name, note=note, evidence=(Evidence("distributions", shares),))
    yield from _gap(name, ours, theirs, levels)


def _gap(name: str, ours: Seen, theirs: Seen, levels: Levels) -> Iterator[Measurement]:
    """The move of the share of missing values, where there are any."""
    if not (ours.nulls or theirs.nulls):
        return
    old, new = (np.array([column.rows - column.nulls, column.nulls]) for column in (theirs, ours))
    estimate, _ = distance.categorical("TVD", old, new, levels)
    shares = [count[1] / count.sum() for count in (old, new)]
    note = f"{shares[0]:.1%} missing in the reference, {shares[1]:.1%} in the batch"
    yield Measurement("missing_share", estimate, column=name, note=note)


def _counts(theirs: Seen, ours: Seen) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Rows of each category in the reference and in the batch, over the categories of both."""
    before, after = theirs.counts or {}, ours.counts or {}
    names = list(dict.fromkeys([*before, *after]))
    old, new = ([counts.get(name, 0) for name in names] for counts in (before, after))
    if theirs.others or ours.others:
        names, old, new = [*names, OTHERS], [*old, theirs.others], [*new, ours.others]
    return names, np.array(old, dtype=np.int64), np.array(new, dtype=np.int64)


def _violation(metric: str, column: str, note: str, ctx: Context) -> Measurement:
    found = Estimate.fact(1, n=ctx.batch.rows)
    return Measurement(metric, found, column=column, bound=Bound(max=0), note=note)
