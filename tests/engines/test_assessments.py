"""What people said of an MLflow experiment's traces is a table of reviews."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelqa import Suite
from modelqa.engines.assessments import read
from modelqa.errors import SubjectError
from modelqa.testing import make_batch

BATCH = make_batch(50)


BUILD = """
import sys, mlflow
from mlflow.entities import AssessmentSource

mlflow.set_tracking_uri(sys.argv[1])
mlflow.create_experiment("served", artifact_location=sys.argv[2])
mlflow.set_experiment("served")
for at, row in enumerate(sys.argv[3:]):
    with mlflow.start_span("predict") as span:
        mlflow.update_current_trace(client_request_id=row)
    mlflow.flush_trace_async_logging()
    people = AssessmentSource(source_type="HUMAN", source_id=f"r{at % 2}")
    mlflow.log_feedback(trace_id=span.trace_id, name="right", value=at >= 3, source=people)
    if at == 0:
        mlflow.log_expectation(trace_id=span.trace_id, name="right", value=1, source=people)
    judge = AssessmentSource(source_type="LLM_JUDGE", source_id="judge")
    mlflow.log_feedback(trace_id=span.trace_id, name="right", value=False, source=judge)
    mlflow.log_feedback(trace_id=span.trace_id, name="polite", value=True, source=people)
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A SQLite store in which two people and a model assessed the answers to ten rows.

    Written by a process of its own: MLflow keeps its active experiment in the one that sets it.
    """
    folder = tmp_path_factory.mktemp("assessed")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    rows = [str(row) for row in BATCH["id"].head(10)]
    command = [sys.executable, "-c", BUILD, uri, (folder / "artifacts").as_uri(), *rows]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return uri


def test_people_s_assessments_are_reviews(store: str) -> None:
    """Verdicts by name, corrections apart; no model's, no other name's."""
    table = read("assessments:/served/right", store)
    assert [table["verdict"].count(value) for value in ("True", "False", None)] == [7, 3, 1]
    assert [value for value in table["correction"] if value] == ["1"]
    assert set(table["reviewer"]) == {"r0", "r1"}
    assert set(table["request"]) == {str(row) for row in BATCH["id"].head(10)}


def test_they_are_judged_like_any_table(store: str, tmp_path: Path) -> None:
    """Seven of ten approve; the row that was corrected has one answer of two."""
    check: dict[str, Any] = {
        "feedback": "approval_rate", "table": "assessments:/served/right", "row": "request", "min": 0.1
    }  # fmt: skip
    suite = Suite("served", batch=BATCH, key="id", checks=[check])
    (result,) = suite.run(root=tmp_path, tracking_uri=store).checks
    assert result.verdicts, result.reason
    assert (result.verdicts[0].measurement.estimate.value, result.verdicts[0].measurement.estimate.n) == (
        0.7,
        10,
    )


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("assessments:/served", "expected assessments:/EXPERIMENT/NAME"),
        ("assessments:/elsewhere/right", "there is no experiment 'elsewhere'"),
        ("assessments:/served/wrong", "nobody has assessed a trace"),
    ],
)
def test_what_nobody_said_is_an_error(store: str, uri: str, said: str) -> None:
    """With what was looked for."""
    with pytest.raises(SubjectError, match=said):
        read(uri, store)


def test_a_store_that_is_none_is_an_error(tmp_path: Path) -> None:
    """And none is made."""
    with pytest.raises(SubjectError, match=r"no store of MLflow's"):
        read("assessments:/served/right", f"sqlite:///{tmp_path / 'none.db'}")
    assert not list(tmp_path.iterdir())
