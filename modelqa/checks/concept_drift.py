"""`drift: error`: whether a model errs otherwise than it did, in rows that look as they did."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Levels
from modelqa.core.evidence import Evidence
from modelqa.core.ports import Column, Context, Table
from modelqa.core.result import Measurement
from modelqa.core.signature import ColumnKind
from modelqa.errors import CheckError
from modelqa.stats.bins import quantile_edges
from modelqa.stats.conditional import LEAST, Cells, Change, change
from modelqa.stats.profiles import FLAGS, numbers
from modelqa.stats.ranked import Ranked
from modelqa.stats.sample import Sample

Floats = NDArray[np.float64]
_MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss of each row, and the most that its mean can change by."""

    rows: Callable[[Sample], Floats]
    top: float


def _absolute(sample: Sample) -> Floats:
    from modelqa.stats import losses

    if sample.task != "regression":
        raise CheckError("mean_absolute_error is of numbers, and this model predicts classes")
    return np.asarray(losses.absolute(sample.truth.astype(float), sample.predicted.astype(float)))


def _zero_one(sample: Sample) -> Floats:
    if sample.task == "regression":
        raise CheckError("zero_one_loss is of classes, and this model predicts numbers")
    return np.asarray(sample.truth != sample.predicted, dtype=float)


def _log_loss(sample: Sample) -> Floats:
    from modelqa.stats import losses

    if sample.probabilities is None or sample.task == "regression":
        raise CheckError("log_loss needs probabilities, and the model gives none")
    return losses.log_loss(sample.probabilities, sample.truth.astype(np.intp))


LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        "mean_absolute_error": Loss(_absolute, inf),
        "zero_one_loss": Loss(_zero_one, 1.0),
        "log_loss": Loss(_log_loss, inf),
    }
)
"""By scikit-learn's names."""


def changed(ctx: Context, given: Sequence[str], method: str | None) -> Iterator[Measurement]:
    """How much the mean loss has changed within bins of each given column."""
    sample: Sample = ctx.sample()
    named = method or ("mean_absolute_error" if sample.task == "regression" else "zero_one_loss")
    loss = LOSSES[named]
    before, after = loss.rows(ctx.reference_sample()), loss.rows(sample)
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        raise CheckError(f"{named} does not exist for every row: a prediction is missing; see `errors: rate`")
    known = ~ctx.reference_labels().missing, ~ctx.labels().missing
    levels = ctx.levels.split(len(given))
    for name in given:
        sides = [_column(table, name) for table in (ctx.reference, ctx.batch)]
        if sides[0].kind.categorical != sides[1].kind.categorical:
            raise CheckError(
                f"column {name!r} holds {sides[0].kind} in the reference and {sides[1].kind} in the batch"
            )
        labels, codes = _binned(*sides)
        cells = [
            Cells(values=rows, codes=code[kept])
            for rows, code, kept in zip((before, after), codes, known, strict=True)
        ]
        yield _measurement(named, name, labels, cells, levels, loss.top)


def _measurement(
    loss: str, name: str, labels: list[str], cells: Sequence[Cells], levels: Levels, top: float
) -> Measurement:
    found = change(cells[0], cells[1], len(labels), levels, top=top)
    shown = labels if found.compared.all() else [
        label if here else "(few rows)" for label, here in zip(labels, found.compared, strict=True)
    ]  # fmt: skip
    data = {
        "labels": shown,
        "reference": np.where(found.compared, found.reference, 0.0).tolist(),
        "batch": np.where(found.compared, found.batch, 0.0).tolist(),
    }
    return Measurement(
        f"{loss}_change",
        found.estimate,
        column=name,
        note=_told(found, shown),
        counts="labelled rows",
        evidence=(Evidence("losses", data),),
    )


def _told(found: Change, labels: list[str]) -> str:
    """Where the loss has changed most, and how much of the reference could not be compared."""
    notes = []
    if found.compared.any():
        gaps = np.where(found.compared, np.abs(found.batch - found.reference), -1.0)
        most = int(gaps.argmax())
        notes.append(f"most at {labels[most]}: {found.reference[most]:.3g} -> {found.batch[most]:.3g}")
    if found.unknown:
        told = f"bins with {found.unknown:.1%} of the reference's rows"
        notes.append(f"{told} hold fewer than {LEAST} rows on a side, so are not compared")
    return "; ".join(notes)


def _column(table: Table, name: str) -> Column:
    if name not in table.kinds:
        raise CheckError(f"given: {table.info.name} has no column {name!r}")
    return table.column(name)


def _binned(reference: Column, batch: Column) -> tuple[list[str], tuple[NDArray[np.intp], ...]]:
    """Names of bins and each row's bin on both sides: the reference's tenths, or categories; missing last."""
    if reference.kind.categorical:
        labels = list(dict.fromkeys([*_names(reference), *_names(batch)]))
        place = {label: at for at, label in enumerate(labels)}
        codes = [np.array([place[label] for label in _names(side)], np.intp) for side in (reference, batch)]
        each = [
            lookup[np.where(side.missing, 0, side.values).astype(np.intp)] if len(lookup) else
            np.zeros(len(side.values), np.intp)
            for lookup, side in zip(codes, (reference, batch), strict=True)
        ]  # fmt: skip
    elif "other" in (reference.kind, batch.kind):
        raise CheckError(f"column {reference.name!r} has no bins: it holds {reference.dtype}")
    else:
        labels, each = _tenths(reference, batch)
    last = len(labels)
    sides = zip(each, (reference, batch), strict=True)
    return [*labels, _MISSING], tuple(np.where(side.missing, last, code) for code, side in sides)


def _names(column: Column) -> Sequence[str]:
    return FLAGS if column.kind is ColumnKind.BOOLEAN else column.categories


def _tenths(reference: Column, batch: Column) -> tuple[list[str], list[NDArray[np.intp]]]:
    """Bins between the reference's deciles, open at both ends."""
    ranked = Ranked.of(numbers(reference))
    edges = quantile_edges(ranked) if ranked.rows else np.array([])
    each = []
    for side in (reference, batch):
        codes = np.zeros(len(side.values), np.intp)
        codes[~side.missing] = np.searchsorted(edges, numbers(side))
        each.append(codes)
    if not len(edges):
        return ["all"], each
    inner = [f"{a:.4g} to {b:.4g}" for a, b in pairwise(edges.tolist())]
    return [f"up to {edges[0]:.4g}", *inner, f"above {edges[-1]:.4g}"], each
