"""Calibration error and the parts of Brier's score: values, ends near 0, and tails that hold."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from score_samples import multiclass

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats import reliability
from modelqa.stats.sample import Sample
from modelqa.stats.scores import find, score_value

RNG = np.random.default_rng(0)
RED = Levels(alpha=0.01, beta=0.05, reds="low")
NAMES = ("expected_calibration_error", "brier_reliability", "brier_resolution", "brier_uncertainty")
KINDS = ("calibrated", "overconfident", "shifted")


def rows(
    n: int, rng: np.random.Generator, kind: str = "calibrated", base: float = 0.0
) -> tuple[Sample, NDArray[np.float64]]:
    """A binary sample, and the true chance of each of its rows."""
    odds = base + rng.normal(0, 1.5, n)
    true = {"calibrated": odds, "overconfident": base + (odds - base) / 2, "shifted": odds - 0.5}[kind]
    said, chance = (1 / (1 + np.exp(-each)) for each in (odds, true))
    truth = (rng.random(n) < chance).astype(np.intp)
    return Sample("binary", truth, truth, probabilities=np.column_stack([1 - said, said])), chance


def found(name: str, sample: Sample, levels: Levels = RED) -> Estimate:
    """The estimate of a score."""
    return find(name).estimate(sample, levels, RNG)[0]


def truths(sample: Sample, chance: NDArray[np.float64]) -> dict[str, float]:
    """What each score would be if every row's chance were known, in the same bins."""
    assert sample.positive is not None
    codes, bins = reliability._binned(sample)
    gaps = np.bincount(codes, chance - sample.positive) / np.bincount(codes)
    wrong, unsure = float(gaps**2 @ bins.share), float(chance.mean() * (1 - chance.mean()))
    brier = float(np.mean((sample.positive - chance) ** 2 + chance * (1 - chance)))
    values = (float(np.abs(gaps) @ bins.share), wrong, unsure + wrong - brier, unsure)
    return dict(zip(NAMES, values, strict=True))


def missed(
    n: int, kind: str, base: float, runs: int, names: tuple[str, ...] = NAMES, levels: Levels = RED
) -> dict[str, tuple[float, float]]:
    """How often the truth lies below the low end and above the high end, of each score."""
    rng = np.random.default_rng([n, KINDS.index(kind), int(-base)])
    misses = {name: np.zeros(2) for name in names}
    for _ in range(runs):
        sample, chance = rows(n, rng, kind, base)
        true = truths(sample, chance)
        for name in names:
            estimate = found(name, sample, levels)
            misses[name] += (true[name] < estimate.low, true[name] > estimate.high)
    return {name: (float(count[0]) / runs, float(count[1]) / runs) for name, count in misses.items()}


def held(n: int, kind: str, base: float, runs: int) -> None:
    """Both tails of every score are at most what they should be, plus the simulation's own chance."""
    for name, (below, above) in missed(n, kind, base, runs).items():
        for share, tail in ((below, 0.01), (above, 0.05)):
            assert share <= tail + 3 * np.sqrt(tail * (1 - tail) / runs), (name, n, kind, base, share)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [200, 2000])
def test_both_ends_hold(n: int, kind: str) -> None:
    """Red at 1%, green at 95%: calibrated, over-confident and shifted."""
    held(n, kind, 0.0, 120)


@pytest.mark.slow
@pytest.mark.parametrize("base", [0.0, -4.5])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [200, 1000, 5000, 20_000])
def test_both_ends_hold_in_a_sweep(n: int, kind: str, base: float) -> None:
    """The same with 300 repetitions, and with 3% of positives."""
    held(n, kind, base, 300)


@pytest.mark.slow
@pytest.mark.parametrize("base", [0.0, -4.5])
@pytest.mark.parametrize("n", [200, 2000])
def test_a_calibrated_model_is_hardly_ever_found_off(n: int, base: float) -> None:
    """At a tail of 1e-3 no more than 8 of 2,000 healthy samples leave 0 (binomial, 99.9%)."""
    levels = Levels(alpha=1e-3, beta=0.05, reds="low")
    names = ("expected_calibration_error", "brier_reliability")
    for below, _ in missed(n, "calibrated", base, 2000, names, levels).values():
        assert below <= 8 / 2000


def test_the_far_quantile_of_the_noise_is_that_of_many_draws() -> None:
    """The convolution agrees with a million draws at tails that draws can resolve, from above."""
    rng, trials, chance = np.random.default_rng(2), np.full(5, 40.0), np.array([0.02, 0.1, 0.5, 0.8, 0.97])
    scale = np.full(5, 1 / 200)
    for power in (1, 2):
        counts = rng.binomial(40, chance, (1_000_000, 5))
        drawn = (np.abs(counts - 40 * chance) ** power * scale).sum(axis=1)
        for tail in (0.05, 1e-3, 1e-5):
            ours = reliability._noise(trials, scale, chance, tail, power)
            assert np.mean(drawn > ours + 1e-9) <= tail + 4 * np.sqrt(tail / 1e6)
            assert np.mean(drawn > ours * 0.93) >= tail * 0.9


