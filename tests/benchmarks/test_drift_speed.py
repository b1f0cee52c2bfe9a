"""Drift of 20 columns beside Evidently, frouros and NannyML; a whole process beside its reading.

frouros and NannyML do not go with this project's versions of their dependencies: they are measured where
MODELQA_RIVALS names a Python that has them (``pip install nannyml==0.13.1 frouros==0.9.0``).
"""

import os
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from processes import python

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


@pytest.mark.slow
@pytest.mark.parametrize("method", ["jensenshannon", "psi"])
@pytest.mark.parametrize(("rows", "turns"), [(100_000, 3), (1_000_000, 1)])
def test_drift_is_faster_than_evidently(
    compare: Callable[..., None], rows: int, turns: int, method: str
) -> None:
    """At least 25 times, side by side in one run."""
    sides = frames(rows)
    what = f"drift of 20 columns, {method}, {rows:,} rows"
    ours_, theirs = ours(sides, method), evidently(sides, method)
    compare(what, ours_, theirs, beside="Evidently", most=1 / 25, turns=turns)


RIVALS = {
    "frouros": """
from frouros.detectors.data_drift.batch import JS, ChiSquareTest
def run():
    for name in before:
        number = name.startswith("x")
        detector = JS(num_bins=10) if number else ChiSquareTest()
        detector.fit(X=before[name].to_numpy(dtype=float if number else object))
        detector.compare(X=after[name].to_numpy(dtype=float if number else object))
""",
    "nannyml": """
import nannyml
def run():
    method = ["jensen_shannon"]
    made = nannyml.UnivariateDriftCalculator(
        column_names=list(before), treat_as_categorical=[name for name in before if name.startswith("c")],
        continuous_methods=method, categorical_methods=method, chunk_number=1)
    made.fit(before).calculate(after)
""",
}
RUN_RIVAL = """
import sys, warnings
from time import process_time
import pandas as pd
warnings.simplefilter("ignore")
before, after = (pd.read_parquet(path) for path in sys.argv[1:])
{code}
turns = []
for _ in range(3):
    began = process_time()
    run()
    turns.append(process_time() - began)
print(min(turns))
"""


@pytest.mark.slow
@pytest.mark.skipif("MODELQA_RIVALS" not in os.environ, reason="MODELQA_RIVALS names no Python that has them")
@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("rows", [100_000, 1_000_000])
def test_drift_is_faster_than_rivals(
    compare: Callable[..., None], rows: int, rival: str, tmp_path: Path
) -> None:
    """At least twice, though they give no interval; the same rows by turns."""
    sides = frames(rows)
    paths = [tmp_path / f"{name}.parquet" for name in ("before", "after")]
    for side, path in zip(sides, paths, strict=True):
        side.to_parquet(path)
    command = [os.environ["MODELQA_RIVALS"], "-c", RUN_RIVAL.format(code=RIVALS[rival]), *map(str, paths)]

    def theirs() -> float:
        ran = subprocess.run(command, check=True, capture_output=True, timeout=500)
        return float(ran.stdout.split()[-1])

    what = f"drift of 20 columns, jensenshannon, {rows:,} rows"
    compare(what, ours(sides, "jensenshannon"), theirs, beside=rival, most=1 / 2, turns=2)


@pytest.mark.slow
def test_a_whole_process_costs_twice_its_reading(tmp_path: Path, compare: Callable[..., None]) -> None:
    """From the start to the verdict of 20 columns of two parquet files, beside their reading alone."""
    for side, name in zip(frames(100_000), ("reference", "batch"), strict=True):
        side.to_parquet(tmp_path / f"{name}.parquet")
    paths = "batch='batch.parquet', reference='reference.parquet'"
    check = "{'drift': 'all', 'max': 0.1}"
    whole = (
        f"from modelqa import Suite\nr = Suite('s', {paths}, features={NAMES}, checks=[{check}]).run()\n"
        "assert r.outcome == 'passed', r"
    )
    read = "import pyarrow.parquet as p; p.read_table('batch.parquet'); p.read_table('reference.parquet')"
    compare(
        "drift of 20 columns, a whole process",
        lambda: python(["-c", whole], tmp_path).seconds,
        lambda: python(["-c", f"import numpy, duckdb; {read}"], tmp_path).seconds,
        beside="reading both tables",
        most=2,
    )
