"""`modelqa watch`: what arrives is judged once, and tickets follow."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelqa import project
from modelqa.core import units
from modelqa.core.units import Unit

if TYPE_CHECKING:
    from modelqa.core.result import SuiteResult
    from modelqa.ledger import Ledger
    from modelqa.suite.spec import Suite
    from modelqa.watch.arrivals import Source
    from modelqa.watch.held import Stop
    from modelqa.watch.loop import Watcher

Suites = Annotated[list[Path], typer.Argument(metavar="SUITE", help="Suite files.", show_default=False)]


def watch(
    suites: Suites,
    batches: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Where batches arrive: a folder, or a quoted 'pattern*'."),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Batches are new rows of this database (MODELQA_DATABASE)."),
    ] = None,
    table: Annotated[str | None, typer.Option(metavar="NAME", help="The table that rows come into.")] = None,
    query: Annotated[str | None, typer.Option(metavar="SELECT", help="Or the query that gives them.")] = None,
    cursor: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Its column that only grows: a counted key, a time.")
    ] = None,
    models: Annotated[
        bool,
        typer.Option("--models", help="Judge new versions of the model, or where its alias moves."),
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Look once and end: for cron and the like.")] = False,
    every: Annotated[str, typer.Option(metavar="TIME", help="Look again and again, so far apart.")] = "5m",
    expect_every: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="A batch is late when none came for so long; some slack helps: 26h."
        ),
    ] = None,
    settle: Annotated[
        str, typer.Option(metavar="TIME", help="Judge a file once it has not changed for so long.")
    ] = "30s",
    tracking_uri: Annotated[str | None, typer.Option(help="MLflow tracking and registry URI.")] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the newest result as a page here.")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Write each result to MLflow.")] = False,
    metrics: Annotated[
        str | None, typer.Option(metavar="DIR|URL", help="Write metrics as text files, or push them there.")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve the newest verdicts to Prometheus (/metrics).")
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write every measurement for TensorBoard.")
    ] = None,
) -> None:
    """Judge what arrives, each batch once, and let the suites' actions act.

    A batch is known by its name and content. One that is still being written is left for later; one that
    comes again with other rows is judged again, and the first verdict stays. A batch that is late, missing,
    cut off or empty is a finding and never green. Labels in a file of their own that come later open the
    verdicts that lacked them again. Verdicts and tickets are kept in the ledger (MODELQA_LEDGER), in one
    transaction; a tracker that cannot be reached is told at a later look. Several watchers on one ledger
    exclude each other. SIGTERM and Ctrl-C end it when the batch, or the training, in hand is done; a second
    Ctrl-C at once.

    Exit codes: 0 nothing failed; 1 a batch failed, or is inconclusive under `fail` (with --once); 2 a suite
    or the usage is wrong; 3 something could not be done, and is tried again at the next look.
    """
    from modelqa.watch.held import stoppable
    from modelqa.watch.session import Session

    places = _Places(batches, database, table, query, cursor, models=models)
    apart = None if once else _seconds(every, "--every")
    waits = _seconds(settle, "--settle", least=0.0)
    expected = _seconds(expect_every, "--expect-every") if expect_every else None
    files = {"report": report, "metrics": metrics, "tensorboard": tensorboard}
    shared: dict[str, Any] = {"files": files, "log": log, "tracking_uri": tracking_uri}
    with ExitStack() as stack, stoppable() as stop:
        watchers = [
            each
            for suite in _checked(suites)
            for each in _watchers(suite, places, stack, stop, waits=waits, expected=expected, **shared)
        ]
        show = _shown(watchers, metrics_port, stack)
        code = Session(watchers, stop, apart=apart, waits=waits, say=typer.echo, show=show).go()
    raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class _Places:
    """The places that the options name."""

    batches: str | None
    database: str | None
    table: str | None
    query: str | None
    cursor: str | None
    _: KW_ONLY
    models: bool

    def sources(self, suite: Path, here: project.Project, tracking_uri: str | None) -> Iterator["Source"]:
        """Each place, for one suite. Raises ``typer.BadParameter`` where none is named, or half of one."""
        from modelqa.watch.folders import Folder
        from modelqa.watch.tables import Rows

        database = here.option("database", self.database)
        named = self.table or self.query
        if self.batches:
            yield Folder(self.batches, here.root)
        if named and database and self.cursor and not (self.table and self.query):
            yield Rows(database, named, self.cursor, here.root)
        elif named or self.cursor or self.database:
            told = (
                "rows of a database need --database URL, --table NAME or --query SELECT, and --cursor COLUMN"
            )
            raise typer.BadParameter(told)
        if self.models:
            yield _versions(suite, tracking_uri)
        if not (self.batches or named or self.models):
            raise typer.BadParameter("say what to watch: --batches FOLDER, --database URL, or --models")


def _versions(path: Path, tracking_uri: str | None) -> "Source":
    from modelqa.suite.load import load
    from modelqa.watch.versions import Versions

    model = load(path).model
    if not isinstance(model, str):
        raise typer.BadParameter(f"{path} names no model of a registry", param_hint="--models")
    return Versions(model, tracking_uri)


def _checked(suites: Sequence[Path]) -> Sequence[Path]:
    """Suites, unless a pattern of batches was not quoted. Raises ``typer.BadParameter``."""
    from modelqa.watch.folders import SUFFIXES

    if any(path.name.lower().endswith(SUFFIXES) for path in suites):
        raise typer.BadParameter(
            "quote a pattern of batches, so that the shell leaves it: --batches 'data/*.csv'"
        )
    return suites


def _seconds(written: str, option: str, least: float = 1e-9) -> float:
    """A time in seconds; ``5m`` are minutes. Raises ``typer.BadParameter``."""
    minutes = written.strip().endswith("m") and written.strip()[:-1].strip().isdecimal()
    try:
        found = units.parse(f"{written}in" if minutes else written)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
    zero = not found.suffix and found.value == 0 == least
    if (found.unit is not Unit.SECONDS or found.value < least) and not zero:
        raise typer.BadParameter(
            f"expected a time such as 30 s, 5 min or 26 h, found {written!r}", param_hint=option
        )
    return found.value


def _watchers(
    path: Path,
    places: _Places,
    stack: ExitStack,
    stop: "Stop",
    *,
    waits: float,
    expected: float | None,
    files: Mapping[str, Path | str | None],
    log: bool,
    tracking_uri: str | None,
) -> Iterator["Watcher"]:
    """A watcher for each place, on the project's ledger; it and the trackers are closed with the stack."""
    from modelqa.after import Wishes
    from modelqa.core.beside import look_in
    from modelqa.ledger import Ledger, address
    from modelqa.run.opened import Settings
    from modelqa.watch.loop import Watcher
    from modelqa.watch.plan import Plan
    from modelqa.watch.whole import Settling

    here = project.find(path)
    look_in(here.root)
    uri = project.tracking_uri(here.option("tracking_uri", tracking_uri), here.root)
    wishes = Wishes(
        root=here.root,
        tracking_uri=uri,
        act=True,
        **{key: here.option(key, str(place) if place else None) for key, place in files.items()},
        log=log or project.switched(here.option("log")),
    )
    ledger = stack.enter_context(Ledger(address(os.environ, here.root)))
    for source in places.sources(path, here, uri):
        suite = _loaded(path, source)
        plan = Plan(
            suite, source, settings=Settings(root=here.root, tracking_uri=uri), wishes=wishes,
            path=os.path.relpath(path.resolve(), here.root), hearings=_hearings(suite, ledger, stack),
            environ=os.environ, expected=expected,
        )  # fmt: skip
        yield Watcher(ledger, plan, Settling(waits), stop)


