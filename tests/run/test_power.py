"""What a suite can see: against simulation, and what is said of checks that cannot decide."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from power_worlds import MORE_WORLDS, WORLDS, World

import modelqa
from modelqa.core.power import PowerReport, Sight
from modelqa.errors import SubjectError
from modelqa.run.power import measure_power
from modelqa.suite.spec import Suite, check


def frame(rows: int, *, mean: float = 2.0, seed: int = 1) -> pd.DataFrame:
    """A binary task, its probabilities logged, with a column to slice by."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(rows) < 0.4).astype(int)
    share = 1 / (1 + np.exp(-2 * (truth * mean + rng.normal(size=rows) - mean / 2)))
    part = np.where(np.arange(rows) % 10 == 0, "small", "large")
    return pd.DataFrame({"y": truth, "p_0": 1 - share, "p_1": share, "part": part})


def look(batch: pd.DataFrame, *checks: Any, power: float = 0.8, **keys: Any) -> PowerReport:
    """The report of a suite on logged predictions."""
    made: dict[str, Any] = {"labels": "y", "predictions": ["p_0", "p_1"], "positive": 1, **keys}
    return measure_power(Suite("sights", batch=batch, checks=checks, **made), power=power)


def one(*given: Any, **keys: Any) -> Sight:
    """The only sight of a report."""
    (sight,) = look(*given, **keys).sights
    return sight


def _off(world: World, *, n: int, runs: int, seeds: int) -> float:
    """The reported effect over the simulated one, less 1; the report is the middle one of some batches."""
    sights = [world.sight(n, 0.001, seed=seed) for seed in range(seeds)]
    simulated = world.seen(n, 0.001, runs) - sights[0].bound
    return float(np.median([sight.seen - sight.bound for sight in sights])) / simulated - 1


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_the_effect_seen_is_near_the_simulated_one(world: World) -> None:
    """A reduced run of the sweep below: fewer runs scatter more."""
    assert abs(_off(world, n=1000, runs=60, seeds=1)) <= 0.25


@pytest.mark.slow
@pytest.mark.parametrize("world", [*WORLDS, *MORE_WORLDS], ids=lambda world: world.name)
def test_the_effect_seen_is_within_a_tenth_of_the_simulated_one(world: World) -> None:
    """The truth that turns 80% of 400 simulated runs red, for 4,000 rows; the middle of three reports.

    One score is at the tenth: average precision's effect is reported 9% too large on the middle of 15
    batches, and 10.4% on that of these three.
    """
    most = 0.11 if world.name == "average_precision" else 0.10
    assert abs(_off(world, n=4000, runs=400, seeds=3)) <= most


@pytest.mark.parametrize("scorer", ["accuracy", "roc_auc"])
def test_chances_are_those_of_simulated_runs(scorer: str) -> None:
    """How often a healthy batch is green, for a floor that is near."""
    check = {"metric": scorer, "min": 0.90 if scorer == "roc_auc" else 0.83}
    sight = one(frame(3000), check)
    runs = [look_at(frame(3000, seed=seed), check, sight.value) for seed in range(100, 300)]
    assert sight.chances is not None
    assert sight.chances.green == pytest.approx(np.mean(runs), abs=0.15)


def look_at(batch: pd.DataFrame, check: dict[str, Any], healthy: float) -> bool:
    """Whether a run is green whose floor lies as far below the truth as it did below the first value."""
    truth = {"accuracy": TRUE_ACCURACY, "roc_auc": TRUE_AUC}[check["metric"]]
    floor = check["min"] + truth - healthy
    suite = Suite(
        "run",
        batch=batch,
        labels="y",
        predictions=["p_0", "p_1"],
        positive=1,
        checks=[{**check, "min": floor}],
    )
    return suite.run().outcome == "passed"


TRUE_ACCURACY, TRUE_AUC = 0.8413, 0.9214


def test_more_power_asks_for_a_larger_effect() -> None:
    """What 95% of runs see lies further from the floor than what 80% see."""
    batch = frame(1000)
    for scorer in ("accuracy", "roc_auc"):
        often, oftener = (one(batch, {"metric": scorer, "min": 0.8}, power=power) for power in (0.8, 0.95))
        assert oftener.seen < often.seen < 0.8


