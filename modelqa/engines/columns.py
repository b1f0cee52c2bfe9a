"""Arrow arrays as columns: what each type means to a check, and the numbers behind it."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.core.ports import Column
from modelqa.core.signature import ColumnKind

_MICROSECOND = "us"


def kind_of(type_: Any) -> ColumnKind:
    """What a column of this Arrow type holds (None: Python objects); a dictionary holds what its values are.

    >>> import pyarrow as pa
    >>> kind_of(pa.decimal128(9, 2)), kind_of(pa.dictionary(pa.int8(), pa.string()))
    (<ColumnKind.FLOAT: 'float'>, <ColumnKind.TEXT: 'text'>)
    """
    import pyarrow.types as types

    if type_ is None:
        return ColumnKind.OTHER
    if types.is_dictionary(type_):
        return kind_of(type_.value_type)
    tests: tuple[tuple[ColumnKind, tuple[Callable[[Any], bool], ...]], ...] = (
        (ColumnKind.BOOLEAN, (types.is_boolean,)),
        (ColumnKind.INTEGER, (types.is_integer,)),
        (ColumnKind.FLOAT, (types.is_floating, types.is_decimal)),
        (ColumnKind.TEXT, (types.is_string, types.is_large_string, types.is_string_view)),
        (ColumnKind.DATETIME, (types.is_timestamp, types.is_date)),
    )
    return next((kind for kind, of in tests if any(test(type_) for test in of)), ColumnKind.OTHER)


def convert(name: str, data: Any, dtype: str) -> Column:
    """A chunked Arrow array as a column.

    A NaN counts as missing, infinities are values. Real numbers are float64, whole numbers int64
    (uint64 where they do not fit), times without a zone are taken as UTC. Text keeps the order of
    its dictionary, with categories that no row has, or else the order of appearance; the code of a
    missing row is -1.

    Raises an Arrow or ``ValueError`` where the data is broken, or a time is beyond 64 bits.

    >>> import pyarrow as pa
    >>> column = convert("plan", pa.chunked_array([["b", None, "a"]]), "string")
    >>> column.categories, column.values.tolist(), column.missing.tolist()
    (('b', 'a'), [0, -1, 1], [False, True, False])
    """
    import pyarrow as pa

    kind = kind_of(data.type)
    if kind is ColumnKind.TEXT:
        codes, categories = _text(data)
        return Column(name, kind, values=codes, missing=codes < 0, dtype=dtype, categories=categories)
    if pa.types.is_dictionary(data.type) and kind is not ColumnKind.OTHER:
        data = data.cast(data.type.value_type)
    values = _CONVERT[kind](data)
    missing = np.isnan(values) if kind is ColumnKind.FLOAT else _nulls(data)
    return Column(name, kind, values=values, missing=missing, dtype=dtype)


def objects(name: str, values: NDArray[Any], dtype: str) -> Column:
    """Python objects that Arrow has no single type for, as a column.

    >>> objects("mixed", np.array([1, "a", None], dtype=object), "object").missing.tolist()
    [False, False, True]
    """
    missing = np.fromiter((_absent(value) for value in values), dtype=np.bool_, count=len(values))
    return Column(name, ColumnKind.OTHER, values=values, missing=missing, dtype=dtype)


def take(column: Column, rows: NDArray[np.intp]) -> Column:
    """A column at some rows, with the same categories; a negative row is a missing one.

    >>> part = take(objects("a", np.array(["x", "y"], dtype=object), "object"), np.array([1, -1]))
    >>> part.missing.tolist()
    [False, True]
    """
    absent = rows < 0
    if not len(column.values):
        values = np.zeros(len(rows), dtype=column.values.dtype)
    else:
        values = column.values[np.where(absent, 0, rows)]
    missing = absent.copy()
    missing[~absent] = column.missing[rows[~absent]]
    return Column(
        column.name,
        column.kind,
        values=np.where(missing, -1, values) if column.kind is ColumnKind.TEXT else values,
        missing=missing,
        dtype=column.dtype,
        categories=column.categories,
    )


def fingerprint(column: Column) -> bytes:
    """A digest of name, kind and content that does not depend on the container or its chunks.

    What lies under missing rows does not count.

    >>> import pyarrow as pa
    >>> one, two = pa.chunked_array([[1, 2]]), pa.chunked_array([[1], [2]])
    >>> fingerprint(convert("a", one, "int64")) == fingerprint(convert("a", two, "int64"))
    True
    """
    state = hashlib.sha256(f"{column.name}\0{column.kind}\0{len(column.values)}\0".encode(errors="replace"))
    state.update(np.packbits(column.missing).tobytes())
    if column.kind is ColumnKind.OTHER:
        shown = (_shown(value) for value in column.values[~column.missing])
        state.update("\0".join(shown).encode(errors="backslashreplace"))
    else:
        zero = np.zeros((), dtype=column.values.dtype)
        state.update(np.where(column.missing, zero, column.values).tobytes())
        state.update("\0".join(column.categories).encode(errors="backslashreplace"))
    return state.digest()


def _text(data: Any) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    import pyarrow as pa

    if not pa.types.is_dictionary(data.type):
        data = data.cast(pa.large_string()).dictionary_encode()
    merged = data.unify_dictionaries().combine_chunks()
    found = merged.dictionary.to_pylist()
    indices = merged.indices
    codes = _filled(
        pa.chunked_array([indices if indices.type == pa.int32() else indices.cast(pa.int64())]), -1
    )
    categories = tuple(dict.fromkeys(value for value in found if value is not None))
    if len(categories) < len(found):
        codes = _merge(codes, found, categories)
    return codes.astype(np.int32, copy=False), categories


def _merge(codes: NDArray[Any], found: list[str | None], categories: tuple[str, ...]) -> NDArray[Any]:
    """Codes for a dictionary that named a category twice, or held a null."""
    place: dict[str | None, int] = {name: code for code, name in enumerate(categories)}
    table = np.array([place.get(name, -1) for name in found] + [-1], dtype=np.int64)
    merged: NDArray[Any] = table[codes]
    return merged


def _nulls(data: Any) -> NDArray[np.bool_]:
    return _truths(data.is_null()) if data.null_count else np.zeros(len(data), dtype=np.bool_)


def _truths(data: Any) -> NDArray[np.bool_]:
    return _plain(data.cast("uint8")).view(np.bool_)


def _plain(data: Any) -> NDArray[Any]:
    """The numbers of a chunked array; under a null stands anything.

    Arrow's own `to_numpy` would import pandas, which takes longer than to read a file.
    """
    dtype = np.dtype({"double": "float64"}.get(str(data.type), str(data.type)))
    parts = [
        np.frombuffer(buffer, dtype)[chunk.offset : chunk.offset + len(chunk)]
        for chunk in data.chunks
        if (buffer := chunk.buffers()[1]) is not None
    ]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


def _filled(data: Any, fill: float) -> NDArray[Any]:
    values = _plain(data)
    return np.where(_nulls(data), fill, values).astype(values.dtype) if data.null_count else values


def _float(data: Any) -> NDArray[Any]:
    return _filled(data.cast("float64"), np.nan)


def _integer(data: Any) -> NDArray[Any]:
    import pyarrow as pa

    with suppress(pa.ArrowInvalid):  # beyond the range of int64: uint64 stays what it is
        data = data.cast(pa.int64())
    return _filled(data, 0)


def _boolean(data: Any) -> NDArray[Any]:
    return _truths(data) & ~_nulls(data)


def _datetime(data: Any) -> NDArray[Any]:
    import pyarrow as pa
    import pyarrow.types as types

    type_ = data.type
    zone = type_.tz if types.is_timestamp(type_) else None
    # Only nanoseconds lose digits; every coarser unit must fit, or the time would wrap around.
    fits = not (types.is_timestamp(type_) and type_.unit == "ns")
    micro = data.cast(pa.timestamp(_MICROSECOND, zone), safe=fits)
    return _filled(micro.cast(pa.int64()), 0)


def _other(data: Any) -> NDArray[Any]:
    values = np.empty(len(data), dtype=object)
    values[:] = data.to_pylist()
    return values


_CONVERT: dict[ColumnKind, Callable[[Any], NDArray[Any]]] = {
    ColumnKind.FLOAT: _float,
    ColumnKind.INTEGER: _integer,
    ColumnKind.BOOLEAN: _boolean,
    ColumnKind.DATETIME: _datetime,
    ColumnKind.OTHER: _other,
}


def _absent(value: object) -> bool:
    """Whether an object stands for no value: None, a NaN, pandas' NA and NaT."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


_PLAIN = (bool, int, float, complex, str, bytes, list, tuple, dict)


def _shown(value: object) -> str:
    """A text that tells values apart; of foreign objects only the type, for theirs may hold addresses."""
    return repr(value) if isinstance(value, _PLAIN) else type(value).__qualname__
