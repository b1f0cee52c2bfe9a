"""A model that has been resolved, not yet loaded."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field

from modelqa.cache.stamps import Stamp
from modelqa.core.ports import Model
from modelqa.core.subject import ModelInfo
from modelqa.errors import SubjectError
from modelqa.models.artifacts import Folder


@dataclass(frozen=True, slots=True)
class Found:
    """What a reference to a model stands for now; no code of the model has run.

    ``load`` loads it and may run its code; where it can be pickled, another process can load it too.
    ``wrapped`` loads it behind the interface that its server calls, ``size`` counts the bytes of its
    files; ``tags`` are those of its version in the registry, of the model behind it, and its parameters;
    ``created`` is when it was made, in seconds since 1970. ``logged`` fetches the artifacts of the run
    that made it whose names hold a word. ``folder`` holds its files where MLflow can
    serve them, as they stay while something refers to it. ``stamp`` is there where its answers follow
    from the digest and the installed libraries alone, and says whether the digest still holds.
    """

    info: ModelInfo
    _: KW_ONLY
    load: Callable[[], Model]
    wrapped: Callable[[], Model] | None = None
    size: Callable[[], int] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    created: float | None = None
    folder: Folder | None = None
    stamp: Stamp | None = None
    logged: Callable[[str], Folder] | None = None


def logged_by_run(found: Found, word: str) -> Folder:
    """The artifacts of the run that made a model whose names hold a word.

    Raises `SubjectError` where no run is known, or as fetching them does.
    """
    if found.logged is None:
        raise SubjectError(f"{found.info}: no MLflow run is known that made it; name the files by path")
    return found.logged(word)
