"""A table larger than the memory it may take: 20,000,000 rows of ten columns, about 1 GB of parquet."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ROWS = 20_000_000
GIB = 1 << 30

WRITE = """
COPY (SELECT
    random() * 100 AS n0, sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS n1,
    -ln(1 - random()) AS n2,
    tan(pi() * (random() - 0.5)) AS n3, round(random() * 50)::INTEGER AS n4, random() * random() AS n5,
    exp(sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS n6,
    'plan ' || (random() * 5)::INTEGER AS t0, 'town ' || floor(300 * random() * random())::INTEGER AS t1,
    random() < 0.3 AS b0
FROM range({rows})) TO '{path}' (FORMAT parquet)
"""
JUDGE = """
import json, sys
import modelqa
checks = [
    {"drift": [*(f"n{k}" for k in range(7)), "t0", "t1", "b0"], "max": 0.1},
    {"schema": {"n0": {"type": "float", "min": 0, "max": 100, "nulls": 0}, "t0": {"matches": "plan [0-5]"}}},
]
suite = modelqa.Suite("large", batch=sys.argv[1], reference=sys.argv[2], checks=checks)
result = suite.run()
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
outcomes = [[str(v.measurement.column), str(v.outcome)] for check in result.checks for v in check.verdicts]
print(json.dumps({"peak": int(peak.split()[1]) * 1024, "outcomes": outcomes, "said": [c.reason for c in result.checks]}))
"""  # noqa: E501


def written(path: Path, rows: int) -> Path:
    """A table of random numbers and words, written by DuckDB."""
    with duckdb.connect(config={"memory_limit": "1GB", "temp_directory": str(path.parent / "spill")}) as made:
        made.execute("SELECT setseed(0.5)")
        made.execute(WRITE.format(rows=rows, path=path))
    return path


@pytest.mark.slow
def test_a_table_larger_than_the_memory_is_judged_within_it(tmp_path: Path) -> None:
    """Drift of all ten columns and a contract: at most 1.5 GiB at the peak, nothing red, all measured."""
    reference = written(tmp_path / "reference.parquet", 200_000)
    batch = written(tmp_path / "batch.parquet", ROWS)
    try:
        ran = subprocess.run(
            [sys.executable, "-c", JUDGE, str(batch), str(reference)],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
    finally:
        batch.unlink()
    found = json.loads(ran.stdout)
    assert found["said"] == ["", ""]
    assert {outcome for _, outcome in found["outcomes"]} == {"passed"}
    assert len(found["outcomes"]) >= 10 + 6
    assert found["peak"] <= 1.5 * GIB, f"{found['peak'] / GIB:.2f} GiB"
