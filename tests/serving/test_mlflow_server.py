"""`serve: true`: MLflow's own server, started for a version and gone afterwards, whatever happens."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from behind_http import rows

from modelqa import SubjectError, Suite
from modelqa.core.bound import Outcome
from modelqa.models.http import Served
from modelqa.models.mlflow import find_directory
from modelqa.models.serve import start
from modelqa.testing import FakeModel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which processes are left")
ROOT = Path(__file__).parent.parent.parent


def below(folder: Path) -> list[int]:
    """The processes, ours aside, that were started with a model's files and are still there."""
    return [
        int(place.name)
        for place in Path("/proc").iterdir()
        if place.name.isdigit() and _knows(int(place.name), folder)
    ]


def _knows(pid: int, folder: Path) -> bool:
    """Whether a process that is no zombie has a folder among its arguments or its environment."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        told = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    # MLflow's server itself gets the folder as the address of a file.
    names = (str(folder).encode(), folder.as_uri().encode())
    return pid != os.getpid() and state != "Z" and any(name in told for name in names)


def gone(folder: Path, port: int | None = None) -> bool:
    """Whether nothing is left of a server, within ten seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        free = True
        if port is not None:
            with socket.socket() as probe:
                free = probe.connect_ex(("127.0.0.1", port)) != 0
        if free and not below(folder):
            return True
        time.sleep(0.1)
    return False


def port_of(served: Served) -> int:
    """Where a server listens."""
    return int(served.endpoint.url.split(":")[2].split("/")[0])


@pytest.fixture(scope="session")
def server(model_folder: Path) -> Iterator[Served]:
    """One server for the tests that only ask it."""
    served = start(find_directory(model_folder))
    yield served
    served.close()
    assert gone(model_folder, port_of(served))


@pytest.fixture
def apart(model_folder: Path, tmp_path: Path) -> Path:
    """The same model in a folder of this test, so that its processes can be told from others."""
    import shutil

    return Path(shutil.copytree(model_folder, tmp_path / "model"))


def test_it_answers_as_the_model_does(server: Served, model_folder: Path) -> None:
    """A real server: labels of all rows, and the inputs of its signature."""
    model = find_directory(model_folder).load()
    inputs = rows()[["age", "income"]]
    assert server.predict(inputs).values.tolist() == model.predict(inputs).values.tolist()
    assert server.inputs == model.inputs
    assert server.info == model.info


def test_rows_that_do_not_fit_are_told_before_they_are_sent(server: Served) -> None:
    """By the signature, as in process."""
    with pytest.raises(SubjectError, match="income: missing"):
        server.predict(rows()[["age"]])


@pytest.mark.parametrize("form", ["inputs", "instances"])
def test_it_understands_every_form_of_request(server: Served, form: Any) -> None:
    """MLflow's three, on a real server."""
    from modelqa.core.subject import Endpoint
    from modelqa.models.http import find

    model = find(Endpoint(server.endpoint.url, format=form)).load()
    inputs = rows()[["age", "income"]]
    assert model.predict(inputs).values.tolist() == server.predict(inputs).values.tolist()
    model.close()  # type: ignore[attr-defined]


def test_a_suite_is_judged_through_http(apart: Path) -> None:
    """Every check asks the server, `serving: parity` both, and nothing is left of it."""
    batch = rows(200)
    suite = Suite(
        "served",
        model=str(apart),
        serve=True,
        batch=batch,
        labels="churned",
        checks=[
            {"metric": "accuracy", "min": 0.5},
            {"errors": "rate", "max": 0},
            {"errors": "calls", "calls": 20, "timeout": "5 s", "max": 0},
            {"latency": "p50", "calls": 30, "max": "10 s"},
            {"latency": "p50", "calls": 50, "rate": "50 /s", "max": "10 s"},
            {"serving": "parity", "singles": 10, "max": 0},
        ],
    )
    result = suite.run()
    assert {check.id: str(check.outcome) for check in result.checks} == {
        check.id: "passed" for check in suite.checks
    }, [check.message for check in result.checks]
    assert result.subject.model is not None
    assert result.subject.model.digest.startswith("sha256:")
    assert gone(apart)


def test_a_server_that_cannot_start_says_why_without_its_words(apart: Path) -> None:
    """The type of the error alone: its text may quote anything."""
    pickled = next(path for path in apart.iterdir() if path.name.startswith("model."))
    pickled.write_bytes(b"canary")
    with pytest.raises(SubjectError, match=r"its server ended \(\w+\)") as caught:
        start(find_directory(apart))
    assert "canary" not in str(caught.value)
    assert gone(apart)


