"""How often 95% intervals hold the truth, at 5,000 repetitions a cell.

``pytest tests/stats/test_sweep_coverage.py -m slow -s`` prints the tables.
"""

import numpy as np
import pytest
from populations import FLOATS, missed, numbers, show, side_by_side, two_classes
from score_samples import BOTH, of_scores

from modelqa.stats.sample import Sample

RUNS = 5000
SIZES = (50, 200, 1000)
SCORES = ("accuracy", "f1", "roc_auc", "log_loss")
ERRORS = ("root_mean_squared_error", "r2", "p95")
EXACT = ("accuracy", "f1", "p95")
SLACK = 3 * float(np.sqrt(0.05 * 0.95 / RUNS))
CLUSTERS, ROWS_EACH, CORRELATION = 10_000, 20, 0.3

Cell = tuple[float, int]


def classified(cell: Cell) -> dict[str, FLOATS]:
    """Misses of the classification scores for one prevalence and size."""
    share, n = cell
    return missed(SCORES, two_classes(share), n, BOTH, RUNS)


def measured(n: int) -> dict[str, FLOATS]:
    """Misses of the regression scores for one size."""
    return missed(ERRORS, numbers(), n, BOTH, RUNS)


def covered(found: FLOATS) -> float:
    """The share of intervals that hold the truth, where the score exists."""
    return float(1 - found[0] - found[1])


@pytest.mark.slow
def test_intervals_of_classification_hold_the_truth() -> None:
    """At least 94.5% wherever the score exists; at most 96.5% if not exact and with 30 rows a class."""
    cells = [(share, n) for share in (0.5, 0.05, 0.01) for n in SIZES]
    found = dict(zip(cells, side_by_side(classified, cells), strict=True))
    rows = ((share, n, name, misses) for (share, n), each in found.items() for name, misses in each.items())
    table = [(*row[:3], covered(row[3]), row[3][2]) for row in rows]
    show(
        "prevalence rows score coverage undefined",
        (f"{s:5} {n:5} {k:9} {c:.4f} {u:.3f}" for s, n, k, c, u in table),
    )
    assert min(row[3] for row in table) >= 0.945 - SLACK
    wide = [row for row in table if row[0] * row[1] >= 30 and row[2] not in EXACT and row[3] > 0.965 + SLACK]
    assert {row[2] for row in wide} <= {"log_loss"}, wide


@pytest.mark.slow
def test_intervals_of_errors_hold_the_truth() -> None:
    """The same of normal errors, for the root mean square, R2 and the 95th percentile."""
    found = dict(zip(SIZES, side_by_side(measured, SIZES), strict=True))
    table = [(n, name, covered(misses)) for n, each in found.items() for name, misses in each.items()]
    show("rows score coverage", (f"{n:5} {name:24} {share:.4f}" for n, name, share in table))
    assert min(row[2] for row in table) >= 0.945 - SLACK
    assert max(row[2] for row in table if row[1] not in EXACT and row[0] > 50) <= 0.965 + SLACK


def clustered(task: str) -> Sample:
    """Clusters of rows whose labels and whose errors are alike, with an intraclass correlation of 0.3."""
    rng = np.random.default_rng(14)

    def alike() -> FLOATS:
        shared = np.repeat(rng.normal(size=CLUSTERS), ROWS_EACH)
        own = rng.normal(size=CLUSTERS * ROWS_EACH)
        return np.asarray(np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * own)

    cause, error = alike(), alike()
    if task == "regression":
        return Sample("regression", cause, cause + error)
    return of_scores(cause > 0, 1 / (1 + np.exp(-2 * cause - error)))


def grouped(part: tuple[str, int, int]) -> dict[str, FLOATS]:
    """Misses on samples of whole clusters, with `group:` set."""
    from dataclasses import replace

    task, clusters, runs = part
    rows = clustered(task)
    names = ("root_mean_squared_error",) if task == "regression" else SCORES
    members = np.arange(len(rows)).reshape(CLUSTERS, ROWS_EACH)
    groups = np.repeat(np.arange(clusters), ROWS_EACH)

    def draw(rng: np.random.Generator) -> Sample:
        return replace(rows.take(members[rng.integers(0, CLUSTERS, clusters)].ravel()), groups=groups)

    return missed(names, rows, clusters, BOTH, runs, draw)


@pytest.mark.slow
def test_intervals_of_clustered_rows_hold_the_truth() -> None:
    """20 rows a cluster with an intraclass correlation of 0.3: at least 93%."""
    parts = [(task, clusters, 2000) for task in ("binary", "regression") for clusters in (50, 200)]
    found = zip(parts, side_by_side(grouped, parts), strict=True)
    table = [(part[1], name, covered(misses)) for part, each in found for name, misses in each.items()]
    show("clusters score coverage", (f"{n:5} {name:24} {share:.4f}" for n, name, share in table))
    assert min(row[2] for row in table) >= 0.93 - SLACK


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_few_clustered_samples_hold_the_truth(task: str) -> None:
    """The sweep over clusters, reduced; intervals that take rows for independent would miss it often."""
    found = grouped((task, 60, 250))
    assert min(map(covered, found.values())) >= 0.93 - 3 * np.sqrt(0.07 * 0.93 / 250)
