"""MLflow's client as actions use it: patient with a locked database, not with a server that is silent."""

import logging
import random
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from modelqa.core import extras
from modelqa.core.patience import hurried
from modelqa.errors import ActionError, ModelQAError

PATIENCE = 15.0
"""Seconds that one call may take."""
LOCKED = 12.0
"""Seconds for which a call is made again that met a locked database."""


class Patient:
    """A client that makes a call again where it met a locked database: SQLite has one writer at a time.

    MLflow undoes such a call as a whole, so that making it again is safe.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return partial(_again, found) if callable(found) else found


def _again(call: Callable[..., Any], *arguments: Any, **keys: Any) -> Any:
    until = time.monotonic() + LOCKED
    while True:
        try:
            return call(*arguments, **keys)
        except Exception as error:
            if not _is_locked(error) or time.monotonic() > until:
                raise
        time.sleep(random.uniform(0.02, 0.2))  # noqa: S311 (so that two do not meet again)


def _is_locked(error: Exception) -> bool:
    return getattr(error, "error_code", "") == "TEMPORARILY_UNAVAILABLE" and "lock" in str(error).lower()


def client(tracking_uri: str | None) -> Any:
    """A client of the store that a run used; ``None`` leaves the choice to MLflow's own settings."""
    mlflow = extras.load("mlflow")
    with warnings.catch_warnings():  # its store is imported now, and warns of what is its own affair
        warnings.simplefilter("ignore")
        return Patient(mlflow.MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri))


@contextmanager
def told(what: str, store: Any) -> Iterator[None]:
    """Turn what MLflow raises into an `ActionError` that does not repeat the store's words.

    Its warnings and its log are its own affair: where a user makes warnings errors, they would be ours, and
    a lock that was waited for is no news.
    """
    log = logging.getLogger("mlflow.store.db.utils")
    before, log.disabled = log.disabled, True
    try:
        with hurried(PATIENCE), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ModelQAError:
        raise
    except Exception as error:
        why = f"{public(str(store.tracking_uri))} refused or did not answer ({type(error).__name__})"
        raise ActionError(f"{what}: the store {why}") from error
    finally:
        log.disabled = before


def public(uri: str) -> str:
    """A store's address without user, password and query.

    >>> public("https://me:secret@mlflow.example/x?token=1")
    'https://mlflow.example/x'
    """
    return re.sub(r"(?<=://)[^/\s]*@", "", uri).partition("?")[0]
