"""How often healthy models turn red, and models at their bound green.

``pytest tests/stats/test_sweep_verdicts.py -m slow -s`` prints the tables.
"""

from functools import cache

import numpy as np
import pytest
from populations import (
    BINARY,
    CLASSES,
    NUMBERS,
    is_red,
    many_classes,
    missed,
    numbers,
    show,
    side_by_side,
    tail_spent,
    two_classes,
)
from scipy import stats

from modelqa.core.bound import Bound, Outcome, judge
from modelqa.core.estimate import Levels
from modelqa.stats.intervals import proportion
from modelqa.stats.sample import Sample
from modelqa.stats.scores import find, score_value

SLICES, SUITE = 20, len(BINARY) + len(CLASSES) + len(NUMBERS)
TAIL = 0.01 / SUITE / (1 + SLICES)
"""20 checks share `false_alarms: 1%`, and each divides its share over the whole and 20 slices."""
NEAR = 2.25
RUNS, CHUNK = 10_000, 500
PREVALENCE = {"balanced": 0.5, "imbalanced": 0.05}

Family = tuple[tuple[str, ...], Sample]


@cache
def families(kind: str) -> tuple[Family, ...]:
    """Twenty scores of three populations."""
    binary = two_classes(PREVALENCE[kind])
    shares = (0.4, 0.3, 0.2, 0.1) if kind == "balanced" else (0.6, 0.35, 0.05)
    return (BINARY, binary), (CLASSES, many_classes(*shares)), (NUMBERS, numbers())


@cache
def influences(kind: str, family: int) -> tuple[np.ndarray, np.ndarray]:
    """Each row's influence on each score of a family, towards red, in its spreads; and the scores' bounds."""
    names, rows = families(kind)[family]
    found = np.column_stack([find(name).measure(rows).influence for name in names])  # type: ignore[misc]
    signs = [-1 if find(name).greater_is_better else 1 for name in names]
    return found * (signs / found.std(axis=0)), np.array([score_value(name, rows) for name in names])


