"""`modelqa feedback export`: people's corrections, back into training and into the gate."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from modelqa import project
from modelqa.core.beside import look_in

feedback = typer.Typer(no_args_is_help=True, help="What people said of predictions.")


@feedback.callback()
def _about() -> None:
    """What people said of predictions."""


@feedback.command()
def export(
    suite: Annotated[Path, typer.Argument(help="The suite that names the rows.", show_default=False)],
    reviews: Annotated[
        str, typer.Argument(help="The table of reviews, or assessments:/EXPERIMENT/NAME.", show_default=False)
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where to write.")] = Path(),
    batch: Annotated[str | None, typer.Option(help="The reviewed rows, instead of the suite's.")] = None,
    on: Annotated[str | None, typer.Option(help="The column that names a row; else the suite's key.")] = None,
    row: Annotated[str | None, typer.Option(help="That column's name in the reviews, if another.")] = None,
    verdict: Annotated[str, typer.Option(help="The reviews' column of verdicts.")] = "verdict",
    correction: Annotated[str, typer.Option(help="That of what is right.")] = "correction",
    reviewer: Annotated[str, typer.Option(help="That of who says so.")] = "reviewer",
    time: Annotated[str, typer.Option(help="That of when it was said.")] = "time",
    tracking_uri: Annotated[str | None, typer.Option(help="MLflow tracking URI.")] = None,
) -> None:
    """Write what people corrected: rows to retrain on, and cases for the check of that name.

    `NAME-labelled.parquet` has the rows with their corrected labels, `NAME-cases.parquet` the same with
    the prediction that the next model has to give. Of a reviewer's verdicts on a row the latest counts; of
    several reviewers the majority, and the latest of a tie. Exit codes: 0 written; 2 the suite is wrong;
    3 something could not be read.
    """
    from modelqa.checks.reviewed import Names
    from modelqa.errors import ModelQAError
    from modelqa.reports.terminal import visible
    from modelqa.run.corrections import corrections
    from modelqa.run.opened import Opened, Settings
    from modelqa.suite.load import load

    here = project.find(suite)
    look_in(here.root)
    loaded = load(suite, override={"batch": chosen} if (chosen := here.option("batch", batch)) else {})
    name = on or (loaded.key[0] if len(loaded.key) == 1 else None)
    if name is None:
        raise ModelQAError("say by which column reviews name rows: --on, or the suite's `key:`")
    uri = project.tracking_uri(here.option("tracking_uri", tracking_uri), here.root)
    names = Names(name, row=row, verdict=verdict, correction=correction, reviewer=reviewer, time=time)
    with closing(Opened(loaded, Settings(root=here.root, tracking_uri=uri))) as opened:
        made = corrections(opened, opened.rows_of(reviews), names)
    typer.echo(visible(made.found.note))
    if not len(made.cases):
        raise ModelQAError("nobody corrected any of these rows: there is nothing to write")
    output.mkdir(parents=True, exist_ok=True)
    for frame, kind in ((made.labelled, "labelled"), (made.cases, "cases")):
        path = output / f"{loaded.suite}-{kind}.parquet"
        frame.to_parquet(path, index=False)
        typer.echo(f"{path} ({len(frame):,} {'row' if len(frame) == 1 else 'rows'})")
