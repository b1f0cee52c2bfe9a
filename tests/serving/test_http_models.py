"""Models behind HTTP: MLflow's scoring protocol, and every way in which a server can fail."""

import json
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from behind_http import served
from hypothesis import given
from hypothesis import strategies as st

from modelqa import SubjectError, Suite
from modelqa.core.subject import Endpoint
from modelqa.errors import CallError, SuiteError
from modelqa.fake_servers import Fault, ModelServer
from modelqa.models import outputs, scoring
from modelqa.models.http import MOST_ROWS, find
from modelqa.testing import FakeModel, in_process, make_batch, run_check


@pytest.mark.parametrize("form", scoring.FORMATS)
def test_every_form_of_request_gives_the_same_answers(form: scoring.Format) -> None:
    """`dataframe_split`, `inputs` and `instances`."""
    frame = make_batch(5, task="regression")[["signal", "region"]]
    with ModelServer(in_process(FakeModel("regression"))) as server:
        model = find(Endpoint(server.url, format=form)).load()
        assert model.predict(frame).values.tolist() == frame["signal"].tolist()
        model.close()  # type: ignore[attr-defined]


cells = st.one_of(
    st.none(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=True, allow_infinity=False),
    st.text(),
    st.booleans(),
)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8), st.sampled_from(scoring.FORMATS))
def test_a_request_holds_what_the_frame_holds(rows: list[tuple[Any, Any]], form: scoring.Format) -> None:
    """Every digit of a number; what is missing is null."""
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=object)
    body = json.loads(scoring.request(frame, form))[form]
    if form == "dataframe_split":
        got = [tuple(row) for row in body["data"]]
    elif form == "inputs":
        got = list(zip(body["a"], body["b"], strict=True))
    else:
        got = [(row["a"], row["b"]) for row in body]
    blank = [tuple(None if cell is None or cell != cell else cell for cell in row) for row in rows]
    assert got == blank


def test_times_bytes_and_decimals_are_written_as_mlflow_reads_them() -> None:
    """ISO 8601, base64, and a number."""
    frame = pd.DataFrame(
        {
            "t": pd.to_datetime(["2026-01-02"]),
            "b": [b"\x00\x01"],
            "d": [Decimal("1.5")],
            "v": [np.array([1, 2])],
            "c": pd.Categorical(["x"]),
            "n": pd.array([None], dtype="Int64"),
            "z": pd.to_datetime([None]),
        }
    )
    assert json.loads(scoring.request(frame, "instances"))["instances"] == [
        {"t": "2026-01-02T00:00:00", "b": "AAE=", "d": 1.5, "v": [1, 2], "c": "x", "n": None, "z": None}
    ]


@pytest.mark.parametrize("strange", [math.inf, object(), {1, 2}])
def test_what_json_cannot_hold_is_said_without_the_value(strange: object) -> None:
    """Infinite numbers and objects."""
    with pytest.raises(SubjectError, match="JSON cannot"):
        scoring.request(pd.DataFrame({"a": pd.Series([strange], dtype=object)}))


@pytest.mark.parametrize(
    ("said", "values", "classes"),
    [
        ([0.5, None], [0.5, math.nan], None),
        ([1, 0], [1, 0], None),
        ([1, 0.5], [1.0, 0.5], None),
        (["no", "yes"], ["no", "yes"], None),
        (["no", None], ["no", None], None),
        ([True, False], [True, False], None),
        ([[0.9, 0.1], [0.2, 0.8]], [0, 1], (0, 1)),
        ([{"no": 0.9, "yes": 0.1}, {"no": 0.2, "yes": 0.8}], ["no", "yes"], ("no", "yes")),
        ([{"out": 1.5}, {"out": 2.5}], [1.5, 2.5], None),
        ([[1.5], [2.5]], [1.5, 2.5], None),
    ],
)
def test_answers_are_read_as_a_model_in_process_is(said: list[Any], values: list[Any], classes: Any) -> None:
    """Numbers, labels, lists and records of probabilities."""
    body = json.dumps({"predictions": said}).encode()
    read = outputs.interpret(scoring.output(scoring.answers(body, 2, "here"), "here"), 2)
    np.testing.assert_equal(read.values.tolist(), values)
    assert read.classes == classes
    assert (read.probabilities is None) == (classes is None)


said = st.recursive(cells, lambda part: st.lists(part) | st.dictionaries(st.text(), part))


@given(st.binary() | said.map(lambda told: json.dumps({"predictions": told}).encode()))
def test_any_answer_is_read_or_has_a_kind(body: bytes) -> None:
    """No server makes modelqa stumble."""
    try:
        outputs.interpret(scoring.output(scoring.answers(body, 2, "here"), "here"), 2)
        kind = ""
    except CallError as error:
        kind = error.kind
    except SubjectError:
        kind = ""
    assert kind in ("", "malformed answer", "wrong number of answers")


