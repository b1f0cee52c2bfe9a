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
from modelqa.watch.plan import Seen

COLUMNS = [f"c{number:02d}" for number in range(20)]
CHECKS = [
    {"schema": {name: {"type": "float", "nulls": 0} for name in COLUMNS}},
    {"drift": "all", "max": 0.3},
]
TURNS, EACH = 20, 50
pytestmark = pytest.mark.slow


def _table(rng: np.random.Generator, rows: int) -> pa.Table:
    return pa.table(dict(zip(COLUMNS, rng.normal(size=(20, rows)), strict=True)))


def test_watching_takes_at_most_twice_as_long_as_the_checks(tmp_path: Path) -> None:
    """1,000 batches of 1,000 rows and 20 columns in one process, in turns, so that both see the same machine.

    Both open the reference once for many batches.
    """
    rng = np.random.default_rng(1)
    world = World(tmp_path)
    parquet.write_table(_table(rng, 5000), tmp_path / "reference.parquet")
    world.keys |= {"reference": "reference.parquet", "checks": CHECKS}
    suite = Suite("tiny", **{"batch": "new", **world.keys})
    opened = Opened(suite, Settings(root=tmp_path))
    without, watched, seen = 0.0, 0.0, {}
    with world.ledger() as ledger:
        watcher = world.watcher(ledger)
        for turn in range(TURNS + 1):
            paths = [world.new / f"{turn}-{number}.parquet" for number in range(EACH)]
            for path in paths:
                parquet.write_table(_table(rng, 1000), path)
            began = time.perf_counter()
            for path in paths:
                opened = opened.beside(suite.override(batch=str(path)))
                assert run_opened(opened).checks
            between = time.perf_counter()
            found: list[Seen] = []
            watcher.look(found.append)
            if turn:  # the first one imports
                without += between - began
                watched += time.perf_counter() - between
                seen |= outcomes(found)
    assert len(seen) == TURNS * EACH == 1000
    print(f"1,000 batches: {without:.1f} s without, {watched:.1f} s watched, ratio {watched / without:.2f}")
    assert watched <= 2 * without
