"""Every row of the catalogue keeps what every check promises."""

from typing import Any

import pytest

from modelqa import catalog
from modelqa.core.check import declared
from modelqa.testing import check_conforms

CASES: dict[str, list[tuple[Any, dict[str, Any]]]] = {
    "metric": [
        ("accuracy", {"min": 0.5}),
        ("roc_auc", {"versus": "champion", "min": -0.5}),
        ("roc_auc", {"versus": "dummy", "min": "10%"}),
        ("expected_calibration_error", {"max": 0.5}),
        ("tests.own_scores:profit", {"min": 0}),
    ],
    "latency": [("p50", {"max": "1 min", "calls": 30})],
    "resources": [("load_time", {"max": "5 min"}), ("model_size", {"max": "1 GiB"})],
    "errors": [
        ("rate", {"max": 0.5}),
        ("rate", {"max": 0.5, "generalise": True}),
        ("rate", {"max": 0.5, "timeout": "10 s"}),
        ("rate", {"max": 0.5, "column": "region", "ok": ["EU", "US", "APAC"]}),
        ("calls", {"max": 0.5, "calls": 20}),
    ],
    "serving": [("parity", {"max": 0})],
    "prometheus": [("up", {"max": 1}), ("up", {"max": 1, "over": "1h"})],
    "training": [
        ("final", {"tag": "validation/epoch_loss", "path": "runs/churn", "max": 0.5}),
        ("steps", {"path": "runs/churn", "min": 99}),
    ],
    "churn": [("rate", {"max": 0.5}), ("rate", {"max": 0.5, "generalise": True})],
    "feedback": [
        ("approval_rate", {"table": "feedback.csv", "min": 0.1}),
        ("correction_rate", {"table": "feedback.csv", "max": 0.9}),
        ("agreement", {"table": "feedback.csv", "min": 0.1}),
    ],
    "cases": [("cases.csv", {"max": 0})],
    "ab": [("label", {"arm": "region", "treatment": "EU", "control": "US", "min": -1})],
    "estimated": [("roc_auc", {"min": 0.7}), ("log_loss", {"max": 0.7})],
    "fairness": [
        ("demographic_parity_difference", {"by": "region", "max": 0.5}),
        ("equalized_odds_ratio", {"by": "region", "min": 0.1}),
    ],
    "staleness": [
        ("model", {"max": "30 d"}),
        ("data", {"max": "30 d"}),
        ("data", {"max": "30 d", "tag": "modelqa.data_until"}),
        ("rows", {"max": 1000}),
    ],
    "schema": [({"signal": {"type": "float"}}, {}), ("signature", {})],
    "drift": [
        (["signal", "region"], {"max": 1}),
        ("all", {"importance": "auto", "exact": True, "max": 1}),
        ("prediction", {"max": 1}),
        ("error", {"given": ["region"], "max": 1}),
        # `share` and `table` are of what the model reads: without one, that is all columns, as with `all`
    ],
    "expect": [
        ("column_values_to_be_between", {"column": "amount", "min_value": 0, "mostly": 0.9}),
        ("table_row_count_to_be_between", {"min_value": 1}),
    ],
    "evidently": [
        ("psi", {"columns": ["signal", "region"], "max": 1}),
        ("F1Score", {"min": 0.1}),
    ],
}


def test_every_check_has_a_case() -> None:
    """A new row of the catalogue brings its own."""
    assert set(CASES) == set(catalog.BUILT_IN["checks"])


@pytest.mark.parametrize(
    ("kind", "value", "keys"), [(k, v, keys) for k, cases in CASES.items() for v, keys in cases]
)
def test_a_check_conforms(kind: str, value: Any, keys: dict[str, Any]) -> None:
    """It measures, repeats itself, leaves the batch alone, and is dark where it cannot measure."""
    check_conforms(kind, value, **keys)


@pytest.mark.parametrize("kind", sorted(catalog.BUILT_IN["checks"]))
def test_a_check_has_a_manual(kind: str) -> None:
    """Its docstring explains every parameter and has an example."""
    made = declared(catalog.find("checks", kind))
    manual = str(made.function.__doc__)
    assert "Example::" in manual
    for name in [*made.parameters, *([made.main.name] if made.main else [])]:
        assert name in manual, f"{kind} does not explain {name}"


@pytest.mark.parametrize("kind", list(catalog.BUILT_IN))
def test_every_row_of_the_catalogue_can_be_loaded(kind: catalog.Kind) -> None:
    """No name points nowhere."""
    for name in catalog.BUILT_IN[kind]:
        assert callable(catalog.find(kind, name))
