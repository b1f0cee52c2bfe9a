"""`modelqa init` on the command line: what it writes, what it leaves alone, what it says."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from modelqa.cli import app
from modelqa.draft.workflow import PLACE, workflow
from modelqa.suite.load import load
from modelqa.suite.spec import Labels

MODEL = """
import numpy as np
def score(frame):
    share = 1 / (1 + np.exp(-4 * frame["x"].to_numpy(dtype=float)))
    return np.column_stack([1 - share, share])
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project whose labels stand in the rows, and in a file of their own too; we are in `data`."""
    import numpy as np

    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    y = (rng.random(300) < 1 / (1 + np.exp(-4 * x))).astype(int)
    (tmp_path / "data").mkdir()
    rows = [f"{n},{a:.6f},{b}" for n, (a, b) in enumerate(zip(x, y, strict=True))]
    (tmp_path / "data" / "rows.csv").write_text("\n".join(["row_id,x,y", *rows]) + "\n")
    apart = [row.rpartition(",")[0] for row in rows]
    (tmp_path / "data" / "apart.csv").write_text("\n".join(["row_id,x", *apart]) + "\n")
    (tmp_path / "init_model.py").write_text(MODEL)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path / "data")
    yield tmp_path
    sys.modules.pop("init_model", None)


def init(*arguments: str) -> Result:
    """Run the command for the model of the project."""
    return CliRunner().invoke(app, ["init", "init_model:score", *arguments], catch_exceptions=False)


def test_a_suite_is_written_into_the_project(project: Path) -> None:
    """Its paths start at the project's root, wherever it was called from."""
    result = init("rows.csv", "--labels", "y")
    assert result.exit_code == 0, result.output
    assert "checks, all passed on 300 rows of rows.csv" in result.output
    suite = load(project / "suites" / "score.suite.yaml")
    assert (suite.batch, suite.labels, suite.model) == ("data/rows.csv", "y", "init_model:score")
    assert CliRunner().invoke(app, ["run", str(suite.path)]).exit_code == 0


def test_the_first_line_switches_editors_on(project: Path) -> None:
    """It names the JSON Schema, which lies beside the suite."""
    init("rows.csv")
    first = (project / "suites" / "score.suite.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=suite.schema.json"
    assert "properties" in json.loads((project / "suites" / "suite.schema.json").read_text())


def test_a_second_run_changes_nothing(project: Path) -> None:
    """A suite that is there belongs to somebody; --force gives it up."""
    path = project / "suites" / "score.suite.yaml"
    init("rows.csv", "--github")
    path.write_text("mine")
    before = {file: file.read_bytes() for file in project.rglob("*.*") if file.is_file()}
    result = init("rows.csv", "--github")
    assert result.exit_code == 0
    assert result.output.count("is there already and stays as it is") == 2
    assert {file: file.read_bytes() for file in before} == before
    assert init("rows.csv", "--force").exit_code == 0
    assert path.read_text() != "mine"


def test_labels_may_lie_in_a_file_of_their_own(project: Path) -> None:
    """They are joined by the key, and the suite says so."""
    result = init("apart.csv", "--labels", "y", "--labels-file", "rows.csv", "--key", "row_id")
    assert result.exit_code == 0, result.output
    suite = load(project / "suites" / "score.suite.yaml")
    assert suite.labels == Labels("data/rows.csv", on="row_id", column="y")
    assert "roc_auc" in {check.id for check in suite.checks}


def test_an_output_elsewhere_is_taken(project: Path) -> None:
    """The name of the file is the name of the suite."""
    assert init("rows.csv", "--output", "../checks/my gate.suite.yaml").exit_code == 0
    assert load(project / "checks" / "my gate.suite.yaml").suite == "my_gate"


def test_an_output_that_is_no_suite_is_a_mistake(project: Path) -> None:
    """pytest would not find it."""
    result = init("rows.csv", "--output", "gate.yaml")
    assert result.exit_code == 2
    assert ".suite.yaml" in result.output


def test_a_key_is_guessed_but_stays_a_feature_of_a_function(project: Path) -> None:
    """A function may read any column, so an id that was found is only held to be unique."""
    init("rows.csv", "--labels", "y")
    suite = load(project / "suites" / "score.suite.yaml")
    assert suite.key == ()
    contract = next(check for check in suite.checks if check.id == "contract")
    assert contract.params["unique"] == ["row_id"]


def test_without_a_project_paths_start_at_the_suite(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing marks a root, both doors find the rows from beside the suite's file."""
    (project / "pyproject.toml").unlink()
    monkeypatch.chdir(project)
    assert init("data/rows.csv", "--output", "suites/a.suite.yaml").exit_code == 0
    assert load(project / "suites" / "a.suite.yaml").batch == "../data/rows.csv"


def test_the_workflow_is_least_privileged() -> None:
    """It reads, and no text of a pull request reaches its shell."""
    found = yaml.safe_load(workflow("quality/suites"))
    assert found["permissions"] == {"contents": "read"}
    steps = found["jobs"]["gate"]["steps"]
    assert steps[-1]["env"]["SUITES"] == "quality/suites"
    assert not [step for step in steps if "${{" in step.get("run", "")]
    assert PLACE.name == "model-gate.yml"


def test_an_odd_folder_stays_a_text() -> None:
    """A name with blanks or hashes is quoted."""
    found = yaml.safe_load(workflow("my suites #1"))
    assert found["jobs"]["gate"]["steps"][-1]["env"]["SUITES"] == "my suites #1"
