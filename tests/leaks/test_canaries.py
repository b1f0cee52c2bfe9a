"""Secrets and values of rows through every output of a run: none comes out."""

import json
from pathlib import Path

import pytest

from modelqa.core.codec import from_plain
from modelqa.reports.markdown import page

VALUES = [f"person{number}.kanarienvogel@example.org" for number in range(50)]
NUMBERS = [str(913_457_000 + 37 * number) for number in range(50)]
SECRETS = [f"kanarien{number}geheimnis" for number in range(50)]
SUITES = {
    "rows": """\
suite: rows
model: leaky_model:predict
batch: batch.parquet
reference: train.parquet
labels: y
checks:
  - metric: accuracy
    min: 0.99
  - drift: [email, account, group]
    max: 0.1
  - expect: column_values_to_be_in_set
    column: email
    value_set: [nobody]
  - expect: column_values_to_be_between
    column: account
    max_value: 5
  - expect: column_values_to_match_regex
    column: email
    regex: ^x$
  - schema:
      email: {type: int}
  - errors: rate
    max: 0
""",
    "labels": """\
suite: labels
model: leaky_model:predict
batch: batch.parquet
labels: email
checks:
  - metric: accuracy
    min: 0.9
""",
    "broken": """\
suite: broken
model: leaky_model:broken
batch: batch.parquet
labels: y
checks:
  - metric: accuracy
    min: 0.9
  - errors: rate
    max: 0
""",
    "away": """\
suite: away
model: leaky_model:predict
batch: "${BATCH_URL}"
checks:
  - errors: rate
    max: 0
""",
}
MODEL = """
import numpy as np

def predict(frame):
    if frame["email"].str.startswith("person7.").any():
        raise ValueError(f"cannot score {frame.to_dict()}")
    return np.zeros(len(frame), dtype=int)

def broken(frame):
    raise KeyError(str(frame.to_dict()))
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, examples: Path) -> Path:
    """Fifty people in a batch, and fifty secrets in the environment."""
    import shutil

    import numpy as np
    import pandas as pd

    people = pd.DataFrame({"email": VALUES, "account": [int(each) for each in NUMBERS]})
    others = pd.DataFrame({"email": ["nobody"] * 350, "account": np.arange(350) % 9})
    batch = pd.concat([people, others], ignore_index=True)
    batch["group"] = ["a", "b"] * 200
    batch["y"] = [0, 1] * 200
    batch.to_parquet(pytester.path / "batch.parquet")
    batch.assign(email="nobody", account=1, group="a").to_parquet(pytester.path / "train.parquet")
    shutil.copy(examples / "mlflow.db", pytester.path / "mlflow.db")
    (pytester.path / "leaky_model.py").write_text(MODEL)
    (pytester.path / "pytest.ini").write_text("[pytest]\n")
    for name, text in SUITES.items():
        (pytester.path / f"{name}.suite.yaml").write_text(text)
    pytester.syspathinsert()
    for number, secret in enumerate(SECRETS):
        monkeypatch.setenv(f"SERVICE_{number}_TOKEN", secret)
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_TOKEN": SECRETS[0],
        "MLFLOW_TRACKING_TOKEN": SECRETS[1],
        "BATCH_URL": f"http://me:{SECRETS[2]}@127.0.0.1:9/rows.parquet?token={SECRETS[3]}",
        "GITHUB_STEP_SUMMARY": str(pytester.path / "out" / "summary.md"),
        "GITHUB_OUTPUT": str(pytester.path / "out" / "outputs"),
    }.items():
        monkeypatch.setenv(name, value)
    (pytester.path / "out").mkdir()
    return pytester.path


def test_no_secret_and_no_value_of_a_row_comes_out(project: Path, pytester: pytest.Pytester) -> None:
    """Terminal, annotations, JSON, JUnit, summary, outputs, page, metrics, comment, and what MLflow keeps."""
    out = project / "out"
    store = f"sqlite:///{project / 'mlflow.db'}"
    files = ("--modelqa-json", f"{out / 'result.json'}", "--modelqa-report", f"{out / 'pages'}")
    files += ("--modelqa-metrics", f"{out / 'metrics'}")
    junit = f"--junitxml={out / 'junit.xml'}"
    ran = pytester.runpytest_inprocess(
        "-vv", "-p", "no:randomly", "--modelqa-log", "--modelqa-tracking-uri", store, *files, junit
    )
    results = json.loads((out / "result.json").read_text())
    assert {each["suite"]: each["outcome"] for each in results}["rows"] in ("failed", "errored")
    assert len(results) == len(SUITES)
    told = {
        "terminal": "\n".join([*ran.outlines, *ran.errlines]),
        "comment": page([from_plain(each) for each in results], most=60_000),
        **{path.name: path.read_text() for path in out.rglob("*") if path.is_file()},
        **{path.name: path.read_text() for path in (project / "artifacts").rglob("*") if path.is_file()},
        "mlflow.db": (project / "mlflow.db").read_bytes().decode("utf-8", "replace"),
    }
    pages = {"report.html", "rows.html", "modelqa-rows.prom"}
    assert {"result.json", *pages, "junit.xml", "summary.md", "outputs"} <= {*told}
    leaks = {
        (name, canary)
        for name, text in told.items()
        for canary in (*VALUES, *NUMBERS, *SECRETS)
        if canary in text
    }
    assert leaks == set()
