"""Scores of rows whose truth is not known, only how likely it is: value, and what each row adds to it."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from modelqa.stats.intervals import Floats
from modelqa.stats.linear import Undefined
from modelqa.stats.losses import log_loss
from modelqa.stats.sample import Sample


@dataclass(frozen=True, slots=True)
class Likely:
    """Rows and how likely each is what its score counts: positive, or for ``hits`` predicted rightly."""

    sample: Sample
    chance: Floats

    @property
    def weights(self) -> Floats:
        """What each row counts."""
        given = self.sample.weights
        return np.ones(len(self.chance)) if given is None else given

    @property
    def said_yes(self) -> Floats:
        """The weights of the rows that were predicted positive; 0 for all others."""
        return np.where(self.sample.predicted == 1, self.weights, 0.0)


Found = tuple[float, Floats]
"""A score's expected value, and its change with the truth of each row."""


def accuracy(rows: Likely) -> Found:
    """The expected share of right decisions: the mean chance of the class that was decided."""
    yes, weights = rows.sample.predicted == 1, rows.weights / rows.weights.sum()
    right = np.where(yes, rows.chance, 1 - rows.chance)
    return float(weights @ right), np.where(yes, weights, -weights)


def hits(rows: Likely) -> Found:
    """The same of rows whose chance is already that of a right decision: of many classes."""
    weights = rows.weights / rows.weights.sum()
    return float(weights @ rows.chance), weights


def precision(rows: Likely) -> Found:
    """Expected true positives by predicted positives."""
    yes = rows.said_yes
    if not yes.sum() > 0:
        raise Undefined("no row is predicted positive")
    return float(yes @ rows.chance / yes.sum()), yes / yes.sum()


def recall(rows: Likely) -> Found:
    """Expected true positives by expected positives."""
    positives = float(rows.weights @ rows.chance)
    value = float(rows.said_yes @ rows.chance) / positives
    return value, (rows.said_yes - value * rows.weights) / positives


def f1(rows: Likely) -> Found:
    """Twice the expected true positives by expected and predicted positives together."""
    both = float(rows.weights @ rows.chance + rows.said_yes.sum())
    value = 2 * float(rows.said_yes @ rows.chance) / both
    return value, (2 * rows.said_yes - value * rows.weights) / both


def roc_auc(rows: Likely) -> Found:
    """The area under the curve of expected true by expected false positives, ties half.

    Every row is a positive of weight c and a negative of weight 1 - c, but no row outranks itself:
    pairs of one row with itself are left out, of the area and of what it is divided by.
    """
    said, weights, chance = _said(rows.sample), rows.weights, rows.chance
    codes = np.unique(said, return_inverse=True)[1]
    ups, downs = (np.bincount(codes, weights=weights * share) for share in (chance, 1 - chance))
    positives, negatives = float(ups.sum()), float(downs.sum())
    below = (np.cumsum(downs) - downs / 2)[codes]
    above = (positives - np.cumsum(ups) + ups / 2)[codes]
    itself = float(weights**2 @ (chance * (1 - chance)))
    pairs = positives * negatives - itself
    if not pairs > 0:
        raise Undefined("expected rows of one class only")
    value = float(weights * chance @ below - itself / 2) / pairs
    change = weights * ((below - value * negatives) - (above - value * positives)) / pairs
    return min(max(value, 0.0), 1.0), change


def mean_log_loss(rows: Likely) -> Found:
    """Minus the expected log-likelihood of what the model said."""
    weights = rows.weights / rows.weights.sum()
    said = _said(rows.sample)
    no, yes = (log_loss(np.column_stack([1 - said, said]), truth) for truth in (0, 1))
    return float(weights @ (rows.chance * yes + (1 - rows.chance) * no)), weights * (yes - no)


def _said(sample: Sample) -> NDArray[np.float64]:
    if sample.positive is None:
        raise Undefined("the model gives no probabilities")
    return sample.positive


@dataclass(frozen=True, slots=True)
class Expectation:
    """A score that can be expected: how, and the most it can be."""

    of: Callable[[Likely], Found]
    _: KW_ONLY
    top: float = 1.0


EXPECTED: Mapping[str, Expectation] = MappingProxyType(
    {
        "accuracy": Expectation(accuracy),
        "f1": Expectation(f1),
        "log_loss": Expectation(mean_log_loss, top=np.inf),
        "precision": Expectation(precision),
        "recall": Expectation(recall),
        "roc_auc": Expectation(roc_auc),
    }
)
"""By scikit-learn's names."""
