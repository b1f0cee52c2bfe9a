"""What follows a run, whichever door it came through: pages, JSON, what GitHub Actions shows."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from modelqa.core.codec import to_plain
from modelqa.core.result import SuiteResult
from modelqa.reports import github
from modelqa.reports.files import write, write_pages

Told = Sequence[tuple[str, SuiteResult]]
"""The path of each suite's file from the project's root, and its result."""


def write_files(told: Told, *, report: str | None, target: str | None) -> list[Path]:
    """Write a page for each suite into the folder ``report``, and all results as JSON to ``target``.

    JSON is one object for one suite, a list for several. The pages come back. Raises ``OSError`` where a
    place cannot be written.
    """
    pages = write_pages(Path(report), told) if report else []
    if target:
        plain = [to_plain(result) for _, result in told]
        one = plain[0] if len(plain) == 1 else plain
        write(Path(target), json.dumps(one, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    return pages


def tell_github(
    told: Told, environ: Mapping[str, str], *, root: Path, report: str | None, annotate: bool = True
) -> list[str]:
    """In a step of GitHub Actions: job summary and outputs; the annotations to print come back.

    Anywhere else nothing is done.
    """
    if not github.active(environ):
        return []
    top = Path(environ.get("GITHUB_WORKSPACE") or root).resolve()
    placed = [(os.path.relpath(root / path, top), result) for path, result in told]
    return github.publish(placed, environ, annotate=annotate, report=Path(report) if report else None)