def test_more_rows_see_smaller_effects() -> None:
    """Four times the rows see about half the effect."""
    few, many = (one(frame(rows), {"metric": "roc_auc", "min": 0.85}) for rows in (1000, 4000))
    assert many.effect == pytest.approx(few.effect / 2, rel=0.2)


def test_every_slice_is_a_sight_of_its_own() -> None:
    """Fewer rows in a slice see less."""
    report = look(frame(2000), {"metric": "accuracy", "min": 0.7, "slices": ["part"]}, slices=["part"])
    by_place = {sight.slice: sight for sight in report.sights}
    assert list(by_place) == ["", "part=large", "part=small"]
    assert by_place["part=small"].effect > by_place["part=large"].effect > by_place[""].effect


def test_the_report_is_the_same_twice() -> None:
    """Same suite, same rows, same figures: the draws are seeded."""
    checks = {"metric": "roc_auc", "min": 0.9}, {"metric": "f1", "min": 0.7}
    assert look(frame(500), *checks).sights == look(frame(500), *checks).sights


CANNOT = [
    ("cannot fail", {"metric": "accuracy", "min": 0}, 200),
    ("cannot fail", {"metric": "accuracy", "min": 0.2}, 10),
    ("cannot fail", {"metric": "roc_auc", "min": 0}, 200),
    ("cannot fail", {"metric": "roc_auc", "min": 0.1}, 14),
    ("cannot fail", {"metric": "log_loss", "max": 60}, 200),
    ("cannot fail", {"errors": "rate", "max": "100%"}, 200),
    ("cannot pass", {"metric": "accuracy", "min": 0.99}, 50),
    ("cannot pass", {"metric": "accuracy", "min": 1}, 200),
    ("cannot pass", {"metric": "roc_auc", "min": 0.999}, 50),
    ("cannot pass", {"metric": "f1", "min": 0.99}, 50),
    ("cannot pass", {"errors": "rate", "max": "0.1%", "generalise": True}, 200),
]


@pytest.mark.parametrize(("says", "check", "rows"), CANNOT)
def test_a_check_that_cannot_decide_is_said(says: str, check: dict[str, Any], rows: int) -> None:
    """Neither a bound at the end of what a score can be, nor too few rows, goes unnoticed."""
    sight = one(frame(rows), check)
    assert any(warning.startswith(says) for warning in sight.warnings), sight.warnings


@pytest.mark.parametrize("scorer", ["accuracy", "recall", "roc_auc", "f1"])
def test_a_check_that_can_decide_has_no_warning(scorer: str) -> None:
    """A floor with room on both sides and enough rows."""
    sight = one(frame(3000), {"metric": scorer, "min": 0.7})
    assert sight.warnings == ()
    assert 0 < sight.effect < 0.1


def test_a_coin_flip_is_said_with_the_rows_that_would_tell() -> None:
    """A healthy model at a near floor is undecided more often than not."""
    sight = one(frame(300), {"metric": "accuracy", "min": 0.83})
    (warning,) = sight.warnings
    assert warning.startswith("is a coin flip at min 0.83: ")
    assert "labelled rows would tell" in warning


def test_a_value_beyond_its_bound_is_taken_to_be_at_it() -> None:
    """Healthy is then the bound, where red is no likelier than the budget allows."""
    for scorer in ("accuracy", "roc_auc"):
        sight = one(frame(800), {"metric": scorer, "min": 0.95}, false_alarms="5%")
        assert sight.healthy == 0.95 > sight.value
        assert sight.chances is not None
        assert sight.chances.red <= 0.05
        assert sight.chances.green <= 0.06


def test_facts_see_any_change() -> None:
    """What is counted is no matter of chance."""
    (sight,) = look(frame(50), {"errors": "rate", "max": "0.1%"}).sights
    assert (sight.how, sight.chances and sight.chances.green, sight.warnings) == ("counted", 1.0, ())


def test_errors_stretch_where_numbers_are_predicted() -> None:
    """Scores without an influence see by the check itself, too."""
    rng = np.random.default_rng(2)
    said = rng.normal(size=400)
    batch = pd.DataFrame({"y": said + rng.normal(size=400), "said": said})
    checks = [{"metric": "median_absolute_error", "max": 0.8}, {"metric": "r2", "min": 0.4}]
    for sight in look(batch, *checks, predictions="said", positive=None).sights:
        assert sight.how == "redrawn"
        assert np.isfinite(sight.seen)


