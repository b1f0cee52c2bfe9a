"""THE table of scores: scikit-learn's scorer names, what each needs, and how it is estimated.

A ``neg_`` name is minus its twin. Which side is good is the score's own knowledge, never a suite's.
"""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from math import nan
from types import MappingProxyType
from typing import Literal

import numpy as np

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats import averages, calibration, confusion, hits, losses, ranking, reliability
from modelqa.stats.hits import Hits
from modelqa.stats.linear import Linear, Undefined, estimate, negated
from modelqa.stats.sample import Sample, Task
from modelqa.stats.unsupported import UNSUPPORTED as UNSUPPORTED

Response = Literal["label", "probability", "value"]


@dataclass(frozen=True, slots=True)
class Score:
    """A score by its scorer name.

    ``response`` is what it needs of a model. ``measure`` is its value with its influence, ``exact``
    a better interval for plain rows (no weights, no groups), ``drawn`` an interval of its own for
    any rows, ``hit`` the rows' hits where it is a share of them. ``labels`` says whether it needs
    the truth. ``sign`` is -1 for a ``neg_`` name.
    """

    name: str
    tasks: frozenset[Task]
    response: Response
    greater_is_better: bool
    _: KW_ONLY
    measure: Callable[[Sample], Linear] | None = None
    exact: Callable[[Sample, Levels], Estimate] | None = None
    drawn: losses.Drawn | None = None
    hit: Hits | None = None
    labels: bool = True
    sign: Literal[1, -1] = 1

    def estimate(self, sample: Sample, levels: Levels, rng: np.random.Generator) -> tuple[Estimate, str]:
        """The score of a sample and a note, empty where there is nothing to say.

        A score that does not exist on these rows is undefined, and the note says why.
        """
        wanted = levels if self.sign > 0 else levels.mirrored()
        try:
            self.verify(sample)
            found, note = self._estimate(sample, wanted, rng)
        except Undefined as reason:
            return Estimate.undefined(n=len(sample)), str(reason)
        return (found if self.sign > 0 else negated(found)), note or _note(found)

    def verify(self, sample: Sample) -> None:
        """Raise `Undefined` where the sample is not one that this score can be computed from."""
        if len(sample) == 0:
            raise Undefined("no rows")
        if sample.task not in self.tasks:
            raise Undefined(f"{self.name} does not exist for a {sample.task} task")
        if self.response == "probability":
            if sample.probabilities is None:
                raise Undefined("the model gives no probabilities")
            if not np.isfinite(sample.probabilities).all():
                raise Undefined("a probability is not a finite number")
        if sample.weights is not None and not sample.weights.sum() > 0:
            raise Undefined("the weights sum to zero")

    def _estimate(self, sample: Sample, levels: Levels, rng: np.random.Generator) -> tuple[Estimate, str]:
        if self.drawn is not None:
            return self.drawn(sample, levels, rng)
        if self.exact is not None and sample.weights is None and sample.groups is None:
            return self.exact(sample, levels), ""
        if self.measure is None:
            raise Undefined(f"{self.name} has no interval for weighted or grouped rows")
        return estimate(self.measure(sample), sample, levels), ""


def _note(found: Estimate) -> str:
    """What to say of an end that is not known."""
    if np.isfinite(found.low) and np.isfinite(found.high):
        return ""
    return "an end of the interval is beyond what these rows can tell"


def score_value(name: str, sample: Sample) -> float:
    """The value alone; NaN where it does not exist. Raises ``KeyError`` for an unknown name.

    >>> score_value("accuracy", Sample("binary", np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])))
    0.75
    """
    score = find(name)
    try:
        score.verify(sample)
        if score.measure is not None:
            return score.sign * score.measure(sample).value
    except Undefined:
        return nan
    levels = Levels(alpha=0.05, beta=0.05, reds="none")
    return score.estimate(sample, levels, np.random.default_rng(0))[0].value


def find(name: str) -> Score:
    """The score of that name.

    Raises ``KeyError``; its text says why where scikit-learn has the name and modelqa does not.

    >>> find("neg_log_loss").greater_is_better, find("log_loss").greater_is_better
    (True, False)
    """
    if name in UNSUPPORTED:
        raise KeyError(f"{name} is not supported: {UNSUPPORTED[name]}")
    return SCORERS[name]


