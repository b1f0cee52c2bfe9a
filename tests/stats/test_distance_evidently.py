"""`exact` distances are Evidently's own numbers: 150 fixed cases of numbers and 120 of categories."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest

from modelqa.core.estimate import Levels
from modelqa.stats.distance import categorical, numeric

LEVELS = Levels(alpha=1e-4, beta=0.05, reds="low")


@pytest.fixture(scope="module")
def evidently() -> Callable[[str, object, object, str], float]:
    """Evidently's score of a method for two columns of a kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from evidently.legacy.calculations.stattests import get_stattest
        from evidently.legacy.core import ColumnType

    def score(method: str, before: object, after: object, kind: str) -> float:
        sides = pd.Series(before), pd.Series(after)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            test = get_stattest(*sides, ColumnType(kind), method)
            return float(test(*sides, ColumnType(kind), None).drift_score)

    return score


NUMBERS = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "gamma": lambda rng, n: rng.gamma(2, 2, n),
    "counts": lambda rng, n: rng.poisson(3, n) * 1.0,
    "lognormal": lambda rng, n: rng.lognormal(0, 1, n),
    "heavy tails": lambda rng, n: rng.standard_t(3, n),
    "ties": lambda rng, n: rng.standard_normal(n).round(1),
    "mostly zero": lambda rng, n: (rng.random(n) < 0.1) * rng.exponential(size=n),
    "two values": lambda rng, n: (rng.random(n) < 0.3) * 1.0,
    "far from zero": lambda rng, n: 1e6 + rng.standard_normal(n),
    "uniform": lambda rng, n: rng.random(n),
}
CHANGES = {
    "as it was": lambda rows: rows,
    "shifted": lambda rows: rows + 1.0,
    "shifted, an outlier": lambda rows: np.append(rows + 1.0, 40.0),
}


@pytest.mark.parametrize("draw", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("method", ["wasserstein", "jensenshannon", "psi", "kl_div", "hellinger"])
def test_numbers_agree_with_evidently(evidently, method: str, change, draw) -> None:
    """Columns of many and of few distinct numbers, as they were, moved, and with an outlier."""
    rng = np.random.default_rng(1)
    before, after = draw(rng, 900), change(draw(rng, 400))
    found = numeric(method, before, after, LEVELS, exact=True)[0].value
    assert found == pytest.approx(evidently(method, before, after, "num"), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "shares",
    [
        [0.6, 0.3, 0.1, 0], [0.5, 0.3, 0.2, 0], [0.4, 0.4, 0.1, 0.1], [0.1, 0, 0.3, 0.6], [1, 0, 0, 0],
        [0.25, 0.25, 0.25, 0.25],
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["jensenshannon", "psi", "kl_div", "hellinger"])
def test_categories_agree_with_evidently(evidently, method: str, shares: list[float], seed: int) -> None:
    """Columns of texts, with new and with lost categories."""
    rng = np.random.default_rng(seed)
    before, after = rng.choice(4, 800, p=[0.6, 0.3, 0.1, 0]), rng.choice(4, 300, p=shares)
    counts = np.bincount(before, minlength=4), np.bincount(after, minlength=4)
    names = np.array(["a", "b", "c", "d"], dtype=object)
    wanted = evidently(method, names[before], names[after], "cat")
    assert categorical(method, *counts, LEVELS, exact=True)[0].value == pytest.approx(wanted, rel=1e-9)
