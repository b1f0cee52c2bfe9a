"""A column's distance from its reference, and what else must be told of it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from modelqa.core.bound import Bound
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.evidence import Evidence
from modelqa.core.ports import Column, Context, Predictions, Table
from modelqa.core.profile import ColumnProfile
from modelqa.core.result import Measurement
from modelqa.core.signature import ColumnKind
from modelqa.core.units import Unit
from modelqa.errors import CheckError
from modelqa.stats import distance, inverted
from modelqa.stats.beyond import outside, unseen
from modelqa.stats.inverted import Test
from modelqa.stats.profiles import Seen

Found = Callable[[Levels], tuple[Estimate, str]]
Sides = tuple[str, Seen | None, Seen | None]
"""A column's name, and how it is seen in the batch and in the reference; None where it is not there."""

OTHERS = "(others)"
DEFAULTS = {"numeric": "wasserstein", "categorical": "jensenshannon"}
_MAIN, _BEYOND = 0.98, 0.02
"""How a column's distance and its rows where the reference has none share its part of the budget: those
are told at far smaller tails, so that the distance loses nothing that can be measured."""


def seen(ctx: Context, columns: str | Sequence[str], *, exact: bool = False) -> Iterator[Sides]:
    """Both sides of each column: by their rows where all are at hand, else counted by the same edges."""
    batch, reference = ctx.batch, ctx.reference
    if columns in ("prediction", "labels") or not (batch.counted or reference.counted):
        for name, *sides in pairs(ctx, columns):
            ours, theirs = (None if side is None else Seen.of(side) for side in sides)
            yield name, ours, theirs
        return
    if exact:
        raise CheckError(
            "exact: batch and reference have to be rows at hand, and here one of them is counted"
        )
    names = _names(ctx, columns)
    theirs_all = _profiled(reference, names)
    ours_all = _profiled(batch, names, theirs_all)
    theirs_all = _profiled(reference, names, ours_all)  # the batch may be a profile, with edges of its own
    for name in names:
        one, other = ours_all.get(name), theirs_all.get(name)
        if one and other and family(one) == family(other) and not one.same_edges(other):
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


def pairs(ctx: Context, columns: str | Sequence[str]) -> Iterator[tuple[str, Column | None, Column | None]]:
    """What drifts by name: its values in the batch and in the reference, None where there are none."""
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


def family(column: Column | ColumnProfile | Seen) -> str:
    """How a column is measured: numeric (times too), categorical, or other (not at all)."""
    if column.kind.categorical:
        return "categorical"
    return "numeric" if column.kind.numeric or column.kind is ColumnKind.DATETIME else "other"


