"""`modelqa metrics`: runs as Prometheus metrics, and the alerts and the dashboard that read them."""

import os
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from modelqa import project
from modelqa.commands.comment import read_results
from modelqa.core.result import SuiteResult
from modelqa.errors import ModelQAError

metrics = typer.Typer(
    no_args_is_help=True, help="Write runs as Prometheus metrics; print alert rules and a dashboard for them."
)

To = Annotated[
    str | None,
    typer.Option(
        metavar="DIR|URL", help="A folder, or a Pushgateway (default: MODELQA_METRICS, or the ini)."
    ),
]
Folder = Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write files instead.")]


@metrics.command("list")
def list_() -> None:
    """List every metric with its type, its labels and what it means."""
    from modelqa.reports.metrics import manual

    typer.echo(manual())


@metrics.command()
def write(
    results: Annotated[list[Path], typer.Argument(help="Results as --json wrote them.", show_default=False)],
    to: To = None,
) -> None:
    """Write the metrics of results, as --metrics does after a run; without a place print them.

    In a folder each suite has one file for the textfile collector of the node exporter. A Pushgateway has one
    group for each suite and model; MODELQA_METRICS_TOKEN is sent as a bearer's token. Exit codes: 0 written;
    2 a file is no result; 3 it could not be written.
    """
    from modelqa.monitoring.places import export, place
    from modelqa.reports.exposition import text
    from modelqa.reports.prometheus import samples
    from modelqa.reports.terminal import visible
    from modelqa.ticketing import open_tickets

    found = [result for path in results for result in read_results(path)]
    here = project.find(Path.cwd())

    def tickets(result: SuiteResult) -> int | None:
        return open_tickets(result, os.environ, here.root)

    address = here.option("metrics", to)
    if address is None:
        made = (samples(result, tickets=tickets(result)) for result in found)
        typer.echo(text(sample for each in made for sample in each), nl=False)
        return
    with closing(place(address, os.environ)) as there:
        for result in found:
            typer.echo(visible(export(result, there, tickets)))


@metrics.command()
def delete(
    suite: Annotated[str, typer.Argument(help="The name of a suite.", show_default=False)], to: To = None
) -> None:
    """Delete the metrics of a suite that is retired, so that nobody is alarmed by its last run for ever.

    Exit codes: 0 deleted, or there was nothing; 3 it could not be deleted.
    """
    from modelqa.monitoring.places import place
    from modelqa.reports.terminal import visible

    address = project.find(Path.cwd()).option("metrics", to)
    if address is None:
        raise ModelQAError("say from where: --to DIR, or --to http://host:9091 for a Pushgateway")
    with closing(place(address, os.environ)) as there:
        gone = there.delete(suite)
    for each in gone or [f"no metrics of a suite {suite!r} are there"]:
        typer.echo(visible(f"deleted: {each}" if gone else each))


@metrics.command()
def rules(output: Folder = None) -> None:
    """Print alert rules for Prometheus; with --output write them, and unit tests of them for promtool.

    Rules: a check failed, could not run, or is undecided for days; a suite did not run, or was not green, for
    days; columns drift; tickets pile up; no metrics at all. `promtool test rules` runs the tests.
    """
    from modelqa.reports import alerts

    _told(output, alerts.files(), alerts.RULES)


@metrics.command()
def dashboard(output: Folder = None) -> None:
    """Print a dashboard (JSON) for Grafana; with --output write it, and the file that provisions it."""
    from modelqa.reports import grafana

    _told(output, grafana.files(), grafana.DASHBOARD)


def _told(folder: Path | None, files: dict[str, str], first: str) -> None:
    """Write files into a folder and say where, or print the first of them."""
    from modelqa.reports.files import write

    if folder is None:
        typer.echo(files[first], nl=False)
        return
    for name, content in files.items():
        write(folder / name, content, mode=0o644)
        typer.echo(folder / name)
