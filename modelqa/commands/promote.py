"""`modelqa promote`: an alias moves to a version that a suite has judged."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelqa import project
from modelqa.errors import ModelQAError, Refused

if TYPE_CHECKING:
    from modelqa.actions.evidence import Judged
    from modelqa.core.subject import ModelInfo
    from modelqa.project import Project
    from modelqa.run.opened import Opened
    from modelqa.suite.spec import Suite

Model = Annotated[
    str, typer.Argument(help="The version to promote, as models:/name@alias or models:/name/7.")
]


def promote(
    model: Model,
    to: Annotated[str, typer.Option(help="The alias to move.")] = "champion",
    suite: Annotated[Path | None, typer.Option(help="The suite that judges it.")] = None,
    batch: Annotated[str | None, typer.Option(help="Judge these rows instead of the suite's.")] = None,
    evidence: Annotated[
        float | None,
        typer.Option(metavar="HOURS", help="Run nothing: take what a logged run found, no older than this."),
    ] = None,
    allow_inconclusive: Annotated[
        list[str] | None, typer.Option(metavar="CHECK", help="An undecided check that is accepted.")
    ] = None,
    first: Annotated[bool, typer.Option("--first", help="There is no version with this alias yet.")] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Move the alias back to the version that held it before.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    tracking_uri: Annotated[str | None, typer.Option(help="MLflow tracking and registry URI.")] = None,
) -> None:
    """Judge a model version by a suite, and give it an alias if every check passed or warned.

    The alias moves only if the version's files are still those that were judged and the version that holds
    it is still the one compared with. What is judged is logged to MLflow. With --evidence nothing is run: a
    logged run counts that judged the same files, rows and champion by the same suite. Promotions exclude
    each other; one that was interrupted is finished by the next call.

    Exit codes: 0 moved, or there already; 1 refused, with every reason; 2 the suite or the usage is wrong;
    3 it could not be done.
    """
    here = project.find(suite or Path.cwd())
    uri = project.tracking_uri(here.option("tracking_uri", tracking_uri), here.root)
    try:
        if rollback:
            said = _back(model, to, uri, dry_run=dry_run)
        else:
            if suite is None:
                raise typer.BadParameter("name the suite that judges it", param_hint="--suite")
            said = _forth(
                model, to, suite, here, uri, batch=batch, hours=evidence, first=first, dry_run=dry_run,
                allow=tuple(allow_inconclusive or ()),
            )  # fmt: skip
    except Refused as error:
        typer.echo(_visible(str(error)), err=True)
        raise typer.Exit(1) from None
    typer.echo(_visible(said))


def _visible(text: str) -> str:
    from modelqa.reports.terminal import visible

    return "\n".join(map(visible, text.splitlines()))


def _back(model: str, to: str, uri: str | None, *, dry_run: bool) -> str:
    from modelqa.actions import mlflow
    from modelqa.actions.promote import rollback

    name = model.removeprefix("models:/").partition("@")[0].partition("/")[0]
    return rollback(mlflow.client(uri), name, to, dry_run=dry_run)


def _forth(
    model: str,
    to: str,
    suite: Path,
    here: "Project",
    uri: str | None,
    *,
    batch: str | None,
    hours: float | None,
    first: bool,
    dry_run: bool,
    allow: tuple[str, ...],
) -> str:
    from modelqa.actions import mlflow
    from modelqa.actions.promote import Move, current, promote
    from modelqa.after import Wishes, digest_of
    from modelqa.core.beside import look_in
    from modelqa.run.opened import Opened, Settings
    from modelqa.suite.load import load

    look_in(here.root)
    chosen: dict[str, Any] = {"model": model} | ({"batch": batch} if batch else {})
    loaded = load(suite, override=chosen)
    if first:
        loaded = loaded.override(champion_missing="skip")
    opened = Opened(loaded, Settings(root=here.root, tracking_uri=uri))
    info = opened.find("model").info
    if not info.version:
        raise ModelQAError(f"{model} is no version of a registered model, so no alias can be given to it")
    store = mlflow.client(uri)
    with mlflow.told(f"looking at {info.name}", store):
        held = current(store, info.name, to)
    if hours is None:
        judged = _judge(store, loaded, here, uri, opened, log=not dry_run)
    else:
        judged = _known(store, info, loaded, opened, hours)
        if not dry_run:
            with mlflow.told(f"tagging {info}", store):
                mlflow.restate(store, info.name, info.version, info.digest)
    move = Move(info.name, to, info.version, allow=allow, first=first, held=held)
    wishes = Wishes(root=here.root, tracking_uri=uri)
    return promote(
        store, move, judged, digest=lambda: digest_of(info.name, info.version, wishes), dry_run=dry_run
    )


def _judge(
    store: Any, suite: "Suite", here: "Project", uri: str | None, opened: "Opened", *, log: bool
) -> "Judged":
    """Run the suite on the version that was resolved, print what it says, and log it."""
    from modelqa.actions import mlflow
    from modelqa.actions.evidence import Judged
    from modelqa.reports import terminal
    from modelqa.reports.html import render
    from modelqa.run.execute import run_suite

    info = opened.find("model").info
    pinned = suite.override(model=f"models:/{info.name}/{info.version}")
    result = run_suite(pinned, root=here.root, tracking_uri=uri)
    typer.echo(terminal.render(result))
    run = mlflow.log(result, store, partial=False, page=render(result)) if log else ""
    return Judged.of(result, partial=False, run_id=run)


def _known(store: Any, info: "ModelInfo", suite: "Suite", opened: "Opened", hours: float) -> "Judged":
    """What a logged run found of these files, by this suite, on this batch and against this champion.

    Raises `Refused` with everything that has changed since.
    """
    from modelqa.actions import mlflow
    from modelqa.actions.evidence import evidence

    with mlflow.told(f"the evidence on {info}", store):
        tags = store.get_model_version(info.name, info.version).tags
    judged = next((each for each in evidence(tags) if each.suite == suite.suite), None)
    if judged is None:
        raise Refused(f"no logged run of {suite.suite} has judged {info}: run it with --log first")
    now = opened.info
    age = datetime.now(UTC) - datetime.fromisoformat(judged.time)
    against = {
        "the suite has been edited": judged.suite_digest != suite.rules,
        "the model's files have been changed": judged.model_digest != info.digest,
        "it judged another batch": judged.data_digest != (now.batch.digest if now.batch else ""),
        "it compared with another champion": judged.champion_digest
        != (now.champion.digest if now.champion else ""),
        f"it is older than {hours:g} hours": age > timedelta(hours=hours),
    }
    wrong = [why for why, differs in against.items() if differs]
    if wrong:
        listed = "\n".join(f"  - {why}" for why in wrong)
        raise Refused(f"the evidence of run {judged.run_id} no longer holds:\n{listed}")
    typer.echo(f"evidence: run {judged.run_id}, {judged.outcome}, {judged.time}")
    return judged
