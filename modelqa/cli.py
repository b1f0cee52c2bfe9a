"""The command line: the same run as pytest's, for scripts and people."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from modelqa import project
from modelqa.codes import COULD_NOT, FAILED, PASSED, WRONG, exit_code
from modelqa.commands.cache import cache
from modelqa.commands.comment import comment
from modelqa.commands.feedback import feedback
from modelqa.commands.history import history
from modelqa.commands.metrics import metrics
from modelqa.commands.promote import promote
from modelqa.commands.report import report
from modelqa.commands.shadow import shadow
from modelqa.commands.tickets import tickets
from modelqa.commands.watch import watch
from modelqa.core.beside import look_in
from modelqa.draft.command import init
from modelqa.errors import ModelQAError, SuiteError
from modelqa.profiles import profile
from modelqa.progress import on_terminal

if TYPE_CHECKING:
    from modelqa.run.opened import Settings
    from modelqa.suite.spec import Suite

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)

ROWS = "Take these rows instead: a path, a pattern, or a SELECT of MODELQA_DATABASE."
SuitePath = Annotated[Path, typer.Argument(help="A suite file (*.suite.yaml).", show_default=False)]


def main() -> None:
    """Run the command line; exit codes are those of the manual (see ``modelqa run --help``)."""
    try:
        app()
    except SuiteError as error:
        typer.echo(str(error), err=True)
        sys.exit(WRONG)
    except ModelQAError as error:
        typer.echo(f"modelqa: {error}", err=True)
        sys.exit(COULD_NOT)


@app.callback()
def _about() -> None:
    """Judge models and batches by quality suites."""


app.command()(init)
app.command()(profile)
app.command()(comment)
app.command()(report)
app.command()(history)
app.command()(promote)
app.command()(shadow)
app.add_typer(feedback, name="feedback")
app.command()(watch)
app.add_typer(tickets, name="tickets")
app.add_typer(metrics, name="metrics")
app.add_typer(cache, name="cache")


@app.command()
def run(
    suite: SuitePath,
    model: Annotated[str | None, typer.Option(help="Judge this model instead of the suite's.")] = None,
    champion: Annotated[str | None, typer.Option(help="Compare with this model instead.")] = None,
    batch: Annotated[str | None, typer.Option(help=ROWS)] = None,
    reference: Annotated[str | None, typer.Option(help="Compare with these instead.")] = None,
    tracking_uri: Annotated[str | None, typer.Option(help="MLflow tracking and registry URI.")] = None,
    report: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the result as a page.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the result as JSON.")] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write every measurement for TensorBoard.")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(metavar="DIR|URL", help="Write metrics as text files, or push them there.")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Write the result to MLflow, tag the version.")] = False,
    act: Annotated[bool, typer.Option("--act", help="Let the suite's actions act.")] = False,
    inconclusive: Annotated[
        str | None, typer.Option(help="What an undecided check means: warn or fail.")
    ] = None,
    evidently_report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write Evidently's own HTML of batch and reference."),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Measure everything anew, and keep nothing of it.")
    ] = False,
) -> None:
    """Run a suite and print its verdicts.

    Exit codes: 0 passed, warned, or inconclusive under `warn`; 1 failed, or inconclusive under
    `fail`; 2 the suite or the usage is wrong; 3 something could not run; 5 nothing ran.
    """
    from modelqa.after import Wishes, follow, tell_github
    from modelqa.core.codec import Gathered
    from modelqa.reports import terminal
    from modelqa.run.execute import run_suite

    here = project.find(suite)
    look_in(here.root)
    given = {"model": model, "champion": champion, "batch": batch, "reference": reference}
    loaded = _loaded(suite, here, given)
    undecided = here.option("inconclusive", inconclusive)
    if undecided not in (None, "warn", "fail"):
        raise typer.BadParameter(f"expected warn or fail, found {undecided!r}", param_hint="--inconclusive")
    uri = project.tracking_uri(here.option("tracking_uri", tracking_uri), here.root)
    cache = not (no_cache or project.switched(here.option("no_cache")))
    with on_terminal() as listener:
        result = run_suite(loaded, root=here.root, tracking_uri=uri, listener=listener, cache=cache)
    typer.echo(terminal.render(result))
    asked = {"report": report, "json": json, "tensorboard": tensorboard, "metrics": metrics}
    wishes = Wishes(
        root=here.root,
        tracking_uri=uri,
        log=log or project.switched(here.option("log")),
        act=act or project.switched(here.option("act")),
        **{key: here.option(key, str(path) if path else None) for key, path in asked.items()},
    )
    actions = tuple(action.describe() for action in loaded.actions)
    runs = [Gathered(os.path.relpath(suite.resolve(), here.root), result, actions=actions)]
    said = follow(runs, wishes)
    for line in (*(each.line for each in said), *tell_github(runs, os.environ, wishes)):
        typer.echo(line)
    if evidently_report:
        from modelqa.run.opened import Settings

        _write_evidently(loaded, Settings(root=here.root, tracking_uri=uri), evidently_report)
    code = exit_code(result, loaded, undecided)
    raise typer.Exit(code or (COULD_NOT if any(each.failed for each in said) else PASSED))


@app.command()
def power(
    suite: SuitePath,
    model: Annotated[str | None, typer.Option(help="Look at this model instead of the suite's.")] = None,
    champion: Annotated[str | None, typer.Option(help="Compare with this model instead.")] = None,
    batch: Annotated[str | None, typer.Option(help=ROWS)] = None,
    reference: Annotated[str | None, typer.Option(help="Compare with these instead.")] = None,
    tracking_uri: Annotated[str | None, typer.Option(help="MLflow tracking and registry URI.")] = None,
    power: Annotated[str, typer.Option(help="The share of runs in which an effect is to be seen.")] = "80%",
    every: Annotated[bool, typer.Option("--all", "-v", help="Show every slice and column.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the report as JSON.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where there is a warning.")] = False,
) -> None:
    """Say what the checks of a suite can see, before anybody relies on them.

    For every check: the smallest effect that turns it red, how runs end on a healthy model, and a
    warning where it cannot fail, cannot pass, or is a coin flip. Nothing is judged. Exit codes: 0
    looked at; 1 a warning, with --strict; 2 the suite or the usage is wrong; 3 something could not
    be measured.
    """
    from modelqa.reports import power as reports
    from modelqa.run.power import measure_power

    here = project.find(suite)
    look_in(here.root)
    aim = _share(power, "--power")
    given = {"model": model, "champion": champion, "batch": batch, "reference": reference}
    loaded = _loaded(suite, here, given)
    uri = project.tracking_uri(here.option("tracking_uri", tracking_uri), here.root)
    with on_terminal() as listener:
        report = measure_power(loaded, root=here.root, tracking_uri=uri, power=aim, listener=listener)
    typer.echo(reports.render(report, every=every))
    if json:
        from json import dumps

        from modelqa.reports.files import write

        write(json, dumps(reports.plain(report), indent=1, ensure_ascii=False) + "\n")
    raise typer.Exit(COULD_NOT if report.unmeasured else FAILED if strict and report.warned else PASSED)


def _loaded(suite: Path, here: project.Project, given: dict[str, str | None]) -> "Suite":
    """The suite, with what the command line, the environment or the ini say instead."""
    from modelqa.suite.load import load

    return load(
        suite, override={key: value for key, each in given.items() if (value := here.option(key, each))}
    )


def _share(written: str, option: str) -> float:
    """A share strictly between a half and one. Raises ``typer.BadParameter`` for anything else."""
    from modelqa.core import units

    try:
        found = units.parse(written)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
    if found.suffix not in ("", "%") or not 0.5 <= found.value < 1:
        raise typer.BadParameter(
            f"expected a share from 50% to below 100%, found {written!r}", param_hint=option
        )
    return found.value


def _write_evidently(suite: "Suite", settings: "Settings", folder: Path) -> None:
    """Write Evidently's own page; where that fails, say so, for it is no part of the verdict."""
    from modelqa.checks import evidently_data
    from modelqa.reports.files import write
    from modelqa.reports.terminal import visible
    from modelqa.run.execute import describe
    from modelqa.run.opened import Opened

    path = folder / f"{suite.suite}.html"
    opened = Opened(suite, settings)
    try:
        page = evidently_data.page(opened.batch, opened.reference)
        write(path, page.html)
    except Exception as error:  # whatever Evidently raises on this data; its text may quote rows
        told = str(error) if isinstance(error, ModelQAError | OSError) else describe(error)
        typer.echo(f"modelqa: no Evidently report: {told}", err=True)
    else:
        without = f"; without {visible(', '.join(page.left_out))}" if page.left_out else ""
        typer.echo(f"Evidently's report: {path} (data of up to 20,000 rows of each side{without})")


