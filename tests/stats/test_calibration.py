"""Calibration: slope, intercept and bias of probabilities."""

import numpy as np
import pytest
import statsmodels.api as sm

from modelqa.core.estimate import Levels
from modelqa.stats import calibration
from modelqa.stats.linear import Undefined, estimate
from modelqa.stats.sample import Sample
from modelqa.stats.scores import find

LEVELS = Levels(alpha=0.025, beta=0.025, reds="none")


def binary(n: int, seed: int, *, slope: float = 1.0, intercept: float = 0.0) -> Sample:
    """Rows whose labels follow the line that the model's log-odds should be corrected by."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.5, n)
    truth = (rng.random(n) < 1 / (1 + np.exp(-(intercept + slope * odds)))).astype(int)
    shares = 1 / (1 + np.exp(-odds))
    return Sample(
        "binary", truth, (shares > 0.5).astype(int), probabilities=np.column_stack([1 - shares, shares])
    )


def test_the_line_is_the_one_that_statsmodels_fits() -> None:
    """Value and robust standard error, to nine digits and to a thousandth."""
    sample = binary(800, 1, slope=0.7, intercept=0.3)
    assert sample.positive is not None
    odds = np.log(sample.positive / (1 - sample.positive))
    fitted = sm.Logit(sample.truth, sm.add_constant(odds)).fit(disp=0, cov_type="HC0")
    for at, measure in enumerate((calibration.intercept, calibration.slope)):
        found = measure(sample)
        assert found.value == pytest.approx(fitted.params[at], rel=1e-9)
        error = found.influence.std() / np.sqrt(len(sample))
        assert error == pytest.approx(fitted.bse[at], rel=1e-3)


def test_intervals_cover_the_truth() -> None:
    """Two-sided 95% intervals hold the true slope and intercept in at least 93% of 400 samples."""
    held = {"slope": 0, "intercept": 0, "bias": 0}
    for seed in range(400):
        sample = binary(300, seed)
        for name, truth in (("slope", 1.0), ("intercept", 0.0), ("bias", 0.0)):
            found = estimate(getattr(calibration, name)(sample), sample, LEVELS)
            held[name] += found.low <= truth <= found.high
    assert min(held.values()) >= 0.93 * 400


def test_overconfidence_has_a_slope_below_one() -> None:
    """A model whose log-odds are twice too large is found out."""
    sample = binary(2000, 3, slope=0.5)
    found, _ = find("calibration_slope").estimate(sample, LEVELS, np.random.default_rng(0))
    assert found.high < 0.7


def test_weights_are_repetitions() -> None:
    """A row of weight two counts as two rows."""
    sample = binary(300, 4)
    twice = np.arange(300) < 100
    repeated = sample.take(np.concatenate([np.arange(300), np.flatnonzero(twice)]))
    weighted = Sample(
        sample.task, sample.truth, sample.predicted, probabilities=sample.probabilities, weights=1.0 + twice
    )
    for measure in (calibration.slope, calibration.intercept, calibration.bias):
        assert measure(weighted).value == pytest.approx(measure(repeated).value, rel=1e-9)


@pytest.mark.parametrize(
    ("truth", "shares", "reason"),
    [
        ([1, 1, 1], [0.2, 0.5, 0.9], "one class"),
        ([0, 1, 0], [0.5, 0.5, 0.5], "are equal"),
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], "separate"),
    ],
)
def test_where_no_line_fits_the_reason_is_said(truth: list[int], shares: list[float], reason: str) -> None:
    """One class, constant probabilities, or classes that the probabilities separate."""
    both = np.column_stack([1 - np.array(shares), shares])
    sample = Sample("binary", np.array(truth), np.array(truth), probabilities=both)
    with pytest.raises(Undefined, match=reason):
        calibration.slope(sample)
    found, note = find("calibration_intercept").estimate(sample, LEVELS, np.random.default_rng(0))
    assert not found.exists
    assert reason in note