_BINARY: frozenset[Task] = frozenset({"binary"})
_MULTICLASS: frozenset[Task] = frozenset({"multiclass"})
_CLASSES: frozenset[Task] = _BINARY | _MULTICLASS
_NUMBERS: frozenset[Task] = frozenset({"regression"})
_RATES = {
    "precision": confusion.PRECISION,
    "recall": confusion.RECALL,
    "f1": confusion.F1,
    "jaccard": confusion.JACCARD,
}


def _shares() -> list[Score]:
    """Accuracy and the scores that equal it, or follow from it, for one label a row."""
    plain = {
        "measure": hits.share(hits.correct),
        "exact": hits.exact_share(hits.correct),
        "hit": hits.correct,
    }
    names = ("accuracy", "precision_micro", "recall_micro", "f1_micro", "recall_weighted")
    top = hits.in_top(2)
    return [
        *(Score(name, _CLASSES, "label", True, **plain) for name in names),  # type: ignore[arg-type]
        Score(
            "jaccard_micro",
            _CLASSES,
            "label",
            True,
            measure=hits.both_ways(hits.share(hits.correct)),
            exact=hits.exact_both_ways(hits.exact_share(hits.correct)),
        ),
        Score(
            "top_k_accuracy",
            _MULTICLASS,
            "probability",
            True,
            measure=hits.share(top),
            exact=hits.exact_share(top),
            hit=top,
        ),
    ]


def _rates() -> list[Score]:
    """Precision, recall, F1 and Jaccard of the positive class."""
    return [
        Score(
            name,
            _BINARY,
            "label",
            True,
            measure=confusion.rate(kind),
            exact=confusion.exact_rate(kind),
            hit=hits.GROUP_RATES["true_positive_rate"][1] if name == "recall" else None,
        )
        for name, kind in _RATES.items()
    ]


def _group_rates() -> list[Score]:
    """What groups are compared by, under Fairlearn's names; none of scikit-learn's scorers."""
    return [
        Score(
            name,
            _BINARY,
            "label",
            name not in ("false_positive_rate", "false_negative_rate"),
            measure=hits.among(rows, hit),
            exact=hits.exact_share(hit),
            hit=hit,
            labels=name != "selection_rate",
        )
        for name, (rows, hit) in hits.GROUP_RATES.items()
    ]


def _averages() -> list[Score]:
    """Their averages over classes, balanced accuracy and Matthews' correlation."""
    found = [
        _averaged(f"{name}_{how}", kind, how)
        for name, kind in _RATES.items()
        for how in ("macro", "weighted")
        if (name, how) != ("recall", "weighted")
    ]
    return [
        *found,
        _averaged("balanced_accuracy", confusion.RECALL, "macro", of_true=True),
        Score(
            "matthews_corrcoef",
            _CLASSES,
            "label",
            True,
            measure=confusion.matthews,
            exact=confusion.matthews_ends,
        ),
    ]


def _averaged(name: str, kind: confusion.Rate, how: averages.Average, *, of_true: bool = False) -> Score:
    return Score(
        name,
        _CLASSES,
        "label",
        True,
        measure=averages.averaged(kind, how, of_true=of_true),
        exact=averages.average_ends(kind, how, of_true=of_true),
    )


def _rankings() -> list[Score]:
    """Areas under curves."""
    measures: dict[str, Callable[[Sample], Linear]] = {
        "roc_auc_ovr": ranking.one_versus_rest(ranking.auc, weighted=False),
        "roc_auc_ovr_weighted": ranking.one_versus_rest(ranking.auc, weighted=True),
        "roc_auc_ovo": ranking.one_versus_one(weighted=False),
        "roc_auc_ovo_weighted": ranking.one_versus_one(weighted=True),
        "average_precision": ranking.one_versus_rest(ranking.average_precision, weighted=False),
    }
    return [
        Score("roc_auc", _BINARY, "probability", True, measure=ranking.roc_auc),
        *(Score(name, _CLASSES, "probability", True, measure=how) for name, how in measures.items()),
    ]


