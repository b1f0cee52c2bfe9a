"""`metric: "module:function"`: functions and scorers of a team's own."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import fbeta_score, log_loss, roc_auc_score

from modelqa import SuiteError
from modelqa.core.bound import Outcome
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.result import CheckResult
from modelqa.stats.functions import Function
from modelqa.stats.sample import Sample
from modelqa.testing import FakeModel, make_batch, run_check

BATCH = make_batch(400)
SHARES = FakeModel().predict_proba(BATCH)
SAID = SHARES.argmax(axis=1)


def run(name: str, subject: dict[str, Any] | None = None, **keys: Any) -> CheckResult:
    """The result of one of the functions in `own_scores`."""
    keys = keys if {"min", "max"} & set(keys) else {"min": -1e6, **keys}
    return run_check(
        "metric", f"tests.own_scores:{name}", subject={"batch": BATCH, **(subject or {})}, **keys
    )


def found(name: str, subject: dict[str, Any] | None = None, **keys: Any) -> Estimate:
    """Its estimate."""
    result = run(name, subject, **keys)
    assert result.verdicts, result.reason
    return result.verdicts[0].measurement.estimate


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws for a value, where no end matters."""
    monkeypatch.setattr("modelqa.stats.bootstrap.enough", lambda *_: 300)


@pytest.mark.usefixtures("few_draws")
def test_the_value_is_what_the_function_returns() -> None:
    """Functions get predictions; scorers what they ask for, with their sign and arguments."""
    assert found("profit").value == pytest.approx(float(np.mean(SAID * (BATCH.label - 0.4))))
    assert found("f2").value == pytest.approx(float(fbeta_score(BATCH.label, SAID, beta=2)))
    assert found("loss").value == pytest.approx(-float(log_loss(BATCH.label, SHARES[:, 1])))
    assert found("area").value == pytest.approx(float(roc_auc_score(BATCH.label, SHARES[:, 1])))


def test_the_id_is_its_name() -> None:
    """The colon is a point, and messages say it as the suite does."""
    result = run("profit", min=0.0)
    assert result.id == "tests.own_scores.profit"
    assert result.outcome is Outcome.PASSED
    assert result.message.startswith("tests.own_scores:profit 0.2")


def test_the_interval_of_a_mean_is_near_the_analytic_one() -> None:
    """Profit a row is a mean, whose Student interval is known; with weights or without."""
    from modelqa.stats import intervals

    levels = Levels(alpha=0.01, beta=0.05, reds="high")
    near = intervals.mean((SAID * (BATCH.label - 0.4)).to_numpy(), levels)
    for name in ("profit", "profit_slowly"):
        ours = found(name)
        assert ours.low == pytest.approx(near.low, abs=0.15 * (near.high - near.low))
        assert ours.high == pytest.approx(near.high, abs=0.15 * (near.high - near.low))


def test_classes_reach_the_function_by_their_own_names() -> None:
    """Texts stay texts, whichever is positive."""
    texts = BATCH.assign(label=np.where(BATCH.label == 1, "yes", "no"))

    def model(frame: Any) -> Any:
        return np.where(frame.signal > 0, "yes", "no")

    subject = {"batch": texts, "model": model, "positive": "yes"}
    expected = float(BATCH.label[BATCH.signal > 0].mean())
    assert found("heard", subject).value == pytest.approx(expected)


@pytest.mark.usefixtures("few_draws")
def test_versus_champion_is_paired() -> None:
    """The same model twice differs by nothing in any draw; another one by the difference of values."""
    other = FakeModel(noise=0.5)
    theirs = found("profit", {"model": other}).value
    paired = found("profit", {"champion": other}, versus="champion")
    assert paired.value == pytest.approx(found("profit").value - theirs)
    alone = found("profit")
    assert paired.value - paired.low < alone.value - alone.low
    relative = found("profit", {"champion": other}, versus="champion", min="-50%")
    assert relative.value == pytest.approx(paired.value / abs(theirs))
    assert found("profit", versus="champion").value == 0
    assert found("f2", versus="dummy").value > 0.5


