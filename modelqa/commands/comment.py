"""`modelqa comment`: results as the one comment of a pull request, made or changed in place."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from modelqa.core.result import SuiteResult
from modelqa.errors import ModelQAError

MOST_FILE = 20 * 2**20
MOST_BYTES = 60_000
"""Of the 65,536 characters that a comment may have; the marker and GitHub's own counting need some."""


def comment(
    results: Annotated[list[Path], typer.Argument(help="Results as --json wrote them.", show_default=False)],
    key: Annotated[str, typer.Option(help="Which comment: each key has one of its own.")] = "modelqa",
    event: Annotated[
        Path | None, typer.Option(help="The event of GitHub Actions (default: GITHUB_EVENT_PATH).")
    ] = None,
) -> None:
    """Write results as one comment on the pull request that GitHub Actions runs for.

    A second run changes that comment. GITHUB_TOKEN needs `pull-requests: write`. After a run of a fork
    (`workflow_run`) the files are somebody else's: they are read as data, and the pull request is looked up
    from the event. Exit codes: 0 written, or no pull request; 2 a file is no result; 3 GitHub refused.
    """
    from modelqa.actions.github import GitHub, pull_request, upsert_comment
    from modelqa.reports.markdown import page

    found = [result for path in results for result in read_results(path)]
    told = _event(event or os.environ.get("GITHUB_EVENT_PATH"))
    with GitHub.of(os.environ) as github:
        number = pull_request(github, told)
        if number is None:
            typer.echo("no pull request is behind this run: nothing is written")
            return
        body = page(found, most=MOST_BYTES, more="The job summary of the run holds all of them.")
        typer.echo(f"comment on pull request {number}: {upsert_comment(github, number, key, body)}")


def read_results(path: Path) -> list[SuiteResult]:
    """The results in a file, one or a list. Raises typer's ``BadParameter`` where it holds none."""
    from modelqa.core.codec import from_plain

    try:
        if path.stat().st_size > MOST_FILE:
            raise ValueError(f"more than {MOST_FILE // 2**20} MiB")
        plain = json.loads(path.read_text(encoding="utf-8"))
        return [from_plain(each) for each in (plain if isinstance(plain, list) else [plain])]
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a modelqa result"
        raise typer.BadParameter(f"{path}: {why}", param_hint="RESULTS") from error


def _event(path: str | Path | None) -> dict[str, Any]:
    if not path:
        raise ModelQAError("GITHUB_EVENT_PATH is not set: outside of GitHub Actions name a file with --event")
    try:
        read = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelQAError(f"{path}: the event cannot be read ({type(error).__name__})") from error
    return read if isinstance(read, dict) else {}
