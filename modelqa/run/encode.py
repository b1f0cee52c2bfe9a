"""Labels and predictions into the arrays that scores are computed from."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Column, Predictions
from modelqa.core.signature import ColumnKind
from modelqa.errors import SubjectError
from modelqa.stats.sample import Sample

_CLOSE = 10_000
"""Integers less than this apart are counted, one place each."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sample of the labelled rows, and which rows of the batch they are."""

    sample: Sample
    _: KW_ONLY
    labelled: NDArray[np.bool_]

    @property
    def unlabelled(self) -> int:
        """How many rows have no label yet."""
        return int(np.count_nonzero(~self.labelled))

    def take(self, rows: NDArray[np.intp]) -> "Encoded":
        """The same for some rows of the batch."""
        here = self.labelled[rows]
        if len(self.sample) == len(self.labelled):
            return Encoded(self.sample.take(rows), labelled=here)
        position = np.cumsum(self.labelled) - 1
        return Encoded(self.sample.take(position[rows[here]]), labelled=here)


def encode(
    labels: Column,
    predictions: Predictions,
    *,
    positive: Any = None,
    threshold: float | None = None,
    weights: Column | None = None,
    groups: Column | None = None,
    logged: bool = False,
) -> Encoded:
    """Bring labels and predictions to codes (classes) or numbers (a regression).

    Rows without a label are left out and counted. Raises `SubjectError` where truth and
    predictions cannot be compared, or the positive class is not known.
    """
    if len(labels.values) != len(predictions.values):
        raise SubjectError(
            f"expected one prediction a row ({len(labels.values):,}), found {len(predictions.values):,}"
        )
    labelled = ~labels.missing
    if not labelled.any():
        raise SubjectError(f"labels: none of {len(labelled):,} rows of column {labels.name!r} has one")
    if _is_regression(labels, predictions, positive, logged):
        sample = _regression(labels, predictions)
    else:
        sample = _classification(labels, predictions, positive, threshold, logged)
    sample = _with_roles(sample, weights, groups)
    return Encoded(sample if labelled.all() else sample.take(labelled), labelled=labelled)


def unlabelled(
    predictions: Predictions,
    *,
    positive: Any = None,
    threshold: float | None = None,
    weights: Column | None = None,
    groups: Column | None = None,
    logged: bool = False,
) -> Sample:
    """What a model decided of every row, by its predictions alone: the truth of the sample is empty.

    Raises `SubjectError` where the positive class is not known.
    """
    rows = len(predictions.values)
    none = Column(
        "of the predictions",
        ColumnKind.INTEGER,
        values=np.zeros(rows, dtype=np.int64),
        missing=np.ones(rows, dtype=bool),
        dtype="int64",
    )
    if _is_regression(none, predictions, positive, logged):
        sample = _regression(none, predictions)
    else:
        alone = logged and predictions.probabilities is None
        if alone and _are_probabilities(predictions.values, ()):
            shares = predictions.values.astype(float)
            predictions = Predictions(
                shares, probabilities=np.column_stack([1 - shares, shares]), classes=(0, 1)
            )
            positive, threshold = None, 0.5 if threshold is None else threshold
        sample = _classification(none, predictions, positive, threshold, logged)
    return _with_roles(sample, weights, groups)


def _with_roles(sample: Sample, weights: Column | None, groups: Column | None) -> Sample:
    return replace(
        sample,
        weights=None if weights is None else weights_of(weights),
        groups=None if groups is None else group_codes(groups),
    )


def logged(columns: Sequence[Column]) -> Predictions:
    """Predictions that stand in the batch: one column of values, or one probability a class.

    Several columns are probabilities and named after their class, or end in ``_<class>``.
    """
    if len(columns) == 1:
        return Predictions(objects(columns[0]))
    probabilities = np.column_stack([_floats(column) for column in columns])
    prefix = _common_prefix([column.name for column in columns])
    classes = tuple(column.name[len(prefix) :] for column in columns)
    values = np.array(classes, dtype=object)[probabilities.argmax(axis=1)]
    return Predictions(values, probabilities=probabilities, classes=classes)


def objects(column: Column) -> NDArray[Any]:
    """A column's values as they read: texts for codes, NaN or None where missing."""
    if column.kind is ColumnKind.TEXT:
        names = np.array([*column.categories, None], dtype=object)
        return names[np.where(column.missing, len(column.categories), column.values)]
    if column.missing.any():
        kind = float if column.kind.numeric else object
        values = column.values.astype(kind)
        values[column.missing] = np.nan if kind is float else None
        return values
    return column.values


