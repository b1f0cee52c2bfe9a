"""Looking at every batch, for a year: processes whose false alarms stay inside one budget.

A process starts at 1 and, while the truth keeps its bound, is on average never larger: an
e-process. By Ville's inequality (1939) it ever reaches 1/alpha with a chance of at most alpha,
however often it is looked at and whenever one stops. So an alarm at 1/alpha holds its promise over
all batches to come, where a test at alpha on each of them would not.

The state is plain data: a ledger can store it between batches.
"""

from dataclasses import KW_ONLY, asdict, dataclass, replace
from math import exp, expm1, inf, isfinite, isnan, log, log1p, sqrt
from typing import Any, Literal, Self

from modelqa.stats.inverted import LEAST

Side = Literal["min", "max"]
_MOST = 1e200
"""More evidence than this is not told apart."""


@dataclass(frozen=True, slots=True)
class Process:
    """Evidence against a bound, gathered over batches.

    ``log_e`` is the logarithm of the e-process now, ``highest`` the largest it has been, ``looks``
    how many batches it has seen. ``first`` and ``second`` are sums that the next batch adds to.
    """

    side: Side
    bound: float
    _: KW_ONLY
    log_e: float = 0.0
    highest: float = 0.0
    looks: int = 0
    first: float = 0.0
    second: float = 0.0

    @property
    def p_value(self) -> float:
        """An anytime-valid p-value: the chance of ever seeing this much while the bound is kept."""
        return min(1.0, exp(-self.highest))

    def alarms(self, alpha: float) -> bool:
        """Whether the process has ever reached 1/alpha."""
        return self.highest >= -log(alpha)

    def to_plain(self) -> dict[str, Any]:
        """The state as built-in types."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """The state back. Raises ``TypeError`` where the keys are not those of `to_plain`.

        >>> state = Process("min", 0.9, looks=3)
        >>> Process.from_plain(state.to_plain()) == state
        True
        """
        return cls(**plain)

    def _at(self, log_e: float, first: float, second: float) -> Self:
        highest = max(self.highest, log_e)
        return replace(self, log_e=log_e, highest=highest, looks=self.looks + 1, first=first, second=second)


def share(process: Process, successes: int, n: int, *, strength: float = 200.0) -> Process:
    """Add a batch of `n` rows, `successes` of them hits, to a process on a share.

    The mixture likelihood ratio of a binomial share (Robbins 1970): the likelihood of all rows so
    far, averaged over the shares on the wrong side of the bound, divided by that at the bound. Where
    the truth is on the good side the ratio only shrinks, so the process holds for every healthy
    share at once. The average has beta weights around the bound, worth ``strength`` rows: more makes it
    quicker to see small moves, less large ones.

    Raises ``ValueError`` for counts that are none, or a bound outside (0, 1).

    >>> state = Process("min", 0.90)
    >>> for hits in (430, 431, 429, 432):
    ...     state = share(state, hits, 500)
    >>> state.alarms(0.05), share(Process("min", 0.90), 450, 500).alarms(0.05)
    (True, False)
    """
    if not 0 <= successes <= n:
        raise ValueError(f"expected 0 <= successes <= n, found {successes} of {n}")
    if not 0 < process.bound < 1:
        raise ValueError(f"a share is bounded between 0 and 1, found {process.bound}")
    hits, misses = process.first + successes, process.second + n - successes
    bound = process.bound if process.side == "min" else 1 - process.bound
    wrong, right = (hits, misses) if process.side == "min" else (misses, hits)
    a, b = strength * bound, strength * (1 - bound)
    mixed = _log_beta_below(wrong + a, right + b, bound) - _log_beta_below(a, b, bound)
    at_bound = wrong * log(bound) + right * log1p(-bound)
    return process._at(mixed - at_bound, hits, misses)


def estimate(process: Process, value: float, error: float, *, scale: float = 3.0) -> Process:
    """Add a batch's estimate with its standard error to a process on any score.

    The one-sided normal mixture (Robbins and Siegmund 1970; Howard et al. 2021, eq. 3.7) over the sum of
    (bound - value) / error, each batch weighing by its precision. It is exact where
    estimates are normal around the truth, and asymptotic otherwise (Waudby-Smith et al. 2024): a
    batch should hold enough rows for its interval to be one. ``scale`` says after how many standard
    errors of evidence the process is sharpest. A batch without a finite estimate changes nothing
    but the number of looks.

    >>> state = Process("max", 0.30)
    >>> for value in (0.34, 0.35, 0.33, 0.36):
    ...     state = estimate(state, value, 0.01)
    >>> state.alarms(0.01), round(state.p_value, 6)
    (True, 0.0)
    """
    if not (isfinite(value) and 0 < error < inf):
        return process._at(process.log_e, process.first, process.second)
    gap = process.bound - value if process.side == "min" else value - process.bound
    total = process.first + gap / error**2
    precision = process.second + 1 / error**2
    return process._at(_log_normal_mixture(total, precision, 1 / error**2, scale), total, precision)


def evidence(process: Process, p_value: float, *, least: float = LEAST) -> Process:
    """Add the p-value of a batch, for a null hypothesis that holds while the bound is kept.

    A p-value becomes evidence by a calibrator, a decreasing function whose integral is 1 (Vovk and Wang
    2021): here (1 - p + p ln p) / (p ln^2 p), the average of all k p^(k - 1). Batch after batch the
    evidence multiplies. A batch in order halves it; so that healthy months do not have to be made
    up for, the process is a mixture over the batch at which the trouble began, the s-th with
    weight 1 / (s (s + 1)) (as Shiryaev's for a change, but with weights that sum to 1).

    It holds where each p-value is valid given all batches before it. Batches that are compared with one
    reference are not independent of each other, only given the reference: so the promise speaks of
    the distance from that very reference, as it is. A p-value below ``least``, the
    smallest tail that the method can resolve, counts as ``least``. NaN changes only the number of looks.

    Raises ``ValueError`` for a p-value outside [0, 1].

    >>> state = Process("max", 0.1)
    >>> for p in (0.7, 1.0, 0.4, 1e-4, 1e-6):
    ...     state = evidence(state, p)
    >>> state.alarms(0.01), round(state.p_value, 6)
    (True, 6e-06)
    """
    if isnan(p_value):
        return process._at(process.log_e, process.first, process.second)
    if not 0 <= p_value <= 1:
        raise ValueError(f"a p-value lies between 0 and 1, found {p_value}")
    start = process.looks + 1
    begun = (process.first + 1 / (start * (start + 1))) * _calibrated(max(p_value, least))
    begun = min(begun, _MOST)
    return process._at(log(begun + 1 / (start + 1)), begun, 0.0)


def _calibrated(p: float) -> float:
    """(1 - p + p ln p) / (p ln^2 p), which is (e^x - 1 - x) / x^2 of x = -ln p, and 1/2 at p = 1."""
    x = -log(p)
    return (expm1(x) - x) / x**2 if x > 1e-4 else 0.5 + x / 6


def _log_normal_mixture(total: float, precision: float, unit: float, scale: float) -> float:
    """The logarithm of the mixture over positive drifts d ~ |N(0, rho)| of exp(d S - d^2 V / 2).

    With s^2 = rho V / (1 + rho V) this is 2 / sqrt(1 + rho V) * exp(s^2 S^2 / 2V) * Phi(s S / sqrt V). The
    width rho is fixed by the precision of one batch, so it does not look ahead.
    """
    from scipy.special import log_ndtr

    rho = scale**2 / (9 * unit)
    grown = 1 + rho * precision
    z = total / sqrt(precision)
    shrink = sqrt(rho * precision / grown)
    return log(2) - 0.5 * log(grown) + 0.5 * (shrink * z) ** 2 + float(log_ndtr(shrink * z))


def _log_beta_below(a: float, b: float, x: float) -> float:
    """The logarithm of the integral of t^(a-1) (1-t)^(b-1) from 0 to x, also where it underflows."""
    from scipy.special import betainc, betaln

    share_below = float(betainc(a, b, x))
    if share_below > 1e-290:
        return float(betaln(a, b)) + log(share_below)
    return _log_beta_tail(a, b, x)


def _log_beta_tail(a: float, b: float, x: float) -> float:
    """The same far in the lower tail, by the continued fraction of the incomplete beta (Lentz 1976).

    x^a (1-x)^b / a times the fraction of DLMF 8.17.22.
    """
    tiny, c = 1e-300, 1.0
    d = 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    fraction = d
    for m in range(1, 400):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 + step * d, 1 + step / c
            d = 1 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            fraction *= d * c
        if abs(d * c - 1) < 1e-14:
            break
    return a * log(x) + b * log1p(-x) - log(a) + log(fraction)
