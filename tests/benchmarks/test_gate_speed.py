"""A whole gate beside its hand-written twin, and beside the least that any gate has to do."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import python

HERE = Path(__file__).parent
PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
GATES = {
    "pytest": [*PYTEST, "-p", "modelqa.pytest_plugin", "gate.suite.yaml"],
    "modelqa run": ["-m", "modelqa", "run", "gate.suite.yaml"],
}
BY_HAND = [*PYTEST, "-W", "ignore", "gate_by_hand.py"]
BARE = ["gate_bare.py"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100,000 rows x 20 columns, a forest of 80 MB in a SQLite registry, and the three gates."""
    folder = tmp_path_factory.mktemp("gate")
    python([str(HERE / "gate_build.py"), str(folder)], folder)
    for name in ("gate_bare.py", "gate_by_hand.py"):
        shutil.copy(HERE / name, folder)
    return folder


@pytest.mark.parametrize("door", GATES)
def test_a_gate_costs_little_more_than_its_model(
    project: Path, compare: Callable[..., None], door: str
) -> None:
    """Beside import, load, read, predict and 200 calls: at most 1.25 times."""
    compare(
        f"the whole gate, {door}",
        lambda: python(GATES[door], project).seconds,
        lambda: python(BARE, project).seconds,
        beside="load, predict, 200 calls",
        most=1.25,
    )


def test_a_gate_costs_half_of_its_twin(project: Path, compare: Callable[..., None]) -> None:
    """Beside MLflow, scikit-learn, Great Expectations and Evidently by hand: at most 0.6 times.

    The model alone (import, load, predict, 200 calls) is 0.4 times of it: nothing that loads it can be 0.33.
    """
    compare(
        "the whole gate, pytest",
        lambda: python(GATES["pytest"], project).seconds,
        lambda: python(BY_HAND, project).seconds,
        beside="written by hand",
        most=0.6,
        turns=3,
    )


@pytest.mark.parametrize("door", GATES)
def test_a_gate_needs_little_more_memory_than_its_model(
    project: Path, compare: Callable[..., None], door: str
) -> None:
    """At the peak, beside load, read and predict: at most 1.2 times."""
    compare(
        f"the whole gate, {door}, memory",
        lambda: python(GATES[door], project).peak,
        lambda: python(BARE, project).peak,
        beside="load, predict, 200 calls",
        most=1.2,
        turns=2,
        unit="B",
    )
