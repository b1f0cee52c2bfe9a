"""Running a suite: each thing once, slices and champions for every check, one result."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import modelqa
from modelqa.core.bound import Outcome
from modelqa.run.events import CheckFinished, CheckStarted, Event, SuiteFinished
from modelqa.testing import FakeModel, make_batch, run_check


@modelqa.check(needs=modelqa.Needs.BATCH)
def mean_of(ctx: modelqa.Context, column: str, *, scale: float = 1.0) -> Iterator[modelqa.Measurement]:
    """The mean of a column: a check as a user writes it, which knows neither slices nor champions."""
    values = ctx.batch.column(column).values * scale
    half = float(values.std() / np.sqrt(len(values)))
    value = float(values.mean())
    yield modelqa.Measurement(
        "mean", modelqa.Estimate(value, low=value - half, high=value + half, n=len(values))
    )


@modelqa.check(needs=modelqa.Needs.MODEL)
def mean_score(ctx: modelqa.Context) -> Iterator[modelqa.Measurement]:
    """The mean probability that a model gives: differs between a model and its champion."""
    shares = ctx.predictions().probabilities
    assert shares is not None
    yield modelqa.Measurement("mean_score", modelqa.Estimate.fact(shares[:, 1].mean(), n=len(shares)))


MEAN = f"{__name__}:mean_of"
SCORE = f"{__name__}:mean_score"


def test_every_row_is_scored_once_however_many_checks() -> None:
    """Scores, slices, errors and drift of the predictions share one prediction of the batch."""
    model, champion = FakeModel(), FakeModel(noise=0.1)
    checks: list[dict[str, Any]] = [
        {"metric": name, "min": -1, "slices": ["region"]}
        for name in ("accuracy", "f1", "roc_auc", "average_precision")
    ]
    checks += [{"metric": "accuracy", "versus": "champion", "min": -1}, {"errors": "rate", "max": 1}]
    checks += [{"metric": "log_loss", "max": 99}, {"drift": "prediction", "max": 9}]
    result = modelqa.Suite(
        "once", checks=checks, model=model, champion=champion, batch=make_batch(300),
        reference=make_batch(200, seed=1), labels="label", slices=["region"],
    ).run()  # fmt: skip
    assert {str(check.outcome) for check in result.checks} == {"passed"}
    assert model.scored == {"predict_proba": 300 + 200, "predict": 300 + 200}
    assert champion.scored == {"predict_proba": 300, "predict": 300}


def test_a_library_s_classifier_is_not_asked_twice() -> None:
    """Where the decision is the likeliest class, probabilities alone are asked for, once a row."""
    from sklearn.linear_model import LogisticRegression

    class Counting(LogisticRegression):  # type: ignore[misc]
        rows = 0

        def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
            type(self).rows += len(frame)
            return super().predict_proba(frame)  # type: ignore[no-any-return]

    batch = make_batch(300)
    model = Counting().fit(batch[["signal"]], batch.label)
    checks = [{"metric": name, "min": 0.1} for name in ("accuracy", "roc_auc", "f1")]
    modelqa.Suite("once", checks=checks, model=model, batch=batch, labels="label").run()
    assert Counting.rows == 300


def test_a_users_check_works_with_slices() -> None:
    """The runner gives the check one slice at a time, and names the measurements."""
    batch = make_batch(200)
    result = run_check(
        MEAN, "amount", max=1e9, slices=["region"], subject={"batch": batch, "slices": ["region"]}
    )
    found = {verdict.measurement.slice: verdict.measurement.estimate for verdict in result.verdicts}
    assert list(found) == ["", "region=APAC", "region=EU", "region=US"]
    assert found["region=EU"].value == pytest.approx(batch.amount[batch.region == "EU"].mean())
    assert sum(estimate.n for name, estimate in found.items() if name) == 200


def test_slices_by_condition_and_crossed_columns() -> None:
    """A condition makes one slice; crossed columns one for each combination that occurs."""
    batch = make_batch(200).assign(vip=lambda frame: frame.id % 2 == 0)
    slices = [
        {"name": "big", "where": "amount > 20 and region in ('EU', 'US')"},
        {"name": "cross", "columns": ["region", "vip"]},
    ]
    subject = {"batch": batch, "slices": slices}
    result = run_check(MEAN, "amount", max=1e9, slices="all", subject=subject)
    found = {verdict.measurement.slice: verdict.measurement.estimate.n for verdict in result.verdicts}
    assert found["big"] == int(((batch.amount > 20) & batch.region.isin(["EU", "US"])).sum())
    assert found["region=EU, vip=True"] == int(((batch.region == "EU") & batch.vip).sum())
    assert len(found) == 2 + 6


def test_rows_whose_slice_value_is_missing_are_a_slice() -> None:
    """Nobody falls between the slices."""
    batch = make_batch(100)
    batch.loc[:9, "region"] = None
    result = run_check(
        MEAN, "amount", max=1e9, slices=["region"], subject={"batch": batch, "slices": ["region"]}
    )
    found = {verdict.measurement.slice: verdict.measurement.estimate.n for verdict in result.verdicts}
    assert found["region=missing"] == 10
    assert sum(n for name, n in found.items() if name) == 100


def test_a_users_check_works_versus_champion() -> None:
    """Both are measured, and the difference or the ratio is judged."""
    subject = {"champion": FakeModel(noise=0.5)}
    ours = run_check(SCORE, min=-1, subject=subject).verdicts[0].measurement.estimate.value
    compared = run_check(SCORE, versus="champion", min=-1, subject=subject).verdicts[0].measurement.estimate
    theirs = ours - compared.value
    relative = (
        run_check(SCORE, versus="champion", min="-90%", subject=subject).verdicts[0].measurement.estimate
    )
    assert compared.value != 0
    assert relative.value == pytest.approx(compared.value / theirs)


def test_an_identical_champion_makes_no_difference() -> None:
    """Candidate minus champion is 0 where they are the same."""
    result = run_check("metric", "roc_auc", versus="champion", min=-0.2)
    assert result.verdicts[0].measurement.estimate.value == 0
    assert result.outcome is Outcome.PASSED


def test_more_slices_share_the_alarm_budget() -> None:
    """The end that can turn red is wider where more slices are judged; the other end is not."""
    subject = {"slices": ["region"]}
    alone = run_check("metric", "accuracy", min=0.5).verdicts[0].measurement.estimate
    among = (
        run_check("metric", "accuracy", min=0.5, slices=["region"], subject=subject)
        .verdicts[0]
        .measurement.estimate
    )
    assert among.high > alone.high
    assert among.low == alone.low


def test_libraries_warnings_are_notes_without_their_text() -> None:
    """A model that warns is told by category, since the text may quote rows."""
    import warnings

    def warns(frame: pd.DataFrame) -> np.ndarray:
        warnings.warn("row 4711 is strange", UserWarning, stacklevel=1)
        return np.zeros(len(frame), dtype=int)

    result = run_check("metric", "accuracy", min=0.1, subject={"model": warns})
    assert any("UserWarning" in note for note in result.notes)
    assert not any("4711" in note for note in result.notes)


def test_a_model_that_warns_is_scored_where_warnings_are_errors() -> None:
    """An estimator fitted without names warns about every frame, and that is a note."""
    from sklearn.linear_model import LogisticRegression

    batch = make_batch(100)[["signal", "label"]]
    model = LogisticRegression().fit(batch[["signal"]].to_numpy(), batch.label)
    subject = {"model": model, "batch": batch, "features": ["signal"], "key": None}
    result = run_check("metric", "accuracy", min=0.1, subject=subject)
    assert result.outcome is Outcome.PASSED
    assert any("UserWarning" in note for note in result.notes)


def test_events_tell_the_run_as_it_goes() -> None:
    """Each check starts and finishes, and the result comes last."""
    heard: list[Event] = []
    checks = [{"metric": "accuracy", "min": 0.1}, {"errors": "rate", "max": 1}]
    suite = modelqa.Suite("s", checks=checks, model=FakeModel(), batch=make_batch(50), labels="label")
    result = suite.run(listener=heard.append)
    assert [type(event) for event in heard] == [
        CheckStarted,
        CheckFinished,
        CheckStarted,
        CheckFinished,
        SuiteFinished,
    ]
    assert heard[-1] == SuiteFinished(result)


def test_rows_without_a_label_yet_are_reported() -> None:
    """They are left out of the score and counted in its note."""
    batch = make_batch(200).astype({"label": float})
    batch.loc[:49, "label"] = np.nan
    result = run_check("metric", "accuracy", min=0.1, subject={"batch": batch})
    assert result.verdicts[0].measurement.estimate.n == 150
    assert result.verdicts[0].measurement.note == "50 rows have no label yet"


def test_labels_are_joined_by_key(tmp_path: Any) -> None:
    """A file of labels that came later, in another order, with some missing."""
    batch = make_batch(100)
    batch[["id", "label"]].sample(frac=0.6, random_state=0).to_parquet(tmp_path / "labels.parquet")
    labels = {"path": str(tmp_path / "labels.parquet"), "on": "id", "column": "label"}
    subject = {"batch": batch.drop(columns="label"), "labels": labels}
    joined = run_check("metric", "accuracy", min=0.1, subject=subject).verdicts[0].measurement
    assert joined.estimate.n == 60
    assert joined.note == "40 rows have no label yet"


def test_a_run_judges_what_its_caller_selects() -> None:
    """`only` runs some of the checks, at the levels they have among all."""
    checks = [{"metric": "accuracy", "min": 0.1}, {"metric": "f1", "min": 0.1}]
    suite = modelqa.Suite("s", checks=checks, model=FakeModel(), batch=make_batch(50), labels="label")
    whole, part = suite.run(), suite.run(only=["f1"])
    assert [check.id for check in part.checks] == ["f1"]
    assert part.checks[0].verdicts == whole.checks[1].verdicts
