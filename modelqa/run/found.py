"""What a suite names, found: the file behind a path, the rows behind a pattern, the model behind a name."""

import glob
import time
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, cast

from modelqa import catalog
from modelqa.cache.store import Cache
from modelqa.core.ports import Model
from modelqa.core.subject import Endpoint, Query
from modelqa.engines import sql
from modelqa.engines.sources import is_address
from modelqa.errors import SubjectError
from modelqa.suite.spec import Suite

SERVER = "modelqa.models.serve:start"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run takes from around the suite: where paths start, which registry, which clocks, what
    starts a server for a model that was found, and where what was measured is kept, if it is."""

    _: KW_ONLY
    root: Path
    tracking_uri: str | None = None
    clock: Callable[[], float] = time.perf_counter
    now: Callable[[], float] = time.time
    server: Callable[[Any], Model] = lambda found: cast("Model", catalog.load(SERVER)(found))
    cache: Cache | None = None


def locate(written: str, suite: Suite, settings: Settings) -> Path:
    """The file behind a path of a suite: from the suite's folder where it starts with a dot.

    Raises `SubjectError` where a pattern matches no file, or more than one.
    """
    found = _matches(written, suite, settings)
    if len(found) != 1:
        raise SubjectError(f"{written} matches {len(found)} files; expected exactly one")
    return found[0]


def _matches(written: str, suite: Suite, settings: Settings) -> list[Path]:
    """The path that is written, or what it matches, by name, where it is a pattern and no path."""
    beside = written.startswith(("./", "../")) and suite.path is not None
    base = suite.path.resolve().parent if beside and suite.path is not None else settings.root
    path = Path(written).expanduser()
    if not glob.has_magic(written) or (base / path).exists():
        return [base / path]
    names = glob.glob(str(path), root_dir=base, recursive=True)  # noqa: PTH207 (absolute patterns)
    return sorted(base / name for name in names)


def find_rows(source: Any, suite: Suite, settings: Settings) -> Any:
    """What `open_table` opens for a batch of a suite: paths are found, all else stays what it is.

    Raises `SubjectError` where a pattern matches no file.
    """
    if isinstance(source, Query):
        return sql.located(source, settings.root)
    if not isinstance(source, str | Path) or is_address(source):
        return source
    found = tuple(_matches(str(source), suite, settings))
    if not found:
        raise SubjectError(f"{source} matches 0 files; expected at least one")
    return found


def name_of_rows(source: Any, key: str) -> str:
    """What a result calls a batch of several files, an object or a query: the pattern from where it
    begins to be one, or the key; "" leaves it to the file's own name.

    >>> name_of_rows("data/2026-*/part.parquet", "batch"), name_of_rows("data/new.csv", "batch")
    ('2026-*/part.parquet', '')
    """
    if not isinstance(source, str | Path):
        return key
    parts = Path(source).parts
    magic = [place for place, part in enumerate(parts) if glob.has_magic(part)]
    return "/".join(parts[magic[0] :]) if magic and not is_address(source) else ""


def find_model(written: Any, suite: Suite, settings: Settings) -> Any:
    """Resolve a model reference by its form. Raises `SubjectError` where no form fits."""
    if written is None:
        raise SubjectError("the suite names no model")
    kind = _form(written, suite, settings)
    known = catalog.names("models")
    if kind not in known:
        forms = ", ".join(sorted(known))
        raise SubjectError(f"no kind of model is called {kind!r}; expected one of {forms}")
    if kind == "directory":
        written = str(locate(str(written), suite, settings))
    return catalog.find("models", kind)(written, tracking_uri=settings.tracking_uri, trust=suite.trust)


def _form(written: Any, suite: Suite, settings: Settings) -> str:
    if isinstance(written, Endpoint):
        return "http"
    if not isinstance(written, str | Path):
        return "function"
    text = str(written)
    scheme, colon, rest = text.partition(":")
    if colon and rest.startswith("/"):
        return scheme
    if locate(text, suite, settings).exists():
        return "directory"
    return "function" if colon else "directory"
