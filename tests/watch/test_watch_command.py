"""`modelqa watch` as people and cron run it."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from typer.testing import CliRunner, Result
from watch_world import put

from modelqa.cli import app

SUITE = """\
suite: tiny
checks:
  - schema: {x: {min: 0}}
actions:
  - ticket: local
    on: failed
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a suite, and a folder in which batches arrive."""
    (tmp_path / "new").mkdir()
    (tmp_path / "tiny.suite.yaml").write_text(SUITE)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\n")
    monkeypatch.chdir(tmp_path)
    for name in ("MODELQA_LEDGER", "MODELQA_DATABASE", "GITHUB_ACTIONS", "GITHUB_TOKEN", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def watch(*more: str, settle: str = "0") -> Result:
    """One look."""
    return CliRunner().invoke(app, ["watch", "tiny.suite.yaml", "--once", "--settle", settle, *more])


def test_one_look_says_what_came_of_each_batch_and_of_all(project: Path) -> None:
    """A line a batch, why it is not green, what was done, and a line for the look."""
    put(project / "new" / "day-1.parquet", [1.0, 2.0])
    put(project / "new" / "day-2.parquet", [1.0, -2.0])
    put(project / "new" / "day-2b.parquet", [-2.0, -3.0])
    (project / "new" / "day-3.parquet").write_bytes(b"PAR1 half")
    said = watch("--batches", "new")
    assert said.exit_code == 1
    assert said.stdout == (
        "tiny: PASSED, 1 passed (2 rows of new/day-1.parquet)\n"
        "tiny: FAILED, 1 failed (2 rows of new/day-2.parquet)\n"
        "    FAILED schema - below_min of x 1 > max 0 (n=2); min 0\n"
        "tiny: FAILED, 1 failed (2 rows of new/day-2b.parquet)\n"
        "    FAILED schema - below_min of x 2 > max 0 (n=2); min 0\n"
        "tiny: INCONCLUSIVE, 1 inconclusive (0 rows of new/day-3.parquet)\n"
        "    INCONCLUSIVE arrival - it has no whole parquet footer: it was cut off or is still being "
        "written, and is judged when it has changed\n"
        "    ticket (local #1) open: tiny: schema not green\n"
        "tiny: 4 judged of new (2 failed, 1 inconclusive, 1 passed)\n"
    )
    said = watch("--batches", "new")
    assert (said.exit_code, said.stdout) == (0, "tiny: nothing new in new\n")
    put(project / "new" / "day-3.parquet", [1.0])
    assert watch("--batches", "new").stdout.startswith(
        "tiny: PASSED, 1 passed (1 rows of new/day-3.parquet), revision 2\n"
    )


def test_new_files_are_looked_at_twice(project: Path) -> None:
    """The second time, those that did not change are judged; the others are counted."""
    put(project / "new" / "a.parquet", [1.0])
    said = watch("--batches", "new/*.parquet", settle="200ms")
    assert said.stdout.splitlines() == [
        "1 new: looking again in 200 ms, to see whether they are whole",
        "tiny: PASSED, 1 passed (1 rows of new/a.parquet)",
        "tiny: 1 judged of new/*.parquet (1 passed)",
    ]


def test_rows_of_a_database(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its address may come from the environment, where nobody sees the password."""
    import sqlite3

    with sqlite3.connect(project / "shop.db") as made:
        made.execute("CREATE TABLE scored AS SELECT 1 AS id, 1.0 AS x")
    made.close()
    monkeypatch.setenv("MODELQA_DATABASE", "sqlite:///shop.db")
    said = watch("--table", "scored", "--cursor", "id")
    assert "tiny: PASSED, 1 passed (1 rows of scored up to 1)" in said.stdout
    said = watch("--query", "SELECT * FROM scored", "--cursor", "id", "--database", "sqlite:///shop.db")
    assert "1 rows of query up to 1" in said.stdout


def test_the_ticket_of_a_table_has_a_command_that_sees_it_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the same rows, whatever came since; without the database's address it says what is missing."""
    import sqlite3

    with sqlite3.connect(project / "shop.db") as made:
        made.execute("CREATE TABLE scored AS SELECT 1 AS id, -1.0 AS x UNION SELECT 2, 3.0")
    monkeypatch.setenv("MODELQA_DATABASE", "sqlite:///shop.db")
    for number in (3, 4):
        assert watch("--table", "scored", "--cursor", "id").exit_code == 1
        with made:
            made.execute("INSERT INTO scored VALUES (?, -5.0)", [number])
    made.close()
    ticket = CliRunner().invoke(app, ["tickets", "show", "1"]).stdout
    (command,) = re.findall("^modelqa (run .*)", ticket, re.MULTILINE)
    again = CliRunner().invoke(app, shlex.split(command))
    assert (again.exit_code, "FAILED, 1 failed (1 rows of batch)" in again.stdout) == (1, True), again.output
    monkeypatch.delenv("MODELQA_DATABASE")
    lost = CliRunner().invoke(app, shlex.split(command))
    assert "batch: a SELECT is asked of the database in MODELQA_DATABASE: set that" in str(lost.exception)


