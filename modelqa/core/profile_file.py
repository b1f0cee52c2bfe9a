"""Profiles as files: JSON, packed, the same bytes for the same counts."""

import gzip
import json
import zlib
from collections.abc import Mapping
from itertools import pairwise
from math import isfinite
from typing import Any

from modelqa.core.profile import ColumnProfile, Edges, Names, Numbers, Profile
from modelqa.core.signature import ColumnKind
from modelqa.errors import SubjectError

SUFFIX = ".profile.json.gz"
TAG = "modelqa.reference"
"""The tag of a logged model, or of a model version, that says where its profile lies."""
VERSION = 1
_MOST = 64 << 20
"""No profile unpacks to more bytes."""


def dumps(profile: Profile) -> bytes:
    """A profile as bytes: a gzip file of JSON, without a time.

    >>> loads(dumps(Profile(3, {}))) == Profile(3, {})
    True
    """
    columns = [{"name": name, **_plain(column)} for name, column in profile.columns.items()]
    made = {"modelqa_profile": VERSION, "rows": profile.rows, "columns": columns}
    text = json.dumps(made, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return gzip.compress(text.encode("utf-8", "surrogatepass"), compresslevel=9, mtime=0)


def loads(data: bytes, shown: str = "profile") -> Profile:
    """The profile behind some bytes.

    Raises `SubjectError` where they are none, are damaged, or were written by a later version.
    """
    read = _unpacked(data, shown)
    if not isinstance(read, dict) or not isinstance(read.get("modelqa_profile"), int):
        raise SubjectError(f"{shown}: not a profile; make one with modelqa profile or modelqa.log_reference")
    if read["modelqa_profile"] > VERSION:
        raise SubjectError(
            f"{shown}: version {read['modelqa_profile']} of the format, known is {VERSION}; update modelqa"
        )
    try:
        columns = {str(one["name"]): _column(one) for one in read["columns"]}
        profile = Profile(_count(read["rows"]), columns)
        if any(column.rows != profile.rows for column in columns.values()):
            raise ValueError
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise SubjectError(f"{shown}: a damaged profile ({type(error).__name__}); make it again") from None
    return profile


def _unpacked(data: bytes, shown: str) -> Any:
    try:
        reader = zlib.decompressobj(wbits=31)
        text = reader.decompress(data, _MOST)
        if not reader.eof:
            raise ValueError
        return json.loads(text.decode("utf-8", "surrogatepass"))
    except (zlib.error, ValueError, RecursionError):
        raise SubjectError(f"{shown}: not a whole profile (truncated or damaged); make it again") from None


def _plain(column: ColumnProfile) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": str(column.kind), "rows": column.rows, "nulls": column.nulls}
    held = column.held
    if isinstance(held, Numbers):
        edges = {"ends": held.edges.ends, "low": held.edges.low, "high": held.edges.high}
        return {**made, **edges, "counts": held.counts, "sums": held.sums}
    if isinstance(held, Names):
        return {**made, "names": held.names, "counts": held.counts, "others": held.others}
    return made


def _column(read: Mapping[str, Any]) -> ColumnProfile:
    kind, rows, nulls = ColumnKind(read["kind"]), _count(read["rows"]), _count(read["nulls"])
    held: Numbers | Names | None = None
    if "ends" in read:
        held = _numbers(read)
        present = sum(held.counts)
    elif "names" in read:
        held = Names(
            names=tuple(map(_text, read["names"])), counts=_counts(read), others=_count(read["others"])
        )
        present = sum(held.counts) + held.others
        if len(held.names) != len(held.counts):
            raise ValueError
    if (held is None) is not (kind is ColumnKind.OTHER) or (held is not None and present + nulls != rows):
        raise ValueError
    return ColumnProfile(kind, rows=rows, nulls=nulls, held=held)


def _numbers(read: Mapping[str, Any]) -> Numbers:
    ends, low, high = tuple(map(float, read["ends"])), float(read["low"]), float(read["high"])
    held = Numbers(
        edges=Edges(ends, low=low, high=high), counts=_counts(read), sums=tuple(map(_count, read["sums"]))
    )
    rising = all(a < b for a, b in pairwise(ends)) and all(map(isfinite, (*ends, low, high)))
    if not rising or low > high or not len(ends) + 1 == len(held.counts) == len(held.sums):
        raise ValueError
    return held


def _counts(read: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(map(_count, read["counts"]))


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 62:
        raise ValueError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
