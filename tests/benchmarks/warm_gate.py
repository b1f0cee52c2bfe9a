"""A gate of 100,000 rows x 20 columns and a forest of 80 MB in a SQLite registry, made in a folder."""

import os
import sys
import warnings
from pathlib import Path

ROWS, FEATURES = 100_000, 20
TREES, LEAVES = 100, 4_500
SUITE = """\
suite: gate
model: models:/gate@challenger
batch: batch.parquet
reference: reference.parquet
labels: y
slices: [region]
checks:
  - metric: accuracy
    min: 0.6
    slices: [region]
  - metric: roc_auc
    min: 0.6
  - schema: signature
  - schema:
      x0: {type: float, nulls: 0}
      x1: {type: float, nulls: 0}
  - errors: rate
    max: 0
  - drift: all
    max: 0.2
"""


def build(folder: Path) -> None:
    """Write the batch, the reference and the suite; train the forest and register it."""
    import mlflow
    import numpy as np
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.ensemble import RandomForestClassifier

    for name, seed in (("reference", 0), ("batch", 1)):
        rng = np.random.default_rng(seed)
        made = {f"x{at}": rng.normal(size=ROWS) for at in range(FEATURES)}
        chance = 1 / (1 + np.exp(-1.5 * (made["x0"] + made["x1"] * made["x2"])))
        made["y"] = (rng.random(ROWS) < chance).astype(int)
        region = np.array([f"r{at}" for at in range(5)])[rng.integers(0, 5, ROWS)]
        frame = pd.DataFrame({**made, "region": region})
        frame.to_parquet(folder / f"{name}.parquet", index=False)
        if name == "reference":
            train = frame
    inputs = train[[f"x{at}" for at in range(FEATURES)]]
    forest = RandomForestClassifier(TREES, max_leaf_nodes=LEAVES, random_state=0, n_jobs=1)
    forest.fit(inputs.iloc[:40_000], train["y"].iloc[:40_000])
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    client = mlflow.MlflowClient()
    mlflow.set_experiment(
        experiment_id=client.create_experiment("gate", artifact_location=(folder / "artifacts").as_uri())
    )
    logged = mlflow.sklearn.log_model(
        forest,
        name="gate",
        signature=infer_signature(inputs.head(), train["y"].head()),
        pip_requirements=["scikit-learn"],
        skops_trusted_types=["numpy.dtype", "sklearn.tree._tree.Tree"],
    )
    client.create_registered_model("gate")
    version = client.create_model_version("gate", logged.model_uri, model_id=logged.model_id)
    client.set_registered_model_alias("gate", "challenger", version.version)
    (folder / "gate.suite.yaml").write_text(SUITE)
    (folder / "pytest.toml").write_text("[pytest]\n")


if __name__ == "__main__":
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    warnings.filterwarnings("ignore")
    build(Path(sys.argv[1]))
