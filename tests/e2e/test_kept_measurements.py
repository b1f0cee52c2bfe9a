"""pytest with the cache: a second run measures nothing, workers share, a switch turns it off."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kept_subjects import aged
from tiny_project import lay_out

SUITE = """\
suite: kept
batch: batch.csv
labels: y
predictions: y
checks:
  - metric: accuracy
    min: 0.5
  - schema: {x: {type: float}}
  - errors: rate
    max: 0.5
  - expect: column_to_exist
    column: x
"""
TOLD = "4 of 4 checks from the cache"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A suite of rows alone."""
    lay_out(tmp_path, "kept_model")
    (tmp_path / "kept.suite.yaml").write_text(SUITE)
    (tmp_path / "pytest.toml").write_text("[pytest]\n")
    for path in tmp_path.iterdir():
        aged(path)
    return tmp_path


def run(folder: Path, *options: str, **environ: str) -> str:
    """What pytest says in a new process."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MODELQA_")}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=folder, capture_output=True, text=True, timeout=120, check=True, env={**kept, **environ},
    )  # fmt: skip
    assert "kept: PASSED, 4 passed" in ran.stdout
    return ran.stdout


def test_a_second_run_is_told_from_the_cache(project: Path) -> None:
    """By workers too, whoever measured; a result says so in one line."""
    assert TOLD not in run(project, "-n2")
    assert TOLD in run(project, "-n2")
    assert TOLD in run(project)
    (project / "batch.csv").write_text((project / "batch.csv").read_text().replace("\n0.", "\n1.", 1))
    assert "from the cache" not in run(project)


def test_the_cache_can_be_turned_off(project: Path) -> None:
    """By option, by environment, by ini: nothing is read from it, nor written."""
    (project / "pytest.toml").write_text("[pytest]\nmodelqa_no_cache = 'true'\n")
    run(project)
    (project / "pytest.toml").write_text("[pytest]\n")
    run(project, "--modelqa-no-cache")
    run(project, MODELQA_NO_CACHE="1")
    assert not (project / ".modelqa").exists()
