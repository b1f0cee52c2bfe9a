"""`estimated`: a score before there are labels, as far as the past says what to expect."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from modelqa.checks.forecast import forecaster
from modelqa.checks.matrix import matrices
from modelqa.core.check import Complaint, Needs, Shape, check
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.evidence import Evidence
from modelqa.core.ports import Column, Context
from modelqa.core.result import Measurement
from modelqa.errors import CheckError, SubjectError
from modelqa.stats.confidence import Confidence
from modelqa.stats.direct import LOSSES
from modelqa.stats.estimation import Chunk, Estimator, Expected, Rows, distrust, past, tried, unsure
from modelqa.stats.expected import EXPECTED
from modelqa.stats.linear import Undefined, negated
from modelqa.stats.sample import Sample

KNOWN = sorted([*EXPECTED, "neg_log_loss", *LOSSES, *(f"neg_{name}" for name in LOSSES)])
MOST_ROWS = 50_000
"""So many labelled rows of the reference, the latest, are looked at."""
LEAST_LIKE = 50
"""As many reference rows of equal weight have to be like the batch's."""


def _known(scorer: str, **_: object) -> Iterator[Complaint]:
    if scorer not in KNOWN:
        close = get_close_matches(scorer, KNOWN, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(KNOWN)}"
        yield None, f"{scorer!r} cannot be estimated without labels ({hint})"


@check(needs=Needs.BATCH | Needs.PREDICTIONS | Needs.REFERENCE, verify=_known)
def estimated(ctx: Context, scorer: Annotated[str, Shape({"enum": KNOWN})]) -> Iterator[Measurement]:
    """What a score will be once the labels are there, judged before they are.

    ``scorer`` is ``roc_auc``, ``accuracy`` (of any number of classes), ``f1``, ``precision``, ``recall`` or
    ``log_loss`` of a classifier that gives probabilities; ``mean_absolute_error``, ``mean_squared_error``
    or ``root_mean_squared_error`` of a regression. It is always marked as an estimate:
    ``estimated_roc_auc``, "not measured".

    The reference has to hold the labels (the same column, some rows may have none), of rows that the model
    was *not* fitted on: on its own training rows a model looks better than it is, and so would the
    estimate. What the probabilities were worth there, and how large the losses were, is carried over to
    the batch; reference rows count as much as they are like the batch's. The interval holds both what
    labels may turn out to be and how well the reference tells; it is of the score of these very rows.
    Rows of a ``group`` are inconclusive: their labels are not drawn one by one.

    Nothing is believed unseen. The reference is cut into chunks of the batch's size, in the order of the
    suite's ``time`` column if there is one, else as it stands; each is estimated without its own labels.
    If 90% intervals held the truth too seldom, or there are too few chunks to tell, or the batch's own
    labels are there and its interval missed them, the check is inconclusive, never green.

    It cannot see a change of what the labels mean (concept drift): rows that look as they did and turn out
    otherwise. That takes labels: `metric` and `drift: error` judge it when they arrive.

    Raises `CheckError` where the score is none of this model's task, or a prediction is missing.

    Example::

        - estimated: roc_auc
          min: 0.85
    """
    name = scorer.removeprefix("neg_")
    batch: Sample = ctx.sample(labelled=False)
    _verify(name, batch)
    estimator, rows, left = _estimator(ctx, name, batch)
    levels = ctx.levels if name == scorer else ctx.levels.mirrored()
    estimate, notes, evidence = _estimated(ctx, estimator, rows, levels)
    if left:
        notes.append(f"without {', '.join(left[:10])}: not in both tables, or of no kind to compare")
    yield Measurement(
        f"estimated_{scorer}",
        estimate if name == scorer else negated(estimate),
        note="; ".join(notes),
        counts="rows, and a reference grown alike,",
        evidence=evidence,
    )


def _estimated(
    ctx: Context, estimator: Estimator, rows: Rows, levels: Levels
) -> tuple[Estimate, list[str], tuple[Evidence, ...]]:
    """The estimate, which no bound can judge where there are doubts; what to say of it, and its past."""
    source = "the model's past losses" if estimator.name in LOSSES else "probabilities"
    notes = [f"estimated from {source}, not measured; a change of what labels mean would not show"]
    try:
        expected = estimator.expect(rows)
        estimate = expected.interval(levels, len(rows))
    except Undefined as reason:
        return Estimate.undefined(n=len(rows)), [str(reason), *notes], ()
    chunks = past(estimator, len(rows))
    arrived = _arrived(ctx, estimator, rows, levels)
    doubts = list(filter(None, (distrust(chunks), *_doubts(expected, arrived))))
    if doubts:
        estimate = unsure(estimate)
        notes.append(f"not to be trusted: {'; '.join(doubts)}")
    if arrived is not None:
        notes.append(_truth(arrived))
    return estimate, notes, (_evidence(chunks, arrived),)


