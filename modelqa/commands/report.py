"""`modelqa report`: the page of a result, made again at any time, or what changed between two."""

from pathlib import Path
from typing import Annotated

import typer

from modelqa.commands.comment import read_results
from modelqa.core.result import SuiteResult


def report(
    results: Annotated[list[Path], typer.Argument(help="Results as --json wrote them.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder for the pages.")
    ] = Path(),
) -> None:
    """Write the page (HTML) of each result, or compare two runs of one suite.

    Two files that hold one run each of the same suite, the earlier first, are compared: what changed is
    printed, and one page shows it. Otherwise each result has the page that `--report` writes, a function of
    the result's JSON alone. Exit codes: 0 written; 2 a file is no result.
    """
    from modelqa.reports import compare
    from modelqa.reports.files import write_comparison, write_pages

    found = [read_results(path) for path in results]
    if _are_two_runs(found):
        ((before,), (after,)) = found
        typer.echo(compare.render(before, after))
        typer.echo(write_comparison(output, before, after))
        return
    for page in write_pages(output, [("", result) for each in found for result in each]):
        typer.echo(page)


def _are_two_runs(found: list[list[SuiteResult]]) -> bool:
    """Whether there is an earlier and a later run of one suite."""
    return [len(each) for each in found] == [1, 1] and found[0][0].suite == found[1][0].suite
