"""A check of one's own stands in the repository, found from any folder and shadowing nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from modelqa.core.beside import admit, look_in

QUALITY = """
import modelqa
from modelqa import Estimate, Measurement

@modelqa.check
def rows(ctx, least: int):
    from quality.helpers import count
    yield Measurement("rows", Estimate.fact(count(ctx), n=ctx.batch.rows))
"""
SUITE = """\
suite: own
model: quality.models:zero
batch: batch.csv
checks:
  - quality.checks:rows: 1
    min: 2
  - errors: rate
    max: 0
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a package of checks, next to scripts that bear the names of libraries."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\n")
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "checks.py").write_text(QUALITY)
    (tmp_path / "quality" / "helpers.py").write_text("def count(ctx):\n    return ctx.batch.rows\n")
    (tmp_path / "quality" / "models.py").write_text("def zero(frame):\n    return [0.0] * len(frame)\n")
    (tmp_path / "batch.csv").write_text("x\n1\n2\n3\n")
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "own.suite.yaml").write_text(SUITE)
    for name in ("h2", "wandb", "numpy", "ruamel"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported by mistake')\n")
    return tmp_path


def run(cwd: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does: the project is not on the path, nor is the current folder."""
    return subprocess.run(
        [sys.executable, "-P", *command], cwd=cwd, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("folder", [".", "suites", "quality"])
def test_the_command_line_finds_it_from_anywhere(folder: str, project: Path) -> None:
    """A check and a model of the repository, and what they import of their own package."""
    suite = str(project / "suites" / "own.suite.yaml")
    done = run(project / folder, "-m", "modelqa", "run", suite)
    assert (done.returncode, done.stderr) == (0, "")
    assert "own: PASSED, 2 passed" in done.stdout
    assert "2 checks, no problem" in run(project / folder, "-m", "modelqa", "lint", suite).stdout
    assert "rows" in run(project / folder, "-m", "modelqa", "explain", "quality.checks:rows").stdout


def test_pytest_finds_it_without_a_conftest(project: Path) -> None:
    """The project's folder is not on pytest's path where no conftest.py puts it there."""
    done = run(project / "suites", "-m", "pytest", "-q", "-p", "no:cacheprovider", "own.suite.yaml")
    assert done.returncode == 0, done.stdout
    assert "own: PASSED, 2 passed" in done.stdout


def test_only_what_a_suite_names_is_found_there(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder or script of the repository never passes for a library that is not installed."""
    (project / "named_by_a_suite.py").write_text("found = True\n")
    (project / "not_named.py").write_text("raise SystemExit\n")
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    look_in(project)
    admit("named_by_a_suite")
    import named_by_a_suite  # type: ignore[import-not-found]

    assert named_by_a_suite.found
    with pytest.raises(ModuleNotFoundError):
        __import__("not_named")
    assert str(project) not in sys.path
