"""`modelqa shadow`: logged requests through challenger and champion, before the one replaces the other."""

from pathlib import Path
from typing import Annotated

import typer

from modelqa import project
from modelqa.codes import exit_code
from modelqa.core.beside import look_in


def shadow(
    suite: Annotated[
        Path, typer.Argument(help="The suite that names model and champion.", show_default=False)
    ],
    batch: Annotated[
        str | None, typer.Option(help="The logged requests, instead of the suite's rows.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The challenger, instead of the suite's model.")] = None,
    champion: Annotated[str | None, typer.Option(help="The model that serves now.")] = None,
    max_disagreement: Annotated[
        str, typer.Option(help="The largest share of rows with another prediction.")
    ] = "5%",
    max_errors: Annotated[str, typer.Option(help="How much more often it may err (pp: points).")] = "0.1 pp",
    max_latency: Annotated[str, typer.Option(help="How much slower its p95 may be.")] = "10%",
    to_label: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write disagreements for people to label (parquet).")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="The most rows to label.")] = 200,
    json: Annotated[Path | None, typer.Option(help="Write the result as JSON.")] = None,
    tracking_uri: Annotated[str | None, typer.Option(help="MLflow tracking and registry URI.")] = None,
) -> None:
    """Replay logged requests through two models: do they agree, err and answer alike?

    The suite says what the models and the rows are; its own checks are not run, and nothing acts.
    `--to-label` draws rows on which the models disagree, more of those that are further apart: all that
    one model has over the other lies there. People fill in the empty column; the file then is a `batch:`
    of a suite with `weights: modelqa_weight`, which speaks of all disagreements and of nothing else.
    Exit codes: as of `modelqa run`.
    """
    from modelqa.after import Wishes, follow
    from modelqa.core.codec import Gathered
    from modelqa.reports import terminal
    from modelqa.run.found import Settings
    from modelqa.run.shadow import replay, shadowed
    from modelqa.suite.load import load

    here = project.find(suite)
    look_in(here.root)
    given = {"model": model, "champion": champion, "batch": batch}
    override = {key: value for key, each in given.items() if (value := here.option(key, each))}
    limits = {"disagreement": max_disagreement, "errors": max_errors, "latency": max_latency}
    judged = shadowed(load(suite, override=override), limits)
    uri = project.tracking_uri(here.option("tracking_uri", tracking_uri), here.root)
    result, chosen = replay(judged, Settings(root=here.root, tracking_uri=uri), rows)
    typer.echo(terminal.render(result))
    wishes = Wishes(root=here.root, tracking_uri=uri, json=str(json) if json else None)
    for line in follow([Gathered(str(suite), result)], wishes):
        typer.echo(line.line)
    if to_label and chosen:
        to_label.parent.mkdir(parents=True, exist_ok=True)
        chosen.frame.to_parquet(to_label, index=False)
        typer.echo(f"to label: {to_label} ({len(chosen.frame):,} of {chosen.disagreements:,} disagreements)")
    elif to_label:
        typer.echo("nothing to label: a model did not answer", err=True)
    raise typer.Exit(exit_code(result, judged))
