"""Plain data as a key: equal where the data is, types and order included; anything else has none."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.core.units import Unit
from modelqa.run.keys import Unkeyed, canonical
from modelqa.suite.nodes import Place
from modelqa.suite.spec import SliceSpec
from modelqa.suite.where import parse

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.text("ab01", max_size=2)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)


def exact(value: Any) -> Any:
    """A value with its types, such that equality means the same thing."""
    if isinstance(value, list):
        return ("list", *map(exact, value))
    if isinstance(value, dict):
        return ("dict", *((key, exact(item)) for key, item in value.items()))
    return (type(value).__name__, repr(value))


@given(PLAIN, PLAIN)
def test_texts_are_equal_where_the_data_is(one: Any, other: Any) -> None:
    """1 is neither 1.0 nor true nor "1", and the order of keys counts."""
    assert (canonical(one) == canonical(other)) == (exact(one) == exact(other))


def test_where_something_stands_does_not_count() -> None:
    """A comment above a slice moves it; a condition is its text."""
    here, there = Place(Path("a.suite.yaml"), 3, 5), Place(Path("b.suite.yaml"), 9, 1)
    spec = SliceSpec("big", where=parse("x > 1"), place=here)
    assert canonical(spec) == canonical(SliceSpec("big", where=parse("x > 1"), place=there))
    assert canonical(spec) != canonical(SliceSpec("big", where=parse("x > 2"), place=here))
    assert canonical(spec) != canonical(SliceSpec("big", columns=("x",), place=here))


def test_kinds_of_values_are_told_apart() -> None:
    """A date is no text, a unit is not its name, one dataclass is not another with the same fields."""

    @dataclass
    class One:
        x: int = 1

    @dataclass
    class Other:
        x: int = 1

    values = [date(2026, 1, 1), "2026-01-01", Path("share"), Unit.SHARE, "share", One(), Other(), {"x": 1}]
    assert len({canonical(value) for value in values}) == len(values)


@pytest.mark.parametrize("value", [object(), np.zeros(3), {"a": np.float64(1)}, len, [{1}]])
def test_anything_else_has_no_key(value: Any) -> None:
    """Objects whose text might not tell them apart."""
    with pytest.raises(Unkeyed):
        canonical(value)
