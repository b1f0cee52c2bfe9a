"""What the ledger costs: batches watched, against the same checks run without it."""

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from watch_world import World, outcomes

from modelqa.run.execute import run_opened
from modelqa.run.opened import Opened, Settings
from modelqa.suite.spec import Suite

COLUMNS = [f"c{number:02d}" for number in range(20)]
CHECKS = [
    {"schema": {name: {"type": "float", "nulls": 0} for name in COLUMNS}},
    {"drift": "all", "max": 0.3},
]
pytestmark = pytest.mark.slow


def _table(rng: np.random.Generator, rows: int) -> pa.Table:
    return pa.table(dict(zip(COLUMNS, rng.normal(size=(20, rows)), strict=True)))


@pytest.mark.parametrize("batches", [1000])
def test_watching_takes_at_most_twice_as_long_as_the_checks(tmp_path: Path, batches: int) -> None:
    """Batches of 1,000 rows and 20 columns in one process; the reference is opened once by both."""
    rng = np.random.default_rng(1)
    world = World(tmp_path)
    parquet.write_table(_table(rng, 5000), tmp_path / "reference.parquet")
    for number in range(batches):
        parquet.write_table(_table(rng, 1000), world.new / f"{number}.parquet")
    world.keys |= {"reference": "reference.parquet", "checks": CHECKS}
    suite = Suite("tiny", **{"batch": "new", **world.keys})
    opened = Opened(suite, Settings(root=tmp_path))

    def alone(number: int) -> None:
        nonlocal opened
        opened = opened.beside(suite.override(batch=str(world.new / f"{number}.parquet")))
        assert run_opened(opened).checks

    alone(0)  # what is imported and read once
    began = time.perf_counter()
    for number in range(batches):
        alone(number)
    without = time.perf_counter() - began
    began = time.perf_counter()
    seen = world.look()
    watched = time.perf_counter() - began
    assert len(outcomes(seen)) == batches
    print(f"{batches} batches: {without:.1f} s without, {watched:.1f} s watched, {watched / without:.2f}")
    assert watched <= 2 * without
