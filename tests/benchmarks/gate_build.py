"""The gate that the benchmarks time: 100,000 rows x 20 columns and a forest of 80 MB in a SQLite registry.

Run as a script, with the folder to fill: training and MLflow stay out of the process that measures.
"""

import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.ensemble import RandomForestClassifier

ROWS = 100_000
NUMBERS = [f"x{at}" for at in range(15)]
CODES = [f"c{at}" for at in range(4)]
FEATURES = [*NUMBERS, *CODES]
REGIONS = ["africa", "americas", "asia", "europe", "oceania"]
TRUSTED = ["numpy.dtype", "sklearn.tree._tree.Tree"]

SUITE = f"""\
suite: gate
model: models:/gate@challenger
batch: batch.parquet
reference: reference.parquet
labels: label
slices: [region]
checks:
  - metric: accuracy
    min: 0.5
    slices: all
  - latency: p95
    max: 200 ms
    calls: 200
  - schema:
{"".join(f"      {name}: {{min: -10, max: 10}}" + chr(10) for name in NUMBERS)}\
{"".join(f"      {name}: {{in: [0, 1, 2, 3, 4, 5, 6, 7]}}" + chr(10) for name in CODES)}\
      region: {{in: [{", ".join(REGIONS)}]}}
  - drift: [{", ".join([*FEATURES, "region"])}]
    max: 0.1
"""


def rows(seed: int) -> pd.DataFrame:
    """Numbers, codes, a region, and a label that depends on some of them, with much noise."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.normal(size=ROWS).clip(-9, 9) for name in NUMBERS})
    for name in CODES:
        frame[name] = rng.integers(0, 8, ROWS)
    frame["region"] = np.array(REGIONS, dtype=object)[rng.integers(0, 5, ROWS)]
    frame["label"] = (frame["x0"] + frame["x1"] * frame["x2"] + rng.normal(size=ROWS) > 0).astype(int)
    return frame


def build(folder: Path) -> None:
    """Write both tables, the suite, and the model as the version that holds ``@challenger``."""
    reference, batch = rows(0), rows(1)
    reference.to_parquet(folder / "reference.parquet", index=False)
    batch.to_parquet(folder / "batch.parquet", index=False)
    (folder / "gate.suite.yaml").write_text(SUITE)
    (folder / "pytest.ini").write_text("[pytest]\nmodelqa_tracking_uri = sqlite:///mlflow.db\n")
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    place = (folder / "artifacts").as_uri()
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("gate", artifact_location=place))
    forest = RandomForestClassifier(n_estimators=100, max_leaf_nodes=5000, n_jobs=2, random_state=0)
    forest.fit(reference[FEATURES], reference["label"]).set_params(n_jobs=None)
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            forest,
            name="model",
            registered_model_name="gate",
            signature=infer_signature(batch[FEATURES].head(), forest.predict(batch[FEATURES].head())),
            skops_trusted_types=TRUSTED,
            pip_requirements=["scikit-learn", "skops"],
        )
    version = str(logged.registered_model_version)
    mlflow.MlflowClient().set_registered_model_alias("gate", "challenger", version)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
