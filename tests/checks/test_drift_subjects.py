"""`drift: error`, `share` and `table`, and columns that the model does not use."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelqa import SuiteError
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult
from modelqa.testing import FakeModel, make_batch, run_check

NO_MODEL: dict[str, Any] = {"model": None, "champion": None, "labels": None, "key": None}


def of(batch: pd.DataFrame, **more: Any) -> dict[str, Any]:
    """A subject with this batch and a healthy reference."""
    return {"batch": batch, "reference": make_batch(5000, seed=1), **more}


def wrong_labels(where: str, share: float) -> pd.DataFrame:
    """A batch in which a share of a region's labels is the other one."""
    batch = make_batch(5000)
    flipped = (batch.region == where) & (np.random.default_rng(1).random(5000) < share)
    return batch.assign(label=np.where(flipped, 1 - batch.label, batch.label))


def reds(result: CheckResult) -> list[str | None]:
    """The columns that are red."""
    return [v.measurement.column for v in result.verdicts if v.outcome is Outcome.FAILED]


def test_a_world_that_answers_otherwise_is_red_within_the_column() -> None:
    """Labels that turn in one region change the error given the region, and the note says where."""
    result = run_check("drift", "error", given=["region"], max=0.02, subject=of(wrong_labels("US", 0.3)))
    assert reds(result) == ["region"]
    assert "most at US" in result.message
    assert result.verdicts[0].measurement.metric == "zero_one_loss_change"


def test_a_column_that_moves_takes_no_blame() -> None:
    """Customers move, the model errs less often in total, and given what moved it errs as before."""
    batch = make_batch(5000, shift=1.0)
    moved = run_check("drift", "error", given=["signal"], max=0.05, subject=of(batch))
    assert moved.outcome is Outcome.PASSED
    assert run_check("drift", "prediction", max=0.05, subject=of(batch)).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("task", "method", "metric"),
    [
        ("regression", None, "mean_absolute_error_change"),
        ("binary", "log_loss", "log_loss_change"),
        ("multiclass", "log_loss", "log_loss_change"),
    ],
)
def test_each_task_has_its_loss(task: Any, method: str | None, metric: str) -> None:
    """Numbers by their absolute error; classes by log loss where they have probabilities."""
    batch, reference = make_batch(4000, task=task), make_batch(4000, task=task, seed=1)
    subject = {"batch": batch, "reference": reference, "model": FakeModel(task)}
    keys = {} if method is None else {"method": method}
    result = run_check("drift", "error", given=["region"], max=0.1, subject=subject, **keys)
    assert (result.outcome, result.verdicts[0].measurement.metric) == (Outcome.PASSED, metric)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ({"batch": make_batch(300).drop(columns="region")}, "no column 'region'"),
        ({"batch": make_batch(300).assign(region=1.5)}, "holds text in the reference and float"),
        ({"reference": make_batch(300).drop(columns="label")}, "label"),
        ({"model": FakeModel("regression", nans=(0.5,)), "batch": make_batch(300).assign(signal=0.5)}, "NaN"),
    ],
)
def test_an_error_that_cannot_be_compared_is_never_green(damage: dict[str, Any], told: str) -> None:
    """A column or the labels missing, another kind, predictions missing: errored, and said."""
    result = run_check("drift", "error", given=["region"], max=9, subject={**of(make_batch(300)), **damage})
    assert result.outcome in (Outcome.ERRORED, Outcome.INCONCLUSIVE)
    assert told == "NaN" or told in result.message


def test_rows_without_a_label_are_left_out_on_both_sides() -> None:
    """Labels that are still to come change nothing for the rows that have one."""
    batch = make_batch(5000)
    batch["label"] = batch.label.where(batch.id % 3 > 0)
    result = run_check("drift", "error", given=["region", "signal"], max=0.05, subject=of(batch))
    assert result.outcome is Outcome.PASSED
    assert result.verdicts[0].measurement.estimate.n == (batch.id % 3 > 0).sum()


def frame(seed: int, rows: int = 3000, **changes: Any) -> pd.DataFrame:
    """Ten columns: numbers, a category, a date and a truth value."""
    rng = np.random.default_rng(seed)
    columns = {f"x{at}": rng.normal(size=rows) for at in range(7)}
    return pd.DataFrame(columns).assign(
        plan=rng.choice(["basic", "plus", "pro"], rows),
        when=pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 1000, rows), "h"),
        flag=rng.random(rows) < 0.3,
        **changes,
    )


def tables(batch: pd.DataFrame) -> dict[str, Any]:
    """A subject of two tables, without a model."""
    return {**NO_MODEL, "batch": batch, "reference": frame(1), "features": [*frame(0, 3).columns]}


def test_the_share_of_drifted_columns_is_bounded() -> None:
    """Four of ten columns moved: 40%, surely more than 20%, surely less than 60%."""
    batch = frame(2)
    batch[["x0", "x1", "x2"]] += 0.5
    batch["plan"] = "pro"
    for most, outcome in (("20%", Outcome.FAILED), ("60%", Outcome.PASSED)):
        result = run_check("drift", "share", threshold=0.15, max=most, subject=tables(batch))
        assert result.outcome is outcome
        assert result.verdicts[0].measurement.estimate.value == pytest.approx(0.4)
    assert "4 of 10 columns beyond 0.15: x0, x1, x2, plan" in result.message


def test_columns_that_are_gone_or_empty_count_as_drifted_or_unknown() -> None:
    """A missing column is drifted; one without values may be: it is not counted as healthy."""
    batch = frame(2).drop(columns="x0")
    batch["x1"] = np.nan
    estimate = run_check("drift", "share", threshold=0.2, max="50%", subject=tables(batch)).verdicts[0]
    assert (estimate.measurement.estimate.low, estimate.measurement.estimate.high) == pytest.approx(
        (0.2, 0.2)
    )


