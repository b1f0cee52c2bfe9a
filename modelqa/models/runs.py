"""What the MLflow run that made a model logged beside it."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from modelqa.core.patience import patiently, size
from modelqa.errors import SubjectError
from modelqa.models import artifacts, frames, registry
from modelqa.models.artifacts import Folder
from modelqa.models.found import Found

MOST_FILES, MOST_FOLDERS, MOST_BYTES = 10_000, 2_000, 4 << 30


def fetch(client: Any, found: Found, patience: float, word: str) -> Folder:
    """The artifacts of a model's run whose names hold a word, copied into a folder of ours.

    Raises `SubjectError` where its files name no run, the run has no such artifact or too many, or the
    server does not answer within ``patience`` seconds.
    """
    read = artifacts.mlmodel(found.folder.path) if found.folder else {}
    run = str(read.get("run_id") or "")
    if not run:
        raise SubjectError(f"{found.info}: its files name no MLflow run that made it; name the files by path")
    made, folders = Folder.empty(), [""]

    def work() -> int:
        names = list(_named(client, run, word, folders))
        for name in names:
            # MLflow puts a single file at the top of the folder that it is given.
            target = made.path / name.parent
            target.mkdir(parents=True, exist_ok=True)
            client.download_artifacts(run, str(name), str(target))
        return len(names)

    with frames.quiet(), registry.answered(found.info.uri, client.tracking_uri, patience):
        count = patiently(work, seconds=patience, progress=lambda: (len(folders), size(made.path)))
    if not count:
        raise SubjectError(
            f"{found.info}: run {run}, which made it, has no artifact with {word!r} in its name; log them "
            "with mlflow.log_artifacts, or name the files by path"
        )
    return made


def _named(client: Any, run: str, word: str, folders: list[str]) -> Iterator[PurePosixPath]:
    """The artifacts of a run with a word in their names; ``folders`` grows with each that is found."""
    files = weight = 0
    for folder in folders:
        for each in client.list_artifacts(run, folder or None):
            if each.is_dir:
                folders.append(each.path)
            elif word in each.path.rpartition("/")[2]:
                files, weight = files + 1, weight + (each.file_size or 0)
                yield _inside(each.path)
        if files > MOST_FILES or weight > MOST_BYTES or len(folders) > MOST_FOLDERS:
            raise SubjectError(f"run {run} has too many artifacts to look through; name the files by path")


def _inside(name: str) -> PurePosixPath:
    """The path of an artifact below its run, as the server says it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise SubjectError("the run has an artifact whose path leads out of it; nothing was fetched")
    return path
