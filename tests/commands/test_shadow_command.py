"""`modelqa shadow`: logged requests through two models, and the rows that are worth a label."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from modelqa import Suite
from modelqa.cli import app
from modelqa.run.found import Settings
from modelqa.run.opened import Opened
from modelqa.run.shadow import CHALLENGER, CHAMPION, WEIGHT, shadowed, to_label
from modelqa.testing import FakeModel, make_batch

MODELS = """
import numpy as np

def _shares(frame, at):
    share = 1 / (1 + np.exp(-4 * (frame["x"].to_numpy(dtype=float) - at)))
    return np.column_stack([1 - share, share])

def old(frame):
    return _shares(frame, 0.0)

def near(frame):
    return _shares(frame, 0.02)

def far(frame):
    return _shares(frame, 0.8)

def broken(frame):
    raise ValueError("secret row 4711")
"""
SUITE = """\
suite: shop
model: shadow_models:near
champion: shadow_models:old
batch: requests.csv
key: id
labels: bought
checks:
  - metric: roc_auc
    min: 0.9
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two models, and 3,000 logged requests without labels."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "shadow_models.py").write_text(MODELS)
    (tmp_path / "shop.suite.yaml").write_text(SUITE)
    x = np.random.default_rng(0).normal(size=3000)
    pd.DataFrame({"id": range(3000), "x": x}).to_csv(tmp_path / "requests.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def shadow(*arguments: str) -> Result:
    """Run the command."""
    limits = ("--max-latency", "10000%")
    return CliRunner().invoke(app, ["shadow", "shop.suite.yaml", *limits, *arguments])


@pytest.mark.usefixtures("shop")
def test_models_that_agree_pass() -> None:
    """Disagreement, errors and latency are judged; the suite's own checks are not run."""
    ran = shadow()
    assert ran.exit_code == 0, ran.output
    assert "shop: PASSED, 3 passed" in ran.output


def test_models_that_disagree_are_red_and_the_rows_can_be_labelled(shop: Path) -> None:
    """The file holds keys, features, both decisions, a weight and an empty column to fill in."""
    ran = shadow(
        "--model", "shadow_models:far", "--to-label", "new/label.parquet", "--rows", "50", "--json", "r.json"
    )
    assert ran.exit_code == 1, ran.output
    assert "disagreement" in ran.output
    frame = pd.read_parquet(shop / "new" / "label.parquet")
    assert list(frame) == ["id", "x", "bought", CHALLENGER, CHAMPION, WEIGHT]
    assert frame["bought"].isna().all()
    assert (frame[CHALLENGER] != frame[CHAMPION]).all()
    assert abs(len(frame) - 50) <= 1
    (check,) = (
        each for each in json.loads((shop / "r.json").read_text())["checks"] if each["kind"] == "churn"
    )
    disagreements = round(check["verdicts"][0]["estimate"]["value"] * 3000)
    assert f"of {disagreements:,} disagreements" in ran.output
    assert frame[WEIGHT].sum() == pytest.approx(disagreements, rel=0.3)


def test_a_model_that_does_not_answer_is_an_error_and_leaves_no_file(shop: Path) -> None:
    """Nothing is green, and no row's value is told."""
    ran = shadow("--model", "shadow_models:broken", "--to-label", "label.parquet")
    assert ran.exit_code in (1, 3)
    assert "4711" not in ran.output
    assert not (shop / "label.parquet").exists()


@pytest.mark.usefixtures("shop")
def test_a_limit_that_is_none_is_said_before_anything_runs() -> None:
    """Exit code 2 from the command, a suite's error here."""
    assert shadow("--max-disagreement", "many").exit_code != 0


def opened(**subject: Any) -> Opened:
    """A subject in memory."""
    keys: dict[str, Any] = {"batch": make_batch(2000), "model": FakeModel(), "champion": FakeModel(noise=0.6)}
    limits = {"disagreement": "5%", "errors": "1 pp", "latency": "10%"}
    suite = Suite("s", **(keys | subject), features=["signal"], checks=[{"errors": "rate", "max": 1}])
    return Opened(shadowed(suite, limits), Settings(root=Path()))


def test_the_labelled_rows_tell_which_model_is_better() -> None:
    """Weighted by one over their chance, they estimate the difference in accuracy on all rows."""
    batch = make_batch(2000)
    truth = batch["label"].to_numpy()
    found = opened(batch=batch.assign(row=range(2000)))
    ours, theirs = (found.decisions(side).values for side in ("model", "champion"))
    exact = float((ours == truth).mean() - (theirs == truth).mean())
    drawn = to_label(found, 150)
    assert drawn.disagreements == np.count_nonzero(ours != theirs)
    again = to_label(found, 10**6)
    assert len(again.frame) == drawn.disagreements
    assert (again.frame[WEIGHT] == 1).all()
    signal, labels = batch["signal"].to_numpy(), dict(zip(batch["signal"], truth, strict=True))
    assert len(labels) == len(signal)
    known = drawn.frame["signal"].map(labels).to_numpy()
    gained = (drawn.frame[CHALLENGER].to_numpy() == known).astype(int) * 2 - 1
    estimate = float((gained * drawn.frame[WEIGHT]).sum()) / 2000
    assert estimate == pytest.approx(exact, abs=0.02)


def test_models_that_never_disagree_leave_nothing_to_label() -> None:
    """An empty table, with its columns."""
    drawn = to_label(opened(champion=FakeModel()), 10)
    assert (len(drawn.frame), drawn.disagreements) == (0, 0)
    assert WEIGHT in drawn.frame
