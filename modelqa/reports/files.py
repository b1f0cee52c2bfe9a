"""Reports into files: the old one or the new one is there, never half of one."""

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from modelqa.core.result import SuiteResult


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


def write_pages(folder: Path, told: Iterable[tuple[str, SuiteResult]]) -> list[Path]:
    """Write the page of each result (its suite's path beside it) and say where: ``SUITE.html``.

    What a name has beyond letters, digits, dots and dashes becomes an underscore; a second suite of a
    name has a number. Raises ``OSError`` where the folder cannot be written.
    """
    from modelqa.reports.html import render

    made: list[Path] = []
    for path, result in told:
        name = re.sub(r"[^\w.-]+", "_", result.suite).strip(".") or "suite"
        taken = sum(each.stem.partition("~")[0] == name for each in made)
        target = folder / f"{name}{f'~{taken + 1}' if taken else ''}.html"
        write(target, render(result, path=path))
        made.append(target)
    return made
