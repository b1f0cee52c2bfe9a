"""What a step of GitHub Actions gets of a run: summary, annotations, outputs."""

import re
from pathlib import Path

import pytest
from hostile import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from modelqa.core.bound import Bound, Outcome
from modelqa.core.estimate import Estimate
from modelqa.core.result import CheckResult, Measurement, SuiteResult, Verdict
from modelqa.core.subject import ModelInfo, SubjectInfo
from modelqa.reports.github import annotations, assignments, command, outputs, publish

RED = Estimate(0.871, low=0.862, high=0.88, n=41203)
OPEN = Estimate(0.908, low=0.884, high=0.929, n=412)
GOOD = Estimate(0.95, low=0.94, high=0.96, n=41203)
PATH = "suites/churn.suite.yaml"


def check(id_: str, estimate: Estimate, line: int = 14) -> CheckResult:
    """A check with a minimum of 0.9."""
    verdict = Verdict.of(Measurement("roc_auc", estimate), Bound(min=0.9))
    return CheckResult(
        id_, "metric", (verdict,), verdict.outcome, seconds=1, where=f"churn.suite.yaml:{line}"
    )


def run(*checks: CheckResult, suite: str = "churn", version: str = "7") -> SuiteResult:
    """A run of a suite on one model."""
    model = ModelInfo("m", name="churn", version=version, digest="sha256:ab")
    return SuiteResult(suite, SubjectInfo(model=model), checks, started="", digest="")


def read(written: str) -> dict[str, str]:
    """Names and values as the runner reads them."""
    lines, found = iter(written.splitlines()), {}
    for line in lines:
        name, _, end = line.partition("<<")
        value = []
        for inner in lines:
            if inner == end:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def test_each_check_that_is_not_green_is_annotated_on_its_line() -> None:
    """Errors before warnings, with the reason; a green check is not mentioned."""
    told = [(PATH, run(check("fine", GOOD), check("open", OPEN, 20), check("red", RED)))]
    assert list(annotations(told)) == [
        "::error file=suites/churn.suite.yaml,line=14,title=failed red::"
        "roc_auc 0.871 [0.862, 0.880] < min 0.90 (n=41,203)",
        "::warning file=suites/churn.suite.yaml,line=20,title=inconclusive open::"
        "roc_auc 0.908 [0.884, 0.929], min 0.90 (n=412): about 3,700 rows would tell",
    ]


def test_a_check_whose_line_is_of_another_file_has_no_place() -> None:
    """A suite that a test function runs is not the test's file."""
    (line,) = annotations([("tests/test_quality.py", run(check("red", RED)))])
    assert line.startswith("::error title=failed red::")


def test_github_shows_ten_of_a_level_so_the_tenth_counts_the_rest() -> None:
    """Nine checks and a line that says how many more there are."""
    found = list(annotations([(PATH, run(*(check(f"red-{n}", RED) for n in range(25))))]))
    assert len(found) == 10
    assert found[-1] == "::error title=modelqa::16 more checks: see the job summary"


def test_outputs_say_what_was_judged_and_how_it_ended() -> None:
    """Ids are joined by commas; with several suites they name theirs."""
    one = outputs([run(check("a", RED), check("b", OPEN), check("c", GOOD))], Path("out/report.html"))
    assert one == {
        "verdict": "failed",
        "failed": "a",
        "inconclusive": "b",
        "report-path": "out/report.html",
        "model-version": "7",
        "model-digest": "sha256:ab",
    }
    two = outputs([run(check("a", RED)), run(check("a", RED), suite="other", version="8")])
    assert (two["failed"], two["model-version"]) == ("churn::a,other::a", "")


def test_the_runner_reads_what_was_written(tmp_path: Path) -> None:
    """Summary and outputs are added to what other steps have written."""
    files = {"GITHUB_STEP_SUMMARY": tmp_path / "summary", "GITHUB_OUTPUT": tmp_path / "output"}
    files["GITHUB_OUTPUT"].write_text("before<<E\n1\nE\n")
    lines = publish([(PATH, run(check("red", RED)))], {name: str(path) for name, path in files.items()})
    assert len(lines) == 1
    assert files["GITHUB_STEP_SUMMARY"].read_text().startswith("## ❌ churn: failed\n")
    assert files["GITHUB_OUTPUT"].read_text().startswith("before<<E\n1\nE\nverdict<<")
    assert read(files["GITHUB_OUTPUT"].read_text())["failed"] == "red"


def test_where_another_plugin_annotates_we_do_not() -> None:
    """One problem, one annotation."""
    assert publish([(PATH, run(check("red", RED)))], {}, annotate=False) == []


@given(st.text(), st.text())
def test_no_value_leaves_its_delimiters(one: str, two: str) -> None:
    """Whatever a value holds, the runner reads exactly the names that were written."""
    assert list(read(assignments({"one": one, "two": two}))) == ["one", "two"]


@pytest.mark.parametrize("evil", HOSTILE)
def test_a_value_in_data_is_no_command(evil: str) -> None:
    """A line holds one command of ours, whatever the texts in it."""
    for line in [command("error", evil, title=evil), *annotations([(evil, run(check(evil, RED)))])]:
        assert line.splitlines() == [line] or not re.search(r"[\n\r]", line)
        assert line.startswith("::error ")
        properties = line.removeprefix("::error ").partition("::")[0]
        assert all("=" in each for each in properties.split(","))


def test_every_outcome_that_is_not_green_has_a_level() -> None:
    """Red ones are errors, undecided and warned ones warnings."""
    made = CheckResult("x", "metric", (), Outcome.ERRORED, seconds=0, where="", reason="no rows")
    assert list(annotations([("", run(made))])) == ["::error title=errored x::no rows"]
