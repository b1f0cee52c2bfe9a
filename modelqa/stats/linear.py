"""A score as a sum over rows: its value and what each row adds to its error.

Every smooth score has such a linear form (its influence function; Hampel 1974), so one place turns
it into an interval, for weighted rows, for groups and for the difference of two models alike.
"""

from dataclasses import KW_ONLY, dataclass
from math import exp, inf, isfinite, log
from typing import Literal

import numpy as np

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.intervals import Floats, Spread, around, counted, independent, proportion, spread, unseen
from modelqa.stats.sample import Sample

Scale = Literal["own", "loss", "error", "log odds", "steady odds", "counts", "outer"]
_ROUNDING = 1e-12
_FEW = 10
"""Below so many trials the spread between rows is not known well enough to be used."""


class Undefined(ValueError):
    """A score that does not exist on these rows; the text says why."""


@dataclass(frozen=True, slots=True)
class Rare:
    """A class that few rows hold, and the mean loss if rows like the others belonged to it."""

    rows: float
    loss: float


@dataclass(frozen=True, slots=True)
class Linear:
    """A score's value and its influence: one centred entry a row, whose mean is the error.

    ``bounds`` are what the score can be. ``trials`` are the rows that carry it: the smallest
    class, the denominator of a rate, or all. ``scale`` is where the interval is made: the score's
    own, that of a positive "loss" or "error" (one whose largest rows may be unseen), the log-odds
    between its bounds ("steady" if its error is about the same all along them and does not grow with
    the score's own skewness), counts of which one weighs at most ``step``, or the outer
    ends of counts and the score's own. ``rare`` are classes that could weigh more than this sample
    shows. ``chance`` is the score of rows in random order: what it may be on the share of trials
    that went unseen. ``flattery`` is how far few rows raise the score; the low end is lowered by it.
    """

    value: float
    influence: Floats
    _: KW_ONLY
    bounds: tuple[float, float]
    trials: float
    scale: Scale = "own"
    step: float = 0.0
    rare: tuple[Rare, ...] = ()
    chance: float = inf
    flattery: float = 0.0


def estimate(linear: Linear, sample: Sample, levels: Levels) -> Estimate:
    """The score's value between its two ends.

    - Counts: see `intervals.counted`.
    - Another bounded score that fewer than ten trials carry is taken for a coin of that many trials,
      whose spread is the largest that values between the bounds can have; one without bounds has
      no known ends, unless all rows carry it.
    - Without any spread the unseen share decides (see `intervals.around`), so that an AUC of 1
      from m rows of the smaller class has the low end tail ** (1 / m).
    - Otherwise Student's t of the influence, on the log-odds scale where the score asks for it,
      and at least as low as if the trials that went unseen had been ranked by chance.
    """
    if not isfinite(linear.value):
        raise Undefined("a label, prediction or weight is not a finite number")
    parts = spread(linear.influence, sample.groups, noise=noise(linear))
    trials = independent(linear.trials, sample.weights, None)
    trials = trials if sample.groups is None else min(trials, parts.parts)
    low, high = _ends(linear, parts, trials, len(sample), levels)
    low = min(low, linear.value - unseen(trials, levels.low) * max(linear.value - linear.chance, 0.0))
    low = max(low - linear.flattery, linear.bounds[0])
    high = max(high, linear.value + _reserve(linear, len(sample), levels.high))
    top = max(linear.bounds[1], linear.value)
    return Estimate(
        linear.value, low=min(low, linear.value), high=min(max(high, linear.value), top), n=len(sample)
    )


def noise(linear: Linear) -> float:
    """Influence below this is rounding: between rows that do not differ."""
    width = linear.bounds[1] - linear.bounds[0]
    return _ROUNDING * (width if isfinite(width) else abs(linear.value))


def _ends(linear: Linear, parts: Spread, trials: float, n: int, levels: Levels) -> tuple[float, float]:
    """The two ends by the score's own scale."""
    bottom, top = linear.bounds
    if linear.scale == "counts":
        return _by_counts(linear, parts, levels)
    if linear.scale == "outer":
        low, high = _by_counts(linear, parts, levels)
        below, above = parts.reach(levels.low, -1), parts.reach(levels.high, 1)
        return max(min(low, linear.value - below), bottom), min(max(high, linear.value + above), top)
    if trials < _FEW and isfinite(top - bottom):
        return _as_coin(linear, trials, levels)
    if trials < min(_FEW, n):
        return linear.bounds
    if linear.scale == "own" or parts.error == 0 or linear.value in (bottom, top):
        return around(linear.value, parts, levels, trials=trials, bounds=linear.bounds)
    if linear.scale in ("loss", "error"):
        return _of_loss(linear, parts, levels)
    return _on_log_odds(linear, parts, levels)


