"""`--modelqa-tensorboard` at both doors, and what a real TensorBoard server then shows."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from tiny_project import SUITE, lay_out

from modelqa.cli import app

pytest.importorskip("tensorboard")

QUIET = ("-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error")


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    """A folder with a model, a batch of 600 rows, a smaller one of 40, and a suite."""
    lay_out(pytester.path)
    (pytester.path / "pytest.ini").write_text("[pytest]\n")
    (pytester.path / "tiny.suite.yaml").write_text(SUITE)
    pytester.syspathinsert()
    return pytester.path


def files(project: Path) -> list[str]:
    """The steps that were written."""
    names = sorted(path.name for path in (project / "board" / "tiny").glob("*tfevents*"))
    return [name.split(".")[3] for name in names]


def test_a_session_writes_its_step(pytester: pytest.Pytester, project: Path) -> None:
    """The same again is the same step, another batch the next one, a part of it none."""
    asked = (*QUIET, "--modelqa-tensorboard", "board")
    first = pytester.runpytest_inprocess(*asked)
    first.stdout.fnmatch_lines(["tensorboard: step 1 of tiny in board"])
    pytester.runpytest_inprocess(*asked).stdout.fnmatch_lines(["tensorboard: step 1 of tiny in board"])
    part = pytester.runpytest_inprocess(*asked, "-k", "errors")
    part.stdout.fnmatch_lines(["tensorboard: nothing of tiny is written, for some of its checks did not run"])
    other = pytester.runpytest_inprocess(*asked, "--modelqa-batch", "small.csv")
    other.stdout.fnmatch_lines(["tensorboard: step 2 of tiny in board"])
    assert files(project) == ["0000000000", "0000000001", "0000000002"]


def test_a_run_of_the_command_line_writes_its_step(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its option, or by the environment."""
    from typer.testing import CliRunner

    run = ["run", "tiny.suite.yaml"]
    told = CliRunner().invoke(app, [*run, "--tensorboard", "board"])
    assert "tensorboard: step 1 of tiny in board" in told.output
    monkeypatch.setenv("MODELQA_TENSORBOARD", "board")
    assert "tensorboard: step 1 of tiny in board" in CliRunner().invoke(app, run).output
    assert files(project) == ["0000000000", "0000000001"]


@pytest.fixture
def server(pytester: pytest.Pytester, project: Path) -> Iterator[str]:
    """The address of a TensorBoard server that shows what a session has written."""
    for batch in ("batch.csv", "small.csv"):
        pytester.runpytest_inprocess(*QUIET, "--modelqa-tensorboard", "board", "--modelqa-batch", batch)
    command = [
        sys.executable,
        "-m",
        "tensorboard.main",
        "--logdir",
        "board",
        "--port",
        "0",
        "--host",
        "127.0.0.1",
    ]
    log = project / "server.log"
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=project, stdout=file, stderr=file)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            found = re.search(r"at (http://127\.0\.0\.1:\d+)", log.read_text())
            if found and ask(found[1], "scalars/tags"):
                yield found[1]
                return
            time.sleep(0.2)
        pytest.fail(f"the server is not ready: {log.read_text()[-2000:]}")
    finally:
        process.kill()
        process.wait()


def ask(address: str, what: str, **keys: str) -> Any:
    """What the server answers to its own page."""
    with urlopen(f"{address}/data/plugin/{what}?{urlencode(keys)}", timeout=30) as answer:  # noqa: S310
        return json.load(answer)


@pytest.mark.slow
def test_a_real_server_shows_the_curves(server: str) -> None:
    """A point for each batch, in order; a chart with the interval; what the suite asks for."""
    curve = ask(server, "scalars/scalars", run="tiny", tag="modelqa/tiny/roc_auc/value")
    assert [step for _, step, _ in curve] == [1, 2]
    assert all(0.8 < value < 1 for _, _, value in curve)
    (category,) = ask(server, "custom_scalars/layout")["category"]
    assert [chart["title"] for chart in category["chart"]] == ["roc_auc", "errors-rate"]
    assert ask(server, "text/tags") == {"tiny": ["modelqa/tiny"]}
    with urlopen(f"{server}/data/plugin/hparams/experiment?request=%7B%7D", timeout=30) as answer:  # noqa: S310
        asked = {each["name"] for each in json.load(answer)["hparamInfos"]}
    assert {"suite", "confidence", "false_alarms", "roc_auc.min", "errors-rate.max"} <= asked
