"""Bounds from what was seen: rounded outwards, to figures that a person would have written."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from math import floor, isfinite, log10

from modelqa.core.estimate import Levels
from modelqa.stats import intervals

SURE = Levels(alpha=0.001, beta=0.001, reds="none")
"""Shares are bounded where the next batch goes beyond about once in a hundred times."""
LEAST, MOST = 1e-300, 1e300


def step(size: float) -> Decimal:
    """The largest of 1, 2 and 5 times a power of ten that is at most ``size``.

    >>> step(0.034), step(700)
    (Decimal('0.02'), Decimal('5E+2'))
    """
    exponent = floor(log10(size))
    digit = next((digit for digit in (5, 2) if size >= float(f"{digit}e{exponent}")), 1)
    return Decimal(digit).scaleb(exponent)


def down(value: float, unit: Decimal) -> float:
    """The largest multiple of ``unit`` that is at most ``value``.

    >>> down(0.8374, Decimal("0.005"))
    0.835
    """
    return _number((Decimal(repr(value)) / unit).to_integral_value(ROUND_FLOOR) * unit, value)


def up(value: float, unit: Decimal) -> float:
    """The smallest multiple of ``unit`` that is at least ``value``.

    >>> up(61, Decimal(20))
    80
    """
    return _number((Decimal(repr(value)) / unit).to_integral_value(ROUND_CEILING) * unit, value)


def _number(found: Decimal, like: float) -> float:
    return int(found) if isinstance(like, int) and found == int(found) else float(found)


def widened(low: float, high: float) -> tuple[float, float] | None:
    """The range from ``low`` to ``high``, wider by half of its spread at each end, and rounded outwards.

    It crosses zero only where values did. Where all values are one, that value takes the place of
    the spread. None where there is no spread to speak of (all zero), or it is beyond numbers.

    >>> widened(18, 90), widened(0.5, 1.0), widened(0, 0)
    ((0, 126), (0.24, 1.26), None)
    """
    size = high - low or abs(low)
    if not LEAST < size < MOST or max(abs(low), abs(high)) > MOST:
        return None
    whole = isinstance(low, int) and isinstance(high, int)
    half = -(-int(size) // 2) if whole else size / 2
    unit = max(step(size / 20), Decimal(1)) if whole else step(size / 20)
    bottom, top = down(low - half, unit), up(high + half, unit)
    return (max(bottom, 0) if low >= 0 else bottom), (min(top, 0) if high <= 0 else top)


def limit(value: float, near: float, *, greater: bool, worthless: float | None = None) -> float | None:
    """A bound for a score from its value and the end of its interval that is nearest to red.

    It lies as far beyond that end as the end lies from the value, so that the next batch passes
    too, rounded outwards: a floor where ``greater`` is better, else a ceiling. A floor that is
    ``worthless`` there falls back to the end itself; one that is worthless even so, or an end that
    is not known, gives None.

    >>> limit(0.914, 0.909, greater=True), limit(0.35, 0.36, greater=False)
    (0.904, 0.37)
    >>> [limit(0.6, low, greater=True, worthless=0.5) for low in (0.54, 0.4)]
    [0.54, None]
    """
    reach = abs(value - near) or abs(value) / 100 or 0.01
    if not (isfinite(value) and LEAST < reach < MOST):
        return None
    unit = step(reach / 2)
    if not greater:
        return up(near + reach, unit)
    found = (down(wanted, unit) for wanted in (near - reach, near))
    return next((floor for floor in found if worthless is None or floor > worthless), None)


def share(count: int, rows: int) -> float:
    """The share to allow where ``count`` of ``rows`` were seen: the upper end of the exact interval.

    >>> share(0, 899) < 0.01, round(share(1500, 50000), 4)
    (True, 0.0324)
    """
    return intervals.proportion(count, rows, SURE).high


def percent(found: float) -> str:
    """A share as a percentage, rounded up.

    >>> percent(0.03241), percent(0.00076), percent(1)
    ('3.4%', '0.08%', '100%')
    """
    rounded = up(100 * found, step(10 * found))
    return f"{min(rounded, 100):g}%"


def budget(seconds: float) -> str:
    """A latency that three times as slow a machine keeps to: 1, 2 or 5 times a power of ten.

    >>> budget(0.0041), budget(0.00002), budget(0.5)
    ('20 ms', '10 ms', '2000 ms')
    """
    wanted = max(3000 * seconds, 10.0)
    exponent = floor(log10(wanted))
    sizes = (float(f"{digit}e{exponent}") for digit in (1, 2, 5, 10))
    return f"{next(size for size in sizes if size >= wanted):.0f} ms"
