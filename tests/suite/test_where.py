"""The condition language: what it reads, what it refuses and where, and what matches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.core.ports import Column
from modelqa.core.signature import ColumnKind
from modelqa.errors import SubjectError
from modelqa.suite.where import All, Any_, Compare, In, IsNull, Name, Not, WhereError, parse

KINDS = {
    "age": ColumnKind.INTEGER,
    "limit": ColumnKind.INTEGER,
    "charge": ColumnKind.FLOAT,
    "region": ColumnKind.TEXT,
    "home region": ColumnKind.TEXT,
    "business": ColumnKind.BOOLEAN,
    "signup": ColumnKind.DATETIME,
    "blob": ColumnKind.OTHER,
}
HEADER = ("age", "limit", "charge", "region", "home region", "business", "signup", "blob")
CELLS: list[tuple[Any, ...]] = [
    (1, 2, 0.5, "EU", "EU", True, "2026-01-01", None),
    (2, 2, 1.5, "US", "EU", False, "2026-02-01T12:00:00", None),
    (3, 2, 2.5, "it's", "EU", True, "2026-03-01", None),
    (None, 2, None, None, "EU", None, None, None),
]
ROWS = [dict(zip(HEADER, cells, strict=True)) for cells in CELLS]


@dataclass
class FakeTable:
    """Rows as dictionaries, None for null, given out as columns."""

    cells: list[dict[str, Any]]
    kinds: Mapping[str, ColumnKind] = field(default_factory=lambda: KINDS)

    @property
    def rows(self) -> int:
        return len(self.cells)

    def column(self, name: str) -> Column:
        kind = self.kinds[name]
        cells = [row[name] for row in self.cells]
        missing = np.array([cell is None for cell in cells], dtype=bool)
        there = [cell for cell in cells if cell is not None]
        categories = tuple(sorted({str(cell) for cell in there})) if kind is ColumnKind.TEXT else ()
        values = np.array([_code(cell, kind, categories) for cell in cells], dtype=_DTYPES.get(kind, object))
        return Column(name, kind, values=values, missing=missing, dtype="", categories=categories)


_DTYPES = {
    ColumnKind.INTEGER: np.int64,
    ColumnKind.FLOAT: np.float64,
    ColumnKind.BOOLEAN: np.bool_,
    ColumnKind.TEXT: np.int32,
    ColumnKind.DATETIME: np.int64,
}


def _code(cell: Any, kind: ColumnKind, categories: tuple[str, ...]) -> Any:
    if kind is ColumnKind.TEXT:
        return -1 if cell is None else categories.index(cell)
    if kind is ColumnKind.DATETIME and cell is not None:
        return round(datetime.fromisoformat(cell).replace(tzinfo=UTC).timestamp() * 1e6)
    return 0 if cell is None else cell


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("age < 3", [0, 1]),
        ("age <= 3 and age >= 2", [1, 2]),
        ("age == 1 or age=3", [0, 2]),
        ("age != 2", [0, 2]),
        ("age > -1e3", [0, 1, 2]),
        ("not (age < 3)", [2]),
        ("not age < 3", [2]),
        ("not not age < 3", [0, 1]),
        ("age in (1, 3.0)", [0, 2]),
        ("age not in (1, 3)", [1]),
        ("age is null", [3]),
        ("age IS NOT NULL", [0, 1, 2]),
        ("not age is null", [0, 1, 2]),
        ("age < limit", [0]),
        ("age >= charge", [0, 1, 2]),
        ("charge = 1.5", [1]),
        ("charge > .5", [1, 2]),
        ("age > 999999999999999999999999999999", []),
        ("region = 'EU'", [0]),
        ('region = "EU"', [0]),
        ("region != 'EU'", [1, 2]),
        ("region < 'F'", [0]),
        ("region = 'it''s'", [2]),
        ("region in ('EU', 'US')", [0, 1]),
        ("region not in ('EU', 'nowhere')", [1, 2]),
        ("region = `home region`", [0]),
        ("`home region` <= region", [0, 1, 2]),
        ("business = true", [0, 2]),
        ("business != TRUE", [1]),
        ("business = business", [0, 1, 2]),
        ("signup >= '2026-02-01'", [1, 2]),
        ("signup < '2026-02-01T13:00:00+01:00'", [0]),
        ("signup in ('2026-01-01', '2026-03-01')", [0, 2]),
        ("age < 2 or region = 'US' and business = true", [0]),
        ("(age < 2 or region = 'US') and business = false", [1]),
        ("age > 5 or limit = 2", [0, 1, 2, 3]),
        ("not (age < 5 and limit = 3)", [0, 1, 2, 3]),
        ("blob is null", [0, 1, 2, 3]),
        ("age<3 and`age`>1", [1]),
    ],
)
def test_a_condition_matches_these_rows(text: str, matched: list[int]) -> None:
    """Null matches nothing but `is null`, also under `not`."""
    mask = parse(text).mask(FakeTable(ROWS))
    assert mask.dtype == bool
    assert np.flatnonzero(mask).tolist() == matched


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("", 0, "expected a column, found the end"),
        ("   ", 3, "expected a column"),
        ("age", 3, "expected a comparison such as"),
        ("age <", 5, "expected a number, a text in quotes, true, false or a column, found the end"),
        ("3 < age", 0, "expected a column, found '3'"),
        ("age < 3 <", 8, "expected and, or, or the end, found '<'"),
        ("1 < 2", 0, "expected a column"),
        ("age = null", 6, "a null is found by: is null"),
        ("age in 3", 7, "expected '('"),
        ("age in ()", 8, "true or false, found ')'"),
        ("age in (1, region)", 11, "true or false, found 'region'"),
        ("age in (1 2)", 10, "expected ')'"),
        ("age is 3", 7, "expected 'null'"),
        ("age not null", 8, "expected 'in'"),
        ("(age < 3", 8, "expected ')'"),
        ("age < 3)", 7, "expected and, or, or the end"),
        ("age + 1 < 3", 4, "unexpected '+'"),
        ("age < 1 -1", 8, "expected and, or, or the end"),
        ("len(region) > 1", 3, "expected a comparison"),
        ("region like 'E%'", 7, "expected a comparison"),
        ("region = 'EU", 9, "the quote ' is not closed"),
        ("`age < 3", 0, "the quote ` is not closed"),
        ("age < 3; drop", 7, "unexpected ';'"),
        ("age < 3 and", 11, "expected a column"),
        ("in = 3", 0, "expected a column, found 'in'"),
        ("__import__('os')", 10, "expected a comparison"),
        ("age < 1e999", 6, "expected a finite number"),
        ("age < 3x", 6, "unexpected '3'"),
        ("(" * 60 + "age < 3" + ")" * 60, 51, "at most 50 levels"),
        ("not " * 60 + "age < 3", 204, "at most 50 levels"),
        ("age < 3 or " * 1000, 0, "longer than 4,000 characters"),
    ],
)
def test_what_is_no_condition_is_refused_with_its_offset(text: str, offset: int, message: str) -> None:
    """The language knows nothing else, and says where it stopped."""
    with pytest.raises(WhereError) as caught:
        parse(text)
    assert caught.value.offset == offset
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aeg < 3", "the data has no column 'aeg' (did you mean 'age'?)"),
        ("age = 'one'", "'age' holds numbers and is compared with a text"),
        ("age = true", "'age' holds numbers and is compared with a truth value"),
        ("region = 1", "'region' holds texts and is compared with a number"),
        ("region in ('a', 1)", "'region' holds texts and is compared with a number"),
        ("business = 1", "'business' holds truth values and is compared with a number"),
        ("business < true", "know = and != only"),
        ("business < business", "know = and != only"),
        ("signup = 3", "'signup' holds dates and is compared with a number"),
        ("signup = 'soon'", "compare it with one, such as '2026-01-31'"),
        ("age = region", "'age' holds numbers and 'region' texts"),
        ("blob = 1", "values that cannot be compared"),
        ("blob = blob", "values that cannot be compared"),
    ],
)
def test_a_condition_that_does_not_fit_the_data_is_an_error(text: str, message: str) -> None:
    """A type that cannot be compared is told with the condition and without values of rows."""
    with pytest.raises(SubjectError) as caught:
        parse(text).mask(FakeTable(ROWS))
    assert str(caught.value).startswith(f"where {text}: ")
    assert message in str(caught.value)


def test_the_names_are_those_of_all_columns() -> None:
    """A condition tells the columns that it reads, each once."""
    condition = parse("age < limit and not (region in ('a') or `home region` is null) or age = 1")
    assert condition.names == {"age", "limit", "region", "home region"}


def test_no_rows_and_only_nulls_match_nothing() -> None:
    """An empty table gives an empty mask; a text column of nulls has no categories."""
    nulls = FakeTable([dict.fromkeys(KINDS)] * 3)
    for text in ("region = 'EU'", "region = `home region`", "age < 3", "signup > '2026-01-01'"):
        assert parse(text).mask(FakeTable([])).tolist() == []
        assert parse(f"{text} or not {text}").mask(nulls).tolist() == [False] * 3


NAMES = {
    "age": (0, 1, 2),
    "limit": (0, 1, 2),
    "region": ("EU", "US", "it's", 'a"b', ""),
    "home region": ("EU", "US"),
}


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Tables of a few rows in which everything may be null."""
    row = {name: st.sampled_from((*values, None)) for name, values in NAMES.items()}
    return draw(st.lists(st.fixed_dictionaries(row), max_size=8))


