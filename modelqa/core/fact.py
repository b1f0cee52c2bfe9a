"""What can be counted of a table's rows, whoever counts it."""

from dataclasses import dataclass
from typing import Any, Literal

Rule = Literal["missing", "below", "above", "outside", "unmatched", "distinct", "repeated"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A number of rows, or of values.

    ``missing`` are rows without a value. ``below`` and ``above`` are those beyond a limit, ``outside``
    those with none of some values, ``unmatched`` texts that a regular expression (RE2's) does not match as
    a whole: a missing value is none of these. ``distinct`` is the number of different values, missing ones
    aside. ``repeated`` are rows that are equal to an earlier one in all of the columns; missing is a value
    there. A time is told in microseconds since 1970 in UTC.
    """

    rule: Rule
    columns: tuple[str, ...]
    wanted: Any = None
