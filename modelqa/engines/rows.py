"""Python rows into an Arrow table, a block at a time, so that not all of them are objects at once."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import NoneType
from typing import Any
from uuid import UUID

from modelqa.engines.agreement import agree
from modelqa.errors import SubjectError

BLOCK = 50_000
"""How many rows are worth a block."""

_WORDS: Mapping[type, str] = {
    bool: "truth values",
    int: "numbers",
    float: "numbers",
    Decimal: "numbers",
    str: "text",
    dict: "objects",
    list: "lists",
}
_TOGETHER = ({int, float}, {int, Decimal})


class Rows:
    """Columns that grow by blocks. A column that a block does not have is missing in its rows.

    ``name`` is what messages call the whole, and ``row`` what they call a row of it.
    """

    def __init__(self, name: str, *, row: str = "row") -> None:
        self._name = name
        self._row = row
        self._chunks: dict[str, list[Any]] = {}
        self._types: dict[str, Any] = {}
        self._rows = 0

    @property
    def count(self) -> int:
        """How many rows there are so far."""
        return self._rows

    def add(self, columns: Mapping[str, Sequence[Any]], places: Sequence[int]) -> None:
        """Add a block; ``places`` are the numbers of its rows, as messages tell them.

        Raises `SubjectError` where a column holds values of two types; it quotes none of them.
        """
        import pyarrow as pa

        for name in {**self._chunks, **columns}:
            values = columns.get(name)
            array = pa.nulls(len(places)) if values is None else self._array(name, values, places)
            before = [pa.nulls(self._rows)] if self._rows else []
            self._chunks.setdefault(name, before).append(array)
            self._types[name] = self._agreed(name, array, places)
        self._rows += len(places)

    def table(self) -> Any:
        """All blocks as one Arrow table. Raises `SubjectError` where numbers do not fit together."""
        import pyarrow as pa

        made = {}
        for name, chunks in self._chunks.items():
            type_ = self._types[name]
            try:
                made[name] = pa.chunked_array([chunk.cast(type_) for chunk in chunks], type=type_)
            except pa.ArrowException as error:
                raise SubjectError(f"{self._name}: column {name!r} {_TOO_LARGE}") from error
        return pa.table(made)

    def _array(self, name: str, values: Sequence[Any], places: Sequence[int]) -> Any:
        import pyarrow as pa

        found = {type(value) for value in values} - {NoneType}
        if len(found) > 1 and not any(found <= together for together in _TOGETHER):
            raise SubjectError(self._mixed(name, values, places))
        try:
            if found == {UUID}:
                return pa.array([None if value is None else str(value) for value in values])
            return _typed(values)
        except OverflowError as error:
            raise SubjectError(f"{self._name}: column {name!r} {_TOO_LARGE}") from error
        except (pa.ArrowException, ValueError, TypeError) as error:
            told = " and ".join(sorted({_word(one) for one in found}))
            raise SubjectError(
                f"{self._name}: {self._row}s {places[0]:,} to {places[-1]:,}: column {name!r} holds {told} "
                "that have no one type; make them plain numbers, text or times"
            ) from error

    def _mixed(self, name: str, values: Sequence[Any], places: Sequence[int]) -> str:
        """Where the first value stands that is of another type than the one before it."""
        known = [
            (type(value), place) for value, place in zip(values, places, strict=True) if value is not None
        ]
        words = _word(known[0][0])
        odd, place = next(
            (type_, place) for type_, place in known if _word(type_) != words or type_ not in _WORDS
        )
        return self._two(name, _word(odd), words, place)

    def _agreed(self, name: str, array: Any, places: Sequence[int]) -> Any:
        import pyarrow as pa

        known = self._types.get(name, pa.null())
        agreed = agree(known, array.type)
        if agreed is None:
            first = array.is_valid().index(True).as_py()
            raise SubjectError(self._two(name, str(array.type), str(known), places[first]))
        return agreed

    def _two(self, name: str, found: str, before: str, place: int) -> str:
        return (
            f"{self._name}: {self._row} {place:,}: column {name!r} holds {found}, and {before} before; "
            "give it one type"
        )


_TOO_LARGE = "holds whole numbers that 64 bits, or real numbers, do not tell exactly; write them as text"


def _typed(values: Sequence[Any]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values)
    except OverflowError:
        return pa.array(values, pa.uint64())


def _word(type_: type) -> str:
    return _WORDS.get(type_, type_.__name__)