def _shown(
    watchers: Sequence["Watcher"], port: int | None, stack: ExitStack
) -> Callable[["SuiteResult"], None]:
    """Serve the newest verdict of each suite, those of before first; without a port nothing is shown."""
    if port is None:
        return lambda _: None
    from modelqa.core.codec import loads
    from modelqa.monitoring.scrape import Board, serve
    from modelqa.ticketing import open_tickets

    board, root = Board(), watchers[0].plan.settings.root

    def show(result: "SuiteResult") -> None:
        board.put(result, tickets=open_tickets(result, os.environ, root))

    for each in watchers:
        with each.ledger.writing() as work:
            newest = work.newest(each.plan.suite.rules)
        if newest is not None:
            show(loads(newest))
    served = stack.enter_context(serve(port, board.collect))
    typer.echo(f"metrics: port {served}, /metrics")
    return show


def _loaded(path: Path, source: "Source") -> "Suite":
    """A suite that can be run: the batches that come stand for the one that it may lack."""
    from modelqa.run.plan import plan
    from modelqa.suite.load import load
    from modelqa.watch.versions import Versions

    changes = {} if isinstance(source, Versions) else {"batch": source.told}
    suite = load(path, override=changes)
    plan(suite)
    return suite


def _hearings(suite: "Suite", ledger: "Ledger", stack: ExitStack) -> Sequence[Any]:
    """The trackers of a suite. Raises `ActionError` where one lacks its address: nobody would be told."""
    from modelqa.ticketing import tracker_of
    from modelqa.watch.commit import Hearing

    actions = [action.describe() for action in suite.actions if action.kind == "ticket"]
    trackers = [stack.enter_context(closing(tracker_of(action, ledger, os.environ))) for action in actions]
    return [Hearing(action, tracker) for action, tracker in zip(actions, trackers, strict=True)]
