"""Labels joined by key: every row of the batch has one, or is known to have none."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.engines.memory import join_labels, open_table
from modelqa.errors import SubjectError


def _join(batch, labels):
    return join_labels(
        open_table({"id": batch}, name="batch"), open_table(labels, name="labels"), on="id", column="y"
    )


@pytest.mark.parametrize(
    "make", [int, str, lambda key: pd.Timestamp(key, unit="D")], ids=["int", "text", "time"]
)
def test_labels_are_looked_up_by_key(make):
    """Order does not matter, a key without a label is missing, a label without a row is left out."""
    found = _join(
        [make(key) for key in (3, 1, 9, 1)], {"id": [make(key) for key in (1, 2, 3)], "y": [10, 20, 30]}
    )
    assert found.name == "y"
    assert found.missing.tolist() == [False, False, True, False]
    assert found.values[~found.missing].tolist() == [30, 10, 10]


def test_a_label_that_is_null_is_missing():
    """A key whose label is not there yet counts like a key that is not there."""
    found = _join([1, 2], {"id": [1, 2], "y": ["yes", None]})
    assert found.missing.tolist() == [False, True]
    assert found.categories == ("yes",)


def test_no_labels_at_all_leave_every_row_missing():
    """An empty table of labels is a table."""
    found = _join([1, 2], {"id": pd.Series([], dtype="int64"), "y": pd.Series([], dtype="str")})
    assert found.missing.tolist() == [True, True]


@pytest.mark.parametrize(
    ("batch", "labels", "says"),
    [
        ([1], {"id": ["1"], "y": [0]}, "batch holds integer keys, labels text ones"),
        ([1.5], {"id": [1.5], "y": [0]}, "float keys are not exact"),
        ([7, 8], {"id": [7, 7, 8], "y": [0, 1, 0]}, "1 of 3 rows of labels repeat a key"),
        (["k7"], {"id": ["k7", None], "y": [0, 1]}, "1 of 2 keys of labels are null"),
        (["k7", None], {"id": ["k7"], "y": [0]}, "1 of 2 keys of batch are null"),
        ([1], {"key": [1], "y": [0]}, "labels: no column 'id'"),
        ([1], {"id": [1], "yy": [0]}, r"labels: no column 'y' \(did you mean 'yy'"),
    ],
)
def test_keys_that_do_not_name_one_row_are_refused(batch, labels, says: str):
    """Other types, repeated or null keys, missing columns: counted, never quoted."""
    with pytest.raises(SubjectError, match=says) as caught:
        _join(batch, labels)
    assert "k7" not in str(caught.value)


@given(
    batch=st.lists(st.integers(0, 9), max_size=12),
    labels=st.dictionaries(st.integers(0, 9), st.integers(-5, 5), max_size=10),
    text=st.booleans(),
)
def test_a_join_is_a_lookup(batch: list[int], labels: dict[int, int], text: bool):
    """The join says what a dictionary would."""
    make = str if text else int
    kind = "str" if text else "int64"
    found = _join(
        pd.Series([make(key) for key in batch], dtype=kind),
        {"id": pd.Series([make(key) for key in labels], dtype=kind), "y": list(labels.values())},
    )
    told = [None if gone else int(value) for value, gone in zip(found.values, found.missing, strict=True)]
    assert told == [labels.get(key) for key in batch]
