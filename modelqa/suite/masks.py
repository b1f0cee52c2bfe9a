"""The rows that a condition matches, by SQL's three-valued logic: true, false or unknown."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any

from modelqa.core.ports import Column, Table
from modelqa.core.signature import ColumnKind
from modelqa.errors import SubjectError
from modelqa.suite.nodes import suggest
from modelqa.suite.where import All, Any_, Compare, In, IsNull, Name, Not, Tree, Value, kind_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_HOLDS: Mapping[ColumnKind, str] = {
    ColumnKind.INTEGER: "numbers",
    ColumnKind.FLOAT: "numbers",
    ColumnKind.BOOLEAN: "truth values",
    ColumnKind.TEXT: "texts",
    ColumnKind.DATETIME: "dates",
    ColumnKind.OTHER: "values that cannot be compared",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Truth:
    """Where a condition is true and where it is false; the other rows are unknown."""

    yes: "NDArray[np.bool_]"
    no: "NDArray[np.bool_]"

    def __and__(self, other: "_Truth") -> "_Truth":
        return _Truth(self.yes & other.yes, self.no | other.no)

    def __or__(self, other: "_Truth") -> "_Truth":
        return _Truth(self.yes | other.yes, self.no & other.no)

    def __invert__(self) -> "_Truth":
        return _Truth(self.no, self.yes)


@dataclass(frozen=True, slots=True)
class _Rows:
    """A table, and the text of the condition for messages."""

    table: Table
    text: str

    def fail(self, message: str) -> SubjectError:
        return SubjectError(f"where {self.text}: {message}")

    def column(self, name: Name) -> Column:
        if name.name not in self.table.kinds:
            close = suggest(name.name, tuple(self.table.kinds))
            raise self.fail(f"the data has no column {name.name!r}{close}")
        return self.table.column(name.name)


def mask(tree: Tree, table: Table, text: str) -> "NDArray[np.bool_]":
    """Which rows match a condition's tree. Raises ``SubjectError`` where a column does not fit."""
    return _truth(tree, _Rows(table, text)).yes


def _truth(tree: Tree, rows: _Rows) -> _Truth:
    match tree:
        case Not(part):
            return ~_truth(part, rows)
        case All(parts):
            return reduce(operator.and_, [_truth(part, rows) for part in parts])
        case Any_(parts):
            return reduce(operator.or_, [_truth(part, rows) for part in parts])
        case IsNull(left):
            missing = rows.column(left).missing
            return _Truth(missing.copy(), ~missing)
        case In(left, values):
            return _known(rows.column(left), _among(rows.column(left), values, rows))
        case Compare(left, sign, right):
            column = rows.column(left)
            if isinstance(right, Name):
                return _columns(column, sign, rows.column(right), rows)
            return _known(column, _against(column, sign, right, rows))


def _known(column: Column, hits: "NDArray[np.bool_]") -> _Truth:
    return _Truth(hits & ~column.missing, ~hits & ~column.missing)


def _among(column: Column, values: tuple[Value, ...], rows: _Rows) -> "NDArray[np.bool_]":
    return reduce(operator.or_, [_against(column, "=", value, rows) for value in values])


def _against(column: Column, sign: str, value: Value, rows: _Rows) -> "NDArray[np.bool_]":
    """The rows whose value compares so with a literal; missing rows hold anything."""
    compare = _OPERATORS[sign]
    match column.kind, value:
        case ColumnKind.BOOLEAN, bool() if sign in ("=", "!="):
            return _array(compare(column.values, value))
        case ColumnKind.BOOLEAN, bool():
            raise rows.fail(f"the column {column.name!r} holds truth values, which know = and != only")
        case ((ColumnKind.INTEGER | ColumnKind.FLOAT), int() | float()) if not isinstance(value, bool):
            return _array(compare(column.values, value))
        case ColumnKind.TEXT, str():
            return _by_category(column, [compare(category, value) for category in column.categories])
        case ColumnKind.DATETIME, str():
            return _array(compare(column.values, _microseconds(value, column, rows)))
    raise rows.fail(
        f"the column {column.name!r} holds {_HOLDS[column.kind]} and is compared with {kind_of(value)}"
    )


def _by_category(column: Column, hits: list[bool]) -> "NDArray[np.bool_]":
    """A truth value per category, spread over the rows; the code of a missing row may be anything."""
    import numpy as np

    spread = np.array([*hits, False], dtype=bool)
    return spread[np.where(column.missing, len(hits), column.values)]


def _microseconds(text: str, column: Column, rows: _Rows) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise rows.fail(
            f"the column {column.name!r} holds dates: compare it with one, such as '2026-01-31'"
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def _columns(left: Column, sign: str, right: Column, rows: _Rows) -> _Truth:
    """One column against another; a row without either value is unknown."""
    if _HOLDS[left.kind] != _HOLDS[right.kind] or left.kind is ColumnKind.OTHER:
        raise rows.fail(
            f"the column {left.name!r} holds {_HOLDS[left.kind]} and {right.name!r} {_HOLDS[right.kind]}"
        )
    if left.kind is ColumnKind.BOOLEAN and sign not in ("=", "!="):
        raise rows.fail(f"the column {left.name!r} holds truth values, which know = and != only")
    first, second = left.values, right.values
    if left.kind is ColumnKind.TEXT:
        first, second = _ranks(left, right)
    hits = _array(_OPERATORS[sign](first, second))
    known = ~left.missing & ~right.missing
    return _Truth(hits & known, ~hits & known)


def _ranks(left: Column, right: Column) -> "tuple[NDArray[np.intp], NDArray[np.intp]]":
    """Two text columns as ranks in the order of all their categories."""
    import numpy as np

    order = {text: rank for rank, text in enumerate(sorted({*left.categories, *right.categories}))}

    def ranks(column: Column) -> "NDArray[np.intp]":
        spread = np.array([*(order[text] for text in column.categories), -1], dtype=np.intp)
        return spread[np.where(column.missing, len(column.categories), column.values)]

    return ranks(left), ranks(right)


def _array(hits: Any) -> "NDArray[np.bool_]":
    import numpy as np

    return np.asarray(hits, dtype=bool)
