"""The opponent that has learnt nothing: what scikit-learn's Dummy estimators would say of the same rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Predictions, Table
from modelqa.run.encode import class_of, objects, weights_of
from modelqa.stats.sample import Sample

Labels = tuple[NDArray[Any], NDArray[np.float64] | None]
"""Labels, none of them missing, and the weights of their rows."""


@dataclass(frozen=True, slots=True)
class Dummy:
    """One answer for every row: the most common class with the classes' shares, or the mean label.

    It is ``DummyClassifier(strategy="prior")`` or ``DummyRegressor(strategy="mean")``, computed and
    not fitted. The mean stands for every error of a regression, the absolute ones too: one opponent,
    the one that R2 is measured against. ``classes`` and ``shares`` are empty in a regression;
    a class that only the fitted labels have keeps its share, which no row then gets.
    """

    value: Any
    classes: tuple[Any, ...] = ()
    shares: tuple[float, ...] = ()

    @classmethod
    def fit(cls, sample: Sample, labels: Labels | None = None) -> Self:
        """Fitted on labels that are known from elsewhere, else on those of the sample itself.

        >>> Dummy.fit(Sample("regression", np.array([1.0, 5.0]), np.zeros(2))).value
        3.0
        >>> rows = Sample("binary", np.array([0, 1, 1, 1]), np.zeros(4), classes=("no", "yes"))
        >>> Dummy.fit(rows).value, Dummy.fit(rows).shares
        ('yes', (0.25, 0.75))
        """
        truth, weights = labels or (sample.truth, sample.weights)
        if sample.task == "regression":
            return cls(float(np.average(truth.astype(np.float64), weights=weights)))
        if labels is not None:
            return cls._of(_totals(truth, weights), sample.classes)
        totals = np.bincount(truth, weights=weights, minlength=len(sample.classes))
        return cls._of(dict(zip(sample.classes, totals.tolist(), strict=True)), sample.classes)

    @classmethod
    def _of(cls, totals: Mapping[Any, float], classes: tuple[Any, ...]) -> Self:
        everything = sum(totals.values())
        # Of classes that are equally common it names the first in order, as scikit-learn does.
        order = sorted(totals, key=lambda name: (isinstance(name, str), name))
        most = max(order, key=lambda name: totals[name])
        return cls(most, classes, tuple(totals.get(name, 0.0) / everything for name in classes))

    def sample(self, rows: Sample) -> Sample:
        """Its answers to the labelled rows of a model's sample."""
        if not self.classes:
            return replace(rows, predicted=np.full(len(rows), self.value), probabilities=None)
        code = self.classes.index(self.value) if self.value in self.classes else -1
        return replace(
            rows,
            predicted=np.full(len(rows), code, dtype=np.intp),
            probabilities=np.tile(np.array(self.shares), (len(rows), 1)),
        )

    def predictions(self, rows: int) -> Predictions:
        """Its answers to so many rows, as a model gives them."""
        if not self.classes:
            return Predictions(np.full(rows, self.value))
        return Predictions(
            np.array([self.value] * rows),
            probabilities=np.tile(np.array(self.shares), (rows, 1)),
            classes=self.classes,
        )


def known(table: Table | None, name: str | None, weights: str | None) -> Labels | None:
    """The labels that a table has in a column, weighted where it has the weights too; None without any."""
    if table is None or name is None or name not in table.kinds:
        return None
    labels = table.column(name)
    here = ~labels.missing
    heavy = weights_of(table.column(weights))[here] if weights in table.kinds and weights else None
    return (objects(labels)[here], heavy) if here.any() else None


def _totals(truth: NDArray[Any], weights: NDArray[np.float64] | None) -> Mapping[Any, float]:
    """The weight of each class."""
    totals: dict[Any, float] = {}
    names, codes = np.unique(truth, return_inverse=True)
    for name, total in zip(names.tolist(), np.bincount(codes, weights=weights).tolist(), strict=True):
        totals[class_of(name)] = totals.get(class_of(name), 0.0) + total
    return totals
