"""A model's input signature, and what a table lacks to fit it: names and types, never values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class ColumnKind(StrEnum):
    """What a column holds, as far as a check cares."""

    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    TEXT = "text"
    DATETIME = "datetime"
    OTHER = "other"

    @property
    def numeric(self) -> bool:
        """Whether values are quantities."""
        return self in (ColumnKind.INTEGER, ColumnKind.FLOAT)

    @property
    def categorical(self) -> bool:
        """Whether values are names: text and booleans."""
        return self in (ColumnKind.TEXT, ColumnKind.BOOLEAN)


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a model: MLflow's type name (``long``, ``double``, ``string`` ...)."""

    name: str
    type: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What keeps a table from fitting a field."""

    column: str
    message: str


_ACCEPTS: dict[str, frozenset[ColumnKind]] = {
    "boolean": frozenset({ColumnKind.BOOLEAN}),
    "integer": frozenset({ColumnKind.INTEGER}),
    "long": frozenset({ColumnKind.INTEGER}),
    "float": frozenset({ColumnKind.INTEGER, ColumnKind.FLOAT}),
    "double": frozenset({ColumnKind.INTEGER, ColumnKind.FLOAT}),
    "string": frozenset({ColumnKind.TEXT}),
    "datetime": frozenset({ColumnKind.DATETIME}),
}


def mismatches(fields: Sequence[Field], kinds: Mapping[str, ColumnKind]) -> list[Mismatch]:
    """Every field that a table with these column kinds does not fit, in the signature's order.

    Whole numbers fit a field of real numbers; extra columns fit any signature.

    >>> mismatches([Field("age", "long"), Field("plan", "string")], {"age": ColumnKind.FLOAT})
    [Mismatch(column='age', message='expected long, found float'), Mismatch(column='plan', message='missing')]
    """
    return [found for field in fields if (found := _mismatch(field, kinds))]


def _mismatch(field: Field, kinds: Mapping[str, ColumnKind]) -> Mismatch | None:
    kind = kinds.get(field.name)
    if kind is None:
        return Mismatch(field.name, "missing") if field.required else None
    accepted = _ACCEPTS.get(field.type)
    if accepted is None or kind in accepted:
        return None
    return Mismatch(field.name, f"expected {field.type}, found {kind}")
