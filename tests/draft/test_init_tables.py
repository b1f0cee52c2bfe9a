"""`modelqa init` on tables of other shapes: texts only, dates and gaps, sixty columns of numbers."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelqa.core.bound import Outcome
from modelqa.core.estimate import Estimate
from modelqa.draft import floors
from modelqa.draft.subject import Ask, file_name, open_subject
from modelqa.draft.text import Block, dropped
from modelqa.draft.write import Draft, _mended, draft
from modelqa.errors import ModelQAError, SubjectError

MODELS = """
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from pathlib import Path

HERE = Path(__file__).parent
_tickets = pd.read_parquet(HERE / "tickets.parquet")
queue = make_pipeline(
    make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["product", "länge: #1", "tone"])),
    LogisticRegression(),
).fit(_tickets[["product", "länge: #1", "tone"]], _tickets["queue"])

def hours(frame):
    late = frame["ordered"].dt.dayofweek.isin([5, 6]).astype(float)
    return 20.0 + 10 * late + 5 * frame["express"].astype(float) + frame["weight"].fillna(2.0).to_numpy()

def gappy(frame):
    return np.where(frame["express"], np.nan, hours(frame))

_wide = pd.read_parquet(HERE / "wide.parquet")
alarm = make_pipeline(StandardScaler(), LogisticRegression())
alarm.fit(_wide.drop(columns="alarm"), _wide["alarm"])

def blind(frame):
    return np.full((len(frame), 2), 0.5)

def broken(frame):
    raise ValueError("secret-of-row-7")
