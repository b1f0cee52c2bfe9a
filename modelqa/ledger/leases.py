"""Who may write: leases by the database's clock, each with a token that only grows.

Whoever was paused while its lease ran out still believes that it holds it. So a lease is not asked before a
write but in the write's own transaction, with the row locked: the older token writes nothing.
"""

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from modelqa.errors import Fenced
from modelqa.ledger.tables import leases
from modelqa.ledger.upsert import add

Now = Callable[[Connection], float]


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that was taken: ``token`` fences off whoever held it before."""

    name: str
    owner: str
    token: int


def me() -> str:
    """A name that no other taker has: host, process and chance."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def take(connection: Connection, name: str, seconds: float, now: Now) -> Lease | None:
    """The lease, if nobody holds it; None where somebody does."""
    add(connection, leases, {"name": name, "owner": "", "token": 0, "expires": 0.0})
    row = connection.execute(select(leases).where(leases.c.name == name).with_for_update()).one()
    time = now(connection)
    if row.expires > time:
        return None
    lease = Lease(name, me(), row.token + 1)
    connection.execute(
        update(leases)
        .where(leases.c.name == name)
        .values(owner=lease.owner, token=lease.token, expires=time + seconds)
    )
    return lease


def verify(connection: Connection, lease: Lease, now: Now) -> None:
    """Raise `Fenced` where the lease is no longer ours; until the transaction ends nobody can take it."""
    row = connection.execute(select(leases).where(leases.c.name == lease.name).with_for_update()).one()
    if row.token != lease.token or row.expires <= now(connection):
        raise Fenced(f"the lease {lease.name} ran out or somebody took it over: nothing was written")


def renew(connection: Connection, lease: Lease, seconds: float, now: Now) -> None:
    """Hold a lease for longer. Raises `Fenced` where it is no longer ours."""
    verify(connection, lease, now)
    until = now(connection) + seconds
    connection.execute(update(leases).where(leases.c.name == lease.name).values(expires=until))


def release(connection: Connection, lease: Lease) -> None:
    """Let others take it; where it is somebody else's by now, nothing is done."""
    mine = (leases.c.name == lease.name) & (leases.c.token == lease.token)
    connection.execute(update(leases).where(mine).values(expires=0.0))
