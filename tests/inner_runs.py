"""Libraries are loaded first: pytester drops what an inner run loads, and some load only once."""

import importlib

from modelqa.core.extras import load

LIBRARIES = (
    "filelock",
    "mlflow.sklearn",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_store",
    "pandas",
    "pandas.core.arrays.arrow.extension_types",
    "pyarrow.csv",
    "pyarrow.parquet",
    "pydantic",
    "ruamel.yaml",
    "scipy.stats",
)
OURS = (
    *(f"checks.{name}" for name in ("drift", "errors", "latency", "metric", "schema")),
    *("models.callable", "run.execute", "suite.build", "suite.load"),
)


def load_all() -> None:
    """Load each of them once."""
    for name in LIBRARIES:
        load(name)
    for name in OURS:
        importlib.import_module(f"modelqa.{name}")
