"""A ticket leads to the logged run and the model version where there is a server to look at."""

from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
import results
from hypothesis import given
from hypothesis import strategies as st

from modelqa.actions.mlflow import links
from modelqa.core.subject import ModelInfo
from modelqa.reports.ticket import _LINK


class Store:
    """An MLflow store with one run in experiment 3."""

    def __init__(self, tracking_uri: str) -> None:
        self.tracking_uri = tracking_uri

    def get_run(self, run: str) -> object:
        """The run."""
        return SimpleNamespace(info=SimpleNamespace(run_id=run, experiment_id="3"))


def test_a_run_and_a_version_have_an_address() -> None:
    """Of MLflow's own pages, without the password of the server."""
    assert links(Store("https://me:secret@mlflow.example/"), results.run(), "ab") == {
        "MLflow run": "https://mlflow.example/#/experiments/3/runs/ab",
        "model version": "https://mlflow.example/#/models/churn/versions/7",
    }


@pytest.mark.parametrize("uri", ["sqlite:///mlflow.db", "databricks", "mlruns"])
def test_a_file_has_none(uri: str) -> None:
    """Nobody can look at it from elsewhere."""
    assert links(Store(uri), results.run(), "ab") == {}


@given(name=st.text(min_size=1, max_size=30).filter(lambda name: name.isprintable()))
def test_a_name_is_part_of_an_address_and_no_more(name: str) -> None:
    """Whatever it is, the ticket takes the link, and the name can be read off it."""
    result = results.run()
    subject = replace(result.subject, model=ModelInfo("m", name=name, version="7"))
    link = links(Store("http://h:5000"), replace(result, subject=subject), "ab")["model version"]
    assert _LINK.fullmatch(link)
    assert unquote(link.split("/")[-3]) == name