def test_many_rows_are_sent_in_parts() -> None:
    """Bounded requests, over one connection, and the answers in the order of the rows."""
    frame = make_batch(2 * MOST_ROWS + 1, task="regression")
    with served() as (server, model):
        assert model.predict(frame).values.tolist() == frame["signal"].tolist()
        assert server.requests == 3


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("500", "http 500"),
        ("404", "http 404"),
        ("redirect", "http 307"),
        ("garbage", "malformed answer"),
        ("no json", "malformed answer"),
        ("no list", "malformed answer"),
        ("few", "wrong number of answers"),
        ("reset", "reset"),
        ("drip", "timeout"),
        ("die", "reset"),
    ],
)
def test_every_failure_has_its_kind_and_tells_no_value(fault: Fault, kind: str) -> None:
    """What the server said may quote rows, so none of it is in the message."""
    with served(fault=lambda _: fault, timeout=0.4) as (_, model):
        with pytest.raises(CallError) as caught:
            model.predict(make_batch(3))
        assert caught.value.kind == kind
        assert "secret" not in str(caught.value)


def test_checks_work_on_it_as_on_any_model() -> None:
    """Scores, errors and latency, slices and a champion in process."""
    with ModelServer(in_process(FakeModel())) as server:
        subject = {"model": server.url, "features": ["signal"], "slices": ["region"]}
        for kind, value, keys in (
            ("metric", "accuracy", {"min": 0.5, "slices": ["region"]}),
            ("metric", "accuracy", {"min": -0.1, "versus": "champion"}),
            ("errors", "rate", {"max": 0.01}),
            ("latency", "p50", {"max": "10 s", "calls": 30}),
            ("latency", "p50", {"max": "10 s", "calls": 30, "concurrency": 4}),
            ("latency", "p50", {"max": "10 s", "calls": 30, "rate": "200 /s"}),
        ):
            result = run_check(kind, value, subject=subject, **keys)
            assert result.outcome == "passed", (kind, result.message)


def test_a_score_of_a_server_that_fails_is_an_error_that_says_why() -> None:
    """Never a score of what was answered."""
    with ModelServer(in_process(FakeModel()), lambda _: "500") as server:
        result = run_check(
            "metric", "accuracy", min=0.1, subject={"model": server.url, "features": ["signal"]}
        )
    assert result.outcome == "errored"
    assert result.message == f"{server.url} answered with status 500"


def test_a_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is in no result."""
    monkeypatch.setenv("MODELQA_MODEL_TOKEN", "canary")
    with served() as (server, model):
        model.call(make_batch(1))
        assert server.headers[-1]["Authorization"] == "Bearer canary"
        assert "canary" not in repr(model.info)


def test_an_endpoint_may_say_how_it_is_asked() -> None:
    """In place of its address: form and time limit; the address keeps its secrets."""
    endpoint = {"url": "http://me:secret@127.0.0.1:1/x?key=1", "format": "instances", "timeout": "500 ms"}
    made = Suite("s", model=endpoint, batch="b.csv", checks=[{"errors": "rate", "max": 0}])
    assert made.model == Endpoint(endpoint["url"], format="instances", timeout=0.5)
    plain = Suite("s", model=endpoint["url"], batch="b.csv", checks=[{"errors": "rate", "max": 0}])
    assert plain.model == Endpoint(endpoint["url"])
    assert not any("secret" in repr(suite) or "key=1" in repr(suite) for suite in (made, plain))
    other = Suite(
        "s",
        model={**endpoint, "url": "http://127.0.0.1:1/x"},
        batch="b.csv",
        checks=[{"errors": "rate", "max": 0}],
    )
    assert made.digest == other.digest


@pytest.mark.parametrize(
    ("endpoint", "problem"),
    [
        ({"format": "inputs"}, "needs the key 'url'"),
        ({"url": "models:/churn@champion"}, "begins with http"),
        ({"url": "http://h/", "format": "csv"}, "expected dataframe_split or inputs or instances"),
        ({"url": "http://h/", "timeout": 3}, "expected a time such as 2 s"),
        ({"url": "http://h/", "timeout": "0 s"}, "expected a time such as 2 s"),
        ({"url": "http://h/", "tokn": "x"}, "unknown key 'tokn'"),
    ],
)
def test_mistakes_of_an_endpoint_are_problems_of_the_suite(endpoint: Any, problem: str) -> None:
    """With what was expected."""
    with pytest.raises(SuiteError, match=problem):
        Suite("s", model=endpoint, batch="b.csv", checks=[{"errors": "rate", "max": 0}])


@pytest.mark.parametrize("model", ["https://host/invocations", {"url": "http://host/invocations"}])
@pytest.mark.parametrize("key", ["model", "champion"])
def test_what_is_served_already_is_not_served_again(key: str, model: Any) -> None:
    """A problem of the suite, at the endpoint."""
    subject = {"model": "models:/m@a", "champion": "models:/m@b", key: model}
    with pytest.raises(SuiteError, match=f"{key} is an endpoint already"):
        Suite("s", serve=True, batch="b.csv", checks=[{"errors": "rate", "max": 0}], **subject)
