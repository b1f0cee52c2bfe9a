"""Labels and predictions become arrays of codes or numbers, whatever form they come in."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.core.ports import Column, Predictions
from modelqa.core.signature import ColumnKind
from modelqa.errors import SubjectError
from modelqa.run.encode import encode, factorized, logged, objects


def column(values: list[Any], name: str = "label") -> Column:
    """A column as an engine makes it."""
    missing = np.array([value is None for value in values])
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, str) for value in present):
        names = tuple(dict.fromkeys(present))
        codes = np.array([0 if value is None else names.index(value) for value in values])
        return Column(name, ColumnKind.TEXT, values=codes, missing=missing, dtype="string", categories=names)
    kinds = {bool: ColumnKind.BOOLEAN, int: ColumnKind.INTEGER, float: ColumnKind.FLOAT}
    kind = kinds[type(present[0])] if present else ColumnKind.FLOAT
    filled = np.array([(present or [0.0])[0] if value is None else value for value in values])
    return Column(name, kind, values=filled, missing=missing, dtype=str(kind))


def said(values: list[Any], classes: list[Any] | None = None) -> Predictions:
    """Predictions as a model gives them."""
    shares = None if classes is None else np.eye(len(classes))[[classes.index(value) for value in values]]
    array = np.array(values, dtype=object if isinstance(values[0], str) else None)
    return Predictions(array, probabilities=shares, classes=None if classes is None else tuple(classes))


@pytest.mark.parametrize(
    ("labels", "predictions", "positive"),
    [
        ([0, 1, 1, 0], said([0, 1, 0, 0], [0, 1]), None),
        ([False, True, True, False], said([0, 1, 0, 0], [0, 1]), None),
        ([0.0, 1.0, 1.0, 0.0], said([0, 1, 0, 0], [0, 1]), None),
        ([0, 1, 1, 0], said([False, True, False, False], [False, True]), None),
        (["no", "yes", "yes", "no"], said(["no", "yes", "no", "no"], ["no", "yes"]), "yes"),
        (["yes", "a no", "a no", "yes"], said(["yes", "a no", "yes", "yes"], ["a no", "yes"]), "a no"),
        ([1, 2, 2, 1], said([1, 2, 1, 1], [1, 2]), 2),
        ([0, 1, 1, 0], said([0, 1, 0, 0]), None),
    ],
)
def test_a_binary_task_has_the_positive_class_second(
    labels: list[Any], predictions: Predictions, positive: Any
) -> None:
    """Code 1 is the positive class, however the two are called and in whatever order they come."""
    sample = encode(column(labels), predictions, positive=positive).sample
    assert sample.task == "binary"
    assert sample.truth.tolist() == [0, 1, 1, 0]
    assert sample.predicted.tolist() == [0, 1, 0, 0]
    if sample.probabilities is not None:
        assert sample.probabilities[:, 1].tolist() == [0, 1, 0, 0]


def test_a_label_the_model_never_saw_is_a_class_of_its_own() -> None:
    """It counts as wrong, with probability 0, and is no crash."""
    sample = encode(column(["a", "b", "new"]), said(["a", "b", "a"], ["a", "b"]), positive=None).sample
    assert sample.task == "multiclass"
    assert sample.classes == ("a", "b", "new")
    assert sample.probabilities is not None
    assert sample.probabilities[:, 2].tolist() == [0, 0, 0]


def test_two_names_without_a_positive_one_are_an_error() -> None:
    """Nobody guesses which of two texts is the positive class."""
    with pytest.raises(SubjectError, match="say `positive:`"):
        encode(column(["no", "yes"]), said(["no", "yes"], ["no", "yes"]))


def test_a_positive_class_that_is_no_label_is_an_error() -> None:
    """A typing mistake in `positive:` names the labels that there are."""
    with pytest.raises(SubjectError, match="labels 'label' are no, yes"):
        encode(column(["no", "yes"]), said(["no", "yes"], ["no", "yes"]), positive="ja")


def test_rows_without_a_label_are_left_out_and_counted() -> None:
    """They take no part, and are not forgotten."""
    encoded = encode(column([0, None, 1, None]), said([0, 1, 1, 0], [0, 1]))
    assert encoded.sample.truth.tolist() == [0, 1]
    assert encoded.unlabelled == 2
    assert encoded.take(np.array([1, 2])).sample.truth.tolist() == [1]


def test_real_numbers_are_a_regression() -> None:
    """Numbers predicted for numbers are no classes."""
    sample = encode(column([1.5, 2.5]), said([1.0, 2.0])).sample
    assert (sample.task, sample.truth.tolist(), sample.predicted.tolist()) == (
        "regression",
        [1.5, 2.5],
        [1.0, 2.0],
    )


def test_whole_numbers_predicted_by_real_ones_are_a_regression() -> None:
    """A count that is predicted as 2.7 is a number, not a class."""
    assert encode(column([1, 2, 3]), said([1.1, 2.2, 2.7])).sample.task == "regression"


def test_logged_probabilities_are_the_positive_class_s() -> None:
    """One logged column between 0 and 1, with two labels, is a probability."""
    predictions = logged([column([0.2, 0.9, 0.4], "score")])
    sample = encode(column(["no", "yes", "yes"]), predictions, positive="yes", logged=True).sample
    assert sample.predicted.tolist() == [0, 1, 0]
    moved = encode(
        column(["no", "yes", "yes"]), predictions, positive="yes", logged=True, threshold=0.3
    ).sample
    assert moved.predicted.tolist() == [0, 1, 1]


def test_logged_columns_are_named_after_their_classes() -> None:
    """Several columns are probabilities, one a class, in any order."""
    columns = [column([0.1, 0.9], "p_yes"), column([0.9, 0.1], "p_no")]
    sample = encode(column(["no", "yes"]), logged(columns), positive="yes", logged=True).sample
    assert sample.probabilities is not None
    assert sample.probabilities.tolist() == [[0.9, 0.1], [0.1, 0.9]]


def test_logged_classes_are_compared_as_they_are() -> None:
    """A logged column of names is a prediction of names."""
    sample = encode(column(["a", "b", "c"]), logged([column(["a", "b", "a"], "said")]), logged=True).sample
    assert (sample.predicted == sample.truth).tolist() == [True, True, False]


def test_the_number_of_predictions_is_the_number_of_rows() -> None:
    """A model that answers three rows of four is an error."""
    with pytest.raises(SubjectError, match=r"one prediction a row \(4\), found 3"):
        encode(column([0, 1, 0, 1]), said([0, 1, 0], [0, 1]))


@pytest.mark.parametrize(
    ("role", "values", "message"),
    [
        ("weights", [1.0, None, 1.0], "finite numbers"),
        ("weights", [1.0, -1.0, 1.0], "finite numbers"),
        ("groups", ["a", None, "b"], "1 rows belong to no group"),
    ],
)
def test_a_role_that_a_column_cannot_play_is_an_error(role: str, values: list[Any], message: str) -> None:
    """Weights are numbers, and every row has a group."""
    with pytest.raises(SubjectError, match=message):
        encode(column([0, 1, 1]), said([0, 1, 1], [0, 1]), **{role: column(values, role)})


labels_of = st.sampled_from([[0, 1], [0, 1, 2], ["a", "b", "c"], [True, False], [0.0, 1.0]])


def pairs(classes: list[Any]) -> st.SearchStrategy[list[tuple[Any, Any]]]:
    """Rows of a label (or none) and a prediction."""
    row = st.tuples(st.sampled_from([*classes, None]), st.sampled_from(classes))
    return st.lists(row, min_size=1, max_size=30)


@given(labels_of.flatmap(pairs))
def test_agreement_is_what_python_says_it_is(rows: list[tuple[Any, Any]]) -> None:
    """A row is right exactly where label and prediction are equal."""
    truth, predicted = [row[0] for row in rows], [row[1] for row in rows]
    classes = sorted(set(predicted), key=str)
    try:
        sample = encode(column(truth), said(predicted, classes)).sample
    except SubjectError:
        kinds = {value for value in truth if value is not None}
        assert len(kinds | set(predicted)) <= 2
        return
    expected = [t == p for t, p in rows if t is not None]
    assert (sample.truth == sample.predicted).tolist() == expected


def test_objects_reads_as_the_column_was_written() -> None:
    """Texts come back as texts, and missing ones as None or NaN."""
    assert objects(column(["x", None, "y"])).tolist() == ["x", None, "y"]
    assert np.isnan(objects(column([1.0, None]))[1])


@given(
    st.sampled_from([np.int8, np.int64, np.uint8, np.float64, np.bool_, np.str_]),
    st.lists(st.integers(-128, 127) | st.sampled_from([-(2**62), 2**62]), max_size=30),
)
def test_factorizing_is_what_sorting_would_give(kind: type, drawn: list[int]) -> None:
    """Counted or sorted, the distinct values and the places of the rows are those of `np.unique`."""
    values = np.array(drawn, dtype=np.int64).astype(kind)
    used, codes = factorized(values)
    wanted, places = np.unique(values, return_inverse=True)
    assert used.dtype == wanted.dtype
    assert used.tolist() == wanted.tolist()
    assert codes.tolist() == places.tolist()
