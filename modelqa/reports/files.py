"""Reports into files: the old one or the new one is there, never half of one."""

import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from modelqa.core.codec import Gathered
from modelqa.core.result import SuiteResult


def write(path: Path, content: str | bytes, *, mode: int = 0o600) -> None:
    """Write a file whole: beside the target, to the disk, then into its place.

    Folders on the way are made; ``mode`` says who may read it. Raises ``OSError`` where the place cannot be
    written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        data = content.encode() if isinstance(content, str) else content
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
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
        name = named(result)
        taken = sum(each.stem.partition("~")[0] == name for each in made)
        target = folder / f"{name}{f'~{taken + 1}' if taken else ''}.html"
        write(target, render(result, path=path))
        made.append(target)
    return made


def page_of(folder: Path, result: SuiteResult) -> str:
    """Where the page of a result lies, if it is the only one of its name: beside the others of its run.

    >>> from modelqa.core.subject import SubjectInfo
    >>> page_of(Path("out"), SuiteResult("churn", SubjectInfo(), (), started="", digest=""))
    'out/churn.html'
    """
    return (folder / f"{named(result)}.html").as_posix()


def write_comparison(folder: Path, before: SuiteResult, after: SuiteResult) -> Path:
    """Write what changed between two runs and say where: ``SUITE-compared.html``.

    Raises ``OSError`` where the folder cannot be written.
    """
    from modelqa.reports.compare import page

    target = folder / f"{named(after)}-compared.html"
    write(target, page(before, after))
    return target


def write_history(folder: Path, runs: Sequence[Gathered]) -> Path:
    """Write the last runs of a suite and say where: ``SUITE-history.html``.

    Raises ``OSError`` where the folder cannot be written.
    """
    from modelqa.reports.history import page

    target = folder / f"{named(runs[-1].result)}-history.html"
    write(target, page(runs))
    return target


def named(result: SuiteResult) -> str:
    """A suite's name as that of a file: what it has beyond letters, digits, dots and dashes is replaced."""
    return re.sub(r"[^\w.-]+", "_", result.suite).strip(".")[:100] or "suite"
