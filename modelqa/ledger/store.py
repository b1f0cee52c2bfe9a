"""The ledger: transactions, leases, and effects that are done once."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import SQLAlchemyError

from modelqa.errors import Fenced, LedgerError
from modelqa.ledger import leases
from modelqa.ledger.migrations import MIGRATIONS, Migration, migrate
from modelqa.ledger.place import engine
from modelqa.ledger.tables import effects
from modelqa.ledger.upsert import add
from modelqa.ledger.work import Work

Step = Callable[[str], None]
SECONDS = 120.0
"""How long a lease holds."""
_PAUSE, _LONGEST = 0.05, 0.5
"""How long to wait until the second look at a lease that somebody else holds, and at most between two."""
_TIME = {
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
}


def address(environ: Mapping[str, str], root: Path) -> str:
    """The URL of the ledger: ``MODELQA_LEDGER``, or a SQLite file in the project's working folder."""
    return environ.get("MODELQA_LEDGER") or f"sqlite:///{root / '.modelqa' / 'ledger.db'}"


class Ledger:
    """A ledger, brought to the newest schema. Use it in a ``with``; do not carry it over a fork.

    ``step`` is told each step before it is taken, ``now`` is the time that leases go by (the database's), and
    ``sleep`` waits for one. Raises `LedgerError` where it cannot be opened.
    """

    def __init__(
        self,
        url: str,
        *,
        step: Step = lambda _: None,
        now: leases.Now | None = None,
        sleep: Callable[[float], None] = time.sleep,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> None:
        self._engine = engine(url)
        self._step = step
        self._now = now or _database_time
        self._sleep = sleep
        with _told(), self._cleared():
            migrate(self._engine, migrations)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    @contextmanager
    def writing(self, lease: leases.Lease | None = None) -> Iterator[Work]:
        """One transaction, committed at its end and undone by any exception.

        Raises `Fenced` where the lease is not ours any more, and `LedgerError` where the database refuses.
        """
        with _told():
            with self._engine.begin() as connection:
                if lease is not None:
                    leases.verify(connection, lease, self._now)
                yield Work(connection, self._now(connection))
                self._step("commit")
            self._step("committed")

    def now(self) -> float:
        """The database's time, in seconds since 1970."""
        with self.writing() as work:
            return work.now

    @contextmanager
    def lease(self, name: str, *, seconds: float = SECONDS, patience: float = 0.0) -> Iterator[leases.Lease]:
        """Hold a lease, waiting up to ``patience`` seconds for its holder.

        Every transaction that names it is refused once it has run out or was taken over. Raises `Fenced`
        where somebody else holds it.
        """
        waited, pause = 0.0, _PAUSE
        while (lease := self._take(name, seconds)) is None:
            if waited >= patience:
                raise Fenced(f"another process holds the lease {name}: try again later")
            self._sleep(pause)
            waited, pause = waited + pause, min(2 * pause, _LONGEST)
        self._step("leased")
        try:
            yield lease
        finally:
            with suppress(LedgerError), self.writing() as work:  # it runs out by itself
                leases.release(work.connection, lease)

    def renew(self, lease: leases.Lease, *, seconds: float = SECONDS) -> None:
        """Hold a lease for longer. Raises `Fenced` where it is not ours any more."""
        with self.writing() as work:
            leases.renew(work.connection, lease, seconds, self._now)

    def once(self, key: str, effect: Callable[[], Any]) -> Any:
        """Do an effect unless it was done; what it answered (plain data), then or now.

        Killed between the effect and its note, the next call does it again: at least once. Two callers
        exclude each other; `Fenced` where the other one is not done in time.
        """
        with self.lease(f"once:{key}", patience=SECONDS) as lease:
            with self.writing(lease) as work:
                known = work.connection.execute(
                    select(effects.c.outcome).where(effects.c.key == key)
                ).scalar()
            if known is not None:
                return json.loads(known)
            self._step("effect")
            outcome = json.dumps(effect(), allow_nan=False)
            self._step("noting")
            with self.writing(lease) as work:
                add(work.connection, effects, {"key": key, "outcome": outcome, "time": work.now})
        return json.loads(outcome)

    def _take(self, name: str, seconds: float) -> leases.Lease | None:
        with self.writing() as work:
            return leases.take(work.connection, name, seconds, self._now)

    @contextmanager
    def _cleared(self) -> Iterator[None]:
        """Close what is open where the ledger does not come to be."""
        try:
            yield
        except BaseException:
            self._engine.dispose()
            raise


def _database_time(connection: Connection) -> float:
    return float(connection.execute(text(_TIME[connection.dialect.name])).scalar_one())


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the database raises into a `LedgerError` without its words, which may hold the address."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = type(getattr(error, "orig", None) or error).__name__
        raise LedgerError(f"the ledger cannot be read or written ({cause})") from error
