"""The last runs of a suite, as they were logged to MLflow."""

import json
from concurrent.futures import ThreadPoolExecutor
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
    read: list[str] = []
    with told("the history", store):
        found = patiently(lambda: _read_all(store, suite, last, read), progress=lambda: len(read))
    good = [each for each in found if isinstance(each, Gathered)]
    return Past(
        tuple(sorted(good, key=lambda each: each.result.started)),
        unread=tuple(each for each in found if isinstance(each, str)),
    )


def _read_all(store: Any, suite: str, last: int, read: list[str]) -> list[Gathered | str]:
    """The last runs, each as it was logged or as its id; ``read`` grows with every one."""
    experiment = store.get_experiment_by_name(f"modelqa/{suite}")
    if experiment is None:
        raise ActionError(f"the history: no run of a suite {suite!r} was logged; --modelqa-log logs one")
    logged = store.search_runs(
        [experiment.experiment_id], order_by=["attributes.start_time DESC"], max_results=last
    )

    def one(run: Any) -> Gathered | str:
        made = _read(store, run)
        read.append(run.info.run_id)
        return made

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, logged))


def _read(store: Any, run: Any) -> Gathered | str:
    """A run as it was logged, or its id: what lies in a store is data that anybody may have written."""
    id_ = str(run.info.run_id)
    sizes = {each.path: each.file_size or 0 for each in store.list_artifacts(id_)}
    if not 0 < sizes.get(_NAME, 0) <= MOST_FILE:
        return id_
    with TemporaryDirectory(prefix="modelqa-") as folder:
        text = Path(store.download_artifacts(id_, _NAME, folder)).read_bytes()
    try:
        result = from_plain(json.loads(text))
    except (ValueError, RecursionError):
        return id_
    return Gathered("", result, partial=run.data.tags.get("modelqa.partial") == "true")
