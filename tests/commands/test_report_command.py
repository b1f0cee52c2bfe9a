"""`modelqa report`: pages from results that were kept."""

from pathlib import Path

import pytest
from results import GOOD, check, run
from typer.testing import CliRunner

from modelqa.cli import app
from modelqa.core.bound import Outcome
from modelqa.core.codec import dumps
from modelqa.core.result import CheckResult, Measurement, SuiteResult
from modelqa.core.subject import SubjectInfo
from modelqa.reports.html import render


def result(suite: str) -> SuiteResult:
    """A run that could not do its one check."""
    check = CheckResult("roc_auc", "metric", (), Outcome.ERRORED, seconds=0, where="", reason="no rows")
    return SuiteResult(suite, SubjectInfo(), (check,), started="", digest="")


@pytest.mark.parametrize(
    ("names", "pages"),
    [
        (["churn"], ["churn.html"]),
        (["churn", "churn", "churn"], ["churn.html", "churn~2.html", "churn~3.html"]),
        (["../evil/name"], ["_evil_name.html"]),
        (["..."], ["suite.html"]),
    ],
)
def test_each_result_is_a_page_in_the_folder(tmp_path: Path, names: list[str], pages: list[str]) -> None:
    """Named after its suite, whatever that is called."""
    files = [tmp_path / f"{at}.json" for at, _ in enumerate(names)]
    for file, name in zip(files, names, strict=True):
        file.write_text(dumps(result(name)))
    ran = CliRunner().invoke(app, ["report", *map(str, files), "-o", str(tmp_path / "out")])
    assert ran.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == pages
    assert (tmp_path / "out" / pages[0]).read_text() == render(result(names[0]))


def test_a_file_that_is_no_result_is_named(tmp_path: Path) -> None:
    """Nothing is written."""
    (tmp_path / "x.json").write_text("{}")
    ran = CliRunner().invoke(app, ["report", str(tmp_path / "x.json"), "-o", str(tmp_path / "out")])
    assert ran.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_two_runs_of_a_suite_are_compared(tmp_path: Path) -> None:
    """What changed is printed, and one page shows it."""
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for file, made in zip(files, (run(check("x", Measurement("f1", GOOD))), result("churn")), strict=True):
        file.write_text(dumps(made))
    ran = CliRunner().invoke(app, ["report", *map(str, files), "-o", str(tmp_path / "out")])
    assert ran.exit_code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["churn-compared.html"]
    assert ran.stdout.startswith("churn: PASSED -> ERRORED. Of 2 checks, 1 is new, 1 is gone.\n")


def test_a_list_of_results_has_a_page_for_each(tmp_path: Path) -> None:
    """Several suites of one run are not an earlier and a later one, and neither are two suites."""
    both = f"[{dumps(result('a'))},{dumps(result('b'))}]"
    (tmp_path / "both.json").write_text(both)
    (tmp_path / "a.json").write_text(dumps(result("a")))
    (tmp_path / "b.json").write_text(dumps(result("b")))
    for names in (["both.json"], ["a.json", "b.json"]):
        out = tmp_path / f"out-{len(names)}"
        ran = CliRunner().invoke(app, ["report", *(str(tmp_path / name) for name in names), "-o", str(out)])
        assert ran.exit_code == 0
        assert sorted(path.name for path in out.iterdir()) == ["a.html", "b.html"]
