"""Seeded samples of every task, and how scikit-learn scores them."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Levels
from modelqa.stats.sample import Sample

BOTH = Levels(alpha=0.025, beta=0.025, reds="none")


def of_scores(truth: NDArray[Any], positive: NDArray[np.float64], threshold: float = 0.5) -> Sample:
    """A binary sample from labels and probabilities of the positive class."""
    return Sample(
        "binary",
        truth.astype(np.intp),
        (positive > threshold).astype(np.intp),
        probabilities=np.column_stack([1 - positive, positive]),
        classes=(0, 1),
    )


def binary(n: int = 300, seed: int = 0, *, share: float = 0.4, ties: bool = False) -> Sample:
    """A binary sample whose scores tell the classes apart, mostly."""
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < share
    positive = 1 / (1 + np.exp(-(2 * truth - 1 + rng.normal(size=n))))
    return of_scores(truth, np.round(positive, 1) if ties else positive)


def multiclass(n: int = 400, seed: int = 0, *, k: int = 4) -> Sample:
    """A multiclass sample with unequal classes."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(k, n, p=np.arange(1, k + 1) / (k * (k + 1) / 2))
    odds = np.exp(rng.normal(size=(n, k)) + 1.5 * np.eye(k)[truth])
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    said = probabilities.argmax(axis=1)
    return Sample("multiclass", truth, said, probabilities=probabilities, classes=tuple(range(k)))


def regression(n: int = 200, seed: int = 0, *, error: float = 0.3) -> Sample:
    """A regression with labels and predictions above zero."""
    rng = np.random.default_rng(seed)
    truth = rng.lognormal(size=n)
    return Sample("regression", truth, truth * np.exp(error * rng.normal(size=n)))


def sklearn_value(name: str, sample: Sample) -> float:
    """What scikit-learn's scorer of that name would say of these predictions."""
    from sklearn import metrics

    scorer = metrics.get_scorer(name)
    keywords = dict(scorer._kwargs)
    said = sample.predicted
    if scorer._response_method != "predict" and sample.probabilities is not None:
        ranks = sample.task == "binary" and name.startswith(("roc_auc", "average_precision"))
        said = sample.probabilities[:, 1] if ranks else sample.probabilities
        if ranks:
            keywords = {}
    if name.endswith(("_macro", "_weighted")) and not name.startswith("roc_auc"):
        keywords["zero_division"] = 0
    if sample.weights is not None:
        keywords["sample_weight"] = sample.weights
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(scorer._sign * scorer._score_func(sample.truth, said, **keywords))
