"""`across:` in a run: slices become one measurement, which says whom it is about."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import modelqa
from modelqa.core import codec
from modelqa.core.bound import Outcome
from modelqa.core.result import Measurement
from modelqa.testing import FakeModel, make_batch, run_check

REGION = {"slices": ["region"]}


def batch(rows: int = 2000, **columns: Any) -> pd.DataFrame:
    """Rows with a second column to cut by."""
    return make_batch(rows).assign(half=lambda frame: frame.id % 2, **columns)


def found(kind: str, value: Any = True, /, *, subject: Any = None, **keys: Any) -> Measurement:
    """The one measurement of a check across the regions."""
    parts = {"batch": batch(), **REGION, **(subject or {})}
    result = run_check(kind, value, subject=parts, **{"slices": "all", **keys})
    assert len(result.verdicts) == 1, result.message
    return result.verdicts[0].measurement


def accuracies(frame: pd.DataFrame, by: str = "region") -> dict[str, float]:
    """The accuracy of the fake model in each group."""
    hit = (frame.signal > 0) == frame.label
    return {f"{by}={name}": float(value) for name, value in hit.groupby(frame[by]).mean().items()}


def test_slices_become_one_measurement() -> None:
    """Worst, gap and ratio are those of the slices' values, and the rows are those of all slices."""
    each = accuracies(batch())
    low, high = min(each.values()), max(each.values())
    values = {"worst": low, "gap": high - low, "ratio": low / high}
    for how, value in values.items():
        bound = {"max": 0.9} if how == "gap" else {"min": 0.1}
        one = found("metric", "accuracy", across=how, **bound)
        assert one.estimate.value == pytest.approx(value)
        assert (one.slice, one.estimate.n) == ("", 2000)
        assert one.metric.endswith("accuracy")
    most = found("metric", "accuracy", across="worst", max=1)
    assert most.estimate.value == pytest.approx(high)


def test_the_note_names_the_extreme_slices() -> None:
    """A reader learns where to look, and how large the slice is."""
    each = accuracies(batch())
    least, most = min(each, key=each.__getitem__), max(each, key=each.__getitem__)
    gap = found("metric", "accuracy", across="gap", max=0.9)
    assert gap.note == f"largest in {most} ({each[most]:.3f}), smallest in {least} ({each[least]:.3f})"
    assert found("metric", "accuracy", across="worst", min=0.1).note.startswith(f"in {least} (n=")


def test_every_slice_is_evidence_that_a_report_can_draw() -> None:
    """Values and ends of all slices, as data that crosses processes."""
    result = run_check(
        "metric", "accuracy", across="gap", max=0.9, slices="all", subject={"batch": batch(), **REGION}
    )
    (piece,) = result.verdicts[0].measurement.evidence
    assert piece.kind == "slices"
    assert dict(zip(piece.data["slices"], piece.data["values"], strict=True)) == pytest.approx(
        accuracies(batch())
    )
    assert all(low < value < high for low, value, high in zip(
        piece.data["low"], piece.data["values"], piece.data["high"], strict=True
    ))  # fmt: skip
    assert codec.check_from_plain(codec.check_to_plain(result)).verdicts == result.verdicts


def test_a_difference_is_of_two_slices_in_their_order() -> None:
    """Signed: the first of the suite's minus the second; a third one is an error."""
    slices = [{"name": "odd", "where": "half = 1"}, {"name": "even", "where": "half = 0"}]
    each = accuracies(batch(), by="half")
    one = found("metric", "accuracy", across="difference", min=-0.5, subject={"slices": slices})
    assert one.estimate.value == pytest.approx(each["half=1"] - each["half=0"])
    assert one.note == f"odd ({each['half=1']:.3f}) minus even ({each['half=0']:.3f})"
    three = run_check("metric", "accuracy", across="difference", min=-0.5, slices="all", subject=REGION)
    assert three.outcome is Outcome.ERRORED
    assert "across: difference is of two slices, found 3: region=APAC" in three.message


def test_one_slice_has_no_gap() -> None:
    """A batch of one region is an error: what should be compared is not there."""
    result = run_check(
        "metric", "accuracy", across="gap", max=0.9, slices="all",
        subject={"batch": batch(region="EU"), **REGION},
    )  # fmt: skip
    assert result.outcome is Outcome.ERRORED
    assert "across: gap is between slices, and there is one: region=EU" in result.message


def test_a_slice_without_a_score_is_named_and_never_green() -> None:
    """One region without positives: its recall does not exist, so the gap may be anything."""
    frame = batch()
    frame.loc[frame.region == "EU", "label"] = 0
    for how, bound in (("gap", {"max": 0.9}), ("worst", {"min": 0.01}), ("ratio", {"min": 0.01})):
        result = run_check(
            "metric", "recall", across=how, slices="all", subject={"batch": frame, **REGION}, **bound
        )
        assert result.outcome is Outcome.INCONCLUSIVE
        assert "none in region=EU (no positive rows)" in result.message
    red = run_check("metric", "recall", across="worst", min=0.99, slices="all",
                    subject={"batch": frame, **REGION})  # fmt: skip
    assert red.outcome is Outcome.FAILED


def test_pooled_slices_are_told() -> None:
    """Small slices are judged together, and the note says which they are."""
    slices = [{"name": "region", "columns": "region", "min_rows": 500}]
    one = found("metric", "accuracy", across="worst", min=0.1, subject={"slices": slices})
    assert "region (other): slices of fewer than 500 rows: region=APAC" in one.note
    plain = run_check(
        "metric", "accuracy", min=0.1, slices="all", subject={"batch": batch(), "slices": slices}
    )
    assert plain.verdicts[-1].measurement.slice == "region (other)"
    assert "region=APAC" in plain.verdicts[-1].measurement.note


