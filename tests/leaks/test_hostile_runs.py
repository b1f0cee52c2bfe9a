"""Hostile texts through a real run: as columns, categories, slices, model names and errors."""

import json
import re
from pathlib import Path

import pytest
from hostile import HOSTILE

SUITE = """\
suite: hostile
model: hostile_model:predict
batch: batch.parquet
reference: train.parquet
labels: y
slices: [one, two, three]
checks:
  - metric: accuracy
    min: 0.99
    slices: all
  - drift: all
    max: 0.1
  - expect: column_values_to_be_in_set
    column: segment
    value_set: [nothing]
  - errors: rate
    max: 0
"""
MODEL = """
import numpy as np
from hostile import HOSTILE

def predict(frame):
    return np.zeros(len(frame), dtype=int)

def broken(frame):
    raise ValueError("\\n".join(HOSTILE))
"""
BROKEN = """\
suite: broken
model: hostile_model:broken
batch: batch.parquet
checks:
  - errors: rate
    max: 0
"""
COMMAND = re.compile(r"^\s*(::|##\[)")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Batches whose columns and categories are all hostile; a reference of other ones."""
    import numpy as np
    import pandas as pd

    names = [each.replace("\x00", "") for each in HOSTILE]
    rng = np.random.default_rng(1)
    rows = 10 * len(names)
    columns = {name: rng.normal(size=rows) for name in dict.fromkeys(names) if name}
    frame = pd.DataFrame(columns)
    frame["segment"] = np.repeat(np.array(names, dtype=object), 10)
    for third, name in enumerate(("one", "two", "three")):
        frame[name] = np.resize(np.array(names[third * 99 : third * 99 + 99], dtype=object), rows)
    frame["y"] = rng.integers(0, 2, rows)
    frame.to_parquet(pytester.path / "batch.parquet")
    train = frame.copy()
    train[list(columns)[:100]] += 2.0
    train["segment"] = "nothing"
    train.drop(columns=list(columns)[:20]).to_parquet(pytester.path / "train.parquet")
    (pytester.path / "hostile_model.py").write_text(MODEL)
    (pytester.path / "hostile.suite.yaml").write_text(SUITE)
    (pytester.path / "broken.suite.yaml").write_text(BROKEN)
    (pytester.path / "pytest.ini").write_text("[pytest]\n")
    pytester.syspathinsert()
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(pytester.path),
        "GITHUB_STEP_SUMMARY": str(pytester.path / "summary.md"),
        "GITHUB_OUTPUT": str(pytester.path / "outputs"),
    }.items():
        monkeypatch.setenv(name, value)
    return pytester.path


def test_a_run_on_hostile_names_gives_no_command_and_whole_tables(
    project: Path, pytester: pytest.Pytester
) -> None:
    """The log holds our own annotations and no other command; each row of the summary has its cells."""
    ran = pytester.runpytest_inprocess("--modelqa-json", "result.json", "--modelqa-report", "report", "-v")
    results = json.loads((project / "result.json").read_text())
    checks = [check for result in results for check in result["checks"]]
    assert [each["outcome"] for each in checks if each["id"] == "accuracy"] == ["failed"]
    assert sum(len(each["verdicts"]) for each in checks) > 500
    own = re.compile(r"::(error|warning) (file=(hostile|broken)\.suite\.yaml,line=\d+,)?title=[^:]*::\S.*")
    for line in [*ran.outlines, *ran.errlines]:
        assert not COMMAND.match(line) or own.fullmatch(line), line
    assert sum(line.startswith("::") for line in ran.outlines) <= len(checks)
    table = [line for line in (project / "summary.md").read_text().splitlines() if line.startswith("|")]
    assert len(table) > 5
    assert {line.count("|") for line in table} == {7}
    outputs = (project / "outputs").read_text()
    assert len(re.findall(r"^[a-z-]+<<modelqa-[0-9a-f]{32}$", outputs, flags=re.MULTILINE)) == 6
    page = (project / "report" / "hostile.html").read_text()
    assert not re.search(r"<(script|iframe|img|object|form|base|math|svg/)", page, flags=re.IGNORECASE)