def factorized(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The distinct values in order, and for each row the place of its own; close integers are not sorted.

    >>> factorized(np.array([7, 5, 7]))
    (array([5, 7]), array([1, 0, 1]))
    """
    if values.dtype.kind == "i" and values.size:
        low, high = int(values.min()), int(values.max())
        if high - low < _CLOSE:
            places = values.astype(np.intp) - low
            held = np.bincount(places, minlength=high - low + 1) > 0
            return (np.flatnonzero(held) + low).astype(values.dtype), (np.cumsum(held) - 1)[places]
    used, codes = np.unique(values, return_inverse=True)
    return used, codes.astype(np.intp)


def _is_regression(labels: Column, predictions: Predictions, positive: Any, logged: bool) -> bool:
    if predictions.classes is not None or positive is not None or not labels.kind.numeric:
        return False
    if predictions.values.dtype.kind not in "fiu":
        return False
    present = labels.values[~labels.missing]
    if labels.kind is ColumnKind.INTEGER or not np.any(present % 1):
        two = np.unique(present[:1000]).size <= 2 and np.isin(present, (0, 1)).all()
        if logged and two:
            return False
        return predictions.values.dtype.kind == "f"
    return True


def _regression(labels: Column, predictions: Predictions) -> Sample:
    return Sample("regression", labels.values.astype(float), predictions.values.astype(float))


def _classification(
    labels: Column, predictions: Predictions, positive: Any, threshold: float | None, logged: bool
) -> Sample:
    truth_keys, truth = _keys(labels)
    if logged and predictions.probabilities is None and _are_probabilities(predictions.values, truth_keys):
        classes = _ordered(truth_keys, positive, labels.name)
        shares = predictions.values.astype(float)
        probabilities: NDArray[np.float64] | None = np.column_stack([1 - shares, shares])
        predicted = (shares >= (0.5 if threshold is None else threshold)).astype(np.intp)
    else:
        said = [class_of(name) for name in predictions.classes or _distinct(predictions.values)]
        said = _aligned(said, truth_keys)
        classes = _ordered(list(dict.fromkeys([*said, *truth_keys])), positive, labels.name)
        probabilities = _columns(predictions.probabilities, said, classes)
        predicted = _place(predictions.values, classes, said_as_text=_as_text(truth_keys))
        if threshold is not None and probabilities is not None and len(classes) == 2:
            predicted = (probabilities[:, 1] >= threshold).astype(np.intp)
    index = {name: code for code, name in enumerate(classes)}
    codes = np.array([index[key] for key in truth_keys] or [0], dtype=np.intp)
    return Sample(
        "binary" if len(classes) == 2 else "multiclass",
        codes[truth],
        predicted,
        probabilities=probabilities,
        classes=tuple(classes),
    )


def _keys(labels: Column) -> tuple[list[Any], NDArray[np.intp]]:
    """The distinct labels, and for each row the position of its own."""
    if labels.kind is ColumnKind.TEXT:
        used = np.unique(labels.values[~labels.missing])
        keys: list[Any] = [labels.categories[code] for code in used]
        codes = np.searchsorted(used, np.where(labels.missing, used[0], labels.values))
        return keys, codes.astype(np.intp)
    if labels.kind not in (ColumnKind.INTEGER, ColumnKind.BOOLEAN, ColumnKind.FLOAT):
        raise SubjectError(f"labels {labels.name!r} are of kind {labels.kind}; expected numbers or texts")
    used, codes = factorized(labels.values)
    present = set(np.unique(codes[~labels.missing]).tolist())
    keys = [class_of(value) if code in present else None for code, value in enumerate(used)]
    if None in keys:  # values that stand only where the label is missing
        kept = [code for code in range(len(keys)) if code in present]
        move = np.zeros(len(keys), dtype=np.intp)
        move[kept] = np.arange(len(kept))
        return [keys[code] for code in kept], move[codes]
    return keys, codes.astype(np.intp)


def class_of(value: Any) -> Any:
    """A class by which it is the same wherever it stands: 1, 1.0 and True are one class."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_text(keys: Sequence[Any]) -> bool:
    return all(isinstance(key, str) for key in keys)


def _aligned(said: list[Any], truth: Sequence[Any]) -> list[Any]:
    """Class names of the model in the type that the labels have (logged names are texts)."""
    if _as_text(said) and not _as_text(truth):
        by_text = {str(key): key for key in truth}
        return [by_text.get(name, name) for name in said]
    return said


def _ordered(keys: Sequence[Any], positive: Any, name: str) -> list[Any]:
    """The classes in order; in a binary task the positive one comes second."""
    if len(keys) == 1 and class_of(keys[0]) in (0, 1):
        keys = [0, 1]
    ordered = sorted(keys, key=lambda key: (isinstance(key, str), key))
    if positive is not None and class_of(positive) not in ordered:
        if len(ordered) > 1:
            found = ", ".join(map(str, ordered[:10]))
            raise SubjectError(f"`positive:` is {positive!r}, but labels {name!r} are {found}")
        ordered.append(class_of(positive))
    if len(ordered) == 1:
        raise SubjectError(f"labels {name!r} hold one class only: nothing to tell apart; say `positive:`")
    if len(ordered) != 2:
        return ordered
    if positive is None and set(ordered) != {0, 1}:
        raise SubjectError(f"labels {name!r} are {ordered[0]} and {ordered[1]}: say `positive:`")
    chosen = 1 if positive is None else class_of(positive)
    return [key for key in ordered if key != chosen] + [chosen]


def _distinct(values: NDArray[Any]) -> list[Any]:
    if values.dtype == object:
        return sorted({value for value in values.tolist() if value is not None and value == value}, key=str)
    kept = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    return list(np.unique(kept))


def _columns(
    probabilities: NDArray[np.float64] | None, said: Sequence[Any], classes: Sequence[Any]
) -> NDArray[np.float64] | None:
    """Probability columns in the order of the classes; a class the model never saw has none."""
    if probabilities is None:
        return None
    if list(said) == list(classes):
        return probabilities
    moved = np.zeros((len(probabilities), len(classes)))
    for column, name in enumerate(said):
        moved[:, classes.index(name)] = probabilities[:, column]
    return moved


def _place(values: NDArray[Any], classes: Sequence[Any], *, said_as_text: bool) -> NDArray[np.intp]:
    """Predicted values as codes; -1 for a missing one, which equals no class."""
    index = {name: code for code, name in enumerate(classes)}
    if values.dtype == object or values.dtype.kind in "US":
        seen: dict[Any, int] = {}
        codes = np.empty(len(values), dtype=np.intp)
        for row, value in enumerate(values.tolist()):
            if value not in seen:
                key = class_of(value) if said_as_text or not isinstance(value, str) else value
                seen[value] = index.get(key, index.get(_number(key), -1))
            codes[row] = seen[value]
        return codes
    distinct, inverse = factorized(values)
    table = np.array([index.get(class_of(value), -1) for value in distinct] or [-1], dtype=np.intp)
    return table[inverse]


def _number(value: Any) -> Any:
    try:
        return class_of(float(value))
    except (TypeError, ValueError):
        return value


def _are_probabilities(values: NDArray[Any], truth: Sequence[Any]) -> bool:
    """Whether logged numbers are probabilities: between 0 and 1, and not simply the two labels."""
    if values.dtype.kind != "f" or len(truth) > 2:
        return False
    present = values[~np.isnan(values)]
    inside = bool(((present >= 0) & (present <= 1)).all())
    return inside and not np.isin(present, (0.0, 1.0)).all()


def _floats(column: Column) -> NDArray[np.float64]:
    if not column.kind.numeric:
        raise SubjectError(f"column {column.name!r} holds {column.kind}; expected probabilities")
    values = column.values.astype(float)
    values[column.missing] = np.nan
    return values


def weights_of(column: Column) -> NDArray[np.float64]:
    """The weights of rows. Raises `SubjectError` where they are none."""
    values = _floats(column)
    if not (np.isfinite(values).all() and (values >= 0).all() and values.any()):
        raise SubjectError(f"`weights:` column {column.name!r}: expected finite numbers >= 0, not all zero")
    return values


def group_codes(column: Column) -> NDArray[np.intp]:
    """Which rows belong together. Raises `SubjectError` where a row says nothing of it."""
    if column.missing.any():
        count = int(column.missing.sum())
        raise SubjectError(f"`group:` column {column.name!r}: {count:,} rows belong to no group")
    return np.unique(column.values, return_inverse=True)[1].astype(np.intp)


def _common_prefix(names: Sequence[str]) -> str:
    """What stands before the class in every name, up to the last underscore.

    >>> _common_prefix(["proba_yes", "proba_no"])
    'proba_'
    """
    first, last = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return first[: first.rfind("_", 0, same) + 1]
