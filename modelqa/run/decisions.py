"""What a model decided of each row, without the truth: its class at the suite's threshold, or its number."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Predictions
from modelqa.errors import SubjectError
from modelqa.run.encode import class_of


def decided(
    said: Predictions,
    classes: Sequence[Any] | None = None,
    *,
    positive: Any = None,
    threshold: float | None = None,
) -> Predictions:
    """Predictions as decisions, of two classes at a threshold where the suite has one.

    ``classes`` are those of logged numbers that are probabilities of the positive class; None where
    values are what they are. Raises `SubjectError` where a threshold needs to know the positive class.

    >>> shares = np.array([[0.6, 0.4], [0.9, 0.1]])
    >>> said = Predictions(np.array([0, 0]), probabilities=shares, classes=(0, 1))
    >>> decided(said, threshold=0.3).values.tolist()
    [1, 0]
    """
    if said.classes is None and classes is not None and _are_shares(said.values):
        said = Predictions(said.values, probabilities=_both(said.values), classes=_ordered(classes, positive))
        threshold = 0.5 if threshold is None else threshold
    if said.classes is None or said.probabilities is None or threshold is None or len(said.classes) != 2:
        return Predictions(said.values, classes=said.classes)
    order = _ordered(said.classes, positive)
    share = said.probabilities[:, list(said.classes).index(order[1])]
    values = np.array(order)[(share >= threshold).astype(np.intp)].astype(object)
    values[np.isnan(share)] = None
    return Predictions(values, classes=said.classes)


def _are_shares(values: NDArray[Any]) -> bool:
    if values.dtype.kind != "f":
        return False
    present = values[~np.isnan(values)]
    return bool(((present >= 0) & (present <= 1)).all())


def _both(shares: NDArray[Any]) -> NDArray[np.float64]:
    return np.column_stack([1 - shares, shares]).astype(np.float64)


def _ordered(classes: Sequence[Any], positive: Any) -> tuple[Any, ...]:
    """Two classes, the positive one last."""
    keys = [class_of(name) for name in classes]
    wanted = 1 if positive is None else class_of(positive)
    chosen = [place for place, name in enumerate(keys) if name == wanted or str(name) == str(wanted)]
    if len(keys) != 2 or len(chosen) != 1:
        raise SubjectError(f"`threshold:` needs the positive one of {len(keys)} classes: say `positive:`")
    return (classes[1 - chosen[0]], classes[chosen[0]])
