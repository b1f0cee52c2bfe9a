"""`fairness`: Fairlearn's numbers, ends that hold for all groups at once, and groups without a rate."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modelqa
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult, Measurement
from modelqa.errors import SuiteError
from modelqa.testing import FakeModel, make_batch

RATES = {
    "demographic_parity": ("selection_rate",),
    "equalized_odds": ("true_positive_rate", "false_positive_rate"),
    "equal_opportunity": ("true_positive_rate",),
}
MEASURES = [f"{kind}_{way}" for kind in RATES for way in ("difference", "ratio")]
BOUND: dict[str, Any] = {"difference": {"max": 1}, "ratio": {"min": 0}}


def judged(
    frame: pd.DataFrame, measure: str, *, by: str = "sex", subject: Any = None, **keys: Any
) -> CheckResult:
    """One measure of logged decisions."""
    bound = keys or BOUND[measure.rpartition("_")[2]]
    parts = {"predictions": "said", "labels": "true", **(subject or {})}
    checks = [{"fairness": measure, "by": by, **bound}]
    return modelqa.Suite("fair", batch=frame, checks=checks, **parts).run().checks[0]


def found(frame: pd.DataFrame, measure: str, **keys: Any) -> Measurement:
    """Its measurement."""
    result = judged(frame, measure, **keys)
    assert result.verdicts, result.message
    return result.verdicts[0].measurement


def table(**groups: tuple[int, int, int, int]) -> pd.DataFrame:
    """Rows of groups: true positives, false negatives, false positives and true negatives."""

    def rows() -> Iterator[tuple[str, int, int]]:
        for name, counts in groups.items():
            for (true, said), count in zip(((1, 1), (1, 0), (0, 1), (0, 0)), counts, strict=True):
                yield from [(name, true, said)] * count

    return pd.DataFrame(rows(), columns=["sex", "true", "said"])


CASE = table(f=(30, 20, 10, 40), m=(45, 5, 20, 30), x=(8, 2, 1, 9))
KNOWN = {
    "demographic_parity_difference": 0.65 - 0.40,
    "demographic_parity_ratio": 0.40 / 0.65,
    "equalized_odds_difference": 0.4 - 0.1,
    "equalized_odds_ratio": 0.1 / 0.4,
    "equal_opportunity_difference": 0.9 - 0.6,
    "equal_opportunity_ratio": 0.6 / 0.9,
}
"""By hand; Fairlearn 0.15.0 gives the same."""


@pytest.mark.parametrize("measure", MEASURES)
def test_values_are_those_of_fairlearn(measure: str) -> None:
    """Three groups whose rates can be read off their tables."""
    one = found(CASE, measure)
    assert one.estimate.value == pytest.approx(KNOWN[measure], abs=1e-12)
    assert (one.metric, one.estimate.n) == (measure, 220)
    assert one.estimate.low < one.estimate.value < one.estimate.high


COUNTS = st.tuples(*[st.integers(1, 30)] * 4)


@settings(max_examples=25, deadline=None)
@given(st.lists(COUNTS, min_size=2, max_size=4), st.sampled_from(MEASURES))
def test_values_follow_the_definitions(groups: list[tuple[int, int, int, int]], measure: str) -> None:
    """Rates from scikit-learn's confusion matrix of each group: largest and smallest, the worse of two."""
    from sklearn.metrics import confusion_matrix

    frame = table(**{f"g{place}": counts for place, counts in enumerate(groups)})
    each: dict[str, list[float]] = {name: [] for names in RATES.values() for name in names}
    for _, part in frame.groupby("sex"):
        (tn, fp), (fn, tp) = confusion_matrix(part.true, part.said)
        each["selection_rate"].append((tp + fp) / len(part))
        each["true_positive_rate"].append(tp / (tp + fn))
        each["false_positive_rate"].append(fp / (fp + tn))
    kind, _, way = measure.rpartition("_")
    rates = [each[name] for name in RATES[kind]]
    wanted = (
        max(max(rate) - min(rate) for rate in rates)
        if way == "difference"
        else min(min(rate) / max(rate) for rate in rates)
    )
    assert found(frame, measure).estimate.value == pytest.approx(wanted, abs=1e-12)


