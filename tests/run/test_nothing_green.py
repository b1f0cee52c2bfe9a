"""Nothing is green that was not measured: a table of causes, none of which ends in passed."""
# ruff: noqa: E501 (a table reads better in rows)

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import modelqa
from modelqa.core.bound import Outcome
from modelqa.testing import FakeModel, make_batch

GREEN = (Outcome.PASSED, Outcome.WARNED)
ACCURACY = {"metric": "accuracy", "min": 0.1}
AUC = {"metric": "roc_auc", "min": 0.1}
RATE = {"errors": "rate", "max": "50%"}
DRIFT = {"drift": "all", "max": 10}
SCHEMA = {"schema": {"signal": {"type": "float"}}}


@modelqa.check(needs=modelqa.Needs.BATCH)
def yields_nothing(ctx: modelqa.Context) -> Any:
    """Measure nothing."""
    yield from ()


@modelqa.check(needs=modelqa.Needs.BATCH)
def crashes(ctx: modelqa.Context) -> Any:
    """Measure something, then crash."""
    yield modelqa.Measurement("fine", modelqa.Estimate.fact(0, n=1))
    raise RuntimeError("row 4711")


@modelqa.check(needs=modelqa.Needs.BATCH)
def yields_nan(ctx: modelqa.Context) -> Any:
    """Measure what does not exist."""
    yield modelqa.Measurement("strange", modelqa.Estimate.fact(float("nan"), n=10))


@modelqa.check(needs=modelqa.Needs.BATCH)
def yields_from_no_rows(ctx: modelqa.Context) -> Any:
    """Measure on no rows."""
    yield modelqa.Measurement("empty", modelqa.Estimate.fact(0, n=0))


@modelqa.check(needs=modelqa.Needs.BATCH)
def exits(ctx: modelqa.Context) -> Any:
    """Yield what is no measurement."""
    yield "passed"


def batch(**columns: Any) -> pd.DataFrame:
    """A healthy batch with some columns replaced."""
    return make_batch(200).assign(**columns)


def constant(value: Any) -> Callable[[pd.DataFrame], Any]:
    """A model that says the same of every row."""
    return lambda frame: np.full(len(frame), value)


