"""Scores of a team's own, as a suite names them: `metric: "tests.own_scores:profit"`."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import balanced_accuracy_score, fbeta_score, log_loss, make_scorer, roc_auc_score


def profit(y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """What a row earns on average: 1 for each positive found, minus 0.4 for each alarm."""
    truth, said = np.asarray(y_true), np.asarray(y_pred)
    return float(np.average(said * (truth - 0.4), weights=sample_weight))


def profit_slowly(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """The same by a function that takes no weights."""
    return profit(y_true, y_pred)


def largest_miss(y_true: Any, y_pred: Any) -> float:
    """A quantile of the errors of a regression, which has no name in scikit-learn."""
    return float(np.quantile(np.abs(y_true - y_pred), 0.9))


def heard(y_true: Any, y_pred: Any) -> float:
    """The share of yes among those that say yes: by the labels' own names."""
    assert set(y_true) | set(y_pred) <= {"yes", "no"}
    return float(np.mean(y_true[y_pred == "yes"] == "yes"))


def secret(y_true: Any, y_pred: Any) -> float:
    """It quotes rows."""
    raise ValueError(f"cannot score {y_true[:3]}, {y_pred[:3]}")


def both(y_true: Any, y_pred: Any) -> Any:
    """It returns no number."""
    return {"true": len(y_true), "said": len(y_pred)}


def nothing(y_true: Any, y_pred: Any) -> float:
    """It never exists."""
    return float("nan") * len(y_true) * len(y_pred)


f2 = make_scorer(fbeta_score, beta=2)
loss = make_scorer(log_loss, greater_is_better=False, response_method="predict_proba")
area = make_scorer(roc_auc_score, response_method=("decision_function", "predict_proba"))
balanced = make_scorer(balanced_accuracy_score)
margin = make_scorer(roc_auc_score, response_method="decision_function")
NUMBER = 7
