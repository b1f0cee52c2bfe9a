"""Collecting suites beside collecting trivial tests: 200 files of ten each, whole processes in turn."""

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

FILES, EACH = 200, 10
SCORERS = ("accuracy", "f1", "precision", "recall", "roc_auc", "average_precision", "log_loss", "brier_score",
           "balanced_accuracy", "matthews_corrcoef")  # fmt: skip


@pytest.fixture(scope="module", params=["trivial tests", "suites"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 files of ten tests or ten checks."""
    root = tmp_path_factory.mktemp("many")
    (root / "pytest.ini").write_text("[pytest]\n")
    for number in range(FILES):
        if request.param == "suites":
            checks = "".join(f"  - metric: {scorer}\n    min: 0.1\n" for scorer in SCORERS)
            head = f"suite: s{number}\nmodel: m:f\nbatch: b.csv\nlabels: y\nchecks:\n"
            (root / f"s{number}.suite.yaml").write_text(head + checks)
        else:
            text = "".join(f"def test_{each}():\n    pass\n\n" for each in range(EACH))
            (root / f"test_s{number}.py").write_text(text)
    return root


@pytest.mark.slow
@pytest.mark.benchmark(group="collect 2,000 items in 200 files", min_rounds=5, warmup=True)
def test_collecting(benchmark: BenchmarkFixture, folder: Path) -> None:
    """Suites take at most 3.5 times as long as trivial tests."""

    def collect() -> None:
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=120)
        assert f"{FILES * EACH} tests collected" in ran.stdout

    benchmark(collect)
