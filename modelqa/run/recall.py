"""What an earlier run measured of the same inputs: found again, or kept for the next one."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from modelqa.cache import code
from modelqa.cache.store import key_of
from modelqa.core import kept as content
from modelqa.core.kept import Kept
from modelqa.core.result import Measurement
from modelqa.core.subject import DataInfo
from modelqa.errors import ModelQAError
from modelqa.run.keys import Unkeyed, key_of_check
from modelqa.run.plan import Planned

if TYPE_CHECKING:
    from modelqa.run.opened import Opened


def recalled(planned: Planned, opened: "Opened") -> Kept | None:
    """What a check measured of these inputs before; None where nobody knows, or nothing is kept."""
    if opened.settings.cache is None:
        return None
    return opened.once("kept", planned.id, make=lambda: _recalled(planned, opened))


def _recalled(planned: Planned, opened: "Opened") -> Kept | None:
    key, cache = _key(planned, opened), opened.settings.cache
    found = cache.get(key) if cache and key else None
    try:
        kept = content.loads(found) if found else None
    except ValueError:
        return None
    return kept if kept and kept.measurements and code.unchanged(kept.code) else None


def keep(planned: Planned, opened: "Opened", found: Iterable[Measurement], notes: tuple[str, ...]) -> None:
    """Keep what a check has measured, if that follows from its key and the inputs are still those of it."""
    cache = opened.settings.cache
    key = None if cache is None or opened.outside else _key(planned, opened)
    if cache is None or key is None or not all(stamp.holds() for stamp in opened.stamps()):
        return
    loaded = code.loaded()
    if loaded is None:
        return
    try:
        cache.put(key, content.dumps(Kept(tuple(found), notes=notes, code=loaded)))
    except (TypeError, ValueError):  # evidence that is no JSON
        return


def _key(planned: Planned, opened: "Opened") -> str | None:
    try:
        return key_of_check(planned, opened)
    except (Unkeyed, ModelQAError):  # what is missing is told by who measures
        return None


def told(opened: "Opened", part: str) -> DataInfo:
    """Name, rows and digest of a table, which is not opened where its bytes were counted before.

    Raises `SubjectError` as opening it does.
    """
    cache = opened.settings.cache
    if cache is None:
        return opened.table(part).info
    try:
        rows = opened.rows(part)
    except Unkeyed:
        return opened.table(part).info
    key = key_of("rows", code.installed(), *rows.files, rows.digest)
    if not opened.is_open(part):
        count = cache.get(key)
        if count is not None:
            return DataInfo(rows.name, rows=int(count), digest=rows.digest)
    info = opened.table(part).info
    if rows.stamp is not None and rows.stamp.holds():
        cache.put(key, str(info.rows).encode())
    return info
