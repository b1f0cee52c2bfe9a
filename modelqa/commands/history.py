"""`modelqa history`: the last runs of a suite, from MLflow."""

from pathlib import Path
from typing import Annotated

import typer

from modelqa import project
from modelqa.core.beside import look_in


def history(
    suite: Annotated[str, typer.Argument(help="A suite file, or the name of a suite.", show_default=False)],
    last: Annotated[int, typer.Option(min=1, max=1000, help="How many runs.")] = 20,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Also write a page with trend lines.")
    ] = None,
    tracking_uri: Annotated[str | None, typer.Option(help="MLflow tracking URI.")] = None,
) -> None:
    """Show the last runs of a suite that were logged to MLflow, the newest first.

    Exit codes: 0 shown; 2 the suite is wrong; 3 the store does not answer, or no run was logged.
    """
    from modelqa.actions import mlflow
    from modelqa.actions.history import past
    from modelqa.reports.files import write_history
    from modelqa.reports.history import render
    from modelqa.reports.terminal import visible

    here = project.find(Path(suite) if Path(suite).exists() else Path.cwd())
    look_in(here.root)
    uri = project.tracking_uri(here.option("tracking_uri", tracking_uri), here.root)
    found = past(mlflow.client(uri), _name(suite), last)
    if found.runs:
        typer.echo(render(found.runs))
    if found.unread:
        typer.echo(f"without a result that can be read: {visible(', '.join(found.unread))}", err=True)
    if found.runs and output:
        typer.echo(write_history(output, found.runs))


def _name(suite: str) -> str:
    """The name that a suite's file gives it; what is no file is a name. Raises `SuiteError`."""
    from modelqa.suite.load import load

    return load(Path(suite)).suite if suite.endswith(".suite.yaml") else suite
