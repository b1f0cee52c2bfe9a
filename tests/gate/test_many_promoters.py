"""Promoters that race and promoters that are killed, on stores of MLflow: one winner, and nothing untrue."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "promoters.py"
ENVIRON = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(SCRIPT.parents[1]), os.environ.get("PYTHONPATH", "")]),
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
}
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the promoters are forked")


def promoters(*arguments: object) -> list[dict[str, Any]]:
    """What the script says, line by line."""
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    ran = subprocess.run(command, env=ENVIRON, capture_output=True, text=True, timeout=1800, check=False)
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a model of four versions, of which the first is the champion."""
    file = tmp_path_factory.mktemp("store") / "template.db"
    promoters("store", file)
    return file


@pytest.fixture(scope="session")
def server(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same behind a server of MLflow's."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(store, folder / "mlflow.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--workers", "2"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    with (folder / "log").open("w") as log:
        ran = subprocess.Popen(
            command, env=ENVIRON, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
    uri = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{uri}/health", folder / "log")
        yield uri
    finally:
        os.killpg(ran.pid, signal.SIGTERM)
        ran.wait(30)


def _wait_for(url: str, log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 (our own server)
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"no server: {log.read_text()[-2000:]}")


def one_winner(race: Mapping[str, Any]) -> None:
    """One moved the alias, and it is where it moved it; the others were refused for that very reason."""
    winners = [each["version"] for each in race["said"] if not each["error"]]
    assert winners == [race["alias"]], race
    assert race["alias"] in ("2", "3"), race
    assert (race["record"]["before"], race["record"]["after"]) == ("1", race["alias"]), race
    assert (race["begun"], race["status"]) == (False, "passed"), race
    for each in race["said"]:
        if each["error"]:
            assert each["error"] == "Refused", race
            assert "but the suite compared with version 1" in each["said"] or "roc_auc failed" in each["said"]


@needs_fork
@pytest.mark.parametrize("races", [6, pytest.param(200, marks=pytest.mark.slow)])
def test_of_promoters_that_race_on_a_file_one_wins(store: Path, tmp_path: Path, races: int) -> None:
    """Two or three at once, each of which judged its version against the same champion."""
    shutil.copy(store, tmp_path / "template.db")
    ran = promoters("race", f"sqlite:///{tmp_path}/race-{{}}.db", races)
    assert len(ran) == races
    for race in ran:
        one_winner(race)


@needs_fork
@pytest.mark.parametrize("races", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_of_promoters_that_race_through_a_server_one_wins(server: str, races: int) -> None:
    """The same through HTTP; the lease grows older from race to race."""
    ran = promoters("race", server, races)
    assert len(ran) == races
    for race in ran:
        one_winner(race)


def settled(kill: Mapping[str, Any]) -> None:
    """Whoever died where: in between the alias was the old or the new one, afterwards all is told truly."""
    assert kill["between"]["alias"] in ("1", "2"), kill
    assert kill["begun"] is False, kill
    record = kill["record"]
    if kill["then"] in ("promote", "follow"):
        assert (kill["alias"], kill["status"], record["after"]) == ("2", "passed", "2"), kill
        assert record["back"] is False, kill
    elif kill["victim"] == "promote":
        assert kill["alias"] == "1", kill
        assert record is None or (record["after"], record["back"]) == ("1", True), kill
    else:
        assert (kill["alias"], record["after"], record["before"], record["back"]) == ("1", "1", "2", True), (
            kill
        )


@needs_fork
@pytest.mark.parametrize(("every", "least"), [(15, 12), pytest.param(1, 200, marks=pytest.mark.slow)])
def test_a_promoter_may_be_killed_anywhere(store: Path, every: int, least: int) -> None:
    """Before and after each call of the store, and at any moment between; also while it holds the lease."""
    ran = promoters("kill", store, every)
    died = [kill for kill in ran if kill["died"]]
    assert len(died) >= least
    for kill in ran:
        settled(kill)
