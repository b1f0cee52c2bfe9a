"""A suite that compares with a champion, from its text to what it says."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelqa import Outcome, load
from modelqa.reports.terminal import render

ROWS = 6500
SUITE = """
suite: versus
model: judged
champion: held
batch: rows
labels: label
features: [signal, other, leak]
checks:
  - metric: accuracy
    versus: champion
    min: -0.02
    max: 0.2
  - metric: accuracy
    name: relative
    versus: champion
    min: -5%
  - metric: log_loss
    versus: champion
    max: 0.05
"""


class Weighing:
    """A classifier that adds some columns up."""

    classes_ = np.array([0, 1])

    def __init__(self, **weights: float) -> None:
        self.weights = weights

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        """The probabilities of both classes, a row each."""
        odds = sum(weight * rows[name].to_numpy(float) for name, weight in self.weights.items())
        yes = 1 / (1 + np.exp(-np.asarray(odds)))
        return np.column_stack([1 - yes, yes])

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """The likelier class."""
        return self.predict_proba(rows).argmax(axis=1)


def rows() -> pd.DataFrame:
    """Labels that a signal tells in part, and a column that gives them away."""
    rng = np.random.default_rng(3)
    label = rng.integers(0, 2, ROWS)
    signal = 2 * label - 1 + 1.5 * rng.normal(size=ROWS)
    return pd.DataFrame(
        {"signal": signal, "other": rng.normal(size=ROWS), "leak": 2 * label - 1, "label": label}
    )


def compared(tmp_path: Path, **weights: float) -> Any:
    """The result of a model of these weights against a champion that weighs the signal."""
    subject = {"model": Weighing(**weights), "champion": Weighing(signal=1.0, other=0.1), "batch": rows()}
    return load(_written(tmp_path)).override(**subject).run()


def outcomes(result: Any) -> list[str]:
    """How each check ended."""
    return [str(check.outcome) for check in result.checks]


def test_an_equal_model_passes_the_margin(tmp_path: Path) -> None:
    """A challenger that is neither better nor worse is green by its margin, absolute and relative."""
    result = compared(tmp_path, signal=1.0, other=-0.1)
    assert outcomes(result) == ["passed"] * 3
    assert result.checks[0].message.startswith("accuracy versus champion")
    assert result.checks[0].message.endswith(">= min -0.02 (n=6,500)")
    assert result.checks[1].message.endswith(">= min -5% (n=6,500)")


def test_a_worse_model_is_red_by_the_margin(tmp_path: Path) -> None:
    """A drop that no chance explains."""
    result = compared(tmp_path, signal=1.0, other=3.0)
    assert result.outcome is Outcome.FAILED
    assert "< min -0.02 (n=6,500)" in result.checks[0].message
    assert "min -0.02, max 0.20" in render(result)


def test_a_model_too_good_to_be_true_is_red_by_the_ceiling(tmp_path: Path) -> None:
    """A leak beats the champion by more than anybody believes."""
    result = compared(tmp_path, leak=5.0)
    assert outcomes(result) == ["failed", "passed", "passed"]
    assert "> max 0.20 (n=6,500)" in result.checks[0].message


@pytest.mark.parametrize("bound", [{"min": 0}, {"min": 0.02}, {"min": "2%"}])
def test_superiority_asks_for_more_than_chance(tmp_path: Path, bound: dict[str, Any]) -> None:
    """An equal model is not green by a minimum above zero; a better one is."""
    suite = load(_written(tmp_path)).override(
        champion=Weighing(signal=1.0, other=1.0),
        batch=rows(),
        checks=[{"metric": "accuracy", "versus": "champion", **bound}],
    )
    same = suite.override(model=Weighing(signal=1.0, other=-1.0)).run()
    better = suite.override(model=Weighing(signal=1.0)).run()
    assert same.outcome is not Outcome.PASSED
    assert better.outcome is Outcome.PASSED


def _written(tmp_path: Path) -> Path:
    path = tmp_path / "versus.suite.yaml"
    path.write_text(SUITE)
    return path