def test_champions_are_compared_in_every_slice() -> None:
    """The worst region is the one that lost most to the champion; percentages are relative to it."""
    subject = {"champion": FakeModel(noise=0.5)}
    one = found("metric", "accuracy", versus="champion", across="worst", min=-0.5, subject=subject)
    each = run_check(
        "metric", "accuracy", versus="champion", min=-0.5, slices="all",
        subject={"batch": batch(), **REGION, **subject},
    )  # fmt: skip
    values = [verdict.measurement.estimate.value for verdict in each.verdicts if verdict.measurement.slice]
    assert one.estimate.value == min(values)
    assert one.metric == "worst accuracy versus champion"
    relative = found("metric", "accuracy", versus="champion", across="gap", max="90%", subject=subject)
    assert 0 <= relative.estimate.low <= relative.estimate.value < 0.2


def test_facts_across_slices_stay_facts() -> None:
    """What was counted has no width, whatever is made of it."""
    nans = tuple(batch().signal[batch().region == "EU"][:30])
    subject = {"model": FakeModel("regression", nans=nans), "labels": None}
    one = found("errors", "rate", across="gap", max=1, subject=subject)
    assert one.estimate.is_fact
    assert one.estimate.value == pytest.approx(30 / (batch().region == "EU").sum())


@modelqa.check(needs=modelqa.Needs.BATCH)
def spans(ctx: modelqa.Context, column: str) -> Iterator[Measurement]:
    """Two measurements of a column, one of which some slices lack."""
    values = ctx.batch.column(column).values
    yield Measurement("lowest", modelqa.Estimate.fact(values.min(), n=len(values)), column=column)
    if values.max() > 500:
        yield Measurement("highest", modelqa.Estimate.fact(values.max(), n=len(values)), column=column)


@modelqa.check(needs=modelqa.Needs.BATCH)
def twice(ctx: modelqa.Context) -> Iterator[Measurement]:
    """The same measurement twice, which nothing tells apart."""
    for value in (1, 2):
        yield Measurement("rows", modelqa.Estimate.fact(value, n=1))


def test_a_check_of_ones_own_works_across_slices() -> None:
    """Its measurements are matched by metric and column; one that a slice lacks is not green."""
    frame = batch(amount=lambda frame: np.where(frame.region == "US", frame.amount + 501, 1.0))
    result = run_check(
        f"{__name__}:spans",
        "amount",
        across="worst",
        max=1e9,
        slices="all",
        subject={"batch": frame, **REGION},
    )
    low, high = result.verdicts
    assert low.measurement.metric == "worst lowest"
    assert low.outcome is Outcome.PASSED
    assert high.outcome is Outcome.INCONCLUSIVE
    assert "none in region=APAC (not measured there)" in high.reason


def test_what_nothing_tells_apart_is_an_error() -> None:
    """Which of two equal measurements to compare is not guessed."""
    result = run_check(f"{__name__}:twice", across="gap", max=1, slices="all", subject=REGION)
    assert result.outcome is Outcome.ERRORED
    assert "rows is measured twice in region=APAC" in result.message


def test_what_holds_its_own_bound_is_judged_in_every_slice() -> None:
    """A column that is missing everywhere has no gap, and is red all the same."""
    subject = {"batch": batch().drop(columns="amount"), **REGION}
    result = run_check("drift", ["amount"], across="gap", max=9, slices="all", subject=subject)
    assert result.outcome is Outcome.FAILED
    assert len(result.verdicts) == 3


def width(subject: Any, **keys: Any) -> float:
    """How far apart the ends of a gap are."""
    one = found("metric", "accuracy", across="gap", max=0.9, subject=subject, **keys)
    return one.estimate.high - one.estimate.low


def test_slices_that_share_rows_or_groups_are_not_taken_for_independent() -> None:
    """Overlapping conditions, and families whose members are in both slices, get wider ends."""
    apart = [{"name": "a", "where": "half = 0"}, {"name": "b", "where": "half = 1"}]
    shared = [{"name": "a", "where": "half = 0"}, {"name": "b", "where": "half = 1 or id = 0"}]
    assert width({"slices": shared}) > 1.2 * width({"slices": apart})
    inside = {"batch": batch(house=lambda frame: frame.id), "group": "house", "slices": apart}
    across = {"batch": batch(house=lambda frame: frame.id // 2), "group": "house", "slices": apart}
    assert width(across) > 1.2 * width(inside)


def test_the_interval_is_the_same_however_the_slices_are_defined() -> None:
    """Conditions that cut a column like its values give the ends of the column."""
    by_column = found("metric", "accuracy", across="gap", max=0.9, subject={"slices": ["half"]})
    conditions = [{"name": "half=0", "where": "half = 0"}, {"name": "half=1", "where": "half = 1"}]
    by_where = found("metric", "accuracy", across="gap", max=0.9, subject={"slices": conditions})
    assert by_column == by_where


def test_a_suite_in_python_says_the_same() -> None:
    """`across` is a key like any other, and part of the id."""
    suite = modelqa.Suite(
        "s", model=FakeModel(), batch=batch(), labels="label",
        slices=[{"name": "band", "columns": "amount", "bins": [10, 30]}],
        checks=[modelqa.metric("accuracy", across="gap", slices=["band"], max=0.5)],
    )  # fmt: skip
    assert [check.id for check in suite.checks] == ["accuracy-across-gap"]
    assert suite.run().outcome is Outcome.PASSED
