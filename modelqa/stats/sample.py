"""The rows that a score is computed from: truth and predictions, encoded as arrays."""

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

Task = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True, slots=True)
class Sample:
    """Labelled rows and what a model said of them; every array has one entry a row.

    Classes are codes 0 to k-1 in the order of ``classes``; in a binary task 1 is the positive
    class. ``probabilities`` has shape (n, k), or is None where the model gives none. ``predicted``
    are codes, or numbers in a regression. ``groups`` are codes of clusters whose rows depend on
    each other.
    """

    task: Task
    truth: NDArray[Any]
    predicted: NDArray[Any]
    _: KW_ONLY
    probabilities: NDArray[np.float64] | None = None
    classes: tuple[Any, ...] = ()
    weights: NDArray[np.float64] | None = None
    groups: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def positive(self) -> NDArray[np.float64] | None:
        """The probability of the positive class, in a binary task."""
        return None if self.probabilities is None else self.probabilities[:, 1]

    def take(self, rows: NDArray[Any]) -> Self:
        """The sample at some rows (positions or a mask).

        >>> Sample("binary", np.array([0, 1, 1]), np.array([0, 1, 0])).take([2]).truth
        array([1])
        """

        def at(array: NDArray[Any] | None) -> NDArray[Any] | None:
            return None if array is None else array[rows]

        return replace(
            self,
            truth=self.truth[rows],
            predicted=self.predicted[rows],
            probabilities=at(self.probabilities),
            weights=at(self.weights),
            groups=at(self.groups),
        )
