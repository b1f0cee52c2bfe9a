"""Work on somebody else's server, given up when nothing happens any more."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 15.0
"""Seconds without an answer, or without progress, after which a server is not there."""
_GLANCE = 0.2


def patiently(
    work: Callable[[], T],
    *,
    seconds: float = PATIENCE,
    progress: Callable[[], object] = lambda: None,
) -> T:
    """The result of some work; ``TimeoutError`` where its progress stands still for too long.

    A thread, for few libraries bound a name server or a server that accepts and says nothing. It is
    left behind then, and does not keep the process alive.
    """
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True, name="modelqa-fetch")
    thread.start()
    seen, since = progress(), time.monotonic()
    while thread.is_alive() and time.monotonic() - since < seconds:
        thread.join(min(_GLANCE, seconds))
        if (now := progress()) != seen:
            seen, since = now, time.monotonic()
    if failed:
        raise failed[0]
    if not done:
        raise TimeoutError
    return done[0]


def size(folder: Path) -> int:
    """How many bytes lie in a folder: the progress of a download into it."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:  # gone again: a part that was renamed when it was whole
            continue
    return total


@contextmanager
def hurried(seconds: float) -> Iterator[None]:
    """Let MLflow give up a server within some seconds: by default it retries for four minutes.

    Its environment variables are read at each call, and are what they were afterwards.
    """
    settings = {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(max(1, int(seconds / 3))),
        "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
