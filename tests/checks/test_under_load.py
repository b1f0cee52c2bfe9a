"""Calls under load: what a caller waits, whoever makes the calls."""

import threading
import time
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelqa import Suite, SuiteError
from modelqa.checks import load
from modelqa.core.bound import Outcome
from modelqa.errors import CallError, SubjectError
from modelqa.testing import FakeModel, make_batch, run_check

FRAMES = [make_batch(1)]


class Server:
    """A model whose calls do what a test says; it knows how many are under way."""

    def __init__(self, behave: Any = lambda number: None) -> None:
        self.behave = behave
        self.called = self.at_once = self.most = 0
        self.lock = threading.Lock()

    def call(self, frame: pd.DataFrame) -> None:
        """One call."""
        with self.lock:
            self.called += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            number = self.called
        try:
            self.behave(number)
        finally:
            with self.lock:
                self.at_once -= 1


def open_loop(server: Server, **keys: Any) -> load.Sample:
    """Calls so many a second."""
    return load.open_loop(server, FRAMES, clock=time.perf_counter, **keys)  # type: ignore[arg-type]


def closed_loop(server: Server, **keys: Any) -> load.Sample:
    """Calls of so many callers."""
    return load.closed_loop(server, FRAMES, clock=time.perf_counter, **keys)  # type: ignore[arg-type]


def wanted(calls: int, rate: str) -> load.Wanted:
    """The load of a check."""
    return load.Wanted(rate=rate, concurrency=None, calls=calls)


def test_a_stall_keeps_all_those_waiting_who_would_have_come() -> None:
    """A second's stall, a hundred calls a second: a hundred calls wait, and the 99th percentile tells."""
    until = 0.0

    def stalls(number: int) -> None:
        nonlocal until
        if number == 200:
            until = time.perf_counter() + 1.0
        time.sleep(max(0.0, until - time.perf_counter()))

    sample = open_loop(Server(stalls), rate=100, calls=600)
    # One call at a time, timed from its sending, would have seen one slow call in six hundred.
    true = np.quantile([*np.zeros(500), *np.linspace(1, 0, 100)], 0.99)
    assert np.quantile(sample.times, 0.99) >= 0.9 * true
    assert (sample.times > 0.1).sum() >= 80


def test_more_callers_than_there_may_be_wait_and_their_time_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at once, ten milliseconds each, five hundred a second: the last one waits for all the others."""
    monkeypatch.setattr(load, "MOST_AT_ONCE", 2)
    server = Server(lambda number: time.sleep(0.01))
    sample = open_loop(server, rate=500, calls=100)
    assert server.most <= 2
    assert sample.times[-1] > 0.25


def test_callers_at_once_are_as_many_as_asked() -> None:
    """Never more, and all calls are made."""
    server = Server(lambda number: time.sleep(0.005))
    sample = closed_loop(server, concurrency=4, calls=60)
    assert (server.most, len(sample.times)) == (4, 60)
    assert server.called == 60 + load.WARM_UP


def test_calls_that_fail_never_end_and_are_counted() -> None:
    """By kind; the others keep their times."""

    def fails(number: int) -> None:
        if number > load.WARM_UP and number % 5 == 0:
            raise CallError("http 500", "") if number % 10 else ValueError

    sample = closed_loop(Server(fails), concurrency=2, calls=50)
    assert sample.failed == {"http 500": 5, "raised": 5}
    assert np.isinf(sample.times).sum() == 10


def test_a_frame_that_does_not_fit_is_no_failed_call() -> None:
    """It ends the sampling."""

    def misfit(number: int) -> None:
        if number > load.WARM_UP:
            raise SubjectError("does not fit")

    with pytest.raises(SubjectError):
        closed_loop(Server(misfit), concurrency=2, calls=50)


def test_a_call_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are not lost."""
    monkeypatch.setattr(load, "PATIENCE", 0.1)
    stop = threading.Event()
    server = Server(lambda number: stop.wait(60) if number == load.WARM_UP + 3 else None)
    sample = closed_loop(server, concurrency=2, calls=10, seconds=0.2)
    stop.set()
    assert sample.failed == {"unanswered": 1}
    assert len(sample.times) == 10


