"""`metric`: a scikit-learn score of the model on the labelled rows of the batch."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Annotated, Any

import numpy as np

from modelqa.core.beside import load
from modelqa.core.check import Complaint, Influence, Needs, Shape, check
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.evidence import Evidence
from modelqa.core.ports import Context
from modelqa.core.result import Measurement
from modelqa.errors import CheckError
from modelqa.stats import compare, inverted, scores
from modelqa.stats.functions import Function
from modelqa.stats.linear import Linear, Undefined
from modelqa.stats.sample import Sample
from modelqa.stats.score import Score

Scorer = (
    Annotated[str, Shape({"enum": list(scores.SCORERS)})]
    | Annotated[str, Shape({"pattern": r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$"})]
)
Scored = Score | Function


def _known(scorer: str, **_: object) -> Iterator[Complaint]:
    if ":" in scorer:
        try:
            Function.of(scorer, load(scorer))
        except Exception as error:  # importing a user's module runs its code
            yield None, f"{scorer} cannot be a metric: {type(error).__name__}: {error}"
    elif scorer in scores.UNSUPPORTED:
        yield None, f"{scorer} is not supported: {scores.UNSUPPORTED[scorer]}"
    elif scorer not in scores.SCORERS:
        close = get_close_matches(scorer, scores.SCORERS, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else "; names are those of scikit-learn's scorers"
        yield None, f"unknown scorer {scorer!r}{hint}"


def _needs(scorer: Any, **_: Any) -> Needs:
    known = scores.SCORERS.get(scorer) if isinstance(scorer, str) else None
    return Needs.PREDICTIONS if known and not known.labels else Needs.PREDICTIONS | Needs.LABELS


def _influence(ctx: Context, scorer: str, *, threshold: float | None = None) -> Iterator[Influence]:
    """The score's own influence, or that of the paired difference; none where the score has none."""
    score = scores.SCORERS.get(scorer)
    if score is None or score.measure is None:
        return
    try:
        ours = score.measure(_usable(_sample(ctx, score), score, threshold))
        moved, trials = ours.influence, round(ours.trials) if score.hit is not None else 0
        if ctx.versus is not None:
            theirs = score.measure(_other(ctx, score, threshold))
            times = ours.value / theirs.value if ctx.versus == "relative" and theirs.value else 1.0
            moved, trials = moved - times * theirs.influence, 0
    except Undefined:
        return
    rows = np.full(ctx.batch.rows, np.nan)
    rows[~ctx.labels().missing if score.labels else slice(None)] = moved
    yield Influence(scorer, rows=rows, main=scorer, trials=trials)


def _built_in(scorer: Any, **_: Any) -> bool:
    """Whether the score is ours: a function of one's own may read anything."""
    return isinstance(scorer, str) and ":" not in scorer


