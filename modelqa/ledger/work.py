"""What can be read and written in one transaction of the ledger: all of it happens, or nothing."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, select, update

from modelqa.ledger.tables import batches, cursors, outbox, pauses, processes, results, tickets
from modelqa.ledger.upsert import add, put

CLAIMED, JUDGED, PENDING, SENT = "claimed", "judged", "pending", "sent"


@dataclass(frozen=True, slots=True)
class Batch:
    """What identifies a verdict: the digests of suite, model and rows, and the name of the rows."""

    name: str
    _: KW_ONLY
    suite: str
    model: str
    digest: str


@dataclass(frozen=True, slots=True)
class Row:
    """Something to be done to a ticket of a tracker that was not confirmed yet."""

    id: int
    _: KW_ONLY
    fingerprint: str
    action: str
    payload: Mapping[str, Any]
    attempt: int


def _named(batch: Batch) -> ColumnElement[bool]:
    """Rows of the ledger's batches that are about this name, whatever its content."""
    same = (batches.c.suite == batch.suite) & (batches.c.model == batch.model)
    return same & (batches.c.name == batch.name)


def _content(row: Any) -> str:
    """The digest that a row is about: one that came back has its revision behind it."""
    return str(row.digest).partition(" #")[0]


class Work:
    """One transaction. ``now`` is the database's time, the same throughout."""

    def __init__(self, connection: Connection, now: float) -> None:
        self.connection = connection
        self.now = now

    # --- batches

    def claim(self, batch: Batch) -> int | None:
        """The batch's revision, counted from 1 by name; None where its newest verdict is about this content.

        A batch that was claimed and never judged (its process died) can be claimed again. Content that
        comes back after other content was judged is a revision of its own.
        """
        rows = self._revisions(batch)
        mine = [row for row in rows if _content(row) == batch.digest]
        if mine and mine[-1] is rows[-1]:
            return None if mine[-1].state == JUDGED else int(mine[-1].revision)
        judged = [row for row in rows if row.state == JUDGED]
        if mine and judged and mine[-1] is judged[-1]:
            return None
        revision = len(rows) + 1
        made = add(
            self.connection,
            batches,
            {
                "suite": batch.suite, "model": batch.model, "name": batch.name,
                "digest": f"{batch.digest} #{revision}" if mine else batch.digest,
                "revision": revision, "state": CLAIMED,
            },
        )  # fmt: skip
        return revision if made else self.claim(batch)

    def judged(self, batch: Batch, result: str) -> bool:
        """Keep the result (JSON) of a claimed batch; False where it has one already, which stays."""
        row = self._newest_of(batch)
        if row.state == JUDGED:
            return False
        self.connection.execute(insert(results).values(batch=row.id, result=result, time=self.now))
        self.connection.execute(update(batches).where(batches.c.id == row.id).values(state=JUDGED))
        return True

    def _newest_of(self, batch: Batch) -> Any:
        """The row of a content that was claimed, when it came last."""
        return [row for row in self._revisions(batch) if _content(row) == batch.digest][-1]

    def _revisions(self, batch: Batch) -> Sequence[Any]:
        """What is known of a batch's name, by revision."""
        query = select(batches).where(_named(batch)).order_by(batches.c.revision)
        return self.connection.execute(query.with_for_update()).all()

    def earlier(self, batch: Batch) -> list[str]:
        """The results (JSON) of other revisions of a claimed batch, the first one first."""
        others = _named(batch) & (batches.c.id != self._newest_of(batch).id)
        query = select(results.c.result).join(batches).where(others).order_by(batches.c.revision)
        return list(self.connection.execute(query).scalars())

    def newest(self, suite: str) -> str | None:
        """The result (JSON) that was kept last for a suite; None where there is none."""
        query = select(results.c.result).join(batches).where(batches.c.suite == suite)
        return self.connection.execute(
            query.order_by(results.c.time.desc(), results.c.batch.desc()).limit(1)
        ).scalar()

    # --- cursors and processes

    def cursor(self, name: str) -> str | None:
        """How far a source was read; None where it never was."""
        return self._value(cursors, name, "value")

    def cursors(self, start: str) -> dict[str, str]:
        """All cursors whose names begin like this, by the rest of their names."""
        query = select(cursors).where(cursors.c.name.startswith(start, autoescape=True))
        return {row.name[len(start) :]: row.value for row in self.connection.execute(query)}

    def move(self, name: str, value: str) -> None:
        """Move a cursor."""
        put(self.connection, cursors, {"name": name, "value": value})

    def forget(self, names: Collection[str]) -> None:
        """Remove cursors, however many: databases limit the names in one statement."""
        each = delete(cursors).where(cursors.c.name == bindparam("gone"))
        self.connection.execute(each, [{"gone": name} for name in names])

    def process(self, name: str) -> Any:
        """The state of an anytime-valid process; None before its first batch."""
        found = self._value(processes, name, "state")
        return None if found is None else json.loads(found)

    def keep_process(self, name: str, state: Any) -> None:
        """Keep the state (plain data) of an anytime-valid process."""
        put(self.connection, processes, {"name": name, "state": json.dumps(state, allow_nan=False)})

    def _value(self, table: Table, name: str, column: str) -> str | None:
        found = self.connection.execute(select(table.c[column]).where(table.c.name == name)).scalar()
        return None if found is None else str(found)

    # --- tickets

    def ticket(self, fingerprint: str, tracker: str) -> Any:
        """What is known of a ticket, as plain data; None where there never was one."""
        this = (tickets.c.fingerprint == fingerprint) & (tickets.c.tracker == tracker)
        found = self.connection.execute(select(tickets.c.state).where(this).with_for_update()).scalar()
        return None if found is None else json.loads(found)

    def keep_ticket(self, fingerprint: str, tracker: str, state: Mapping[str, Any]) -> None:
        """Keep what is known of a ticket."""
        text = json.dumps(state, ensure_ascii=False, allow_nan=False)
        put(
            self.connection,
            tickets,
            {"fingerprint": fingerprint, "tracker": tracker, "state": text, "time": self.now},
        )

    def tickets(self, tracker: str) -> dict[str, Any]:
        """All tickets of a tracker, by fingerprint, the last changed first."""
        query = select(tickets).where(tickets.c.tracker == tracker).order_by(tickets.c.time.desc())
        return {row.fingerprint: json.loads(row.state) for row in self.connection.execute(query)}

    def known(self, fingerprints: Collection[str]) -> list[Any]:
        """What is known of the tickets about some problems, whichever tracker has them."""
        query = select(tickets.c.state).where(tickets.c.fingerprint.in_(fingerprints))
        return [json.loads(state) for state in self.connection.execute(query).scalars()]

    # --- the outbox

    def enqueue(self, tracker: str, fingerprint: str, action: str, payload: Mapping[str, Any]) -> None:
        """Note what is to be done to a ticket; the relay does it after the transaction."""
        text = json.dumps(payload, ensure_ascii=False, sort_keys=True, allow_nan=False)
        self.connection.execute(
            insert(outbox).values(
                tracker=tracker,
                fingerprint=fingerprint,
                action=action,
                payload=text,
                digest="sha256:" + sha256(text.encode()).hexdigest(),
                attempt=0,
                state=PENDING,
            )
        )

    def pending(self, tracker: str, fingerprint: str | None = None) -> list[Row]:
        """What was not confirmed yet, in the order in which it was noted."""
        query = select(outbox).where(outbox.c.tracker == tracker, outbox.c.state == PENDING)
        if fingerprint is not None:
            query = query.where(outbox.c.fingerprint == fingerprint)
        return [
            Row(
                row.id,
                fingerprint=row.fingerprint,
                action=row.action,
                payload=json.loads(row.payload),
                attempt=row.attempt,
            )
            for row in self.connection.execute(query.order_by(outbox.c.id))
        ]

    def attempted(self, rows: list[Row]) -> None:
        """Count an attempt."""
        ids = [row.id for row in rows]
        made = outbox.c.attempt + 1
        self.connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(attempt=made))

    def sent(self, rows: list[Row]) -> None:
        """Note that these were done, or need not be done any more; what was to be said is let go."""
        ids = [row.id for row in rows]
        self.connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(state=SENT, payload="{}"))

    def pause(self, tracker: str, until: float) -> None:
        """Call a tracker no earlier than this."""
        put(self.connection, pauses, {"tracker": tracker, "until": until})

    def paused(self, tracker: str) -> float:
        """Until when a tracker is not to be called; 0 where it never said so."""
        found = self.connection.execute(select(pauses.c.until).where(pauses.c.tracker == tracker)).scalar()
        return float(found or 0.0)
