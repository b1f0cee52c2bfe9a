"""Numbers with units: read ``"40 ms"`` and ``"0.1%"``, print seconds, shares and bytes."""

import math
import re
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a number measures; values are kept in the base unit (seconds, bytes, 0 to 1)."""

    NUMBER = "number"
    SHARE = "share"
    SECONDS = "seconds"
    BYTES = "bytes"
    PER_SECOND = "per_second"


_SCALES: dict[str, tuple[Unit, float]] = {
    "ns": (Unit.SECONDS, 1e-9),
    "us": (Unit.SECONDS, 1e-6),
    "µs": (Unit.SECONDS, 1e-6),
    "ms": (Unit.SECONDS, 1e-3),
    "s": (Unit.SECONDS, 1.0),
    "min": (Unit.SECONDS, 60.0),
    "h": (Unit.SECONDS, 3600.0),
    "d": (Unit.SECONDS, 86400.0),
    "B": (Unit.BYTES, 1.0),
    "kB": (Unit.BYTES, 1e3),
    "MB": (Unit.BYTES, 1e6),
    "GB": (Unit.BYTES, 1e9),
    "KiB": (Unit.BYTES, 2.0**10),
    "MiB": (Unit.BYTES, 2.0**20),
    "GiB": (Unit.BYTES, 2.0**30),
    "/s": (Unit.PER_SECOND, 1.0),
    "%": (Unit.SHARE, 0.01),
    "pp": (Unit.SHARE, 0.01),
}
_NUMBER = re.compile(r"\s*([+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-zµ%/]*)\s*")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in its base unit and the suffix it was written with (``""`` for none)."""

    value: float
    suffix: str = ""

    @property
    def unit(self) -> Unit:
        """What the number measures, by its suffix."""
        return _SCALES[self.suffix][0] if self.suffix else Unit.NUMBER


def parse(written: object) -> Quantity:
    """Read a number, or a text holding a number and a unit.

    Raises ``ValueError`` with what was found and which units there are.

    >>> parse("40 ms")
    Quantity(value=0.04, suffix='ms')
    >>> parse(0.9)
    Quantity(value=0.9, suffix='')
    >>> parse("1%").unit
    <Unit.SHARE: 'share'>
    """
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise ValueError(f"expected a number, found {written!r}")
    if isinstance(written, int | float):
        return Quantity(_finite(float(written), written))
    match = _NUMBER.fullmatch(written)
    if match is None:
        raise ValueError(f"expected a number with or without a unit, found {written!r}")
    number, suffix = match.groups()
    if suffix and suffix not in _SCALES:
        raise ValueError(f"unknown unit {suffix!r}; units are {', '.join(_SCALES)}")
    scale = _SCALES[suffix][1] if suffix else 1.0
    # Dividing keeps decimals exact: 40 / 1000 is 0.04, 40 * 1e-3 is 0.04 plus a bit.
    scaled = float(number) / round(1 / scale) if scale < 1 else float(number) * scale
    return Quantity(_finite(scaled, written), suffix)


def read(written: object, unit: Unit) -> float:
    """Read a number above 0 in a unit, which has to be written.

    Raises ``ValueError`` with what was expected and found.

    >>> read("500 ms", Unit.SECONDS), read("100 /s", Unit.PER_SECOND)
    (0.5, 100.0)
    """
    found = parse(written)
    if found.unit is not unit or found.value <= 0:
        told = unit.replace("_", " ")
        raise ValueError(f"expected {told} above 0, in {' '.join(suffixes(unit))}, found {written!r}")
    return found.value


def share(written: object) -> float:
    """Read a share between 0 and 1, as a number or in percent.

    Raises ``ValueError`` with what was expected and found.

    >>> share("1%"), share(0.5)
    (0.01, 0.5)
    """
    found = parse(written)
    if found.unit not in (Unit.NUMBER, Unit.SHARE) or not 0 <= found.value <= 1:
        raise ValueError(f"expected a share such as 0 or 1%, found {written!r}")
    return found.value


def _finite(value: float, written: object) -> float:
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, found {written!r}")
    return value


def suffixes(unit: Unit) -> tuple[str, ...]:
    """The suffixes that a unit may be written with.

    >>> suffixes(Unit.SHARE)
    ('%', 'pp')
    """
    return tuple(suffix for suffix, (kind, _) in _SCALES.items() if kind is unit)


def show(value: float, unit: Unit = Unit.NUMBER, digits: int = 3) -> str:
    """Print a value for people, in the scale that suits it.

    >>> show(0.0383, Unit.SECONDS), show(0.0012, Unit.SHARE), show(0.90812)
    ('38.3 ms', '0.12%', '0.908')
    >>> show(30 * 86400.0, Unit.SECONDS), show(900.0, Unit.SECONDS)
    ('30 d', '900 s')
    >>> show(float("inf")), show(float("nan"))
    ('inf', 'nan')
    """
    if not math.isfinite(value):
        return str(value)
    match unit:
        case Unit.SECONDS:
            return _scaled(value, (("d", 86400.0), ("h", 3600.0), ("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)))
        case Unit.BYTES:
            return _scaled(value, (("GiB", 2.0**30), ("MiB", 2.0**20), ("KiB", 2.0**10), ("B", 1.0)))
        case Unit.PER_SECOND:
            return f"{_short(value, digits)}/s"
        case Unit.SHARE:
            return f"{_short(100 * value, digits)}%"
        case _:
            return _plain(value, digits)


def _scaled(value: float, scales: tuple[tuple[str, float], ...]) -> str:
    suffix, scale = next((s for s in scales if abs(value) >= s[1]), scales[-1])
    return f"{_short(value / scale, 3)} {suffix}"


def _short(value: float, digits: int) -> str:
    return f"{value:.{digits}g}" if abs(value) < 1000 else f"{value:,.0f}"


def _plain(value: float, digits: int) -> str:
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.1f}"
    if abs(value) >= 10:
        return f"{value:.2f}"
    return f"{value:.{digits}f}" if abs(value) >= 10**-digits else f"{value:.2g}"
