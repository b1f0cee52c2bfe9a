"""`serving: parity`: what a server answers, against what the model says in process."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa import Suite, SuiteError
from modelqa.checks.serving import _same
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult
from modelqa.core.subject import Endpoint
from modelqa.fake_servers import Fault, ModelServer
from modelqa.models.http import reach
from modelqa.testing import FakeModel, in_process, make_batch


def parity(model: FakeModel, server: ModelServer, batch: Any = None, **keys: Any) -> CheckResult:
    """The check of a model whose server is this one."""
    suite = Suite(
        "s",
        model=model,
        batch=make_batch(200) if batch is None else batch,
        features=["signal"],
        checks=[{"serving": "parity", "max": 0, **keys}],
    )
    with server:
        result = suite.run(server=lambda found: reach(Endpoint(server.url, timeout=2.0), found.info))
    return result.checks[0]


def counts(result: CheckResult) -> list[float]:
    """Rows that differ together and alone."""
    return [verdict.measurement.estimate.value for verdict in result.verdicts]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_faithful_server_is_green(task: Any) -> None:
    """Every row together, and some alone."""
    batch = make_batch(200, task=task)
    result = parity(FakeModel(task), ModelServer(in_process(FakeModel(task))), batch)
    assert result.outcome is Outcome.PASSED
    assert [v.measurement.estimate.n for v in result.verdicts] == [200, 50]
    assert counts(result) == [0, 0]


def test_a_server_with_another_model_is_red() -> None:
    """The rows that differ are counted, and are facts."""
    server = ModelServer(in_process(FakeModel("regression", noise=1.0)))
    result = parity(FakeModel("regression"), server, rows=100, singles=10)
    assert result.outcome is Outcome.FAILED
    assert counts(result) == [100, 10]
    assert all(verdict.measurement.estimate.is_fact for verdict in result.verdicts)


def test_a_difference_within_the_tolerance_is_none() -> None:
    """Floats lose digits on their way; more than that is another answer."""
    server = ModelServer(in_process(FakeModel("regression", noise=1e-9)))
    assert parity(FakeModel("regression"), server).outcome is Outcome.PASSED
    again = ModelServer(in_process(FakeModel("regression", noise=1e-9)))
    assert parity(FakeModel("regression"), again, tolerance=1e-12).outcome is Outcome.FAILED


def test_a_server_that_answers_batches_otherwise_than_rows_is_red() -> None:
    """Each of the two ways of asking is judged."""
    model = FakeModel("regression")
    server = ModelServer(in_process(model), lambda number: "few" if number > 1 else "")
    result = parity(model, server, singles=5)
    assert counts(result) == [0, 5]
    assert result.verdicts[1].measurement.note == "not answered: 5 wrong number of answers"


@pytest.mark.parametrize("fault", ["500", "garbage", "reset", "die"])
def test_rows_that_are_not_answered_differ(fault: Fault) -> None:
    """Whatever keeps the server from it."""
    model = FakeModel("regression")
    result = parity(model, ModelServer(in_process(model), lambda _: fault), rows=20, singles=3)
    assert result.outcome is Outcome.FAILED
    assert counts(result) == [20, 3]


def test_missing_answers_agree_with_missing_ones_only() -> None:
    """NaN on both sides is the same answer; on one side it is another."""
    batch = make_batch(50).assign(signal=88.0)
    model = FakeModel("regression", nans=(88.0,))
    assert parity(model, ModelServer(in_process(model)), batch).outcome is Outcome.PASSED
    whole = FakeModel("regression")
    assert counts(parity(whole, ModelServer(in_process(model)), batch)) == [50, 50]


numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(numbers, min_size=1), st.floats(0, 1))
def test_everything_is_the_same_as_itself(values: list[float], tolerance: float) -> None:
    """Also what is missing or infinite, in any type."""
    array = np.array(values)
    assert _same(array, array, tolerance).all()
    assert _same(array.astype(object), array.astype(object), tolerance).all()


@given(st.integers(-(2**40), 2**40))
def test_whole_numbers_are_the_same_or_not(number: int) -> None:
    """No tolerance for labels; 1, 1.0 and True are one."""
    assert not _same(np.array([number]), np.array([number + 1]), 1.0).any()
    assert _same(np.array([float(number)]), np.array([number]), 0.0).all()
    assert _same(np.array([True]), np.array([1]), 0.0).all()
    assert _same(np.array(["a", None], dtype=object), np.array(["a", "b"]), 0.0).tolist() == [True, False]


@pytest.mark.parametrize("keys", [{"rows": 0}, {"singles": 0}, {"tolerance": -1.0}, {"serving": "speed"}])
def test_what_cannot_be_drawn_is_a_problem_of_the_suite(keys: dict[str, Any]) -> None:
    """Said at collection."""
    with pytest.raises(SuiteError):
        Suite("s", model=FakeModel(), batch=make_batch(5), checks=[{"serving": "parity", "max": 0, **keys}])


def test_servers_are_stopped_when_the_run_is_over() -> None:
    """Also where a check raises what nobody expects."""
    stopped: list[str] = []
    model = FakeModel("regression")
    with ModelServer(in_process(model)) as server:

        def start(found: Any) -> Any:
            return reach(Endpoint(server.url), found.info, stop=lambda: stopped.append(str(found.info)))

        def interrupted(_: object) -> None:
            raise KeyboardInterrupt

        checks = [{"errors": "rate", "max": 0}]
        suite = Suite("s", model=model, serve=True, batch=make_batch(5), features=["signal"], checks=checks)
        assert suite.run(server=start).outcome is Outcome.PASSED
        with pytest.raises(KeyboardInterrupt):
            suite.run(server=start, listener=_after(1, interrupted))
    assert stopped == ["FakeModel", "FakeModel"]


def _after(events: int, act: Any) -> Any:
    """A listener that acts after so many events."""
    heard: list[object] = []

    def listen(event: object) -> None:
        heard.append(event)
        if len(heard) > events:
            act(event)

    return listen
