"""`modelqa report`: pages from results that were kept."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from modelqa.cli import app
from modelqa.core.bound import Outcome
from modelqa.core.codec import dumps
from modelqa.core.result import CheckResult, SuiteResult
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
        (["churn", "churn"], ["churn.html", "churn~2.html"]),
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
