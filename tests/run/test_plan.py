"""The plan: needs verified, the alarm budget allotted, from the suite alone."""

from typing import Any

import pytest

from modelqa import Suite, SuiteError, plan
from modelqa.core.result import Budget
from modelqa.testing import FakeModel, make_batch

SUBJECT: dict[str, Any] = {
    "model": FakeModel(),
    "champion": FakeModel(),
    "batch": make_batch(20),
    "reference": make_batch(20),
    "labels": "label",
}


def planned(*checks: dict[str, Any], **subject: Any) -> Any:
    """The plan of some checks."""
    return plan(Suite("s", checks=list(checks), **{**SUBJECT, **subject}))


def test_the_budget_is_shared_by_what_can_turn_red_by_chance() -> None:
    """Facts and checks with warn levels only hold no share."""
    made = planned(
        {"metric": "accuracy", "min": 0.5},
        {"metric": "f1", "min": 0.5},
        {"metric": "recall", "warn_min": 0.5},
        {"errors": "rate", "max": 0.1},
        {"schema": {"signal": {"type": "float"}}},
        false_alarms=0.01,
    )
    assert made.alpha == pytest.approx(0.005)
    assert [check.levels.alpha for check in made.checks[:2]] == [made.alpha] * 2


def test_a_result_says_what_the_budget_came_to() -> None:
    """Whichever checks ran: the share of each, and how many checks hold one."""
    suite = Suite("s", checks=[SCORE, {**SCORE, "name": "again"}, RATE], **SUBJECT)
    ran = suite.run(only=["again"])
    assert ran.levels == Budget(false_alarms=0.01, confidence=0.95, alpha=0.005, checks=2)


def test_a_fact_that_generalises_holds_a_share() -> None:
    """`generalise: true` makes an estimate of it."""
    made = planned({"metric": "accuracy", "min": 0.5}, {"errors": "rate", "max": 0.1, "generalise": True})
    assert made.alpha == pytest.approx(0.005)


def test_green_is_decided_at_the_confidence_of_the_suite() -> None:
    """The near end of a minimum is its low end, at 1 - confidence, not split."""
    levels = planned({"metric": "accuracy", "min": 0.5}, confidence=0.9).checks[0].levels
    assert levels.low == pytest.approx(0.1)
    assert levels.high == pytest.approx(0.01)


SCORE = {"metric": "accuracy", "min": 0.5}
SPEED = {"latency": "p95", "max": "1 s"}
RATE = {"errors": "rate", "max": 0.1}
DRIFT = {"drift": "all", "max": 0.1}
NEEDS: dict[str, list[dict[str, Any]]] = {
    "model": [SPEED, RATE, SCORE, {"schema": "signature"}, {"drift": "prediction", "max": 0.1}],
    "labels": [SCORE, {"drift": "labels", "max": 0.1}],
    "reference": [DRIFT],
    "batch": [SCORE, SPEED, RATE, DRIFT, {"schema": {"signal": {}}}],
}


@pytest.mark.parametrize(
    ("part", "check"), [(part, check) for part, checks in NEEDS.items() for check in checks]
)
def test_a_missing_need_is_said_at_planning(part: str, check: dict[str, Any]) -> None:
    """What a check cannot do without is missed before anything is opened."""
    with pytest.raises(SuiteError, match=f"needs `{part}:`"):
        planned(check, **{part: None})


def test_logged_predictions_take_the_place_of_a_model() -> None:
    """A score needs predictions; calling a model needs the model."""
    subject = {"model": None, "predictions": "signal"}
    assert planned({"metric": "accuracy", "min": 0.5}, **subject).checks
    with pytest.raises(SuiteError, match="needs `model:`"):
        planned({"latency": "p95", "max": "1 s"}, **subject)


def test_all_missing_needs_are_said_at_once() -> None:
    """Nobody repairs a suite one message at a time."""
    with pytest.raises(SuiteError) as caught:
        planned({"metric": "accuracy", "min": 0.5}, {"drift": "all", "max": 0.1}, labels=None, reference=None)
    assert len(caught.value.problems) == 2
