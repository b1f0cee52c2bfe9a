"""A small project for tests of the doors: models of one column, a suite, batches of 600 and 40 rows."""

from pathlib import Path

import numpy as np

MODEL = """
import numpy as np

def good(frame):
    share = 1 / (1 + np.exp(-4 * frame["x"].to_numpy(dtype=float)))
    return np.column_stack([1 - share, share])

def blind(frame):
    return np.full((len(frame), 2), 0.5)

def broken(frame):
    raise ValueError("secret row 4711")
"""
SUITE = """\
suite: tiny
model: tiny_model:good
batch: batch.csv
labels: y
checks:
  - metric: roc_auc
    min: 0.8
    tags: [quality]
  - errors: rate
    max: 0.1%
"""


def lay_out(folder: Path, module: str = "tiny_model") -> None:
    """Write the models, as a module of that name, and both batches."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=600)
    y = (rng.random(600) < 1 / (1 + np.exp(-4 * x))).astype(int)
    lines = ["x,y", *(f"{a:.6f},{b}" for a, b in zip(x, y, strict=True))]
    (folder / "batch.csv").write_text("\n".join(lines) + "\n")
    (folder / "small.csv").write_text("\n".join(lines[:41]) + "\n")
    (folder / f"{module}.py").write_text(MODEL)
