"""A subject on rows drawn anew: what a check would see of a batch that is worse, better or another one."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Column, Predictions, Table
from modelqa.run.context import View
from modelqa.stats.sample import Sample

Rows = NDArray[np.intp]
Ideal = Literal["perfect", "hopeless"]
_SURE = 1e-3
"""How far even a perfect model is from certainty: errors that are all 0 would have no spread."""
_FAR = 1e3


@dataclass(frozen=True)
class Redrawn(View):
    """A view whose rows were drawn from those of another one.

    ``copies`` tells apart the groups of rows that were drawn more than once; ``before`` are the
    rows drawn from the reference; ``unmoved`` are rows of the reference that stand in for the
    batch; ``stretch`` is by how much the errors of a regression are larger; with ``ideal`` the model
    is always right, or always wrong.
    """

    copies: Rows | None = None
    before: Rows | None = None
    unmoved: Rows | None = None
    stretch: float | None = None
    ideal: Ideal | None = None

    @classmethod
    def of(cls, view: View, **changes: Any) -> "Redrawn":
        """The same view with other rows."""
        kept = {field.name: getattr(view, field.name) for field in fields(View)}
        return cls(**(kept | changes))

    @cached_property
    def batch(self) -> Table:
        return super().batch if self.unmoved is None else self.opened.reference.take(self.unmoved)

    def predictions(self) -> Predictions:
        if self.unmoved is None:
            return super().predictions()
        return _some(super().reference_predictions(), self.unmoved)

    def labels(self) -> Column:
        return super().labels() if self.unmoved is None else _at(super().reference_labels(), self.unmoved)

    @cached_property
    def reference(self) -> Table:
        table = super().reference
        return table if self.before is None else table.take(self.before)

    def reference_predictions(self) -> Predictions:
        said = super().reference_predictions()
        return said if self.before is None else _some(said, self.before)

    def reference_labels(self) -> Column:
        column = super().reference_labels()
        return column if self.before is None else _at(column, self.before)

    def reference_sample(self) -> Sample:
        encoded = self.opened.reference_sample(self.side)
        return (encoded if self.before is None else encoded.take(self.before)).sample

    def sample(self, *, labelled: bool = True) -> Sample:
        drawn = super().sample(labelled=labelled)
        if self.copies is not None:
            drawn = replace(drawn, groups=self.copies)
        if self.side != "model":
            return drawn
        if self.stretch is not None:
            drawn = replace(drawn, predicted=drawn.truth + self.stretch * (drawn.predicted - drawn.truth))
        return drawn if self.ideal is None else idealised(drawn, self.ideal)


def _some(said: Predictions, rows: Rows) -> Predictions:
    shares = said.probabilities
    return replace(said, values=said.values[rows], probabilities=None if shares is None else shares[rows])


def _at(column: Column, rows: Rows) -> Column:
    return replace(column, values=column.values[rows], missing=column.missing[rows])


def idealised(sample: Sample, ideal: Ideal) -> Sample:
    """The same rows, told right or wrong by a model that is nearly certain.

    >>> sample = Sample("binary", np.array([0, 1]), np.array([1, 1]))
    >>> idealised(sample, "perfect").predicted, idealised(sample, "hopeless").predicted
    (array([0, 1]), array([1, 0]))
    """
    wobble = np.linspace(0.5, 1.0, len(sample))
    if sample.task == "regression":
        middle, wide = sample.truth.mean(), sample.truth.std()
        off = wide * _SURE if ideal == "perfect" else _FAR * (wide + np.abs(sample.truth - middle))
        return replace(sample, predicted=sample.truth + off * wobble)
    truth = sample.truth.astype(np.intp)
    classes = 2 if sample.probabilities is None else sample.probabilities.shape[1]
    classes = max(classes, len(sample.classes))
    said = truth if ideal == "perfect" else (truth + 1) % classes
    shares = sample.probabilities
    if shares is not None:
        shares = np.repeat((_SURE * wobble / (classes - 1))[:, None], classes, axis=1)
        shares[np.arange(len(said)), said] = 1 - _SURE * wobble
    return replace(sample, predicted=said, probabilities=shares)
