"""Records of event files: length, its checksum, payload, its checksum; each payload is an event.

The frame is that of TFRecord files (tensorflow.org/tutorials/load_data/tfrecord), with checksums CRC-32C
(RFC 3720), masked; the message is that of TensorBoard's ``event.proto``.
"""

import struct
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from modelqa.core import extras
from modelqa.errors import CheckError


class CutOff(Exception):
    """A file ends inside a record: its writer was stopped, or still writes."""


def events(path: Path) -> Iterator[Any]:
    """The events of a file. Raises `CutOff` behind the last whole one, and `CheckError` at a damage."""
    event = extras.load("tensorboard.compat.proto.event_pb2").Event
    error = extras.load("google.protobuf.message").DecodeError
    for count, payload in enumerate(_records(path)):
        try:
            made = event.FromString(payload)
        except error:
            _damaged(path, count)
        yield made


def masked(data: bytes) -> int:
    """The checksum of some bytes, as a record holds it.

    >>> hex(masked(b"123456789"))
    '0xc78ab0e5'
    """
    state = _crc32c()(data)
    return ((state >> 15 | state << 17) + 0xA282EAD8) & 0xFFFFFFFF


@cache
def _crc32c() -> Callable[[bytes], int]:
    value: Callable[[bytes], int] = extras.load("google_crc32c").value
    return value


def _records(path: Path) -> Iterator[bytes]:
    """The payloads of a file's records: length, its checksum, payload, its checksum."""
    try:
        file, left, count = path.open("rb"), path.stat().st_size, 0
    except OSError as error:
        raise CheckError(f"{path.name} cannot be read: {error.strerror}") from None
    with file:
        if not left:
            raise CutOff("is empty")
        while left:
            head = file.read(min(12, left))
            left -= len(head)
            if len(head) < 12:
                raise CutOff(f"is cut off after {count:,} records")
            length, check = struct.unpack("<QI", head)
            if masked(head[:8]) != check:
                _damaged(path, count)
            if length + 4 > left:
                raise CutOff(f"is cut off after {count:,} records")
            payload, foot = file.read(length), file.read(4)
            if len(foot) < 4 or masked(payload) != struct.unpack("<I", foot)[0]:
                _damaged(path, count)
            left -= length + 4
            count += 1
            yield payload


def _damaged(path: Path, count: int) -> NoReturn:
    raise CheckError(
        f"{path.name} is damaged after {count:,} records, so that nobody knows what followed: "
        "copy it anew, or name the run's folder without it"
    )
