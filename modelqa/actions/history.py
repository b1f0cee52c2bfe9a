"""The last runs of a suite, as they were logged to MLflow."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from modelqa.actions.mlflow import told
from modelqa.core.codec import Gathered, from_plain
from modelqa.core.patience import patiently
from modelqa.errors import ActionError

MOST_FILE = 20 * 2**20
_AT_ONCE, _NAME = 8, "result.json"


@dataclass(frozen=True, slots=True)
class Past:
    """Runs, oldest first, and the ids of logged runs whose result is not there or cannot be read."""

    runs: tuple[Gathered, ...]
    _: KW_ONLY
    unread: tuple[str, ...] = ()


def past(store: Any, suite: str, last: int) -> Past:
    """The last runs of a suite that were logged, from the results beside them.

    A run that is still going, or was killed, has no result yet. Raises `ActionError` where nothing was
    logged, or where the store refuses or does not answer.
    """
    with told("the history", store):
        experiment = store.get_experiment_by_name(f"modelqa/{suite}")
        if experiment is None:
            raise ActionError(
                f"the history: no run of the suite {suite!r} was logged; --modelqa-log logs one"
            )
        logged = store.search_runs(
            [experiment.experiment_id], order_by=["attributes.start_time DESC"], max_results=last
        )
        read: list[str] = []
        found = patiently(lambda: _read_all(store, logged, read), progress=lambda: len(read))
    good = [each for each in found if isinstance(each, Gathered)]
    return Past(
        tuple(sorted(good, key=lambda each: each.result.started)),
        unread=tuple(each for each in found if isinstance(each, str)),
    )


def _read_all(store: Any, logged: list[Any], read: list[str]) -> list[Gathered | str]:
    def one(run: Any) -> Gathered | str:
        made = _read(store, run)
        read.append(run.info.run_id)
        return made

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, logged))


def _read(store: Any, run: Any) -> Gathered | str:
    """A run as it was logged, or its id: what lies in a store is data that anybody may have written."""
    id_ = str(run.info.run_id)
    partial = run.data.tags.get("modelqa.partial") == "true"
    try:
        with _fetched(store, id_) as path:
            if path.stat().st_size > MOST_FILE:
                return id_
            return Gathered("", from_plain(json.loads(path.read_text(encoding="utf-8"))), partial=partial)
    except (OSError, ValueError, RecursionError):
        return id_
    except Exception as error:
        if type(error).__name__ == "MlflowException" and "does not exist" in str(error).lower():
            return id_
        raise


@contextmanager
def _fetched(store: Any, run: str) -> Iterator[Path]:
    with TemporaryDirectory(prefix="modelqa-") as folder:
        yield Path(store.download_artifacts(run, _NAME, folder))
