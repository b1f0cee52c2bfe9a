"""The page that a watcher keeps open: the last run of each suite, until the suite is retired."""

import threading
from collections.abc import Iterable
from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from results import GOOD, RED, check, full_run, run

from modelqa.core.result import Measurement, SuiteResult
from modelqa.errors import ActionError
from modelqa.monitoring.scrape import Board, serve
from modelqa.reports.exposition import text
from modelqa.reports.metrics import LAST_SUCCESS
from modelqa.reports.prometheus import Sample, samples

HOST = "127.0.0.1"
BEGAN = 1795341600.0


def fetched(port: int) -> str:
    """The page."""
    return httpx.get(f"http://{HOST}:{port}/metrics", timeout=10).raise_for_status().text


def of(name: str, estimate: object = GOOD, day: int = 22) -> SuiteResult:
    """A run of a suite on a day of November."""
    made = run(check("f1", Measurement("f1", estimate)), name=name)  # type: ignore[arg-type]
    return replace(made, started=f"2026-11-{day}T10:00:00+00:00")


def values(page: str, metric: str) -> dict[str, float]:
    """By suite."""
    return {
        sample.labels["suite"]: sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == metric
    }


def test_the_page_is_the_last_run_of_each_suite() -> None:
    """Fetched anew each time, and nothing of the run before."""
    board = Board()
    with serve(0, board.collect, host=HOST) as port:
        assert fetched(port) == ""
        board.put(full_run())
        board.put(of("digits"))
        board.put(of("churn"))
        assert fetched(port) == text([*samples(of("churn")), *samples(of("digits"))])
        board.put(of("churn", RED), tickets=2)
        assert values(fetched(port), "modelqa_check_passed") == {"churn": 0, "digits": 1}
        assert values(fetched(port), "modelqa_tickets_open") == {"churn": 2}


def test_a_retired_suite_disappears() -> None:
    """Its series end, and if it comes back it has never been green."""
    board = Board()
    for name in ("churn", "digits"):
        board.put(of(name))
    with serve(0, board.collect, host=HOST) as port:
        board.retire("churn")
        assert values(fetched(port), "modelqa_check_passed") == {"digits": 1}
        board.retire("never heard of")
        board.put(of("churn", RED))
        assert values(fetched(port), LAST_SUCCESS) == {"digits": BEGAN}


def test_the_last_green_run_is_kept_also_over_a_restart() -> None:
    """Whoever opens the board tells what was known."""
    board = Board()
    for day, estimate in ((22, GOOD), (23, RED), (24, RED)):
        board.put(of("churn", estimate, day))
    assert values(text(board.collect()), LAST_SUCCESS) == {"churn": BEGAN}
    again = Board({("churn", "churn", ""): 5.0, ("digits", "digits", ""): 6.0})
    again.put(of("churn", RED))
    assert values(text(again.collect()), LAST_SUCCESS) == {"churn": 5.0}


def test_many_readers_and_writers_see_whole_runs() -> None:
    """Every page has both series of a run, or none."""
    board, odd = Board(), []
    with serve(0, board.collect, host=HOST) as port:

        def write() -> None:
            for at in range(50):
                board.put(of("churn", GOOD if at % 2 else RED))
                board.retire("churn") if at % 5 == 0 else None

        def read() -> None:
            for _ in range(20):
                page = fetched(port)
                runs = {len(values(page, name)) for name in ("modelqa_check_passed", "modelqa_build_info")}
                odd.extend([page] if len(runs) > 1 else [])

        threads = [threading.Thread(target=each) for each in (write, read, read, write)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert odd == []


def test_a_port_that_is_taken_is_an_error() -> None:
    """At the start, not in a thread."""
    with serve(0, list, host=HOST) as port:
        with (
            pytest.raises(ActionError, match=rf"metrics cannot be served at 127\.0\.0\.1:{port}"),
            serve(port, list, host=HOST),
        ):
            pass
        with pytest.raises(ActionError), serve(70_000, list, host=HOST):
            pass


def test_the_port_is_free_again_afterwards() -> None:
    """Nothing listens when the block is left, whichever way."""
    with pytest.raises(KeyError), serve(0, list, host=HOST) as port:
        raise KeyError
    with pytest.raises(httpx.ConnectError):
        fetched(port)
    with serve(port, list, host=HOST) as again:
        assert again == port


def test_what_goes_wrong_with_one_page_does_not_end_the_server(capfd: pytest.CaptureFixture[str]) -> None:
    """It is no page, and the next one is."""
    broken = True

    def collect() -> Iterable[Sample]:
        if broken:
            raise RuntimeError("not now")
        return samples(full_run())

    with serve(0, collect, host=HOST) as port:
        with pytest.raises(httpx.HTTPStatusError, match="500"):
            fetched(port)
        broken = False
        assert "modelqa_check_passed" in fetched(port)
    capfd.readouterr()
