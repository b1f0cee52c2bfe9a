"""Estimators and functions as models: what is asked of them, how often, and how answers are read."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelqa.core.subject import ModelInfo
from modelqa.errors import SubjectError
from modelqa.models import callable as functions
from modelqa.models import frames, outputs
from modelqa.models.artifacts import Folder
from modelqa.models.estimator import wrap
from modelqa.models.mlflow import _model

INFO = ModelInfo("a model")
FRAME = pd.DataFrame({"x": np.linspace(-1, 1, 40), "y": np.tile([0.0, 1.0], 20)})
LABEL = np.where(FRAME["x"] > 0.1, "yes", "no")


class Counting:
    """A classifier that counts the rows it is asked about, by method."""

    def __init__(self) -> None:
        self.classes_ = np.array(["no", "yes"])
        self.asked: dict[str, int] = {"predict_proba": 0, "predict": 0}

    def predict_proba(self, frame):
        self.asked["predict_proba"] += len(frame)
        return np.column_stack([1 - (frame["y"] + 0.2) / 2, (frame["y"] + 0.2) / 2])

    def predict(self, frame):
        self.asked["predict"] += len(frame)
        return np.full(len(frame), "no")


def _fitted(estimator):
    return estimator.fit(FRAME, LABEL)


def test_a_library_classifier_is_asked_once(monkeypatch):
    """Every row is scored once: the decision follows from the probabilities."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    class Counted(LogisticRegression):
        asked = 0

        def predict_proba(self, data):
            type(self).asked += len(data)
            return super().predict_proba(data)

    native = _fitted(make_pipeline(StandardScaler(), Counted()))
    expected = native.predict(FRAME)
    monkeypatch.setattr(LogisticRegression, "predict", None)
    found = wrap(native, INFO).predict(FRAME)
    assert Counted.asked == len(FRAME)
    assert found.values.tolist() == expected.tolist()


def test_a_classifier_with_a_decision_of_its_own_is_asked_for_it():
    """A `predict` that is not a library's may cut elsewhere, and is what users get."""
    native = Counting()
    found = wrap(native, INFO).predict(FRAME)
    assert set(found.values) == {"no"}
    assert found.classes == ("no", "yes")
    assert native.asked == {"predict_proba": 40, "predict": 40}


def _cut(threshold: float, positive: str | None = "yes"):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import FixedThresholdClassifier

    return FixedThresholdClassifier(LogisticRegression(), threshold=threshold, pos_label=positive)


def _estimators():
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, StackingClassifier
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.model_selection import GridSearchCV
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.tree import DecisionTreeClassifier

    return [
        LogisticRegression(),
        RandomForestClassifier(5, random_state=0),
        HistGradientBoostingClassifier(max_iter=5),
        GaussianNB(),
        KNeighborsClassifier(),
        DecisionTreeClassifier(max_depth=1),
        SGDClassifier(loss="modified_huber", random_state=0),
        DummyClassifier(strategy="constant", constant="yes"),
        _cut(0.95),
        make_pipeline(_cut(0.95)),
        GridSearchCV(_cut(0.95), {"threshold": [0.95]}, cv=2),
        StackingClassifier([("one", GaussianNB())], final_estimator=_cut(0.95, None), cv=2),
    ]


@pytest.mark.parametrize("native", _estimators(), ids=lambda native: type(native).__name__)
def test_values_are_what_predict_says(native):
    """Whatever the classifier, the values are those of its own `predict`."""
    with frames.quiet():
        fitted = _fitted(native)
        expected = fitted.predict(FRAME)
    assert wrap(fitted, INFO).predict(FRAME).values.tolist() == expected.tolist()


def test_an_estimator_remembers_its_columns():
    """Without a signature, the training frame's columns are the inputs, in their order."""
    from sklearn.linear_model import LogisticRegression

    model = wrap(_fitted(LogisticRegression()), INFO)
    shuffled = FRAME.assign(other="text")[["other", "y", "x"]]
    assert [field.name for field in model.inputs or ()] == ["x", "y"]
    assert model.predict(shuffled).values.tolist() == model.predict(FRAME).values.tolist()
    with pytest.raises(SubjectError, match="y: missing"):
        model.predict(FRAME[["x"]])


class FakePyfunc:
    """A pyfunc around a native model."""

    def __init__(self, native) -> None:
        self.native = native

    def get_raw_model(self):
        return self.native

    def predict(self, frame):
        return self.native.predict(frame)


@pytest.mark.parametrize(("flavor", "classes"), [("lightgbm", ("no", "yes")), ("pytorch", None)])
def test_a_boosting_model_gives_its_probabilities(flavor: str, classes):
    """A boosting library's own classifier is used natively, any other pyfunc as MLflow serves it."""
    model = _model(FakePyfunc(Counting()), {"python_function", flavor}, INFO, None, Folder(Path()))
    assert model.predict(FRAME).classes == classes


def test_several_targets_are_refused():
    """A suite judges one target; a model of several says so at once."""
    from sklearn.tree import DecisionTreeClassifier

    with pytest.raises(SubjectError, match="several targets"):
        wrap(DecisionTreeClassifier().fit(FRAME, np.column_stack([LABEL, LABEL])), INFO)