def test_calls_that_were_due_and_never_begun_have_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stalls to the end would hide itself, if those in the queue were left out."""
    monkeypatch.setattr(load, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(load, "PATIENCE", 0.1)
    stop = threading.Event()
    stalled = Server(lambda number: stop.wait(60) if number > load.WARM_UP else None)
    sample = open_loop(stalled, rate=100, calls=20, seconds=0.3)
    stop.set()
    assert np.isinf(sample.times).all()
    assert sample.failed == {"unanswered": 2, "never begun": 18}


def test_callers_stop_where_the_wait_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C leaves no callers that go on calling."""
    server = Server(lambda number: time.sleep(0.02))

    def interrupted(self: threading.Thread, timeout: float | None = None) -> None:
        raise KeyboardInterrupt

    join = threading.Thread.join
    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        closed_loop(server, concurrency=2, calls=5000)
    monkeypatch.setattr(threading.Thread, "join", join)
    for thread in [thread for thread in threading.enumerate() if thread.name == "modelqa-caller"]:
        thread.join(10)
        assert not thread.is_alive()
    assert server.called < 500


def test_the_time_is_bounded() -> None:
    """At one call a second, a thousand calls are not waited for."""
    sample = open_loop(Server(), rate=10, calls=1000, seconds=0.3)
    assert 1 <= len(sample.times) <= 4
    assert "stopped after" in load.note(sample, wanted(1000, "10 /s"))


def test_a_sample_says_what_a_reader_must_know() -> None:
    """Failed calls, calls left out, and a rate that was not reached."""
    times = np.array([0.1, np.inf, np.inf])
    told = load.note(load.Sample(times, failed={"http 500": 2}, rate=50.0), wanted(10, "100 /s"))
    assert "2 of 3 calls failed: 2 http 500" in told
    assert "stopped after 3 of 10 calls" in told
    assert "begun at 50.0 /s only" in told
    assert load.note(load.Sample(times[:1], failed={}, rate=99.0), wanted(1, "100 /s")) == ""


def test_latency_asks_for_it_by_rate_or_concurrency() -> None:
    """On any model; a budget that failed calls break is red."""
    slow = {"model": FakeModel(seconds=0.005)}
    for keys in ({"rate": "100 /s"}, {"concurrency": 4}):
        assert (
            run_check("latency", "p50", max="1 min", calls=60, subject=slow, **keys).outcome is Outcome.PASSED
        )
        assert (
            run_check("latency", "p50", max="1 ms", calls=60, subject=slow, **keys).outcome is Outcome.FAILED
        )
    broken = {"model": FakeModel(raises=tuple(make_batch(500)["signal"]))}
    result = run_check("latency", "p50", max="1 min", calls=40, concurrency=2, subject=broken)
    assert result.outcome is not Outcome.PASSED


def test_one_model_is_loaded_at_a_time() -> None:
    """Load on the champion would be felt by the candidate."""
    result = run_check("latency", "p50", max="10%", versus="champion", rate="100 /s")
    assert result.outcome is Outcome.ERRORED
    assert "leave out versus" in result.message


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"rate": "100 ms"}, "expected per second above 0"),
        ({"rate": "0 /s"}, "expected per second above 0"),
        ({"rate": 100}, "expected per second above 0, in /s, found 100"),
        ({"concurrency": 0}, "expected 1 to 256"),
        ({"concurrency": 999}, "expected 1 to 256"),
        ({"rate": "1 /s", "concurrency": 2}, "choose one"),
        ({"latency": "throughput", "max": "9 /s", "rate": "1 /s"}, "one call after the other"),
    ],
)
def test_a_load_that_cannot_be_is_a_problem_of_the_suite(keys: dict[str, Any], problem: str) -> None:
    """Said at collection."""
    with pytest.raises(SuiteError, match=problem):
        Suite("s", model=FakeModel(), batch=make_batch(5), checks=[{"latency": "p95", "max": "1 s", **keys}])


def test_callers_share_out_the_frames() -> None:
    """Each turn has its own, in order."""
    seen: Counter[int] = Counter()

    class Seeing(Server):
        def call(self, frame: pd.DataFrame) -> None:
            seen[len(frame)] += 1

    several = [make_batch(rows) for rows in (1, 2, 3)]
    load.closed_loop(Seeing(), several, concurrency=3, calls=30, clock=time.perf_counter)  # type: ignore[arg-type]
    assert seen == {1: 12, 2: 12, 3: 11}
