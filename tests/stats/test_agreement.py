"""More than 200 fixed cases against scipy, statsmodels, scikit-learn and published examples.

Where both sides are exact they agree to a relative 1e-9.
"""

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest
from scipy import stats
from score_samples import BOTH, binary, multiclass, of_scores, regression, sklearn_value

from modelqa.core.estimate import Levels
from modelqa.stats import intervals
from modelqa.stats.confusion import matthews_ends
from modelqa.stats.sample import Sample
from modelqa.stats.scores import SCORERS, find, score_value

RNG = np.random.default_rng(0)
NEAR = {"rel": 1e-9, "abs": 1e-12}
COUNTS = [
    (0, 1),
    (1, 1),
    (0, 12),
    (1, 7),
    (3, 29),
    (17, 60),
    (59, 60),
    (250, 1000),
    (999, 1000),
    (41203, 50000),
]
TAILS = (0.05, 0.025, 1e-3, 2.4e-5)


def levels(tail: float) -> Levels:
    """The same tail at both ends."""
    return Levels(alpha=tail, beta=tail, reds="none")


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize(("hits", "n"), COUNTS)
def test_a_share_has_the_interval_of_statsmodels(hits: int, n: int, tail: float) -> None:
    """Clopper and Pearson's, which statsmodels calls beta."""
    from statsmodels.stats.proportion import proportion_confint

    found = intervals.proportion(hits, n, levels(tail))
    assert (found.low, found.high) == pytest.approx(proportion_confint(hits, n, 2 * tail, "beta"), **NEAR)


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("q", [0.05, 0.5, 0.95, 0.99])
@pytest.mark.parametrize("n", [5, 60, 2000])
def test_a_quantile_ends_at_the_ranks_of_scipys_binomial(n: int, q: float, tail: float) -> None:
    """The order statistics that the binomial distribution's own quantiles name."""
    found = intervals.quantile(np.arange(1.0, n + 1), q, levels(tail))
    first, last = stats.binom.ppf(tail, n, q), stats.binom.isf(tail, n, q) + 1
    middle = float(np.quantile(np.arange(1.0, n + 1), q))
    assert found.low == min(first if first > 0 else -inf, middle)
    assert found.high == max(last if last <= n else inf, middle)


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("n", [4, 20, 400])
def test_a_mean_of_two_even_values_has_students_interval(n: int, tail: float) -> None:
    """Values that are neither skewed nor long-tailed leave Student's t with n - 1 degrees of freedom."""
    values = np.repeat([2.0, 5.0], n // 2)
    found = intervals.mean(values, levels(tail))
    student = stats.ttest_1samp(values, 0).confidence_interval(1 - 2 * tail)
    assert (found.low, found.high) == pytest.approx((student.low, student.high), **NEAR)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_the_error_of_a_mean_is_that_of_a_regression_on_a_constant(seed: int, weighted: bool) -> None:
    """statsmodels' robust covariance, of clusters too; for plain rows scipy's standard error."""
    import statsmodels.api as sm

    rng = np.random.default_rng(seed)
    values, groups = rng.exponential(size=90), rng.integers(0, 15, 90)
    weights = rng.random(90) if weighted else np.ones(90)
    influence = intervals.centred(values, float(np.average(values, weights=weights)), weights)
    model = sm.WLS(values, np.ones(90), weights)
    robust = model.fit(cov_type="HC0").bse[0]
    assert intervals.spread(influence).error == pytest.approx(robust * sqrt(90 / 89), **NEAR)
    count = len(np.unique(groups))
    clustered = model.fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}).bse[0]
    assert intervals.spread(influence, groups).error == pytest.approx(
        clustered * sqrt(count / (count - 1)), **NEAR
    )
    if not weighted:
        assert intervals.spread(influence).error == pytest.approx(stats.sem(values), **NEAR)


SAMPLES = {
    "binary": binary(),
    "ties": binary(ties=True),
    "rare": binary(400, 3, share=0.05),
    "multiclass": multiclass(),
    "regression": regression(),
}
UNWEIGHTED = ("likelihood", "ovo", "max_error")


def cases() -> list[tuple[str, str, bool]]:
    """Every scorer that scikit-learn has, on every sample that it takes, without and with weights."""
    from sklearn.metrics import get_scorer_names

    return [
        (name, kind, weighted)
        for name in sorted(set(get_scorer_names()) & set(SCORERS))
        for kind, sample in SAMPLES.items()
        for weighted in (False, True)
        if sample.task in SCORERS[name].tasks and not (weighted and any(part in name for part in UNWEIGHTED))
    ]


