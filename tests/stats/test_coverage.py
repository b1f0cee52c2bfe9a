"""How often intervals hold the truth: small seeded simulations, with room for their own chance."""

import numpy as np
import pytest
from score_samples import BOTH, of_scores

from modelqa.core.estimate import Levels
from modelqa.stats.compare import difference
from modelqa.stats.sample import Sample
from modelqa.stats.scores import find, score_value

ROWS, RUNS = 200_000, 300
CLASSES = ("accuracy", "f1", "roc_auc", "log_loss", "balanced_accuracy", "brier_score")


def population(share: float) -> Sample:
    """Many rows with calibrated probabilities; as many predicted as there are positives."""
    rng = np.random.default_rng(11)
    truth = rng.random(ROWS) < share
    odds = np.log(share / (1 - share)) + 2 * (2 * truth + rng.normal(size=ROWS)) - 2
    positive = 1 / (1 + np.exp(-odds))
    return of_scores(truth, positive, float(np.quantile(positive, 1 - share)))


def covered(names: tuple[str, ...], rows: Sample, n: int, levels: Levels) -> dict[str, float]:
    """The share of samples of n rows whose interval holds the truth; undefined ones hold it."""
    rng = np.random.default_rng(n)
    truth = {name: score_value(name, rows) for name in names}
    held = dict.fromkeys(names, 0)
    for _ in range(RUNS):
        sample = rows.take(rng.integers(0, len(rows), n))
        for name in names:
            found, _note = find(name).estimate(sample, levels, rng)
            held[name] += found.low <= truth[name] <= found.high
    return {name: count / RUNS for name, count in held.items()}


@pytest.mark.parametrize("n", [50, 200, 1000])
@pytest.mark.parametrize("share", [0.5, 0.05, 0.01])
def test_classification_intervals_hold_the_truth(share: float, n: int) -> None:
    """95% intervals hold it 94.5% of the time, less three standard errors of this simulation."""
    found = covered(CLASSES, population(share), n, BOTH)
    assert min(found.values()) >= 0.945 - 3 * np.sqrt(0.05 * 0.95 / RUNS), found


@pytest.mark.parametrize("n", [50, 200, 1000])
def test_regression_intervals_hold_the_truth(n: int) -> None:
    """The same of errors and explained variance with normal errors."""
    rng = np.random.default_rng(12)
    inputs = rng.normal(size=ROWS)
    rows = Sample("regression", 2 * inputs + rng.normal(size=ROWS), 2 * inputs)
    names = ("root_mean_squared_error", "r2", "mean_absolute_error", "median_absolute_error")
    found = covered(names, rows, n, BOTH)
    assert min(found.values()) >= 0.945 - 3 * np.sqrt(0.05 * 0.95 / RUNS), found


def test_far_tails_are_kept() -> None:
    """At tails of 1e-4 not one of 300 healthy samples may fall outside."""
    levels = Levels(alpha=1e-4, beta=1e-4, reds="none")
    found = covered(CLASSES, population(0.05), 200, levels)
    assert min(found.values()) >= 1 - 2 / RUNS, found


@pytest.mark.parametrize("n", [50, 1000])
def test_paired_differences_hold_the_truth(n: int) -> None:
    """Intervals of the difference of two models on the same rows hold the true difference."""
    rows, rng = population(0.5), np.random.default_rng(13)
    odds = np.log(rows.probabilities[:, 1] / rows.probabilities[:, 0])  # type: ignore[index]
    other = of_scores(rows.truth, 1 / (1 + np.exp(-odds - rng.normal(size=ROWS))))
    names = ("accuracy", "roc_auc", "log_loss", "f1")
    truth = {name: score_value(name, rows) - score_value(name, other) for name in names}
    held = dict.fromkeys(names, 0)
    for _ in range(RUNS):
        at = rng.integers(0, ROWS, n)
        for name in names:
            found, _note = difference(find(name), rows.take(at), other.take(at), BOTH, rng)
            held[name] += found.low <= truth[name] <= found.high
    assert min(held.values()) / RUNS >= 0.945 - 3 * np.sqrt(0.05 * 0.95 / RUNS), held
