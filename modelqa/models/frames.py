"""The frame that a model gets: the columns it was trained on, in order, as the types it declared."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelqa.core.signature import ColumnKind, Field, mismatches
from modelqa.errors import SubjectError

if TYPE_CHECKING:
    import pandas as pd

_REAL = {"double": "float64", "float": "float32"}
_INFERRED = {
    "string": ColumnKind.TEXT,
    "integer": ColumnKind.INTEGER,
    "floating": ColumnKind.FLOAT,
    "mixed-integer-float": ColumnKind.FLOAT,
    "decimal": ColumnKind.FLOAT,
    "boolean": ColumnKind.BOOLEAN,
    "datetime": ColumnKind.DATETIME,
    "datetime64": ColumnKind.DATETIME,
    "date": ColumnKind.DATETIME,
}


def kinds(frame: "pd.DataFrame") -> dict[str, ColumnKind]:
    """What the columns of a frame hold.

    >>> import pandas as pd
    >>> [str(kind) for kind in kinds(pd.DataFrame({"a": [1], "b": ["x"], "c": [0.5]})).values()]
    ['integer', 'text', 'float']
    """
    return {str(name): _kind(frame.iloc[:, place]) for place, name in enumerate(frame.columns)}


def _kind(series: Any) -> ColumnKind:
    import pandas.api.types as types

    values = series.dtype.categories if str(series.dtype) == "category" else series
    tests = (
        (types.is_bool_dtype, ColumnKind.BOOLEAN),
        (types.is_integer_dtype, ColumnKind.INTEGER),
        (types.is_float_dtype, ColumnKind.FLOAT),
        (types.is_datetime64_any_dtype, ColumnKind.DATETIME),
    )
    for test, kind in tests:
        if test(values.dtype):
            return kind
    return _INFERRED.get(types.infer_dtype(values, skipna=True), ColumnKind.OTHER)


def check(frame: "pd.DataFrame", fields: Sequence[Field] | None) -> None:
    """Raise `SubjectError` naming every column that does not fit a model's inputs; no values.

    >>> import pandas as pd
    >>> check(pd.DataFrame({"age": [31]}), [Field("age", "double")])
    """
    found = mismatches(fields or (), kinds(frame)) if fields else []
    if found:
        told = "; ".join(f"{one.column}: {one.message}" for one in found)
        raise SubjectError(
            f"the data does not fit the model's inputs: {told}. Mend the data, or log the model with "
            "a signature that allows it (double, not long, for whole numbers that may be missing)"
        )


def prepare(frame: "pd.DataFrame", fields: Sequence[Field] | None) -> "pd.DataFrame":
    """The columns of a model's inputs in its order, whole numbers as real ones where it wants these.

    A frame that fits already is passed on as it is.

    >>> import pandas as pd
    >>> prepare(pd.DataFrame({"x": [1], "age": [31]}), [Field("age", "double")]).dtypes.to_dict()
    {'age': dtype('float64')}
    """
    if not fields:
        return frame
    names = [field.name for field in fields if field.name in frame.columns]
    if list(frame.columns) != names:
        frame = frame[names]
    casts = _casts(frame.dtypes.to_dict(), fields)
    return frame.astype(casts) if casts else frame


def _casts(dtypes: Mapping[Any, Any], fields: Sequence[Field]) -> dict[str, str]:
    """MLflow refuses whole numbers for a double, which any server accepts."""
    return {
        field.name: _REAL[field.type]
        for field in fields
        if field.type in _REAL and field.name in dtypes and getattr(dtypes[field.name], "kind", "") in "iu"
    }


@contextmanager
def quiet() -> Iterator[None]:
    """Let a model warn as it likes: where warnings are errors, its predictions would be none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def framed(columns: Mapping[str, Any]) -> "pd.DataFrame":
    """A frame of columns.

    >>> framed({"no": [0.9], "yes": [0.1]}).columns.tolist()
    ['no', 'yes']
    """
    import pandas as pd

    return pd.DataFrame(dict(columns))
