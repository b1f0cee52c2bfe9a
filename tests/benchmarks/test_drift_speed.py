"""Drift of 20 columns beside Evidently's report of the same method; a whole process beside its reading."""

import resource
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
import pytest

from modelqa import Outcome, Suite, plan
from modelqa.core.extras import load
from modelqa.run.execute import execute
from modelqa.run.opened import Opened, Settings

NUMBERS, CATEGORIES = [f"x{at}" for at in range(15)], [f"c{at}" for at in range(5)]
NAMES = NUMBERS + CATEGORIES
Frames = tuple[pd.DataFrame, pd.DataFrame]


def frames(rows: int) -> Frames:
    """A reference and a batch: 15 columns of numbers, 5 of texts."""
    made = []
    for seed in (0, 1):
        rng = np.random.default_rng(seed)
        texts = np.array(["basic", "plus", "pro", "team", "trial"], dtype=object)
        columns = {name: rng.normal(size=rows) for name in NUMBERS}
        made.append(
            pd.DataFrame({**columns, **{name: texts[rng.integers(0, 5, rows)] for name in CATEGORIES}})
        )
    return made[0], made[1]


def ours(sides: Frames, method: str) -> Callable[[], None]:
    """The check alone: columns opened, measured with both ends, judged."""
    check = {"drift": "all", "method": method, "max": 0.1}
    suite = Suite("speed", reference=sides[0], batch=sides[1], features=NAMES, checks=[check])
    (planned,) = plan(suite).checks

    def run() -> None:
        result = execute(planned, Opened(suite, Settings(root=Path())))
        assert (result.outcome, len(result.verdicts)) == (Outcome.PASSED, 20)

    return run


def evidently(sides: Frames, method: str) -> Callable[[], None]:
    """Evidently's report of the drift of the same columns by the same method."""
    core, metrics = load("evidently"), load("evidently.presets")
    described = core.DataDefinition(numerical_columns=NUMBERS, categorical_columns=CATEGORIES)
    before, after = (core.Dataset.from_pandas(side, data_definition=described) for side in sides)

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            core.Report([metrics.DataDriftPreset(method=method)]).run(after, before).dict()

    return run


def best(run: Callable[[], None], times: int) -> float:
    """The shortest of some turns, in seconds of the processor: both sides use one thread."""
    turns = []
    for _ in range(times):
        began = process_time()
        run()
        turns.append(process_time() - began)
    return min(turns)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["jensenshannon", "psi"])
@pytest.mark.parametrize(("rows", "times"), [(100_000, 3), (1_000_000, 1)])
def test_drift_is_faster_than_evidently(rows: int, times: int, method: str) -> None:
    """At least 25 times, side by side in one run."""
    sides = frames(rows)
    mine, theirs = best(ours(sides, method), times + 1), best(evidently(sides, method), times)
    assert theirs / mine >= 25, f"{theirs:.2f} s beside {mine:.3f} s: {theirs / mine:.0f} times"


def seconds(code: str, cwd: Path) -> float:
    """The processor's time of a fresh interpreter: the least of three."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], cwd=cwd, check=True, timeout=120)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent)


@pytest.mark.slow
def test_a_whole_process_costs_twice_its_reading(tmp_path: Path) -> None:
    """From the start to the verdict of 20 columns of two parquet files, beside their reading alone."""
    for side, name in zip(frames(100_000), ("reference", "batch"), strict=True):
        side.to_parquet(tmp_path / f"{name}.parquet")
    paths = "batch='batch.parquet', reference='reference.parquet'"
    check = "{'drift': 'all', 'max': 0.1}"
    whole = seconds(
        f"from modelqa import Suite\nr = Suite('s', {paths}, features={NAMES}, checks=[{check}]).run()\n"
        "assert r.outcome == 'passed', r",
        tmp_path,
    )
    read = "import pyarrow.parquet as p; p.read_table('batch.parquet'); p.read_table('reference.parquet')"
    alone = seconds(f"import numpy, duckdb; {read}", tmp_path)

    assert whole / alone <= 2.2, f"{whole:.2f} s beside {alone:.2f} s"
