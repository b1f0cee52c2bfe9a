"""Reports into files: the old one or the new one is there, never half of one."""

import os
import tempfile
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write a text file whole: beside the target, to the disk, then into its place.

    Folders on the way are made. Raises ``OSError`` where the place cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