def test_a_fair_model_is_green_and_an_unfair_one_red() -> None:
    """A third less often selected: found by 2,000 rows a group, and 2,000 are enough to clear equal ones."""
    unfair = table(f=(500, 500, 100, 900), m=(700, 300, 300, 700))
    fair = table(f=(500, 500, 100, 900), m=(510, 490, 95, 905))
    for measure in MEASURES:
        bound = {"max": "10%"} if measure.endswith("difference") else {"min": 0.85}
        assert judged(unfair, measure, **bound).outcome is Outcome.FAILED, measure
        if measure.endswith("difference"):
            assert judged(fair, measure, **bound).outcome is Outcome.PASSED, measure


def test_the_note_names_the_groups_of_each_rate() -> None:
    """Equalised odds say which groups are the extremes of which rate."""
    note = found(CASE, "equalized_odds_difference").note
    assert note == (
        "true_positive_rate: largest in sex=m (90%), smallest in sex=f (60%); "
        "false_positive_rate: largest in sex=m (40%), smallest in sex=x (10%)"
    )


def test_every_group_is_evidence() -> None:
    """Each rate of each group can be drawn."""
    pieces = found(CASE, "equalized_odds_difference").evidence
    assert [piece.data["metric"] for piece in pieces] == list(RATES["equalized_odds"])
    assert pieces[0].data["slices"] == ["sex=f", "sex=m", "sex=x"]
    assert pieces[0].data["values"] == pytest.approx([0.6, 0.9, 0.8])


def test_demographic_parity_needs_no_labels() -> None:
    """Decisions alone tell how often each group is selected; rows without a label count."""
    alone = found(CASE, "demographic_parity_difference", subject={"labels": None})
    assert alone.estimate.value == pytest.approx(0.25)
    assert alone.counts == "rows"
    waiting = CASE.assign(true=CASE.true.where(CASE.sex != "f").astype("Int64"))
    assert found(waiting, "demographic_parity_difference").estimate == alone.estimate
    with pytest.raises(SuiteError, match="needs `labels:`"):
        judged(CASE, "equal_opportunity_difference", subject={"labels": None})


def test_the_positive_class_is_the_suites() -> None:
    """Texts and logged probabilities are decided as the suite says, labels or none."""
    words = CASE.assign(said=CASE.said.map({1: "yes", 0: "no"}), true=CASE.true.map({1: "yes", 0: "no"}))
    for labels in ("true", None):
        for positive, value in (("yes", 0.25), ("no", 0.25)):
            one = found(words, "demographic_parity_difference",
                        subject={"labels": labels, "positive": positive})  # fmt: skip
            assert one.estimate.value == pytest.approx(value)
    shares = CASE.assign(said=np.where(CASE.said == 1, 0.45, 0.1))
    subject = {"labels": None, "threshold": 0.4}
    assert found(shares, "demographic_parity_ratio", subject=subject).estimate.value == pytest.approx(
        0.4 / 0.65
    )


def test_groups_come_from_a_slice_of_the_suite_or_a_column() -> None:
    """A name of the suite's slices goes first: bands of a number, small groups together."""
    frame = CASE.assign(age=np.arange(len(CASE)) % 60)
    bands = {"slices": [{"name": "band", "columns": "age", "bins": [30]}]}
    by_slice = found(frame, "demographic_parity_difference", by="band", subject=bands)
    assert by_slice.evidence[0].data["slices"] == ["age < 30", "age >= 30"]
    pooled = {"slices": [{"name": "sex", "columns": "sex", "min_rows": 100}]}
    with_other = found(CASE, "demographic_parity_difference", subject=pooled)
    assert "sex (other): slices of fewer than 100 rows: sex=x" in with_other.note


@pytest.mark.parametrize(
    ("change", "by", "told"),
    [
        ({}, "gender", "names column 'gender', which"),
        ({"sex": "f"}, "sex", "expected at least two groups, found sex=f"),
        ({"said": [0, 1, 2] * 73 + [0]}, "sex", "rates are of a binary task, and this one is multiclass"),
    ],
)
def test_what_cannot_be_compared_is_an_error(change: dict[str, Any], by: str, told: str) -> None:
    """No group, one group, or no yes and no."""
    result = judged(CASE.assign(**change), "demographic_parity_difference", by=by, subject={"labels": None})
    assert result.outcome is Outcome.ERRORED
    assert told in result.message