@app.command()
def lint(
    suites: Annotated[
        list[Path], typer.Argument(help="Suite files, or folders of them.", show_default=False)
    ],
    repair: Annotated[
        bool, typer.Option("--fix", help="Repair the spelling of names first, in place.")
    ] = False,
) -> None:
    """Say everything that is wrong with suites, without opening a model or a batch.

    With --fix, a name that nobody knows is replaced where exactly one known name is near, and what
    was replaced is printed; comments and layout stay. Exit codes: 0 nothing is wrong (any more), 2
    something is.
    """
    from modelqa.run.plan import plan
    from modelqa.suite.fix import fix
    from modelqa.suite.load import load

    problems = 0
    for path in _files(suites):
        look_in(project.find(path).root)
        try:
            for change in fix(path) if repair else ():
                typer.echo(str(change))
            checks = plan(load(path)).checks
        except SuiteError as error:
            problems += len(error.problems)
            typer.echo(str(error))
        else:
            typer.echo(f"{path}: {len(checks)} checks, no problem")
    if problems:
        raise typer.Exit(WRONG)


@app.command()
def schema(
    of: Annotated[
        Literal["suite", "retrain"],
        typer.Argument(help="Suite files, or what is handed to whoever retrains."),
    ] = "suite",
) -> None:
    """Print a JSON Schema (draft 07): of suite files, for editors, or of requests to retrain."""
    from json import dumps

    from modelqa.suite.request_schema import request_schema
    from modelqa.suite.schema import json_schema

    made = json_schema() if of == "suite" else request_schema()
    typer.echo(dumps(made, indent=1, ensure_ascii=False))


@app.command()
def explain(
    name: Annotated[str, typer.Argument(help="A check, or module:function.", show_default=False)],
) -> None:
    """Print the manual of a check: what it means, its keys, what it needs, an example."""
    from modelqa import manual

    look_in(project.find(Path.cwd()).root)
    try:
        typer.echo(manual.explain(name))
    except ModelQAError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from None


@app.command("list")
def list_checks() -> None:
    """List all checks, those of installed packages too, one line each."""
    from modelqa.manual import listing

    typer.echo(listing())


def _files(paths: list[Path]) -> list[Path]:
    found = [
        each for path in paths for each in (sorted(path.rglob("*.suite.yaml")) if path.is_dir() else [path])
    ]
    if not found:
        raise ModelQAError(f"no *.suite.yaml under {', '.join(map(str, paths))}")
    return found