@check(needs=_needs, paired=True, verify=_known, influence=_influence, cached=_built_in)
def metric(ctx: Context, scorer: Scorer, *, threshold: float | None = None) -> Iterator[Measurement]:
    """Score predictions against labels, under scikit-learn's scorer names.

    ``scorer`` is any name of ``sklearn.metrics.get_scorer_names()`` for classes or numbers, or its
    positive twin (``log_loss`` for ``neg_log_loss``): each means what it says. Groups are compared
    by Fairlearn's names: ``selection_rate`` (which needs no labels), ``true_positive_rate`` and its
    kin, with ``slices`` and ``across: gap`` or ``ratio``. ``threshold`` moves
    the operating point of a binary classifier for this check. With ``versus: champion`` the value
    is the paired difference candidate - champion on the same rows; bounds in ``%`` are relative to
    the champion's score.

    With ``versus: dummy`` the other is what knows the labels and no feature: scikit-learn's
    ``DummyClassifier(strategy="prior")``, or ``DummyRegressor(strategy="mean")`` for every error of
    a regression, absolute ones too. It is fitted on the reference's labels where the reference has
    the column, else on the batch's own; it always says the most common class, whatever the
    threshold. What does not exist for it (the precision of a class that it never says) is
    inconclusive.

    ``quality.scores:profit`` is a function of your own, ``profit(y_true, y_pred)`` as scikit-learn's
    metrics are written (``sample_weight`` if it can), or a scorer that ``make_scorer`` made, whose
    function, sign, arguments and response are used. It gets your own class labels (truth values as
    0 and 1). Its interval is a bootstrap of the rows (whole groups), fastest if it takes
    ``sample_weight``; a tail that the draws do not resolve is open, so that it cannot turn red by it.

    Rows without a label yet are left out and counted in the note. A score that does not exist on
    these rows (no positives, say) is inconclusive, never green.

    Raises `CheckError` where predictions are missing or a score needs probabilities that the model
    does not give.

    Example::

        - metric: roc_auc
          min: 0.90
    """
    score = Function.of(scorer, load(scorer)) if ":" in scorer else scores.find(scorer)
    sample = _usable(_sample(ctx, score), score, threshold)
    if isinstance(score, Function):
        samples = (sample,) if ctx.versus is None else (sample, _other(ctx, score, threshold))
        estimate, note = score.estimate(samples, ctx.levels, ctx.rng, ctx.versus)
    elif ctx.versus is None:
        estimate, note = score.estimate(sample, ctx.levels, ctx.rng)
    else:
        estimate, note = _compared(ctx, score, sample, threshold)
    if score.labels:
        note = _joined(note, _unlabelled(ctx))
    yield Measurement(
        scorer,
        estimate,
        note=note,
        counts="labelled rows" if score.labels else "rows",
        evidence=() if isinstance(score, Function) else _over_time(ctx, score, sample, threshold, estimate),
    )


def _over_time(
    ctx: Context, score: Score, sample: Sample, threshold: float | None, found: Estimate
) -> tuple[Evidence, ...]:
    """What the score says to whoever looks at many batches; nothing where it has no influence to go by."""
    if score.measure is None or not found.exists:
        return ()
    plain = sample.weights is None and sample.groups is None
    if ctx.versus is None and score.hit is not None and plain:
        hits = score.hit(sample)
        return ctx.over_time(inverted.of_share(int(np.count_nonzero(hits)), len(hits)))
    again, other = _once(score), None if ctx.versus is None else _other(ctx, score, threshold)
    compared = compare.relative if ctx.versus == "relative" else compare.difference

    def at(levels: Levels) -> Estimate:
        if other is None:
            return again.estimate(sample, levels, ctx.rng)[0]
        return compared(again, sample, other, levels, ctx.rng)[0]

    return ctx.over_time(inverted.of_ends(found.value, at, least=inverted.ROUGHLY))


def _once(score: Score) -> Score:
    """The same score, which measures each sample once: only the levels change."""
    measure, known = score.measure, dict[int, Linear]()

    def remembered(sample: Sample) -> Linear:
        if id(sample) not in known:
            known[id(sample)] = measure(sample)  # type: ignore[misc]
        return known[id(sample)]

    return replace(score, measure=remembered)


def _sample(ctx: Context, score: Scored) -> Sample:
    """The labelled rows, or all of them for a score that asks for no truth."""
    sample: Sample = ctx.sample(labelled=score.labels)
    return sample


def _compared(ctx: Context, score: Score, sample: Sample, threshold: float | None) -> tuple[Estimate, str]:
    """The paired difference to the other model, which says so where it is the other that has no score."""
    other = _other(ctx, score, threshold)
    judge = compare.relative if ctx.versus == "relative" else compare.difference
    estimate, note = judge(score, sample, other, ctx.levels, ctx.rng)
    if not estimate.exists:
        theirs, reason = score.estimate(other, ctx.levels, ctx.rng)
        note = note if theirs.exists else f"{score.name} does not exist for the {ctx.against}: {reason}"
    return estimate, note


def _other(ctx: Context, score: Scored, threshold: float | None) -> Sample:
    """The other model's sample; a dummy keeps to what it always says."""
    return _usable(_sample(ctx.other, score), score, threshold if ctx.against == "champion" else None)


def _usable(sample: Sample, score: Scored, threshold: float | None) -> Sample:
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
