"""What models return, as predictions: values, probabilities, or both."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Predictions
from modelqa.errors import SubjectError

_CLOSE = 1e-3


def interpret(output: Any, rows: int) -> Predictions:
    """Read what a function or a pyfunc returned for some rows.

    One dimension is a value a row; two dimensions of real numbers whose rows add up to one are
    probabilities, their classes the column names of a frame, else 0 to k-1. A pair is both.

    Raises `SubjectError` for any other shape, or another number of rows.

    >>> interpret([[0.9, 0.1], [0.2, 0.8]], 2).values.tolist()
    [0, 1]
    """
    if isinstance(output, tuple) and len(output) == 2:
        given, shares = values(output[0], rows), output[1]
        found, classes = probabilities(shares, rows), _classes(shares)
        return Predictions(given, probabilities=found, classes=classes or tuple(range(found.shape[1])))
    array = _array(output)
    if array.ndim == 2 and array.shape[1] > 1 and _adds_up(array):
        found, classes = probabilities(output, rows), _classes(output) or tuple(range(array.shape[1]))
        return Predictions(likeliest(found, classes), probabilities=found, classes=classes)
    return Predictions(values(output, rows))


def values(output: Any, rows: int) -> NDArray[Any]:
    """One value a row. Raises `SubjectError` for any other shape.

    >>> values([[1], [2]], 2).tolist()
    [1, 2]
    """
    array = _array(output)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise SubjectError(
            f"the model returned an array of shape {array.shape}; expected one value a row, or "
            "probabilities whose rows add up to one"
        )
    _same(len(array), rows)
    return array


def probabilities(output: Any, rows: int) -> NDArray[np.float64]:
    """A probability a row and class. Raises `SubjectError` for any other shape.

    >>> probabilities([[0.9, 0.1]], 1).shape
    (1, 2)
    """
    try:
        array = np.asarray(_array(output), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SubjectError("the model returned probabilities that are not numbers") from error
    if array.ndim != 2:
        raise SubjectError(
            f"the model returned probabilities of shape {array.shape}; expected one row a row of the "
            "data, one column a class"
        )
    _same(len(array), rows)
    return array


def likeliest(shares: NDArray[np.float64], classes: tuple[Any, ...]) -> NDArray[Any]:
    """The class of the highest probability in each row, the first among equals.

    >>> likeliest(np.array([[0.2, 0.8]]), ("no", "yes")).tolist()
    ['yes']
    """
    names = np.asarray(classes, dtype=object if any(isinstance(name, str) for name in classes) else None)
    chosen: NDArray[Any] = names[shares.argmax(axis=1)]
    return chosen


def _adds_up(array: NDArray[Any]) -> bool:
    """Whether the rows that hold numbers add up to one; a row of NaN says nothing."""
    if array.dtype.kind != "f" or array.shape[1] < 2:
        return False
    sums = array.sum(axis=1)
    told = sums[np.isfinite(sums)]
    return bool(len(told) and (abs(told - 1) < _CLOSE).all() and np.nanmin(array) >= -_CLOSE)


def _classes(output: Any) -> tuple[Any, ...]:
    return tuple(output.columns) if hasattr(output, "columns") else ()


def _array(output: Any) -> NDArray[Any]:
    """An output as an array; a missing number of pandas becomes a NaN."""
    if hasattr(output, "iloc"):
        output = output.iloc[:, 0] if output.ndim == 2 and output.shape[1] == 1 else output
        dtypes = list(output.dtypes) if output.ndim == 2 else [output.dtype]
        if all(_nullable(dtype) for dtype in dtypes) and output.isna().to_numpy().any():
            filled: NDArray[Any] = output.to_numpy(dtype="float64", na_value=np.nan)
            return filled
        if all(dtype.kind == "f" for dtype in dtypes):
            output = output.to_numpy(dtype="float64")
    try:
        return np.asarray(output)
    except ValueError as error:
        raise SubjectError(
            "the model returned rows of different lengths; expected one value a row"
        ) from error


def _nullable(dtype: Any) -> bool:
    """Whether this is one of pandas' own number types, whose missing value is no number."""
    return hasattr(dtype, "na_value") and dtype.kind in "iuf"


def _same(found: int, rows: int) -> None:
    if found != rows:
        raise SubjectError(f"the model returned {found:,} predictions for {rows:,} rows; expected one a row")
