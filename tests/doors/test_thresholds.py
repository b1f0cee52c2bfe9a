"""MLflow's `MetricThreshold` in a suite of Python's: the same limits, as checks of ours."""

from typing import Any

import pytest

import modelqa
from modelqa.errors import SuiteError


def suite(*checks: Any) -> modelqa.Suite:
    """A suite with these checks, a champion and labels."""
    return modelqa.Suite(
        "churn", model="m:f", champion="m:g", batch="new.parquet", labels="y", checks=list(checks)
    )


def bounds(*checks: Any) -> list[tuple[str, float | None, float | None, bool]]:
    """Each check with its ends."""
    return [(each.id, each.bound.min, each.bound.max, each.relative) for each in suite(*checks).checks]


def problem(**keys: Any) -> str:
    """What is wrong with one check."""
    with pytest.raises(SuiteError) as raised:
        suite(modelqa.metric(keys.pop("scorer", "accuracy_score"), **keys))
    return str(raised.value)


def test_of_what_less_is_better_the_limits_are_upper_ones() -> None:
    """A loss has to fall by so much."""
    check = modelqa.metric(
        "mean_absolute_error",
        threshold=3,
        min_absolute_change=0.1,
        min_relative_change=0.05,
        greater_is_better=False,
    )
    assert bounds(check) == [
        ("mean_absolute_error", None, 3.0, False),
        ("mean_absolute_error-versus-champion", None, -0.1, False),
        ("mean_absolute_error-versus-champion-relative", None, -0.05, True),
    ]


def test_an_object_of_mlflows_says_the_same() -> None:
    """And is the same suite, to the digest."""
    from mlflow.models import MetricThreshold

    keys = {"threshold": 0.9, "min_relative_change": 0.05, "greater_is_better": True}
    written = suite(modelqa.metric("f1_score", **keys))
    assert suite(modelqa.metric("f1_score", threshold=MetricThreshold(**keys))).digest == written.digest
    assert bounds(modelqa.metric("f1_score", **keys)) == [
        ("f1", 0.9, None, False),
        ("f1-versus-champion", 0.05, None, True),
    ]


def test_other_keys_stay_with_every_check() -> None:
    """Tags do; a name is told apart."""
    keys = {"min_absolute_change": 0.01, "threshold": 0.8, "tags": ["gate"], "name": "auc"}
    found = suite(modelqa.metric("roc_auc", **keys)).checks
    assert [(each.id, each.tags) for each in found] == [("auc", ("gate",)), ("auc-absolute", ("gate",))]


def test_a_threshold_alone_is_the_operating_point() -> None:
    """As it ever was."""
    (check,) = suite(modelqa.metric("accuracy", threshold=0.3, min=0.8)).checks
    assert (dict(check.params), check.bound.min) == ({"threshold": 0.3}, 0.8)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        (
            {"threshold": 0.9, "greater_is_better": False},
            "checks[0].greater_is_better: of accuracy more is better, found greater_is_better false",
        ),
        ({"threshold": 0.9, "greater_is_better": True, "min": 0.8}, "checks[0].min: 'min' beside the keys"),
        ({"greater_is_better": True}, "checks[0]: no threshold"),
        ({"threshold": 0.9, "greater_is_better": "yes"}, "greater_is_better: expected true or false"),
        ({"min_absolute_change": 0}, "checks[0].min_absolute_change: expected a number above 0"),
        ({"min_relative_change": 1.5}, "min_relative_change: expected a number above 0 and below 1"),
        ({"threshold": "high", "greater_is_better": True}, "checks[0].threshold: expected a number"),
        ({"scorer": "example_count", "min_absolute_change": 1}, "nothing is known of example_count"),
        (
            {"scorer": "acuracy_score", "threshold": 1, "greater_is_better": True},
            "checks[0].metric: unknown scorer 'acuracy_score'",
        ),
    ],
)
def test_what_contradicts_itself_is_said_with_its_place(keys: dict[str, Any], why: str) -> None:
    """Nothing is guessed."""
    assert why in problem(**keys)
