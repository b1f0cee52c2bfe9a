"""The rules of a contract for what stands in a table more than once."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult
from modelqa.engines.memory import open_table
from modelqa.engines.repeats import distinct_values, repeated_rows
from modelqa.errors import SuiteError
from modelqa.suite.spec import Suite

CELLS = st.one_of(st.none(), st.integers(0, 3))


def run(frame: pd.DataFrame, contract: dict[str, Any], **keys: Any) -> CheckResult:
    """Hold a frame against a contract."""
    return Suite("s", batch=frame, checks=[{"schema": contract, **keys}]).run().checks[0]


@given(st.lists(st.tuples(CELLS, CELLS, st.sampled_from(["a", "b", None])), min_size=1, max_size=40))
def test_repeated_rows_are_those_that_pandas_counts(rows: list[tuple[Any, ...]]) -> None:
    """A missing value equals a missing value, in numbers and in texts."""
    frame = pd.DataFrame(rows, columns=["a", "b", "c"])
    assert repeated_rows(open_table(frame)) == int(frame.duplicated().sum())


def test_objects_count_by_what_they_read_as() -> None:
    """Lists and mixed values have no order, and can be counted all the same."""
    column = open_table({"x": [[1], [1], "a", None, 2]}).column("x")
    assert distinct_values(column) == 3
    assert repeated_rows(open_table({"x": [[1], [1], "a", None, None]})) == 2


@pytest.mark.parametrize(("allowed", "outcome"), [("10%", "passed"), (0.04, "failed"), (0, "failed")])
def test_duplicates_are_bounded_as_a_share(allowed: Any, outcome: str) -> None:
    """One row of twenty is repeated."""
    frame = pd.DataFrame({"x": [*range(19), 0]})
    result = run(frame, {"x": {"type": "int"}}, duplicates=allowed)
    assert str(result.outcome) == outcome
    assert result.verdicts[-1].measurement.metric == "duplicate_rows"


def test_a_column_that_stands_still_is_noticed() -> None:
    """Fewer different values than the contract asks for are red, missing ones do not count."""
    still = pd.DataFrame({"x": [1.5] * 30 + [np.nan]})
    assert run(still, {"x": {"distinct": 2}}).outcome is Outcome.FAILED
    assert run(still, {"x": {"distinct": 1}}).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("contract", "keys", "says"),
    [
        ({"x": {"distinct": 0}}, {}, "distinct"),
        ({"x": {"distinct": True}}, {}, "distinct"),
        ({"x": {}}, {"duplicates": 1.5}, "duplicates"),
        ({"x": {}}, {"duplicates": "many"}, "duplicates"),
    ],
)
def test_rules_that_make_no_sense_are_mistakes(contract: Any, keys: Any, says: str) -> None:
    """They are found when the suite is read."""
    with pytest.raises(SuiteError, match=says):
        run(pd.DataFrame({"x": [1]}), contract, **keys)
