"""Where a ledger lies: a connection that keeps what it has promised, on a disk that can lock."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from modelqa.errors import LedgerError, MissingExtra

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs")
"""File systems on which SQLite's locks and its write-ahead log cannot be relied on (sqlite.org/wal.html)."""
_MOUNTS = Path("/proc/self/mounts")
PATIENCE = 30.0
"""Seconds to wait for another writer."""


def engine(url: str) -> Engine:
    """An engine for a ledger's URL, its folder made where it is missing.

    Raises `LedgerError` for an address that is none, or a SQLite file on a network file system, and
    `MissingExtra` where the driver of PostgreSQL is not installed.
    """
    try:
        made = make_url(url)
    except ArgumentError:
        raise LedgerError("MODELQA_LEDGER: expected sqlite:///PATH or postgresql://...") from None
    if made.get_backend_name() == "postgresql":
        return _postgresql(url)
    if made.get_backend_name() != "sqlite" or not made.database:
        raise LedgerError(
            f"MODELQA_LEDGER: expected sqlite:///PATH or postgresql://..., found {made.drivername}"
        )
    return _sqlite(Path(made.database).resolve())


def _postgresql(url: str) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        told = "a ledger in PostgreSQL needs its driver: pip install 'modelqa[postgresql]'"
        raise MissingExtra(told) from error


def _sqlite(path: Path) -> Engine:
    kind = file_system(path, _MOUNTS.read_text().splitlines() if _MOUNTS.is_file() else ())
    if kind in NETWORK:
        raise LedgerError(
            f"{path} lies on a network file system ({kind}), where SQLite cannot lock: set MODELQA_LEDGER "
            "to a file on a local disk, or to postgresql://..."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(f"{path.parent}: the ledger's folder cannot be made: {error.strerror}") from error
    made = create_engine(f"sqlite:///{path}", connect_args={"timeout": PATIENCE})
    event.listen(made, "connect", _pragmas)
    event.listen(made, "begin", _begin)
    return made


def _pragmas(raw: Any, _: object) -> None:
    raw.isolation_level = None  # the driver begins nothing by itself
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # a reader that turns writer would fail, not wait


def file_system(path: Path, mounts: Iterable[str]) -> str:
    """The kind of file system below a path, by the lines of ``/proc/self/mounts``; "" where it is not said.

    >>> file_system(Path("/data/x/ledger.db"), ["disk / ext4 rw 0 0", "host:/x /data nfs4 rw 0 0"])
    'nfs4'
    """
    best, kind = "", ""
    for line in mounts:
        _, point, found, *_ = (*line.split(" "), "", "", "")
        point = point.replace("\\040", " ")
        inside = str(path) == point or str(path).startswith(point.rstrip(os.sep) + os.sep)
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind
