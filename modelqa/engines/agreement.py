"""Arrow types that agree: what a column is whose parts were typed apart."""

from typing import Any

from modelqa.core.signature import ColumnKind
from modelqa.engines.columns import kind_of

_NUMBERS = {ColumnKind.INTEGER, ColumnKind.FLOAT}
_UNITS = ("ns", "us", "ms", "s")


def agree(first: Any, second: Any) -> Any:
    """The type that holds the values of both, or None where there is none.

    Numbers widen, whole numbers among real ones become real, times take the finer unit; a column
    without values agrees with any. Text is no number and no time.

    >>> import pyarrow as pa
    >>> str(agree(pa.int64(), pa.float64())), agree(pa.int64(), pa.string())
    ('double', None)
    """
    import pyarrow as pa
    import pyarrow.types as types

    if types.is_dictionary(first) and types.is_dictionary(second):
        value = agree(first.value_type, second.value_type)
        # Every part has its own categories: all of them together may not fit a narrow index.
        return value and pa.dictionary(pa.int32(), value, ordered=first.ordered and second.ordered)
    if types.is_null(first) or first == second:
        return second
    if types.is_null(second):
        return first
    if types.is_dictionary(first) or types.is_dictionary(second):
        return agree(*(t.value_type if types.is_dictionary(t) else t for t in (first, second)))
    return _of_a_kind(first, second)


def _of_a_kind(first: Any, second: Any) -> Any:
    import pyarrow as pa

    kinds = {kind_of(first), kind_of(second)}
    if kinds == {ColumnKind.TEXT}:
        return pa.large_string()
    if kinds == {ColumnKind.DATETIME}:
        return _times(first, second)
    return _promoted(first, second) if kinds <= _NUMBERS or kinds == {ColumnKind.OTHER} else None


def _times(first: Any, second: Any) -> Any:
    """Dates are times at midnight; a time with a zone is another thing than one without."""
    import pyarrow as pa
    import pyarrow.types as types

    zones = [getattr(type_, "tz", None) for type_ in (first, second)]
    if (zones[0] is None) != (zones[1] is None):
        return None
    units = [type_.unit if types.is_timestamp(type_) else "s" for type_ in (first, second)]
    return pa.timestamp(min(units, key=_UNITS.index), zones[0] if zones[0] == zones[1] else "UTC")


def _promoted(first: Any, second: Any) -> Any:
    """What Arrow makes of two types: numbers and nested ones; texts and bytes it would mix."""
    import pyarrow as pa

    schemas = [pa.schema([("x", type_)]) for type_ in (first, second)]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field("x").type
    except pa.ArrowException:
        return None
