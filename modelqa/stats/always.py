"""Two arms of an experiment that is looked at while it runs: intervals and p-values that hold at every look.

An interval that holds at one sample size fails if somebody looks after every hundred rows and stops at
the first good look. These hold at all sizes at once, so stopping when one likes costs nothing.
"""

from dataclasses import KW_ONLY, dataclass, replace
from math import copysign, exp, hypot, inf, isfinite, log, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels

Floats = NDArray[np.float64]
Scale = Literal["difference", "relative"]
_SHARPEST = 8.0
"""The mixture's weight, so that its ends are closest at the planned size (Howard et al. 2021, eq. 3.8,
for tails of some percent)."""
_ROWS_OF_PRIOR = 1_000.0
FEWEST = 30
"""Units of an arm from which its mean is nearly normal and its spread known: fewer decide nothing."""
_CONVERGED, _STEPS, _ROUNDING = 1e-12, 200, 1e-12


@dataclass(frozen=True, slots=True)
class Arm:
    """The mean outcome of an arm, its standard error, and from how many units it is."""

    mean: float
    _: KW_ONLY
    error: float
    n: int


def arm(values: Floats, units: NDArray[np.intp] | None = None) -> Arm:
    """The mean of outcomes with its standard error; rows of one unit belong together.

    ``values`` is one outcome a row and ``units`` the code of the unit that it came of: then the error
    is that of a ratio of sums over units (linearised; Deng, Knoblich and Lu 2018). Fewer than two units
    have no error: it is infinite.

    >>> found = arm(np.array([0.0, 1.0, 1.0, 0.0]))
    >>> found.mean, round(found.error, 4), found.n
    (0.5, 0.2887, 4)
    """
    rows, sums = np.ones(len(values)), values
    if units is not None and len(values):
        _, codes = np.unique(units, return_inverse=True)
        rows, sums = (
            np.asarray(np.bincount(codes, weights=each), dtype=np.float64) for each in (rows, values)
        )
    n = len(sums)
    if n == 0:
        return Arm(np.nan, error=inf, n=0)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(sums.sum() / rows.sum())
    if n == 1:
        return Arm(mean, error=inf, n=1)
    with np.errstate(over="ignore", invalid="ignore"):
        rest = sums - mean * rows
        rest[np.abs(rest) <= _ROUNDING * np.abs(mean * rows)] = 0.0
        error = float(np.sqrt(np.dot(rest, rest) * n / (n - 1)) / rows.sum())
    return Arm(mean, error=error if isfinite(error) else inf, n=n)


def compared(treatment: Arm, control: Arm, levels: Levels, *, planned: int, scale: Scale) -> Estimate:
    """Treatment less control, or that over control (``relative``), between ends that hold at every look.

    The ends invert the one-sided normal mixture (Robbins 1970; Howard et al. 2021), an asymptotic
    confidence sequence (Waudby-Smith et al. 2024): on the whole, however often it is looked at, each end
    fails with its tail's chance. ``planned`` is the number of units at which they are closest; it
    must not be chosen by the data. The ends of a relative difference are those of a ratio (Fieller 1954).

    Of rare outcomes a small mean seems to vary little, so that an arm that has seen none yet would be
    sure of it: both arms are taken to vary as the one that varies more. Where neither does, or one has
    fewer than 30 units, the ends are infinite. Without outcomes in either arm, or with a control of 0 for
    ``relative``, the effect is undefined.

    >>> sides = Arm(0.12, error=0.005, n=4000), Arm(0.10, error=0.005, n=4000)
    >>> found = compared(*sides, Levels(alpha=0.01, beta=0.05, reds="high"), planned=8000, scale="difference")
    >>> round(found.low, 4), round(found.value, 2), round(found.high, 4)
    (0.0004, 0.02, 0.0437)
    """
    n = treatment.n + control.n
    value = _effect(treatment, control, scale)
    if not isfinite(value):
        return Estimate.undefined(n=n)
    spread = max(treatment.error * sqrt(treatment.n), control.error * sqrt(control.n))
    if min(treatment.n, control.n) < FEWEST or not 0 < spread < inf:
        return Estimate(value, low=-inf, high=inf, n=n)
    sides = (
        replace(treatment, error=spread / sqrt(treatment.n)),
        replace(control, error=spread / sqrt(control.n)),
    )
    grown = _SHARPEST * n / planned
    low = _end(*sides, -boundary(grown, levels.low), scale)
    high = _end(*sides, boundary(grown, levels.high), scale)
    return Estimate(value, low=min(low, value), high=max(high, value), n=n)


def _effect(treatment: Arm, control: Arm, scale: Scale) -> float:
    """The effect; NaN where there is none."""
    if scale == "difference":
        return treatment.mean - control.mean
    return treatment.mean / control.mean - 1 if control.mean else np.nan


def _end(treatment: Arm, control: Arm, z: float, scale: Scale) -> float:
    """The effect that lies ``z`` standard errors from what was found; infinite where none is so far."""
    if scale == "difference":
        return treatment.mean - control.mean + z * hypot(treatment.error, control.error)
    ratio = treatment.mean / control.mean
    ours, theirs = treatment.error / control.mean, control.error / control.mean
    known = 1 - z * theirs * z * theirs
    if known <= 0:
        return copysign(inf, z)
    return (ratio + z * hypot(ours * sqrt(known), ratio * theirs)) / known - 1


def boundary(grown: float, tail: float) -> float:
    """The standardised sum that is exceeded at any time, with a chance of at most ``tail``.

    ``grown`` is the time over that of the mixture's weight. It solves
    2 / sqrt(1 + g) exp(z^2 g / (2 (1 + g))) Phi(z sqrt(g / (1 + g))) = 1 / tail for z.

    >>> round(boundary(8.0, 0.05), 2), round(boundary(0.1, 0.05), 1)
    (2.77, 7.2)
    """
    from scipy.special import log_ndtr

    part = grown / (1 + grown)
    wanted = log(1 / tail) - log(2) + log(1 + grown) / 2

    def evidence(z: float) -> float:
        return float(z * z * part / 2 + log_ndtr(z * sqrt(part)))

    low, high = 0.0, 1.0
    while evidence(high) < wanted:
        low, high = high, 2 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if evidence(middle) < wanted else (low, middle)
        if high - low <= _CONVERGED * high:
            break
    return high


def mismatch(treated: int, n: int, share: float) -> float:
    """The p-value, valid at every look, of units being assigned to treatment by a share.

    The likelihood of the counts under a beta mixture around ``share``, worth 1,000 units, over that
    at ``share`` itself (Lindon and Malek 2022, for two arms): one over it, at most 1.

    Raises ``ValueError`` for a share outside (0, 1) or counts that are none.

    >>> mismatch(50_000, 102_000, 0.5) < 1e-6, mismatch(50_100, 100_000, 0.5)
    (True, 1.0)
    """
    from scipy.special import betaln

    if not 0 < share < 1:
        raise ValueError(f"a share of units lies between 0 and 1, found {share}")
    if not 0 <= treated <= n:
        raise ValueError(f"expected 0 <= treated <= n, found {treated} of {n}")
    a, b = _ROWS_OF_PRIOR * share, _ROWS_OF_PRIOR * (1 - share)
    mixed = float(betaln(a + treated, b + n - treated) - betaln(a, b))
    fixed = treated * log(share) + (n - treated) * log(1 - share)
    return min(1.0, exp(min(0.0, fixed - mixed)))
