"""Profiles of tables: made by `modelqa profile`, or logged with the model that was trained on the table."""

from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Annotated, Any

import typer

from modelqa.core.profile import Profile
from modelqa.errors import ModelQAError


def profile_table(
    source: Any,
    *,
    columns: Sequence[str] | None = None,
    like: Profile | None = None,
    rare: bool = False,
    tracking_uri: str | None = None,
) -> Profile:
    """Count a table, column by column; ``source`` is whatever a suite takes for its batch.

    ``like`` fixes the edges, and the columns (others of the table are left out); ``rare`` also names
    categories that fewer than five rows hold. Raises `SubjectError` where the table cannot be read, or
    lacks a column.

    >>> profile_table({"plan": ["basic"] * 8 + ["pro"] * 5}).columns["plan"].held.counts
    (8, 5)
    """
    from modelqa.engines.memory import must_have
    from modelqa.engines.opening import open_rows

    table = open_rows(source, tracking_uri=tracking_uri)
    wanted = list(columns or (like.columns if like else table.kinds))
    must_have(table.info.name, list(table.kinds), wanted)
    return table.profile(wanted, like.columns if like else None, rare=rare)


def log_reference(
    model: Any,
    data: Any,
    *,
    columns: Sequence[str] | None = None,
    rare: bool = False,
    tracking_uri: str | None = None,
) -> str:
    """Log the profile of the rows that a model was trained on with its version in MLflow.

    ``model`` is what ``mlflow.<flavor>.log_model`` returned, or a model URI; ``data`` is a frame, a path or
    whatever else a suite takes for its batch, a profile among them. A suite of that model without
    ``reference:`` then measures drift against the profile. No row of the data is kept: see
    `stats.profiles.profile_of`. Gives the address of the artifact in MLflow.

    Raises `SubjectError` where the data cannot be read, or the registry knows no such model.
    """
    from modelqa.core.profile_file import dumps
    from modelqa.models.references import log

    uri = str(getattr(model, "model_uri", model))
    made = profile_table(data, columns=columns, rare=rare, tracking_uri=tracking_uri)
    return log(uri, dumps(made), tracking_uri=tracking_uri)


def profile(
    files: Annotated[
        list[Path],
        typer.Argument(help="Files of one table; with --merge, profiles.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="OUT", help="Where to; else beside the first file."),
    ] = None,
    edges_from: Annotated[
        Path | None,
        typer.Option(metavar="PROFILE", help="Count between this profile's edges, as its columns."),
    ] = None,
    merge: Annotated[bool, typer.Option("--merge", help="Add up profiles with equal edges.")] = False,
    rare: Annotated[
        bool, typer.Option("--rare", help="Also name categories that fewer than five rows hold.")
    ] = False,
) -> None:
    """Count a table into a small file that stands in for it in drift checks.

    A profile holds fine bins of numbers and times, counts of categories and of missing values, and no row.
    Profiles that were made with --edges-from one profile add up exactly: day by day, part by part.
    """
    from modelqa.core.profile_file import SUFFIX, dumps
    from modelqa.reports.files import write

    like = None if edges_from is None else _read(edges_from)
    if merge:
        made = reduce(Profile.merged, map(_read, files))
        if like is not None:
            like.must_match(made)
    else:
        made = profile_table(tuple(files), like=like, rare=rare)
    name = files[0].name.removesuffix(SUFFIX)
    target = out or files[0].with_name(f"{name.partition('.')[0]}{'-merged' if merge else ''}{SUFFIX}")
    if not target.name.endswith(SUFFIX):
        raise ModelQAError(f"{target}: the name of a profile ends in {SUFFIX}")
    packed = dumps(made)
    write(target, packed)
    typer.echo(f"{target}: {made.rows:,} rows, {len(made.columns)} columns, {len(packed):,} bytes")


def _read(path: Path) -> Profile:
    from modelqa.engines.profiled import open_profile

    table = open_profile((path,))
    return table.profile(list(table.kinds))
