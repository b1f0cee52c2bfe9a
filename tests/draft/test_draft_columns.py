"""The contract of columns: what is found of each kind, and that it holds where it was found."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelqa.core.bound import Outcome
from modelqa.core.ports import Column
from modelqa.draft.columns import Roles, contract, find_key, rules_of
from modelqa.draft.text import dropped
from modelqa.engines.memory import open_table
from modelqa.suite.spec import Suite


def rules(values: Any, other: Any = None, **roles: str) -> dict[str, Any]:
    """The rules that are found for one column called `x`."""
    return rules_of(column(values), None if other is None else column(other), Roles(**roles))[0]


def column(values: Any) -> Column:
    """Values as a column called `x`."""
    return open_table({"x": values}).column("x")


def test_whole_numbers_get_a_whole_range() -> None:
    """A range of ints is wider by half of its spread, and does not cross zero."""
    assert rules([18, 50, 90]) == {"type": "int", "min": 0, "max": 126, "nulls": 0}


def test_the_reference_widens_the_range() -> None:
    """What the model was trained on is healthy too."""
    assert rules([0.0, 1.0], other=[5.0, 9.0])["max"] == pytest.approx(13.6)


def test_a_reference_of_another_kind_does_not_count() -> None:
    """A column that changed its kind says nothing of ranges."""
    assert rules([0, 10], other=["a", "b"])["max"] == 15


def test_texts_that_recur_are_a_set() -> None:
    """Few values, each seen more than once, in order."""
    assert rules(["b", "a"] * 20)["in"] == ["a", "b"]


@pytest.mark.parametrize(
    "values",
    [
        ["a"] * 40 + ["b"],
        [f"v{n % 21}" for n in range(500)],
        ["a", "b"] * 5,
        ["a\x00", "b"] * 20,
        ["${A}"] * 40,
    ],
)
def test_texts_that_promise_others_are_no_set(values: list[str]) -> None:
    """A value seen once, many values, few rows, and values that no suite can hold."""
    assert "in" not in rules(values)


def test_labels_that_are_classes_are_a_set() -> None:
    """Whole numbers too, if they are classes."""
    assert rules([0, 1, 2] * 10, classes="x")["in"] == [0, 1, 2]
    assert "in" not in rules([0, 1, 2] * 10)


def test_dates_have_a_first_day_and_no_last() -> None:
    """The next batch is a later one."""
    found = rules(pd.to_datetime(["2026-01-01", "2026-03-02"]))
    assert found == {"type": "datetime", "min": '"2025-12-02"', "nulls": 0}


def test_nulls_are_allowed_where_there_were_some() -> None:
    """None where none, else the upper end of the exact interval."""
    assert rules([1.0, 2.0])["nulls"] == 0
    assert rules([None] * 10 + [1.0] * 90)["nulls"] == "24%"


def test_a_column_of_nulls_has_no_type() -> None:
    """Nothing is known of what it would hold."""
    assert rules([None] * 10) == {"nulls": "100%"}


def test_infinities_have_no_range() -> None:
    """A range that holds them bounds nothing."""
    assert rules([1.0, np.inf]) == {"type": "number", "nulls": 0}


def test_many_different_values_have_to_stay_many() -> None:
    """A column that stands still is a fact that a contract can know."""
    assert rules(np.arange(400) / 7)["distinct"] == 100
    assert "distinct" not in rules([1.5, 2.5] * 50)


def test_a_key_is_found_by_its_name() -> None:
    """All values differ, and it is called an id."""
    table = open_table({"x": np.arange(40), "user_id": np.arange(40), "orderId": np.arange(40)})
    assert find_key(table, [], None) == "user_id"
    assert find_key(table, ["user_id"], None) == "orderId"
    assert find_key(open_table({"user_id": [1] * 40}), [], None) is None


def test_a_text_that_the_model_does_not_read_may_be_a_key() -> None:
    """Whatever it is called, if it is the only one whose values all differ."""
    names = [f"P{n}" for n in range(40)]
    assert find_key(open_table({"patient": names, "x": np.arange(40)}), [], ["x"]) == "patient"
    assert find_key(open_table({"patient": names, "x": np.arange(40)}), [], None) is None
    assert find_key(open_table({"a": names, "b": names}), [], ["x"]) is None


def test_a_table_without_names_to_write_has_no_contract() -> None:
    """A column that no suite can name is not held against anything, and that is said."""
    assert contract(open_table({"a\n": [1]}), None, Roles()) == dropped("contract", "no column has a name")
    lines = contract(open_table({"a\n": [1], "b": [1]}), None, Roles()).lines
    assert any("1 more columns" in line for line in lines)


ROWS = st.integers(1, 30)
CELLS = st.one_of(
    st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=30),
    st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=30),
    st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=30),
    st.lists(st.booleans(), min_size=1, max_size=30),
    st.lists(st.datetimes().map(np.datetime64), min_size=1, max_size=30).map(np.array),
    st.lists(st.one_of(st.integers(0, 3), st.just("a"), st.none()), min_size=1, max_size=30),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(CELLS, st.text(min_size=1, max_size=5))
def test_a_contract_passes_on_the_rows_that_it_was_found_from(cells: Any, name: str) -> None:
    """Whatever a column holds, the suite can be read, and its contract is green."""
    from pathlib import Path

    from modelqa.engines.repeats import repeated_rows
    from modelqa.suite.nodes import Problems
    from modelqa.suite.text import read

    table = open_table({"id": np.arange(len(cells)), name if name != "id" else "x": cells})
    block = contract(table, None, Roles(), [repeated_rows(table)])
    text = "suite: found\nchecks:\n" + "\n".join(block.lines)
    problems = Problems()
    suite = Suite.read(read(text, Path("found.suite.yaml"), problems), None, problems)
    result = suite.override(batch=table.to_pandas()).run()
    assert result.outcome is Outcome.PASSED, result.checks[0].message
