"""56 facts of 1,000,000 rows: the native contract beside Great Expectations, imports not counted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelqa import Outcome, Suite, plan
from modelqa.core.extras import load
from modelqa.run.execute import execute
from modelqa.run.opened import Opened, Settings

ROWS, NUMBERS, TEXTS = 1_000_000, 16, 4


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Sixteen columns of numbers and four of texts."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {f"n{i}": rng.normal(50, 10, ROWS) for i in range(NUMBERS)}
    columns |= {f"t{i}": rng.choice(["basic", "plus", "pro"], ROWS) for i in range(TEXTS)}
    return pd.DataFrame(columns)


@pytest.mark.slow
def test_facts_cost_an_eighth_of_great_expectations(
    table: pd.DataFrame, compare: Callable[..., None]
) -> None:
    """The native contract takes at most an eighth of the time."""
    what = "schema, 56 facts, 1,000,000 rows"
    compare(what, native(table), theirs(table), beside="Great Expectations", most=1 / 8, turns=3)


def native(table: pd.DataFrame) -> Any:
    """16 x (range, nulls, type) + 4 x (set, nulls)."""
    contract: dict[str, Any] = {
        f"n{i}": {"type": "float", "min": -100, "max": 200, "nulls": 0} for i in range(NUMBERS)
    }
    contract |= {f"t{i}": {"in": ["basic", "plus", "pro"], "nulls": 0} for i in range(TEXTS)}

    suite = Suite("facts", batch=table, checks=[{"schema": contract}])
    planned = plan(suite).checks[0]

    def run() -> None:
        result = execute(planned, Opened(suite, Settings(root=Path())))
        assert result.outcome is Outcome.PASSED

    return run


def theirs(table: pd.DataFrame) -> Any:
    """The same facts, told as quickly as it can: whether each holds, and nothing else."""
    gx = load("great_expectations")
    E = gx.expectations  # noqa: N806
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("p").add_dataframe_asset("d")
    definition = source.add_batch_definition_whole_dataframe("b")
    made = []
    for i in range(NUMBERS):
        made.append(E.ExpectColumnValuesToBeBetween(column=f"n{i}", min_value=-100, max_value=200))
        made.append(E.ExpectColumnValuesToNotBeNull(column=f"n{i}"))
        made.append(E.ExpectColumnValuesToBeOfType(column=f"n{i}", type_="float64"))
    for i in range(TEXTS):
        made.append(E.ExpectColumnValuesToBeInSet(column=f"t{i}", value_set=["basic", "plus", "pro"]))
        made.append(E.ExpectColumnValuesToNotBeNull(column=f"t{i}"))
    assert len(made) == 56
    suite = gx.ExpectationSuite("s", expectations=made)

    def run() -> None:
        result = definition.get_batch({"dataframe": table}).validate(suite, result_format="BOOLEAN_ONLY")
        assert result.success

    return run
