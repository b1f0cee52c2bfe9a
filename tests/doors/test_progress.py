"""What runs now, on a terminal only: drawn beside what is there, gone when it is done."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_project import SUITE, lay_out

from modelqa.live import _busy
from modelqa.progress import Ticker, watches

SLOW = "\n\ndef slow(frame):\n    import time\n    time.sleep(1.2)\n    return good(frame)\n"
DRAWN = re.compile(r"\x1b\[K\x1b\[2m ([^\x1b]*)\x1b\[22m\x1b\[\d+D")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A suite whose model takes a second and more."""
    lay_out(tmp_path, "slow_model")
    with (tmp_path / "slow_model.py").open("a") as module:
        module.write(SLOW)
    (tmp_path / "tiny.suite.yaml").write_text(SUITE.replace("tiny_model:good", "slow_model:slow"))
    (tmp_path / "pytest.toml").write_text("[pytest]\n")
    return tmp_path


def at_terminal(folder: Path, *command: str, **environ: str) -> str:
    """What a terminal gets of a command, and its exit status is 0."""
    kept = {key: value for key, value in os.environ.items() if key not in ("CI", "BUILD_NUMBER", "COLUMNS")}
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
        env={**kept, "TERM": "xterm", "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]), **environ},
    )  # fmt: skip
    os.close(theirs)
    seen, until = b"", time.monotonic() + 90
    while time.monotonic() < until:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                seen += os.read(ours, 65536)
            except OSError:  # nobody writes to it any more
                break
    os.close(ours)
    assert running.wait(10) == 0, seen.decode()
    return seen.decode()


def screen(written: str) -> str:
    """What is left to be read: as a terminal does it, for what pytest and we send to it."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[\d*[A-Za-z]|\x1b\[[\d;]*m|.", written, re.DOTALL):
        if part == "\n":
            row, column = row + 1, column
            lines += [""] * (row + 1 - len(lines))
        elif part == "\r":
            column = 0
        elif part == "\x1b[K":
            lines[row] = lines[row][:column]
        elif part.startswith("\x1b["):
            column -= int(part[2:-1] or 1) if part.endswith("D") else 0
        else:
            line = lines[row].ljust(column)
            lines[row], column = line[:column] + part + line[column + 1 :], column + 1
    return "\n".join(lines)


PYTEST = ("pytest", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:hypothesispytest", "--color=no")


def test_the_command_line_shows_what_runs(project: Path) -> None:
    """Which check of how many, and its seconds; then the result stands there as if nothing had been."""
    written = at_terminal(project, "modelqa", "run", "tiny.suite.yaml")
    assert "1 of 2: roc_auc, 1 s" in DRAWN.findall(written)
    assert "roc_auc" not in screen(written)
    assert "tiny: PASSED" in screen(written)


@pytest.mark.parametrize("verbose", [[], ["-v"]])
def test_pytest_shows_what_runs(project: Path, verbose: list[str]) -> None:
    """Beside the dots, or behind the name of the item; what pytest writes stays what it was."""
    written = at_terminal(project, *PYTEST, *verbose)
    assert "roc_auc, 1 s" in DRAWN.findall(written)
    without = at_terminal(project, *PYTEST, *verbose, CI="true")
    assert not DRAWN.search(without)
    seconds = re.compile(r"\d+\.\d+s|=+")
    assert seconds.sub("", screen(written)).split() == seconds.sub("", screen(without)).split()


def test_pytest_shows_nothing_where_checks_write_themselves(project: Path) -> None:
    """With `-s` their output goes to the terminal."""
    assert not DRAWN.search(at_terminal(project, *PYTEST, "-s"))


@pytest.mark.parametrize(
    ("options", "busy"),
    [
        ([], False),
        (["-v"], False),
        (["-q"], True),
        (["-s"], True),
        (["-n1"], True),
        (["--pdb"], True),
        (["--collect-only"], True),
        (["--setup-show"], True),
        (["-o", "log_cli=true"], True),
        (["--log-cli-level=INFO"], True),
    ],
)
def test_nothing_is_shown_where_less_was_asked_for_or_others_write(
    options: list[str], busy: bool, pytester: pytest.Pytester
) -> None:
    """Quiet runs, workers, debuggers, live logs."""
    assert _busy(pytester.parseconfig(*options)) is busy


def test_ordinary_tests_are_not_shown(project: Path) -> None:
    """Where no suite is collected, nothing of ours is drawn."""
    (project / "test_slow.py").write_text("import time\ndef test_slow():\n    time.sleep(1.2)\n")
    assert not DRAWN.search(at_terminal(project, *PYTEST, "test_slow.py"))


@pytest.mark.parametrize("environ", [{"CI": "1"}, {"TERM": "dumb"}])
def test_a_log_shows_nothing(project: Path, environ: dict[str, str]) -> None:
    """In CI, and on what cannot erase: nothing but the result."""
    written = at_terminal(project, "modelqa", "run", "tiny.suite.yaml", **environ)
    assert "\x1b" not in written
    assert "roc_auc" not in written


def test_only_a_terminal_is_watched() -> None:
    """A file or a pipe is not."""
    with Path(os.devnull).open() as nothing:
        assert not watches(nothing, {"TERM": "xterm"})
    ours, theirs = pty.openpty()
    with os.fdopen(ours), os.fdopen(theirs, "w") as terminal:
        assert watches(terminal, {"TERM": "xterm"})


def drawn(text: str, room: int) -> str:
    """What is drawn of a text where there is so much room."""
    reading, writing = os.pipe()
    ticker = Ticker(writing, room=lambda: room, patience=0)
    ticker.show(text)
    time.sleep(1.2)
    ticker.close()
    os.close(writing)
    with os.fdopen(reading) as stream:
        return stream.read()


def test_what_is_too_long_is_cut() -> None:
    """One column stays free, so that no line is broken; where there is no room, nothing is drawn."""
    assert set(DRAWN.findall(drawn("a-very-long-name", 8))) == {"a-very"}
    assert drawn("a-very-long-name", 1) == ""
    assert drawn("", 80) == ""
