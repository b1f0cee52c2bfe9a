"""What a result tells of its subject: names, rows and digests, nothing opened for it that need not be."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelqa.cache import code
from modelqa.cache.store import key_of
from modelqa.core.subject import DataInfo, Query, SubjectInfo
from modelqa.engines.sources import is_address
from modelqa.errors import SubjectError
from modelqa.run.keys import Unkeyed, hashed

if TYPE_CHECKING:
    from modelqa.run.opened import Opened


def told(opened: "Opened") -> SubjectInfo:
    """Names and digests of all that the suite names; what cannot be resolved is left out.

    The profile of the model version is told of where a check has asked for it.
    """
    suite = opened.suite

    def tell(key: str, part: Callable[[], Any]) -> Any:
        try:
            return None if getattr(suite, key) is None else part()
        except SubjectError:
            return None

    reference = tell("reference", lambda: _placed(rows(opened, "reference"), suite.reference))
    if reference is None and opened.is_open("reference"):
        reference = opened.reference.info
    return SubjectInfo(
        model=tell("model", lambda: opened.find("model").info),
        champion=tell("champion", lambda: opened.find("champion").info),
        batch=tell("batch", lambda: _placed(rows(opened, "batch"), suite.batch)),
        reference=reference,
    )


def rows(opened: "Opened", part: str) -> DataInfo:
    """Name, rows and digest of a table, which is not opened where its bytes were counted before.

    Raises `SubjectError` as opening it does.
    """
    cache = opened.settings.cache
    if cache is None:
        return opened.table(part).info
    try:
        found = hashed(opened, part)
    except Unkeyed:
        return opened.table(part).info
    key = key_of("rows", code.installed(), *found.files, found.digest)
    if not opened.is_open(part):
        count = cache.get(key)
        if count is not None:
            return DataInfo(found.name, rows=int(count), digest=found.digest)
    info = opened.table(part).info
    if found.stamp is not None and found.stamp.holds():
        cache.put(key, str(info.rows).encode())
    return info


def _placed(info: DataInfo, source: Any) -> DataInfo:
    """What is told of a table, with what leads to it: of an address as it is told, without a password."""
    if isinstance(source, Query):
        return replace(info, source=source.sql)
    if not isinstance(source, str | Path):
        return info
    if not is_address(source):
        return replace(info, source=str(source))
    return replace(info, source=info.name) if is_address(info.name) else info
