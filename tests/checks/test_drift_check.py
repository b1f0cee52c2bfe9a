"""`drift`: columns, predictions and labels against the reference."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from modelqa import Suite, SuiteError
from modelqa.core.bound import Outcome
from modelqa.core.estimate import Levels
from modelqa.stats import distance
from modelqa.testing import FakeModel, make_batch, run_check


def test_healthy_columns_are_green_and_named() -> None:
    """Numbers by wasserstein, categories by jensenshannon, one verdict a column."""
    subject = {"batch": make_batch(5000), "reference": make_batch(5000, seed=1)}
    result = run_check("drift", ["signal", "amount", "region"], max=0.15, subject=subject)
    assert [(v.measurement.metric, v.measurement.column) for v in result.verdicts] == [
        ("wasserstein", "signal"), ("wasserstein", "amount"), ("jensenshannon", "region"),
    ]  # fmt: skip
    assert result.outcome is Outcome.PASSED


def test_a_shifted_column_is_red_alone() -> None:
    """One column moved by half a standard deviation: that one is red."""
    batch = make_batch(5000)
    batch["amount"] += batch.amount.std() / 2
    result = run_check(
        "drift",
        ["signal", "amount", "region"],
        max=0.1,
        subject={"batch": batch, "reference": make_batch(5000, seed=1)},
    )
    assert [v.measurement.column for v in result.verdicts if v.outcome is Outcome.FAILED] == ["amount"]


def test_a_few_rows_raise_no_alarm() -> None:
    """Fifty rows look far away from anything; that is noise, so nothing is red."""
    subject = {"batch": make_batch(50), "reference": make_batch(5000, seed=1)}
    assert (
        run_check("drift", ["signal", "amount", "region"], max=0.1, subject=subject).outcome
        is not Outcome.FAILED
    )


def test_what_drifts_may_be_the_prediction_or_the_labels() -> None:
    """A shifted signal moves both."""
    subject = {"batch": make_batch(3000, shift=1.5), "reference": make_batch(3000, seed=1)}
    for what in ("prediction", "labels"):
        result = run_check("drift", what, max=0.05, subject=subject)
        assert result.outcome is Outcome.FAILED
        assert result.verdicts[0].measurement.column == what


def test_all_means_what_the_model_reads() -> None:
    """Columns that the model does not read may move."""
    batch = make_batch(3000)
    batch["amount"] *= 100
    subject = {"batch": batch, "reference": make_batch(3000, seed=1)}
    result = run_check("drift", "all", max=0.2, subject=subject)
    assert [v.measurement.column for v in result.verdicts] == ["signal"]


def test_the_methods_are_those_of_their_names() -> None:
    """Each method gives the number that scipy gives."""
    batch, reference = make_batch(700), make_batch(900, seed=1)
    result = run_check(
        "drift", ["signal"], method="ks", max=0.5, subject={"batch": batch, "reference": reference}
    )
    expected = stats.ks_2samp(reference.signal, batch.signal).statistic
    assert result.verdicts[0].measurement.estimate.value == pytest.approx(expected, rel=1e-9)


def test_missing_values_drift_as_a_share_of_their_own() -> None:
    """A column that loses a third of its values is red for that, whatever the rest looks like."""
    batch = make_batch(3000)
    batch.loc[::3, "amount"] = np.nan
    subject = {"batch": batch, "reference": make_batch(3000, seed=1)}
    result = run_check("drift", ["amount"], max=0.15, subject=subject)
    red = [v.measurement.metric for v in result.verdicts if v.outcome is Outcome.FAILED]
    assert red == ["missing_share"]


@pytest.mark.parametrize(
    ("damage", "metric"),
    [
        (lambda frame: frame.drop(columns="amount"), "missing_column"),
        (lambda frame: frame.assign(amount="many"), "changed_kind"),
    ],
)
def test_a_column_that_is_no_longer_itself_is_red(damage: object, metric: str) -> None:
    """Gone, or of another kind: a fact, not an estimate."""
    subject = {"batch": damage(make_batch(300)), "reference": make_batch(300, seed=1)}  # type: ignore[operator]
    result = run_check("drift", ["amount"], max=5, subject=subject)
    assert (result.outcome, result.verdicts[0].measurement.metric) == (Outcome.FAILED, metric)


def test_dates_and_truth_values_drift_too() -> None:
    """Dates are numbers on the axis of time, truth values are categories."""
    when = pd.date_range("2026-01-01", periods=2000, freq="h")
    reference = make_batch(2000, seed=1).assign(when=when, flag=lambda f: f.id % 2 == 0)
    batch = make_batch(2000).assign(when=when + pd.Timedelta(days=60), flag=lambda f: f.id % 5 == 0)
    result = run_check("drift", ["when", "flag"], max=0.1, subject={"batch": batch, "reference": reference})
    assert [(v.measurement.metric, v.outcome) for v in result.verdicts] == [
        ("wasserstein", Outcome.FAILED), ("outside_range", Outcome.FAILED), ("jensenshannon", Outcome.FAILED),
    ]  # fmt: skip


N = 2000
WHEN = pd.date_range("2026-01-01", periods=N, freq="h")


def _odd(**columns: object) -> pd.DataFrame:
    return make_batch(N).assign(**columns)


COUNTING = 1.0 * np.arange(N)
RED, GREEN, UNDECIDED = "failed", "passed", "inconclusive"
ODD = {
    "all null in the batch": ({"x": np.nan}, {"x": COUNTING},
        {"wasserstein": UNDECIDED, "missing_share": RED}),
    "all null in the reference": ({"x": COUNTING}, {"x": np.nan},
        {"wasserstein": UNDECIDED, "missing_share": RED}),
    "all null on both sides": ({"x": np.nan}, {"x": np.nan},
        {"wasserstein": UNDECIDED, "missing_share": GREEN}),
    "constant on both sides": ({"x": 7.0}, {"x": 7.0}, {"wasserstein": UNDECIDED}),
    "constant, and another one": ({"x": 8.0}, {"x": 7.0}, {"wasserstein": RED, "outside_range": RED}),
    "constant in the batch": ({"x": 3.0}, {"x": COUNTING}, {"wasserstein": RED}),
    "the same category only": ({"x": "a"}, {"x": "a"}, {"jensenshannon": GREEN}),
    "new categories": ({"x": ["a", "b"] * (N // 2)}, {"x": "a"},
        {"jensenshannon": RED, "new_categories": RED}),
    "a date where there was a number": ({"x": WHEN}, {"x": COUNTING}, {"changed_kind": RED}),
    "dates with nulls": ({"x": WHEN.where(np.arange(N) % 2 == 0)}, {"x": WHEN},
        {"wasserstein": GREEN, "missing_share": RED}),
    "lists": ({"x": [[1]] * N}, {"x": [[1]] * N}, {"drift": UNDECIDED}),
    "infinite values": ({"x": np.where(COUNTING % 4, COUNTING, np.inf)}, {"x": COUNTING},
        {"wasserstein": RED, "outside_range": RED}),
}  # fmt: skip


@pytest.mark.parametrize(("batch", "reference", "told"), ODD.values(), ids=ODD)
def test_odd_columns_are_findings_of_their_own(batch: dict, reference: dict, told: dict[str, str]) -> None:
    """Never a crash, never green where nothing could be measured."""
    subject = {"batch": _odd(**batch), "reference": _odd(**reference)}
    result = run_check("drift", ["x"], max=0.1, subject=subject)
    assert {v.measurement.metric: str(v.outcome) for v in result.verdicts} == told, result.reason


def test_rows_beyond_the_range_are_told_beside_a_distance_that_clips() -> None:
    """A twentieth of the rows a thousand spreads away: the distance is small, the finding is not."""
    batch = make_batch(5000)
    batch.loc[:249, "signal"] = 1e6
    result = run_check("drift", ["signal"], max=0.02, subject={**_healthy(), "batch": batch})
    found = {v.measurement.metric: v for v in result.verdicts}
    assert found["outside_range"].outcome is Outcome.FAILED
    assert "5.1% of rows outside the reference's 0.1-99.9% range" in found["outside_range"].reason


def _healthy() -> dict[str, pd.DataFrame]:
    return {"batch": make_batch(5000), "reference": make_batch(5000, seed=1)}


@pytest.mark.parametrize("method", ["wasserstein", "psi", "jensenshannon"])
def test_exact_gives_the_numbers_of_others(method: str) -> None:
    """`exact: true` is the exact distance, of numbers and of categories; a profile has none."""
    subject = _healthy()
    found = run_check("drift", ["signal"], method=method, exact=True, max=9, subject=subject).verdicts[0]
    levels = Levels(alpha=0.01, beta=0.05, reds="low")
    sides = (subject["reference"].signal.to_numpy(), subject["batch"].signal.to_numpy())
    wanted = distance.numeric(method, *sides, levels, exact=True)[0].value
    assert found.measurement.estimate.value == pytest.approx(wanted, rel=1e-12)
    clipped = run_check("drift", ["signal"], method=method, max=9, subject=subject).verdicts[0]
    assert clipped.measurement.estimate.value != found.measurement.estimate.value


def test_no_category_is_named_that_few_rows_hold() -> None:
    """Evidence names what five rows of a side share; the others are counted together."""
    batch, reference = make_batch(500), make_batch(500, seed=1)
    batch.loc[:3, "region"] = ["anna@example.com", "b@example.com", "b@example.com", "c@example.com"]
    result = run_check("drift", ["region"], max=0.5, subject={"batch": batch, "reference": reference})
    shown = result.verdicts[0].measurement.evidence[0].data
    assert set(shown["labels"]) == {"APAC", "EU", "US", "3 others"}
    assert "@" not in result.message + str(shown)


def test_evidence_of_numbers_has_five_of_each_side_and_words() -> None:
    """Quantiles of both sides, and the bin that changed most."""
    batch = make_batch(5000, shift=2.0)
    result = run_check("drift", ["signal"], max=0.5, subject={**_healthy(), "batch": batch})
    shown = result.verdicts[0].measurement.evidence[0].data
    wanted = np.quantile(batch.signal, [0.05, 0.25, 0.5, 0.75, 0.95])
    assert shown["quantiles"]["batch"] == pytest.approx(wanted, abs=0.02)
    assert " -> " in shown["changed"]


def test_evidence_is_the_two_distributions_as_plain_data() -> None:
    """A report can draw them without the rows."""
    result = run_check("drift", ["region"], max=0.3)
    shown = result.verdicts[0].measurement.evidence[0]
    assert shown.kind == "distributions"
    assert sum(shown.data["batch"]) == pytest.approx(1)
    assert shown.data["labels"] == ["APAC", "EU", "US"] or set(shown.data["labels"]) == {"APAC", "EU", "US"}


def test_an_unknown_method_is_a_problem_of_the_suite() -> None:
    """It is said at collection, with the names that there are."""
    with pytest.raises(SuiteError, match="wasserstein"):
        Suite("s", batch=make_batch(9), reference=make_batch(9), model=FakeModel(),
              checks=[{"drift": "all", "method": "wassersten", "max": 1}])  # fmt: skip