def test_a_server_that_does_not_answer_is_given_up(apart: Path) -> None:
    """In bounded time, and ended."""
    with pytest.raises(SubjectError, match=r"does not answer within 0\.2 s"):
        start(find_directory(apart), patience=0.2)
    assert gone(apart)


def test_only_models_of_mlflow_are_served() -> None:
    """A function is served by nobody."""
    checks = [{"errors": "rate", "max": 0}, {"serving": "parity", "max": 0}]
    for result in Suite("s", model=FakeModel(), serve=True, batch=rows(), checks=checks).run().checks:
        assert result.outcome is Outcome.ERRORED
        assert "only models of MLflow can be served" in result.message


DIES = """
    import os, signal, sys
    sys.path.insert(0, {root!r})
    from modelqa.models import serve
    from modelqa.models.mlflow import find_directory
    if {light!r}:
        serve._command = lambda folder, port: [sys.executable, "-c", {light!r}, str(folder), str(port)]
    served = serve.start(find_directory({folder!r}))
    print(served.endpoint.url.split(":")[2].split("/")[0], flush=True)
    sys.stdin.read(1)
    {end}
"""
LIGHT = """
import http.server, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]])
class Well(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Well).serve_forever()
"""
"""Instead of MLflow's, where only the end matters: it will not be asked to go, and has a child of its own."""


def _ends(folder: Path, end: str, light: str) -> bool:
    """Whether nothing is left of a server that a process started which then ended so."""
    script = textwrap.dedent(DIES).format(root=str(ROOT), folder=str(folder), end=end, light=light)
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as ran:
        assert ran.stdout is not None
        port = int(ran.stdout.readline())
        assert len(below(folder)) >= 4  # that process, the guard, the server, and what it started
        ran.communicate("x", timeout=180)
    return gone(folder, port)


@pytest.mark.parametrize(
    "end",
    [
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.kill(os.getpid(), signal.SIGTERM)",
        "os._exit(3)",
        "raise ValueError",
        "raise KeyboardInterrupt",
        "served = None",
        "served.close()",
    ],
)
def test_it_ends_with_the_process_that_started_it(apart: Path, end: str) -> None:
    """Killed, terminated, broken, interrupted or done: the server and what it started."""
    assert _ends(apart, end, LIGHT)


def test_mlflows_own_server_does_too(apart: Path) -> None:
    """With the process between it and us."""
    assert _ends(apart, "os.kill(os.getpid(), signal.SIGKILL)", "")


def test_pytest_stops_it_however_the_session_ends(apart: Path, tmp_path: Path) -> None:
    """`pytest -x` after a red check, in a process of its own."""
    rows().to_parquet(tmp_path / "batch.parquet")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(
        f"import sys\nfrom modelqa.models import serve\nlight = {LIGHT!r}\n"
        "serve._command = lambda folder, port: [sys.executable, '-c', light, str(folder), str(port)]\n"
    )
    (tmp_path / "a.suite.yaml").write_text(
        f"suite: a\nmodel: {apart}\nserve: true\nbatch: batch.parquet\nchecks:\n"
        "  - {latency: p50, max: 1 s}\n  - {errors: rate, max: 0}\n"
    )
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "a.suite.yaml"]
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=tmp_path, env=around, capture_output=True, text=True, timeout=180)
    assert ran.returncode == 1, ran.stdout
    assert "http 501" in ran.stdout or "status 501" in ran.stdout
    assert gone(apart)


def test_a_server_that_dies_in_the_middle_is_no_green(apart: Path) -> None:
    """Its rows have no prediction; the score is an error; nobody waits, and nothing is left."""
    served = start(find_directory(apart))
    inputs = rows()[["age", "income"]]
    assert len(served.predict(inputs).values) == len(inputs)
    there = below(apart)
    assert len(there) == 3  # the guard, MLflow's command and the server
    os.killpg(os.getpgid(there[0]), signal.SIGKILL)
    assert gone(apart)
    suite = Suite(
        "s",
        model="unused:function",
        batch=rows(),
        labels="churned",
        checks=[
            {"errors": "rate", "max": 0.5},
            {"metric": "accuracy", "min": 0.1},
            {"latency": "p50", "max": "1 s"},
        ],
    )
    outcomes = {check.kind: check.outcome for check in _run_with(suite, served).checks}
    assert outcomes == {"errors": Outcome.FAILED, "metric": Outcome.ERRORED, "latency": Outcome.ERRORED}
    served.close()


def _run_with(suite: Suite, model: Served) -> Any:
    """Run a suite whose model is there already."""
    return suite.override(serve=True, model=lambda frame: pd.Series(0, frame.index)).run(
        server=lambda _: model
    )