"""


def tickets() -> pd.DataFrame:
    """Texts only, some with odd names and values, one with nothing but different ones."""
    rng = np.random.default_rng(1)
    product = rng.choice(["no", "1.5", "ä: b", "plain"], 600)
    tone = rng.choice(["calm", "angry"], 600, p=[0.8, 0.2])
    queue = np.where(rng.random(600) < 0.85, product, rng.choice(["no", "plain"], 600))
    size = rng.choice(["kurz", "lang"], 600)
    ids = [f"T{n}" for n in range(600)]
    return pd.DataFrame({"ticket": ids, "product": product, "länge: #1": size, "tone": tone, "queue": queue})


def orders() -> pd.DataFrame:
    """Dates, truth values, gaps, a column of nothing but gaps, and one that never changes."""
    rng = np.random.default_rng(2)
    start = np.datetime64("2026-01-01", "us")
    ordered = start + rng.integers(0, 200, 500).astype("timedelta64[D]")
    express, weight = rng.random(500) < 0.3, np.where(rng.random(500) < 0.1, np.nan, rng.gamma(2, 2, 500))
    late = pd.DatetimeIndex(ordered).dayofweek.isin([5, 6]).astype(float)
    hours = 20 + 10 * late + 5 * express + np.nan_to_num(weight, nan=2.0) + rng.normal(0, 1.5, 500)
    columns = {"ordered": ordered, "express": express, "weight": weight, "gift": [None] * 500, "site": "west"}
    return pd.DataFrame(columns).assign(hours=hours)


def wide() -> pd.DataFrame:
    """Sixty columns of numbers, of widely different scales, and a label of 0 and 1."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(800, 60))
    chance = 1 / (1 + np.exp(-values[:, :5].sum(axis=1) * 1.5))
    scales = 10.0 ** (np.arange(60) % 7 - 3)
    frame = pd.DataFrame(values * scales, columns=[f"sensor {n}" for n in range(60)])
    return frame.assign(alarm=(rng.random(800) < chance).astype(int))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with three tables, each split in two, and a module of models for them."""
    root = tmp_path_factory.mktemp("shop")
    for name, frame in {"tickets": tickets(), "orders": orders(), "wide": wide()}.items():
        frame.iloc[::2].to_parquet(root / f"{name}.parquet", index=False)
        frame.iloc[1::2].to_parquet(root / f"{name}-new.parquet", index=False)
    orders().iloc[::2].drop(columns=["gift", "express"]).to_parquet(root / "orders-less.parquet")
    (root / "shop_models.py").write_text(MODELS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root)
        yield root
    sys.modules.pop("shop_models", None)


def ask(root: Path, model: str, table: str, **more: Any) -> Ask:
    """What a person would type in the root of the project."""
    path = root / "suites" / f"{table}.suite.yaml"
    return Ask(
        model=f"shop_models:{model}", sample=f"{table}-new.parquet", path=path, root=root, here=root, **more
    )


TABLES = {"tickets": ("queue", "queue"), "orders": ("hours", "hours"), "wide": ("alarm", "alarm")}


@pytest.fixture(scope="module", params=TABLES)
def drafted(request: pytest.FixtureRequest, project: Path) -> tuple[str, Draft]:
    """A draft for each table."""
    model, labels = TABLES[request.param]
    reference = f"{request.param}.parquet"
    return request.param, draft(ask(project, model, request.param, labels=labels, reference=reference))


def test_tables_of_other_shapes_pass_as_written(drafted: tuple[str, Draft]) -> None:
    """Every check of the suite that was written has run and is green."""
    table, made = drafted
    assert made.result.outcome is Outcome.PASSED
    assert {check.outcome for check in made.result.checks} == {Outcome.PASSED}
    expected = {
        "tickets": {"accuracy", "f1_macro", "log_loss", "drift-all"},
        "orders": {"r2", "mean_absolute_error", "errors-range", "drift-numbers"},
        "wide": {"roc_auc", "recall", "log_loss", "drift-all"},
    }[table]
    assert expected | {"latency-p95", "contract"} <= {check.id for check in made.result.checks}


def test_odd_names_and_values_are_held_to(project: Path) -> None:
    """A column with a colon and a hash, and categories that look like numbers and truth values."""
    text = draft(ask(project, "queue", "tickets", labels="queue")).text
    assert '"länge: #1": {type: text, in: [kurz, lang], nulls: 0}' in text
    assert 'product: {type: text, in: ["1.5", "no", plain, "ä: b"], nulls: 0}' in text
    assert "ticket: {type: text, nulls: 0}" in text
    assert "unique: [ticket]" in text


def test_the_same_inputs_give_the_same_bytes(project: Path) -> None:
    """All but the latency budget, which is another measurement."""
    texts = [draft(ask(project, "alarm", "wide", labels="alarm")).text for _ in range(2)]
    first, second = ([line for line in text.splitlines() if "ms  #" not in line] for text in texts)
    assert first == second


def test_without_labels_there_is_no_floor(project: Path) -> None:
    """The suite says so, and which column the model does not read."""
    made = draft(ask(project, "alarm", "wide"))
    assert not [check for check in made.result.checks if check.kind == "metric"]
    assert "the model does not read alarm" in " ".join(made.text.replace("  #", "").split())
    assert any(each.startswith("scores: no labels were given") for each in made.left_out)
    assert any(each.startswith("drift: no reference was given") for each in made.left_out)


def test_a_model_that_knows_nothing_gets_no_floor_for_it(project: Path) -> None:
    """A score that cannot be told from chance is left out, with its interval."""
    made = draft(ask(project, "blind", "wide", labels="alarm"))
    assert "roc_auc" not in {check.id for check in made.result.checks}
    assert any(each.startswith("roc_auc: ") and "supports no floor" in each for each in made.left_out)


def test_rows_without_an_answer_are_allowed_as_often_as_seen(project: Path) -> None:
    """A model that answers some rows by NaN has no score, and the suite says how often that is."""
    made = draft(ask(project, "gappy", "orders", labels="hours"))
    ids = {check.id for check in made.result.checks}
    assert "errors-range" in ids
    assert "r2" not in ids
    assert any("predictions are NaN" in each for each in made.left_out)
    share = int(re.search(r"max: (\d+)%  # \d+ of 250 rows", made.text)[1])  # type: ignore[index]
    assert 30 < share < 45


def test_a_reference_that_lacks_columns_is_used_for_the_others(project: Path) -> None:
    """What cannot be compared is left out, with the reason."""
    made = draft(ask(project, "hours", "orders", labels="hours", reference="orders-less.parquet"))
    told = "\n".join(made.left_out)
    assert "express: reference" in told
    assert "drift: prediction: " in told
    assert "drift-numbers" in {check.id for check in made.result.checks}


def test_a_budget_rests_on_what_was_seen_and_on_more_once_it_was_tried() -> None:
    """A stall in the first look makes no budget of a second for a model that takes a millisecond."""
    wide, open_ = Estimate(0.0015, low=0.001, high=0.3, n=200), Estimate(0.0015, low=0.001, high=inf, n=20)
    for first in (wide, open_):
        assert "max: 20 ms" in floors.latency(first, "").lines[1]
    assert "max: 1000 ms" in floors.latency(wide, "", most=inf).lines[1]
    assert floors.latency(open_, "", most=inf).left_out == "too few calls to tell its p95"
    assert floors.latency(None, "it raised").left_out == "it raised"


def test_a_check_that_does_not_pass_is_left_out(project: Path) -> None:
    """One that turns out undecided is a comment, a latency is given more time, others stay."""
    made = draft(ask(project, "alarm", "wide", labels="alarm"))
    checks = {check.id: check for check in made.result.checks}
    auc, latency = Block.of("roc_auc", {"metric": "roc_auc"}), Block.of("latency", {"latency": "p95"})
    undecided = replace(checks["roc_auc"], outcome=Outcome.INCONCLUSIVE)
    assert "inconclusive when it was tried: roc_auc 0." in _mended(auc, iter([undecided])).left_out
    assert _mended(auc, iter([checks["roc_auc"]])) is auc
    slow = replace(checks["latency-p95"], outcome=Outcome.FAILED)
    assert " ms" in _mended(latency, iter([slow])).lines[1]
    out = dropped("f1", "no")
    assert _mended(out, iter([])) is out


def test_a_positive_class_is_guessed_and_said(project: Path) -> None:
    """By its name, or as the rarer one; labels of 0 and 1 need none."""
    frame = wide().assign(alarm=lambda rows: np.where(rows["alarm"] == 1, "fire", "quiet"))
    frame.iloc[:40].to_parquet(project / "texts.parquet")
    wanted = "fire" if (frame.iloc[:40]["alarm"] == "fire").sum() <= 19 else "quiet"
    head = open_subject(ask(project, "alarm", "wide", labels="alarm")).head
    assert "positive" not in head
    texts = replace(ask(project, "alarm", "wide", labels="alarm"), sample="texts.parquet")
    found = open_subject(texts)
    assert found.head["positive"] == wanted
    assert "a guess, the rarer class" in found.notes["positive"]
    assert open_subject(replace(texts, positive="quiet")).head["positive"] == "quiet"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "broken"}, "cannot score"),
        ({"model": "nobody"}, "nobody"),
        ({"labels": "nothing"}, "nothing"),
        ({"reference": "gone.parquet"}, "gone.parquet"),
        ({"labels_file": "wide.parquet", "labels": None}, "--labels-file needs"),
        ({"positive": "yes"}, "--positive yes: the labels 'alarm' are numbers"),
    ],
)
def test_what_cannot_be_used_is_said(changes: dict[str, Any], says: str, project: Path) -> None:
    """Model, sample and labels that do not fit are errors that name them, and quote no row."""
    asked = {"model": "alarm", "table": "wide", "labels": "alarm", **changes}
    with pytest.raises((ModelQAError, SubjectError)) as raised:
        draft(ask(project, **asked))
    assert says in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("models:/churn@challenger", "churn"),
        ("models:/churn/7", "churn"),
        ("models:/cat.schema.churn@a", "cat.schema.churn"),
        ("runs:/1234/model", "model"),
        ("models/best one/", "best_one"),
        ("quality.models:price", "price"),
        ("///", "model"),
    ],
)
def test_a_suite_is_named_after_its_model(model: str, name: str) -> None:
    """Whatever form the model's name has."""
    assert file_name(model) == name