def test_a_group_without_positives_keeps_it_from_being_green() -> None:
    """Its true positive rate does not exist; the others can still show a gap."""
    frame = table(f=(0, 0, 10, 40), m=(45, 5, 20, 30), x=(8, 2, 1, 9))
    result = judged(frame, "equal_opportunity_difference", max=0.9)
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "none in sex=f (no positive rows)" in result.message
    unfair = table(f=(0, 0, 10, 40), m=(450, 50, 20, 30), x=(80, 320, 1, 9))
    assert judged(unfair, "equal_opportunity_difference", max=0.1).outcome is Outcome.FAILED


def test_a_wrong_measure_is_told_where_it_stands() -> None:
    """Names are Fairlearn's, `by` is required."""
    with pytest.raises(SuiteError, match=r"did you mean 'equalized_odds_ratio'\?"):
        judged(CASE, "equalised_odds_ratio", min=0.5)
    with pytest.raises(SuiteError, match="fairness needs the key 'by'"):
        modelqa.Suite("s", batch=CASE, predictions="said", checks=[{"fairness": MEASURES[0], "max": 1}])


def test_groups_are_compared_with_the_champions() -> None:
    """The gap may grow by so much, or not at all."""
    batch = make_batch(2000)
    checks = [{"fairness": MEASURES[0], "by": "region", "versus": "champion", "max": 0.5}]
    suite = modelqa.Suite(
        "s", model=FakeModel(), champion=FakeModel(noise=1.0), batch=batch, labels="label", checks=checks
    )
    (result,) = suite.run().checks
    assert result.outcome is Outcome.PASSED
    assert result.verdicts[0].measurement.metric == "demographic_parity_difference versus champion"


def test_families_in_two_groups_widen_the_ends() -> None:
    """Rows of one group of the suite are not independent, so that the outer ends are taken."""
    apart = found(CASE.assign(house=np.arange(220)), MEASURES[0], subject={"group": "house"})
    shared = found(CASE.assign(house=np.arange(220) % 110), MEASURES[0], subject={"group": "house"})
    assert shared.estimate.high - shared.estimate.low > apart.estimate.high - apart.estimate.low


def test_it_measures_what_a_metric_across_slices_does() -> None:
    """Demographic parity is the gap of the selection rate: one mechanism."""
    checks = [
        {"fairness": "demographic_parity_difference", "by": "sex", "max": 0.5},
        {"metric": "selection_rate", "slices": ["sex"], "across": "gap", "max": 0.5},
    ]
    suite = modelqa.Suite("s", batch=CASE, predictions="said", slices=["sex"], checks=checks)
    one, other = (check.verdicts[0].measurement.estimate for check in suite.run().checks)
    assert one == other


def red_and_green(
    measure: str, truths: dict[str, tuple[float, float]], bound: dict[str, float], runs: int
) -> Any:
    """How often 600 rows a group, of these true and false positive rates, are judged red and green."""
    rng, outcomes = np.random.default_rng(4), []
    for _ in range(runs):
        groups = {}
        for name, (tpr, fpr) in truths.items():
            tp, fp = rng.binomial(300, tpr), rng.binomial(300, fpr)
            groups[name] = (tp, 300 - tp, fp, 300 - fp)
        subject = {"false_alarms": 0.05}
        outcomes.append(judged(table(**groups), measure, subject=subject, **bound).outcome)
    return [outcomes.count(outcome) / runs for outcome in (Outcome.FAILED, Outcome.PASSED)]


@pytest.mark.slow
def test_equalised_odds_at_the_bound_are_seldom_judged() -> None:
    """Both rates a tenth apart, or one of them: red and green stay below their levels."""
    runs = 300
    room = 3 * np.sqrt(0.05 * 0.95 / runs)
    for other in ((0.5, 0.3), (0.6, 0.3)):
        truths = {"a": (0.6, 0.2), "b": other, "c": (0.6, 0.25)}
        rates = red_and_green("equalized_odds_difference", truths, {"max": 0.1}, runs)
        assert max(rates) <= 0.05 + room, rates
