"""`staleness`: how old a model is, or its training data, and how many labelled rows have come since."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from modelqa.core.check import Needs, check
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Context, Table
from modelqa.core.profile import Numbers
from modelqa.core.result import Measurement
from modelqa.core.signature import ColumnKind
from modelqa.core.units import Unit
from modelqa.errors import CheckError, SubjectError

What = Literal["model", "data", "rows"]
TAG = "modelqa.data_until"


def _needs(of: str, **_: str) -> Needs:
    return {"model": Needs.VERSION, "rows": Needs.BATCH | Needs.LABELS}.get(of, Needs.NOTHING)


def _unit(of: str, **_: str) -> Unit:
    return Unit.NUMBER if of == "rows" else Unit.SECONDS


@check(needs=_needs, unit=_unit, facts=True)
def staleness(ctx: Context, of: What, *, tag: str = TAG) -> Iterator[Measurement]:
    """Age, for retraining on schedule: of the model, of its training data, or rows that came since.

    ``of`` is model (the time since the version was trained: since its files, its logged model or its
    version were made, whichever was first), data (the time since the newest row that it was trained on)
    or rows (labelled rows of the batch that are newer than those). The newest training row's time is
    read from the ``tag`` of the model version (or of its logged model, or a parameter of that) as
    2026-01-31 or with a time of day, in UTC unless it says otherwise; else it is the latest in the
    reference's column ``time:`` of the suite, from a profile to within a bin. Without ``time:``, all
    labelled rows of the batch count. All of these are facts. A time that lies ahead is an error.

    Example::

        - staleness: model
          max: 30 d
        - staleness: data
          max: 60 d
        - staleness: rows
          max: 50_000
    """
    if of == "rows":
        yield _rows(ctx, tag)
        return
    then = _made(ctx) if of == "model" else _until(ctx, tag)
    age = ctx.now() - then
    if age < 0:
        when = datetime.fromtimestamp(then, UTC).isoformat(timespec="minutes")
        raise CheckError(f"the {of} is from {when}, which lies ahead: check the clock, or the tag {tag}")
    yield Measurement(f"age_of_{of}", Estimate.fact(age, n=1), unit=Unit.SECONDS, counts="models")


def _made(ctx: Context) -> float:
    if ctx.created is None:
        raise SubjectError(
            "the model does not say when it was made: name a version of a registry, or a folder of MLflow's"
        )
    return ctx.created


def _rows(ctx: Context, tag: str) -> Measurement:
    there = ~ctx.labels().missing
    note = ""
    if ctx.time is None:
        note = "all labelled rows, for the suite names no time:"
    else:
        column = ctx.batch.column(_time(ctx.time, ctx.batch))
        there = there & ~column.missing & (column.values > _until(ctx, tag) * 1e6)
    n = len(there)
    return Measurement("new_labelled_rows", Estimate.fact(int(np.count_nonzero(there)), n=n), note=note)


def _until(ctx: Context, tag: str) -> float:
    """When the newest row of the training data happened, in seconds since 1970."""
    written = ctx.tags.get(tag)
    if written is not None:
        return _read(written, tag)
    if ctx.time is None:
        raise SubjectError(
            f"the age of the training data is not known: give the model version the tag {tag} (such as "
            "2026-01-31), or name the reference's column of times as `time:`"
        )
    return _latest(ctx, ctx.time)


def _read(written: str, tag: str) -> float:
    try:
        found = datetime.fromisoformat(written.strip())
    except ValueError:
        raise SubjectError(
            f"the model's tag {tag}: expected a time such as 2026-01-31, found something else"
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _latest(ctx: Context, name: str) -> float:
    table = ctx.reference
    _time(name, table)
    if table.counted:
        held = table.profile([name]).columns[name].held
        bins = np.flatnonzero(held.counts) if isinstance(held, Numbers) else np.array([])
        if isinstance(held, Numbers) and len(bins) and bins[-1]:
            return float(held.edges.ends[bins[-1] - 1])  # where the last bin with rows begins
    else:
        column = table.column(name)
        if not column.missing.all():
            return float(column.values[~column.missing].max()) / 1e6
    raise SubjectError(f"`time:` {name} of {table.info.name} holds no time: name rows that have one")


def _time(name: str, table: Table) -> str:
    """The name of a column of times. Raises `SubjectError` where there is none, or it holds no times."""
    kind = table.kinds.get(name)
    if kind is not ColumnKind.DATETIME:
        found = "no such column" if kind is None else f"a column of {kind}"
        raise SubjectError(f"`time:` names {name!r}: expected times in {table.info.name}, found {found}")
    return name
