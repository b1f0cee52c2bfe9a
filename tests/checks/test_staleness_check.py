"""`staleness` tells ages and new rows as facts, and is dark where it cannot know them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa import Suite
from modelqa.core.profile_file import SUFFIX, dumps
from modelqa.core.result import CheckResult
from modelqa.errors import SuiteError
from modelqa.profiles import profile_table
from modelqa.testing import DAY, TODAY, FakeModel, make_batch, run_check, run_example


def dated(days: Sequence[float | None]) -> pd.DataFrame:
    """Rows that happened so many days ago."""
    frame = make_batch(len(days))
    known = [pd.NaT if day is None else pd.Timestamp(TODAY - day * DAY, unit="s", tz="UTC") for day in days]
    frame["day"] = pd.Series(known, dtype="datetime64[us, UTC]")
    return frame


class Untagged(FakeModel):
    """A model that does not say how far its data went."""

    modelqa_tags: Mapping[str, str] = {}


class Ageless(Untagged):
    """A model that says nothing."""

    modelqa_created = None


def age(of: str, limit: Any, model: object = None, **parts: Any) -> CheckResult:
    """The result of a check with a maximum."""
    return run_check("staleness", of, max=limit, subject={"model": model or FakeModel(), **parts})


@pytest.mark.parametrize(("of", "days"), [("model", 10), ("data", 20)])
def test_an_age_is_judged_as_a_fact(of: str, days: int) -> None:
    """Red beyond the bound, green at it, and told in days."""
    green, red = age(of, f"{days} d"), age(of, f"{days * 24 - 1} h")
    assert (green.outcome, red.outcome) == ("passed", "failed")
    assert f"age_of_{of} {days} d > max {days - 1 / 24:.3g} d" in red.message
    assert red.verdicts[0].measurement.estimate.is_fact


@pytest.mark.parametrize(
    ("tag", "days"),
    [
        ("2026-01-31", 1),
        ("2026-01-31T12:00", 0.5),
        ("2026-01-31T18:00:00+06:00", 0.5),
        (" 2026-01-31 ", 1),
    ],
)
def test_a_tag_says_how_far_the_data_went(tag: str, days: float) -> None:
    """In UTC, unless it says otherwise; of a name of one's own where the suite says so."""
    model = FakeModel()
    model.modelqa_tags = {"until": tag}
    found = run_check("staleness", "data", tag="until", max="1 d", subject={"model": model})
    assert found.verdicts[0].measurement.estimate.value == days * DAY


def test_the_reference_says_it_where_there_is_no_tag() -> None:
    """By its latest time; a missing one is none."""
    found = age("data", "9 d", Untagged(), reference=dated([30, None, 3, 12]), time="day")
    assert found.verdicts[0].measurement.estimate.value == 3 * DAY
    assert age("data", "9 d", reference=dated([1]), time="day").outcome == "failed"


def test_a_profile_says_it_to_within_a_bin(tmp_path: Path) -> None:
    """Never younger than it is, and hardly older."""
    path = tmp_path / f"train{SUFFIX}"
    path.write_bytes(dumps(profile_table(dated(list(np.linspace(5, 365, 2000)))[["day"]])))
    found = age("data", "30 d", Untagged(), reference=path, time="day")
    assert 5 * DAY <= found.verdicts[0].measurement.estimate.value <= 6 * DAY


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"of": "model", "model": Ageless()}, "does not say when it was made"),
        ({"of": "data", "model": Untagged()}, "give the model version the tag modelqa.data_until"),
        ({"of": "data", "model": Untagged(), "reference": dated([None]), "time": "day"}, "holds no time"),
        ({"of": "data", "model": Untagged(), "time": "amount"}, "found a column of float"),
        ({"of": "rows", "model": Untagged(), "time": "noon"}, "found no such column"),
    ],
)
def test_what_is_not_known_is_no_green(parts: dict[str, Any], told: str) -> None:
    """It is an error that says what to do."""
    found = age(parts.pop("of"), 100 if parts.get("time") == "noon" else "999 d", **parts)
    assert (found.outcome, told in found.message) == ("errored", True), found.message


def test_a_tag_that_is_no_time_is_not_quoted() -> None:
    """Its text may be anything."""
    model = FakeModel()
    model.modelqa_tags = {"modelqa.data_until": "anna@example.org"}
    found = age("data", "9 d", model)
    assert found.outcome == "errored"
    assert "anna" not in found.message


@pytest.mark.parametrize("of", ["model", "data"])
def test_a_time_that_lies_ahead_is_an_error(of: str) -> None:
    """A wrong clock makes nothing young."""
    model = FakeModel()
    model.modelqa_created, model.modelqa_tags = TODAY + DAY, {"modelqa.data_until": "2026-02-02"}
    found = age(of, "9 d", model)
    assert (found.outcome, "2026-02-02T00:00+00:00, which lies ahead" in found.message) == ("errored", True)


def test_rows_are_those_with_a_label() -> None:
    """Without a column of times all of the batch's count, which the message says."""
    frame = make_batch(10)
    frame.loc[:3, "label"] = np.nan
    found = run_check("staleness", "rows", max=5, subject={"batch": frame})
    assert found.outcome == "failed"
    assert "new_labelled_rows 6 > max 5 (n=10); all labelled rows" in found.message


@settings(max_examples=30, deadline=None)
@given(days=st.lists(st.none() | st.integers(0, 40), min_size=1, max_size=30), data=st.data())
def test_new_rows_are_newer_than_the_training_data(days: list[float | None], data: st.DataObject) -> None:
    """Counted one by one: with a label, and later than what the model was trained on (20 days ago)."""
    known = data.draw(st.lists(st.booleans(), min_size=len(days), max_size=len(days)))
    frame = dated(days)
    frame["label"] = [1.0 if each else np.nan for each in known]
    wanted = sum(each and day is not None and day < 20 for each, day in zip(known, days, strict=True))
    found = run_check("staleness", "rows", max=0, subject={"batch": frame, "time": "day"})
    if any(known):
        assert found.verdicts[0].measurement.estimate.value == wanted
        assert found.outcome == ("failed" if wanted else "passed")


def test_an_age_needs_no_rows_and_no_loaded_model() -> None:
    """A suite of it alone has a model and no batch, and what the model does when it is called is all one."""
    suite = Suite("old", model=FakeModel(raises=(0.0,)), checks=[{"staleness": "model", "max": "30 d"}])
    result = suite.run(now=lambda: TODAY)
    assert (result.outcome, result.subject.batch) == ("passed", None)


def test_a_model_is_asked_for_at_collection() -> None:
    """Not at three in the morning."""
    suite = Suite("old", batch=make_batch(9), checks=[{"staleness": "model", "max": "30 d"}])
    with pytest.raises(SuiteError, match="needs `model:`"):
        suite.run()


@pytest.mark.parametrize("bound", [{"max": 30}, {"max": "30 MB"}])
def test_an_age_has_a_unit(bound: dict[str, Any]) -> None:
    """Thirty what?"""
    with pytest.raises(SuiteError, match="40 ms"):
        Suite("old", model=FakeModel(), checks=[{"staleness": "model", **bound}])


def test_the_manual_runs() -> None:
    """Each line of its example measures something."""
    assert [str(result.outcome) for result in run_example("staleness")] == ["passed"] * 3
