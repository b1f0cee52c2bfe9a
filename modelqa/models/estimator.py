"""Models that are called: a fitted estimator, or a function that takes a frame."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modelqa.core.ports import Model, Predictions
from modelqa.core.signature import Field
from modelqa.core.subject import ModelInfo
from modelqa.errors import SubjectError
from modelqa.models import frames, outputs

if TYPE_CHECKING:
    import pandas as pd

# Classifiers of the libraries below whose decision is not the likeliest class.
_OTHERWISE = frozenset(
    {
        "DummyClassifier",
        "FixedThresholdClassifier",
        "NuSVC",
        "OneVsRestClassifier",
        "OutputCodeClassifier",
        "RadiusNeighborsClassifier",
        "SGDClassifier",
        "SVC",
        "TunedThresholdClassifierCV",
    }
)
_LIBRARIES = ("sklearn", "xgboost", "lightgbm")
_INNER = ("best_estimator_", "final_estimator_", "_final_estimator", "estimator_", "estimator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """A fitted estimator, as scikit-learn means it; ``keep`` is what has to live as long as it."""

    info: ModelInfo
    inputs: tuple[Field, ...] | None
    native: Any
    classes: tuple[Any, ...] | None
    decides: bool
    keep: object = None

    def predict(self, frame: "pd.DataFrame") -> Predictions:
        """Score every row of a frame once.

        A classifier with probabilities decides for the likeliest class; one that is known to decide
        otherwise, or whose `predict` is not a library's own, is asked for its decisions too.

        Raises `SubjectError` where the frame does not fit, and whatever the model raises.
        """
        frames.check(frame, self.inputs)
        rows, ready = len(frame), frames.prepare(frame, self.inputs)
        if self.classes is None:
            return Predictions(outputs.values(self.native.predict(ready), rows))
        shares = outputs.probabilities(self.native.predict_proba(ready), rows)
        said = outputs.values(self.native.predict(ready), rows) if self.decides else None
        classes = self.classes or tuple(range(shares.shape[1]))
        if len(classes) != shares.shape[1]:
            raise SubjectError(
                f"the model has {len(classes)} classes, but returned {shares.shape[1]} probabilities a row"
            )
        values = outputs.likeliest(shares, classes) if said is None else said
        return Predictions(values, probabilities=shares, classes=classes)

    def call(self, frame: "pd.DataFrame") -> object:
        """Probabilities where there are any, else predictions."""
        ready = frames.prepare(frame, self.inputs)
        return self.native.predict(ready) if self.classes is None else self.native.predict_proba(ready)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of a frame: it returns values, probabilities, or a pair of both."""

    info: ModelInfo
    inputs: tuple[Field, ...] | None
    score: Callable[["pd.DataFrame"], Any]
    keep: object = None

    def predict(self, frame: "pd.DataFrame") -> Predictions:
        """Score every row of a frame once.

        Raises `SubjectError` where the frame does not fit or the output cannot be read, and
        whatever the function raises.
        """
        frames.check(frame, self.inputs)
        return outputs.interpret(self.call(frame), len(frame))

    def call(self, frame: "pd.DataFrame") -> object:
        """Call the function with the columns it wants."""
        return self.score(frames.prepare(frame, self.inputs))


def wrap(
    native: Any, info: ModelInfo, inputs: tuple[Field, ...] | None = None, *, keep: object = None
) -> Model:
    """An estimator or a function as a model.

    Without declared inputs, the columns are those that the estimator remembers from its training.
    Raises `SubjectError` for an object that is neither.

    >>> wrap(lambda frame: frame["age"] > 40, ModelInfo("rule")).info.uri
    'rule'
    """
    if not callable(getattr(native, "predict", None)):
        if callable(native):
            return Function(info=info, inputs=inputs, score=native, keep=keep)
        found = type(native).__qualname__
        raise SubjectError(
            f"{info}: expected a function of a frame or an object with predict(), found {found}"
        )
    classes = _classes(native)
    return Estimator(
        info=info,
        inputs=inputs or _remembered(native),
        native=native,
        classes=classes,
        keep=keep,
        decides=not classes or any(_decides(part) for part in _parts(native)),
    )


def _remembered(native: Any) -> tuple[Field, ...] | None:
    """The columns of the training frame; of their types nothing is known, and any fits."""
    names = getattr(native, "feature_names_in_", None)
    return None if names is None else tuple(Field(str(name), "any") for name in names)


def _classes(native: Any) -> tuple[Any, ...] | None:
    """The classes in the order of the probabilities; None without probabilities, empty if unnamed."""
    if not callable(getattr(native, "predict_proba", None)):
        return None
    classes = getattr(native, "classes_", None)
    if isinstance(classes, list) and any(np.ndim(part) for part in classes):
        raise SubjectError(
            "the model predicts several targets at once; a suite judges one: wrap the one it is about"
        )
    return () if classes is None else tuple(np.asarray(classes).tolist())


def _parts(native: Any) -> Iterator[Any]:
    """An estimator and those inside it that its decision may come from."""
    yield native
    for name in _INNER:
        inner = getattr(native, name, None)
        if inner is not None and inner is not native and hasattr(inner, "get_params"):
            yield from _parts(inner)


def _decides(part: Any) -> bool:
    """Whether `predict` may differ from the likeliest class, so that it has to be asked."""
    family = type(part).__mro__
    if any(base.__name__ in _OTHERWISE for base in family):
        return True
    owner = next((base for base in family if "predict" in vars(base)), None)
    if owner is None:
        return True
    return owner.__module__.partition(".")[0] not in _LIBRARIES