def _of_probabilities() -> list[Score]:
    """Proper scores of probabilities."""
    log_loss, brier = losses.class_mean(losses.log_loss), losses.class_mean(losses.brier, top=2.0)
    return [
        *_twins("log_loss", _CLASSES, "probability", measure=log_loss),
        *_twins("brier_score", _CLASSES, "probability", measure=brier),
        _ratio("d2_log_loss_score", _CLASSES, "probability", losses.class_explained(losses.log_loss)),
        _ratio("d2_brier_score", _CLASSES, "probability", losses.class_explained(losses.brier)),
    ]


def _twins(
    name: str,
    tasks: frozenset[Task],
    response: Response,
    *,
    measure: Callable[[Sample], Linear] | None = None,
    exact: Callable[[Sample, Levels], Estimate] | None = None,
    drawn: losses.Drawn | None = None,
) -> list[Score]:
    """A score of which less is better, and minus it under scikit-learn's name."""
    less = Score(name, tasks, response, False, measure=measure, exact=exact, drawn=drawn)
    return [less, replace(less, name=f"neg_{name}", greater_is_better=True, sign=-1)]


def _ratios() -> list[Score]:
    """Likelihood ratios of a positive and of a negative prediction."""
    plus = Score(
        "positive_likelihood_ratio",
        _BINARY,
        "label",
        True,
        measure=confusion.likelihood_ratio(1),
        exact=confusion.exact_likelihood_ratio(1),
    )
    minus = _twins(
        "negative_likelihood_ratio",
        _BINARY,
        "label",
        measure=confusion.likelihood_ratio(0),
        exact=confusion.exact_likelihood_ratio(0),
    )
    return [plus, *minus]


def _errors() -> list[Score]:
    """Errors of a regression."""
    means: dict[str, losses.RowLoss] = {
        "mean_absolute_error": losses.absolute,
        "mean_squared_error": losses.squared,
        "mean_absolute_percentage_error": losses.absolute_share,
        "mean_squared_log_error": losses.squared_log,
        "mean_poisson_deviance": losses.poisson,
        "mean_gamma_deviance": losses.gamma,
    }
    roots = {"root_mean_squared_error": losses.squared, "root_mean_squared_log_error": losses.squared_log}
    found: list[Score] = []
    for name, loss in means.items():
        found += _twins(name, _NUMBERS, "value", measure=losses.mean_of(loss))
    for name, loss in roots.items():
        mean = losses.mean_of(loss)
        found += _twins(name, _NUMBERS, "value", measure=losses.root(mean), drawn=losses.root_ends(mean))
    found += _twins("median_absolute_error", _NUMBERS, "value", drawn=losses.median_error)
    return found + _twins("max_error", _NUMBERS, "value", drawn=losses.largest_error)


def _explained() -> list[Score]:
    """Shares of the labels' spread that a regression explains."""
    measures = {
        "r2": losses.explained(losses.squared),
        "explained_variance": losses.explained(losses.squared, centred_errors=True),
        "d2_absolute_error_score": losses.explained(losses.absolute),
    }
    return [_ratio(name, _NUMBERS, "value", parts) for name, parts in measures.items()]


def _calibrations() -> list[Score]:
    """What probabilities are worth, beyond scikit-learn's names; most have no better side."""
    measures = {"slope": calibration.slope, "intercept": calibration.intercept, "bias": calibration.bias}
    drawn = {"reliability": reliability.reliability, "uncertainty": reliability.uncertainty}
    error, told = reliability.expected_error, reliability.resolution
    return [
        *(
            Score(f"calibration_{k}", _BINARY, "probability", True, measure=how)
            for k, how in measures.items()
        ),
        Score("expected_calibration_error", _CLASSES, "probability", False, drawn=error),
        Score("brier_resolution", _BINARY, "probability", True, drawn=told),
        *(Score(f"brier_{k}", _BINARY, "probability", False, drawn=how) for k, how in drawn.items()),
    ]


def _ratio(name: str, tasks: frozenset[Task], response: Response, parts: losses.Parts) -> Score:
    return Score(name, tasks, response, True, measure=losses.ratio(parts), drawn=losses.ratio_ends(parts))


SCORERS: Mapping[str, Score] = MappingProxyType(
    {
        score.name: score
        for family in (
            _shares,
            _rates,
            _group_rates,
            _averages,
            _rankings,
            _of_probabilities,
            _ratios,
            _errors,
            _explained,
            _calibrations,
        )
        for score in family()
    }
)
