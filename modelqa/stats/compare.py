"""Two models on the same rows: the difference of a score, and that divided by the champion's."""

from dataclasses import replace
from math import atan2, copysign, cos, inf, isfinite, nan, pi, sin, sqrt

import numpy as np

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.discordant import paired_shares
from modelqa.stats.intervals import independent, spread, unseen
from modelqa.stats.linear import Linear, Undefined, negated, noise
from modelqa.stats.sample import Sample
from modelqa.stats.scores import Score

Noted = tuple[Estimate, str]
_ANGLES = 180
_FEW = 20
"""Rows of the smallest class below which two models' errors there are not seen often enough."""


def difference(
    score: Score, candidate: Sample, champion: Sample, levels: Levels, rng: np.random.Generator
) -> Noted:
    """Candidate minus champion, both scored on the same rows in the same order, and a note.

    - Shares of hits (accuracy and its kin, recall): from the exact ends of both discordant shares
      (`discordant.paired_shares`).
    - Every smooth score: Student's t of the paired difference of influences; for the area under
      the ROC curve that is DeLong's paired test.
    - Median and largest error, scores that fewer than 20 rows carry (the smallest class), and
      losses of probabilities where a class has fewer than 10 rows: the difference of two intervals
      at half the levels, which forgoes what pairing would gain.

    Where both models say the same of every row, the ends hold the share that the rows can have
    missed times the most that a row can weigh: the range of a bounded score, otherwise the
    largest influence of a row. Raises ``ValueError`` for samples of different rows.
    """
    if score.sign < 0:
        found, note = difference(replace(score, sign=1), candidate, champion, levels.mirrored(), rng)
        return negated(found), note
    _same_rows(candidate, champion)
    try:
        for sample in (candidate, champion):
            score.verify(sample)
        plain = candidate.weights is None and candidate.groups is None
        if score.hit is not None and plain:
            return _paired_hits(score, candidate, champion, levels), ""
        linear = _linear(score, candidate, champion)
        if linear is not None:
            return _paired(*linear, candidate, levels)
    except Undefined as reason:
        return Estimate.undefined(n=len(candidate)), str(reason)
    ours, theirs = _each(score, candidate, champion, levels, rng)
    return independent_difference(ours[0], theirs[0]), ours[1] or theirs[1]


def relative(
    score: Score, candidate: Sample, champion: Sample, levels: Levels, rng: np.random.Generator
) -> Noted:
    """(Candidate - champion) / |champion|, on the same rows, and a note.

    The interval is Fieller's (1954): it holds every ratio r at which candidate - r * champion could
    be zero. An end is infinite where the champion's score is not clearly away from zero.
    Raises ``ValueError`` for samples of different rows.
    """
    if score.sign < 0:
        found, note = relative(replace(score, sign=1), candidate, champion, levels.mirrored(), rng)
        return negated(found), note
    _same_rows(candidate, champion)
    try:
        for sample in (candidate, champion):
            score.verify(sample)
        linear = _linear(score, candidate, champion)
        if linear is not None:
            return _paired_ratio(*linear, candidate, levels)
    except Undefined as reason:
        return Estimate.undefined(n=len(candidate)), str(reason)
    ours, theirs = _each(score, candidate, champion, levels, rng)
    return independent_relative(ours[0], theirs[0]), ours[1] or theirs[1]


def _same_rows(candidate: Sample, champion: Sample) -> None:
    """Refuse samples that cannot be of the same rows."""
    if not np.array_equal(candidate.truth, champion.truth):
        raise ValueError("a paired comparison needs the same labelled rows in the same order")


def _linear(score: Score, candidate: Sample, champion: Sample) -> tuple[Linear, Linear] | None:
    """Both linear forms, or None where there is none, or too few rows carry it for a paired spread."""
    if score.measure is None:
        return None
    ours, theirs = score.measure(candidate), score.measure(champion)
    few = min(ours.trials, theirs.trials) < min(_FEW, len(candidate))
    return None if few or ours.rare else (ours, theirs)


def _each(
    score: Score, candidate: Sample, champion: Sample, levels: Levels, rng: np.random.Generator
) -> tuple[Noted, Noted]:
    """Both scores at half the levels; the champion's ends change places in a difference."""
    half = levels.half()
    return score.estimate(candidate, half, rng), score.estimate(champion, half.mirrored(), rng)


def _paired_hits(score: Score, candidate: Sample, champion: Sample, levels: Levels) -> Estimate:
    """The difference of two shares of hits among the same rows."""
    assert score.hit is not None  # noqa: S101
    ours, theirs = score.hit(candidate), score.hit(champion)
    gained, lost = int(np.count_nonzero(ours & ~theirs)), int(np.count_nonzero(theirs & ~ours))
    return replace(paired_shares(gained, lost, len(ours), levels), n=len(candidate))


