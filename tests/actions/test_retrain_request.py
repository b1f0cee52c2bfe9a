"""What is handed to whoever retrains is as published, whatever a run holds, and has room everywhere."""

import json
from dataclasses import asdict
from math import inf, nan

import jsonschema
import pytest
import results
from hostile import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.actions.request import MOST_BYTES, Request, WindowPart, made
from modelqa.core.bound import Bound
from modelqa.core.estimate import Estimate
from modelqa.core.result import Measurement, SuiteResult
from modelqa.suite.request_schema import request_schema

SCHEMA = jsonschema.Draft7Validator(request_schema())
WINDOW = WindowPart(first="a", last="b", batches=2)


def asked(result: SuiteResult, **more: object) -> Request:
    """The request that follows from a run."""
    keys = {"last_good": None, "id_": "retrain-1", "time": "2026-01-31T00:00:00Z", "path": "s.suite.yaml"}
    return made(result, result.checks, WINDOW, **{**keys, "corrections": None, "environment": "", **more})


def read(request: Request) -> dict:
    """What a reader of the file has, held against the schema."""
    plain = json.loads(request.dump())
    SCHEMA.validate(plain)
    return plain


def test_the_schema_is_draft_07_and_says_what_each_part_is() -> None:
    """Every field of the request is required in it."""
    SCHEMA.check_schema(SCHEMA.schema)
    plain = read(asked(results.full_run()))
    assert list(SCHEMA.schema["required"]) == list(plain)
    assert SCHEMA.schema["properties"]["window"]["properties"]["batches"]["minimum"] == 1
    with pytest.raises(jsonschema.ValidationError):
        SCHEMA.validate({**plain, "version": 2})
    with pytest.raises(jsonschema.ValidationError):
        SCHEMA.validate({key: value for key, value in plain.items() if key != "since"})


def test_only_what_is_red_is_in_it() -> None:
    """A green or undecided check asks for nothing."""
    plain = read(asked(results.full_run()))
    assert "f1" not in {part["check"] for part in plain["failing"]}
    assert {part["check"] for part in plain["failing"]} == {"roc_auc", "recall-across-gap"}
    assert plain["slices"] == ["region=EU"]


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_data(text: str) -> None:
    """Whatever a column, a slice or a model is called."""
    plain = read(asked(results.hostile_run(text), corrections=text, environment=text, last_good=text))
    assert plain["model"]["name"] == plain["corrections"] == text


@settings(max_examples=50, deadline=None)
@given(
    ends=st.tuples(st.sampled_from([-inf, 0.1]), st.sampled_from([0.2, inf])),
    value=st.sampled_from([0.15, nan]),
)
def test_an_end_that_is_not_known_is_null(ends: tuple[float, float], value: float) -> None:
    """JSON has no infinity."""
    low, high = (-inf, inf) if value != value else ends
    found = Measurement("roc_auc", Estimate(value, low=low, high=high, n=9))
    plain = read(asked(results.run(results.check("roc_auc", found))))
    for part in plain["failing"]:
        assert part["low"] == (None if low == -inf else low)


def test_it_has_room_in_an_event_of_githubs() -> None:
    """However many columns have moved; what it leaves out is counted."""
    columns = [Measurement("psi", results.RED, column=f"column_{at}") for at in range(1500)]
    many = results.check("drift-all", *columns, bound=Bound(max=0.1))
    request = asked(results.run(many))
    plain = read(request)
    assert len(request.dump().encode()) <= MOST_BYTES
    assert len(plain["failing"]) + plain["left_out"] == sum(v.outcome == "failed" for v in many.verdicts)
    assert plain["left_out"] > 0


def test_the_whole_comes_before_its_slices() -> None:
    """Where there is no room for all, what is told first is told."""
    rows = [Measurement("roc_auc", results.RED, slice=f"region={'x' * 200}{at}") for at in range(300)]
    check = results.check("roc_auc", Measurement("roc_auc", results.RED), *rows, bound=Bound(min=0.9))
    request = asked(results.run(check))
    assert request.failing[0].slice == ""
    assert request.left_out > 0
    assert set(request.slices) == {part.slice for part in request.failing if part.slice}
    assert asdict(request)["failing"][0]["bound"] == {"min": 0.9}