def _sort(column: Seen) -> str:
    """What a column may not change into another of: times are measured as numbers, but are none."""
    return "times" if column.kind is ColumnKind.DATETIME else family(column)


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How columns are measured: by which method (None: the kind's default), and whether as Evidently does.

    ``over_time`` is the context's: what is told to whoever looks at many batches.
    """

    method: str | None = None
    exact: bool = False
    over_time: Callable[[Test], tuple[Evidence, ...]] = lambda _: ()


def measure(ctx: Context, columns: str | Sequence[str], how: How, levels: Levels) -> Iterator[Measurement]:
    """All that is found of some columns, which share the levels."""
    how = replace(how, over_time=ctx.over_time)
    return compare(seen(ctx, columns, exact=how.exact), how, levels, rows=ctx.batch.rows)


def compare(sides: Iterable[Sides], how: How, levels: Levels, *, rows: int) -> Iterator[Measurement]:
    """All that is found of columns by name, each with its two sides; ``rows`` are the batch's.

    A column that has been measured is let go: put in order, it takes several times the room of its rows.
    """
    left = deque(sides)
    gaps = sum(bool(ours and theirs and (ours.nulls or theirs.nulls)) for _, ours, theirs in left)
    levels = levels.split(len(left) + gaps)
    while left:
        name, ours, theirs = left.popleft()
        if ours is None or theirs is None:
            yield _violation("missing_column", name, "batch" if ours is None else "reference", rows)
        elif _sort(ours) != _sort(theirs):
            note = f"{theirs.kind} in the reference, {ours.kind} in the batch"
            yield _violation("changed_kind", name, note, rows)
        else:
            yield from _column(name, ours, theirs, how, levels)


def share(ctx: Context, how: How, threshold: float) -> Measurement:
    """The share of the model's columns that are farther from the reference than a threshold.

    The ends of all columns hold at once (Bonferroni), so what is surely beyond is no more than truly is,
    and what is not surely within no less. A column that is missing or changed its kind is beyond; one that
    has no distance may be. Missing values and the like count for their column.
    """
    names = _names(ctx, "all")
    parts = 2 * max(len(names), 1)
    levels = ctx.levels.parted(low=1, high=parts)
    found = list(compare(seen(ctx, "all", exact=how.exact), how, levels, rows=ctx.batch.rows))
    ends: dict[str, list[tuple[bool, bool, bool]]] = {name: [] for name in names}
    for each in found:
        limit = 0.0 if each.bound else threshold
        at = each.estimate
        ends[str(each.column)].append((at.low > limit, at.value > limit, not at.high <= limit))
    beyond = [[any(column) for column in zip(*of, strict=True)] for of in ends.values()]
    low, value, high = (sum(of[end] for of in beyond) / len(beyond) for end in range(3))
    moved = [name for name, of in zip(ends, beyond, strict=True) if of[1]]
    shown = ", ".join(moved[:10]) + (" ..." if len(moved) > 10 else "")
    note = f"{len(moved)} of {len(names)} columns beyond {threshold:g}" + (f": {shown}" if moved else "")
    estimate = Estimate(value, low=low, high=high, n=len(names))
    return Measurement("drifted_share", estimate, unit=Unit.SHARE, note=note, counts="columns")


def _column(name: str, ours: Seen, theirs: Seen, how: How, levels: Levels) -> Iterator[Measurement]:
    kind = family(ours)
    chosen = how.method or DEFAULTS.get(kind, "drift")
    note = ""
    if kind == "other":
        note = f"no distance for values of type {ours.dtype}"
    elif not getattr(distance.METHODS[chosen], kind):
        note = f"{chosen} does not measure {kind} columns"
    if note:
        yield Measurement(chosen, Estimate.undefined(n=ours.rows), column=name, note=note)
    else:
        yield from _measured(name, ours, theirs, replace(how, method=chosen), levels)
    yield from _gap(name, ours, theirs, how, levels)


def _measured(name: str, ours: Seen, theirs: Seen, how: How, levels: Levels) -> Iterator[Measurement]:
    method, exact = str(how.method), how.exact
    main, rest = _shared(levels, _MAIN), _shared(levels, _BEYOND)
    if ours.ranked is not None and theirs.ranked is not None:
        found = partial(distance.numeric, method, theirs.ranked, ours.ranked, exact=exact)
        shares = distance.numeric_shares(theirs.ranked, ours.ranked)
        clipped = method == "wasserstein" and not exact
        beyond = outside(theirs.ranked, ours.ranked, rest) if clipped else None
        told = "outside_range", "of rows outside the reference's 0.1-99.9% range"
    else:
        names, old, new = _counts(theirs, ours)
        found = partial(distance.categorical, method, old, new, exact=exact)
        shares = distance.categorical_shares(names, old, new)
        beyond = unseen(old, new, rest)
        told = "new_categories", "of rows in categories that the reference never had"
    estimate, note = found(main)
    drawn = Evidence("distributions", shares)
    yield Measurement(
        method, estimate, column=name, note=note, evidence=(drawn, *_over_time(estimate, found, how))
    )
    if beyond is not None:
        test = inverted.of_share(round(beyond.value * beyond.n), beyond.n)
        note = f"{beyond.value:.1%} {told[1]}"
        yield Measurement(told[0], beyond, column=name, note=note, evidence=how.over_time(test))


def _over_time(estimate: Estimate, found: Found, how: How) -> tuple[Evidence, ...]:
    """What a distance says to whoever looks at many batches."""
    return how.over_time(inverted.of_ends(estimate.value, lambda levels: found(levels)[0]))


def _shared(levels: Levels, share: float) -> Levels:
    """Levels that hold a share of the chance of a false alarm."""
    return replace(levels, alpha=levels.alpha * share)


def _gap(name: str, ours: Seen, theirs: Seen, how: How, levels: Levels) -> Iterator[Measurement]:
    """The move of the share of missing values, where there are any."""
    if not (ours.nulls or theirs.nulls):
        return
    old, new = (np.array([column.rows - column.nulls, column.nulls]) for column in (theirs, ours))
    found = partial(distance.categorical, "TVD", old, new)
    estimate, _ = found(levels)
    shares = [count[1] / count.sum() for count in (old, new)]
    note = f"{shares[0]:.1%} missing in the reference, {shares[1]:.1%} in the batch"
    evidence = _over_time(estimate, found, how)
    yield Measurement("missing_share", estimate, column=name, note=note, evidence=evidence)


def _counts(theirs: Seen, ours: Seen) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Rows of each category in the reference and in the batch, over the categories of both."""
    before, after = theirs.counts or {}, ours.counts or {}
    names = list(dict.fromkeys([*before, *after]))
    old, new = ([counts.get(name, 0) for name in names] for counts in (before, after))
    if theirs.others or ours.others:
        names, old, new = [*names, OTHERS], [*old, theirs.others], [*new, ours.others]
    return names, np.array(old, dtype=np.int64), np.array(new, dtype=np.int64)


def _violation(metric: str, column: str, note: str, rows: int) -> Measurement:
    found = Estimate.fact(1, n=rows)
    return Measurement(metric, found, column=column, bound=Bound(max=0), note=note)