def _paired(ours: Linear, theirs: Linear, sample: Sample, levels: Levels) -> Noted:
    """The difference of two linear scores of the same rows."""
    value, n = ours.value - theirs.value, len(sample)
    if not isfinite(value):
        raise Undefined("a label, prediction or weight is not a finite number")
    below, above = _reaches(ours, theirs, sample, levels)
    width = ours.bounds[1] - ours.bounds[0]
    low, high = max(value - below, -width), min(value + above, width)
    return Estimate(value, low=min(low, value), high=max(high, value), n=n), _note(low, high)


def _reaches(ours: Linear, theirs: Linear, sample: Sample, levels: Levels) -> tuple[float, float]:
    """How far the ends of a paired difference lie from its value."""
    parts = spread(ours.influence - theirs.influence, sample.groups, noise=noise(ours))
    if parts.error > 0:
        return parts.reach(levels.low, -1), parts.reach(levels.high, 1)
    trials = independent(ours.trials, sample.weights, sample.groups)
    width = ours.bounds[1] - ours.bounds[0]
    most = width if isfinite(width) else float(np.abs(ours.influence).max(initial=0.0))
    most = most if most > 0 else inf
    return unseen(trials, levels.low) * most, unseen(trials, levels.high) * most


def _paired_ratio(ours: Linear, theirs: Linear, sample: Sample, levels: Levels) -> Noted:
    """Fieller's interval for the ratio of two linear scores, minus one."""
    if not isfinite(ours.value - theirs.value):
        raise Undefined("a label, prediction or weight is not a finite number")
    if theirs.value == 0:
        raise Undefined("the score to compare with is zero")
    size = abs(theirs.value)
    value = (ours.value - theirs.value) / size
    # At the estimated ratio the candidate's error and the champion's are one error.
    gap = ours.influence - (ours.value / theirs.value) * theirs.influence
    if spread(gap, sample.groups, noise=noise(ours)).error == 0:
        below, above = _reaches(ours, theirs, sample, levels)
        low, high = value - below / size, value + above / size
    else:
        low = _fieller(ours, theirs, sample, levels.low, -1)
        high = _fieller(ours, theirs, sample, levels.high, 1)
    return Estimate(value, low=min(low, value), high=max(high, value), n=len(sample)), _note(low, high)


def _fieller(ours: Linear, theirs: Linear, sample: Sample, tail: float, side: int) -> float:
    """One end of (candidate - champion) / |champion|, or an infinity on its side.

    With G the influence of the ratio and M that of the champion's size, both relative to it, an end
    lies d from the ratio where d squared is t squared times the variance of G - d M.
    """
    size = abs(theirs.value)
    ratio = (ours.value - theirs.value) / size
    moved = theirs.influence / theirs.value
    own = (ours.influence - theirs.influence) / size - ratio * moved
    gap, scale = spread(own, sample.groups), spread(moved, sample.groups)
    cross = (spread(own + moved, sample.groups).error ** 2 - gap.error**2 - scale.error**2) / 2
    t = gap.reach(tail, side) / gap.error
    room = 1 - t**2 * scale.error**2
    if room <= 0:
        return side * inf
    tilt = -(t**2) * cross
    return ratio + (tilt + side * sqrt(tilt**2 + room * t**2 * gap.error**2)) / room


def independent_difference(a: Estimate, b: Estimate) -> Estimate:
    """a - b between the ends that both intervals leave; each should stand at half the levels.

    >>> one, other = Estimate(5.0, low=4.0, high=6.0, n=10), Estimate(3.0, low=2.5, high=3.5, n=20)
    >>> independent_difference(one, other)
    Estimate(value=2.0, low=0.5, high=3.5, n=10)
    """
    n = min(a.n, b.n)
    if not (a.exists and b.exists):
        return Estimate.undefined(n=n)
    low, high = a.low - b.high, a.high - b.low
    return Estimate(
        a.value - b.value, low=-inf if low != low else low, high=inf if high != high else high, n=n
    )