def _of_loss(linear: Linear, parts: Spread, levels: Levels) -> tuple[float, float]:
    """The ends of a mean of positive rows."""
    above = parts.above(levels.high) if linear.scale == "error" else parts.reach(levels.high, 1)
    low = linear.value - parts.below(linear.value, levels.low)
    return low, min(linear.value + above, linear.bounds[1])


def _by_counts(linear: Linear, parts: Spread, levels: Levels) -> tuple[float, float]:
    """The ends of a score between two bounds, as a weighted sum of counts."""
    bottom, top = linear.bounds
    unit = 1 / (top - bottom)
    low, high = counted((linear.value - bottom) * unit, parts, linear.step * unit, levels, unit=unit)
    return bottom + low / unit, bottom + high / unit


def _as_coin(linear: Linear, trials: float, levels: Levels) -> tuple[float, float]:
    """The ends of a score between two bounds, as a share of so many trials."""
    bottom, top = linear.bounds
    coin = proportion((linear.value - bottom) / (top - bottom) * trials, trials, levels)
    return bottom + (top - bottom) * coin.low, bottom + (top - bottom) * coin.high


def _on_log_odds(linear: Linear, parts: Spread, levels: Levels) -> tuple[float, float]:
    """The ends of Student's t on the log-odds scale of the bounds."""
    bottom, width = linear.bounds[0], linear.bounds[1] - linear.bounds[0]
    share = (linear.value - bottom) / width
    slope = 1 / (share * (1 - share) * width)
    curvature = (2 * share - 1) * slope
    odds, bent = log(share / (1 - share)), parts.bent(curvature)
    lean = parts.lean(curvature, levels.low) if linear.scale == "steady odds" else 0.0
    low = _expit(odds - slope * (bent.reach(levels.low, -1) + lean))
    high = _expit(odds + slope * bent.reach(levels.high, 1))
    return bottom + width * low, bottom + width * high


def _expit(odds: float) -> float:
    return 1 / (1 + exp(-odds)) if odds > -700 else 0.0


def _reserve(linear: Linear, n: int, tail: float) -> float:
    """How far a loss could rise if a rare class were as common as these rows allow."""
    levels = Levels(alpha=tail, beta=tail, reds="none")
    return max(
        (
            (proportion(rare.rows, n, levels).high - rare.rows / n) * max(rare.loss - linear.value, 0.0)
            for rare in linear.rare
        ),
        default=0.0,
    )


def negated(estimate: Estimate) -> Estimate:
    """Minus an estimate.

    >>> negated(Estimate(2.0, low=1.0, high=4.0, n=9))
    Estimate(value=-2.0, low=-4.0, high=-1.0, n=9)
    """
    return Estimate(-estimate.value, low=-estimate.high, high=-estimate.low, n=estimate.n)


def carried(trials: Floats, shares: Floats) -> float:
    """The rows that carry an average of rates: the smallest class, as if it were half of the score.

    >>> carried(np.array([10.0, 500.0]), np.array([0.5, 0.5]))
    10.0
    """
    counted = shares > 0
    return float((trials[counted] / np.minimum(2 * shares[counted], 1)).min())


def average(
    parts: list[Linear], shares: Floats, extra: Floats | None = None, *, overlap: float = 1
) -> Linear:
    """The weighted average of scores in [0, 1].

    ``extra`` is the influence of random weights, ``overlap`` how many of the parts a class is in.
    """
    influence = np.zeros_like(parts[0].influence) if extra is None else extra
    for part, share in zip(parts, shares, strict=True):
        influence = influence + share * part.influence
    value = min(float(np.dot(shares, [part.value for part in parts])), 1.0)
    trials = carried(np.array([part.trials for part in parts]), shares * overlap)
    return Linear(
        value,
        influence,
        bounds=(0.0, 1.0),
        trials=trials,
        scale=parts[0].scale,
        chance=max(part.chance for part in parts),
        flattery=float(np.dot(shares, [part.flattery for part in parts])),
    )