@settings(deadline=None)
@given(st.integers(2, 300), st.integers(0, 99), st.booleans(), st.sampled_from(["none", "weights", "groups"]))
def test_the_parts_add_up_to_brier_s_score(n: int, seed: int, ties: bool, extra: str) -> None:
    """Reliability - resolution + uncertainty is the score itself, with ties, weights and groups."""
    rng = np.random.default_rng(seed)
    sample, _ = rows(n, rng)
    assert sample.probabilities is not None
    shares: Any = np.round(sample.probabilities, 1) if ties else sample.probabilities
    more = {"none": {}, "weights": {"weights": rng.random(n) + 0.01}, "groups": {"groups": np.arange(n) // 3}}
    sample = replace(sample, probabilities=shares, **more[extra])
    parts = [found(name, sample).value for name in NAMES[1:]]
    assert parts[0] - parts[1] + parts[2] == pytest.approx(score_value("brier_score", sample), abs=1e-12)


def test_corrected_parts_are_those_of_ferro_and_fricker() -> None:
    """Where bins are values of the probability, by their formulas written out."""
    rng = np.random.default_rng(5)
    said = rng.choice([0.1, 0.4, 0.8], 1000)
    truth = (rng.random(1000) < said).astype(np.intp)
    sample = Sample("binary", truth, truth, probabilities=np.column_stack([1 - said, said]))
    codes, _ = reliability._binned(sample)
    assert len({(code, value) for code, value in zip(codes, said, strict=True)}) == 3
    wrong, told, base = 0.0, 0.0, truth.mean()
    for value in (0.1, 0.4, 0.8):
        here = truth[said == value]
        noise = here.mean() * (1 - here.mean()) / (len(here) - 1)
        wrong += len(here) / 1000 * ((value - here.mean()) ** 2 - noise)
        told += len(here) / 1000 * ((base - here.mean()) ** 2 - noise)
    unsure = base * (1 - base)
    values = [found(name, sample).value for name in NAMES[1:]]
    extra = unsure / 999
    assert values == pytest.approx([wrong, told + extra, unsure + extra], abs=1e-12)


def test_the_value_has_most_of_its_bias_removed() -> None:
    """Of calibrated rows the mean value is well below what the bins show; of others it is the truth."""
    rng, plain, ours = np.random.default_rng(3), [], []
    for _ in range(150):
        sample, _ = rows(500, rng)
        _, bins = reliability._binned(sample)
        plain.append(float(bins.gaps @ bins.share))
        ours.append(found(NAMES[0], sample).value)
    assert np.mean(ours) < 0.45 * np.mean(plain)
    sample, chance = rows(20_000, rng, "overconfident")
    assert found(NAMES[0], sample).value == pytest.approx(truths(sample, chance)[NAMES[0]], abs=0.01)


def test_overconfidence_is_red_and_calibration_green() -> None:
    """10 points off against a bound of 5 is surely off at 2,000 rows; a calibrated model passes at 5,000."""
    rng = np.random.default_rng(4)
    assert found(NAMES[0], rows(2000, rng, "overconfident")[0], replace(RED, alpha=1e-4)).low > 0.05
    assert found(NAMES[0], rows(5000, rng)[0]).high < 0.05


def test_the_likeliest_class_is_judged_of_many() -> None:
    """Top-label calibration: the rows of a multiclass sample as one binary sample of hits."""
    sample = multiclass(600)
    assert sample.probabilities is not None
    said = sample.probabilities.max(axis=1)
    hits = (sample.probabilities.argmax(axis=1) == sample.truth).astype(np.intp)
    same = Sample("binary", hits, hits, probabilities=np.column_stack([1 - said, said]))
    assert found(NAMES[0], sample) == found(NAMES[0], same)


def test_copies_in_groups_count_once() -> None:
    """Twenty copies of each row are no more evidence than one, and weights of one change nothing."""
    sample, _ = rows(300, np.random.default_rng(6), "overconfident")
    copies = np.repeat(np.arange(300), 20)
    grouped = replace(sample.take(copies), groups=copies)
    once, often, plain = (found(NAMES[0], each) for each in (sample, grouped, sample.take(copies)))
    assert often.high - often.value > 0.7 * (once.high - once.value)
    assert plain.low > 2 * max(often.low, once.low)
    assert found(NAMES[0], replace(sample, weights=np.ones(300))) == once


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(0, 99), st.sampled_from(NAMES), st.floats(1e-6, 0.2))
def test_whatever_the_rows_the_ends_hold_the_value(n: int, seed: int, name: str, alpha: float) -> None:
    """Few rows, one class, constant probabilities, zeros and ones: an interval, or none with its reason."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < rng.choice([0.0, 0.1, 0.5])).astype(np.intp)
    said = rng.choice([0.0, 0.2, 0.5, 1.0], n) if seed % 2 else np.full(n, 0.3)
    sample = Sample("binary", truth, truth, probabilities=np.column_stack([1 - said, said]))
    estimate, note = find(name).estimate(sample, Levels(alpha=alpha, beta=0.05, reds="low"), rng)
    assert estimate.low <= estimate.value <= estimate.high if estimate.exists else note
    assert estimate.exists == (n > 1)


@pytest.mark.slow
def test_resolution_is_not_narrow_where_the_few_events_were_hardly_foretold() -> None:
    """1.3% of events, told with too much certainty: the high end misses the truth in at most 5%."""
    runs = 1500
    ((_, above),) = missed(5000, "overconfident", -4.5, runs, ("brier_resolution",)).values()
    assert above <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
