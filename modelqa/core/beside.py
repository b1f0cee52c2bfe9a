"""Modules of the repository that a suite stands in, importable where the suite names them, and only then.

The folder itself never comes onto ``sys.path``: there, any of its folders and scripts (``data``,
``wandb``, ``h2.py``) could pass for a library that is not installed.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any


class _Beside(MetaPathFinder):
    """Finds admitted top-level modules in some folders, after every other finder has looked."""

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.admitted: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The place of a module that was admitted; a package's own modules are found without it."""
        if path is not None or name not in self.admitted:
            return None
        return PathFinder.find_spec(name, self.folders, target)


_BESIDE = _Beside()


def look_in(folder: Path) -> None:
    """Let modules that suites name be found in a project's folder too, last of all."""
    if _BESIDE not in sys.meta_path:
        sys.meta_path.append(_BESIDE)
    _BESIDE.folders = list(dict.fromkeys([str(folder), *_BESIDE.folders]))


def admit(module: str) -> None:
    """Note that a suite names this module, so that it may be found beside the suite.

    >>> admit("quality.flips")
    >>> "quality" in _BESIDE.admitted, "data" in _BESIDE.admitted
    (True, False)
    """
    _BESIDE.admitted.add(module.partition(".")[0])


def load(target: str) -> Any:
    """The object behind "module:object", which may stand in the project's folder.

    Raises ``ImportError`` or ``AttributeError`` as the import does.

    >>> load("math:hypot")(3, 4)
    5.0
    """
    module, _, path = target.partition(":")
    admit(module)
    found: Any = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found
