"""`ab`: an experiment with two arms, judged while it runs."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa import Suite
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult
from modelqa.errors import SuiteError
from modelqa.reports import terminal

KEYS = {"arm": "variant", "treatment": "challenger", "control": "champion"}


def experiment(
    treated: int = 50_000, control: int = 50_000, rates: tuple[float, float] = (0.12, 0.10)
) -> Any:
    """A table of assignments with outcomes: who bought, and how long a page took."""
    rng = np.random.default_rng(0)
    variant = np.repeat(["challenger", "champion"], [treated, control])
    bought = rng.random(len(variant)) < np.where(variant == "challenger", *rates)
    frame = pd.DataFrame(
        {"variant": variant, "bought": bought, "seconds": rng.exponential(1.0, len(variant))}
    )
    frame["who"] = np.arange(len(frame))
    return frame.sample(frac=1, random_state=0)


def judged(frame: pd.DataFrame, outcome: str = "bought", **keys: Any) -> CheckResult:
    """The result of one `ab` check of an experiment."""
    (result,) = Suite("trial", batch=frame, checks=[{"ab": outcome, **KEYS, **keys}]).run().checks
    return result


def test_a_better_challenger_wins() -> None:
    """Two points at a base of 10%: green, and the assignment is in order."""
    result = judged(experiment(), min=0)
    ratio, effect = (verdict.measurement for verdict in result.verdicts)
    assert result.outcome is Outcome.PASSED
    assert (ratio.metric, ratio.estimate.value) == ("sample_ratio_mismatch", 0)
    assert effect.metric == "ab_bought_difference"
    assert 0 < effect.estimate.low < 0.02 < effect.estimate.high
    assert (effect.estimate.n, effect.counts) == (100_000, "units")


def test_a_worse_one_is_red_and_an_equal_one_undecided() -> None:
    """Two points down; and no difference, which a margin makes green."""
    assert judged(experiment(rates=(0.08, 0.10)), min=0).outcome is Outcome.FAILED
    equal = experiment(rates=(0.10, 0.10))
    assert judged(equal, min=0).outcome is Outcome.INCONCLUSIVE
    assert judged(equal, min=-0.02).outcome is Outcome.PASSED


def test_other_outcomes_are_guarded_by_a_bound_of_their_own() -> None:
    """Seconds a page may not grow by a tenth."""
    frame = experiment()
    assert judged(frame, "seconds", max="10%", scale="relative").outcome is Outcome.PASSED
    frame.loc[frame["variant"] == "challenger", "seconds"] *= 1.3
    assert judged(frame, "seconds", max="10%", scale="relative").outcome is Outcome.FAILED


def test_a_relative_effect_may_be_guarded_from_below() -> None:
    """At most a tenth fewer may buy; a tenth is written as a share, or in percent."""
    frame = experiment(rates=(0.10, 0.10))
    for margin in ("-10%", -0.1):
        assert judged(frame, scale="relative", min=margin).outcome is Outcome.PASSED
    lost = experiment(rates=(0.08, 0.10))
    assert judged(lost, scale="relative", min="-10%").outcome is Outcome.FAILED


def test_a_broken_assignment_is_red_and_nothing_else_is_judged() -> None:
    """50 to 52 over 100,000 rows: the mismatch is found, the verdict withheld."""
    result = judged(experiment(49_020, 50_980), min=0)
    ratio, effect = result.verdicts
    assert (ratio.outcome, effect.outcome) == (Outcome.FAILED, Outcome.INCONCLUSIVE)
    assert "49% of 100,000 units got the treatment, 50% were to" in ratio.measurement.note
    assert "withheld: sample ratio mismatch" in effect.measurement.note
    assert not effect.measurement.estimate.exists
    suite = Suite("trial", batch=experiment(49_020, 50_980), checks=[{"ab": "bought", **KEYS, "min": 0}])
    assert "sample_ratio_mismatch" in terminal.render(suite.run())
    assert judged(experiment(49_020, 50_980), min=0, share="49%").outcome is Outcome.PASSED


def test_rows_of_one_unit_are_one_unit() -> None:
    """A customer with forty rows is one customer, and one in both arms is left out and counted."""
    frame = experiment(1000, 1000)
    alone = judged(frame, min=0, unit="who").verdicts[1].measurement.estimate
    many = judged(pd.concat([frame] * 40), min=0, unit="who").verdicts[1].measurement.estimate
    assert (many.low, many.n) == pytest.approx((alone.low, alone.n))
    crossed = frame.copy()
    crossed["who"] = crossed["who"] % 1999  # the last customer of one arm is the first of the other
    note = judged(crossed, min=0, unit="who").verdicts[1].measurement.note
    assert "units in both arms, left out: 1" in note


def test_rows_that_say_nothing_are_counted() -> None:
    """Another arm, and outcomes that are not there yet."""
    frame = experiment(2000, 2000)
    frame["bought"] = frame["bought"].astype("boolean")
    frame.iloc[:7, frame.columns.get_loc("bought")] = pd.NA
    other = pd.concat([frame, frame.head(3).assign(variant="holdout")])
    effect = judged(other, min=0).verdicts[1].measurement
    assert "rows of other arms: 3; rows without an outcome yet: 7" in effect.note
    assert effect.estimate.n == 4000 - 7


def test_numbers_and_truth_values_name_arms_too() -> None:
    """``treatment: 1``, ``treatment: true``."""
    frame = experiment(2000, 2000)
    want = judged(frame, min=0).verdicts[1].measurement.estimate
    frame["variant"] = (frame["variant"] == "challenger").astype(int)
    assert judged(frame, min=0, treatment=1, control=0).verdicts[1].measurement.estimate == want
    frame["variant"] = frame["variant"].astype(bool)
    assert judged(frame, min=0, treatment=True, control=False).verdicts[1].measurement.estimate == want


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"share": "150%"}, "expected a share"),
        ({"share": 0}, "between 0 and 1"),
        ({"planned": 0}, "at least 1"),
        ({"control": "challenger"}, "another value than that of treatment"),
    ],
)
def test_what_cannot_be_is_said_at_collection(keys: dict[str, Any], said: str) -> None:
    """Before anything is read."""
    with pytest.raises(SuiteError, match=said):
        judged(experiment(10, 10), min=0, **keys)


@pytest.mark.parametrize(
    ("outcome", "keys", "said"),
    [
        ("who_else", {}, "has no column 'who_else'"),
        ("variant", {}, "expected numbers or truth values"),
        ("bought", {"treatment": "secret"}, "has no row of 'secret'"),
        ("bought", {"arm": "team"}, "has no column 'team'"),
    ],
)
def test_what_is_not_there_is_an_error(outcome: str, keys: dict[str, Any], said: str) -> None:
    """Nothing is green that was not measured."""
    result = judged(experiment(10, 10), outcome, min=0, **keys)
    assert result.outcome is Outcome.ERRORED
    assert said in result.reason


def test_few_units_are_undecided_and_say_so() -> None:
    """Twenty-nine against a thousand, all of one side bought: no winner yet."""
    frame = pd.DataFrame(
        {"variant": ["challenger"] * 29 + ["champion"] * 1000, "bought": [1] * 29 + [0, 1] * 500}
    )
    result = judged(frame, min=0, share="2.8%")
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "fewer than 30 units in an arm decide nothing" in result.message


OUTCOMES = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(), st.just("x"))
NAMES = st.one_of(st.none(), st.sampled_from(["challenger", "champion", "\x1b[31m", ""]))


@given(
    rows=st.lists(
        st.tuples(NAMES, OUTCOMES, st.one_of(st.none(), st.integers(0, 50))), min_size=1, max_size=25
    ),
    times=st.sampled_from([1, 20]),
    keys=st.fixed_dictionaries(
        {},
        optional={
            "unit": st.just("who"),
            "scale": st.just("relative"),
            "planned": st.integers(1, 10**6),
            "share": st.sampled_from(["1%", 0.5, 0.999]),
        },
    ),
)
@settings(deadline=None)
def test_any_table_is_judged_or_refused_and_never_green_on_little(
    rows: list[Any], times: int, keys: dict[str, Any]
) -> None:
    """Neither a crash nor a value of a row in what is said; green needs thirty units in each arm."""
    frame = pd.DataFrame(rows * times, columns=["variant", "bought", "who"])
    if frame["bought"].map(type).nunique() > 1:
        frame["bought"] = pd.to_numeric(frame["bought"], errors="coerce")
    result = judged(frame, min=-1, **keys)
    assert "not shown" not in result.reason, "it crashed"
    assert "\x1b" not in result.message + result.reason
    units = frame[frame["bought"].notna()].groupby("variant")["bought"].count()
    if result.outcome is Outcome.PASSED:
        assert units["challenger"] >= 30
        assert units["champion"] >= 30
    assert result.outcome is not Outcome.PASSED or result.verdicts[1].measurement.estimate.exists
