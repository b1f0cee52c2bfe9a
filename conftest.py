"""Makes the models and batches that `suites/` judge: once, in `.modelqa/`, when first wanted.

Nothing is built, and nothing but pytest imported, until a suite of this repository is about to run
or a test asks for the fixture `examples`. A second run finds them; an edited builder, another
version of a library or a moved checkout builds them anew. Workers take turns by a file lock.
"""

import gc
import hashlib
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
STORE = ROOT / ".modelqa"
BUILDERS = tuple(ROOT / "tests" / name for name in ("example_store.py", "example_models.py", "factories.py"))
LIBRARIES = ("mlflow", "numpy", "pandas", "scikit-learn", "skops")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build before the first item runs, and only if one of ours will: after `-k` has chosen."""
    if session.config.option.collectonly or not any(_is_example(item) for item in session.items):
        return
    try:
        ensure_examples()
    except subprocess.CalledProcessError as error:
        raise pytest.UsageError(f"the example models could not be built:\n{error.stderr}") from error


@pytest.fixture(scope="module", autouse=True)
def swept() -> None:
    """What earlier modules loaded is not looked through for garbage again and again: a second each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder with the example batches (``data/``) and the store (``mlflow.db``)."""
    ensure_examples()
    return STORE


def ensure_examples() -> None:
    """Build the examples, unless they are there and made by this very builder."""
    from filelock import FileLock

    wanted, marker = _fingerprint(), STORE / "examples.built"
    STORE.mkdir(exist_ok=True)
    with FileLock(STORE / "examples.lock"):
        if marker.exists() and marker.read_text() == wanted:
            return
        marker.unlink(missing_ok=True)
        command = [sys.executable, str(BUILDERS[0]), str(STORE), wanted[:12]]
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        marker.write_text(wanted)


def _is_example(item: pytest.Item) -> bool:
    return item.path.name.endswith(".suite.yaml") and item.path.parent == ROOT / "suites"


def _fingerprint() -> str:
    """What the examples are made by and where they are: a store holds absolute paths."""
    digest = hashlib.sha256(str(ROOT).encode())
    for builder in BUILDERS:
        digest.update(builder.read_bytes())
    for library in LIBRARIES:
        digest.update(f"{library}=={version(library)}".encode())
    return digest.hexdigest()
