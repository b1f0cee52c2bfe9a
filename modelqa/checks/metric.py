"""`metric`: a scikit-learn score of the model on the labelled rows of the batch."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Annotated, Any

import numpy as np

from modelqa.core.ports import Complaint, Context, Needs, Shape, check
from modelqa.core.result import Measurement
from modelqa.errors import CheckError
from modelqa.stats import compare, scores
from modelqa.stats.sample import Sample

Scorer = Annotated[str, Shape({"enum": list(scores.SCORERS)})]


def _known(scorer: str, **_: object) -> Iterator[Complaint]:
    if scorer in scores.UNSUPPORTED:
        yield None, f"{scorer} is not supported: {scores.UNSUPPORTED[scorer]}"
    elif scorer not in scores.SCORERS:
        close = get_close_matches(scorer, scores.SCORERS, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else "; names are those of scikit-learn's scorers"
        yield None, f"unknown scorer {scorer!r}{hint}"


def _needs(scorer: Any) -> Needs:
    known = scores.SCORERS.get(scorer) if isinstance(scorer, str) else None
    return Needs.PREDICTIONS if known and not known.labels else Needs.PREDICTIONS | Needs.LABELS


@check(needs=_needs, paired=True, verify=_known)
def metric(ctx: Context, scorer: Scorer, *, threshold: float | None = None) -> Iterator[Measurement]:
    """Score predictions against labels, under scikit-learn's scorer names.

    ``scorer`` is any name of ``sklearn.metrics.get_scorer_names()`` for classes or numbers, or its
    positive twin (``log_loss`` for ``neg_log_loss``): each means what it says. Groups are compared
    by Fairlearn's names: ``selection_rate`` (which needs no labels), ``true_positive_rate`` and its
    kin, with ``slices`` and ``across: gap`` or ``ratio``. ``threshold`` moves
    the operating point of a binary classifier for this check. With ``versus: champion`` the value
    is the paired difference candidate - champion on the same rows; bounds in ``%`` are relative to
    the champion's score.

    Rows without a label yet are left out and counted in the note. A score that does not exist on
    these rows (no positives, say) is inconclusive, never green.

    Raises `CheckError` where predictions are missing or a score needs probabilities that the model
    does not give.

    Example::

        - metric: roc_auc
          min: 0.90
    """
    score = scores.find(scorer)
    sample = _usable(_sample(ctx, score), score, threshold)
    if ctx.versus is None:
        estimate, note = score.estimate(sample, ctx.levels, ctx.rng)
    else:
        other = _usable(_sample(ctx.champion, score), score, threshold)
        judge = compare.relative if ctx.versus == "relative" else compare.difference
        estimate, note = judge(score, sample, other, ctx.levels, ctx.rng)
    if score.labels:
        note = _joined(note, _unlabelled(ctx))
    yield Measurement(scorer, estimate, note=note, counts="labelled rows" if score.labels else "rows")


def _sample(ctx: Context, score: scores.Score) -> Sample:
    """The labelled rows, or all of them for a score that asks for no truth."""
    sample: Sample = ctx.sample(labelled=score.labels)
    return sample


def _usable(sample: Sample, score: scores.Score, threshold: float | None) -> Sample:
    """The sample as this score reads it. Raises `CheckError` where it cannot."""
    if sample.task not in score.tasks:
        tasks = " or ".join(sorted(score.tasks))
        raise CheckError(f"{score.name} is a score of {tasks} tasks, and this one is {sample.task}")
    if score.response == "probability" and sample.probabilities is None:
        raise CheckError(f"{score.name} needs probabilities, and the model gives none")
    if threshold is not None:
        if sample.task != "binary" or sample.positive is None:
            raise CheckError("threshold: only a binary classifier with probabilities has an operating point")
        sample = replace(sample, predicted=(sample.positive >= threshold).astype(np.intp))
    shares = sample.probabilities
    said = sample.predicted if score.response != "probability" or shares is None else shares
    broken = int(np.count_nonzero(~np.isfinite(said).reshape(len(sample), -1).all(axis=1)))
    if broken:
        raise CheckError(f"{broken:,} of {len(sample):,} predictions are NaN or infinite: no score exists")
    return sample


def _unlabelled(ctx: Context) -> str:
    return f"{ctx.unlabelled:,} rows have no label yet" if ctx.unlabelled else ""


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
