"""Who may load: decided by what a model's files are, before any loader opens one of them.

Loading most models runs code that came with them. So there are three answers: ``registry`` trusts
whatever the registry (or the folder) serves, ``none`` admits only formats that hold no code, and a
list of digests admits exactly these models. The decision about formats is an allow-list: names,
keys and first bytes that are known to be data; whatever is not on it is refused.
"""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from modelqa.core.subject import ModelInfo
from modelqa.errors import SubjectError
from modelqa.models import artifacts

Trust = str | Sequence[str]

SKOPS_TYPES = frozenset(
    {
        "numpy.dtype",
        "sklearn.tree._tree.Tree",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    }
)
"""Types outside skops' own defaults that are read as arrays: no code of the model's runs."""

_DESCRIPTIONS = frozenset(
    {
        "MLmodel",
        "conda.yaml",
        "input_example.json",
        "python_env.yaml",
        "registered_model_meta",
        "requirements.txt",
        "serving_input_example.json",
    }
)
_MLMODEL_KEYS = frozenset(
    {
        "artifact_path",
        "flavors",
        "is_signature_from_type_hint",
        "metadata",
        "mlflow_version",
        "model_id",
        "model_size_bytes",
        "model_uuid",
        "prompts",
        "run_id",
        "saved_input_example_info",
        "signature",
        "type_hint_from_example",
        "utc_time_created",
    }
)
# What each flavour may say, and what may stand there; a key that is absent or null is fine.
_Rule = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _one_of(*allowed: str) -> _Rule:
    return lambda value: value in allowed


def _file(*suffixes: str) -> _Rule:
    return lambda value: isinstance(value, str) and "/" not in value and value.endswith(suffixes)


def _names(value: Any) -> bool:
    """Names without options: an option of a provider may name a library to load."""
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _our_types(value: Any) -> bool:
    return isinstance(value, list) and set(map(str, value)) <= SKOPS_TYPES


_PYFUNC: Mapping[str, _Rule] = {
    "data": _file(".onnx", ".json", ".ubj", ".xgb", ".lgb", ".txt", ".cbm"),
    "env": lambda value: isinstance(value, str | dict),
    "loader_module": _one_of(
        "mlflow.catboost", "mlflow.lightgbm", "mlflow.onnx", "mlflow.sklearn", "mlflow.xgboost"
    ),
    "model_path": _file(".skops"),
    "predict_fn": _one_of("predict", "predict_proba"),
    "python_version": _text,
}
_FLAVORS: Mapping[str, Mapping[str, _Rule]] = {
    "python_function": _PYFUNC,
    "sklearn": {
        "pickled_model": _file(".skops"),
        "serialization_format": _one_of("skops"),
        "skops_trusted_types": _our_types,
        "sklearn_version": _text,
    },
    "onnx": {"data": _file(".onnx"), "onnx_version": _text, "providers": _names},
    "xgboost": {
        "data": _file(".json", ".ubj", ".xgb"),
        "model_class": lambda value: (
            _text(value) and value.startswith(("xgboost.core.", "xgboost.sklearn.XGB"))
        ),
        "model_format": _text,
        "xgb_version": _text,
    },
    "lightgbm": {
        "data": _file(".lgb", ".txt"),
        "lgb_version": _text,
        # Any other class is unpickled.
        "model_class": _one_of("lightgbm.basic.Booster"),
    },
    "catboost": {
        "catboost_version": _text,
        "data": _file(".cbm"),
        "model_type": _text,
        "save_format": _one_of("cbm"),
    },
}
# A key without which a loader falls back to something that is not on the list.
_REQUIRED = {"sklearn": ("pickled_model", "serialization_format"), "catboost": ("save_format",)}
# How the files of these formats begin; a renamed pickle or archive does not.
_STARTS: Mapping[str, Callable[[bytes], bool]] = {
    ".onnx": lambda start: start[:1] == b"\x08",
    ".json": lambda start: start.lstrip()[:1] in (b"{", b"["),
    ".ubj": lambda start: start[:1] == b"{",
    ".xgb": lambda start: start[:1] == b"{",
    ".lgb": lambda start: start[:4] == b"tree",
    ".txt": lambda start: start[:4] == b"tree",
    ".cbm": lambda start: start[:4] == b"CBM1",
    ".safetensors": lambda start: start[8:9] == b"{",
    ".skops": lambda start: start[:4] == b"PK\x03\x04",
}


