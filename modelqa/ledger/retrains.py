"""Requests to retrain: effects whose key begins with their model, so that all of a model's are found."""

import json
from collections.abc import Mapping
from hashlib import sha1
from typing import Any

from sqlalchemy import select

from modelqa.ledger.tables import effects
from modelqa.ledger.tables import tickets as known
from modelqa.ledger.upsert import put
from modelqa.ledger.work import Work

TRACKER = "retrain"


def past(work: Work, model: str) -> list[dict[str, Any]]:
    """All requests of a model (a key of hexadecimal digits), oldest first, as plain data."""
    query = select(effects.c.outcome).where(effects.c.key.like(f"{_key(model)}%")).order_by(effects.c.time)
    return [json.loads(row.outcome) for row in work.connection.execute(query)]


def keep(work: Work, model: str, id_: str, plain: Mapping[str, Any]) -> None:
    """Write down a request, or what has become of it."""
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
    put(work.connection, effects, {"key": f"{_key(model)}{id_}", "outcome": text, "time": plain["time"]})


def episode(work: Work, problem: str) -> Any:
    """What was seen of a problem and said of it, as plain data; None where nothing was.

    It lies beside the tickets, under a fingerprint that is no ticket's.
    """
    return work.ticket(_apart(problem), TRACKER)


def keep_episode(work: Work, problem: str, state: Mapping[str, Any], said: str) -> None:
    """Keep what was seen of a problem, and what is said of retraining for it."""
    work.keep_ticket(_apart(problem), TRACKER, {**state, "said": said})


def said(work: Work, problem: str) -> str:
    """What is to be said of retraining in a problem's ticket; "" for nothing."""
    return str((episode(work, problem) or {}).get("said", ""))


def _apart(problem: str) -> str:
    return sha1(f"retrain\0{problem}".encode(), usedforsecurity=False).hexdigest()


def tickets(work: Work, fingerprint: str) -> list[Any]:
    """What is known of a problem's tickets, whatever the tracker, as plain data."""
    query = select(known.c.state).where(known.c.fingerprint == fingerprint)
    return [json.loads(row.state) for row in work.connection.execute(query)]


def _key(model: str) -> str:
    return f"retrain:{model}:"