def test_a_model_exception_passes_through():
    """What a model raises is the runner's to report."""

    def broken(frame):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wrap(broken, INFO).predict(FRAME)


SHARES = np.array([[0.9, 0.1], [0.2, 0.8]])


@pytest.mark.parametrize(
    ("output", "values", "classes"),
    [
        ([1, 2], [1, 2], None),
        (pd.Series(["a", "b"]), ["a", "b"], None),
        (pd.Series(["a", "b"], dtype="category"), ["a", "b"], None),
        (pd.DataFrame({"p": [1.5, 2.5]}), [1.5, 2.5], None),
        (np.array([[3], [4]]), [3, 4], None),
        (SHARES, [0, 1], (0, 1)),
        (SHARES.astype("float32"), [0, 1], (0, 1)),
        (pd.DataFrame(SHARES, columns=["no", "yes"]), ["no", "yes"], ("no", "yes")),
        (pd.DataFrame(SHARES, columns=["no", "yes"]).astype("Float64"), ["no", "yes"], ("no", "yes")),
        ((["no", "no"], pd.DataFrame(SHARES, columns=["no", "yes"])), ["no", "no"], ("no", "yes")),
        (([0, 0], SHARES), [0, 0], (0, 1)),
    ],
)
def test_outputs_are_read_by_their_shape(output, values: list, classes):
    """Values, probabilities or both, in every container that models return."""
    found = outputs.interpret(output, 2)
    assert found.values.tolist() == values
    assert found.classes == classes
    assert (found.probabilities is None) == (classes is None)


def test_a_missing_prediction_of_pandas_is_a_nan():
    """A nullable integer without a value is counted as missing later, so it must be a number here."""
    found = outputs.interpret(pd.Series([1, None], dtype="Int64"), 2).values
    assert found.dtype == np.float64
    assert np.isnan(found).tolist() == [False, True]


def test_a_row_of_nan_does_not_hide_probabilities():
    """Rows that hold no numbers do not change what the others are."""
    found = outputs.interpret(np.array([[0.9, 0.1], [np.nan, np.nan]]), 2)
    assert found.classes == (0, 1)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ([1], "1 predictions for 2 rows"),
        (np.ones((2, 2)), r"shape \(2, 2\)"),
        (np.ones((2, 2, 2)), "shape"),
        (3.0, "shape"),
        ({"a": 1}, "shape"),
        ([[1], [1, 2]], "different lengths"),
        (([0, 1], ["a", "b"]), "not numbers"),
        (([0, 1], [0.5, 0.5]), "expected one row"),
    ],
)
def test_an_output_of_another_shape_is_refused(output, says: str):
    """What cannot be one prediction a row is an error that says the shape."""
    with pytest.raises(SubjectError, match=says):
        outputs.interpret(output, 2)


@settings(max_examples=80, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from(["float64", "float32", "int64", "bool", "U3", "O"]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
)
def test_any_array_is_read_or_refused(array):
    """Whatever a model returns, the result has one value a row or the error is ours."""
    try:
        found = outputs.interpret(array, 2)
    except SubjectError:
        return
    assert found.values.shape == (2,)


def test_a_function_of_a_module_is_found_without_importing_it(tmp_path: Path, monkeypatch):
    """Resolving runs no code, not even of the packages around; loading does."""
    package = tmp_path / "quality_here"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "rule.py").write_text("def decide(frame):\n    return frame['x'] > 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = functions.find("quality_here.rule:decide")
    assert "quality_here" not in sys.modules
    assert found.info.digest.startswith("sha256:")
    assert found.load().predict(FRAME).values.dtype == np.bool_
    del sys.modules["quality_here.rule"], sys.modules["quality_here"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nothing_of_this_name:f", "no module 'nothing_of_this_name'"),
        ("json.nothing:f", "no module 'json.nothing'"),
        ("json", "expected package.module:function"),
        ("json:", "expected package.module:function"),
        (":f", "expected package.module:function"),
        ("os;x:f", "expected package.module:function"),
    ],
)
def test_a_function_that_cannot_be_found_says_what_is_wrong(name: str, says: str):
    """A mistyped name is an error before anything is imported."""
    with pytest.raises(SubjectError, match=says):
        functions.find(name)


def test_a_missing_attribute_is_told_on_loading():
    """Only importing shows what a module holds."""
    with pytest.raises(SubjectError, match=r"json:nothing cannot be imported \(AttributeError"):
        functions.find("json:nothing").load()


def test_an_object_that_is_no_model_is_refused():
    """Neither a function nor an estimator: the error says what was found."""
    with pytest.raises(SubjectError, match="found int"):
        functions.find(3).load()


def test_code_needs_trust_in_that_file():
    """A module is code: trust none refuses it, its own digest admits it."""
    digest = functions.find("json:loads").info.digest
    for trust in ("none", ["sha256:" + "0" * 64], []):
        with pytest.raises(SubjectError, match=digest):
            functions.find("json:loads", trust=trust)
    assert functions.find("json:loads", trust=[digest]).info.digest == digest


def test_an_estimator_object_is_a_model():
    """In Python, a fitted estimator stands where a file has a name."""
    model = functions.find(Counting()).load()
    assert model.predict(FRAME).classes == ("no", "yes")
    assert model.info.name == "Counting"
