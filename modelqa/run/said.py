"""Predictions as bytes and back, bit by bit, without pickles: arrays, and what they mean as JSON."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from modelqa.core.ports import Predictions

_EXACT = (bool, int, float, str)


def dumps(said: Predictions, code: Mapping[str, str]) -> bytes | None:
    """As bytes, with the files of code that may have played a part; None for objects that are no texts.

    >>> said, code = loads(dumps(Predictions(np.array(["b", "a"], dtype=object), classes=("a", "b")), {}))
    >>> said.values.tolist(), said.values.dtype, said.classes
    (['b', 'a'], dtype('O'), ('a', 'b'))
    """
    texts = said.values.dtype == object
    values = said.values.tolist() if texts else []
    if any(type(value) is not str or "\0" in value for value in values) or not _plain(said.classes):
        return None
    parts = [np.array(values, dtype=np.str_) if texts else said.values]
    parts += [] if said.probabilities is None else [said.probabilities]
    stream = BytesIO()
    about = {"code": dict(code), "classes": said.classes, "texts": texts, "arrays": len(parts)}
    stream.write(json.dumps(about).encode() + b"\n")
    for part in parts:
        npy.write_array(stream, np.ascontiguousarray(part), allow_pickle=False)
    return stream.getvalue()


def loads(content: bytes) -> tuple[Predictions, Mapping[str, str]]:
    """The inverse of `dumps`. Raises ``ValueError`` for anything else."""
    stream = BytesIO(content)
    about = json.loads(stream.readline())
    arrays: list[NDArray[Any]] = [npy.read_array(stream, allow_pickle=False) for _ in range(about["arrays"])]
    values = arrays[0].astype(object) if about["texts"] else arrays[0]
    classes = None if about["classes"] is None else tuple(about["classes"])
    said = Predictions(values, probabilities=arrays[1] if len(arrays) > 1 else None, classes=classes)
    return said, about["code"]


def _plain(classes: tuple[Any, ...] | None) -> bool:
    """Whether JSON gives the classes back as they were."""
    return classes is None or all(type(one) in _EXACT and one == one for one in classes)
