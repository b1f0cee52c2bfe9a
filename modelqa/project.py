"""Where a project starts and what its pytest configuration says of modelqa, for the command line."""

import configparser
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelqa.errors import ModelQAError


@dataclass(frozen=True, slots=True)
class Project:
    """The folder that paths of suites start from, and the ``modelqa_*`` settings found there."""

    root: Path
    settings: Mapping[str, str]

    def option(self, key: str, chosen: str | None = None) -> str | None:
        """A value by the ladder: command line, environment ``MODELQA_*``, ini; None where nobody says."""
        return (
            chosen or os.environ.get(f"MODELQA_{key.upper()}") or self.settings.get(f"modelqa_{key}") or None
        )


def switched(value: str | None) -> bool:
    """Whether a switch is on, wherever it was set.

    >>> switched("1"), switched("true"), switched("0"), switched(None)
    (True, True, False, False)
    """
    return (value or "").strip().lower() not in ("", "0", "false", "no", "off")


def find(start: Path) -> Project:
    """The project around a file or folder: pytest's rule, its configuration files in its order.

    Raises `ModelQAError` where a configuration file cannot be read.
    """
    start = start.resolve()
    folder = start if start.is_dir() else start.parent
    for base in (folder, *folder.parents):
        for name, read in _FILES.items():
            if (base / name).is_file():
                found = _read(base / name, read)
                if found is not None:
                    return Project(base, {key: str(value) for key, value in found.items()})
    marks = ("setup.py", ".git")
    marked = (base for base in (folder, *folder.parents) if any((base / mark).exists() for mark in marks))
    return Project(next(marked, folder), {})


def shown(path: Path) -> Path:
    """A path as people write it: from the current folder, where it is below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def tracking_uri(written: str | None, root: Path) -> str | None:
    """A tracking URI whose SQLite file, where it is relative, starts at the root.

    >>> tracking_uri("sqlite:///.modelqa/mlflow.db", Path("/repo"))
    'sqlite:////repo/.modelqa/mlflow.db'
    """
    prefix = "sqlite:///"
    if written is None or not written.startswith(prefix):
        return written
    path = Path(written.removeprefix(prefix))
    return written if path.is_absolute() else f"{prefix}{root / path}"


def _read(path: Path, read: Any) -> Mapping[str, Any] | None:
    try:
        section = read(path.read_text(encoding="utf-8"), path.name)
    except (tomllib.TOMLDecodeError, configparser.Error, UnicodeDecodeError) as error:
        raise ModelQAError(f"{path}: cannot be read: {error}") from None
    return None if section is None else dict(section)


def _toml(text: str, name: str) -> Mapping[str, Any] | None:
    read = tomllib.loads(text)
    if name.endswith("pytest.toml"):
        return dict(read.get("pytest", {}))
    section = read.get("tool", {}).get("pytest")
    if section is None:
        return None
    return dict(section.get("ini_options", section))


def _ini(text: str, name: str) -> Mapping[str, Any] | None:
    parser = configparser.ConfigParser(interpolation=None, allow_no_value=True)
    parser.read_string(text)
    section = "tool:pytest" if name == "setup.cfg" else "pytest"
    if parser.has_section(section):
        return dict(parser[section])
    return {} if name.endswith("pytest.ini") else None


_FILES = {
    "pytest.toml": _toml,
    ".pytest.toml": _toml,
    "pytest.ini": _ini,
    ".pytest.ini": _ini,
    "pyproject.toml": _toml,
    "tox.ini": _ini,
    "setup.cfg": _ini,
}
