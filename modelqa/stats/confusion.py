"""Scores of a confusion table: rates per class, their averages, correlation, likelihood ratios."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.hits import heaviest
from modelqa.stats.intervals import Floats, centred, proportion
from modelqa.stats.linear import Linear, Undefined, estimate
from modelqa.stats.sample import Sample

Measure = Callable[[Sample], Linear]
Exact = Callable[[Sample, Levels], Estimate]


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate of one class: ``scale`` * hits / (weighted sum of hits, true rows, predicted rows).

    ``absent`` says why there is none where the denominator is zero.
    """

    scale: float
    _: KW_ONLY
    hits: float
    true: float
    predicted: float
    absent: str

    def denominator(self, hits: Any, true: Any, predicted: Any) -> Any:
        return self.hits * hits + self.true * true + self.predicted * predicted


PRECISION = Rate(1, hits=0, true=0, predicted=1, absent="no row is predicted positive")
RECALL = Rate(1, hits=0, true=1, predicted=0, absent="no positive rows")
JACCARD = Rate(1, hits=-1, true=1, predicted=1, absent="no positive rows, true or predicted")
F1 = Rate(2, hits=0, true=1, predicted=1, absent="no positive rows, true or predicted")


def table(sample: Sample) -> Floats:
    """The weight of every pair of a true class (row) and a predicted one (column).

    Where a row's prediction is of no class (a negative code), a last class stands for "none".

    >>> table(Sample("binary", np.array([0, 1, 1]), np.array([0, 1, 0])))
    array([[1., 0.],
           [1., 1.]])
    """
    size = known(sample) + bool(codes(sample.predicted).min(initial=0) < 0)
    cells = np.bincount(cell_of(sample, size), weights=sample.weights, minlength=size * size)
    return cells.reshape(size, size).astype(np.float64)


def known(sample: Sample) -> int:
    """How many classes there are, at least two."""
    truth, predicted = codes(sample.truth), codes(sample.predicted)
    return 1 + max(int(truth.max(initial=1)), int(predicted.max(initial=1)), len(sample.classes) - 1)


def cell_of(sample: Sample, size: int) -> NDArray[np.intp]:
    """Each row's place in the flattened table; a prediction of no class is in the last column."""
    predicted = codes(sample.predicted)
    return np.asarray(codes(sample.truth) * size + np.where(predicted < 0, size - 1, predicted))


def codes(array: NDArray[Any]) -> NDArray[np.intp]:
    """Class codes as positions."""
    return np.asarray(array).astype(np.intp, copy=False)


def rate(kind: Rate) -> Measure:
    """The rate of the positive class of a binary task."""

    def measure(sample: Sample) -> Linear:
        cells = table(sample)
        part = Slopes.of(kind, cells)
        if part.denominators[1] <= 0:
            raise Undefined(kind.absent)
        influence, step = lookup(sample, part, np.eye(len(cells))[1])
        trials = float(trials_of(kind, cells, sample)[1])
        value = float(part.values[1])
        return Linear(value, influence, bounds=(0.0, 1.0), trials=trials, scale="counts", step=step)

    return measure


def exact_rate(kind: Rate) -> Exact:
    """The same rate with the exact interval of a share of the rows that its denominator holds.

    F1 = 2J / (1 + J) rises with J = TP / (TP + FP + FN), a share, so its interval is exact too.
    """

    def measure(sample: Sample, levels: Levels) -> Estimate:
        cells = table(sample)
        hits, true, predicted = cells[1, 1], cells[1].sum(), cells[:, 1].sum()
        trials = float(as_share(kind).denominator(hits, true, predicted))
        if trials <= 0:
            raise Undefined(kind.absent)
        share = proportion(float(hits), trials, levels)
        ends = [from_share(kind, end) for end in (share.value, share.low, share.high)]
        return Estimate(ends[0], low=ends[1], high=ends[2], n=len(sample))

    return measure


def as_share(kind: Rate) -> Rate:
    """The rate that is a share of rows, of which this one is a function."""
    return JACCARD if kind is F1 else kind


def from_share(kind: Rate, share: Any) -> Any:
    """The rate as a function of that share."""
    return 2 * share / (1 + share) if kind is F1 else share


@dataclass(frozen=True, slots=True, kw_only=True)
class Slopes:
    """A rate for each class, and its derivatives by the class's hits, true and predicted rows."""

    values: Floats
    denominators: Floats
    by_hits: Floats
    by_true: Floats
    by_predicted: Floats

    @classmethod
    def of(cls, kind: Rate, cells: Floats) -> "Slopes":
        hits, true, predicted = np.diag(cells), cells.sum(axis=1), cells.sum(axis=0)
        below = kind.denominator(hits, true, predicted)
        one = np.divide(1.0, below, out=np.zeros_like(hits), where=below > 0)
        values = kind.scale * hits * one
        return cls(
            values=values,
            denominators=below,
            by_hits=(kind.scale - values * kind.hits) * one,
            by_true=-values * kind.true * one,
            by_predicted=-values * kind.predicted * one,
        )


def lookup(sample: Sample, part: Slopes, shares: Floats) -> tuple[Floats, float]:
    """Each row's influence on the sum of ``shares`` times the rates, and the largest step of a row.

    A rate does not change when all counts are multiplied, so the entries have mean zero (Euler).
    """
    size = len(shares)
    cells = (shares * part.by_true)[:, None] + (shares * part.by_predicted)[None, :]
    cells[np.diag_indices(size)] += shares * part.by_hits
    found = cells.ravel()[cell_of(sample, size)]
    weights = 1.0 if sample.weights is None else sample.weights
    return np.asarray(found * weights * len(sample)), float(np.abs(cells).max() * np.max(weights))


