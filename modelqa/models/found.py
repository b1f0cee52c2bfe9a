"""A model that has been resolved, not yet loaded."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field

from modelqa.core.ports import Model
from modelqa.core.subject import ModelInfo
from modelqa.models.artifacts import Folder


@dataclass(frozen=True, slots=True)
class Found:
    """What a reference to a model stands for now; no code of the model has run.

    ``load`` loads it and may run its code; where it can be pickled, another process can load it too.
    ``wrapped`` loads it behind the interface that its server calls, ``size`` counts the bytes of its
    files; ``tags`` are those of its version in the registry, of the model behind it, and its parameters;
    ``created`` is when it was made, in seconds since 1970. ``folder`` holds its files where MLflow can
    serve them, as they stay while something refers to it.
    """

    info: ModelInfo
    _: KW_ONLY
    load: Callable[[], Model]
    wrapped: Callable[[], Model] | None = None
    size: Callable[[], int] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    created: float | None = None
    folder: Folder | None = None