def test_a_regression_has_its_own_functions_too() -> None:
    """A quantile of the errors."""
    subject = {"model": FakeModel("regression"), "batch": make_batch(400, task="regression")}
    result = run("largest_miss", subject, max=2.0)
    assert result.outcome is Outcome.PASSED
    miss = np.abs(subject["batch"].label - subject["batch"].signal)
    assert result.verdicts[0].measurement.estimate.value == pytest.approx(float(np.quantile(miss, 0.9)))


def test_what_it_raises_is_an_error_without_its_text() -> None:
    """It may quote rows."""
    result = run("secret")
    assert result.outcome is Outcome.ERRORED
    assert "ValueError at own_scores.py" in result.message
    assert "cannot score" not in result.message


def test_what_is_no_number_is_no_score() -> None:
    """A mapping is an error, NaN does not exist, and so does the score of one row."""
    assert "returned a dict; expected one number" in run("both").message
    assert run("nothing").outcome is Outcome.INCONCLUSIVE
    assert run("profit", {"batch": BATCH.iloc[:1]}).outcome is Outcome.INCONCLUSIVE


def test_weights_need_a_function_that_takes_them() -> None:
    """They are handed on, or it is said that they cannot be."""
    batch = BATCH.assign(weight=np.where(BATCH.id < 200, 2.0, 1.0))
    subject = {"batch": batch, "weights": "weight"}
    expected = float(np.average(SAID * (batch.label - 0.4), weights=batch.weight))
    assert found("profit", subject).value == pytest.approx(expected)
    assert "takes no sample_weight" in run("profit_slowly", subject).message


def test_groups_widen_the_interval() -> None:
    """Twenty copies of a row in a group say no more than one."""
    batch = make_batch(60).loc[np.repeat(np.arange(60), 20)].reset_index(drop=True)
    plain, grouped = found("profit", {"batch": batch}), found("profit", {"batch": batch, "group": "id"})
    assert grouped.high - grouped.low > 2.5 * (plain.high - plain.low)


def test_a_far_tail_is_open_and_the_note_says_so() -> None:
    """Many checks leave each a small share: then it cannot turn red, but green is judged as before."""
    result = run("profit", {"false_alarms": 1e-6}, min=0.0)
    estimate = result.verdicts[0].measurement.estimate
    assert estimate.high == np.inf
    assert result.outcome is Outcome.PASSED
    assert "do not resolve a tail of 1e-06" in result.message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("margin", "scored from decision_function"),
        ("NUMBER", "expected a function or a scorer"),
        ("absent", "has no attribute 'absent'"),
        ("a b", "cannot be a metric"),
    ],
)
def test_what_is_no_score_is_a_problem_of_the_suite(name: str, message: str) -> None:
    """It is said at collection."""
    with pytest.raises(SuiteError, match=message):
        run(name)


def test_a_function_whose_weights_are_no_counts_is_drawn_by_rows() -> None:
    """One that takes `sample_weight` but reads it in its own way is not trusted with counts."""

    def odd(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        return float(np.mean(y_true == y_pred)) + (0.0 if sample_weight is None else 5.0)

    sample = Sample("binary", np.tile([0, 1, 1], 30), np.tile([0, 1, 0], 30), classes=(0, 1))
    levels = Levels(alpha=0.05, beta=0.05, reds="none")
    estimate, _ = Function.of("odd", odd).estimate((sample,), levels, np.random.default_rng(0))
    assert estimate.high < 1


def test_scikit_learn_is_imported_by_the_user_alone(tmp_path: Path) -> None:
    """A plain function needs none of it."""
    (tmp_path / "quality.py").write_text("def hits(y_true, y_pred):\n    return (y_true == y_pred).mean()\n")
    code = (
        "import sys; from modelqa.testing import make_batch; from modelqa import Suite\n"
        "run = Suite('s', model=lambda frame: (frame.signal > 0).astype(int), batch=make_batch(99),"
        " labels='label', checks=[{'metric': 'quality:hits', 'min': 0}]).run()\n"
        "assert str(run.outcome) == 'passed', run\n"
        "print('sklearn' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": f"{tmp_path}:{':'.join(path for path in sys.path if path)}"},
    )  # fmt: skip
    assert ran.stdout.strip() == "False"
