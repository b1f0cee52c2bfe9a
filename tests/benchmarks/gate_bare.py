"""The least that a gate can do: load the model, read the batch, predict once, time 200 calls of a row."""

import time

import mlflow
import pandas as pd

mlflow.set_tracking_uri("sqlite:///mlflow.db")
model = mlflow.sklearn.load_model("models:/gate@challenger")
batch = pd.read_parquet("batch.parquet")[list(model.feature_names_in_)]
model.predict(batch)
taken = []
for at in range(200):
    row = batch.iloc[at : at + 1]
    began = time.perf_counter()
    model.predict(row)
    taken.append(time.perf_counter() - began)
