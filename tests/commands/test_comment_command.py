"""`modelqa comment`: results on a pull request."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from typer.testing import CliRunner, Result

from modelqa.cli import app
from modelqa.core.bound import Outcome
from modelqa.core.codec import dumps, to_plain
from modelqa.core.result import CheckResult, SuiteResult
from modelqa.core.subject import SubjectInfo


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """GitHub, named by the environment."""
    with FakeGitHub() as running:
        for name, value in running.environ.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An event of pull request 12."""
    path = tmp_path / "event.json"
    path.write_text('{"pull_request": {"number": 12}}')
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(path))
    return path


def result(suite: str) -> SuiteResult:
    """A run that could not do its one check."""
    check = CheckResult("roc_auc", "metric", (), Outcome.ERRORED, seconds=0, where="", reason="no rows")
    return SuiteResult(suite, SubjectInfo(), (check,), started="", digest="")


def comment(*arguments: str | Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["comment", *map(str, arguments)])


def test_results_of_several_files_are_one_comment(fake: FakeGitHub, event: Path, tmp_path: Path) -> None:
    """A file holds one result or a list of them, as --json writes it."""
    (tmp_path / "one.json").write_text(dumps(result("churn")))
    (tmp_path / "two.json").write_text(json.dumps([to_plain(result("fraud")), to_plain(result("price"))]))
    ran = comment(tmp_path / "one.json", tmp_path / "two.json")
    assert (ran.exit_code, ran.stdout) == (0, "comment on pull request 12: created\n")
    (written,) = fake.comments.values()
    assert written["number"] == 12
    assert all(f"## 💥 {name}: errored" in written["body"] for name in ("churn", "fraud", "price"))
    assert comment(tmp_path / "one.json", tmp_path / "two.json").stdout.endswith("unchanged\n")


def test_a_push_has_nothing_to_comment_on(fake: FakeGitHub, event: Path, tmp_path: Path) -> None:
    """It is said, and no failure."""
    event.write_text('{"ref": "refs/heads/main"}')
    (tmp_path / "one.json").write_text(dumps(result("churn")))
    ran = comment(tmp_path / "one.json")
    assert (ran.exit_code, fake.comments) == (0, {})
    assert "no pull request" in ran.stdout


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"version": 2}', "[" * 100_000, '{"version": 1, "checks": 3}']
)
def test_a_file_that_is_no_result_is_named(fake: FakeGitHub, event: Path, tmp_path: Path, text: str) -> None:
    """Somebody else's file is data: nothing is written, and nothing of it is printed."""
    (tmp_path / "evil.json").write_text(text)
    ran = comment(tmp_path / "evil.json")
    assert (ran.exit_code, fake.comments) == (2, {})
    assert "evil.json" in ran.stderr


def test_without_an_event_the_command_says_what_to_do(
    fake: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of GitHub Actions one names a file."""
    monkeypatch.delenv("GITHUB_EVENT_PATH", raising=False)
    (tmp_path / "one.json").write_text(dumps(result("churn")))
    ran = comment(tmp_path / "one.json")
    assert "--event" in str(ran.exception)
