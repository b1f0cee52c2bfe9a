"""Table files among the artifacts of MLflow's runs, fetched by its own client."""

import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

from modelqa.core import extras
from modelqa.core.patience import PATIENCE, patiently, size
from modelqa.engines.files import File, format_of
from modelqa.errors import SubjectError

SCHEMES = ("runs", "mlflow-artifacts")
_USER = re.compile(r"(?<=://)[^/\s]*@")


@contextmanager
def fetched(uri: str, tracking_uri: str | None, *, patience: float = PATIENCE) -> Iterator[list[File]]:
    """The file behind ``runs:/<run>/path`` or ``mlflow-artifacts:/path``: a copy that lives as long as
    the context.

    ``tracking_uri`` defaults to MLflow's own setting. Raises `SubjectError` where none is set, there
    is no such file, or the server does not answer within ``patience`` seconds.
    """
    shown = _USER.sub("", uri)
    format_of(uri, shown)
    mlflow = extras.load("mlflow")
    where = store(mlflow, tracking_uri, shown)
    download = extras.load("mlflow.artifacts").download_artifacts
    with TemporaryDirectory(prefix="modelqa-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        with answered(shown, where, patience), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            got = patiently(
                lambda: download(artifact_uri=uri, dst_path=made, tracking_uri=where),
                seconds=patience,
                progress=lambda: size(folder),
            )
        yield [File(Path(got), shown)]


@contextmanager
def answered(shown: str, where: str, patience: float) -> Iterator[None]:
    """Turn what MLflow raises into a `SubjectError`; its own words may quote an address with a password."""
    server = _USER.sub("", where)
    try:
        yield
    except TimeoutError as error:
        raise SubjectError(
            f"{shown}: {server} does not answer (within {patience:g} s); check --modelqa-tracking-uri or "
            "MLFLOW_TRACKING_URI, and that the server runs"
        ) from error
    except Exception as error:
        code = getattr(error, "error_code", "") or type(error).__name__
        raise SubjectError(
            f"{shown}: cannot be fetched from {server} ({code}); check the run's id and the path below its "
            "artifacts"
        ) from None


def store(mlflow: Any, given: str | None, shown: str) -> str:
    """The server to ask. MLflow would make a new, empty store where there is none; we never do."""
    if given is None and not (mlflow.tracking.is_tracking_uri_set() or Path("mlflow.db").exists()):
        raise SubjectError(
            f"{shown}: no tracking server is set; give --modelqa-tracking-uri or set MLFLOW_TRACKING_URI"
        )
    where = str(given or mlflow.get_tracking_uri())
    if where.startswith("sqlite:") and not _initialised(where):
        raise SubjectError(f"{shown}: {where} is no store of MLflow's; check the path of the tracking URI")
    return where


def _initialised(where: str) -> bool:
    path = Path(unquote(where.removeprefix("sqlite:///").partition("?")[0]))
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    except sqlite3.Error:
        return False
    return found is not None
