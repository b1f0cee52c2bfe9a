"""`modelqa run --evidently-report`: Evidently's own page beside a verdict that does not depend on it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from modelqa.checks import evidently_data
from modelqa.cli import app
from modelqa.engines.memory import open_table
from modelqa.errors import CheckError
from modelqa.testing import make_batch

SUITE = """\
suite: paged
batch: batch.csv
reference: reference.csv
checks:
  - evidently: psi
    columns: [signal, region]
    max: 0.5
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose batch is healthy."""
    make_batch(300).to_csv(tmp_path / "batch.csv", index=False)
    make_batch(400, seed=1).to_csv(tmp_path / "reference.csv", index=False)
    (tmp_path / "paged.suite.yaml").write_text(SUITE)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\n")
    monkeypatch.chdir(tmp_path)
    for name in ("MODELQA_BATCH", "MODELQA_REFERENCE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*arguments: str) -> Result:
    """Run the command line."""
    return CliRunner().invoke(app, ["run", "paged.suite.yaml", *arguments])


def test_the_page_is_written_and_its_place_is_said(project: Path) -> None:
    """Both presets are on it, and the verdict is what it is without."""
    result = run("--evidently-report", "pages")
    assert result.exit_code == run().exit_code == 0, result.output
    page = (project / "pages" / "paged.html").read_text()
    assert "Evidently's report: pages/paged.html" in result.stdout.replace(os.sep, "/")
    assert "Drift" in page
    assert "signal" in page


def test_without_a_reference_there_is_no_page(project: Path) -> None:
    """It is said on the error stream, and the exit code stays the verdict's."""
    text = SUITE.replace("reference: reference.csv\n", "").replace("psi\n", "MeanValue\n")
    (project / "paged.suite.yaml").write_text(text.replace("[signal, region]", "[signal]"))
    result = run("--evidently-report", "pages")
    assert result.exit_code == 0, result.output
    assert "no Evidently report: the suite names no `reference:`" in result.stderr
    assert not (project / "pages").exists()


def test_a_place_that_cannot_be_written_changes_no_verdict(project: Path) -> None:
    """A file stands where the folder should."""
    (project / "pages").write_text("")
    result = run("--evidently-report", "pages")
    assert result.exit_code == 0, result.output
    assert "no Evidently report: " in result.stderr


def test_a_library_that_cannot_be_imported_changes_no_verdict(project: Path) -> None:
    """The page is for people who want it; a run without `evidently` checks does not need the library."""
    (project / "fake" / "evidently").mkdir(parents=True)
    (project / "fake" / "evidently" / "__init__.py").write_text("raise ImportError('broken')\n")
    own = "schema: {signal: {type: float}}"
    head = SUITE.partition("  - ")[0]
    (project / "paged.suite.yaml").write_text(f"{head}  - {own}\n")
    paths = os.pathsep.join([str(project / "fake"), *filter(None, [os.environ.get("PYTHONPATH")])])
    ran = subprocess.run(
        [sys.executable, "-m", "modelqa", "run", "paged.suite.yaml", "--evidently-report", "pages"],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert "no Evidently report: evidently is installed but cannot be imported (broken)" in ran.stderr


def test_columns_that_evidently_cannot_read_are_left_out() -> None:
    """Empty ones have no drift; keys, and those of mixed objects or of two kinds, are not shown."""
    frames = [
        make_batch(1001, seed=seed).assign(empty=np.nan, when=pd.Timestamp("2026-01-01")) for seed in (0, 1)
    ]
    frames[0]["mixed"] = frames[1]["mixed"] = [{}] * 1001
    frames[0]["amount"] = frames[0]["amount"].astype(str)
    for frame in frames:
        frame["key"] = [f"k{number}" for number in range(len(frame))]
    page = evidently_data.page(*(open_table(frame) for frame in frames))
    assert page.left_out == ("amount", "mixed", "key")
    assert "empty" in page.html
    assert "mixed" not in page.html
    with pytest.raises(CheckError, match="no column in common"):
        evidently_data.page(open_table({"a": [1]}), open_table({"b": [1]}))


def test_large_tables_are_sampled_by_a_fixed_seed() -> None:
    """At most so many rows of each side, the same ones every time, in their order."""
    table = open_table(make_batch(500))
    first, again = (evidently_data.sampled(table, 40, np.random.default_rng(0)) for _ in range(2))
    ids = first.column("id").values
    assert (first.rows, ids.tolist()) == (40, sorted(ids.tolist()))
    assert np.array_equal(ids, again.column("id").values)
