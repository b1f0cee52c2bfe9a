"""The tickets of the tracker ``local``, which lives in the ledger."""

import json
from typing import Any

from sqlalchemy import Row, insert, select, update

from modelqa.ledger.tables import issues
from modelqa.ledger.work import Work


def add(work: Work, fingerprint: str, title: str, body: str, labels: list[str]) -> int:
    """A new ticket; its number."""
    made = insert(issues).values(
        fingerprint=fingerprint, title=title, body=body, labels=json.dumps(labels), comments="[]",
        state="open", reason="",
    )  # fmt: skip
    return int(work.connection.execute(made).inserted_primary_key[0])  # type: ignore[index]


def change(work: Work, number: int, **columns: Any) -> bool:
    """Change columns of a ticket; whether there is one."""
    made = update(issues).where(issues.c.number == number).values(**columns)
    return work.connection.execute(made).rowcount > 0


def comment(work: Work, number: int, key: str, text: str) -> None:
    """Add a comment, unless one with this key is there."""
    row = get(work, number)
    if row is None:
        return
    comments = json.loads(row.comments)
    if all(each["key"] != key for each in comments):
        change(work, number, comments=json.dumps([*comments, {"key": key, "time": work.now, "text": text}]))


def get(work: Work, number: int) -> Row[Any] | None:
    """One ticket; None where there is none."""
    return work.connection.execute(select(issues).where(issues.c.number == number)).first()


def every(work: Work, *, fingerprint: str | None = None, state: str | None = None) -> list[Row[Any]]:
    """Tickets by number: of one problem, in one state, or all."""
    query = select(issues).order_by(issues.c.number)
    if fingerprint is not None:
        query = query.where(issues.c.fingerprint == fingerprint)
    if state is not None:
        query = query.where(issues.c.state == state)
    return list(work.connection.execute(query))
