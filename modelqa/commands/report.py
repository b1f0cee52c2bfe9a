"""`modelqa report`: the page of a result, made again at any time."""

from pathlib import Path
from typing import Annotated

import typer

from modelqa.commands.comment import read_results


def report(
    results: Annotated[list[Path], typer.Argument(help="Results as --json wrote them.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder for the pages.")
    ] = Path(),
) -> None:
    """Write the page (HTML) of each result.

    It is the same page that `--report` writes: a function of the result's JSON alone. Exit codes: 0 written;
    2 a file is no result.
    """
    from modelqa.reports.files import write_pages

    found = [("", result) for path in results for result in read_results(path)]
    for page in write_pages(output, found):
        typer.echo(page)