def suspects(influence: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The views (20 slices, then the whole) and scores that lie on the wrong side by 2.25 standard errors.

    A red needs about four, so that only these are worth an interval.
    """
    sums = influence[at].sum(axis=1)
    sums = np.vstack([sums, sums.sum(axis=0)])
    rows = np.append(np.full(len(at), at.shape[1]), at.size)[:, None]
    return np.asarray(sums > NEAR * np.sqrt(rows))


def reds(
    kind: str, family: int, at: np.ndarray, levels: dict[str, Levels], *, screened: bool = True
) -> list[str]:
    """The names of the scores that turn red, once a view."""
    names, rows = families(kind)[family]
    influence, bounds = influences(kind, family)
    chosen = suspects(influence, at) if screened else np.ones((len(at) + 1, len(names)), dtype=bool)
    found = []
    for view in np.flatnonzero(chosen.any(axis=1)):
        sample = rows.take(at[view] if view < len(at) else at.ravel())
        found += [
            names[i]
            for i in np.flatnonzero(chosen[view])
            if is_red(names[i], sample, bounds[i], levels[names[i]])
        ]
    return found


def levels_at(tail: float) -> dict[str, Levels]:
    """The levels of each score: `min` where greater is better, else `max`."""
    names = {*BINARY, *CLASSES, *NUMBERS}
    return {
        name: Levels(alpha=tail, beta=0.05, reds="high" if find(name).greater_is_better else "low")
        for name in names
    }


def runs(part: tuple[str, int, int]) -> tuple[int, list[str]]:
    """How many of a chunk of suite runs turn red, and by which scores."""
    kind, n, seed = part
    rng, levels = np.random.default_rng([seed, n]), levels_at(TAIL)
    count, by = 0, []
    for _ in range(CHUNK):
        found = []
        for family, (_, rows) in enumerate(families(kind)):
            found += reds(kind, family, rng.integers(0, len(rows), (SLICES, n)), levels)
        count, by = count + bool(found), by + found
    return count, by


@pytest.mark.slow
@pytest.mark.parametrize("n", [30, 200, 2000])
@pytest.mark.parametrize("kind", PREVALENCE)
def test_healthy_suites_seldom_turn_red(kind: str, n: int) -> None:
    """20 scores on 20 slices, every truth at its bound, `false_alarms: 1%`: at most 132 of 10,000 runs."""
    found = side_by_side(runs, [(kind, n, seed) for seed in range(RUNS // CHUNK)])
    count, by = sum(each[0] for each in found), [name for each in found for name in each[1]]
    shown = (f"{name:24} {by.count(name)}" for name in sorted(set(by)))
    show(f"{kind}, {n} rows a slice: {count} of {RUNS} runs red; verdicts by score", shown)
    assert count <= 132


@pytest.mark.parametrize("kind", PREVALENCE)
def test_the_screen_drops_no_red(kind: str) -> None:
    """At a tail forty times that of the sweep, every red is among the suspects."""
    rng, levels = np.random.default_rng(5), levels_at(40 * TAIL)
    found = []
    for family, (_, rows) in enumerate(families(kind)):
        for n in (30, 200):
            at = rng.integers(0, len(rows), (60, n))
            everything = reds(kind, family, at, levels, screened=False)
            assert everything == reds(kind, family, at, levels)
            found += everything
            # Rows that are worse than the population's: reds, so that the screen has some to drop.
            worse = rng.integers(0, len(rows), (12, 3 * n))
            influence = influences(kind, family)[0][:, 0]
            worst = np.take_along_axis(worse, np.argsort(-influence[worse], axis=1)[:, : 2 * n], axis=1)
            everything = reds(kind, family, worst, levels, screened=False)
            assert everything == reds(kind, family, worst, levels)
            found += everything
    assert found


def spent(part: tuple[str, int, str, int]) -> tuple[float, float]:
    """What a score spends of its tail at the bound."""
    kind, family, name, n = part
    return tail_spent(name, families(kind)[family][1], n, TAIL)


@pytest.mark.slow
def test_no_score_spends_more_than_its_tail() -> None:
    """Each score alone, at the tail of 1% over 20 checks and 21 views."""
    parts = [
        (kind, family, name, n)
        for kind in PREVALENCE
        for family, (names, _) in enumerate(families(kind))
        for name in names
        for n in (30, 200, 2000)
        if (kind, family) != ("imbalanced", 2)
    ]
    found = dict(zip(parts, side_by_side(spent, parts), strict=True))
    shown = (f"{kind:10} {name:24} {n:5} {x:5.2f} +- {e:.2f}" for (kind, _, name, n), (x, e) in found.items())
    show("population score rows spent/allowed", shown)
    assert max(times - 3 * error for times, error in found.values()) <= 1


@pytest.mark.parametrize(
    ("name", "rows", "n"),
    [
        ("matthews_corrcoef", two_classes(0.05), 200),
        ("f1_macro", many_classes(0.4, 0.3, 0.2, 0.1), 200),
        ("precision_macro", many_classes(0.4, 0.3, 0.2, 0.1), 30),
        ("accuracy", two_classes(0.05), 200),
    ],
    ids=["matthews_corrcoef", "f1_macro", "precision_macro", "accuracy"],
)
def test_a_class_of_few_rows_does_not_turn_red_by_chance(name: str, rows: Sample, n: int) -> None:
    """Where a class of few rows may lose all its hits, the far tail is kept."""
    times, error = tail_spent(name, rows, n, TAIL, 800)
    assert times - 3 * error <= 1


def greens(part: tuple[str, int, int, int]) -> dict[str, float]:
    """How often each score of a family is green at its bound, undefined samples counted as not green."""
    kind, family, n, repetitions = part
    names, rows = families(kind)[family]
    found = missed(names, rows, n, Levels(alpha=0.05, beta=0.05, reds="none"), repetitions)
    side = {name: 0 if find(name).greater_is_better else 1 for name in names}
    return {name: float(each[side[name]] * (1 - each[2])) for name, each in found.items()}


@pytest.mark.slow
def test_models_at_their_bound_are_seldom_green() -> None:
    """With `confidence: 95%` a truth at its bound is green in at most 5% of samples."""
    parts = [(kind, family, n, 5000) for kind in PREVALENCE for family in range(3) for n in (50, 200, 2000)]
    found = zip(parts, side_by_side(greens, parts), strict=True)
    table = [(kind, n, name, share) for (kind, _, n, _), each in found for name, share in each.items()]
    show(
        "population rows score green", (f"{k:10} {n:5} {name:24} {share:.4f}" for k, n, name, share in table)
    )
    above = [row for row in table if row[3] > 0.05 + 3 * np.sqrt(0.05 * 0.95 / 5000)]
    assert not above


def test_average_precision_at_its_bound_is_seldom_green() -> None:
    """The sweep of greens, reduced to the score whose low end is the hardest."""
    found = missed(
        ("average_precision",), two_classes(0.5), 200, Levels(alpha=0.05, beta=0.05, reds="none"), 2000
    )
    assert found["average_precision"][0] <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


@pytest.mark.parametrize(
    ("truth", "outcome", "least"), [(0.92, Outcome.PASSED, 0.90), (0.86, Outcome.FAILED, 0.99)]
)
def test_one_check_tells_two_points_from_a_floor(truth: float, outcome: Outcome, least: float) -> None:
    """Floor 0.90 and 2,000 rows, counted over the binomial distribution of hits."""
    levels = Levels(alpha=0.01, beta=0.05, reds="high")
    hits = np.arange(1500, 2001)
    told = [judge(proportion(int(k), 2000, levels), Bound(min=0.90)).outcome is outcome for k in hits]
    chance = float(stats.binom.pmf(hits, 2000, truth)[told].sum())
    show(f"floor 0.90, true {truth}, n = 2,000", [f"{outcome}: {chance:.4f}"])
    assert chance >= least
