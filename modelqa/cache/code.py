"""The code behind a measurement: what is installed, modelqa's own, and what a project's own was loaded."""

import hashlib
import os
import platform
import site
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

import modelqa

_PACKAGE = Path(modelqa.__file__).parent
_SETTLED = 2.0
"""Seconds by which a file has to be older than this process: file systems round their times."""


@cache
def installed() -> str:
    """A digest of Python, the machine's kind, every installed distribution's version, and modelqa's source.

    Versions alone would not tell what was installed from a repository: where from is part of it.
    """
    parts = [sys.version, platform.machine(), *sorted(_distributions())]
    parts += [f"{path.relative_to(_PACKAGE)} {_digest(str(path))}" for path in sorted(_PACKAGE.rglob("*.py"))]
    return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()


def _distributions() -> Iterator[str]:
    for folder in dict.fromkeys(sys.path):
        with suppress(OSError), os.scandir(folder or ".") as entries:
            for entry in entries:
                if entry.name.endswith((".dist-info", ".egg-info")):
                    yield f"{entry.name} {_origin(Path(entry.path))}"


def _origin(distribution: Path) -> str:
    try:
        return (distribution / "direct_url.json").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def loaded() -> dict[str, str] | None:
    """Files and digests of all modules that this process has loaded and that no installation accounts for.

    They may have played a part: a class that a pickled model names, say. None where one of them cannot be
    read, or was changed about when this process began or later, so that what was loaded is not known.
    """
    found: dict[str, str] = {}
    for name in _own_files(frozenset(sys.modules)):
        try:
            if Path(name).stat().st_mtime > modelqa.BEGAN - _SETTLED:
                return None
            found[name] = _digest(name)
        except OSError:
            return None
    return found


def unchanged(files: Mapping[str, str]) -> bool:
    """Whether files of code are what `loaded` said of them.

    >>> unchanged({}), unchanged({"/nowhere/quality.py": "0"})
    (True, False)
    """
    try:
        return all(_digest(name) == digest for name, digest in files.items())
    except OSError:
        return False


@lru_cache(maxsize=1)
def _own_files(modules: frozenset[str]) -> list[str]:
    files = {getattr(sys.modules.get(name), "__file__", None) for name in modules}
    return sorted(name for name in files if isinstance(name, str) and not name.startswith(_accounted()))


@cache
def _accounted() -> tuple[str, ...]:
    """Folders whose modules `installed` tells of."""
    known = sysconfig.get_paths()
    folders = [known[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages(), str(_PACKAGE)]
    return tuple(f"{folder}{os.sep}" for folder in folders)


def _digest(name: str) -> str:
    """The digest of a file, read once as long as the system records no change of it."""
    found = Path(name).stat()
    return _read(name, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@cache
def _read(name: str, *_: int) -> str:
    return hashlib.sha256(Path(name).read_bytes()).hexdigest()