def admit(trust: Trust, info: ModelInfo, directory: Path) -> None:
    """Raise `SubjectError` unless a model may be loaded; nothing of it is loaded to find out.

    ``trust`` is ``registry``, ``none``, or digests as ``sha256:`` and 64 hex digits. The message
    says the model's digest, so that it can be added.
    """
    if trust == "registry":
        return
    if trust == "none":
        reasons = _reasons(directory)
        if reasons:
            raise SubjectError(
                f"{info} may run code when it is loaded ({'; '.join(reasons[:3])}), and trust: none "
                f'forbids that. If you know these files, write trust: ["{info.digest}"]'
            )
        return
    known = [trust] if isinstance(trust, str) else list(trust)
    odd = [name for name in known if not str(name).startswith("sha256:")]
    if odd:
        raise SubjectError(f"trust: expected registry, none or a list of sha256: digests, found {odd[0]!r}")
    if not info.digest or info.digest not in known:
        raise SubjectError(
            f"{info} is not among the {len(known)} trusted models: its digest is {info.digest or 'unknown'}. "
            "If you know these files, add it to trust:"
        )


def _reasons(directory: Path) -> list[str]:
    """Why a model may run code: everything about it that is not known to be data."""
    read = artifacts.mlmodel(directory)
    reasons = [f"MLmodel key {key!r}" for key in read if key not in _MLMODEL_KEYS]
    for name, conf in read["flavors"].items():
        reasons += _flavor(str(name), conf)
    reasons += _loader(read["flavors"])
    for relative, path in artifacts.listed(directory).items():
        reasons += _content(relative, path)
    return reasons


def _flavor(name: str, conf: Any) -> list[str]:
    rules = _FLAVORS.get(name)
    if rules is None or not isinstance(conf, dict):
        return [f"flavor {name!r}"]
    odd = [key for key, value in conf.items() if value is not None and not rules.get(key, _never)(value)]
    missing = [key for key in _REQUIRED.get(name, ()) if conf.get(key) is None]
    return [f"{name}: {key}" for key in [*odd, *missing]]


def _loader(flavors: Mapping[str, Any]) -> list[str]:
    """Why the loader may not fit the files: one that misses its own flavor falls back to pickle."""
    formats = [name for name in flavors if name != "python_function"]
    if len(formats) != 1:
        return [f"{len(formats)} flavors besides python_function, expected one of a data-only format"]
    pyfunc = flavors.get("python_function")
    loader = pyfunc.get("loader_module") if isinstance(pyfunc, dict) else None
    return (
        []
        if loader in (None, f"mlflow.{formats[0]}")
        else ["python_function: loader_module of another flavor"]
    )


def _never(_: Any) -> bool:
    return False


def _content(relative: str, path: Path) -> list[str]:
    """Why one file may be code."""
    if path.is_symlink():
        return [f"{relative!r} is a link"]
    if relative in _DESCRIPTIONS or relative.removeprefix("metadata/") in _DESCRIPTIONS:
        return []
    known = _STARTS.get(path.suffix)
    if known is None or "/" in relative:
        return [f"file {relative!r}"]
    with path.open("rb") as stream:
        start = stream.read(64)
    if not known(start) or (path.suffix == ".skops" and not _plain_archive(path)):
        return [f"{relative!r} is not what its suffix says"]
    return []


def _plain_archive(path: Path) -> bool:
    """Whether a skops file holds a schema and arrays, and nothing else."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False
    return "schema.json" in names and all(
        name == "schema.json" or name.endswith((".npy", ".npz")) for name in names
    )
