"""How the cost of a run grows with rows, columns, checks and slices; each size in a process of its own.

``python tests/benchmarks/growth.py FOLDER`` writes the tables there, prints what each size took, and draws
``growth.svg``. About ten minutes, 3 GB of disk.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SIZES: dict[str, tuple[int, ...]] = {
    "rows": (10_000, 100_000, 1_000_000, 10_000_000),
    "columns": (10, 20, 100, 1000),
    "checks": (10, 100, 1000, 2000),
    "slices": (1, 10, 100, 1000),
}
ROWS = {"columns": 100_000, "checks": 10_000, "slices": 100_000}
CHUNK = 500_000
PARTS = 100
"""Values of a column that makes slices: more are refused, so a thousand slices are those of ten columns."""
REFERENCE = 100_000
TOLD = {
    "rows": "rows x 10 columns: four scores, schema, drift",
    "columns": "columns x 100,000 rows: schema, drift",
    "checks": "checks of 10,000 rows",
    "slices": "slices of 100,000 rows: two scores each",
}


def tables(folder: Path, kind: str, size: int) -> tuple[Path, Path]:
    """A batch and a reference of a size, as parquet, written in chunks."""
    rows, columns = (size, 10) if kind == "rows" else (ROWS[kind], size if kind == "columns" else 4)
    slices = size if kind == "slices" else 5
    batch, reference = (folder / f"{kind}-{size}-{side}.parquet" for side in ("batch", "reference"))
    _write(batch, rows, columns, slices, seed=0)
    _write(reference, min(rows, REFERENCE), columns, slices, seed=1)
    return batch, reference


def parts(slices: int) -> list[str]:
    """The columns whose values are so many slices together."""
    return [f"part{at}" for at in range(max(slices // PARTS, 1))]


def _write(path: Path, rows: int, columns: int, slices: int, seed: int) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.exists():
        return
    rng, writer = np.random.default_rng(seed), None
    for start in range(0, rows, CHUNK):
        n = min(CHUNK, rows - start)
        truth = rng.random(n) < 0.3
        score = 1 / (1 + np.exp(-(2.0 * truth - 1 + 1.5 * rng.normal(size=n))))
        made: dict[str, Any] = {f"x{at}": rng.normal(size=n) for at in range(columns - 3)}
        made |= {"truth": truth, "score": score}
        made |= {name: rng.integers(0, min(slices, PARTS), n) for name in parts(slices)}
        table = pa.table(made)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def suite(kind: str, batch: Path, reference: Path, size: int) -> Any:
    """What is judged at a size."""
    from modelqa import Suite

    scores = [{"metric": name, "min": 0.1} for name in ("accuracy", "f1", "roc_auc")]
    scores.append({"metric": "log_loss", "max": 2})
    names = [f"x{at}" for at in range((10 if kind == "rows" else size) - 3)]
    scan = [
        {"schema": {name: {"type": "float", "min": -20, "max": 20, "nulls": 0} for name in names}},
        {"drift": names, "max": 0.1},
    ]
    many = [
        {"metric": "recall", "threshold": (at + 1) / (size + 2), "min": 0, "name": f"at-{at}"}
        for at in range(size if kind == "checks" else 0)
    ]
    checks = {
        "rows": [*scores, *scan],
        "columns": scan,
        "checks": many,
        "slices": [{**score, "slices": parts(size)} for score in scores[:2]],
    }[kind]
    needs: dict[str, Any] = {"labels": "truth", "predictions": "score"} if kind != "columns" else {}
    if kind == "slices":
        needs["slices"] = parts(size)
    if kind in ("rows", "columns"):
        needs["reference"] = str(reference)
    return Suite(kind, batch=str(batch), checks=checks, **needs)


def run(kind: str, size: int, batch: Path, reference: Path) -> dict[str, float]:
    """What a run takes in this process, from plan to result: seconds of the processor, bytes at the peak.

    Of many checks also what their measuring takes alone, without anything around it.
    """
    from time import process_time

    judged = suite(kind, batch, reference, size)
    began = process_time()
    result = judged.run()
    found = {"seconds": process_time() - began, "peak": peak()}
    wrong = {str(check.outcome) for check in result.checks} & {"errored", "skipped"}
    assert not wrong, [check.reason for check in result.checks if check.reason][:3]
    return found | ({"alone": _alone(judged)} if kind == "checks" else {})


def _alone(judged: Any) -> float:
    from time import process_time

    from modelqa import plan
    from modelqa.run.execute import measurements
    from modelqa.run.opened import Opened, Settings

    opened = Opened(judged, Settings(root=Path()))
    began = process_time()
    for planned in plan(judged).checks:
        assert list(measurements(planned, opened))
    return process_time() - began


def peak() -> float:
    """The most memory that this process has held, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024.0


def measured(folder: Path, kind: str, size: int) -> dict[str, float]:
    """The same of a fresh process."""
    batch, reference = tables(folder, kind, size)
    ran = subprocess.run(
        [sys.executable, __file__, "--one", kind, str(size), str(batch), str(reference)],
        capture_output=True, text=True, cwd=folder, timeout=1800,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def draw(found: dict[str, dict[int, dict[str, float]]], path: Path) -> None:
    """Seconds and memory over size, each on logarithmic scales, beside a line of proportion."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot, ticker

    mpl.rcParams.update({"svg.hashsalt": "modelqa", "svg.fonttype": "none"})
    figure, axes = pyplot.subplots(2, len(found), figsize=(3.2 * len(found), 5.2), layout="constrained")
    for at, (kind, costs) in enumerate(found.items()):
        sizes = list(costs)
        for row, (key, unit, scale) in enumerate(
            (("seconds", "processor seconds", 1), ("peak", "MiB", 2**20))
        ):
            values, axis = [costs[size][key] / scale for size in sizes], axes[row][at]
            axis.loglog(sizes, values, marker="o", color="#1f5fa8", label="measured")
            line = [values[-1] * size / sizes[-1] for size in sizes]
            axis.loglog(sizes, line, linestyle="--", color="#777777", label="in proportion")
            axis.set_ylim(min(values) / 2, max(values) * 2)
            axis.set_xticks(sizes, [short(size) for size in sizes])
            axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
            axis.yaxis.set_major_formatter("{x:,g}")
            for side in (axis.xaxis, axis.yaxis):
                side.set_minor_locator(ticker.NullLocator())
            axis.set_xlabel(kind)
            axis.set_ylabel(unit)
        axes[0][at].set_title(TOLD[kind], fontsize=8)
    axes[0][0].legend(fontsize=7)
    figure.savefig(path, format="svg", metadata={"Date": None})


def short(size: int) -> str:
    """A size as an axis tells it.

    >>> [short(size) for size in (20, 10_000, 10_000_000)]
    ['20', '10k', '10M']
    """
    return f"{size // 10**6}M" if size >= 10**6 else f"{size // 1000}k" if size >= 1000 else str(size)


def main(arguments: Sequence[str]) -> None:
    """Measure every size, print it, draw it; or one of them, for another process."""
    if arguments[0] == "--one":
        kind, size, batch, reference = arguments[1:]
        print(json.dumps(run(kind, int(size), Path(batch), Path(reference))))
        return
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict[int, dict[str, float]]] = {}
    for kind, sizes in SIZES.items():
        for size in sizes:
            cost = found.setdefault(kind, {})[size] = measured(folder, kind, size)
            print(
                f"{size:>10,} {kind:8} {cost['seconds']:8.2f} s {cost['peak'] / 2**20:8.0f} MiB", flush=True
            )
    draw(found, folder / "growth.svg")


if __name__ == "__main__":
    main(sys.argv[1:])
