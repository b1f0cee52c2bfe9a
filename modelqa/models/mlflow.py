"""Models of MLflow: resolved once, admitted, then loaded, natively where that gives probabilities."""

import os
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from modelqa.core import extras
from modelqa.core.ports import Model
from modelqa.core.signature import Field
from modelqa.core.subject import ModelInfo
from modelqa.errors import ModelQAError, SubjectError
from modelqa.models import artifacts, frames, registry, runs
from modelqa.models.artifacts import Folder
from modelqa.models.estimator import Function, wrap
from modelqa.models.found import Found
from modelqa.models.trust import Trust, admit

PATIENCE = 12.0
"""Seconds that a registry has to answer; with the import of MLflow it stays below 15."""
_BOOSTERS = frozenset({"catboost", "lightgbm", "xgboost"})


def find(
    uri: str, *, tracking_uri: str | None = None, trust: Trust = "registry", patience: float = PATIENCE
) -> Found:
    """Resolve a model URI of MLflow to a version and its files, which are hashed; no code of it runs.

    ``models:/name@alias``, ``models:/name/3``, ``models:/name/latest``, ``models:/m-<id>`` and
    ``runs:/<run>/path``. ``tracking_uri`` defaults to MLflow's own setting. Remote files are
    downloaded to a temporary directory that lives as long as the result and its model.

    Raises `NotFound` where the registry has no such thing, and `SubjectError` where none is set, it
    cannot be reached within ``patience`` seconds, the files are damaged, or ``trust`` forbids them.
    """
    place, client = registry.resolve(str(uri), tracking_uri, patience)
    folder = _fetched(place, client, str(uri), patience)
    info = ModelInfo(str(uri), name=place.name, version=place.version, id=place.id)
    found = _admitted(folder, info, trust, place.tags, place.created)
    return replace(found, logged=partial(runs.fetch, client, found, patience))


def find_directory(path: str | Path, *, tracking_uri: str | None = None, trust: Trust = "registry") -> Found:
    """Resolve a local directory with an MLmodel file; ``tracking_uri`` is not needed for that.

    Raises `SubjectError` where it is none, or ``trust`` forbids its files.
    """
    del tracking_uri
    directory = Path(path)
    if not directory.is_dir():
        raise SubjectError(
            f"{path}: expected a model directory, found {'a file' if directory.exists() else 'nothing'}"
        )
    return _admitted(Folder(directory.resolve()), ModelInfo(str(path), name=directory.name), trust, {})


def _fetched(place: registry.Place, client: Any, uri: str, patience: float) -> Folder:
    """The files of a model, where they are if that is local, else downloaded."""
    local = _local(place.location)
    if local is not None:
        if not local.is_dir():
            raise SubjectError(f"{uri}: its files are gone from the artifact store; log the model again")
        return Folder(local)
    folder, where = Folder.empty(), client.tracking_uri
    download = extras.load("mlflow.artifacts").download_artifacts
    with frames.quiet(), registry.answered(uri, where, patience):
        got = download(artifact_uri=place.location, dst_path=str(folder.path), tracking_uri=where)
    folder.path = Path(got)
    return folder


def _local(location: str) -> Path | None:
    """The path behind a location, or None for one that has to be downloaded.

    >>> _local("s3://bucket/model")
    >>> _local("file:///store/a%20model").name
    'a model'
    """
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return None if len(parts.scheme) > 1 else Path(location)


def _admitted(
    folder: Folder, info: ModelInfo, trust: Trust, tags: Mapping[str, str], created: float | None = None
) -> Found:
    """Hash, judge and offer a model's files. What is not simply trusted is copied first, so that the
    files that are judged are those that are loaded."""
    if trust != "registry":
        folder = folder.copy()
    read = artifacts.mlmodel(folder.path)
    id_ = info.id or str(read.get("model_id") or "")
    stamp = artifacts.stamp(folder.path)
    info = replace(info, id=id_, digest=stamp.digest)
    admit(trust, info, folder.path)
    return Found(
        info,
        load=partial(_load, folder, info),
        wrapped=partial(_load_wrapped, folder, info),
        size=partial(artifacts.size, folder.path),
        tags=dict(tags),
        created=min((at for at in (created, artifacts.created(read)) if at is not None), default=None),
        folder=folder,
        stamp=stamp if artifacts.closed(read) else None,
    )


def _load(folder: Folder, info: ModelInfo) -> Model:
    """Load a model, which may run its code. Raises `SubjectError` where that fails."""
    with _loading(info), frames.quiet(), _own_code(folder.path), extras.unswept():
        path, flavors = str(folder.path), set(artifacts.mlmodel(folder.path)["flavors"])
        inputs = inputs_of(folder.path)
        if "sklearn" in flavors:
            return wrap(extras.load("mlflow.sklearn").load_model(path), info, inputs, keep=folder)
        pyfunc = extras.load("mlflow.pyfunc").load_model(path, suppress_warnings=True)
        return _model(pyfunc, flavors, info, inputs, folder)


def _load_wrapped(folder: Folder, info: ModelInfo) -> Model:
    """Load a model behind MLflow's own interface, which its servers call."""
    with _loading(info), frames.quiet(), _own_code(folder.path), extras.unswept():
        pyfunc = extras.load("mlflow.pyfunc").load_model(str(folder.path), suppress_warnings=True)
        return Function(info=info, inputs=inputs_of(folder.path), score=pyfunc.predict, keep=folder)


def _model(
    pyfunc: Any, flavors: Collection[str], info: ModelInfo, inputs: tuple[Field, ...] | None, folder: Folder
) -> Model:
    """A pyfunc as a model; the native one of a boosting library where that gives probabilities."""
    native = pyfunc.get_raw_model() if _BOOSTERS.intersection(flavors) else None
    if callable(getattr(native, "predict_proba", None)):
        return wrap(native, info, inputs, keep=folder)
    return Function(info=info, inputs=inputs, score=pyfunc.predict, keep=folder)


def inputs_of(path: Path) -> tuple[Field, ...] | None:
    """The named columns of a signature; None for tensors, nameless columns, or no signature."""
    schema = extras.load("mlflow.models").Model.load(str(path)).get_input_schema()
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names():
        return None
    return tuple(
        Field(spec.name, getattr(spec.type, "name", type(spec.type).__name__.lower()), bool(spec.required))
        for spec in schema.inputs
    )


@contextmanager
def _loading(info: ModelInfo) -> Iterator[None]:
    try:
        yield
    except ModelQAError:
        raise
    except ModuleNotFoundError as error:
        raise SubjectError(
            f"{info} cannot be loaded: it needs the module {error.name!r}, which is not installed; "
            "install the model's requirements (requirements.txt among its files)"
        ) from error
    except (Exception, SystemExit) as error:
        raise SubjectError(
            f"{info} cannot be loaded ({registry.said(error)}); install the versions that it was "
            "trained with (requirements.txt among its files), or log it again"
        ) from error


@contextmanager
def _own_code(path: Path) -> Iterator[None]:
    """Keep the code that a model brings apart from the next model's, and its folder as it was.

    Two versions of a model bring modules of the same names: the second one would get the first's.
    """
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before
        inside = f"{path}{os.sep}"
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(inside):
                del sys.modules[name]