def _doubts(expected: Expected, arrived: Chunk | None) -> Iterator[str]:
    """Why not to trust the estimate of these very rows."""
    if expected.rested < LEAST_LIKE:
        yield f"the reference has few rows like these: {expected.rested:.0f} of equal weight"
    if arrived is not None and not arrived.held:
        yield "its interval missed the labels that are there"


def _verify(name: str, batch: Sample) -> None:
    """Raise `CheckError` where a score cannot be estimated of such predictions."""
    if (name in LOSSES) != (batch.task == "regression"):
        raise CheckError(f"{name} is no score of this task, which is {batch.task}")
    if name in EXPECTED and batch.probabilities is None:
        raise CheckError(f"estimating {name} needs probabilities, and the model gives none")
    if batch.task == "multiclass" and name != "accuracy":
        raise CheckError(f"{name} of more than two classes cannot be estimated; accuracy can")
    _complete(batch, "the batch's")


def _complete(sample: Sample, whose: str) -> None:
    said = sample.predicted if sample.probabilities is None else sample.probabilities
    broken = int(np.count_nonzero(~np.isfinite(said).reshape(len(sample), -1).all(axis=1)))
    if broken:
        rows = f"{broken:,} of {whose} {len(sample):,}"
        raise CheckError(f"{rows} predictions are NaN or infinite: see `errors: rate`")


def _estimator(ctx: Context, name: str, batch: Sample) -> tuple[Estimator, Rows, list[str]]:
    """An estimator that has seen the reference, the batch's rows for it, and features it cannot read."""
    sample: Sample = ctx.reference_sample()
    if sample.task != batch.task:
        raise CheckError(f"the reference is a {sample.task} task, and the batch a {batch.task} one")
    _complete(sample, "the reference's")
    before, after, left = matrices(ctx.features, ctx.reference, ctx.batch)
    order = _latest(ctx)
    labelled = np.cumsum(~ctx.reference_labels().missing) - 1
    reference = Rows(sample.take(labelled[order]), before[order])
    rows = Rows(batch, after)
    if name in LOSSES:
        return *forecaster(name, reference, rows), left
    return Confidence(name, reference), rows, left


def _latest(ctx: Context) -> NDArray[np.intp]:
    """Positions of the reference's labelled rows in order of time, the latest if there are many."""
    known = np.flatnonzero(~ctx.reference_labels().missing)
    if ctx.time is not None and ctx.time in ctx.reference.kinds:
        column = ctx.reference.column(ctx.time)
        known = known[np.argsort(_moments(column)[known], kind="stable")]
    return known[-MOST_ROWS:]


def _moments(column: Column) -> NDArray[Any]:
    """What orders rows: numbers or times; texts by their alphabet, as ISO dates are; missing ones first."""
    if column.kind.categorical and column.categories:
        rank = np.argsort(np.argsort(column.categories))
        return np.where(column.missing, -1, rank[np.where(column.missing, 0, column.values).astype(np.intp)])
    return np.where(column.missing, -np.inf, column.values.astype(float))


def _arrived(ctx: Context, estimator: Estimator, rows: Rows, levels: Levels) -> Chunk | None:
    """The estimate of those rows of the batch whose labels are there, beside their truth."""
    try:
        missing = ctx.labels().missing
    except SubjectError:
        return None
    if missing.all():
        return None
    labelled = replace(rows.take(~missing), sample=ctx.sample())
    found = tried(estimator, labelled, levels)
    return found if found.known else None


def _truth(chunk: Chunk) -> str:
    gap = chunk.estimate.value - chunk.realised
    held = "held" if chunk.held else "missed"
    return f"labels of {chunk.estimate.n:,} rows are there: {chunk.realised:.3g} (gap {gap:+.2g}, {held})"


def _evidence(chunks: tuple[Chunk, ...], arrived: Chunk | None) -> Evidence:
    """The past, chunk by chunk, and the present where it is known."""
    known = [chunk for chunk in chunks if chunk.known]
    data: dict[str, Any] = {
        "estimated": [chunk.estimate.value for chunk in known],
        "low": [chunk.estimate.low for chunk in known],
        "high": [chunk.estimate.high for chunk in known],
        "realised": [chunk.realised for chunk in known],
        "held": sum(chunk.held for chunk in known),
    }
    if arrived is not None:
        data["truth"] = {
            "rows": arrived.estimate.n,
            "estimated": arrived.estimate.value,
            "realised": arrived.realised,
            "gap": arrived.estimate.value - arrived.realised,
            "held": arrived.held,
        }
    return Evidence("estimates", data)
