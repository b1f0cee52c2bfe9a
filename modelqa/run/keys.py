"""What a measurement depends on, as one key: nothing that may move it is left out, or it has no key."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelqa.cache import code
from modelqa.cache.stamps import Stamp
from modelqa.cache.store import key_of
from modelqa.core.check import COMPARES, Needs
from modelqa.core.profile_file import TAG
from modelqa.core.subject import Endpoint
from modelqa.engines import parts
from modelqa.engines.files import File
from modelqa.engines.profiled import is_profile
from modelqa.engines.sources import is_address
from modelqa.errors import NotFound
from modelqa.run.found import find_rows, name_of_rows
from modelqa.run.plan import Planned
from modelqa.suite.nodes import Place
from modelqa.suite.spec import Labels
from modelqa.suite.where import Condition

if TYPE_CHECKING:
    from modelqa.run.opened import Opened

APART = frozenset(
    {"model", "champion", "batch", "reference", "labels", "checks", "actions", "path", "digest", "source"}
    | {"trust", "champion_missing", "false_alarms", "confidence", "inconclusive"}
)
"""Fields of a suite that a key holds by their digests, or that only decide what becomes of a measurement."""
ROLES = ("weights", "group", "time", "key", "predictions")
"""Keys of a suite that name columns which are no features."""
_ASKED = Needs.MODEL | Needs.PREDICTIONS | Needs.CHAMPION
_SCALARS = (type(None), bool, int, float, str)


class Unkeyed(Exception):
    """Something that no digest covers: an object, a server, code that may read anything."""


def canonical(value: Any) -> str:
    """Plain data as a text that differs wherever the data does, types and order included.

    Raises `Unkeyed` for anything that is not plain.

    >>> canonical({"max": 1}) == canonical({"max": 1.0}), canonical(("a",)) == canonical(["a"])
    (False, True)
    """
    return json.dumps(_plain(value), separators=(",", ":"))


def _plain(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value
    match value:
        case Place():
            return None
        case Condition():
            return ["where", value.text]
        case Enum():
            return ["enum", type(value).__name__, value.name]
        case date() | Path():
            return [type(value).__name__, str(value)]
        case list() | tuple():
            return ["list", *map(_plain, value)]
        case Mapping():
            return ["map", *([_plain(key), _plain(item)] for key, item in value.items())]
    if is_dataclass(value) and not isinstance(value, type):
        held = {field.name: getattr(value, field.name) for field in fields(value)}
        return [type(value).__name__, _plain(held)]
    raise Unkeyed(type(value).__name__)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of files: what a result calls them, the digest of their bytes, and whether it still holds."""

    name: str
    files: tuple[str, ...]
    digest: str
    stamp: Stamp | None = None


def rows_of(opened: "Opened", key: str) -> Rows:
    """The files behind a part of the subject, hashed; files of this machine are not opened for it.

    Raises `Unkeyed` where it is no file, and `SubjectError` where one cannot be found or read.
    """
    labels = opened.suite.labels
    source = labels.path if key == "labels" and isinstance(labels, Labels) else getattr(opened.suite, key)
    if not isinstance(source, str | Path):
        raise Unkeyed("no digest tells all of an object, and a database may change its mind")
    if not is_local(source):
        info = opened.table(key).info
        return Rows(info.name, (str(source),), info.digest)
    found: tuple[Path, ...] = find_rows(source, opened.suite, opened.settings)
    stamp = Stamp(partial(_numbered, found), partial(parts.digest, [File.at(path) for path in found]))
    name = "" if len(found) == 1 else name_of_rows(source, key) or "table"
    return Rows(name or found[0].name, tuple(path.name for path in found), stamp.digest, stamp)


def hashed(opened: "Opened", key: str) -> Rows:
    """The files of a table, hashed once; raises as `rows_of` does."""
    return opened.once("rows", key, make=partial(rows_of, opened, key))


def is_local(source: Any) -> bool:
    """Whether rows are of files of this machine, hashed as they are: a profile is read at once, and whole.

    >>> is_local("new.parquet"), is_local("s3://bucket/new.parquet"), is_local({"age": [31]})
    (True, False, False)
    """
    return isinstance(source, str | Path) and not is_address(source) and not is_profile(source)


def _numbered(paths: tuple[Path, ...]) -> dict[str, Path]:
    return {f"{place} {path}": path for place, path in enumerate(paths)}


