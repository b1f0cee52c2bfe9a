"""The files of a model: listed without following links, hashed, and its MLmodel read as plain data."""

import hashlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from modelqa.cache.stamps import Stamp
from modelqa.core import extras
from modelqa.errors import SubjectError

# MLflow writes this file into a local model whenever somebody loads it; no loader reads it.
_LEFT_BY_READERS = frozenset({"registered_model_meta"})
_MAX_MLMODEL = 8 << 20
_LOADERS = frozenset(
    f"mlflow.{name}"
    for name in (
        "catboost",
        "keras",
        "lightgbm",
        "onnx",
        "prophet",
        "pytorch",
        "sklearn",
        "spacy",
        "statsmodels",
        "tensorflow",
        "xgboost",
    )
)


class Folder:
    """A model's directory: ours, and removed with this object, if ``temporary``."""

    def __init__(self, path: Path, *, temporary: bool = False) -> None:
        self.path = path
        if temporary:
            self._removal = weakref.finalize(self, shutil.rmtree, path, ignore_errors=True)

    def __reduce__(self) -> tuple[type["Folder"], tuple[Path]]:
        """Another process gets the place; the directory stays ours."""
        return Folder, (self.path,)

    @classmethod
    def empty(cls) -> "Folder":
        """A new directory of our own."""
        return cls(Path(tempfile.mkdtemp(prefix="modelqa-")), temporary=True)

    def copy(self) -> "Folder":
        """The same files in a directory of our own, which nobody else can change."""
        made = Folder.empty()
        shutil.copytree(self.path, made.path, dirs_exist_ok=True, symlinks=True)
        return made


def listed(directory: Path) -> dict[str, Path]:
    """Every file of a model by its relative name, sorted.

    Raises `SubjectError` for a link to a directory, a device or a pipe: what lies behind is no part
    of the model, so no digest would cover it.
    """
    found: dict[str, Path] = {}
    for parent, folders, names in os.walk(directory):
        for name in [*folders, *names]:
            path = Path(parent, name)
            relative = path.relative_to(directory).as_posix()
            if name in folders and not path.is_symlink():
                continue
            if not path.is_file():
                raise SubjectError(
                    f"the model's {relative!r} is neither a file nor a directory of its own; copy it in"
                )
            found[relative] = path
    return dict(sorted(found.items()))


def digest(directory: Path) -> str:
    """``sha256:`` over the sorted relative names and contents of a model's files.

    What MLflow leaves behind when it loads a local model does not count.
    """
    state = hashlib.sha256()
    for relative, path in _hashed(directory).items():
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        state.update(f"{content}  {relative}\n".encode(errors="surrogateescape"))
    return f"sha256:{state.hexdigest()}"


def _hashed(directory: Path) -> dict[str, Path]:
    return {name: path for name, path in listed(directory).items() if name not in _LEFT_BY_READERS}


def stamp(directory: Path) -> Stamp:
    """The digest of a model's files, and whether it still holds later."""
    return Stamp(partial(_hashed, directory), partial(digest, directory))


def closed(read: Mapping[str, Any]) -> bool:
    """Whether answers follow from the model's files and the installed libraries, by its MLmodel file.

    A library's own loader reads it, and no code came along: code may ask a server, or a clock.

    >>> closed({"flavors": {"python_function": {"loader_module": "mlflow.sklearn"}}})
    True
    >>> closed({"flavors": {"python_function": {"loader_module": "mlflow.pyfunc.model"}}})
    False
    """
    pyfunc = flavors(read).get("python_function", {})
    return pyfunc.get("loader_module") in _LOADERS and not pyfunc.get("code")


def size(directory: Path) -> int:
    """The bytes of a model's files."""
    return sum(path.stat().st_size for path in listed(directory).values())


def mlmodel(directory: Path) -> dict[str, Any]:
    """The MLmodel file, by the parser that MLflow uses. Raises `SubjectError` where it is no mapping."""
    path = directory / "MLmodel"
    if not path.is_file():
        raise SubjectError(f"{directory.name}: expected a model directory, found no file MLmodel in it")
    yaml = extras.load("yaml")
    if path.stat().st_size > _MAX_MLMODEL:
        raise SubjectError("the model's MLmodel file is larger than 8 MiB; it is no model of MLflow's")
    try:
        read = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SubjectError("the model's MLmodel file is not valid YAML; log the model again") from error
    if not isinstance(read, dict) or not isinstance(read.get("flavors"), dict):
        raise SubjectError("the model's MLmodel file names no flavors; log the model again")
    return read


def created(read: Mapping[str, Any]) -> float | None:
    """When a model was saved, in seconds since 1970, by its MLmodel file; None where it does not say.

    >>> created({"utc_time_created": "1970-01-01 00:01:00.500000"})
    60.5
    """
    try:
        return datetime.fromisoformat(str(read.get("utc_time_created"))).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def flavors(read: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The flavours of an MLmodel file that are mappings, by name."""
    return {str(name): conf for name, conf in read["flavors"].items() if isinstance(conf, dict)}