def test_a_backlog_is_told_and_a_tracker_hears_of_it_later(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict stands meanwhile, and the ticket is not lost."""
    (project / "tiny.suite.yaml").write_text(SUITE.replace("local", "github"))
    put(project / "new" / "a.parquet", [-1.0])
    put(project / "new" / "b.parquet", [-2.0])
    with FakeGitHub() as hub:
        for key, value in hub.environ.items():
            monkeypatch.setenv(key, value)
        hub.fail_next = [(422, {}, {})]
        said = watch("--batches", "new")
        assert (said.exit_code, "modelqa: ticket (github) not told yet:" in said.stdout) == (1, True)
        hub.fail_next = [(422, {}, {})]
        assert (watch("--batches", "new").exit_code, hub.issues) == (3, {})
        assert watch("--batches", "new").exit_code == 0
        assert len(hub.open_issues()) == 1


def test_a_tracker_without_an_address_stops_it_before_anything_is_judged(project: Path) -> None:
    """Nobody would be told."""
    (project / "tiny.suite.yaml").write_text(SUITE.replace("local", "github"))
    put(project / "new" / "a.parquet", [-1.0])
    assert "GITHUB_REPOSITORY is not set" in str(watch("--batches", "new").exception)


def test_an_undecided_batch_fails_where_the_suite_says_so(project: Path) -> None:
    """As a run does."""
    (project / "tiny.suite.yaml").write_text(SUITE + "inconclusive: fail\n")
    (project / "new" / "a.parquet").touch()
    assert watch("--batches", "new").exit_code == 1


def test_a_missing_batch_is_told(project: Path) -> None:
    """Late is undecided, missing is an error."""
    assert watch("--batches", "new", "--expect-every", "1 s").exit_code == 0
    time.sleep(1.1)
    said = watch("--batches", "new", "--expect-every", "500ms")
    assert said.exit_code == 3
    assert re.search(
        r"ERRORED arrival - \d batches are missing: one is expected every 0.5 seconds", said.stdout
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "say what to watch"),
        (["--table", "t", "--database", "sqlite:///x.db"], "--cursor COLUMN"),
        (["--batches", "new", "--cursor", "x"], "--cursor COLUMN"),
        (["--models"], "no model of a registry"),
        (["--batches", "new", "--settle", "3"], "expected a time"),
        (["--batches", "new", "--expect-every", "-1 d"], "expected a time"),
        (["--batches", "new", "--expect-every", "soon"], "expected a number"),
        (["new/a.parquet", "--batches", "new/b.parquet"], "quote a pattern"),
    ],
)
def test_what_cannot_be_meant_is_a_mistake_of_usage(project: Path, options: list[str], says: str) -> None:
    """With what to write instead."""
    said = watch(*options)
    assert (said.exit_code, says in " ".join(said.output.replace("│", " ").split())) == (2, True), said.output


def test_a_wrong_suite_is_told_before_anything_is_watched(project: Path) -> None:
    """With file and line."""
    (project / "tiny.suite.yaml").write_text("suite: tiny\nchecks:\n  - metric: roc_auc\n    min: 0.8\n")
    said = watch("--batches", "new")
    assert "tiny.suite.yaml:3:5: check roc_auc needs `labels:`" in str(said.exception)


def test_in_a_step_of_github_actions_the_summary_shows_the_runs(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `modelqa run`."""
    put(project / "new" / "a.parquet", [-1.0])
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(project / name))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project))
    watch("--batches", "new")
    assert "tiny" in (project / "GITHUB_STEP_SUMMARY").read_text()
    assert re.search(r"verdict<<\S+\nfailed\n", (project / "GITHUB_OUTPUT").read_text())
    (project / "GITHUB_OUTPUT").unlink()
    assert watch("--batches", "new").exit_code == 0
    assert not (project / "GITHUB_OUTPUT").exists(), "where nothing is new there is no verdict"


def test_the_minutes_of_every_may_be_short() -> None:
    """`5m` is what people write."""
    from modelqa.commands.watch import _seconds

    assert [_seconds(each, "--every") for each in ("5m", "5 min", "90s", "1d")] == [
        300.0,
        300.0,
        90.0,
        86400.0,
    ]


@pytest.fixture
def running(project: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """A watcher that goes on in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*more: str) -> "subprocess.Popen[str]":
        command = [
            sys.executable,
            "-u",
            "-m",
            "modelqa",
            "watch",
            "tiny.suite.yaml",
            "--batches",
            "new",
            *more,
        ]
        inherited = os.environ.get("PYTHONPATH", "")
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), inherited])}
        made = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
        started.append(made)
        return made

    yield start
    for each in started:
        if each.poll() is None:
            each.kill()
        each.wait()
        if each.stdout:
            each.stdout.close()


def _line(process: "subprocess.Popen[str]", wanted: str) -> str:
    """The first line that holds a text."""
    assert process.stdout is not None
    for line in process.stdout:
        if wanted in line:
            return line
    raise AssertionError(f"it ended without {wanted!r}")


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGTERM on Windows")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_watcher_that_goes_on_ends_when_it_is_told_to(
    project: Path, running: Callable[..., "subprocess.Popen[str]"], sent: signal.Signals
) -> None:
    """After the batch in hand, with its lease let go, so that the next one need not wait."""
    put(project / "new" / "a.parquet", [-1.0])
    process = running("--every", "100 ms", "--settle", "0")
    assert "watching new for tiny, every 0.1 seconds" in _line(process, "watching")
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d tiny: FAILED", _line(process, "FAILED, 1 failed"))
    put(project / "new" / ".b", [1.0])
    (project / "new" / ".b").rename(project / "new" / "b.parquet")
    _line(process, "PASSED, 1 passed (1 rows of new/b.parquet)")
    process.send_signal(sent)
    assert process.wait(30) == 0
    assert "stopped" in process.stdout.read()  # type: ignore[union-attr]
    put(project / "new" / "c.parquet", [1.0])
    assert "1 judged" in watch("--batches", "new").stdout


def test_the_newest_verdict_is_served_to_prometheus(project: Path) -> None:
    """That of before at once, and the suite's series by name."""
    put(project / "new" / "a.parquet", [1.0])
    assert watch("--batches", "new").exit_code == 0
    said = watch("--batches", "new", "--metrics-port", "0")
    assert (said.exit_code, said.stdout.startswith("metrics: port ")) == (0, True)
