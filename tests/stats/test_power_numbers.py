"""The arithmetic of power: exact counts, tilted rows, and what one interval says alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from modelqa.core.bound import Bound, Outcome, judge
from modelqa.core.estimate import Estimate, Levels
from modelqa.stats.intervals import proportion
from modelqa.stats.power import Hits, Reach, crossing, drawn, evenly, is_share, tilted

LEVELS = {
    "min": Levels(alpha=0.001, beta=0.05, reds="high"),
    "max": Levels(alpha=0.001, beta=0.05, reds="low"),
}
SHARES = st.floats(0.02, 0.98)


@given(n=st.integers(1, 120), floor=SHARES, truth=SHARES, limit=st.sampled_from(["min", "max"]))
def test_counts_end_as_the_judge_says_of_every_one(n: int, floor: float, truth: float, limit: str) -> None:
    """The chances are the binomial ones of the counts that the judge turns red and green."""
    bound, levels = Bound(**{limit: floor}), LEVELS[limit]
    outcomes = [judge(proportion(k, n, levels), bound).outcome for k in range(n + 1)]
    chance = binom.pmf(range(n + 1), n, truth)
    found = Hits(n, levels, bound).chances(truth)
    for outcome, share in ((Outcome.FAILED, found.red), (Outcome.PASSED, found.green)):
        wanted = sum(p for p, each in zip(chance, outcomes, strict=True) if each is outcome)
        assert share == pytest.approx(wanted, abs=1e-9)


@given(n=st.integers(1, 400), floor=SHARES, limit=st.sampled_from(["min", "max"]))
def test_what_counts_see_is_red_as_often_as_asked(n: int, floor: float, limit: str) -> None:
    """At the truth that is seen the chance of red is the one asked for; without one, none is red enough."""
    hits = Hits(n, LEVELS[limit], Bound(**{limit: floor}))
    seen = hits.seen(limit, 0.8)  # type: ignore[arg-type]
    if np.isfinite(seen):
        assert hits.chances(seen).red == pytest.approx(0.8, abs=1e-6)
        assert (seen < floor) == (limit == "min")
    else:
        assert not hits.can_be_red(limit)  # type: ignore[arg-type]


@given(st.integers(1, 300), st.data())
def test_an_exact_share_is_known_by_its_ends(n: int, data: st.DataObject) -> None:
    """Whatever count it came from; of one row more it would have other ends."""
    found = proportion(data.draw(st.integers(0, n)), n, LEVELS["min"])
    assert is_share(found, n, LEVELS["min"])
    assert not is_share(found, n + 1, LEVELS["min"])


INFLUENCES = st.lists(st.floats(-100, 100), min_size=2, max_size=60).map(np.array)


@given(INFLUENCES, st.floats(0, 3), st.floats(0.01, 3))
def test_tilting_further_moves_the_mean_further(influence: np.ndarray, by: float, more: float) -> None:
    """The mean influence under the weights rises with the tilt."""
    means = [float(np.dot(tilted(influence, each), influence)) for each in (by, by + more)]
    assert means[1] >= means[0] - 1e-9


@given(INFLUENCES, st.floats(-2, 2), st.integers(1, 200))
def test_rows_are_picked_as_often_as_their_weight_says(influence: np.ndarray, by: float, n: int) -> None:
    """No row is off its share by a whole row, and their number is the one asked for."""
    weights = tilted(influence, by)
    picked = evenly(weights, np.argsort(influence, kind="stable"), n)
    assert len(picked) == n
    assert np.abs(np.bincount(picked, minlength=len(weights)) - n * weights).max() <= 1 + 1e-6


def test_draws_follow_the_weights() -> None:
    """Over many draws each row comes as often as its weight says."""
    weights = np.array([0.5, 0.3, 0.2])
    counts = np.bincount(drawn(weights, 100_000, np.random.default_rng(1)))
    assert counts / 100_000 == pytest.approx(weights, abs=0.01)


def test_a_crossing_behind_is_found_too() -> None:
    """A function that is positive at 0 is followed back to where it was not."""
    assert crossing(lambda x: x + 2, 1, 0.1) == pytest.approx(-2)


def test_a_function_that_ends_has_no_crossing() -> None:
    """Where it does not exist any more nothing is known, and where it stays negative nothing is there."""
    assert np.isnan(crossing(lambda x: -1.0 if x < 1 else np.nan, 1, 0.1))
    assert np.isnan(crossing(lambda _: -1.0, 1, 0.1))


@pytest.mark.parametrize("scale", ["own", "log", "log odds"])
def test_one_interval_alone_sees_beyond_its_reach(scale: str) -> None:
    """What is seen is red in as many runs as asked, by the same arithmetic backwards."""
    found = Estimate(0.5, low=0.4, high=0.62, n=50)
    reach = Reach(found, Levels(alpha=0.01, beta=0.05, reds="low"), scale)  # type: ignore[arg-type]
    seen = reach.seen("max", 0.7, 0.8)
    assert seen > 0.7
    assert reach.chances(seen, Bound(max=0.7)).red == pytest.approx(0.8)


def test_an_open_end_sees_nothing() -> None:
    """An interval that does not end cannot be beyond a bound."""
    found = Estimate(0.5, low=0.4, high=np.inf, n=50)
    reach = Reach(found, LEVELS["min"], "own")
    assert np.isnan(reach.seen("min", 0.9, 0.8))
    assert reach.chances(0.5, Bound(min=0.9)).red == 0