@pytest.mark.parametrize(("name", "kind", "weighted"), cases())
def test_a_value_is_that_of_scikit_learn(name: str, kind: str, weighted: bool) -> None:
    """The value of its scorer of that name."""
    sample = SAMPLES[kind]
    if weighted:
        sample = replace(sample, weights=np.random.default_rng(7).random(len(sample)))
    assert score_value(name, sample) == pytest.approx(sklearn_value(name, sample), **NEAR)


@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize("n", [30, 200, 600])
@pytest.mark.parametrize("ties", [False, True], ids=["plain", "ties"])
def test_an_area_has_delongs_variance(n: int, share: float, ties: bool) -> None:
    """The structural components of DeLong et al. (1988), from all pairs of rows."""
    sample = binary(n, 9, share=share, ties=ties)
    scores = sample.positive
    assert scores is not None
    ups, downs = scores[sample.truth == 1], scores[sample.truth == 0]
    wins = (ups[:, None] > downs) + 0.5 * (ups[:, None] == downs)
    variance = wins.mean(axis=1).var(ddof=1) / len(ups) + wins.mean(axis=0).var(ddof=1) / len(downs)
    area, error = delong(sample)
    assert area == pytest.approx(float(wins.mean()), **NEAR)
    assert error**2 == pytest.approx(variance, **NEAR)


def delong(sample: Sample) -> tuple[float, float]:
    """The area and the standard error that its influence has: the sum of squares, divided by n squared."""
    found = find("roc_auc").measure(sample)  # type: ignore[misc]
    return found.value, float(np.sqrt(np.dot(found.influence, found.influence)) / len(sample))


def test_an_area_is_that_of_a_published_example() -> None:
    """Hanley and McNeil's (1982) ratings of 109 images, whose DeLong error Stata's manual prints.

    `roctab` in the Stata Base Reference Manual: area 0.8932, standard error 0.0307.
    """
    normal, abnormal = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)
    ratings = np.concatenate([np.repeat(np.arange(1, 6), normal), np.repeat(np.arange(1, 6), abnormal)])
    area, error = delong(of_scores(np.arange(109) >= 58, ratings / 10))
    assert (round(area, 4), round(error, 4)) == (0.8932, 0.0307)
    assert (area - 1.959964 * error, area + 1.959964 * error) == pytest.approx((0.83295, 0.95339), abs=1e-5)


@pytest.mark.parametrize("name", ["precision", "recall", "jaccard"])
@pytest.mark.parametrize("seed", range(3))
def test_a_rate_has_the_interval_of_statsmodels(name: str, seed: int) -> None:
    """Clopper and Pearson's among the rows of its denominator; F1's is a function of Jaccard's."""
    from statsmodels.stats.proportion import proportion_confint

    sample = binary(150, seed, share=0.2)
    hit = sample.truth & sample.predicted
    among = {
        "precision": sample.predicted,
        "recall": sample.truth,
        "jaccard": sample.truth | sample.predicted,
    }
    exact = proportion_confint(int(hit.sum()), int(among[name].sum()), 0.05, "beta")
    found = find(name).estimate(sample, BOTH, RNG)[0]
    assert (found.low, found.high) == pytest.approx(exact, **NEAR)
    if name == "jaccard":
        f1 = find("f1").estimate(sample, BOTH, RNG)[0]
        assert (f1.low, f1.high) == pytest.approx(tuple(2 * end / (1 + end) for end in exact), **NEAR)


@pytest.mark.parametrize("seed", range(3))
def test_a_correlation_reaches_the_exact_ends_of_jaccard(seed: int) -> None:
    """With no hit of the rare class, scikit-learn's correlation of the table at Jaccard's exact end."""
    from sklearn.metrics import matthews_corrcoef
    from statsmodels.stats.proportion import proportion_confint

    missed, false = 7 + seed, 6
    truth = np.repeat([0, 1, 0], [186, missed, false])
    said = np.repeat([0, 0, 1], [186, missed, false])
    found = matthews_ends(Sample("binary", truth, said, classes=(0, 1)), levels(2.4e-5))
    wrong = missed + false
    hits = wrong * proportion_confint(0, wrong, 4.8e-5, "beta")[1]
    left = (wrong - hits) / wrong
    weights = [186, left * missed, left * false, hits]
    expected = matthews_corrcoef([0, 1, 0, 1], [0, 0, 1, 1], sample_weight=weights)
    assert found.value == pytest.approx(matthews_corrcoef(truth, said), **NEAR)
    assert found.high == pytest.approx(expected, **NEAR)
