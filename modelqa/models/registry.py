"""Where a model URI leads: asked of MLflow's registry once, in bounded time, without touching globals."""

import difflib
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from modelqa.core import extras
from modelqa.core.patience import hurried, patiently
from modelqa.errors import NotFound, SubjectError
from modelqa.models import frames

T = TypeVar("T")

_FORMS = "models:/name@alias, models:/name/3, models:/name/latest, models:/m-..., or runs:/run/path"
_VERSION = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+|latest))")
_LOGGED = re.compile(r"models:/(?P<id>m-[^/@]+)")
_RUN = re.compile(r"runs:/(?P<run>[A-Za-z0-9_-]+)/(?P<path>.+?)/?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model's files are, and what the registry calls it."""

    location: str
    _: KW_ONLY
    name: str = ""
    version: str = ""
    id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    created: float | None = None


def resolve(uri: str, tracking_uri: str | None, patience: float) -> tuple[Place, Any]:
    """The place of a model URI, and the client that knew it.

    Raises `NotFound` where the registry answers but has no such model, version, alias or run, and
    `SubjectError` where no registry is set, it does not answer within ``patience`` seconds, it
    refuses, or the URI has none of MLflow's forms.
    """
    if not any(form.fullmatch(uri) for form in (_VERSION, _LOGGED, _RUN)):
        raise SubjectError(f"{uri}: not a model URI that MLflow knows; expected {_FORMS}")
    mlflow = extras.load("mlflow")
    with frames.quiet():
        where = _tracking_uri(mlflow, tracking_uri, uri)

        def ask() -> tuple[Place, Any]:
            client = mlflow.MlflowClient(tracking_uri=where)
            return _place(client, uri), client

        with hurried(patience), answered(uri, where, patience):
            return patiently(ask, seconds=patience)


@contextmanager
def answered(uri: str, where: str, patience: float) -> Iterator[None]:
    """Turn what MLflow raises into a `SubjectError` that says what to do."""
    try:
        yield
    except SubjectError:
        raise
    except Exception as error:
        if isinstance(error, TimeoutError) or any(isinstance(cause, OSError) for cause in _chain(error)):
            raise SubjectError(
                f"{uri}: the registry {public(where)} cannot be reached (within {patience:g} s); "
                "check --modelqa-tracking-uri or MLFLOW_TRACKING_URI, and that the server runs"
            ) from error
        raise SubjectError(f"{uri}: the registry {public(where)} refused: {said(error)}") from error


def said(error: BaseException) -> str:
    """The first line of an error of MLflow's or of an import; of any other its type: it may quote data.

    >>> said(ValueError("row 7: anna"))
    'ValueError'
    """
    kind = type(error).__name__
    told = type(error).__module__.partition(".")[0] == "mlflow" or isinstance(
        error, ImportError | AttributeError
    )
    first = str(error).strip().partition("\n")[0][:300]
    return f"{kind}: {public(first)}" if told and first else kind


def public(text: str) -> str:
    """A text without the user names and passwords of the URLs in it.

    >>> public("https://me:secret@models.example")
    'https://models.example'
    """
    return re.sub(r"(?<=://)[^/\s]*@", "", text)


def versions(uri: str, tracking_uri: str | None, patience: float) -> tuple[str, list[str]]:
    """The registered model that a URI names, and versions of it: the one behind its alias, else all.

    The oldest comes first. Raises as `resolve` does, and `SubjectError` where the URI names no registered
    model.
    """
    asked = _VERSION.fullmatch(uri)
    if asked is None:
        raise SubjectError(f"{uri}: expected a registered model, such as models:/name@alias")
    if asked["alias"]:
        place, _ = resolve(uri, tracking_uri, patience)
        return place.name, [place.version]
    place, client = resolve(f"models:/{asked['name']}/latest", tracking_uri, patience)
    where = client.tracking_uri

    def ask() -> list[str]:
        name = place.name.replace("'", "''")
        found, token = [], None
        while token is None or token:
            page = client.search_model_versions(f"name='{name}'", page_token=token)
            found += [str(version.version) for version in page]
            token = page.token or ""
        return sorted(found, key=int)

    with frames.quiet(), hurried(patience), answered(uri, where, patience):
        return place.name, patiently(ask, seconds=patience)


def _place(client: Any, uri: str) -> Place:
    if found := _VERSION.fullmatch(uri):
        return _of_version(client, uri, found)
    if found := _LOGGED.fullmatch(uri):
        return _logged(client, uri, found["id"])
    found = _RUN.fullmatch(uri)
    assert found is not None  # noqa: S101 (resolve checked the form)
    return _of_run(client, uri, found["run"], found["path"])


def _of_version(client: Any, uri: str, asked: "re.Match[str]") -> Place:
    name = asked["name"]
    registered = _or_none(lambda: client.get_registered_model(name))
    if registered is None:
        raise NotFound(f"{uri}: no model is registered as {name!r}{_near(name, _registered(client))}")
    if asked["alias"]:
        number = _aliased(uri, name, asked["alias"], dict(registered.aliases))
    else:
        number = asked["version"]
    if number == "latest":
        number = _latest(client, uri, name)
    version = _or_none(lambda: client.get_model_version(name, number))
    if version is None:
        raise NotFound(f"{uri}: {name} has no version {number}; its latest is {_latest(client, uri, name)}")
    place = _follow(client, uri, client.get_model_version_download_uri(name, number), version.source or "")
    # Much is said of the logged model before there is a version of it: where the profile of its reference is.
    tags = {**place.tags, **(version.tags or {})}
    made = [at for at in (place.created, _seconds(version.creation_timestamp)) if at is not None]
    return replace(place, name=name, version=str(version.version), tags=tags, created=min(made, default=None))


def _aliased(uri: str, name: str, alias: str, aliases: Mapping[str, Any]) -> str:
    if alias in aliases:
        return str(aliases[alias])
    known = ", ".join(f"{one} (version {number})" for one, number in sorted(aliases.items()))
    raise NotFound(
        f"{uri}: {name} has no alias {alias!r}{_near(alias, list(aliases))}; it has {known or 'none'}. "
        f"Set one with MlflowClient().set_registered_model_alias({name!r}, {alias!r}, VERSION)"
    )


def _latest(client: Any, uri: str, name: str) -> str:
    numbers = [int(version.version) for version in client.get_latest_versions(name)]
    if not numbers:
        raise NotFound(f"{uri}: {name} has no versions; register one")
    return str(max(numbers))


def _follow(client: Any, uri: str, location: str, source: str) -> Place:
    """The files behind a version, whose location may itself be a model or a run."""
    behind = _LOGGED.fullmatch(source)
    if logged := _LOGGED.fullmatch(location):
        return _logged(client, uri, logged["id"])
    if run := _RUN.fullmatch(location):
        return _of_run(client, uri, run["run"], run["path"])
    if behind is None:
        return Place(location)
    try:
        model = client.get_logged_model(behind["id"])
    except Exception:  # an older server, or one that keeps versions only: the files are known without
        return Place(location, id=behind["id"])
    return replace(_model(model), location=location)


def _model(model: Any) -> Place:
    """The files of a logged model, and what people have said of it."""
    tags = {key: value for key, value in (model.tags or {}).items() if not key.startswith("mlflow.")}
    said = {**(model.params or {}), **tags}
    created = _seconds(model.creation_timestamp)
    return Place(model.artifact_location, id=model.model_id, tags=said, created=created)


def _seconds(milliseconds: Any) -> float | None:
    return milliseconds / 1000 if isinstance(milliseconds, int) and milliseconds > 0 else None


def _logged(client: Any, uri: str, id_: str) -> Place:
    model = _or_none(lambda: client.get_logged_model(id_))
    if model is None:
        raise NotFound(f"{uri}: there is no logged model {id_}; copy its id from the run that logged it")
    return _model(model)


def _of_run(client: Any, uri: str, id_: str, path: str) -> Place:
    """A model of a run: a logged one of that name, the newest first, or else files of the run."""
    run = _or_none(lambda: client.get_run(id_))
    if run is None:
        raise NotFound(f"{uri}: there is no run {id_}; check the id and the tracking URI")
    outputs = run.outputs.model_outputs if run.outputs is not None else []
    logged = [client.get_logged_model(output.model_id) for output in outputs]
    named = [model for model in logged if model.name == path and str(model.status) != "FAILED"]
    if named:
        newest = max(named, key=lambda model: model.creation_timestamp)
        return _model(newest)
    return Place(f"{run.info.artifact_uri.rstrip('/')}/{path}", created=_seconds(run.info.end_time))


def _or_none(ask: Callable[[], T]) -> T | None:
    """An answer, or None where the registry says that there is no such thing."""
    try:
        return ask()
    except Exception as error:
        if getattr(error, "error_code", "") in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"):
            return None
        raise


def _registered(client: Any) -> list[str]:
    return [model.name for model in client.search_registered_models(max_results=200)]


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _tracking_uri(mlflow: Any, given: str | None, uri: str) -> str:
    """The registry to ask: the one given, else MLflow's own setting, else a store that is there already.

    MLflow would make a new, empty store in the working directory; we never do.
    """
    default = Path("mlflow.db").exists() or Path("mlruns").is_dir()
    if given is None and not (mlflow.tracking.is_tracking_uri_set() or default):
        raise SubjectError(
            f"{uri}: no registry is set; give --modelqa-tracking-uri or set MLFLOW_TRACKING_URI "
            "(sqlite:///path/mlflow.db or an http address)"
        )
    where = str(given or mlflow.get_tracking_uri())
    if where.startswith("sqlite:") and not _initialised(where):
        raise SubjectError(
            f"{uri}: {public(where)} is no store of MLflow's; check the path of the tracking URI"
        )
    return where


def _initialised(where: str) -> bool:
    """Whether an SQLite URI names a store that MLflow has set up; into any other it would write tables."""
    path = Path(unquote(where.removeprefix("sqlite:///").partition("?")[0]))
    if not where.startswith("sqlite:///") or not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            return (
                database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
                is not None
            )
    except sqlite3.Error:
        return False


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
