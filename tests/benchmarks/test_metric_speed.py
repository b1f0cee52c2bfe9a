"""Four scores of 1,000,000 rows with their intervals, beside scikit-learn's four points."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

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
@pytest.mark.benchmark(group="4 scores, 1,000,000 rows", min_rounds=3, warmup=True)
@pytest.mark.parametrize("how", ["scikit-learn, points", "intervals", "intervals, 20 slices"])
def test_scores(benchmark: BenchmarkFixture, table: pd.DataFrame, how: str) -> None:
    """Intervals included, the suite takes about as long as the points; twenty slices less than thrice."""
    benchmark(points(table) if how.startswith("scikit") else suite(table, sliced="slices" in how))


@pytest.mark.slow
@pytest.mark.parametrize(("sliced", "most"), [(False, 1.5), (True, 2.5)])
def test_intervals_cost_little_beside_the_points(table: pd.DataFrame, sliced: bool, most: float) -> None:
    """The best of five turns each, taken by turns: a ratio in one run."""
    runs = points(table), suite(table, sliced=sliced)
    best = [np.inf, np.inf]
    for _ in range(6):
        for at, run in enumerate(runs):
            began = perf_counter()
            run()
            best[at] = min(best[at], perf_counter() - began)
    assert best[1] / best[0] <= most, f"{best[1]:.2f} s beside {best[0]:.2f} s"
