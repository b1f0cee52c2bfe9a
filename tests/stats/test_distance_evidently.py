"""`exact` distances are Evidently's own numbers."""

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


@pytest.mark.parametrize("method", ["wasserstein", "jensenshannon", "psi", "kl_div", "hellinger"])
def test_numbers_agree_with_evidently(evidently, method: str) -> None:
    """Columns of many and of few distinct numbers, with and without an outlier."""
    rng = np.random.default_rng(1)
    for draw in (rng.standard_normal, lambda n: rng.gamma(2, 2, n), lambda n: rng.poisson(3, n) * 1.0):
        before, after = draw(900), np.append(draw(400) + 1, 40.0)
        found = numeric(method, before, after, LEVELS, exact=True)[0].value
        assert found == pytest.approx(evidently(method, before, after, "num"), rel=1e-9)


@pytest.mark.parametrize("method", ["jensenshannon", "psi", "kl_div", "hellinger"])
def test_categories_agree_with_evidently(evidently, method: str) -> None:
    """Columns of texts, with new and with lost categories."""
    rng = np.random.default_rng(2)
    for shares in ([0.5, 0.3, 0.2, 0], [0.4, 0.4, 0.1, 0.1], [0.1, 0, 0.3, 0.6]):
        before, after = rng.choice(4, 800, p=[0.6, 0.3, 0.1, 0]), rng.choice(4, 300, p=shares)
        counts = np.bincount(before, minlength=4), np.bincount(after, minlength=4)
        names = np.array(["a", "b", "c", "d"], dtype=object)
        wanted = evidently(method, names[before], names[after], "cat")
        assert categorical(method, *counts, LEVELS, exact=True)[0].value == pytest.approx(wanted, rel=1e-9)
