"""`feedback` and `cases`: what people say of predictions, and what they corrected."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

from modelqa import Suite
from modelqa.checks.feedback import _estimate as estimated
from modelqa.checks.reviewed import Names, reviewed
from modelqa.cli import app
from modelqa.core.bound import Bound, Outcome, judge
from modelqa.core.estimate import Levels
from modelqa.core.result import CheckResult
from modelqa.engines.opening import open_rows
from modelqa.errors import CheckError, SuiteError
from modelqa.testing import FakeModel, make_batch

BATCH = make_batch(400)


def reviews(
    folder: Path, rows: list[tuple[Any, ...]], columns: str = "id,reviewer,verdict,correction,time"
) -> None:
    """Write a table of reviews."""
    pd.DataFrame(rows, columns=columns.split(",")).to_csv(folder / "reviews.csv", index=False)


def judged(folder: Path, check: dict[str, Any], batch: pd.DataFrame = BATCH, **subject: Any) -> CheckResult:
    """The result of one check in a folder."""
    suite = Suite(
        "people", model=FakeModel(), batch=batch, key="id", features=["signal"], checks=[check], **subject
    )
    (result,) = suite.run(root=folder).checks
    return result


def rate(folder: Path, statistic: str, **keys: Any) -> Any:
    """The measurement of a `feedback` check."""
    bound = {"min": 0} if not keys.keys() & {"min", "max"} else {}
    result = judged(folder, {"feedback": statistic, "table": "reviews.csv", **bound, **keys})
    assert result.verdicts, result.reason
    return result.verdicts[0].measurement


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """100 rows reviewed by two: 70 right, 20 corrected, 10 wrong; on 6 of the right ones they differ."""
    ids = BATCH["id"].tolist()
    rows = []
    for at in range(100):
        verdict, correction = (
            ("approve", None) if at < 70 else ("correct", 1) if at < 90 else ("reject", None)
        )
        rows.append((ids[at], "r1", "reject" if at < 6 else verdict, correction, "2026-01-01"))
        rows.append((ids[at], "r2", verdict, correction, "2026-01-02"))
    reviews(tmp_path, rows)
    return tmp_path


def test_the_rates_are_of_reviewed_rows(folder: Path) -> None:
    """With exact ends; where two differ, the later one decides, and the note counts it."""
    approved, corrected = rate(folder, "approval_rate"), rate(folder, "correction_rate")
    assert (approved.estimate.value, approved.estimate.n) == (0.7, 100)
    assert corrected.estimate.value == 0.2
    assert approved.estimate.low == pytest.approx(stats.beta.ppf(0.05, 70, 31))
    assert (
        "reviewed rows: 100; reviews: 200; reviewers: 2; contradictory rows (majority, then the latest): 6"
        in approved.note
    )


def test_agreement_is_of_pairs_of_reviewers(folder: Path) -> None:
    """94 of 100 rows."""
    assert rate(folder, "agreement").estimate.value == pytest.approx(0.94)


def test_slices_have_rates_of_their_own(folder: Path) -> None:
    """Each of the rows that it holds."""
    check = {"feedback": "approval_rate", "table": "reviews.csv", "min": 0.1, "slices": ["region"]}
    result = judged(folder, check, slices=["region"])
    assert sum(v.measurement.estimate.n for v in result.verdicts) == 200
    assert len(result.verdicts) == 1 + BATCH["region"].nunique()


def test_a_reviewer_may_change_their_mind(tmp_path: Path) -> None:
    """The latest verdict counts, whatever the order of the file; reviews of other rows are counted."""
    row = BATCH["id"].iloc[0]
    said = [(row, "r1", "approve", None, "2026-02-01"), (row, "r1", "reject", None, "2026-01-01")]
    reviews(tmp_path, [*said, (-5, "r1", "reject", None, "2026-01-01"), (row, "r2", None, None, None)])
    found = rate(tmp_path, "approval_rate")
    assert (found.estimate.value, found.estimate.n) == (1.0, 1)
    assert "reviews of other rows: 1; reviews without a verdict: 1" in found.note


def test_a_table_of_corrections_alone_is_enough(tmp_path: Path) -> None:
    """No verdicts, no reviewers, no times; a column of another name."""
    reviews(tmp_path, [(row, at % 2) for at, row in enumerate(BATCH["id"].head(10))], "id,label")
    assert rate(tmp_path, "correction_rate", correction="label").estimate.value == 1.0


@pytest.mark.parametrize(
    ("columns", "rows", "said"),
    [
        ("id,verdict", [("S1", "splendid")], "column 'verdict' holds no verdict in 1 of 1 rows"),
        ("id,mood", [("S1", "good")], "neither a column 'verdict' nor one 'correction'"),
        ("row,verdict", [("S1", "ok")], "has no column 'id'"),
        ("id,verdict", [(None, "ok")], "has no verdict on any of these 400 rows"),
    ],
)
def test_what_says_nothing_is_an_error(tmp_path: Path, columns: str, rows: list[Any], said: str) -> None:
    """With the place, and without the value."""
    ids = str if BATCH["id"].dtype == object else lambda _: BATCH["id"].iloc[0]
    reviews(tmp_path, [(ids(row[0]) if row[0] else None, *row[1:]) for row in rows], columns)
    result = judged(tmp_path, {"feedback": "approval_rate", "table": "reviews.csv", "min": 0})
    assert result.outcome is Outcome.ERRORED
    assert said in result.reason
    assert "splendid" not in result.reason


def test_blanks_say_nothing(tmp_path: Path) -> None:
    """A tool that writes empty texts where nobody said anything corrects nothing by that."""
    ids = BATCH["id"].head(3)
    said = pd.DataFrame({"id": ids, "verdict": ["ok", " ", "reject"], "correction": ["", "", " "]})
    said.to_parquet(tmp_path / "reviews.parquet")
    found = rate(tmp_path, "correction_rate", table="reviews.parquet")
    assert (found.estimate.value, found.estimate.n) == (0.0, 2)
    assert "reviews without a verdict: 1" in found.note


def test_a_word_that_means_two_things_is_no_verdict(tmp_path: Path) -> None:
    """ "correct" praises, or asks for a correction: beside one it is understood, alone it is not."""
    row = BATCH["id"].iloc[0]
    check = {"feedback": "correction_rate", "table": "reviews.csv", "min": 0}
    reviews(tmp_path, [(row, "correct", 1)], "id,verdict,correction")
    assert judged(tmp_path, check).verdicts[0].measurement.estimate.value == 1.0
    reviews(tmp_path, [(row, "correct", None)], "id,verdict,correction")
    assert "holds no verdict in 1 of 1 rows" in judged(tmp_path, check).reason


def test_rows_without_a_name_hide_no_others(tmp_path: Path) -> None:
    """A name that is missing is no name, whatever stands in its place in memory."""
    batch = pd.DataFrame({"id": pd.array([None, 0, None, 0, 1], dtype="Int64"), "signal": 0.0})
    check = {"feedback": "approval_rate", "table": "reviews.csv", "min": 0}
    reviews(tmp_path, [(0, "ok"), (1, "reject")], "id,verdict")
    assert "in 1 rows it repeats a value" in judged(tmp_path, check, batch=batch).reason
    batch.loc[3, "id"] = 7
    found = judged(tmp_path, check, batch=batch).verdicts[0].measurement
    assert (found.estimate.value, found.estimate.n) == (0.5, 2)


def test_names_that_floats_cannot_tell_apart_are_refused(tmp_path: Path) -> None:
    """Large ids became floats on their way: a review would be of the wrong row."""
    batch = pd.DataFrame({"id": [2**53, 2**53 + 1], "signal": 0.0})
    pd.DataFrame({"id": [float(2**53)], "verdict": ["ok"]}).to_parquet(tmp_path / "reviews.parquet")
    check = {"feedback": "approval_rate", "table": "reviews.parquet", "min": 0}
    assert "floats cannot tell apart" in judged(tmp_path, check, batch=batch).reason


CELLS = st.one_of(
    st.none(), st.sampled_from(["ok", "reject", "correct", "", "\x1b[31m", "'; drop"]), st.text(max_size=3)
)


@given(
    ids=st.lists(st.one_of(st.none(), st.integers(-3, 8)), min_size=1, max_size=12),
    columns=st.dictionaries(
        st.sampled_from(["verdict", "correction", "reviewer", "time"]),
        st.lists(CELLS, min_size=12, max_size=12),
    ),
    statistic=st.sampled_from(["approval_rate", "correction_rate", "agreement"]),
)
def test_whatever_people_write_is_counted_or_refused(
    ids: list[Any], columns: dict[str, list[Any]], statistic: str
) -> None:
    """Never green on nothing, never a crash, and never a word of theirs in what is said."""
    table = pd.DataFrame({"id": pd.array(ids, dtype="Int64")})
    for name, cells in columns.items():
        table[name] = pd.array(cells[: len(ids)], dtype="string")
    batch = open_rows(pd.DataFrame({"id": range(6), "region": ["EU", "US"] * 3}))
    found, said = None, ""
    try:
        found = reviewed(batch, open_rows(table), Names("id"))
    except CheckError as error:
        said = str(error)
    assert "\x1b" not in said
    assert "drop" not in said
    if found is None:
        return
    estimate = estimated(found, statistic, Levels(alpha=0.01, beta=0.05, reds="high"))  # type: ignore[arg-type]
    assert estimate.n == len(found.resolved.rows) or statistic == "agreement"
    assert estimate.exists or judge(estimate, Bound(min=0.0)).outcome is Outcome.INCONCLUSIVE
    assert estimate.exists == (estimate.n > 0)
    assert "\x1b" not in found.note


def test_names_that_repeat_name_no_row(folder: Path) -> None:
    """A key that two rows of the batch share."""
    twice = BATCH.assign(id=BATCH["id"].iloc[0])
    result = judged(folder, {"feedback": "approval_rate", "table": "reviews.csv", "min": 0}, batch=twice)
    assert "does not name rows: in 399 rows it repeats a value" in result.reason


# --- cases


def cases(folder: Path, expected: Any, **keys: Any) -> CheckResult:
    """The result of a `cases` check of forty rows."""
    BATCH.head(40).assign(expected=expected).to_csv(folder / "cases.csv", index=False)
    return judged(folder, {"cases": "cases.csv", "max": 0, **keys})


def test_a_model_that_gets_its_cases_right_passes_and_one_that_does_not_fails(tmp_path: Path) -> None:
    """The rows that are wrong are named by their place."""
    right = FakeModel().predict(BATCH.head(40))
    assert cases(tmp_path, right).outcome is Outcome.PASSED
    wrong = right.copy()
    wrong[[3, 9]] = 1 - wrong[[3, 9]]
    result = cases(tmp_path, wrong)
    assert result.outcome is Outcome.FAILED
    assert "2 of 40 cases wrong: rows 4, 10" in result.message
    assert cases(tmp_path, wrong, max=2).outcome is Outcome.PASSED


def test_cases_are_decided_at_the_suite_s_threshold(tmp_path: Path) -> None:
    """At 0.9 fewer rows are positive."""
    share = FakeModel().predict_proba(BATCH.head(40))[:, 1]
    BATCH.head(40).assign(expected=(share >= 0.9).astype(int)).to_csv(tmp_path / "cases.csv", index=False)
    check = {"cases": "cases.csv", "max": 0}
    assert judged(tmp_path, check, threshold=0.9).outcome is Outcome.PASSED
    assert judged(tmp_path, check).outcome is Outcome.FAILED


def test_a_case_without_an_answer_is_an_error(tmp_path: Path) -> None:
    """So is a table without the column."""
    assert "cases have no value of 'expected'" in cases(tmp_path, [None] + [1] * 39).reason
    assert (
        "has no column 'wanted'"
        in judged(tmp_path, {"cases": "cases.csv", "expected": "wanted", "max": 0}).reason
    )


def test_cases_have_no_slices(tmp_path: Path) -> None:
    """They are rows of their own: a slice would repeat them under its name."""
    with pytest.raises(SuiteError, match="looks at no rows of the batch"):
        judged(tmp_path, {"cases": "cases.csv", "max": 0, "slices": ["region"]}, slices=["region"])


# --- back into training


def test_corrections_become_rows_to_train_on_and_cases_for_the_gate(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exported cases are red for the model that was corrected, and green for one that learned."""
    BATCH.to_csv(folder / "batch.csv", index=False)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "people.suite.yaml").write_text(
        "suite: people\nbatch: batch.csv\nkey: id\nlabels: label\n"
        "checks:\n  - feedback: approval_rate\n    table: reviews.csv\n    min: 0\n"
    )
    monkeypatch.chdir(folder)
    ran = CliRunner().invoke(app, ["feedback", "export", "people.suite.yaml", "reviews.csv", "-o", "out"])
    assert ran.exit_code == 0, ran.output
    assert "out/people-labelled.parquet (20 rows)" in ran.output
    labelled, made = (
        pd.read_parquet(folder / f"out/people-{kind}.parquet") for kind in ("labelled", "cases")
    )
    assert labelled["id"].tolist() == BATCH["id"].iloc[70:90].tolist()
    assert labelled["label"].tolist() == [1] * 20
    assert list(made)[-1] == "expected"
    check = {"cases": "out/people-cases.parquet", "max": 0}
    wrong = int((FakeModel().predict(BATCH.iloc[70:90]) != 1).sum())
    result = judged(folder, check)
    assert result.verdicts[0].measurement.estimate.value == wrong > 0


