"""Four scores of 1,000,000 rows with their intervals, beside scikit-learn's four points."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelqa import Outcome, Suite, plan
from modelqa.core.extras import load
from modelqa.run.execute import execute
from modelqa.run.opened import Opened, Settings

ROWS, SLICES = 1_000_000, 20
CHECKS: list[dict[str, Any]] = [
    *({"metric": name, "min": 0.5} for name in ("accuracy", "f1", "roc_auc")),
    {"metric": "log_loss", "max": 0.9},
]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Labels, probabilities of the positive class, and a column of twenty segments."""
    rng = np.random.default_rng(0)
    truth = (rng.random(ROWS) < 0.3).astype(int)
    score = 1 / (1 + np.exp(-(2 * truth - 1 + 1.5 * rng.normal(size=ROWS))))
    segment = np.array([f"s{i:02d}" for i in range(SLICES)])[rng.integers(0, SLICES, ROWS)]
    return pd.DataFrame({"truth": truth, "score": score, "segment": segment})


def points(table: pd.DataFrame) -> Callable[[], None]:
    """The four points, once, by scikit-learn."""
    metrics = load("sklearn.metrics")
    truth, score = table["truth"].to_numpy(), table["score"].to_numpy()

    def run() -> None:
        said = (score >= 0.5).astype(int)
        metrics.accuracy_score(truth, said)
        metrics.f1_score(truth, said)
        metrics.roc_auc_score(truth, score)
        metrics.log_loss(truth, score)

    return run


def suite(table: pd.DataFrame, *, sliced: bool) -> Callable[[], None]:
    """The suite as a user runs it: columns converted, rows encoded and cut, scores with both ends, judged."""
    slices = ["segment"] if sliced else []
    checks = [{**check, "slices": slices} if sliced else check for check in CHECKS]
    made = Suite("four", batch=table, predictions="score", labels="truth", slices=slices, checks=checks)
    planned = plan(made).checks

    def run() -> None:
        opened = Opened(made, Settings(root=Path()))
        results = [execute(each, opened) for each in planned]
        assert {result.outcome for result in results} == {Outcome.PASSED}
        assert sum(len(result.verdicts) for result in results) == 4 * (1 + SLICES * sliced)

    return run


@pytest.mark.slow
@pytest.mark.parametrize(("sliced", "most"), [(False, 1.5), (True, 2.5)])
def test_intervals_cost_little_beside_the_points(
    table: pd.DataFrame, compare: Callable[..., None], sliced: bool, most: float
) -> None:
    """Intervals included, the suite takes about as long as the points; twenty slices hardly twice."""
    what = f"four scores with intervals{', 20 slices' * sliced}, 1,000,000 rows"
    compare(what, suite(table, sliced=sliced), points(table), beside="scikit-learn's points", most=most)
