"""Distances between two rows of counts (bins or categories), with honest ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, log, sqrt
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.bins import together
from modelqa.stats.ecdf import hoeffding

Floats = NDArray[np.float64]

_LEAST = 5.0
"""Rows that each sample has to expect in a cell of the chi-squared test."""
_DENSE, _SINGLE = 0.4, 0.5
"""How the two lower bounds share their tail; a tenth pays for the chi-squared approximation."""
_CANDIDATES = 20
"""So many cells, those that differ most, are looked at one by one; the tail is split over all."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """A divergence of batch shares p from reference shares q, and its derivatives by p and by q.

    All are functions of (p, q, s), s the batch's share of all rows, that work along the last axis.
    Near p = q it is the chi-squared distance, the sum of (p - q)^2 / q, divided by ``local(s)``. The
    distance that is reported is its square root where ``root`` is set, and at most ``ceiling``.
    ``filled`` says that an empty cell has to be counted as something.
    """

    value: Callable[[Floats, Floats, float], Floats]
    slopes: Callable[[Floats, Floats, float], tuple[Floats, Floats]]
    local: Callable[[float], float]
    root: bool = False
    ceiling: float = inf
    filled: bool = False

    def shown(self, value: float) -> float:
        """The distance that is reported for a value of the divergence."""
        value = max(value, 0.0)
        return min(sqrt(value) if self.root else value, self.ceiling)


def _jensen_shannon(p: Floats, q: Floats, _: float) -> Floats:
    from scipy.special import rel_entr

    middle = (p + q) / 2
    total: Floats = (rel_entr(p, middle) + rel_entr(q, middle)).sum(axis=-1)
    return total / 2


def _jensen_shannon_slopes(p: Floats, q: Floats, _: float) -> tuple[Floats, Floats]:
    middle = (p + q) / 2
    return np.log(p / middle) / 2, np.log(q / middle) / 2


def _stability(p: Floats, q: Floats, _: float) -> Floats:
    total: Floats = ((q - p) * np.log(q / p)).sum(axis=-1)
    return total


def _stability_slopes(p: Floats, q: Floats, _: float) -> tuple[Floats, Floats]:
    return np.log(p / q) - q / p, np.log(q / p) - p / q


def _kullback_leibler(p: Floats, q: Floats, _: float) -> Floats:
    from scipy.special import rel_entr

    # Shares of filled cells need not add up to 1; scipy's and Evidently's are made to.
    total: Floats = rel_entr(q / q.sum(axis=-1, keepdims=True), p / p.sum(axis=-1, keepdims=True)).sum(
        axis=-1
    )
    return total


def _kullback_leibler_slopes(p: Floats, q: Floats, _: float) -> tuple[Floats, Floats]:
    return -q / p, np.log(q / p)


def _hellinger(p: Floats, q: Floats, _: float) -> Floats:
    total: Floats = ((np.sqrt(p) - np.sqrt(q)) ** 2).sum(axis=-1)
    return total / 2


def _hellinger_slopes(p: Floats, q: Floats, _: float) -> tuple[Floats, Floats]:
    return -np.sqrt(q / p) / 2, -np.sqrt(p / q) / 2


def _cramer(p: Floats, q: Floats, share: float) -> Floats:
    mixed = share * p + (1 - share) * q
    total: Floats = ((p - q) ** 2 / np.where(mixed > 0, mixed, 1.0)).sum(axis=-1)
    return share * (1 - share) * total


def _cramer_slopes(p: Floats, q: Floats, share: float) -> tuple[Floats, Floats]:
    ratio = (p - q) / (share * p + (1 - share) * q)
    scale = share * (1 - share)
    return scale * (2 * ratio - share * ratio**2), scale * (-2 * ratio - (1 - share) * ratio**2)


DIVERGENCES: Mapping[str, Divergence] = MappingProxyType(
    {
        "jensenshannon": Divergence(
            _jensen_shannon, _jensen_shannon_slopes, lambda _: 8.0, root=True, ceiling=sqrt(log(2))
        ),
        "psi": Divergence(_stability, _stability_slopes, lambda _: 1.0, filled=True),
        "kl_div": Divergence(_kullback_leibler, _kullback_leibler_slopes, lambda _: 2.0, filled=True),
        "hellinger": Divergence(_hellinger, _hellinger_slopes, lambda _: 8.0, root=True, ceiling=1.0),
        "cramer_v": Divergence(_cramer, _cramer_slopes, lambda s: 1 / (s * (1 - s)), root=True, ceiling=1.0),
    }
)
"""By Evidently's names: ``jensenshannon`` is the distance (natural logarithm, square root), ``kl_div``
the divergence of the reference from the batch, ``cramer_v`` the chi-squared statistic over all rows."""


def divergence(
    name: str,
    reference: NDArray[np.integer],
    batch: NDArray[np.integer],
    levels: Levels,
    *,
    given: bool = False,
    exact: bool = False,
) -> Estimate:
    """The distance of two aligned rows of counts; neither may be all zero.

    The value is the plain distance of the shares. Where a logarithm needs it, an empty cell counts as half
    a row (``exact``: as Evidently's share of 0.0001). ``given`` says that the cells were chosen by the
    reference's quantiles.

    The low end is the better of two. (1) With sparse cells put together, the divergence is about a
    non-central chi-squared variable, whose noncentrality is the true divergence: its lower bound takes
    off the upward bias of k - 1 degrees of freedom, and is 0 unless the likelihood ratio test, corrected
    by Williams (1976), rejects identity. (2) Each cell against all others: the divergence of two shares
    whose exact intervals (Clopper and Pearson 1934; Bonferroni) do not meet. Neither can be larger than
    the divergence of all cells.

    The high end rests on the duality of divergences: the divergence is the largest of linear functions
    of the shares, so the sample's is at least what the truly best one shows, which is unbiased and whose
    variance is about 4 D / (local mn/(m+n)), or what the delta method says where that is larger.

    >>> levels = Levels(alpha=1e-4, beta=0.05, reds="low")
    >>> js = divergence("jensenshannon", np.array([2500, 2500]), np.array([700, 300]), levels)
    >>> round(js.low, 3), round(js.value, 3), round(js.high, 3)
    (0.097, 0.145, 0.166)
    """
    kind = DIVERGENCES[name]
    kept = (reference + batch) > 0
    before, after = reference[kept].astype(float), batch[kept].astype(float)
    # Evidently fills bins that are empty on both sides, too.
    plain = (reference.astype(float), batch.astype(float)) if exact else (before, after)
    value = kind.shown(_plain(kind, *plain, exact=exact))
    low = max(
        kind.shown(_dense_low(kind, *together(before, after, _LEAST, given=given), levels.low * _DENSE)),
        kind.shown(_single_low(_two_cells(kind, before, after), before, after, levels.low * _SINGLE)),
    )
    high = max(value, kind.shown(_high(kind, before, after, levels.high)))
    return Estimate(value, low=min(low, value), high=high, n=int(after.sum()))


def total_variation(reference: NDArray[np.integer], batch: NDArray[np.integer], levels: Levels) -> Estimate:
    """Half the sum of the absolute differences of the shares: the largest difference over all sets of cells.

    The low end is the better of two: the value less what noise may add over all sets (Hoeffding's
    inequality and a union bound; Weissman et al. 2003), and the gap of two exact intervals of a single
    cell. The high end needs one set only, the truly best (Hoeffding), or one cell, where there are two.

    >>> levels = Levels(alpha=1e-4, beta=0.05, reds="low")
    >>> tvd = total_variation(np.array([4990, 10]), np.array([900, 100]), levels)
    >>> round(tvd.low, 3), round(tvd.value, 3), round(tvd.high, 3)
    (0.057, 0.098, 0.119)
    """
    kept = (reference + batch) > 0
    before, after = reference[kept].astype(float), batch[kept].astype(float)
    m, n, cells = int(before.sum()), int(after.sum()), len(before)
    value = min(float(np.abs(before / m - after / n).sum()) / 2, 1.0)
    sets = log(2.0) * cells if cells > 50 else log(max(2.0**cells - 2, 1.0))
    noise = sqrt((sets + log(2 / levels.low)) * (1 / m + 1 / n) / 2)
    single = _single_low(lambda p, q: np.abs(p - q), before, after, levels.low / 2)
    high = value + hoeffding(m, n, levels.high)
    if cells <= 2:
        p_low, p_high = _exact(after, n, levels.high / 2)
        q_low, q_high = _exact(before, m, levels.high / 2)
        high = min(high, float(np.maximum(p_high - q_low, q_high - p_low).max()))
    low = min(max(value - noise, single, 0.0), value)
    return Estimate(value, low=low, high=min(max(high, value), 1.0), n=n)


def _plain(kind: Divergence, reference: Floats, batch: Floats, *, exact: bool) -> float:
    p, q = batch / batch.sum(), reference / reference.sum()
    share = float(batch.sum() / (batch.sum() + reference.sum()))
    if kind.filled:
        fill = _evidently_filled if exact else _filled
        p, q = fill(p, float(batch.sum())), fill(q, float(reference.sum()))
    return float(kind.value(p, q, share))


def _filled(shares: Floats, rows: float) -> Floats:
    """Shares of which none is below half a row."""
    return np.maximum(shares, 0.5 / rows)


def _evidently_filled(shares: Floats, _: float) -> Floats:
    least = float(shares[shares > 0].min())
    return np.where(shares > 0, shares, least / 1e6 if least <= 1e-4 else 1e-4)


def _unit(kind: Divergence, reference: Floats, batch: Floats, value: float) -> float:
    """What one unit of chi-squared is worth: by its local form, or by the delta method if that is more."""
    m, n = float(reference.sum()), float(batch.sum())
    unit = (1 / m + 1 / n) / kind.local(n / (m + n))
    if value <= 0:
        return unit
    p, q = _filled(batch / n, n), _filled(reference / m, m)
    by_p, by_q = kind.slopes(p, q, n / (m + n))
    return max(unit, (_variance(p, by_p) / n + _variance(q, by_q) / m) / (4 * value))


def _variance(shares: Floats, slopes: Floats) -> float:
    mean = float(shares @ slopes) / float(shares.sum())
    return float(shares @ (slopes - mean) ** 2)


def _dense_low(kind: Divergence, reference: Floats, batch: Floats, tail: float) -> float:
    """A lower bound of a divergence of well filled cells: the noncentrality that explains it."""
    from scipy.special import chdtri

    freedom = len(reference) - 1
    if freedom < 1:
        return 0.0
    critical = float(chdtri(freedom, tail))
    williams = _williams(reference, batch)
    if _likelihood_ratio(reference, batch) / williams <= critical:
        return 0.0
    value = _plain(kind, reference, batch, exact=False)
    unit = williams * _unit(kind, reference, batch, value)
    return unit * _noncentrality(value / unit, freedom, tail) if value / unit > critical else 0.0


def _likelihood_ratio(reference: Floats, batch: Floats) -> float:
    """Twice the log likelihood ratio of two different rows of shares against one."""
    from scipy.special import rel_entr

    both = reference + batch
    share = batch.sum() / both.sum()
    return 2 * float(np.sum(rel_entr(batch, share * both) + rel_entr(reference, (1 - share) * both)))


def _williams(reference: Floats, batch: Floats) -> float:
    """Williams' divisor (1976), which brings the mean of the likelihood ratio to that of chi-squared."""
    rows, both = np.array([reference.sum(), batch.sum()]), reference + batch
    total = float(both.sum())
    factors = (total * np.sum(1 / rows) - 1) * (total * np.sum(1 / both) - 1)
    return 1 + float(factors) / (6 * total * (len(both) - 1))


def _noncentrality(statistic: float, freedom: int, tail: float) -> float:
    """The noncentrality whose chi-squared variable exceeds a statistic with probability `tail`."""
    from scipy.special import chndtrinc, ndtri

    if statistic < 1e5:
        return float(chndtrinc(statistic, freedom, 1 - tail))
    return max(sqrt(statistic - freedom) + float(ndtri(tail)), 0.0) ** 2


def _two_cells(kind: Divergence, reference: Floats, batch: Floats) -> Callable[[Floats, Floats], Floats]:
    """The reported distance of a share p in the batch from a share q in the reference, of one cell."""
    share = float(batch.sum() / (batch.sum() + reference.sum()))

    def value(p: Floats, q: Floats) -> Floats:
        return kind.value(np.stack([p, 1 - p], axis=-1), np.stack([q, 1 - q], axis=-1), share)

    return value


def _single_low(
    value: Callable[[Floats, Floats], Floats], reference: Floats, batch: Floats, tail: float
) -> float:
    """The largest distance that the exact intervals of a single cell's two shares leave between them."""
    m, n = float(reference.sum()), float(batch.sum())
    p, q, pooled = batch / n, reference / m, (reference + batch) / (m + n)
    order = np.argsort(-np.abs(p - q) / np.sqrt(pooled), kind="stable")[:_CANDIDATES]
    tail = tail / (4 * len(reference))
    (p_low, p_high), (q_low, q_high) = _exact(batch[order], n, tail), _exact(reference[order], m, tail)
    above, below = p_low > q_high, p_high < q_low
    near = np.concatenate([p_low[above], p_high[below]])
    far = np.concatenate([q_high[above], q_low[below]])
    return float(np.max(value(near, far), initial=0.0))


def _exact(counts: Floats, rows: float, tail: float) -> tuple[Floats, Floats]:
    """The exact ends of shares, each at this tail (Clopper and Pearson 1934)."""
    from scipy.special import betaincinv

    misses = rows - counts
    low = np.where(counts > 0, betaincinv(np.maximum(counts, 0.5), misses + 1, tail), 0.0)
    high = np.where(misses > 0, 1 - betaincinv(np.maximum(misses, 0.5), counts + 1, tail), 1.0)
    return low, high


def _high(kind: Divergence, reference: Floats, batch: Floats, tail: float) -> float:
    """An upper bound of a divergence D: D <= value + z sqrt(4 unit D), solved for D."""
    from scipy.special import ndtri

    if min(reference.sum(), batch.sum()) < 2:
        return inf
    value = max(_plain(kind, reference, batch, exact=False), 0.0)
    unit = _unit(kind, reference, batch, value)
    reach = -float(ndtri(tail)) * sqrt(unit)
    return (reach + sqrt(reach**2 + value)) ** 2
