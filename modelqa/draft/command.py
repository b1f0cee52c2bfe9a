"""`modelqa init`, as the command line knows it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelqa import project
from modelqa.errors import ModelQAError

if TYPE_CHECKING:
    from modelqa.draft.subject import Ask

SUFFIX = ".suite.yaml"


def init(
    model: Annotated[
        str, typer.Argument(help="A model: models:/churn@challenger, a folder, module:function.")
    ],
    sample: Annotated[str, typer.Argument(help="Rows that the model does well on.")],
    labels: Annotated[str | None, typer.Option(help="The column that holds the truth.")] = None,
    labels_file: Annotated[
        str | None, typer.Option(help="A file with labels and --key, if not in SAMPLE.")
    ] = None,
    positive: Annotated[str | None, typer.Option(help="The positive class of a binary model.")] = None,
    reference: Annotated[str | None, typer.Option(help="Rows it was trained on: adds drift checks.")] = None,
    champion: Annotated[str | None, typer.Option(help="The model that it should not fall behind.")] = None,
    key: Annotated[str | None, typer.Option(help="The column that names a row.")] = None,
    output: Annotated[Path | None, typer.Option(help="The suite (suites/<model>.suite.yaml).")] = None,
    tracking_uri: Annotated[str | None, typer.Option(help="MLflow tracking and registry URI.")] = None,
    github: Annotated[bool, typer.Option("--github", help="Add a workflow that runs the suites.")] = False,
    schedule: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN", help="With --github: also run hourly, daily, weekly, or by cron ('30 6 * * 1-5')."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a suite that is there.")] = False,
) -> None:
    """Write a first suite from a model and a sample, and run it: it passes as written.

    A file that is there stays as it is, unless --force says otherwise. Exit codes: 0 written, or
    there already; 2 the usage is wrong; 3 model or sample cannot be used, or no suite passes.
    """
    from modelqa.draft.subject import Ask, file_name

    when = _when(schedule, github=github)
    here = Path.cwd()
    path = output or project.find(here).root / "suites" / f"{file_name(model)}{SUFFIX}"
    if not path.name.endswith(SUFFIX):
        raise typer.BadParameter(f"expected a name that ends in {SUFFIX}", param_hint="--output")
    found = project.find(path)
    uri = project.tracking_uri(found.option("tracking_uri", tracking_uri), found.root)
    ask = Ask(
        model=model,
        sample=sample,
        path=here / path,
        root=found.root,
        here=here,
        labels=labels,
        labels_file=labels_file,
        positive=positive,
        reference=reference,
        champion=champion,
        key=key,
        tracking_uri=uri,
    )
    _write(ask, force=force)
    if github:
        _add_workflow(found.root, ask.path, when)


def _when(schedule: str | None, *, github: bool) -> str | None:
    """The five fields of a schedule. Raises ``typer.BadParameter`` where they are wrong."""
    from modelqa.draft.schedule import cron

    if schedule is None:
        return None
    if not github:
        raise typer.BadParameter(
            "a schedule is a part of the workflow: add --github", param_hint="--schedule"
        )
    try:
        return cron(schedule)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--schedule") from None


def _write(ask: "Ask", *, force: bool) -> None:
    from modelqa.draft.write import summary, written

    if ask.path.exists() and not force:
        typer.echo(f"{_near(ask.path)} is there already and stays as it is; --force replaces it")
        return
    made, files = written(ask)
    typer.echo(summary(made, [_near(file) for file in files]))


def _add_workflow(root: Path, suite: Path, when: str | None) -> None:
    from modelqa.draft.workflow import PLACE, workflow
    from modelqa.reports.files import write

    target = root / PLACE
    if target.exists():
        typer.echo(f"{_near(target)} is there already and stays as it is")
        return
    folder = suite.parent.resolve()
    if not folder.is_relative_to(root):
        raise ModelQAError(f"--github: {suite.name} is outside of the project {root.name}: move it inside")
    write(target, workflow(folder.relative_to(root).as_posix(), when))
    typer.echo(f"wrote {_near(target)}")


def _near(path: Path) -> Path:
    """A path as a person in the current folder would say it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