def independent_relative(a: Estimate, b: Estimate) -> Estimate:
    """(a - b) / |b| between the ends that both intervals leave; each should stand at half the levels.

    Ends are infinite where b could be zero.

    >>> one, other = Estimate(5.0, low=4.0, high=6.0, n=10), Estimate(4.0, low=2.0, high=5.0, n=20)
    >>> independent_relative(one, other)
    Estimate(value=0.25, low=-0.2, high=2.0, n=10)
    """
    n = min(a.n, b.n)
    if not (a.exists and b.exists) or b.value == 0:
        return Estimate.undefined(n=n)
    value = (a.value - b.value) / abs(b.value)
    if b.low <= 0 <= b.high:
        return Estimate(value, low=-inf, high=inf, n=n)
    corners = [_divided(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    if any(corner != corner for corner in corners):
        return Estimate(value, low=-inf, high=inf, n=n)
    return Estimate(value, low=min(*corners, value), high=max(*corners, value), n=n)


def mover_difference(a: Estimate, b: Estimate, levels: Levels) -> Estimate:
    """a - b of two estimates from different rows, sharper than the corners of both intervals.

    MOVER, the method of variance estimates recovery (Zou and Donner 2008): what each interval
    says of its own error towards the end is added as errors of independent estimates are, so
    low = a - b - sqrt((a - a.low)^2 + (b.high - b)^2), and likewise high. ``a`` stands at the
    ``levels`` of the result and ``b`` at those `mirrored`, neither halved: the low end of the
    result takes the high end of ``b``. Estimates of the same rows are not independent: see `difference`.

    An interval that reaches less far to one side than to the other (a share near 0) uses up its
    side sooner than squares say: its error is then added by a smaller power (`_errors`). With
    exact ends of two shares the tails hold down to 1e-5, where plain squares miss them manifold.

    >>> levels = Levels(alpha=0.05, beta=0.05, reds="none")
    >>> one, other = Estimate(5.0, low=4.7, high=5.3, n=10), Estimate(3.0, low=2.6, high=3.4, n=20)
    >>> mover_difference(one, other, levels)
    Estimate(value=2.0, low=1.5, high=2.5, n=10)
    """
    n = min(a.n, b.n)
    if not (a.exists and b.exists):
        return Estimate.undefined(n=n)
    value = a.value - b.value
    below = max(x + y for x, y in _errors(a, negated(b), levels))
    above = max(x + y for x, y in _errors(negated(a), b, levels.mirrored()))
    return Estimate(value, low=value - below, high=value + above, n=n)


def mover_ratio(a: Estimate, b: Estimate, levels: Levels) -> Estimate:
    """a / b of two estimates from different rows that cannot be negative, at levels as in `mover_difference`.

    Donner and Zou (2012): an end is the ratio r at which the MOVER end of a - r * b is zero. The high
    end is infinite where ``b`` may be zero, and both are where one of the two may be negative.

    >>> levels = Levels(alpha=0.05, beta=0.05, reds="none")
    >>> one, other = Estimate(6.0, low=5.0, high=7.0, n=10), Estimate(3.0, low=2.5, high=3.5, n=20)
    >>> found = mover_ratio(one, other, levels)
    >>> round(found.low, 3), found.value, round(found.high, 3)
    (1.576, 2.0, 2.539)
    """
    n = min(a.n, b.n)
    if not (a.exists and b.exists) or b.value == 0:
        return Estimate.undefined(n=n)
    value = a.value / b.value
    if min(a.low, b.low) < 0:
        return Estimate(value, low=-inf, high=inf, n=n)
    low = min((a.value - x) / (b.value + y) for x, y in _errors(a, negated(b), levels))
    up = _errors(negated(a), b, levels.mirrored())
    high = max((a.value + x) / (b.value - y) if y < b.value else inf for x, y in up)
    return Estimate(value, low=min(low, value), high=max(high, value), n=n)


def _errors(a: Estimate, b: Estimate, levels: Levels) -> list[tuple[float, float]]:
    """Errors of both estimates towards their low ends that are, together, as rare as either alone.

    Of normal estimates they lie on an ellipse, cos and sin of its angles. An end that is a share s < 1
    as far away as the other, in units of the normal quantiles of their tails, takes the power s of them:
    that holds for sums of Poisson counts, whose exact ends are gamma quantiles, at tails from 0.05
    to 1e-5 (within 3% of the reach for one or two counts, conservative for more).
    """
    ones, others = _to_low(a, levels), _to_low(b, levels)
    best = atan2(others[0], ones[0]) if isfinite(ones[0] + others[0]) else 0.0
    angles = [*(pi / 2 * step / _ANGLES for step in range(_ANGLES + 1)), best]
    return [(_error(ones, cos(angle)), _error(others, sin(angle))) for angle in angles]


def _to_low(estimate: Estimate, levels: Levels) -> tuple[float, float]:
    """How far the low end is away, and that as a share of the way to the high one, at most 1."""
    from scipy.special import ndtri

    below, above = estimate.value - estimate.low, estimate.high - estimate.value
    units = [max(float(-ndtri(tail)), 1e-9) for tail in (levels.low, levels.high)]
    share = below * units[1] / (above * units[0]) if isfinite(below) and above > 0 else 1.0
    return below, min(share, 1.0)


def _error(end: tuple[float, float], part: float) -> float:
    reach, power = end
    return reach * part**power if min(reach, part) > 0 else 0.0


def _divided(a: float, b: float) -> float:
    """(a - b) / |b|, also where one of the two is infinite."""
    if not isfinite(b):
        return nan if not isfinite(a) else copysign(1.0, -b)
    return (a - b) / abs(b)


def _note(low: float, high: float) -> str:
    return (
        ""
        if isfinite(low) and isfinite(high)
        else "an end of the interval is beyond what these rows can tell"
    )
