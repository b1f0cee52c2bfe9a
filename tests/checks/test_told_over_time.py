"""What checks tell to whoever looks at many batches: a p-value for each hard limit that is not kept."""

from collections.abc import Mapping
from typing import Any

import pytest
from scipy import stats

from modelqa.core.bound import Outcome
from modelqa.core.evidence import OVER_TIME
from modelqa.core.result import CheckResult, Verdict
from modelqa.stats.inverted import LEAST, ROUGHLY
from modelqa.testing import FakeModel, make_batch, run_check

WORSE = FakeModel(noise=1.0)


def told(verdict: Verdict) -> dict[str, float]:
    """The p-values of a verdict; empty where nothing is told."""
    found = [piece.data for piece in verdict.measurement.evidence if piece.kind == OVER_TIME]
    assert len(found) <= 1
    return found[0] if found else {}


def only(result: CheckResult) -> Verdict:
    """The one verdict of a check."""
    assert len(result.verdicts) == 1, result.reason
    return result.verdicts[0]


CASES: list[tuple[str, str, Mapping[str, Any]]] = [
    ("metric", "accuracy", {"min": 0.9}),
    ("metric", "roc_auc", {"min": 0.99}),
    ("metric", "f1_macro", {"min": 0.9}),
    ("metric", "neg_log_loss", {"min": -0.3}),
    ("metric", "log_loss", {"max": 0.3}),
    ("metric", "accuracy", {"min": 0.0, "versus": "champion"}),
    ("metric", "roc_auc", {"min": "0%", "versus": "champion"}),
    ("drift", "signal", {"max": 0.01}),
    ("drift", "region", {"max": 0.01}),
]


@pytest.mark.parametrize(("kind", "value", "keys"), CASES)
@pytest.mark.parametrize("alarms", [0.2, 1e-2, 1e-4])
def test_a_check_is_red_where_its_p_value_is_below_its_level(
    kind: str, value: str, keys: Mapping[str, Any], alarms: float
) -> None:
    """One test stands behind both, so a run and a watch never contradict each other."""
    subject = {
        "model": WORSE,
        "batch": make_batch(400, seed=3, shift=0.3),
        "reference": make_batch(2000, seed=4),
        "features": ["signal", "region"],
        "false_alarms": alarms,
    }
    verdict = run_check(kind, value, subject=subject, **keys).verdicts[0]
    p = next(iter(told(verdict).values()), 1.0)
    level = alarms * (0.98 if kind == "drift" else 1.0)
    if not 0.3 < p / level < 2:  # of a share it is the mid-p-value
        assert (p < level) == (verdict.outcome is Outcome.FAILED), (p, verdict.reason)


def test_a_share_tells_its_binomial_test() -> None:
    """The middle of two exact p-values, on either side; and nothing of a limit that it keeps for sure."""
    verdict = only(run_check("metric", "accuracy", min=0.95))
    hits = round(verdict.measurement.estimate.value * 500)
    exact = stats.binom.cdf(hits, 500, 0.95) - stats.binom.pmf(hits, 500, 0.95) / 2
    assert told(verdict) == {"min": pytest.approx(exact)}
    above = told(only(run_check("metric", "accuracy", max=0.5)))["max"]
    assert above == pytest.approx(0.0, abs=1e-9)
    both = told(only(run_check("metric", "accuracy", min=0.95, max=0.99)))
    assert both["min"] == pytest.approx(exact)
    assert both["max"] > 0.99


def test_nothing_is_told_where_all_is_in_order() -> None:
    """A healthy run's result is no larger."""
    for kind, value, keys in (
        ("metric", "roc_auc", {"min": 0.5}),
        ("metric", "roc_auc", {"min": -0.5, "versus": "champion"}),
        ("drift", "signal", {"max": 2.0}),
        ("latency", "p50", {"max": "10 s"}),
    ):
        assert told(only(run_check(kind, value, **keys))) == {}


def test_tails_beyond_a_method_are_not_told() -> None:
    """Scores by their spread are told down to 1e-6, distances down to 1e-12."""
    assert told(only(run_check("metric", "log_loss", max=0.001))) == {"max": ROUGHLY}
    far = {"batch": make_batch(500, shift=5.0)}
    assert told(run_check("drift", "signal", max=0.1, subject=far).verdicts[0]) == {"max": LEAST}


def test_a_slow_model_tells_it() -> None:
    """Of calls, with the looks that it took."""
    found = told(only(run_check("latency", "p50", max="1 us")))
    assert ROUGHLY <= found["max"] < 1e-4


def test_missing_values_and_new_categories_tell_it_too() -> None:
    """Each finding of a column for itself."""
    batch = make_batch(500)
    batch.loc[:200, "region"] = None
    batch.loc[300:400, "region"] = "MARS"
    subject = {"batch": batch, "features": ["region"]}
    found = {
        each.measurement.metric: told(each)
        for each in run_check("drift", "all", max=0.1, subject=subject).verdicts
    }
    assert set(found) == {"jensenshannon", "missing_share", "new_categories"}
    assert all(each["max"] < 1e-6 for each in found.values())


@pytest.mark.parametrize("keys", [{"across": "gap", "max": 0.0}, {"across": "worst", "min": 0.99}])
def test_a_combination_of_slices_tells_none(keys: Mapping[str, Any]) -> None:
    """The p-value of a slice is none of their gap."""
    subject = {"slices": ["region"]}
    verdict = only(run_check("metric", "accuracy", slices=["region"], subject=subject, **keys))
    assert told(verdict) == {}


def test_own_functions_tell_none() -> None:
    """Their interval is drawn: what it can resolve is whether it is red."""
    name = "tests.own_scores:profit"
    assert told(only(run_check("metric", name, min=1e9))) == {}
