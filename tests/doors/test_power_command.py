"""`modelqa power`: before anyone merges a suite, what its checks can see."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from modelqa.cli import app

SUITES = Path(__file__).parent.parent.parent / "suites"
SUITE = """\
suite: tiny
batch: batch.csv
labels: y
predictions: said
positive: 1
checks:
  - metric: accuracy
    min: 0.8
  - errors: rate
    max: 0.1%
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with logged predictions."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 600)
    said = np.where(rng.random(600) < 0.9, truth, 1 - truth)
    lines = ["y,said", *(f"{a},{b}" for a, b in zip(truth, said, strict=True))]
    (tmp_path / "batch.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "few.csv").write_text("\n".join(lines[:9]) + "\n")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\n")
    (tmp_path / "tiny.suite.yaml").write_text(SUITE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MODELQA_BATCH", raising=False)
    return tmp_path


def power(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["power", "tiny.suite.yaml", *arguments])


def test_a_report_is_printed(project: Path) -> None:
    """A line for the score, a sentence for what is counted, and nothing is judged."""
    result = power()
    assert result.exit_code == 0, result.output
    assert "accuracy  600  min 0.80" in result.stdout
    assert "any change is seen: errors-rate" in result.stdout
    assert "WARNING" not in result.stdout


def test_warnings_are_an_error_where_that_is_wanted(project: Path) -> None:
    """Eight rows cannot prove a floor; --strict makes that a status."""
    assert "WARNING accuracy cannot pass min 0.80" in power("--batch", "few.csv").stdout
    assert power("--batch", "few.csv").exit_code == 0
    assert power("--batch", "few.csv", "--strict").exit_code == 1
    assert power("--strict").exit_code == 0


def test_the_share_of_runs_is_the_users(project: Path) -> None:
    """A share like others; one that makes no sense is a usage error."""
    assert "in 95% of runs" in power("--power", "95%").stdout
    assert "in 90% of runs" in power("--power", "0.9").stdout
    for wrong in ("95", "20%", "often", "40 ms"):
        assert power("--power", wrong).exit_code == 2


def test_the_report_is_written_as_json(project: Path) -> None:
    """All sights, numbers as numbers."""
    power("--json", "deep/power.json")
    found = json.loads(Path("deep/power.json").read_text())
    assert (found["version"], found["suite"], found["power"]) == (1, "tiny", 0.8)
    assert found["sights"][0]["seen"] < 0.8


def test_a_wrong_suite_and_a_missing_batch_have_their_own_status(project: Path) -> None:
    """2 and 3, as in a run."""
    from modelqa.errors import SubjectError, SuiteError

    assert isinstance(power("--batch", "nowhere.csv").exception, SubjectError)
    (project / "tiny.suite.yaml").write_text(SUITE.replace("min: 0.8", "mim: 0.8"))
    assert isinstance(power().exception, SuiteError)


def test_help_names_the_exit_codes() -> None:
    """A script's author finds them where they look."""
    text = CliRunner().invoke(app, ["power", "--help"]).stdout
    assert all(f"{code} " in text for code in (0, 1, 2, 3))


@pytest.mark.parametrize(
    "name",
    [
        "breast_cancer",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("churn", "diabetes", "digits")),
    ],
)
def test_the_suites_of_this_repository_can_be_looked_at(name: str, examples: Path) -> None:
    """Every check that is no fact sees something, and the table fits a terminal of 100 columns."""
    arguments = [
        "power",
        str(SUITES / f"{name}.suite.yaml"),
        "--tracking-uri",
        f"sqlite:///{examples}/mlflow.db",
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    table = [line for line in lines if line and line.split()[-1].endswith("%")]
    assert len(table) >= 10
    assert max(map(len, table)) <= 100
    assert "never" not in result.stdout
    assert "could not be measured" not in result.stdout