def leaves() -> st.SearchStrategy[Any]:
    """Comparisons that fit their columns' types."""

    def of(name: str) -> st.SearchStrategy[Any]:
        value = st.sampled_from(NAMES[name])
        same = [other for other in NAMES if isinstance(NAMES[other][0], type(NAMES[name][0]))]
        sign = st.sampled_from(("=", "!=", "<", "<=", ">", ">="))
        other = value | st.sampled_from(same).map(Name)
        return st.one_of(
            st.builds(Compare, st.just(Name(name)), sign, other),
            st.builds(In, st.just(Name(name)), st.lists(value, min_size=1, max_size=3).map(tuple)),
            st.just(IsNull(Name(name))),
        )

    return st.sampled_from(list(NAMES)).flatmap(of)


def grown(part: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What `and`, `or` and `not` make of conditions."""
    parts = st.lists(part, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, part) | st.builds(All, parts) | st.builds(Any_, parts)


def written(tree: Any) -> str:
    """A tree as text; parentheses everywhere."""
    match tree:
        case Name(name):
            return f"`{name}`"
        case Compare(left, sign, right):
            return f"{written(left)} {sign} {written(right)}"
        case In(left, values):
            return f"{written(left)} in ({', '.join(map(written, values))})"
        case IsNull(left):
            return f"{written(left)} is null"
        case Not(part):
            return f"not ({written(part)})"
        case All(parts):
            return " and ".join(f"({written(part)})" for part in parts)
        case Any_(parts):
            return " or ".join(f"({written(part)})" for part in parts)
        case str():
            return "'" + tree.replace("'", "''") + "'"
    return str(tree)


def oracle(tree: Any, row: dict[str, Any]) -> bool | None:
    """SQL's three-valued logic, one row at a time; None is unknown."""
    match tree:
        case Compare(Name(name), sign, right):
            left, other = row[name], row[right.name] if isinstance(right, Name) else right
            if left is None or other is None:
                return None
            signs = {"=": left == other, "!=": left != other, "<": left < other}
            return {**signs, "<=": left <= other, ">": left > other, ">=": left >= other}[sign]
        case In(Name(name), values):
            return None if row[name] is None else row[name] in values
        case IsNull(Name(name)):
            return row[name] is None
        case Not(part):
            found = oracle(part, row)
            return None if found is None else not found
        case All(parts):
            found = [oracle(part, row) for part in parts]
            return False if False in found else None if None in found else True
        case Any_(parts):
            found = [oracle(part, row) for part in parts]
            return True if True in found else None if None in found else False
    raise AssertionError(tree)


@settings(max_examples=150, deadline=None)
@given(tree=st.recursive(leaves(), grown, max_leaves=8), cells=rows())
def test_a_condition_agrees_with_sql_row_by_row(tree: Any, cells: list[dict[str, Any]]) -> None:
    """Text, tree and mask say the same as a small interpreter of SQL's logic."""
    condition = parse(written(tree))
    expected = [oracle(tree, row) is True for row in cells]
    assert condition.mask(FakeTable(cells)).tolist() == expected
    assert parse(written(condition.tree)).tree == condition.tree


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.text("ab01<>=!()'\"`,. andortinsul-", max_size=40))
def test_any_text_parses_or_tells_its_offset(text: str) -> None:
    """No text makes another error, and the offset lies within the text."""
    try:
        offset = 0 if parse(text).names else -1
    except WhereError as error:
        offset = error.offset
    assert 0 <= offset <= len(text)
