"""How often the ends of a paired difference miss the truth, simulated from rows: the sweep of comparisons.

`python -m pytest -m slow tests/stats/test_paired_tails.py tests/stats/test_discordant.py`
"""

from functools import cache

import numpy as np
import pytest
from scipy import stats
from score_samples import of_scores

from modelqa.core.estimate import Levels
from modelqa.stats import compare
from modelqa.stats.sample import Sample
from modelqa.stats.scores import find, score_value

EVEN, UNEVEN = (0.3, 0.3), (0.2, 0.6)
"""How noisy candidate and champion are: equally, or the champion more."""
FAR = 1e-3


def classes(rng: np.random.Generator, n: int, share: float, noises: tuple[float, ...]) -> list[Sample]:
    """Two models of the same rows that see the same signal through noise of their own."""
    truth = (rng.random(n) < share).astype(int)
    signal = 1.5 * truth - 0.75 + rng.normal(size=n)
    prior = np.log(share / (1 - share))
    odds = [1.5 * (signal + noise * rng.normal(size=n)) + prior for noise in noises]
    return [of_scores(truth, 1 / (1 + np.exp(-each)), threshold=share) for each in odds]


def numbers(rng: np.random.Generator, n: int, share: float, noises: tuple[float, ...]) -> list[Sample]:
    """Two regressions that share most of their error, with tails heavier than normal ones."""
    truth, common = rng.lognormal(size=n), 0.3 * rng.normal(size=n)
    return [
        Sample("regression", truth, truth + common + 0.3 * noise * rng.standard_t(6, size=n))
        for noise in noises
    ]


def drawn(
    name: str, rng: np.random.Generator, n: int, share: float, noises: tuple[float, ...]
) -> list[Sample]:
    """A sample of both models for a score."""
    return (numbers if "squared" in name else classes)(rng, n, share, noises)


@cache
def truth(name: str, share: float, noises: tuple[float, ...], *, relative: bool) -> float:
    """The difference of the two scores on two million rows."""
    ours, theirs = (
        score_value(name, each) for each in drawn(name, np.random.default_rng(1), 2_000_000, share, noises)
    )
    gap = 0.0 if noises[0] == noises[1] else ours - theirs
    return gap / theirs if relative else gap


def misses(
    name: str, n: int, share: float, noises: tuple[float, ...], runs: int, *, relative: bool = False
) -> np.ndarray:
    """How many runs have the truth below and above the ends at 5%, and at 0.1%."""
    rng, wanted = np.random.default_rng(n), truth(name, share, noises, relative=relative)
    measure = compare.relative if relative else compare.difference
    count = np.zeros(4, dtype=int)
    for _ in range(runs):
        pair = drawn(name, rng, n, share, noises)
        for at, tail in ((0, 0.05), (2, FAR)):
            levels = Levels(alpha=tail, beta=tail, reds="none")
            found, _note = measure(find(name), *pair, levels, rng)
            count[at : at + 2] += (found.low > wanted, found.high < wanted)
    return count


def kept(count: np.ndarray, runs: int) -> bool:
    """Whether so many misses are within the chance of this simulation, 1 in 10,000 for each."""
    most = [stats.binom.isf(1e-4, runs, tail) for tail in (0.05, 0.05, FAR, FAR)]
    return bool((count <= most).all())


NAMES = ("accuracy", "roc_auc", "log_loss", "f1", "root_mean_squared_error")


@pytest.mark.parametrize("name", NAMES)
def test_paired_differences_keep_their_tails(name: str) -> None:
    """Unequally noisy models, 300 rows."""
    count = misses(name, 300, 0.3, UNEVEN, 200)
    assert kept(count, 200), count


@pytest.mark.slow
@pytest.mark.parametrize("noises", [EVEN, UNEVEN])
@pytest.mark.parametrize("n", [100, 400, 2000])
@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize("name", NAMES)
def test_paired_differences_keep_their_tails_everywhere(
    name: str, share: float, n: int, noises: tuple[float, ...]
) -> None:
    """Equal and unequal models, common and rare positives, few and many rows; 5% and 0.1%."""
    count = misses(name, n, share, noises, 1500)
    assert kept(count, 1500), count


@pytest.mark.slow
@pytest.mark.parametrize("noises", [EVEN, UNEVEN])
@pytest.mark.parametrize("n", [400, 2000])
@pytest.mark.parametrize("name", NAMES)
def test_relative_differences_keep_their_tails(name: str, n: int, noises: tuple[float, ...]) -> None:
    """The same of margins in percent of the champion's score."""
    count = misses(name, n, 0.3, noises, 1500, relative=True)
    assert kept(count, 1500), count
