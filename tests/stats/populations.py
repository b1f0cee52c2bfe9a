"""Populations of many rows, samples of them, and how often an interval or a verdict is wrong.

A sample is drawn with replacement, so the truth of a score is its value on the whole population.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray
from score_samples import of_scores

from modelqa.core.estimate import Levels
from modelqa.stats.intervals import quantile
from modelqa.stats.sample import Sample
from modelqa.stats.scores import find, score_value

ROWS = 200_000
FLOATS = NDArray[np.float64]
BINARY = (
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "jaccard",
    "matthews_corrcoef",
    "f1_macro",
    "f1_weighted",
    "precision_macro",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier_score",
)
CLASSES = ("top_k_accuracy", "f1_macro", "recall_macro")
NUMBERS = ("mean_absolute_error", "root_mean_squared_error", "r2")


@cache
def two_classes(share: float, apart: float = 2.0) -> Sample:
    """Calibrated probabilities whose log-odds are ``apart`` standard deviations apart.

    As many rows are called positive as are positive.
    """
    rng = np.random.default_rng(11)
    truth = rng.random(ROWS) < share
    odds = np.log(share / (1 - share)) + apart * (apart / 2 * (2 * truth - 1) + rng.normal(size=ROWS))
    positive = 1 / (1 + np.exp(-odds))
    return of_scores(truth, positive, float(np.quantile(positive, 1 - share)))


@cache
def many_classes(*shares: float) -> Sample:
    """Classes with these shares, told apart mostly."""
    rng = np.random.default_rng(12)
    k = len(shares)
    truth = rng.choice(k, ROWS, p=shares)
    odds = np.exp(np.log(shares) + rng.normal(size=(ROWS, k)) + 1.5 * np.eye(k)[truth])
    odds /= odds.sum(axis=1, keepdims=True)
    return Sample("multiclass", truth, odds.argmax(axis=1), probabilities=odds, classes=tuple(range(k)))


@cache
def numbers(freedom: float = np.inf) -> Sample:
    """A regression with normal errors, or Student's of some degrees of freedom."""
    rng = np.random.default_rng(13)
    inputs = rng.normal(size=ROWS)
    errors = rng.normal(size=ROWS) if np.isinf(freedom) else rng.standard_t(freedom, ROWS)
    return Sample("regression", 5 + 2 * inputs + errors, 5 + 2 * inputs)


def missed(
    names: Sequence[str],
    rows: Sample,
    n: int,
    levels: Levels,
    runs: int,
    draw: Callable[[np.random.Generator], Sample] | None = None,
) -> dict[str, FLOATS]:
    """For each score how often the truth was below the low end, above the high end, and undefined.

    The first two are shares of the samples on which the score exists. ``p95`` is a quantile.
    """
    rng = np.random.default_rng(n)
    truth = {name: _truth(name, rows) for name in names}
    counts = {name: np.zeros(3) for name in names}
    for _ in range(runs):
        sample = rows.take(rng.integers(0, len(rows), n)) if draw is None else draw(rng)
        for name in names:
            low, high, exists = _ends(name, sample, levels, rng)
            counts[name] += (exists and truth[name] < low, exists and truth[name] > high, not exists)
    shown = {name: max(runs - int(found[2]), 1) for name, found in counts.items()}
    return {name: found / np.array([shown[name], shown[name], runs]) for name, found in counts.items()}


def _truth(name: str, rows: Sample) -> float:
    return float(np.quantile(_errors(rows), 0.95)) if name == "p95" else score_value(name, rows)


def _errors(rows: Sample) -> FLOATS:
    return np.abs(rows.truth - rows.predicted)


def _ends(name: str, sample: Sample, levels: Levels, rng: np.random.Generator) -> tuple[float, float, bool]:
    if name == "p95":
        found = quantile(_errors(sample), 0.95, levels)
    else:
        found, _ = find(name).estimate(sample, levels, rng)
    return found.low, found.high, found.exists


def tail_spent(name: str, rows: Sample, n: int, tail: float, draws: int = 1500) -> tuple[float, float]:
    """How often a healthy model at its bound turns red, in units of the tail, and the error of that.

    Importance sampling (Siegmund 1976): rows are drawn from mixtures tilted along the score's influence
    so that reds are common, and each sample counts by its likelihood ratio, at most four.
    """
    score, truth, rng = find(name), score_value(name, rows), np.random.default_rng(n)
    assert score.measure is not None
    influence = score.measure(rows).influence * (-1 if score.greater_is_better else 1)
    tilts = [0.0, *(_tilt(influence, z / np.sqrt(n)) for z in (3, 4, 5))]
    weights = [np.exp(tilt * influence - (tilt * influence).max()) for tilt in tilts]
    logs = [np.log(np.mean(w)) + (t * influence).max() for w, t in zip(weights, tilts, strict=True)]
    steps = [np.cumsum(w) / w.sum() for w in weights]
    levels = Levels(alpha=tail, beta=0.05, reds="high" if score.greater_is_better else "low")
    found = np.zeros(draws)
    for i in range(draws):
        at = np.minimum(np.searchsorted(steps[i % 4], rng.random(n)), len(rows) - 1)
        total = influence[at].sum()
        if is_red(name, rows.take(at), truth, levels):
            found[i] = 1 / np.mean([np.exp(t * total - n * log) for t, log in zip(tilts, logs, strict=True)])
    return float(found.mean() / tail), float(found.std() / np.sqrt(draws) / tail)


def _tilt(influence: FLOATS, sds: float) -> float:
    """The exponential tilt that moves the mean of the influence by so many of its standard deviations."""
    from scipy.optimize import brentq

    def gap(tilt: float) -> float:
        weights = np.exp(tilt * influence - (tilt * influence).max())
        return float(np.average(influence, weights=weights)) - min(
            sds * influence.std(), 0.9 * influence.max()
        )

    top = 1 / influence.std()
    while gap(top) < 0:
        top *= 2
    return float(brentq(gap, 0, top, xtol=1e-6 * top))


def is_red(name: str, sample: Sample, bound: float, levels: Levels) -> bool:
    """Whether a sample turns a bound red, beyond rounding."""
    found, _ = find(name).estimate(sample, levels, np.random.default_rng(0))
    if not found.exists:
        return False
    slack = 1e-12 * abs(bound)
    return found.high < bound - slack if find(name).greater_is_better else found.low > bound + slack


def side_by_side(job: Callable[[Any], Any], parts: Iterable[Any]) -> list[Any]:
    """The results of a job for every part, on two processors."""
    with get_context("fork").Pool(2) as pool:
        return pool.map(job, list(parts), chunksize=1)


def show(title: str, lines: Iterable[str]) -> None:
    """A table that ``-s`` prints."""
    print(f"\n{title}", *lines, sep="\n")