def test_reviews_with_columns_of_other_names_are_exported_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the check is told by its keys, the command is told by options."""
    BATCH.to_csv(tmp_path / "batch.csv", index=False)
    reviews(tmp_path, [(BATCH["id"].iloc[0], "odd", 1)], "row,mood,truth")
    (tmp_path / "people.suite.yaml").write_text(
        "suite: people\nbatch: batch.csv\nkey: id\nchecks:\n"
        "  - feedback: correction_rate\n    table: reviews.csv\n    row: row\n    min: 0\n"
    )
    monkeypatch.chdir(tmp_path)
    names = ["--row", "row", "--verdict", "mood", "--correction", "truth"]
    ran = CliRunner().invoke(app, ["feedback", "export", "people.suite.yaml", "reviews.csv", *names])
    assert ran.exit_code == 0, ran.output
    assert "people-cases.parquet (1 row)" in ran.output
    assert pd.read_parquet(tmp_path / "people-cases.parquet")["expected"].tolist() == [1]


def test_nothing_corrected_is_nothing_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And said."""
    BATCH.to_csv(tmp_path / "batch.csv", index=False)
    reviews(tmp_path, [(BATCH["id"].iloc[0], "r1", "ok", None, None)])
    (tmp_path / "people.suite.yaml").write_text(
        "suite: people\nbatch: batch.csv\nchecks:\n  - errors: rate\n    column: label\n    max: 0\n"
    )
    monkeypatch.chdir(tmp_path)
    for more, said in ((["--on", "id"], "nobody corrected any"), ([], "--on, or the suite's `key:`")):
        ran = CliRunner().invoke(app, ["feedback", "export", "people.suite.yaml", "reviews.csv", *more])
        assert said in str(ran.exception)
    assert not list(tmp_path.glob("*.parquet"))
