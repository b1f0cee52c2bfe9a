"""Metrics for Prometheus to fetch: the last run of each suite, on a page that a watcher keeps open."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from modelqa.core.result import SuiteResult
from modelqa.errors import ActionError
from modelqa.reports import exposition
from modelqa.reports.exposition import Collect, Successes
from modelqa.reports.prometheus import Sample, about, samples, succeeded


class Board:
    """The last run of each suite and model, and when it was last green; for many threads.

    ``successes`` are known from before: the moments, by suite, model and alias.
    """

    def __init__(self, successes: Successes | None = None) -> None:
        self._lock = Lock()
        self._successes = dict(successes or {})
        self._samples: dict[tuple[str, ...], tuple[Sample, ...]] = {}

    def put(self, result: SuiteResult, *, tickets: int | None = None) -> None:
        """Show a run instead of the last one of its suite, model and alias."""
        key = (result.suite, *about(result.subject))
        with self._lock:
            made = samples(result, last_success=self._successes.get(key), tickets=tickets)
            self._samples[key] = made
            green = succeeded(made)
            if green is not None:
                self._successes[key] = green

    def retire(self, suite: str) -> None:
        """Show nothing of a suite any more."""
        with self._lock:
            for kept in (self._samples, self._successes):
                for key in [key for key in kept if key[0] == suite]:
                    del kept[key]

    def collect(self) -> list[Sample]:
        """Everything that is shown now."""
        with self._lock:
            return [sample for made in self._samples.values() for sample in made]


@contextmanager
def serve(port: int, collect: Collect, *, host: str = "0.0.0.0") -> Iterator[int]:  # noqa: S104
    """Serve ``/metrics`` while the block runs; the port comes back (a free one, where 0 was asked for).

    As exporters do, it listens on every address of the machine unless ``host`` names one. Raises
    `ActionError` where the port cannot be had.
    """
    try:
        server, thread = exposition.client().start_http_server(
            port, addr=host, registry=exposition.registry(collect)
        )
    except (OSError, OverflowError) as error:
        raise ActionError(f"metrics cannot be served at {host}:{port}: {error}") from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
