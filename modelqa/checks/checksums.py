"""The checksum of records in event files: CRC-32C (RFC 3720), masked as TFRecord files have it.

TensorBoard has the same function, byte by byte in Python. Here long payloads, which are graphs and pictures,
are taken row by row: the checksum is linear, so that rows can be worked out side by side and joined.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL, _START = 0x82F63B78, 0xFFFFFFFF
_ROW, _BLOCK = 512, 4096
"""Bytes of a row, and how many rows are worked out at once."""
_LONG = 16 * _ROW


def masked(data: bytes) -> int:
    """The masked checksum of some bytes.

    >>> hex(masked(b"123456789"))
    '0xc78ab0e5'
    """
    state = (_by_rows(data) if len(data) >= _LONG else _by_bytes(data)) ^ _START
    return ((state >> 15 | state << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _by_bytes(data: bytes) -> int:
    state, table = _START, _TABLE
    for byte in data:
        state = table[(state ^ byte) & 0xFF] ^ state >> 8
    return state


def _by_rows(data: bytes) -> int:
    rest = len(data) % _ROW
    state, shift = _by_bytes(data[:rest]), _shift()
    rows = np.frombuffer(data, np.uint8, offset=rest).reshape(-1, _ROW)
    for start in range(0, len(rows), _BLOCK):
        for end in _each(rows[start : start + _BLOCK]).tolist():
            a, b, c, d = state & 0xFF, state >> 8 & 0xFF, state >> 16 & 0xFF, state >> 24
            state = end ^ shift[0][a] ^ shift[1][b] ^ shift[2][c] ^ shift[3][d]
    return state


def _each(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """What each row adds to the state, whatever that was before it."""
    table, states = np.array(_TABLE, dtype=np.uint32), np.zeros(len(rows), dtype=np.uint32)
    for column in np.ascontiguousarray(rows.T):
        states = table[(states ^ column) & 0xFF] ^ (states >> 8)
    return states


@cache
def _shift() -> list[list[int]]:
    """What becomes of each byte of a state over a row of zeros, lowest byte first."""
    states = np.arange(256, dtype=np.uint32)[None, :] << (8 * np.arange(4, dtype=np.uint32)[:, None])
    table = np.array(_TABLE, dtype=np.uint32)
    for _ in range(_ROW):
        states = table[states & 0xFF] ^ (states >> 8)
    moved: list[list[int]] = states.tolist()
    return moved


def _divided(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_divided, range(256)))