def trials_of(kind: Rate, cells: Floats, sample: Sample) -> Floats:
    """The rows behind the rate of each class, counted without weights."""
    counts = cells if sample.weights is None else cells * (len(sample) / cells.sum())
    hits, true, predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    return np.asarray(as_share(kind).denominator(hits, true, predicted))


def centred_by(values: Floats, weights: Floats | None) -> Floats:
    """What rows add to the error of their own weighted mean."""
    return centred(values, float(np.average(values, weights=weights)), weights)


def matthews(sample: Sample) -> Linear:
    """The correlation of true and predicted classes (Gorodkin 2004), between -1 and 1."""
    cells = table(sample)
    part = cells / cells.sum()
    true, predicted = part.sum(axis=1), part.sum(axis=0)
    apart = (1 - float(predicted @ predicted), 1 - float(true @ true))
    if min(apart) <= 1e-15:
        raise Undefined("all rows are of one class, true or predicted")
    norm = np.sqrt(apart[0] * apart[1])
    value = float((np.trace(part) - true @ predicted) / norm)
    slopes = (np.eye(len(part)) - predicted[:, None] - true[None, :]) / norm + value * (
        (true / apart[1])[:, None] + (predicted / apart[0])[None, :]
    )
    counts = np.concatenate([true[true > 0], predicted[predicted > 0]]) * len(sample)
    influence = centred_by(slopes.ravel()[cell_of(sample, len(part))], sample.weights)
    step = float(np.ptp(slopes)) * heaviest(sample)
    return Linear(
        min(max(value, -1.0), 1.0),
        influence,
        bounds=(-1.0, 1.0),
        trials=float(counts.min()),
        scale="outer",
        step=step,
    )


def matthews_ends(sample: Sample, levels: Levels) -> Estimate:
    """The same correlation, in a binary task at least as far as the exact ends of Jaccard reach.

    A class of few rows may lose all of its hits by chance, and then its spread is not seen. The
    hits of each class among the rows that are or are called that class are a share with an exact
    interval; an end of the correlation is not nearer than where that share's end would put it.
    """
    found = estimate(matthews(sample), sample, levels)
    cells = table(sample)
    if cells.shape != (2, 2):
        return found
    low = min(_correlation(_with_jaccard(cells, k, levels)[0]) for k in (0, 1))
    high = max(_correlation(_with_jaccard(cells, k, levels)[1]) for k in (0, 1))
    return Estimate(found.value, low=min(found.low, low), high=max(found.high, high), n=found.n)


def _with_jaccard(cells: Floats, k: int, levels: Levels) -> tuple[Floats, Floats]:
    """The table if class k had the low, or the high, end of its Jaccard index among the same rows."""
    wrong = cells[0, 1] + cells[1, 0]
    rows = cells[k, k] + wrong
    share = proportion(float(cells[k, k]), float(rows), levels)
    split = np.array([[0.0, cells[0, 1]], [cells[1, 0], 0.0]]) / wrong if wrong else np.eye(2)[::-1] / 2
    kept = np.diag(np.where(np.arange(2) == k, 0.0, np.diag(cells)))
    own = np.diag(np.where(np.arange(2) == k, rows, 0.0))
    low, high = (kept + end * own + (1 - end) * rows * split for end in (share.low, share.high))
    return low, high


def _correlation(cells: Floats) -> float:
    """The correlation of a binary table; where one of its sides is empty there is none."""
    sides = float(np.prod(cells.sum(axis=0)) * np.prod(cells.sum(axis=1)))
    apart = float(cells[0, 0] * cells[1, 1] - cells[0, 1] * cells[1, 0])
    return apart / float(np.sqrt(sides)) if sides > 0 else 0.0


def likelihood_ratio(predicted: Literal[0, 1]) -> Measure:
    """How much likelier a prediction (1 positive, 0 negative) is for positive than for negative rows."""

    def measure(sample: Sample) -> Linear:
        cells = table(sample)
        rows = cells.sum(axis=1)
        above, below = _ratio_shares(cells, predicted)
        weight = (
            np.full(len(sample), float(len(sample)))
            if sample.weights is None
            else len(sample) * sample.weights
        )
        said = (sample.predicted == predicted).astype(np.float64)
        parts = np.where(
            sample.truth == 1, (said - above) / rows[1], -(said - below) * (above / below) / rows[0]
        )
        influence = parts * weight / below
        return Linear(above / below, influence, bounds=(0.0, np.inf), trials=float(rows.min()))

    return measure


def exact_likelihood_ratio(predicted: Literal[0, 1]) -> Exact:
    """The same ratio between the exact ends of its two shares, each at half the levels."""

    def measure(sample: Sample, levels: Levels) -> Estimate:
        cells = table(sample)
        rows, half = cells.sum(axis=1), levels.half()
        above, below = _ratio_shares(cells, predicted)
        # The high end of the ratio takes the low end of what it is divided by.
        over = proportion(float(cells[1, predicted]), float(rows[1]), half)
        under = proportion(float(cells[0, predicted]), float(rows[0]), half.mirrored())
        return Estimate(above / below, low=over.low / under.high, high=over.high / under.low, n=len(sample))

    return measure


def _ratio_shares(cells: Floats, predicted: int) -> tuple[float, float]:
    positives, negatives = cells[1].sum(), cells[0].sum()
    if positives <= 0 or negatives <= 0:
        raise Undefined(f"no {'positive' if positives <= 0 else 'negative'} rows")
    if cells[0, predicted] <= 0:
        raise Undefined(f"no negative row is predicted {'positive' if predicted else 'negative'}")
    return float(cells[1, predicted] / positives), float(cells[0, predicted] / negatives)
