"""The gate as teams write it today: pytest, MLflow, scikit-learn, Great Expectations and Evidently."""

import time

import great_expectations as gx
import mlflow
import numpy as np
import pandas as pd
import pytest
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
from sklearn.metrics import accuracy_score

NUMBERS = [f"x{at}" for at in range(15)]
CODES = [f"c{at}" for at in range(4)]
REGIONS = ["africa", "americas", "asia", "europe", "oceania"]


@pytest.fixture(scope="session")
def batch():
    return pd.read_parquet("batch.parquet")


@pytest.fixture(scope="session")
def model():
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    return mlflow.sklearn.load_model("models:/gate@challenger")


@pytest.fixture(scope="session")
def predictions(model, batch):
    return model.predict(batch[NUMBERS + CODES])


@pytest.mark.parametrize("region", [None, *REGIONS])
def test_accuracy(batch, predictions, region):
    chosen = np.full(len(batch), True) if region is None else (batch["region"] == region).to_numpy()
    assert accuracy_score(batch["label"][chosen], predictions[chosen]) >= 0.5


def test_latency(model, batch):
    rows = batch[NUMBERS + CODES]
    taken = []
    for at in range(200):
        row = rows.iloc[at : at + 1]
        began = time.perf_counter()
        model.predict(row)
        taken.append(time.perf_counter() - began)
    assert np.quantile(taken, 0.95) <= 0.2


def test_expectations(batch):
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    made = [
        gx.expectations.ExpectColumnValuesToBeBetween(column=name, min_value=-10, max_value=10)
        for name in NUMBERS
    ]
    made += [
        gx.expectations.ExpectColumnValuesToBeInSet(column=name, value_set=list(range(8))) for name in CODES
    ]
    made.append(gx.expectations.ExpectColumnValuesToBeInSet(column="region", value_set=REGIONS))
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("batch")
    definition = asset.add_batch_definition_whole_dataframe("whole")
    suite = gx.ExpectationSuite("gate", expectations=made)
    assert definition.get_batch({"dataframe": batch}).validate(suite).success


def test_drift(batch):
    definition = DataDefinition(numerical_columns=NUMBERS, categorical_columns=[*CODES, "region"])
    reference = pd.read_parquet("reference.parquet")
    sides = [
        Dataset.from_pandas(side[NUMBERS + CODES + ["region"]], definition) for side in (batch, reference)
    ]
    found = Report([DataDriftPreset()]).run(*sides).dict()
    assert found["metrics"][0]["value"]["count"] == 0