def subject_key(opened: "Opened", needs: Needs) -> str:
    """What all checks of such needs depend on.

    Raises `Unkeyed` where no key could tell it, and `SubjectError` where a part is missing.
    """
    suite = opened.suite
    held = {field.name: getattr(suite, field.name) for field in fields(suite) if field.name not in APART}
    return canonical(
        {
            "code": code.installed(),
            "suite": held,
            "labels": _labels(opened),
            **{side: _model(opened, side, asked=bool(needs & _ASKED)) for side in ("model", "champion")},
            **{key: _rows(opened, key) for key in ("batch", "reference")},
            "profile": _profile(opened) if needs & COMPARES else None,
        }
    )


def check_key(planned: Planned) -> str:
    """What a check adds: all that it is called with. Raises `Unkeyed`."""
    spec = planned.spec
    function = spec.type.function
    file = getattr(sys.modules.get(function.__module__), "__file__", None)
    if "<locals>" in function.__qualname__ or file is None:
        raise Unkeyed("a function that is made anew each time, or that stands in no file")
    return canonical(
        {
            "function": f"{function.__module__}:{function.__qualname__}",
            **{key: getattr(spec, key) for key in ("kind", "value", "id", "params", "versus", "relative")},
            **{key: getattr(spec, key) for key in ("unit", "slices", "across")},
            "levels": asdict(planned.levels),
            "bound": dict(spec.bound.limits()),  # what is told over time is how far from it a batch is
        }
    )


def key_of_check(planned: Planned, opened: "Opened") -> str:
    """The key of what a check measures. Raises `Unkeyed`, or `SubjectError` where a part is missing."""
    spec = planned.spec
    if not spec.type.cached_of(spec.value, spec.params):
        raise Unkeyed("it depends on more than its inputs")
    needs = planned.needs | (Needs.MODEL if spec.versus else Needs.NOTHING)
    subject = opened.once("key", str(needs.value), make=partial(subject_key, opened, needs))
    return key_of("measurement", subject, check_key(planned))


def key_of_predictions(opened: "Opened", side: str, of: str) -> str:
    """The key of what a model says of a table: its rows, and which of its columns the model is given.

    Raises `Unkeyed`, or `SubjectError` where a part is missing.
    """
    suite = opened.suite
    roles = {key: getattr(suite, key) for key in ("features", *ROLES)}
    parts = {
        "code": code.installed(),
        "columns": {**roles, "labels": _columns(suite.labels)},
        # A champion that does not say which columns it reads is given those of the model.
        "models": [_model(opened, each, asked=True) for each in (side, "model")],
        "rows": _of_rows(opened, of),
    }
    return key_of("predictions", canonical(parts))


def _columns(labels: Any) -> Any:
    """The columns of the batch that labels take: no features."""
    return labels.on if isinstance(labels, Labels) else labels if isinstance(labels, str) else None


def _labels(opened: "Opened") -> Any:
    labels = opened.suite.labels
    if not isinstance(labels, Labels):
        return ["written", _plain(labels)]
    return ["joined", labels.on, labels.column, _of_rows(opened, "labels")]


def _rows(opened: "Opened", key: str) -> Any:
    return None if getattr(opened.suite, key) is None else _of_rows(opened, key)


def _of_rows(opened: "Opened", key: str) -> Any:
    """Files by name and digest: the name says how they are read."""
    rows = hashed(opened, key)
    return [rows.name, *rows.files, rows.digest]


def _model(opened: "Opened", side: Any, *, asked: bool) -> Any:
    """A model by its digest, where its answers follow from that."""
    written = getattr(opened.suite, side)
    if written is None:
        return None
    if asked and (isinstance(written, Endpoint) or opened.suite.serve):
        raise Unkeyed("a server may change its mind")
    if isinstance(written, Endpoint):
        return "endpoint"
    try:
        found = opened.find(side)
    except NotFound:
        if side == "champion" and opened.champion_missing:
            return "missing"
        raise
    if found.stamp is None:
        raise Unkeyed("its code may read anything")
    return [found.info.digest, found.info.name, found.info.version, found.tags.get(TAG)]


def _profile(opened: "Opened") -> str | None:
    """The digest of the profile that stands in for a reference."""
    suite = opened.suite
    return opened.reference.info.digest if suite.reference is None and suite.model is not None else None
