"""A user's own function of labels and predictions as a score: scikit-learn's metric or scorer."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from math import isfinite, isinf
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.core.ports import Versus
from modelqa.errors import CheckError
from modelqa.stats.bootstrap import Rows, Statistic, bootstrap, enough
from modelqa.stats.intervals import Floats
from modelqa.stats.sample import Sample, Task
from modelqa.stats.scores import Response

_TASKS: frozenset[Task] = frozenset({"binary", "multiclass", "regression"})
_CLASSES: frozenset[Task] = frozenset({"binary", "multiclass"})
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Function:
    """``function(y_true, y_pred)`` by its name, with what it is called with.

    ``response`` is what stands for ``y_pred``: the prediction, or the probability (of the positive
    class, or one column a class). ``weighs`` says whether it takes ``sample_weight``.
    """

    name: str
    function: Callable[..., Any]
    _: KW_ONLY
    sign: float = 1.0
    keywords: Mapping[str, Any] = field(default_factory=dict)
    response: Response = "label"
    weighs: bool = False
    labels: Literal[True] = True

    @classmethod
    def of(cls, name: str, found: Any) -> Self:
        """The score behind an object: a function, or what ``sklearn.metrics.make_scorer`` made.

        A scorer gives its function, sign, keywords and response; its estimator is never called.
        Raises ``TypeError`` where the object is neither, or asks for what modelqa does not call.

        >>> Function.of("profit", lambda y_true, y_pred, sample_weight=None: 1.0).weighs
        True
        """
        inner = getattr(found, "_score_func", None)
        if inner is None:
            if not callable(found) or isinstance(found, type):
                raise TypeError(f"{name} is a {type(found).__name__}; expected a function or a scorer")
            return cls(name, found, weighs=_weighs(found))
        return cls(
            name,
            inner,
            sign=float(getattr(found, "_sign", 1)),
            keywords=dict(getattr(found, "_kwargs", {})),
            response=_response(name, getattr(found, "_response_method", "predict")),
            weighs=_weighs(inner),
        )

    @property
    def tasks(self) -> frozenset[Task]:
        """Where it can be asked: anything has predictions, only classes have probabilities."""
        return _CLASSES if self.response == "probability" else _TASKS

    def estimate(
        self,
        samples: tuple[Sample, ...],
        levels: Levels,
        rng: np.random.Generator,
        how: Versus | None = None,
    ) -> tuple[Estimate, str]:
        """Its value for a model, or how it compares for two models of the same rows, and a note.

        The rows of both are drawn together, so a comparison is paired. Raises what the function
        raises, and `CheckError` where it returns something else than a number.
        """
        rows = samples[0]
        n = len(rows)
        if n < 2:
            return Estimate.undefined(n=n), "fewer than two rows"
        values = [self._values(sample) for sample in samples]

        def statistic(at: Rows, counts: Floats | None) -> float:
            return _combined([value(at, counts) for value in values], how)

        found = statistic(np.arange(n), None)
        if not isfinite(found):
            return Estimate.undefined(n=n), f"{self.name} is not a finite number here"
        same = self._same(samples, statistic, found)
        safe = _undefined_where_it_raises(statistic)
        estimate = bootstrap(safe, n, levels, rng, groups=rows.groups, same=same)
        return estimate, _note(estimate, levels, n if same is None else int(same.max()) + 1)

    def _values(self, sample: Sample) -> Statistic:
        """Its value at some rows of a sample."""
        if sample.weights is not None and not self.weighs:
            raise CheckError(f"{self.name} takes no sample_weight, and the suite has `weights:`")
        truth, said = _named(sample.truth, sample), self._said(sample)

        def value(at: Rows, counts: Floats | None) -> float:
            weights = counts if sample.weights is None else sample.weights[at]
            more = {} if weights is None else {"sample_weight": weights}
            return self.sign * _number(self.name, self.function(truth[at], said[at], **self.keywords, **more))

        return value

    def _said(self, sample: Sample) -> NDArray[Any]:
        if self.response == "label":
            return _named(sample.predicted, sample)
        if sample.probabilities is None:
            raise CheckError(f"{self.name} needs probabilities, and the model gives none")
        if sample.task != "binary":
            return sample.probabilities
        positive = self.keywords.get("pos_label")
        return sample.probabilities[:, sample.classes.index(positive) if positive in sample.classes else 1]

    def _same(self, samples: tuple[Sample, ...], statistic: Statistic, value: float) -> Rows | None:
        """Codes of equal rows, if there are few and the function takes counts of them for rows."""
        if not self.weighs or samples[0].weights is not None:
            return None
        codes = np.unique(samples[0].truth, return_inverse=True)[1]
        for sample in samples:
            said = self._said(sample)
            for column in said.T if said.ndim > 1 else (said,):
                own = np.unique(column, return_inverse=True)[1]
                codes = np.unique(codes * (own.max() + 1) + own, return_inverse=True)[1]
        _, first, sizes = np.unique(codes, return_index=True, return_counts=True)
        if len(first) > len(codes) // 2:
            return None
        counted = statistic(first, sizes.astype(np.float64))
        return codes if abs(counted - value) <= _SAME * max(abs(value), 1.0) else None


def _weighs(function: Callable[..., Any]) -> bool:
    try:
        return "sample_weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def _response(name: str, methods: str | tuple[str, ...] | list[str]) -> Response:
    known: dict[str, Literal["label", "probability"]] = {"predict": "label", "predict_proba": "probability"}
    listed = (methods,) if isinstance(methods, str) else tuple(methods)
    for method in listed:
        if method in known:
            return known[method]
    raise TypeError(
        f"{name} is scored from {' or '.join(map(str, listed))}; expected predict or predict_proba"
    )


def _named(codes: NDArray[Any], sample: Sample) -> NDArray[Any]:
    """Codes as the classes that the user knows; numbers as they are."""
    if sample.task == "regression":
        return codes
    if codes.min(initial=0) < 0:
        raise CheckError(f"{int(np.sum(codes < 0)):,} of {len(codes):,} predictions are none of the classes")
    texts = {isinstance(name, str) for name in sample.classes}
    classes = np.array(sample.classes, dtype=object if len(texts) > 1 else None)
    return np.asarray(classes[codes])


def _number(name: str, found: Any) -> float:
    try:
        return float(found)
    except (TypeError, ValueError):
        raise CheckError(f"{name} returned a {type(found).__name__}; expected one number") from None


def _combined(values: list[float], how: Versus | None) -> float:
    if how is None:
        return values[0]
    ours, theirs = values
    if how == "difference":
        return ours - theirs
    return (ours - theirs) / abs(theirs) if theirs else float("nan")


def _undefined_where_it_raises(statistic: Statistic) -> Statistic:
    """The same for draws: a function may refuse one that lacks a class, say."""

    def value(at: Rows, counts: Floats | None) -> float:
        try:
            return statistic(at, counts)
        except Exception:  # a user's own code
            return float("nan")

    return value


def _note(found: Estimate, levels: Levels, size: int) -> str:
    """What to say of an end that the draws do not reach."""
    tails = [tail for end, tail in ((found.low, levels.low), (found.high, levels.high)) if isinf(end)]
    if not tails:
        return ""
    return f"{enough(levels, size):,} draws of these rows do not resolve a tail of {min(tails):.2g}"