def test_a_healthy_table_is_not_told_apart() -> None:
    """All kinds of columns, nulls, and a classifier that finds nothing: green at 0.6."""
    batch = frame(2)
    batch.loc[::7, ["x3", "plan"]] = None
    reference = frame(1)
    reference.loc[::7, ["x3", "plan"]] = None
    result = run_check("drift", "table", max=0.6, subject={**tables(batch), "reference": reference})
    assert result.outcome is Outcome.PASSED
    assert result.verdicts[0].measurement.estimate.low == 0.5


def test_an_interaction_that_no_column_shows_is_found() -> None:
    """Two columns begin to agree in sign: each is as it was, the table is not."""
    batch = frame(2)
    batch["x1"] = batch.x1.abs() * np.sign(batch.x0)
    assert run_check("drift", "all", max=0.15, subject=tables(batch)).outcome is Outcome.PASSED
    assert run_check("drift", "table", max=0.6, subject=tables(batch)).outcome is Outcome.FAILED


def test_the_same_tables_give_the_same_answer() -> None:
    """The cut into halves is drawn from a seed of suite, check and data."""
    one, other = (run_check("drift", "table", max=0.9, subject=tables(frame(2))) for _ in range(2))
    assert one.verdicts == other.verdicts


def test_healthy_tables_are_seldom_told_apart() -> None:
    """Of 40 pairs of small tables, a low end above 0.5 at 1% is in at most two."""
    reds = 0
    for seed in range(40):
        subject = {**tables(frame(1000 + seed, 300)), "reference": frame(seed, 300)}
        found = run_check("drift", "table", max=0.51, subject=subject).verdicts[0].measurement.estimate
        reds += found.low > 0.5
    assert reds <= 2


def test_no_column_to_compare_is_an_error() -> None:
    """Neither missing columns nor a handful of rows are green."""
    strange = frame(2)[["x0"]].rename(columns={"x0": "y"})
    assert run_check("drift", "table", max=0.9, subject=tables(strange)).outcome is Outcome.ERRORED
    assert run_check("drift", "table", max=0.9, subject=tables(frame(2, 9))).outcome is Outcome.ERRORED


def test_a_column_that_the_model_reads_and_one_table_lacks_is_named() -> None:
    """What the classifier did not see is in the note."""
    result = run_check("drift", "table", max=0.9, subject=tables(frame(2).drop(columns="plan")))
    assert "without plan" in result.message


class Reader(FakeModel):
    """A model that reads two columns and uses one."""

    feature_names_in_ = np.array(["signal", "amount"])


def moved(*names: str) -> pd.DataFrame:
    """A batch whose columns moved by a spread."""
    batch = make_batch(3000)
    for name in names:
        batch[name] += batch[name].std()
    return batch


def test_drift_of_what_nobody_uses_is_a_warning() -> None:
    """Unused and moved: warned, with the reason; used and moved: red."""
    subject = of(moved("amount"), model=Reader())
    result = run_check("drift", "all", importance="auto", max=0.1, subject=subject)
    assert result.outcome is Outcome.WARNED
    assert "the model hardly depends on it (0.0%)" in result.message
    assert run_check("drift", "all", max=0.1, subject=subject).outcome is Outcome.FAILED
    both = run_check(
        "drift", "all", importance="auto", max=0.1, subject=of(moved("signal", "amount"), model=Reader())
    )
    assert set(reds(both)) == {"signal"}


def test_a_column_that_is_gone_is_red_whatever_the_model_makes_of_it() -> None:
    """Unused as it may be, a missing column is no drift."""
    subject = of(make_batch(300).drop(columns="amount"))
    result = run_check("drift", ["amount"], importance="auto", max=0.1, subject=subject)
    assert result.outcome is Outcome.FAILED


def test_a_model_that_always_says_the_same_excuses_nothing() -> None:
    """Where no column moves any prediction, all of them count."""
    batch = moved("signal").assign(signal=lambda f: f.signal * 0 + 3)
    result = run_check("drift", ["signal"], importance="auto", max=0.1, subject=of(batch))
    assert result.outcome is Outcome.FAILED


def test_importance_needs_a_model() -> None:
    """Without one the check is errored, not green."""
    subject = {**of(make_batch(300)), **NO_MODEL, "features": ["signal"]}
    result = run_check("drift", "all", importance="auto", max=9, subject=subject)
    assert result.outcome is Outcome.ERRORED
    assert "model" in result.message


@pytest.mark.parametrize(
    ("value", "keys", "told"),
    [
        ("error", {}, "needs `given:`"),
        ("share", {}, "needs `threshold:`"),
        ("all", {"given": ["x"]}, "only drift: error"),
        ("table", {"threshold": 0.1}, "only drift: share"),
        ("share", {"threshold": -1.0}, "above 0"),
        ("table", {"method": "psi"}, "no methods"),
        ("error", {"given": ["x"], "method": "psi"}, "zero_one_loss"),
        ("all", {"method": "log_loss"}, "wasserstein"),
        ("prediction", {"importance": "auto"}, "only columns"),
        ("table", {"exact": True}, "no distance"),
        ("all", {"importance": "always"}, "auto"),
    ],
)
def test_keys_that_do_not_belong_are_problems_of_the_suite(
    value: str, keys: dict[str, Any], told: str
) -> None:
    """They are said at collection, with what to write."""
    with pytest.raises(SuiteError, match=told):
        run_check("drift", value, max=0.1, **keys)