CAUSES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no rows": ({"batch": batch().iloc[:0]}, ACCURACY),
    "no rows for the schema": ({"batch": batch().iloc[:0]}, SCHEMA),
    "no rows for the error rate": ({"batch": batch().iloc[:0]}, RATE),
    "no file": ({"batch": "nowhere.parquet"}, ACCURACY),
    "a feature is missing": ({"batch": batch().drop(columns="signal")}, ACCURACY),
    "a column of the contract is missing": ({"batch": batch().drop(columns="signal")}, SCHEMA),
    "a drifting column is missing": ({"batch": batch().drop(columns="amount")}, {"drift": ["amount"], "max": 10}),
    "a column is missing on both sides": ({}, {"drift": ["nothing"], "max": 10}),
    "labels are missing": ({"batch": batch().drop(columns="label")}, ACCURACY),
    "no row has a label": ({"batch": batch(label=np.nan)}, ACCURACY),
    "one class only": ({"batch": batch(label=1)}, AUC),
    "no positives": ({"batch": batch(label=0)}, {"metric": "recall", "min": 0.1}),
    "one labelled row": ({"batch": batch(label=[1.0] + [np.nan] * 199)}, AUC),
    "labels of another kind": ({"batch": batch(label="spam")}, ACCURACY),
    "predictions are NaN": ({"model": FakeModel("regression", nans=(1.0,)), "batch": batch(signal=1.0, label=0.5)},
                            {"metric": "mean_absolute_error", "max": 1e9}),
    "some predictions are NaN": ({"model": FakeModel(nans=(1.0,)), "batch": batch(signal=[1.0] + [0.5] * 199)}, AUC),
    "the model raises": ({"model": FakeModel(raises=(1.0,)), "batch": batch(signal=1.0)}, ACCURACY),
    "the model gives too few predictions": ({"model": lambda frame: np.zeros(3)}, ACCURACY),
    "the model gives nothing": ({"model": lambda frame: None}, ACCURACY),
    "the model gives no probabilities": ({"model": constant(1)}, AUC),
    "the model cannot be found": ({"model": "nowhere_at_all:function"}, ACCURACY),
    "the model has no such name": ({"model": "math:nothing"}, ACCURACY),
    "the score is of another task": ({}, {"metric": "r2", "min": -1e9}),
    "a slice matches nothing": ({"slices": [{"name": "giants", "where": "signal > 1e9"}]}, {**ACCURACY, "slices": ["giants"]}),
    "a slice's column is missing": ({"slices": ["country"]}, {**ACCURACY, "slices": ["country"]}),
    "a slice has a thousand values": ({"slices": ["id"]}, {**ACCURACY, "slices": ["id"]}),
    "a slice that must occur does not": ({"slices": [{"name": "r", "columns": "region", "values": ["EU", "MARS"]}]}, {**ACCURACY, "slices": ["r"]}),
    "a bin is empty": ({"slices": [{"name": "s", "columns": "signal", "bins": [0, 1e9]}]}, {**ACCURACY, "slices": ["s"]}),
    "bins of texts": ({"slices": [{"name": "s", "columns": "region", "bins": 2}]}, {**ACCURACY, "slices": ["s"]}),
    "a gap of one slice": ({"slices": ["region"], "batch": batch(region="EU")}, {**ACCURACY, "min": 0, "slices": ["region"], "across": "gap"}),
    "a gap with a slice that has no positives": ({"slices": ["label"]}, {"metric": "recall", "max": 1, "slices": ["label"], "across": "gap"}),
    "one group only": ({"batch": batch(region="EU")}, {"fairness": "demographic_parity_difference", "by": "region", "max": 1}),
    "no such group": ({}, {"fairness": "demographic_parity_difference", "by": "sex", "max": 1}),
    "the reference is empty": ({"reference": make_batch(0)}, DRIFT),
    "the reference's column is all null": ({"reference": batch(amount=np.nan)}, {"drift": ["amount"], "max": 10}),
    "the batch's column is all null": ({"batch": batch(amount=np.nan)}, {"drift": ["amount"], "max": 10}),
    "a column changed its kind": ({"batch": batch(amount="x")}, {"drift": ["amount"], "max": 10}),
    "the champion cannot be found": ({"champion": "nowhere_at_all:function"}, {**ACCURACY, "versus": "champion", "min": -1}),
    "the champion raises": ({"champion": FakeModel(raises=(1.0,)), "batch": batch(signal=1.0, label=[0, 1] * 100)},
                            {**ACCURACY, "versus": "champion", "min": -1}),
    "the check measures nothing": ({}, {f"{__name__}:yields_nothing": True, "max": 1}),
    "the check crashes after a green measurement": ({}, {f"{__name__}:crashes": True, "max": 1}),
    "the check measures NaN": ({}, {f"{__name__}:yields_nan": True, "max": 1}),
    "the check measures on no rows": ({}, {f"{__name__}:yields_from_no_rows": True, "max": 1}),
    "the check yields no measurement": ({}, {f"{__name__}:exits": True, "max": 1}),
    "unique names a column that is not there": ({}, {"schema": {"signal": {"type": "float"}}, "unique": ["nothing"]}),
    "a rule that the column cannot keep": ({}, {"schema": {"region": {"max": 5}}}),
    "the signature is missing": ({"model": constant(1)}, {"schema": "signature"}),
    "logged predictions are missing": ({"predictions": "score", "model": None}, ACCURACY),
    "the weights are missing": ({"weights": "nothing"}, ACCURACY),
    "the weights are all zero": ({"weights": "zero", "batch": batch(zero=0.0)}, ACCURACY),
    "the group is missing for some": ({"group": "house", "batch": batch(house=[np.nan] + [1.0] * 199)}, ACCURACY),
}  # fmt: skip


@pytest.mark.parametrize("cause", CAUSES)
def test_what_was_not_measured_is_not_green(cause: str, tmp_path: Path) -> None:
    """Whatever kept the check from measuring, it is failed, errored or inconclusive, and says why."""
    subject, check = CAUSES[cause]
    parts = {
        "model": FakeModel(),
        "champion": FakeModel(),
        "batch": make_batch(200),
        "reference": make_batch(300, seed=1),
        "labels": "label",
        **subject,
    }
    result = modelqa.Suite("dark", checks=[check], **parts).run(root=tmp_path)
    assert result.outcome not in GREEN
    assert result.checks[0].message
    assert "4711" not in result.checks[0].message


def test_the_same_suite_without_a_cause_is_green() -> None:
    """The table has no other reason to be dark."""
    parts = {
        "model": FakeModel(),
        "champion": FakeModel(),
        "reference": make_batch(300, seed=1),
        "labels": "label",
    }
    checks = [ACCURACY, AUC, RATE, DRIFT, SCHEMA, {**ACCURACY, "versus": "champion", "min": -1}]
    result = modelqa.Suite("light", checks=checks, batch=make_batch(200), **parts).run()
    assert {check.id: check.outcome for check in result.checks if check.outcome not in GREEN} == {}


def test_a_suite_without_checks_is_no_suite() -> None:
    """There is nothing to pass."""
    with pytest.raises(modelqa.SuiteError):
        modelqa.Suite("none", checks=[], batch=make_batch(10))


def test_a_run_of_no_checks_is_errored() -> None:
    """A selection that is empty measured nothing."""
    suite = modelqa.Suite("some", checks=[RATE], model=FakeModel(), batch=make_batch(10))
    assert suite.run(only=[]).outcome is Outcome.ERRORED
