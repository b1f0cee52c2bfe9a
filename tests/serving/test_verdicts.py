"""A server that stalls, dies, answers garbage or fails now and then: each check's verdict, and no leaks."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from modelqa.core.bound import Outcome
from modelqa.fake_servers import Fault, ModelServer
from modelqa.testing import FakeModel, in_process, make_batch, run_check

TIMEOUT = 0.5


def _stall(number: int) -> Fault:
    time.sleep(4 * TIMEOUT)
    return ""


FAULTS: dict[str, Callable[[int], Fault]] = {
    "healthy": lambda number: "",
    "stalls": _stall,
    "dies": lambda number: "die" if number == 1 else "",
    "garbage": lambda number: "garbage",
    "fails always": lambda number: "500",
    "fails now and then": lambda number: "500" if number % 100 == 50 else "",
}
CHECKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "score": ("metric", "accuracy", {"min": 0.5}),
    "rows": ("errors", "rate", {"max": 0.01}),
    "calls": ("errors", "calls", {"calls": 100, "max": 0.005}),
    "closed loop": ("latency", "p50", {"concurrency": 4, "calls": 60, "seconds": 2, "max": "10 s"}),
    "open loop": ("latency", "p50", {"rate": "100 /s", "calls": 60, "seconds": 2, "max": "10 s"}),
    "one by one": ("latency", "p50", {"calls": 40, "max": "10 s"}),
}
GREEN = {("healthy", check) for check in CHECKS} | {
    ("fails now and then", check) for check in ("score", "rows", "closed loop", "open loop")
}
BROKEN = {"score", "one by one"}
"""What one failed call keeps from measuring; the other checks count the calls that fail."""


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("check", CHECKS)
def test_every_failure_has_the_right_verdict(fault: str, check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Green is what was answered; nothing hangs, and no caller is left behind."""
    if fault == "stalls":  # the limits themselves have tests of their own
        monkeypatch.setattr("modelqa.checks.errors.MOST_SECONDS", 2.0)
        monkeypatch.setattr("modelqa.checks.search.MOST_TIMEOUTS", 11)
    kind, value, keys = CHECKS[check]
    with ModelServer(in_process(FakeModel()), FAULTS[fault]) as server:
        endpoint = {"url": server.url, "timeout": f"{TIMEOUT} s"}
        subject = {"model": endpoint, "features": ["signal"], "batch": make_batch(200)}
        result = run_check(kind, value, subject=subject, **keys)
    red = Outcome.ERRORED if check in BROKEN else Outcome.FAILED
    assert result.outcome is (Outcome.PASSED if (fault, check) in GREEN else red), result.message
    assert not [thread for thread in threading.enumerate() if thread.name == "modelqa-caller"]


def test_a_latency_tells_the_calls_that_failed() -> None:
    """Also where the bound holds."""
    with ModelServer(in_process(FakeModel()), FAULTS["fails now and then"]) as server:
        subject = {"model": server.url, "features": ["signal"]}
        result = run_check("latency", "p50", concurrency=4, calls=200, max="10 s", subject=subject)
    assert "2 of 200 calls failed: 2 http 500" in result.verdicts[0].measurement.note
