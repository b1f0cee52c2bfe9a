"""Models that are Python: ``package.module:function``, a function, or a fitted estimator."""

import hashlib
import importlib
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modelqa.core.beside import admit
from modelqa.core.ports import Model
from modelqa.core.subject import ModelInfo
from modelqa.errors import SubjectError
from modelqa.models.estimator import wrap
from modelqa.models.found import Found
from modelqa.models.registry import said
from modelqa.models.trust import Trust


def find(source: Any, *, tracking_uri: str | None = None, trust: Trust = "registry") -> Found:
    """Resolve a name or take an object; a module is imported by ``load``, not here.

    A function gets a frame and returns one value a row, probabilities of shape (rows, classes) (a
    frame's column names are the classes), or ``(values, probabilities)``. The digest is that of the
    module's file, empty for an object, whose attributes ``modelqa_created`` (seconds since 1970) and
    ``modelqa_tags`` (texts by key) say what a registry says of others. ``tracking_uri`` is not needed here.

    Raises `SubjectError` where the text is no ``module:function``, the module is not there, or
    ``trust`` forbids its code.

    >>> find("math:hypot").info.name
    'math:hypot'
    """
    del tracking_uri
    if not isinstance(source, str):
        name = getattr(source, "__qualname__", type(source).__qualname__)
        info = ModelInfo(name, name=name)
        created, tags = getattr(source, "modelqa_created", None), getattr(source, "modelqa_tags", {})
        return Found(info, load=partial(wrap, source, info), created=created, tags=tags)
    module, colon, path = source.partition(":")
    if not (colon and path and all(part.isidentifier() for part in f"{module}.{path}".split("."))):
        raise SubjectError(f"{source}: expected package.module:function")
    admit(module)
    info = ModelInfo(source, name=source, digest=_digest(source, module))
    _admit(trust, info)
    return Found(info, load=partial(_load, info, module, path))


def _admit(trust: Trust, info: ModelInfo) -> None:
    """A module is code: it takes trust in whatever is named, or in this very file."""
    known = [trust] if isinstance(trust, str) else list(trust)
    if "registry" not in known and not (info.digest and info.digest in known):
        raise SubjectError(
            f"{info} is Python code, which trust: {known[0] if known else 'none'} does not admit. "
            f'If you know this file, write trust: ["{info.digest}"]'
        )


def _digest(source: str, module: str) -> str:
    """The digest of a module's file, found without running any code; empty for one without a file."""
    spec, path = None, None
    parts = module.split(".")
    for depth in range(len(parts)):
        spec = _spec(".".join(parts[: depth + 1]), path)
        if spec is None:
            raise SubjectError(
                f"{source}: there is no module {'.'.join(parts[: depth + 1])!r}; install it, or put its "
                "folder on sys.path (pytest: the pythonpath setting)"
            )
        path = list(spec.submodule_search_locations or ())
    origin = Path(spec.origin) if spec is not None and spec.origin else None
    if origin is None or not origin.is_file():
        return ""
    return f"sha256:{hashlib.sha256(origin.read_bytes()).hexdigest()}"


def _spec(name: str, path: list[str] | None) -> ModuleSpec | None:
    """Where a module is; only its finder runs, not the packages around it."""
    if path is not None:
        return PathFinder.find_spec(name, path)
    try:
        return find_spec(name)
    except ValueError:  # a running script is a module without a place
        return None


def _load(info: ModelInfo, module: str, path: str) -> Model:
    try:
        found: Any = importlib.import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
    except (Exception, SystemExit) as error:
        raise SubjectError(
            f"{info} cannot be imported ({said(error)}); mend the module or its name"
        ) from error
    return wrap(found, info)
