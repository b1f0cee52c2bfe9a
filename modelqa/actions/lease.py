"""Only one promoter at a time, by what MLflow's store itself keeps unique: the name of a registered model.

A lease is a registered model without versions, named after what it guards and a generation that only
grows. Making a name that exists is refused by the store, so of all who want the next generation one gets
it. The highest generation is never deleted: whoever has an old view of the list cannot begin anew below it.
"""

import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from modelqa.errors import ActionError

PREFIX = "modelqa-lease"
SECONDS, MARGIN, PATIENCE, PAUSE = 120.0, 30.0, 60.0, 0.5
"""How long a lease holds, how much must be left of it to write, how long one waits, and between looks."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that somebody holds: ``generation`` is its fencing token."""

    store: Any
    base: str
    generation: int
    expires: float
    now: Callable[[], float]

    @property
    def name(self) -> str:
        return f"{self.base}.{self.generation}"

    def check(self) -> None:
        """Raise `ActionError` where it is no longer ours, or so short that a write might come too late."""
        left = self.expires - self.now()
        if left < MARGIN:
            raise ActionError(f"the lease {self.name} ran out before the work was done: start again")
        highest = max(_generations(self.store, self.base), default=0)
        if highest != self.generation:
            raise ActionError(f"somebody else took over the lease {self.name}: start again")


@contextmanager
def held(
    store: Any,
    *guarded: str,
    seconds: float = SECONDS,
    patience: float = PATIENCE,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Lease]:
    """Hold the lease of something, waiting for its holder or until that lease has run out.

    Raises `ActionError` where it is not free within ``patience`` seconds.
    """
    base = ".".join([PREFIX, *(re.sub(r"[^\w-]+", "_", part) for part in guarded)])
    given_up = now() + patience
    while (lease := _take(store, base, seconds, now)) is None:
        if now() >= given_up:
            raise ActionError(f"another promotion holds {base}{_by(store, base)}: try again later")
        sleep(PAUSE)
    try:
        yield lease
    finally:
        _release(lease)


def _take(store: Any, base: str, seconds: float, now: Callable[[], float]) -> Lease | None:
    """The next generation, if the last one is released or has run out and nobody is quicker."""
    known = _generations(store, base)
    highest = max(known, default=0)
    if highest and not _free(known[highest], now()):
        return None
    lease = Lease(store, base, highest + 1, now() + seconds, now)
    tags = {"modelqa.owner": f"{socket.gethostname()}:{os.getpid()}", "modelqa.expires": str(lease.expires)}
    try:
        store.create_registered_model(lease.name, tags=tags, description=_DESCRIPTION)
    except Exception as error:
        if getattr(error, "error_code", "") == "RESOURCE_ALREADY_EXISTS":
            return None
        raise
    for old in known:
        if old < highest:
            _forget(store, f"{base}.{old}")
    return lease


_DESCRIPTION = "A lease of modelqa's promotions, no model. It may be deleted while nobody promotes."


def _generations(store: Any, base: str) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    token = None
    while True:
        page = store.search_registered_models(f"name LIKE '{base}.%'", max_results=100, page_token=token)
        for model in page:
            rest = model.name.removeprefix(f"{base}.")
            if rest.isdigit():
                found[int(rest)] = dict(model.tags or {})
        token = page.token
        if not token:
            return found


def _free(tags: dict[str, str], now: float) -> bool:
    return "modelqa.released" in tags or float(tags.get("modelqa.expires", 0)) < now


def _by(store: Any, base: str) -> str:
    known = _generations(store, base)
    owner = known[max(known)].get("modelqa.owner", "") if known else ""
    return f" (by {owner})" if owner else ""


def _release(lease: Lease) -> None:
    with suppress(Exception):  # it runs out by itself
        lease.store.set_registered_model_tag(lease.name, "modelqa.released", "true")


def _forget(store: Any, name: str) -> None:
    with suppress(Exception):  # another promoter has tidied up
        store.delete_registered_model(name)
