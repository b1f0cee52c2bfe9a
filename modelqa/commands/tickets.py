"""`modelqa tickets`: the tickets that the ledger keeps, for people without another tracker."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelqa import project
from modelqa.core import units
from modelqa.core.units import Unit
from modelqa.errors import ModelQAError

if TYPE_CHECKING:
    from modelqa.ledger import Work

tickets = typer.Typer(no_args_is_help=True, help="List, show, close and snooze the tickets of the ledger.")

Number = Annotated[int, typer.Argument(help="The ticket's number.", show_default=False)]


@tickets.command("list")
def list_(every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False) -> None:
    """List the open tickets, one line each."""
    from modelqa.ledger import issues

    with _ledger() as work:
        found = issues.every(work, state=None if every else "open")
    for row in found:
        state = row.reason.replace("_", " ") or row.state
        typer.echo(f"#{row.number}  {state}  {row.title}")
    if not found:
        typer.echo("no ticket" if every else "no open ticket")


@tickets.command()
def show(number: Number) -> None:
    """Print a ticket with its comments."""
    from modelqa.reports.markdown import plain

    with _ledger() as work:
        row = _issue(work, number)
    typer.echo(
        f"#{row.number} {row.title} ({row.reason.replace('_', ' ') or row.state})\n\n{plain(row.body)}"
    )
    for each in json.loads(row.comments):
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(each["time"]))
        typer.echo(f"\n--- {when}\n{plain(each['text'])}")


@tickets.command()
def close(
    number: Number,
    wont_fix: Annotated[
        bool, typer.Option("--wont-fix", help="For good: it is never opened again for this problem.")
    ] = False,
) -> None:
    """Close a ticket; a batch that fails again within a week opens it again."""
    from modelqa.ledger import issues

    with _ledger() as work:
        _issue(work, number)
        issues.change(work, number, state="closed", reason="wont_fix" if wont_fix else "completed")
    typer.echo(f"#{number} is closed{': it will not be fixed' if wont_fix else ''}")


@tickets.command()
def snooze(
    number: Number, span: Annotated[str, typer.Option("--for", help="How long, such as 12 h.")] = "7 d"
) -> None:
    """Hear nothing of a ticket for a while; batches are counted all the same."""
    from modelqa.actions.tickets import Snoozed, Ticket, observe

    seconds = _seconds(span)
    with _ledger() as work:
        row = _issue(work, number)
        known = Ticket.read(work.ticket(row.fingerprint, "local"))
        until = work.now + seconds
        work.keep_ticket(row.fingerprint, "local", observe(known, Snoozed(until)).plain())
    typer.echo(f"#{number} is silent until {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(until))}")


def _seconds(span: str) -> float:
    try:
        found = units.parse(span)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--for") from None
    if found.unit is not Unit.SECONDS or found.value <= 0:
        raise typer.BadParameter(f"expected a time such as 12 h, found {span!r}", param_hint="--for")
    return found.value


def _issue(work: "Work", number: int) -> Any:
    from modelqa.ledger import issues

    row = issues.get(work, number)
    if row is None:
        raise ModelQAError(
            f"there is no ticket #{number} in this ledger: modelqa tickets list --all shows them"
        )
    return row


@contextmanager
def _ledger() -> Iterator["Work"]:
    """One transaction of the project's ledger."""
    from modelqa.ledger import Ledger, address

    root = project.find(Path.cwd()).root
    with Ledger(address(os.environ, root)) as ledger, ledger.writing() as work:
        yield work
