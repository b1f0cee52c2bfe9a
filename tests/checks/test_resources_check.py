"""`resources`: facts of one cold start, whose process is gone whatever happens in it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from modelqa import Suite
from modelqa.core.bound import Outcome
from modelqa.core.subject import ModelInfo
from modelqa.errors import SubjectError
from modelqa.models import cold
from modelqa.models.callable import find
from modelqa.models.found import Found
from modelqa.testing import FakeModel, make_batch, run_check

FRAME = pd.DataFrame({"signal": [0.0, 1.0, 2.0]})
MIB = 2**20


class Nasty:
    """A model that does something to its process when it is called, or when it is loaded."""

    def __init__(self, deed: str, path: str = "", *, at_load: bool = False) -> None:
        self.deed, self.path, self.at_load = deed, path, at_load

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.at_load:
            self._do()

    def predict(self, frame: pd.DataFrame) -> list[float]:
        """Do it, then answer."""
        self._do()
        return [0.0] * len(frame)

    def _do(self) -> None:
        deeds: dict[str, Callable[[], object]] = {
            "exit 0": lambda: os._exit(0),
            "leave": lambda: sys.exit(0),
            "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
            "raise": lambda: [][1],
            "sleep": lambda: time.sleep(60),
            "flood": lambda: print("x" * 1_000_000, flush=True),
            "allocate": lambda: bytearray(300 * MIB).count(1),
            "fork": lambda: subprocess.Popen([sys.executable, "-c", FOREVER.format(self.path)]),
        }
        deeds[self.deed]()


FOREVER = (
    "import os, time; open({!r}, 'w').write(str(os.getpid())); os.dup2(os.open(os.devnull, 1), 1); "
    "time.sleep(60)"
)


def measured(model: Any, **keys: Any) -> Any:
    """What a cold start of an object takes."""
    return cold.measure(find(model), FRAME, **keys)


def test_all_of_a_cold_start_is_told() -> None:
    """Seconds, bytes and threads, each of a size that a process has."""
    found = measured(FakeModel("regression"))
    assert set(found) == {
        "load_time", "load_memory", "first_prediction", "predict_memory", "threads", "model_size",
    }  # fmt: skip
    assert 0 < found["load_time"] < 60
    assert 0 < found["first_prediction"] < 60
    assert MIB < found["load_memory"] <= found["predict_memory"] < 4096 * MIB
    assert found["threads"] >= 1
    assert 0 < found["model_size"] < MIB


def test_memory_of_this_process_is_not_counted() -> None:
    """A parent that holds 400 MiB starts a child that does not."""
    ballast = bytearray(400 * MIB)
    ballast[::4096] = b"x" * len(ballast[::4096])
    assert measured(FakeModel("regression"))["predict_memory"] < 400 * MIB


def test_memory_that_is_freed_again_was_needed() -> None:
    """A call that holds 300 MiB for a moment is seen by its peak, and not at the load."""
    found = measured(Nasty("allocate"))
    assert found["predict_memory"] > found["load_memory"] + 250 * MIB


@pytest.mark.parametrize("at_load", [True, False])
@pytest.mark.parametrize(
    ("deed", "told"),
    [("exit 0", "exit status 0"), ("kill", "signal 9"), ("raise", "IndexError"), ("leave", "SystemExit")],
)
def test_a_process_that_ends_early_is_an_error(deed: str, told: str, at_load: bool) -> None:
    """Whatever its exit status: what did not answer was not measured; no text of an error is shown."""
    with pytest.raises(SubjectError, match=told):
        measured(Nasty(deed, at_load=at_load))


def test_a_process_that_does_not_come_back_is_given_up() -> None:
    """After the patience there is."""
    with pytest.raises(SubjectError, match="within 3 s"):
        measured(Nasty("sleep"), patience=3)


def test_what_a_model_prints_is_no_answer() -> None:
    """A megabyte on standard output neither blocks nor confuses."""
    assert measured(Nasty("flood"))["load_time"] > 0


def test_what_a_model_starts_ends_with_it(tmp_path: Path) -> None:
    """A process of the model's own is gone when the measurement is."""
    note = tmp_path / "pid"
    measured(Nasty("fork", str(note)))
    _wait(lambda: not note.exists() or not note.read_text() or not _lives(int(note.read_text())))


def test_the_process_dies_with_its_parent(tmp_path: Path) -> None:
    """Even where that is killed, and could not say goodbye."""
    note = tmp_path / "pid"
    model = tmp_path / "sleeper.py"
    model.write_text(
        "import os, time\n"
        f"def predict(frame):\n    open({str(note)!r}, 'w').write(str(os.getpid()))\n    time.sleep(60)\n"
    )
    script = (
        "import pandas, sleeper\nfrom modelqa.models import cold\nfrom modelqa.models.callable import find\n"
        "cold.measure(find('sleeper:predict'), pandas.DataFrame({'a': [1]}))"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path)
    try:
        _wait(lambda: note.exists() and note.read_text() != "")
        assert _lives(int(note.read_text()))
    finally:
        parent.kill()
        parent.wait()
    _wait(lambda: not _lives(int(note.read_text())))


def _lives(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("it did not come to pass within a minute")


# --- the check


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that were started, without starting any."""
    started: list[str] = []

    def measure(found: Found, frame: pd.DataFrame) -> dict[str, float]:
        started.append(found.info.uri)
        if found.info.uri == "broken":
            raise SubjectError("it broke")
        return {"load_time": 2.0, "model_size": 3.0 * MIB, "threads": 4.0, "rows": float(len(frame))}

    monkeypatch.setattr(cold, "measure", measure)
    return started


def test_a_model_is_started_once_for_all_its_checks(counted: list[str]) -> None:
    """Facts with bounds in seconds, bytes and plain numbers; the champion is started for itself."""
    checks = [
        {"resources": "load_time", "max": "3 s"},
        {"resources": "model_size", "max": "2 MiB"},
        {"resources": "threads", "max": 4},
        {"resources": "load_time", "versus": "champion", "max": "10%"},
    ]
    suite = Suite("s", model=FakeModel(), champion=FakeModel(), batch=make_batch(5), checks=checks)
    result = suite.run()
    assert [str(check.outcome) for check in result.checks] == ["passed", "failed", "passed", "passed"]
    assert result.checks[1].message == "model_size 3 MiB > max 2 MiB (n=1)"
    assert len(counted) == 2


def test_a_start_that_failed_is_not_tried_again(counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every check of it is errored, none is green."""
    monkeypatch.setattr(
        "modelqa.run.opened.Opened.find",
        lambda *_: Found(ModelInfo("broken", name="broken"), load=lambda: None),  # type: ignore[arg-type, return-value]
    )
    checks = [{"resources": "threads", "max": 1}, {"resources": "load_time", "max": "1 s"}]
    suite = Suite("s", model=FakeModel(), batch=make_batch(5), features=["signal"], checks=checks)
    assert {check.outcome for check in suite.run().checks} == {Outcome.ERRORED}
    assert counted == ["broken"]


def test_an_object_that_cannot_travel_says_what_to_do() -> None:
    """A function without a name cannot be loaded in another process."""
    subject = {"model": lambda frame: frame["signal"], "champion": None}
    found = run_check("resources", "load_time", max="1 s", subject=subject)
    assert found.outcome is Outcome.ERRORED
    assert "name a model's URI, its folder or module:function" in found.reason
