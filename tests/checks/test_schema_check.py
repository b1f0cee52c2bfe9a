"""`schema`: facts of a batch, counted."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa import Suite, SuiteError
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult
from modelqa.testing import FakeModel, run_check


def table() -> pd.DataFrame:
    """Six rows with a column of every kind."""
    return pd.DataFrame(
        {
            "id": [1, 2, 3, 4, 5, 6],
            "age": [18, 30, 45, 60, 120, 31],
            "score": [0.1, 0.5, np.nan, 0.9, 1.0, 0.3],
            "plan": ["basic", "pro", "pro", None, "basic", "pro"],
            "active": [True, False, True, True, False, True],
            "since": pd.to_datetime(
                ["2020-01-01", "2021-06-30", "2022-01-01", "2023-01-01", "2024-02-29", None]
            ),
        }
    )


def judge(contract: Any, batch: pd.DataFrame | None = None, **keys: Any) -> CheckResult:
    """The result of one contract on the table."""
    return run_check("schema", contract, subject={"batch": table() if batch is None else batch}, **keys)


GOOD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"age": {"type": "int", "min": 18, "max": 120, "nulls": 0}}, {}),
    ({"score": {"type": "float", "min": 0, "max": 1, "nulls": "20%"}}, {}),
    ({"plan": {"type": "text", "in": ["basic", "pro"], "matches": "[a-z]+"}}, {}),
    ({"active": {"type": "bool", "in": [True, False]}}, {}),
    ({"since": {"type": "datetime", "min": "2020-01-01", "max": "2024-12-31"}}, {}),
    ({"id": {"unique": True}}, {"unique": ["id", "plan"]}),
    ({"age": {"type": "number"}, "gone": {"required": False, "min": 3}}, {}),
    ({"age": None}, {"rows": {"min": 6, "max": 6}}),
    ({name: {} for name in table()}, {"extra": "forbid"}),
]
BAD: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("missing_column", "income", {"income": {}}, {}),
    ("wrong_type", "age", {"age": {"type": "float"}}, {}),
    ("wrong_type", "plan", {"plan": {"type": "int"}}, {}),
    ("wrong_type", "since", {"since": {"type": "int", "min": 3, "matches": "x"}}, {}),
    ("below_min", "age", {"age": {"min": 19}}, {}),
    ("above_max", "age", {"age": {"max": 119}}, {}),
    ("above_max", "since", {"since": {"max": "2024-02-28"}}, {}),
    ("null_share", "score", {"score": {"nulls": 0.1}}, {}),
    ("outside_set", "plan", {"plan": {"in": ["pro"]}}, {}),
    ("outside_set", "age", {"age": {"in": [18, 30, 45, 60, 120]}}, {}),
    ("unmatched", "plan", {"plan": {"matches": "pr"}}, {}),
    ("duplicates", "active", {"active": {"unique": True}}, {}),
    ("duplicate_keys", "", {"id": {}}, {"unique": ["plan", "active"]}),
    ("extra_columns", "", {"id": {}}, {"extra": "forbid"}),
    ("rows", "", {"id": {}}, {"rows": {"min": 7}}),
    ("rows", "", {"id": {}}, {"rows": {"max": 5}}),
]


@pytest.mark.parametrize(("contract", "keys"), GOOD, ids=lambda part: str(sorted(part))[:40])
def test_a_contract_that_is_kept_passes(contract: dict[str, Any], keys: dict[str, Any]) -> None:
    """Types, ranges, sets, patterns, nulls and keys, on the side that is right."""
    result = judge(contract, **keys)
    assert result.outcome is Outcome.PASSED, result.message


@pytest.mark.parametrize(
    ("metric", "column", "contract", "keys"), BAD, ids=[f"{m}-{c}-{i}" for i, (m, c, _, _) in enumerate(BAD)]
)
def test_a_contract_that_is_broken_fails_by_name(
    metric: str, column: str, contract: dict[str, Any], keys: dict[str, Any]
) -> None:
    """The broken rule is red, under its name and column, and nothing else is."""
    result = judge(contract, **keys)
    red = [
        (v.measurement.metric, v.measurement.column or "")
        for v in result.verdicts
        if v.outcome is Outcome.FAILED
    ]
    assert red == [(metric, column)]


def test_a_violation_is_counted_and_never_quoted() -> None:
    """The message has the number of rows, not their values."""
    result = judge({"age": {"max": 50}})
    assert result.verdicts[-1].measurement.estimate.value == 2
    assert "120" not in result.message


def test_missing_values_break_no_rule_but_nulls() -> None:
    """A missing plan is not outside the set, a missing score not below the minimum."""
    assert judge({"plan": {"in": ["basic", "pro"]}, "score": {"min": 0}}).outcome is Outcome.PASSED


def test_a_missing_value_is_a_value_of_a_key() -> None:
    """Two rows without a plan share their key."""
    batch = table().assign(plan=[None, None, "a", "b", "c", "d"], one=1)
    assert judge({"id": {}}, batch, unique=["plan"]).worst.measurement.estimate.value == 1  # type: ignore[union-attr]


UNSOUND: list[tuple[Any, dict[str, Any], str]] = [
    ("signatur", {}, "expected `signature`"),
    ({}, {}, "at least one column"),
    ({"age": 3}, {}, "expected rules"),
    ({"age": {"typ": "int"}}, {}, "did you mean 'type'"),
    ({"age": {"type": "integer"}}, {}, "unknown type"),
    ({"age": {"min": "soon"}}, {}, "expected a number or an ISO date"),
    ({"age": {"min": 5, "max": 1}}, {}, "min 5 is above max 1"),
    ({"age": {"nulls": "3 ms"}}, {}, "expected a share"),
    ({"age": {"nulls": 2}}, {}, "expected a share"),
    ({"age": {"unique": 1}}, {}, "expected true or false"),
    ({"age": {"in": []}}, {}, "expected a list"),
    ({"age": {"in": "ab"}}, {}, "expected a list"),
    ({"plan": {"matches": "("}}, {}, "regular expression"),
    ({"age": {}}, {"rows": {"least": 3}}, "expected min, max or both"),
    ({"age": {}}, {"rows": {"min": 3, "max": 1}}, "above max"),
    ({"age": {}}, {"extra": "refuse"}, "forbid"),
    ({"age": {}}, {"max": 3}, "max"),
]


@pytest.mark.parametrize(("contract", "keys", "message"), UNSOUND, ids=[str(i) for i in range(len(UNSOUND))])
def test_an_unsound_contract_is_a_problem_of_the_suite(
    contract: Any, keys: dict[str, Any], message: str
) -> None:
    """What no batch could keep, or nobody could mean, is said before anything is read."""
    with pytest.raises(SuiteError, match=message):
        Suite("s", batch=table(), checks=[{"schema": contract, **keys}])


def test_a_pattern_that_only_a_slow_engine_could_run_is_an_error() -> None:
    """Back references have no linear time, so they are refused at run time."""
    result = judge({"plan": {"matches": r"(a)\1"}})
    assert result.outcome is Outcome.ERRORED
    assert "linear time" in result.message


def test_the_model_s_own_signature_is_a_contract() -> None:
    """Names that the model was trained on must be there; what else is there does not matter."""
    batch = pd.DataFrame({"signal": [0.1, 0.2], "other": [1, 2]})
    assert run_check("schema", "signature", subject={"batch": batch}).outcome is Outcome.PASSED
    gone = run_check("schema", "signature", subject={"batch": batch.drop(columns="signal")})
    assert gone.outcome is Outcome.FAILED
    assert "signal" in gone.message


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=1, max_size=40),
    st.integers(-50, 50),
    st.integers(0, 50),
)
def test_counts_are_those_of_a_loop(values: list[int | None], low: int, width: int) -> None:
    """Nulls, ranges and duplicates are what counting one by one says."""
    batch = pd.DataFrame({"x": pd.array(values, dtype="Int64")})
    result = run_check(
        "schema", {"x": {"min": low, "max": low + width, "nulls": 0, "unique": True}},
        subject={"batch": batch, "labels": None, "model": FakeModel()},
    )  # fmt: skip
    found = {v.measurement.metric: v.measurement.estimate.value for v in result.verdicts}
    present = [value for value in values if value is not None]
    if present:
        assert found["below_min"] == sum(value < low for value in present)
        assert found["above_max"] == sum(value > low + width for value in present)
    assert found["null_share"] == pytest.approx(1 - len(present) / len(values))
    assert found["duplicates"] == len(present) - len(set(present))
