"""Collecting suites beside collecting trivial tests: 200 files of ten each, whole processes in turn."""

from collections.abc import Callable
from pathlib import Path

import pytest
from processes import python

FILES, EACH = 200, 10
SCORERS = ("accuracy", "f1", "precision", "recall", "roc_auc", "average_precision", "log_loss", "brier_score",
           "balanced_accuracy", "matthews_corrcoef")  # fmt: skip


def suite(number: int) -> str:
    """A suite of ten checks."""
    checks = "".join(f"  - metric: {scorer}\n    min: 0.1\n" for scorer in SCORERS)
    return f"suite: s{number}\nmodel: m:f\nbatch: b.csv\nlabels: y\nchecks:\n{checks}"


def collecting(folder: Path, name: str, text: Callable[[int], str]) -> Callable[[], float]:
    """What it costs to collect 200 files of ten in a folder of their own."""
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    for number in range(FILES):
        (folder / name.format(number)).write_text(text(number))

    def collect() -> float:
        plugin = ["-p", "modelqa.pytest_plugin", "-p", "no:cacheprovider"]
        cost = python(["-m", "pytest", "--collect-only", "-q", *plugin], folder)
        assert f"{FILES * EACH} tests collected" in (folder / "said.txt").read_text()
        return cost.seconds

    return collect


@pytest.mark.slow
def test_suites_are_collected_nearly_as_fast_as_tests(tmp_path: Path, compare: Callable[..., None]) -> None:
    """Suites take at most 3.5 times as long as trivial tests."""
    tests = "".join(f"def test_{each}():\n    pass\n\n" for each in range(EACH))
    compare(
        "collecting 2,000 checks in 200 files",
        collecting(tmp_path / "suites", "s{}.suite.yaml", suite),
        collecting(tmp_path / "tests", "test_s{}.py", lambda _: tests),
        beside="2,000 trivial tests",
        most=3.5,
    )
