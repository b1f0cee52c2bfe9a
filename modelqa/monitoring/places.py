"""Where the metrics of runs go: a folder that the node exporter reads, or a Pushgateway."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from modelqa.core.result import SuiteResult
from modelqa.errors import ActionError
from modelqa.reports import exposition
from modelqa.reports.exposition import Successes
from modelqa.reports.files import write
from modelqa.reports.prometheus import about, clean, samples

READABLE = 0o644
"""The node exporter is somebody else."""
Tickets = Callable[[SuiteResult], int | None]


class Place(Protocol):
    """Somewhere that keeps the metrics of the last run of a suite, and forgets them when told to."""

    def successes(self, suite: str) -> Successes: ...

    def put(self, suite: str, model: str, text: str) -> str: ...

    def delete(self, suite: str) -> list[str]: ...

    def close(self) -> None: ...


def place(address: str, environ: Mapping[str, str]) -> Place:
    """The place of an address: ``http(s)://`` is a Pushgateway's, what is no address a folder.

    Raises `ModelQAError` where the address is another one, or nobody answers there.
    """
    if "://" in address:
        from modelqa.monitoring.pushgateway import Pushgateway

        return Pushgateway(address, environ)
    return Folder(Path(address))


def export(result: SuiteResult, to: Place, tickets: Tickets) -> str:
    """Bring the metrics of a run to a place; where they are now comes back.

    When a run was last green is kept from what was there. Raises `ModelQAError` or ``OSError`` where it
    cannot be done.
    """
    suite, (model, alias) = clean(result.suite), about(result.subject)
    before = to.successes(suite).get((suite, model, alias))
    return to.put(
        suite, model, exposition.text(samples(result, last_success=before, tickets=tickets(result)))
    )


class Folder:
    """One file a suite, for the textfile collector of the node exporter: the old one or the new one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: set[Path] = set()

    def successes(self, suite: str) -> Successes:
        try:
            written = self._file(suite).read_bytes()  # as text, a carriage return in a name would be lost
        except FileNotFoundError:
            return {}
        return exposition.successes(written.decode(errors="replace"))

    def put(self, suite: str, _: str, text: str) -> str:
        file = self._file(suite)
        if file in self._written:
            raise ActionError(f"{file}: two runs of a suite {suite!r}, and there is one file for a suite")
        write(file, text, mode=READABLE)
        self._written.add(file)
        return str(file)

    def delete(self, suite: str) -> list[str]:
        file = self._file(suite)
        if not file.exists():
            return []
        file.unlink()
        return [str(file)]

    def close(self) -> None:
        """A folder is not held open."""

    def _file(self, suite: str) -> Path:
        """No two suites share a file, whatever they are called."""
        return self._folder / f"modelqa-{quote(suite, safe='')}.prom"
