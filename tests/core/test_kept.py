"""Measurements and predictions come back from the cache as they went in, to the last bit."""

from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modelqa.core.bound import Bound
from modelqa.core.estimate import Estimate
from modelqa.core.evidence import Evidence
from modelqa.core.kept import Kept, dumps, loads
from modelqa.core.ports import Predictions
from modelqa.core.result import CheckResult, Measurement
from modelqa.core.units import Unit
from modelqa.run import said

NUMBERS = st.floats(allow_nan=False)


@st.composite
def estimates(draw: st.DrawFn) -> Estimate:
    """An estimate with any ends, or none at all."""
    low, value, high = sorted(draw(st.tuples(NUMBERS, NUMBERS, NUMBERS)))
    made = Estimate(value, low=low, high=high, n=draw(st.integers(0, 10**9)))
    return draw(st.sampled_from([made, Estimate.fact(value, n=made.n)]))


MEASUREMENTS = st.builds(
    Measurement,
    st.text(max_size=9),
    estimates(),
    slice=st.text(max_size=9),
    column=st.none() | st.text(max_size=9),
    unit=st.sampled_from(list(Unit)),
    bound=st.none() | st.builds(Bound, min=st.none() | NUMBERS, max=st.none() | st.integers()),
    note=st.text(max_size=9),
    counts=st.text(max_size=9),
    advisory=st.booleans(),
    evidence=st.lists(
        st.builds(Evidence, st.text(max_size=5), st.dictionaries(st.text(max_size=5), NUMBERS)), max_size=2
    ).map(tuple),
)


@given(st.lists(MEASUREMENTS, max_size=3), st.lists(st.text(max_size=9), max_size=2))
def test_measurements_come_back_as_they_were(found: list[Measurement], notes: list[str]) -> None:
    """Infinite ends and bounds of whole numbers included."""
    kept = Kept(tuple(found), notes=tuple(notes), code={"a.py": "0"})
    assert loads(dumps(kept)) == kept


def test_a_value_that_does_not_exist_stays_so() -> None:
    """NaN between infinite ends."""
    (found,) = loads(dumps(Kept((Measurement("f1", Estimate.undefined(n=3)),)))).measurements
    assert isnan(found.estimate.value)
    assert (found.estimate.low, found.estimate.high) == (-inf, inf)


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"measurements": [{}], "notes": [], "code": {}}'])
def test_what_is_no_measurement_is_refused(text: bytes) -> None:
    """By one exception, whatever it is."""
    with pytest.raises(ValueError, match=r".*"):
        loads(text)


def test_a_check_is_not_from_the_cache_unless_it_is_said() -> None:
    """An older result is read as ever, and a fresh one looks as it did."""
    from modelqa.core.bound import Outcome
    from modelqa.core.codec import check_from_plain, check_to_plain

    fresh = CheckResult("f1", "metric", (), Outcome.ERRORED, seconds=0.0, where="")
    assert "cached" not in check_to_plain(fresh)
    assert not check_from_plain(check_to_plain(fresh)).cached
    again = CheckResult("f1", "metric", (), Outcome.ERRORED, seconds=0.0, where="", cached=True)
    assert check_from_plain(check_to_plain(again)) == again


VALUES = st.one_of(
    arrays(np.float64, 5), arrays(np.float32, 5), arrays(np.int64, 5), arrays(np.bool_, 5),
    st.lists(st.text(max_size=4), min_size=5, max_size=5).map(lambda texts: np.array(texts, dtype=object)),
)  # fmt: skip
CLASSES = st.none() | st.lists(
    st.text(max_size=3) | st.integers() | st.booleans() | st.floats(), max_size=3
).map(tuple)


@given(VALUES, st.none() | arrays(np.float64, (5, 2)), CLASSES)
def test_predictions_come_back_bit_by_bit(values: Any, shares: Any, classes: tuple[Any, ...] | None) -> None:
    """Or are not kept: texts that NumPy would cut, classes that JSON does not give back."""
    content = said.dumps(Predictions(values, probabilities=shares, classes=classes), {"a.py": "0"})
    if content is None:
        assert values.dtype == object or any(isinstance(one, float) for one in classes or ())
        return
    found, code = said.loads(content)
    assert code == {"a.py": "0"}
    assert found.values.dtype == values.dtype
    assert found.values.tolist() == values.tolist() or found.values.tobytes() == values.tobytes()
    assert [*map(type, found.classes or ())] == [*map(type, classes or ())]
    assert found.classes == classes
    assert (found.probabilities is None) == (shares is None)
    assert shares is None or found.probabilities.tobytes() == shares.tobytes()


@pytest.mark.parametrize("values", [[None, "a"], [1, "a"], ["a\0", "b"], [nan, "a"]])
def test_objects_that_are_no_texts_are_not_kept(values: list[Any]) -> None:
    """No array without pickles holds them."""
    assert said.dumps(Predictions(np.array(values, dtype=object)), {}) is None
