"""Only one promoter at a time, by what MLflow's store itself keeps unique: the name of a registered model.

A lease is a registered model without versions, named after what it guards and a generation that only
grows. Making a name that exists is refused by the store, so of all who want the next generation one gets
it. The highest generation is never deleted: whoever has an old view of the list finds itself below it.

No clock is compared with another's. A lease says how long it lasts; who waits for it has to see it
unchanged for that long by its own clock before it takes the next generation, and its holder has begun to
count earlier.
"""

import os
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from modelqa.errors import ActionError

PREFIX = "modelqa-lease"
SECONDS, MARGIN, PATIENCE, PAUSE = 60.0, 20.0, 120.0, 0.2
"""How long a lease lasts, what must be left of it to write (one call may take 15), how long to wait for it
(longer than a dead holder's lasts), and between looks."""
_OWNER, _LASTS, _RELEASED = "modelqa.owner", "modelqa.seconds", "modelqa.released"
_DESCRIPTION = "A lease of modelqa's promotions, no model. It may be deleted while nobody promotes."


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that somebody holds: ``generation`` is its fencing token, ``expires`` a time of ``now``."""

    store: Any
    base: str
    generation: int
    expires: float
    now: Callable[[], float]
    margin: float = MARGIN

    @property
    def name(self) -> str:
        return f"{self.base}.{self.generation}"

    def check(self) -> None:
        """Raise `ActionError` where it is no longer ours, or so short that a write might come too late."""
        if self.expires - self.now() < self.margin:
            raise ActionError(f"the lease {self.name} ran out before the work was done: start again")
        if max(_generations(self.store, self.base), default=0) != self.generation:
            raise ActionError(f"somebody else took over the lease {self.name}: start again")


@contextmanager
def held(
    store: Any,
    *guarded: str,
    seconds: float = SECONDS,
    patience: float = PATIENCE,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Lease]:
    """Hold the lease of something, waiting for its holder or until that lease has run out.

    Raises `ActionError` where it is not free within ``patience`` seconds.
    """
    base = ".".join([PREFIX, *(re.sub(r"[^\w-]+", "_", part) for part in guarded)])
    given_up, seen, since = now() + patience, 0, now()
    while True:
        known = _generations(store, base)
        highest = max(known, default=0)
        if highest != seen:
            seen, since = highest, now()
        tags = known.get(highest, {})
        if not highest or _RELEASED in tags or now() - since >= _lasts(tags):
            lease = _take(store, base, highest + 1, seconds, now)
            if lease is not None:
                break
        elif now() >= given_up:
            holder = tags.get(_OWNER, "").rpartition(":")[0]
            by = f" (by {holder})" if holder else ""
            raise ActionError(f"another promotion holds {base}{by}: try again later")
        sleep(PAUSE)
    for old in known:
        if old < highest:
            _forget(store, f"{base}.{old}")
    try:
        yield lease
    finally:
        with suppress(Exception):  # it runs out by itself
            store.set_registered_model_tag(lease.name, _RELEASED, "true")


def _take(store: Any, base: str, generation: int, seconds: float, now: Callable[[], float]) -> Lease | None:
    """This generation, if nobody is quicker."""
    lease = Lease(store, base, generation, now() + seconds, now, min(MARGIN, seconds / 3))
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"
    tags = {_OWNER: owner, _LASTS: str(seconds)}
    try:
        store.create_registered_model(lease.name, tags=tags, description=_DESCRIPTION)
    except Exception as error:
        if getattr(error, "error_code", "") != "RESOURCE_ALREADY_EXISTS":
            raise
        # A client that lost the answer asks again, and meets its own name.
        return lease if _generations(store, base).get(generation, {}).get(_OWNER) == owner else None
    return lease


def _generations(store: Any, base: str) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    token = None
    while True:
        page = store.search_registered_models(f"name LIKE '{base}.%'", max_results=100, page_token=token)
        for model in page:
            rest = model.name.removeprefix(f"{base}.")
            if rest.isdecimal():
                found[int(rest)] = dict(model.tags or {})
        token = page.token
        if not token:
            return found


def _lasts(tags: Mapping[str, str]) -> float:
    try:
        return float(tags[_LASTS])
    except (KeyError, ValueError):
        return SECONDS


def _forget(store: Any, name: str) -> None:
    with suppress(Exception):  # another promoter has tidied up
        store.delete_registered_model(name)
