"""Models, labelled reference rows, and drifted chunks of rows of the same world: no concept drifts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelqa.stats.estimation import Rows
from modelqa.stats.sample import Sample

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """A fitted model, its labelled reference, and rows that neither of them has seen."""

    name: str
    reference: Rows
    pool: Rows
    size: int

    def chunks(self, count: int, rng: np.random.Generator, tilt: float = 1.0) -> Iterator[Rows]:
        """Chunks drawn from the pool without replacement, tilted along random directions of the features.

        The odds of a row to be drawn are exp(t s), with s its standardised place along a direction and t
        up to ``tilt``: from no drift to a mean that moves by a whole standard deviation.
        """
        features = self.pool.features
        scaled = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9)
        for _ in range(count):
            place = scaled @ rng.normal(size=scaled.shape[1])
            odds = rng.uniform(0, tilt) * place / place.std()
            drawn = np.argsort(-(odds + rng.gumbel(size=len(odds))))[: self.size]
            yield self.pool.take(np.sort(drawn))


def sampled(model: Any, features: Floats, truth: NDArray[Any]) -> Sample:
    """Labelled rows with what a model says of them."""
    if not hasattr(model, "predict_proba"):
        return Sample("regression", truth.astype(float), model.predict(features))
    shares = model.predict_proba(features)
    codes = shares.argmax(axis=1)
    task: Any = "binary" if shares.shape[1] == 2 else "multiclass"
    classes = tuple(range(shares.shape[1]))
    return Sample(task, truth.astype(np.intp), codes, probabilities=shares, classes=classes)


def world(
    name: str, features: Floats, truth: NDArray[Any], model: BaseEstimator, size: int, seed: int
) -> World:
    """A third of the rows each to train on, for reference, and to draw chunks from."""
    parts = np.array_split(np.random.default_rng(seed).permutation(len(truth)), 3)
    fitted = make_pipeline(StandardScaler(), model).fit(features[parts[0]], truth[parts[0]])
    sides = [Rows(sampled(fitted, features[at], truth[at]), features[at]) for at in parts[1:]]
    return World(name, sides[0], sides[1], size)


def tangled(rows: int, seed: int, base: float = 0.0) -> tuple[Floats, NDArray[np.intp]]:
    """Eight features, of which five matter, two only together and one by its square."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 8))
    odds = base + x[:, 0] + 0.7 * x[:, 1] - 0.5 * x[:, 2] + 0.6 * x[:, 0] * x[:, 3] + 0.4 * (x[:, 4] ** 2 - 1)
    return x, (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.intp)


def bumpy(rows: int, seed: int) -> tuple[Floats, Floats]:
    """Numbers with a noise that grows along one feature, and a bend that a line cannot follow."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 6))
    truth = 3 * x[:, 0] + x[:, 1] ** 2 + x[:, 2] * x[:, 3] + rng.normal(size=rows) * np.exp(0.4 * x[:, 4])
    return x, truth


def _logistic(seed: int) -> World:
    return world("tangled, logistic", *tangled(15_000, seed), LogisticRegression(), 500, seed)


def _forest(seed: int) -> World:
    forest = RandomForestClassifier(60, min_samples_leaf=5, random_state=0)
    return world("tangled, forest", *tangled(15_000, seed), forest, 500, seed)


def _bayes(seed: int) -> World:
    x, truth = tangled(15_000, seed)
    return world(
        "tangled, naive bayes", np.column_stack([x, x[:, 0] + 0.1 * x[:, 5]]), truth, GaussianNB(), 500, seed
    )


def _boosted(seed: int) -> World:
    trees = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    return world("tangled, boosted", *tangled(15_000, seed), trees, 500, seed)


def _rare(seed: int) -> World:
    return world("rare, logistic", *tangled(30_000, seed, base=-3.0), LogisticRegression(), 1000, seed)


def _breast(seed: int) -> World:
    data = load_breast_cancer()
    return world("breast cancer", data.data[:, :10], data.target, LogisticRegression(), 80, seed)


def _digits(seed: int) -> World:
    data = load_digits()
    kept = data.data[:, data.data.std(axis=0) > 2]
    return world("digits, 5 and more", kept, data.target >= 5, LogisticRegression(C=0.01), 150, seed)


def _line(seed: int) -> World:
    return world("bumpy, line", *bumpy(12_000, seed), LinearRegression(), 500, seed)


def _grove(seed: int) -> World:
    forest = RandomForestRegressor(30, min_samples_leaf=5, random_state=0)
    return world("bumpy, forest", *bumpy(12_000, seed), forest, 500, seed)


def _ladder(seed: int) -> World:
    trees = HistGradientBoostingRegressor(max_iter=60, random_state=0)
    return world("bumpy, boosted", *bumpy(12_000, seed), trees, 500, seed)


def _diabetes(seed: int) -> World:
    data = load_diabetes()
    return world("diabetes", data.data, data.target, LinearRegression(), 60, seed)


BINARY: tuple[Callable[[int], World], ...] = (_logistic, _forest, _bayes, _boosted, _rare, _breast, _digits)
NUMBERS: tuple[Callable[[int], World], ...] = (_line, _grove, _ladder, _diabetes)
