"""The native contract and Great Expectations say the same of the facts that both know."""
# ruff: noqa: E501 (a table reads better in rows)

import uuid
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelqa import Suite
from modelqa.core.bound import Outcome
from modelqa.core.extras import load

FRAMES = 200


def frame(seed: int) -> pd.DataFrame:
    """A table of every kind of column, with gaps, ties and odd values, drawn anew for each seed."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(1, 60))
    gaps = rng.random(rows) < rng.choice([0.0, 0.2, 1.0], p=[0.5, 0.4, 0.1])
    number = np.where(gaps, np.nan, rng.normal(50, 30, rows).round(int(rng.integers(0, 3))))
    words = rng.choice(["a", "b", "c", "ab", "", "é"], rows)
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(-5, 40, rows), unit="D")
    return pd.DataFrame(
        {
            "number": number,
            "whole": rng.integers(-3, 40, rows),
            "text": pd.Series(np.where(rng.random(rows) < 0.1, None, words), dtype="str"),
            "kind": pd.Categorical(rng.choice(["x", "y", "z"], rows)),
            "flag": rng.random(rows) < 0.5,
            "day": pd.Series(days).where(rng.random(rows) > 0.05),
        }
    )


def facts(gx: Any, rng: np.random.Generator) -> list[tuple[dict[str, Any], dict[str, Any], Any]]:
    """Facts as a contract, its other keys, and as an expectation."""
    low, high = sorted(rng.integers(-20, 120, 2).tolist())
    first = pd.Timestamp("2026-01-01") + pd.Timedelta(days=int(rng.integers(-8, 4)))
    E = gx.expectations  # noqa: N806
    share = float(rng.choice([0.0, 0.1, 0.25, 0.5]))
    return [
        ({"number": {"min": low}}, {}, E.ExpectColumnValuesToBeBetween(column="number", min_value=low)),
        ({"number": {"max": high}}, {}, E.ExpectColumnValuesToBeBetween(column="number", max_value=high)),
        ({"whole": {"min": 0, "max": 30}}, {}, E.ExpectColumnValuesToBeBetween(column="whole", min_value=0, max_value=30)),
        ({"number": {"nulls": 0}}, {}, E.ExpectColumnValuesToNotBeNull(column="number")),
        ({"number": {"nulls": share}}, {}, E.ExpectColumnValuesToNotBeNull(column="number", mostly=1 - share)),
        ({"whole": {"unique": True}}, {}, E.ExpectColumnValuesToBeUnique(column="whole")),
        ({"text": {"in": ["a", "b", "c", "ab", ""]}}, {}, E.ExpectColumnValuesToBeInSet(column="text", value_set=["a", "b", "c", "ab", ""])),
        ({"kind": {"in": ["x", "y"]}}, {}, E.ExpectColumnValuesToBeInSet(column="kind", value_set=["x", "y"])),
        ({"whole": {"in": list(range(30))}}, {}, E.ExpectColumnValuesToBeInSet(column="whole", value_set=list(range(30)))),
        ({"text": {"matches": "[abc]*"}}, {}, E.ExpectColumnValuesToMatchRegex(column="text", regex="^[abc]*$")),
        ({"day": {"min": str(first.date())}}, {}, E.ExpectColumnValuesToBeBetween(column="day", min_value=first.to_pydatetime())),
        ({"flag": {"type": "bool"}}, {}, E.ExpectColumnValuesToBeOfType(column="flag", type_="bool")),
        ({"whole": {"type": "int"}}, {}, E.ExpectColumnValuesToBeOfType(column="whole", type_="int64")),
        ({"absent": {}}, {}, E.ExpectColumnToExist(column="absent")),
        ({"whole": {}}, {"rows": {"min": 5, "max": 40}}, E.ExpectTableRowCountToBeBetween(min_value=5, max_value=40)),
        ({"whole": {}}, {"unique": ["whole", "flag"]}, E.ExpectCompoundColumnsToBeUnique(column_list=["whole", "flag"])),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "start", [0, *(pytest.param(start, marks=pytest.mark.slow) for start in range(50, FRAMES, 50))]
)
def test_both_say_the_same(start: int) -> None:
    """Sixteen facts of each generated table (200, of which 150 as a sweep): red and green are the same."""
    gx = load("great_expectations")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    for seed in range(start, start + 50):
        table = frame(seed)
        named = facts(gx, np.random.default_rng(seed))
        checks = [
            {"schema": contract, **keys, "name": f"f{at}"} for at, (contract, keys, _) in enumerate(named)
        ]
        ours = {check.id: check for check in Suite("facts", batch=table, checks=checks).run().checks}
        theirs = validated(gx, context, table, [expectation for _, _, expectation in named])
        for at, (contract, keys, _) in enumerate(named):
            found = ours[f"f{at}"]
            told = f"table {seed}, fact {at}: {contract} {keys}: {found.message}"
            assert (found.outcome is Outcome.PASSED) == theirs[at], told


def validated(gx: Any, context: Any, table: pd.DataFrame, expectations: list[Any]) -> dict[int, bool]:
    """Whether each expectation is met, by its position, as Great Expectations says when asked directly."""
    for at, expectation in enumerate(expectations):
        expectation.meta = {"at": at}
    source = context.data_sources.add_pandas(uuid.uuid4().hex)
    definition = source.add_dataframe_asset("d").add_batch_definition_whole_dataframe("b")
    suite = gx.ExpectationSuite("s", expectations=expectations)
    result = definition.get_batch({"dataframe": table}).validate(suite, result_format="BOOLEAN_ONLY")
    context.data_sources.delete(source.name)
    return {each.expectation_config.meta["at"]: bool(each.success) for each in result.results}
