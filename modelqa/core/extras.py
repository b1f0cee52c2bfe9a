"""Heavy or optional libraries, imported when first needed: quietly, or with one clear sentence."""

import gc
import importlib
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from modelqa.errors import MissingExtra

# What keeps a library from phoning home; set before its import, and only where nobody chose.
_QUIET = {
    "mlflow": {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        "GIT_PYTHON_REFRESH": "quiet",
    },
    "great_expectations": {"GX_ANALYTICS_ENABLED": "false"},
    "evidently": {"DO_NOT_TRACK": "1"},
}
_EXTRAS = dict.fromkeys(["google_crc32c", "tensorboard"], "'modelqa[tensorboard]'")
"""What to install where a library comes with an extra."""


def load(module: str) -> ModuleType:
    """Import a library that warns or reports on import, without letting it do either.

    Raises `MissingExtra` where it is absent, or broken beside what else is installed.

    >>> load("json").__name__
    'json'
    """
    package = module.partition(".")[0]
    for name, value in _QUIET.get(package, {}).items():
        os.environ.setdefault(name, value)
    try:
        with warnings.catch_warnings(), unswept():
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name == package:
            wanted = _EXTRAS.get(package, package)
            raise MissingExtra(f"{package} is not installed: pip install {wanted}") from error
        raise _broken(package, error) from error
    except (ImportError, SystemExit) as error:
        raise _broken(package, error) from error


@contextmanager
def unswept() -> Iterator[None]:
    """Leave the garbage collector out while libraries or models load.

    They make a million objects, all of them to stay, and it would look through them over and over: a fifth
    of the time that MLflow and scikit-learn take to load.
    """
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()


def _broken(package: str, error: BaseException) -> MissingExtra:
    return MissingExtra(
        f"{package} is installed but cannot be imported ({error}): "
        "reinstall modelqa, whose bounds name versions that work together"
    )
