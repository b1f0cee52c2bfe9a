"""Columns of two tables as numbers: whatever they hold, by the reference's own scale and categories."""

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from modelqa.checks.matrix import MOST_LEVELS, matrices
from modelqa.engines.memory import open_table


def made(reference: dict[str, Any], batch: dict[str, Any]) -> tuple[Any, Any, list[str]]:
    """The matrices of two frames, all columns of the first."""
    tables = [open_table(pd.DataFrame(each), name="rows") for each in (reference, batch)]
    return matrices(list(reference), *tables)


def test_numbers_stand_as_they_are_and_missing_ones_at_the_mean() -> None:
    """Where one is missing, a column of its own says so."""
    before, after, left = made({"x": [1.0, 3.0, np.nan]}, {"x": [np.nan, 9.0]})
    assert before.tolist() == [[1, 0], [3, 0], [2, 1]]
    assert after.tolist() == [[2, 1], [9, 0]]
    assert left == []


def test_categories_are_the_reference_s() -> None:
    """The most frequent first; one that only the batch has is none of them."""
    before, after, _ = made({"c": ["b", "a", "b"]}, {"c": ["a", "new", None]})
    assert before.tolist() == [[1, 0], [0, 1], [1, 0]]
    assert after.tolist() == [[0, 1], [0, 0], [0, 0]]
    many = [f"c{i}" for i in range(100)]
    assert made({"c": many}, {"c": many})[0].shape == (100, MOST_LEVELS)


def test_what_cannot_be_compared_is_named() -> None:
    """A column that the batch lacks, or that holds something else there; times and truth values can be."""
    day = pd.Timestamp("2026-01-01")
    before, _, left = made(
        {"gone": [1.0], "turned": [1.0], "when": [day], "flag": [True]},
        {"turned": ["a"], "when": [day], "flag": [False]},
    )
    assert left == ["gone", "turned"]
    assert before.shape == (1, 3)


VALUES = st.one_of(st.none(), st.floats(), st.integers(-5, 5).map(float))


@given(st.lists(VALUES, min_size=1, max_size=20), st.lists(VALUES, min_size=1, max_size=20))
def test_every_number_is_finite(reference: list[float | None], batch: list[float | None]) -> None:
    """Infinite ones are taken for missing, whatever their mean would be."""
    before, after, _ = made({"x": np.array(reference, dtype=float)}, {"x": np.array(batch, dtype=float)})
    assert len(before) == len(reference)
    assert np.isfinite(before).all()
    assert np.isfinite(after).all()
