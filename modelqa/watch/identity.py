"""What a verdict is about: digests of suite, model and rows, and of labels where those lie apart."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from modelqa.core.subject import DataInfo, ModelInfo
from modelqa.engines import columns, parts
from modelqa.engines.files import File
from modelqa.errors import SubjectError
from modelqa.ledger import Batch
from modelqa.run.found import find_rows
from modelqa.run.opened import Opened
from modelqa.suite.spec import Labels
from modelqa.watch.arrivals import Arrival


@dataclass(frozen=True, slots=True)
class Identity:
    """What is judged. ``rows`` names the rows, whatever their labels; ``lacks`` counts those without one."""

    batch: Batch
    _: KW_ONLY
    rows: DataInfo
    lacks: int = 0


def identify(arrival: Arrival, opened: Opened, model: ModelInfo | None) -> Identity:
    """What an arrival is, by its content.

    Raises `SubjectError` where it cannot be read: then it is as if it had not come yet.
    """
    digest = _digest(arrival, opened)
    labels, lacks = ("", 0) if arrival.flaw else _labels(opened)
    judged = f"sha256:{sha256(f'{digest} {labels}'.encode()).hexdigest()}" if labels else digest
    batch = Batch(arrival.name, suite=opened.suite.rules, model=model.digest if model else "", digest=judged)
    return Identity(batch, rows=DataInfo(arrival.name, rows=0, digest=digest), lacks=lacks)


def _digest(arrival: Arrival, opened: Opened) -> str:
    """Of files their bytes, readable or not; of all else the rows; nothing for a suite without rows."""
    source = opened.suite.batch
    if source is None:
        return ""
    found = find_rows(source, opened.suite, opened.settings)
    if isinstance(found, tuple) and "batch" in arrival.changes:
        return parts.digest([File.at(Path(path)) for path in found])
    return opened.batch.info.digest


def _labels(opened: Opened) -> tuple[str, int]:
    """The digest of labels that lie in a table of their own, and how many rows have none.

    Where they cannot be had, all rows lack them; "" where the batch itself holds the labels, or has no rows.
    """
    if not isinstance(opened.suite.labels, Labels):
        return "", 0
    try:
        rows = opened.batch.rows
    except SubjectError:
        return "", 0
    try:
        found = opened.labels
    except SubjectError:
        return "none", rows
    return columns.fingerprint(found).hex(), int(found.missing.sum())


def labels_mark(opened: Opened) -> str:
    """What the file system says of the files of labels; "?" where only reading them would tell."""
    labels = opened.suite.labels
    if not isinstance(labels, Labels):
        return ""
    if not isinstance(labels.path, str):
        return "?"
    try:
        found: Any = find_rows(labels.path, opened.suite, opened.settings)
    except SubjectError:
        return "none"
    return _stats(found) if isinstance(found, tuple) else "?"


def _stats(found: Sequence[Path]) -> str:
    try:
        stats = [path.stat() for path in found]
    except OSError:
        return "none"
    return ";".join(f"{s.st_size} {s.st_mtime_ns} {s.st_ctime_ns} {s.st_ino}" for s in stats)