def test_an_error_that_never_ends_cannot_be_green() -> None:
    """The largest error of rows unseen has no ceiling."""
    batch = pd.DataFrame({"y": np.arange(50.0), "said": np.arange(50.0) + 1})
    sight = one(batch, {"metric": "max_error", "max": 2}, predictions="said", positive=None)
    assert any(warning.startswith("cannot pass") for warning in sight.warnings)


def test_whole_groups_are_drawn() -> None:
    """Rows that depend on each other see less than as many that do not."""
    batch = frame(200).loc[lambda each: each.index.repeat(10)].reset_index(drop=True)
    batch["who"] = batch.index // 10
    check = {"metric": "roc_auc", "min": 0.85}
    apart, together = one(batch, check), one(batch, check, group="who")
    assert together.effect > 2 * apart.effect


def test_rows_without_a_label_take_no_part() -> None:
    """Their number changes nothing."""
    batch = frame(1000)
    batch["y"] = batch["y"].astype(float).where(batch.index % 2 == 0)
    check = {"metric": "roc_auc", "min": 0.85}
    half = one(batch[batch.index % 2 == 0].astype({"y": int}), check)
    assert one(batch.astype({"y": "Int64"}), check).seen == pytest.approx(half.seen, rel=0.02)


def test_a_warning_limit_is_looked_at_where_there_is_no_other() -> None:
    """What only warns can be blind, too."""
    sight = one(frame(500), {"metric": "accuracy", "warn_min": 0.7})
    assert (sight.limit, sight.bound) == ("min", 0.7)


def test_a_score_that_does_not_exist_is_said() -> None:
    """Rows of one class have no area under a curve."""
    sight = one(frame(100).assign(y=1), {"metric": "roc_auc", "min": 0.9})
    assert sight.warnings[0].startswith("cannot be judged here: ")


def test_drift_of_missing_values_and_of_each_column() -> None:
    """Every measurement of a drift check is a sight, at its own part of the budget."""
    rng = np.random.default_rng(3)
    before = pd.DataFrame({"a": rng.normal(size=800), "b": rng.choice(["x", "y"], 800)})
    before.loc[::10, "a"] = np.nan
    suite = Suite("moved", batch=before.copy(), reference=before, checks=[{"drift": "all", "max": 0.2}])
    sights = measure_power(suite).sights
    assert [(sight.metric, sight.column) for sight in sights] == [
        ("wasserstein", "a"),
        ("missing_share", "a"),
        ("jensenshannon", "b"),
    ]
    assert all(0 < sight.effect < 0.6 for sight in sights)


@modelqa.check(needs=modelqa.Needs.BATCH)
def mean_of(ctx: modelqa.Context, column: str) -> Iterator[modelqa.Measurement]:
    """A check of somebody's own, with an interval and no influence."""
    from modelqa.stats.intervals import mean

    yield modelqa.Measurement("mean_of", mean(ctx.batch.column(column).values, ctx.levels))


@modelqa.check
def broken(ctx: modelqa.Context) -> Iterator[modelqa.Measurement]:
    """A check that raises."""
    raise ValueError("secret")


def test_a_check_of_ones_own_is_told_by_the_reach_of_its_interval() -> None:
    """Approximately, and marked so."""
    sight = one(frame(500), check(mean_of, "p_1", max=0.6))
    assert sight.how == "approximate"
    assert 0.6 < sight.seen < 0.75


def test_a_check_that_raises_is_said_and_the_others_are_looked_at() -> None:
    """Its text is not shown, since it may quote rows."""
    report = look(frame(200), {"metric": "accuracy", "min": 0.5}, check(broken, max=1))
    assert report.unmeasured
    assert "secret" not in report.sights[1].warnings[0]
    assert report.sights[0].chances is not None


def test_a_subject_that_cannot_be_opened_is_raised() -> None:
    """Where nothing can be looked at there is no report."""
    with pytest.raises(SubjectError, match="nowhere"):
        measure_power(
            Suite("gone", batch="nowhere.csv", checks=[{"errors": "rate", "max": 0}], predictions="p")
        )
