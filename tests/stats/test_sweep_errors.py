"""How often errors of a regression are green at their bound, with errors that are not normal.

``pytest tests/stats/test_sweep_errors.py -m slow -s`` prints the table.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from populations import FLOATS, show, side_by_side

from modelqa.core.estimate import Levels
from modelqa.stats.sample import Sample
from modelqa.stats.scores import find

SCORES = ("mean_absolute_error", "root_mean_squared_error", "r2")
RUNS = 5000
AT = Levels(alpha=0.05, beta=0.05, reds="none")
UNSEEN = {("exponential", 50, "mean_absolute_error"): 0.075}
"""50 rows may hold none of the rare errors that a skewed distribution has on one side only."""
KINDS: dict[str, Callable[[np.random.Generator, int], FLOATS]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "t5": lambda rng, n: rng.standard_t(5, n) / np.sqrt(5 / 3),
    "exponential": lambda rng, n: rng.exponential(size=n) - 1,
}


@cache
def truths(kind: str) -> dict[str, float]:
    """All errors have mean 0 and variance 1, the labels a variance of 5."""
    size = float(np.abs(KINDS[kind](np.random.default_rng(3), 4_000_000)).mean())
    return dict(zip(SCORES, (size, 1.0, 0.8), strict=True))


def green(part: tuple[str, int, int]) -> dict[str, float]:
    """How often each score is on the good side of its truth, at the end that decides green."""
    kind, n, runs = part
    rng, counts = np.random.default_rng([31, n]), dict.fromkeys(SCORES, 0)
    for _ in range(runs):
        said = 2 * rng.normal(size=n)
        sample = Sample("regression", said + KINDS[kind](rng, n), said)
        for name in SCORES:
            found, _note = find(name).estimate(sample, AT, rng)
            better = found.low > truths(kind)[name] if name == "r2" else found.high < truths(kind)[name]
            counts[name] += better
    return {name: count / runs for name, count in counts.items()}


def slack(runs: int) -> float:
    """Three standard errors of a share of 5%."""
    return 3 * float(np.sqrt(0.05 * 0.95 / runs))


@pytest.mark.slow
def test_errors_at_their_bound_are_seldom_green() -> None:
    """At most 5%, whether errors are normal, heavy-tailed or skewed; one cell is allowed more."""
    parts = [(kind, n, RUNS) for kind in KINDS for n in (50, 200, 1000)]
    found = zip(parts, side_by_side(green, parts), strict=True)
    table = [(kind, n, name, share) for (kind, n, _), each in found for name, share in each.items()]
    show("errors rows score green", (f"{k:12} {n:5} {name:24} {share:.4f}" for k, n, name, share in table))
    above = [row for row in table if row[3] > UNSEEN.get(row[:3], 0.05) + slack(RUNS)]
    assert not above


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_errors_at_their_bound_are_seldom_green(kind: str) -> None:
    """The sweep, reduced to 200 rows; ends that trusted the skewness they see would be green in 8%."""
    assert max(green((kind, 200, 1500)).values()) <= 0.05 + slack(1500)
