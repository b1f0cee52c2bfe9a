"""`modelqa cache`: what earlier runs measured, kept in ``.modelqa/cache``."""

from pathlib import Path

import typer

from modelqa import project
from modelqa.cache.store import Cache, Held, folder
from modelqa.core.units import Unit
from modelqa.core.units import show as shown

cache = typer.Typer(no_args_is_help=True, help="Show or clear what earlier runs measured.")


@cache.command()
def show() -> None:
    """Say where the project's cache is, and how much it holds."""
    found = _cache()
    typer.echo(f"{project.shown(found.folder)}: {_told(found.held())}, of at most {_bytes(found.most)}")


@cache.command()
def clear() -> None:
    """Drop everything that was kept: the next run measures anew."""
    found = _cache()
    typer.echo(f"{project.shown(found.folder)}: dropped {_told(found.clear())}")


def _cache() -> Cache:
    return Cache(folder(project.find(Path.cwd()).root))


def _told(held: Held) -> str:
    return f"{held.entries:,} {'entry' if held.entries == 1 else 'entries'}, {_bytes(held.bytes)}"


def _bytes(count: int) -> str:
    return shown(float(count), Unit.BYTES)
