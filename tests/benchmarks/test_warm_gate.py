"""A gate whose inputs have not changed, beside importing MLflow and asking the registry whose turn it is."""

import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

BUILD = Path(__file__).with_name("warm_gate.py")
ALIAS = """
import mlflow
client = mlflow.MlflowClient(tracking_uri="sqlite:///mlflow.db")
assert client.get_model_version_by_alias("gate", "challenger").version
"""
GATE = """
import sys, modelqa.cli
sys.argv = ["modelqa", "run", "gate.suite.yaml", "--tracking-uri", "sqlite:///mlflow.db"]
try:
    modelqa.cli.main()
except SystemExit as ended:
    assert not ended.code, ended
{}
"""
UNREAD = "assert not {'pyarrow.parquet', 'sklearn.ensemble'} & set(sys.modules)"
"""Neither rows nor a model were read: what would do it is not there."""
ROUNDS = 5


def seconds(code: str, cwd: Path) -> tuple[float, float]:
    """The processor's and the wall's time of a fresh interpreter."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=cwd, check=True, timeout=300, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, perf_counter() - began


@pytest.mark.slow
def test_an_unchanged_gate_costs_little_beside_its_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most 1.3 times, whole processes by turns: 100,000 rows x 20 columns, a forest of about 80 MB."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("GIT_PYTHON_REFRESH", "quiet")
    subprocess.run([sys.executable, str(BUILD), str(tmp_path)], check=True, capture_output=True, timeout=600)
    cold = seconds(GATE.format(""), tmp_path)
    turns = [(seconds(ALIAS, tmp_path), seconds(GATE.format(UNREAD), tmp_path)) for _ in range(ROUNDS)]
    (alone, alone_wall), (gate, gate_wall) = (
        tuple(min(turn[side][at] for turn in turns) for at in (0, 1)) for side in (0, 1)
    )
    told = (
        f"processor {gate:.2f} s beside {alone:.2f} s ({gate / alone:.2f}), wall {gate_wall:.2f} s beside "
        f"{alone_wall:.2f} s ({gate_wall / alone_wall:.2f}), the first run {cold[0]:.2f} and {cold[1]:.2f} s"
    )
    print(told)
    assert gate / alone <= 1.3, told
