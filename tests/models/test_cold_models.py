"""Models of a real MLflow store in a new process, and behind the interface that their server calls."""

from pathlib import Path

import numpy as np
import pytest

from conftest import Store, rows
from modelqa import Outcome, Suite
from modelqa.core.ports import Model
from modelqa.models import cold
from modelqa.models import mlflow as models


@pytest.mark.parametrize("trust", ["registry", "none"])
def test_a_registered_model_is_loaded_anew(store: Store, trust: str) -> None:
    """Its files are counted, and its libraries are part of what a start takes."""
    found = models.find("models:/churn@champion", tracking_uri=store.uri, trust=trust)
    told = cold.measure(found, rows()[["age", "income"]])
    files = store.root / "files here" / "models" / store.model / "artifacts"
    assert told["model_size"] == sum(path.stat().st_size for path in files.rglob("*") if path.is_file())
    assert told["load_time"] > 0
    assert told["predict_memory"] >= told["load_memory"] > 2**20


def test_a_wrapper_answers_as_the_model_does(store: Store) -> None:
    """The pyfunc of a classifier says its classes, on the columns that it wants."""
    found = models.find("models:/churn@champion", tracking_uri=store.uri)
    assert found.wrapped is not None
    wrapped: Model = found.wrapped()
    frame = rows()
    assert np.array_equal(np.asarray(wrapped.call(frame)), found.load().predict(frame).values)


def test_a_suite_times_the_wrapper(store: Store, apart: Path) -> None:
    """`flavour: pyfunc` is another check than the native one, and measures more."""
    checks = [{"latency": "p50", "max": "10 s", **more} for more in ({}, {"flavour": "pyfunc"})]
    suite = Suite("s", model="models:/churn@champion", batch=rows(), checks=checks)
    result = suite.run(root=apart, tracking_uri=store.uri)
    assert [check.id for check in result.checks] == ["latency-p50", "latency-p50-flavour-pyfunc"]
    assert {check.outcome for check in result.checks} == {Outcome.PASSED}
