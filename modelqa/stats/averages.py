"""Averages of a rate over classes: macro, weighted, and balanced accuracy."""

from typing import Literal

import numpy as np

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.confusion import (
    Exact,
    Measure,
    Rate,
    Slopes,
    centred_by,
    codes,
    from_share,
    known,
    lookup,
    table,
    trials_of,
)
from modelqa.stats.intervals import Floats, proportion
from modelqa.stats.linear import Linear, Undefined, carried, estimate
from modelqa.stats.sample import Sample

Average = Literal["macro", "weighted"]


def averaged(kind: Rate, how: Average, *, of_true: bool = False) -> Measure:
    """The average of a rate over the classes that occur; ``of_true``: only over those of true rows."""

    def measure(sample: Sample) -> Linear:
        cells = table(sample)
        part, shares = Slopes.of(kind, cells), _class_shares(cells, sample, how, of_true)
        influence, step = lookup(sample, part, shares)
        if how == "weighted":
            true = codes(sample.truth)
            influence = influence + centred_by(part.values[true], sample.weights)
        trials = carried(trials_of(kind, cells, sample), shares)
        value = min(float(np.dot(shares, part.values)), 1.0)
        return Linear(value, influence, bounds=(0.0, 1.0), trials=trials, scale="counts", step=step)

    return measure


def _class_shares(cells: Floats, sample: Sample, how: Average, of_true: bool) -> Floats:
    """What each class counts in an average. Raises `Undefined` where a known class has no true rows."""
    true = cells.sum(axis=1)
    missing = int((true[: len(sample.classes)] <= 0).sum())
    if missing:
        raise Undefined(f"{missing} of {len(sample.classes)} classes have no rows")
    if how == "weighted":
        return np.asarray(true / true.sum())
    present = true > 0 if of_true else true + cells.sum(axis=0) > 0
    present[known(sample) :] = False
    return np.asarray(present / present.sum())


def average_ends(kind: Rate, how: Average, *, of_true: bool = False) -> Exact:
    """The same average between the outer ends of two intervals, each good where the other is not.

    One counts all rows together (`intervals.counted`), for few errors in many classes. The other
    recovers its ends from the exact ends of each class, for a class of few rows: MOVER (Zou and
    Donner 2008) with the ends of Clopper and Pearson. Its reach is sqrt(u' R u), u the reaches of
    the classes and R the correlation of their rates, taken with one more row spread over the table
    so that a table without errors has one too.
    """
    pooled = averaged(kind, how, of_true=of_true)

    def measure(sample: Sample, levels: Levels) -> Estimate:
        cells = table(sample)
        shares, part = _class_shares(cells, sample, how, of_true), Slopes.of(kind, cells)
        trials = trials_of(kind, cells, sample)
        ends = np.array(
            [_class_ends(kind, h, t, levels) for h, t in zip(np.diag(cells), trials, strict=True)]
        )
        mix = _mix_reach(part.values, shares, len(sample), levels) if how == "weighted" else (0.0, 0.0)
        together = estimate(pooled(sample), sample, levels)
        at_low, at_high = (_correlation(kind, _at(kind, cells, end), how) for end in ends.T)
        known = trials > 0
        below = _joint(np.append(shares * (part.values - ends[:, 0]), mix[0]), at_low)
        above = _joint(np.append(shares * known * (ends[:, 1] - part.values), mix[1]), at_high)
        above += float(shares @ ~known)
        low, high = min(together.value - below, together.low), max(together.value + above, together.high)
        return Estimate(together.value, low=max(low, 0.0), high=min(high, 1.0), n=len(sample))

    return measure


def _at(kind: Rate, cells: Floats, ends: Floats) -> Floats:
    """The table with as many errors of each class as would show one end of its rate, of the same rows."""
    filled = cells + 1 / cells.size
    grown = np.sqrt((1 - ends) / (1 - Slopes.of(kind, filled).values))
    moved = filled * np.outer(grown, grown)
    np.fill_diagonal(moved, 0.0)
    np.fill_diagonal(moved, np.maximum(filled.sum(axis=1) - moved.sum(axis=1), 1 / cells.size))
    return np.asarray(moved)


def _class_ends(kind: Rate, hits: float, trials: float, levels: Levels) -> tuple[float, float]:
    if trials <= 0:
        return 0.0, 1.0
    share = proportion(hits, trials, levels)
    return from_share(kind, share.low), from_share(kind, share.high)


def _mix_reach(values: Floats, shares: Floats, n: int, levels: Levels) -> tuple[float, float]:
    """How far the average may be off because the sizes of the classes are estimated."""
    from scipy.special import ndtri

    spread = np.sqrt(np.dot(shares, (values - np.dot(shares, values)) ** 2) / n)
    return float(-ndtri(levels.low) * spread), float(-ndtri(levels.high) * spread)


def _correlation(kind: Rate, cells: Floats, how: Average) -> Floats:
    """The correlations of the classes' rates and, last, of what the sizes of the classes add."""
    part = Slopes.of(kind, cells)
    true, predicted, hits = cells.sum(axis=1), cells.sum(axis=0), np.diag(cells)
    size = len(hits)
    crossed = cells * np.outer(part.by_true, part.by_predicted)
    joint = np.zeros((size + 1, size + 1))
    joint[:size, :size] = crossed + crossed.T
    whole = part.by_hits + part.by_true + part.by_predicted
    joint[np.arange(size), np.arange(size)] = (
        hits * whole**2 + (true - hits) * part.by_true**2 + (predicted - hits) * part.by_predicted**2
    )
    if how == "weighted":
        off = part.values - np.dot(true, part.values) / true.sum()
        with_mix = (part.by_hits * hits + part.by_true * true) * off + part.by_predicted * (off @ cells)
        joint[size, :size] = joint[:size, size] = with_mix / true.sum()
        joint[size, size] = np.dot(true, off**2) / true.sum() ** 2
    scale = np.sqrt(np.diag(joint))
    unit = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    related = np.asarray(joint * np.outer(unit, unit))
    related[np.diag_indices(size + 1)] = 1.0
    return related


def _joint(reaches: Floats, related: Floats) -> float:
    return float(np.sqrt(max(float(reaches @ related @ reaches), 0.0)))
