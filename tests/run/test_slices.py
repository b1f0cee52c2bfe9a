"""How a definition becomes slices: every row in one of them, small ones together, missing ones told."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.core.ports import Table
from modelqa.engines.memory import open_table
from modelqa.errors import CheckError, SubjectError
from modelqa.run.slices import MOST_SLICES, Part, partition
from modelqa.suite.nodes import Problems, of
from modelqa.suite.slices import slices


def cut(written: Any, frame: pd.DataFrame) -> tuple[Part, ...]:
    """The parts of a frame by a definition as a suite writes it."""
    problems = Problems()
    (spec,) = slices(of([written], problems), problems)
    problems.check()
    table: Table = open_table(frame)
    return partition(spec, table, table.column)


def counts(written: Any, frame: pd.DataFrame) -> dict[str, int]:
    """How many rows each part has."""
    return {part.name: len(part.rows) for part in cut(written, frame)}


AGES = pd.DataFrame({"age": [17, 18, 39, 40, 64, 65, 90]})
REGIONS = pd.DataFrame(
    {"region": ["EU"] * 5 + ["US"] * 3 + ["AU", "NZ", None], "vip": [True, False] * 5 + [True]}
)


def test_edges_belong_to_the_bin_above() -> None:
    """Bins are at or above one edge and below the next, named by their column."""
    assert counts({"name": "band", "columns": "age", "bins": [18, 40, 65]}, AGES) == {
        "age < 18": 1,
        "18 <= age < 40": 2,
        "40 <= age < 65": 2,
        "age >= 65": 2,
    }


def test_labels_show_edges_as_written() -> None:
    """Neither 18.0 for 18 nor 0.30000000000000004 for what a file calls 0.3."""
    frame = pd.DataFrame({"share": [0.1, 0.3, 1000000.0]})
    assert list(counts({"name": "s", "columns": "share", "bins": [0.3, 1e6]}, frame)) == [
        "share < 0.3",
        "0.3 <= share < 1000000",
        "share >= 1000000",
    ]


def test_rows_without_a_number_are_a_slice() -> None:
    """Nobody falls between the bins."""
    frame = pd.DataFrame({"age": [20.0, 50.0, np.nan]})
    assert counts({"name": "band", "columns": "age", "bins": [40]}, frame)["age=missing"] == 1
    assert counts({"name": "half", "columns": "age", "bins": 2}, frame) == {
        "age < 50": 1,
        "age >= 50": 1,
        "age=missing": 1,
    }


@given(
    st.lists(st.none() | st.integers(-50, 50) | st.floats(-1e9, 1e9), min_size=1, max_size=60),
    st.integers(2, 8),
    st.integers(0, 10),
)
def test_equal_bins_hold_every_row_once(values: list[Any], bins: int, min_rows: int) -> None:
    """Whatever the column holds, each row is in one slice, and none of the bins is empty."""
    frame = pd.DataFrame({"x": pd.Series(values, dtype=float)})
    written = {"name": "s", "columns": ["x"], "bins": bins, **({"min_rows": min_rows} if min_rows else {})}
    if frame.x.nunique() < 2:
        with pytest.raises(CheckError, match="one value"):
            cut(written, frame)
        return
    parts = cut(written, frame)
    assert sorted(np.concatenate([part.rows for part in parts]).tolist()) == list(range(len(frame)))
    assert all(len(part.rows) for part in parts)
    assert len({part.name for part in parts}) == len(parts) <= bins + 2


def test_equal_bins_are_about_equal() -> None:
    """Without ties the counts differ by one at most; ties collapse."""
    spread = pd.DataFrame({"x": np.random.default_rng(0).permutation(103)})
    assert sorted(counts({"name": "s", "columns": "x", "bins": 4}, spread).values()) == [25, 26, 26, 26]
    tied = pd.DataFrame({"x": [0] * 90 + [1, 2]})
    assert counts({"name": "s", "columns": "x", "bins": 4}, tied) == {"x < 1": 90, "x >= 1": 2}


def test_small_slices_are_one_together() -> None:
    """Their rows are counted once, and a note names them."""
    parts = cut({"name": "where", "columns": ["region"], "min_rows": 4}, REGIONS)
    assert {part.name: len(part.rows) for part in parts} == {"region=EU": 5, "where (other)": 6}
    assert parts[-1].note == ("slices of fewer than 4 rows: region=AU, region=NZ, region=US, region=missing")
    assert parts[0].note == ""


def test_what_is_still_small_together_is_judged_all_the_same() -> None:
    """Nothing disappears by `min_rows`; a long list is counted."""
    assert counts({"name": "r", "columns": "region", "min_rows": 3}, REGIONS)["r (other)"] == 3
    frame = pd.DataFrame({"id": np.arange(200).tolist() + [7] * 30})
    (seven, rest) = cut({"name": "id", "columns": ["id"], "min_rows": 10}, frame)
    assert (seven.name, len(seven.rows), len(rest.rows)) == ("id=7", 31, 199)
    assert rest.note.endswith("id=0, id=1, id=2, id=3, id=4 and 194 more")


def test_empty_bins_are_named_among_the_small_ones() -> None:
    """An edge beyond all rows is an error, unless small slices go together."""
    with pytest.raises(CheckError, match=r"no row has age >= 100: drop an edge, or say `min_rows:`"):
        cut({"name": "band", "columns": "age", "bins": [18, 100]}, AGES)
    parts = cut({"name": "band", "columns": "age", "bins": [18, 100], "min_rows": 2}, AGES)
    assert [part.name for part in parts] == ["18 <= age < 100", "band (other)"]
    assert parts[1].note == "slices of fewer than 2 rows: age < 18, age >= 100"


@pytest.mark.parametrize(
    ("column", "values", "gone"),
    [
        ("region", ["EU", "US"], ""),
        ("region", ["EU", "APAC", "LATAM"], "region=APAC, region=LATAM"),
        ("vip", [True, False], ""),
        ("age", [17, 18.0], ""),
        ("age", [17, 19], "age=19"),
        ("age", ["17"], "age=17"),
    ],
)
def test_values_of_the_suite_must_occur(column: str, values: list[Any], gone: str) -> None:
    """A region that sent no rows is an error, not one slice less to judge."""
    frame = pd.concat([REGIONS, AGES], axis=1)
    written = {"name": "s", "columns": column, "values": values}
    if not gone:
        assert cut(written, frame)
        return
    with pytest.raises(CheckError, match=f"no row has {gone}, which the suite says must occur"):
        cut(written, frame)


def test_a_value_that_occurs_only_where_it_is_missing_does_not_occur() -> None:
    """A category without rows, as a filtered frame keeps it, is no slice."""
    frame = pd.DataFrame({"region": pd.Categorical(["EU", None], categories=["EU", "US"])})
    with pytest.raises(CheckError, match="region=US"):
        cut({"name": "s", "columns": "region", "values": ["US"]}, frame)


def test_missing_values_and_the_text_missing_are_two_slices() -> None:
    """A name never stands for two slices."""
    frame = pd.DataFrame({"region": ["missing", None, None]})
    assert counts("region", frame) == {"region=missing": 1, "region=missing (null)": 2}


def test_bins_are_of_numbers() -> None:
    """Texts have no order that an edge could cut."""
    with pytest.raises(CheckError, match="bins cut numbers, and 'region' holds text"):
        cut({"name": "s", "columns": "region", "bins": 3}, REGIONS)


def test_too_many_values_are_no_slices() -> None:
    """The message says how to make fewer; put together, they are few enough."""
    frame = pd.DataFrame({"id": np.arange(MOST_SLICES + 1)})
    with pytest.raises(CheckError, match="cut a column of numbers by `bins:`"):
        cut("id", frame)
    assert counts({"name": "id", "columns": "id", "min_rows": 2}, frame) == {"id (other)": MOST_SLICES + 1}


def test_a_column_that_is_not_there_is_told() -> None:
    """By whoever looks it up."""

    def nowhere(name: str) -> Any:
        raise SubjectError(f"no column {name}")

    problems = Problems()
    (spec,) = slices(of([{"name": "s", "where": "size > 3"}], problems), problems)
    with pytest.raises(SubjectError, match="no column size"):
        partition(spec, open_table(AGES), nowhere)
