"""`errors`: rows for which the model gives no usable prediction, or gave none."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.checks.search import MOST_SECONDS, Search, kind_of
from modelqa.checks.tally import Tally
from modelqa.core import units
from modelqa.core.check import Complaint, Needs, Shape, check
from modelqa.core.estimate import Estimate
from modelqa.core.patience import patiently
from modelqa.core.ports import Column, Context, Predictions
from modelqa.core.result import Measurement
from modelqa.core.signature import ColumnKind
from modelqa.core.units import Unit
from modelqa.errors import CallError, CheckError, ModelQAError
from modelqa.stats import intervals

Count = Annotated[int, Shape({"minimum": 1})]
Values = Annotated[list[str | float | bool], Shape({"minItems": 1})]
Time = Annotated[str | float, Shape({"type": "string", "examples": ["1 s"]})]
PIECE = 1000
"""Rows in one call, where a call has a time limit."""


def _sound(statistic: str, **keys: Any) -> Iterator[Complaint]:
    low, high = keys.get("low"), keys.get("high")
    if low is not None and high is not None and low > high:
        yield "low", f"expected at most high ({high:g}), found {low:g}"
    for key in ("in", "ok"):
        if keys.get(f"{key}_" if key == "in" else key) == []:
            yield key, "expected at least one value, found an empty list"
    if keys.get("timeout") is not None:
        try:
            units.read(keys["timeout"], Unit.SECONDS)
        except ValueError as error:
            yield "timeout", str(error)
    yield from _together(statistic, keys)


def _together(statistic: str, keys: Mapping[str, Any]) -> Iterator[Complaint]:
    """Keys that say nothing beside the others."""
    if "ok" in keys and "column" not in keys:
        yield "ok", "ok says which values of a column are fine: name the column"
    for key in ("low", "high", "in_", "timeout"):
        if key in keys and "column" in keys:
            yield (
                key.strip("_"),
                "a column of logged outcomes has no predictions: leave this out, or the column",
            )
    for key in ("rows", "calls"):
        if key in keys and statistic != "calls":
            yield key, f"{key} belongs to `errors: calls`; errors: rate looks at every row once"
        elif keys.get(key, 1) < 1:
            yield key, f"expected at least 1, found {keys[key]}"
    if statistic == "calls" and "column" in keys:
        yield "column", "logged outcomes are counted by `errors: rate`"


def _needs(statistic: Any, *, column: Any = None, timeout: Any = None, **_: Any) -> Needs:
    if column is not None:
        return Needs.BATCH
    return Needs.BATCH | (Needs.MODEL if timeout is not None or statistic == "calls" else Needs.PREDICTIONS)


def _timeless(statistic: Any, *, timeout: Any = None, **_: Any) -> bool:
    """Whether nothing is measured by a clock."""
    return bool(statistic == "rate" and timeout is None)


@check(needs=_needs, unit=Unit.SHARE, facts=True, verify=_sound, cached=_timeless)
def errors(
    ctx: Context,
    statistic: Literal["rate", "calls"],
    *,
    low: float | None = None,
    high: float | None = None,
    in_: Values | None = None,
    timeout: Time | None = None,
    column: str | None = None,
    ok: Values | None = None,
    rows: Count = 1,
    calls: Count = 1000,
    generalise: bool = False,
) -> Iterator[Measurement]:
    """The share of rows whose prediction raises, is missing, NaN, infinite, too late or out of range.

    ``statistic`` is ``rate`` (the share of the batch's rows) or ``calls``: the share of calls that
    fail, among ``calls`` calls of ``rows`` rows each, drawn from the batch (at most a minute of
    them); so the error rate of a served model is measured. ``low`` and ``high`` are the range that
    numeric predictions must keep to, ``in`` the values that predictions may have. ``timeout`` is how
    long one call may take (``1 s``); rows are then sent in calls of up to 1,000. When the model raises
    on a batch, the rows that make it raise are found by halving, within 1,000 calls and a minute.

    With ``column`` the outcomes stand in the batch, and no model is needed: the share of rows whose
    value is missing or is none of ``ok``; a boolean column needs no ``ok``, true is fine.

    The share is a fact about this batch; with ``generalise: true`` it is an estimate for batches like
    it (exact binomial interval).

    Example::

        - errors: rate
          max: 0.1%
        - errors: calls
          timeout: 1 s
          calls: 200
          max: 1%
    """
    wanted = _Wanted(low, high, None if in_ is None else frozenset(in_))
    seconds = None if timeout is None else units.read(timeout, Unit.SECONDS)
    if column is not None:
        found = _Found(_logged(ctx.batch.column(_there(ctx, column)), ok), rows=ctx.batch.rows)
    elif statistic == "calls":
        found = _called(ctx, wanted, seconds, rows, calls)
    else:
        found = _rated(ctx, wanted, seconds)
    yield _measurement(ctx, f"error_{statistic}", found, generalise=generalise)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a prediction has to be."""

    low: float | None
    high: float | None
    among: frozenset[Any] | None


@dataclass(frozen=True, slots=True)
class _Found:
    counts: Tally
    _: KW_ONLY
    rows: int
    unresolved: int = 0
    counted: str = "rows"
    told: str = ""


def _measurement(ctx: Context, metric: str, found: _Found, *, generalise: bool) -> Measurement:
    bad, rows = found.counts.total, found.rows
    if generalise and not found.unresolved:
        estimate = intervals.proportion(bad, rows, ctx.levels)
    else:
        ends = (bad / rows, (bad + found.unresolved) / rows)
        estimate = Estimate(ends[0], low=ends[0], high=ends[1], n=rows)
    note = "; ".join(filter(None, [str(found.counts), found.told]))
    return Measurement(metric, estimate, unit=Unit.SHARE, note=note, counts=found.counted)


def _rated(ctx: Context, wanted: _Wanted, seconds: float | None) -> _Found:
    """Every row of the batch: by the predictions that all checks share, unless these raise or take time."""
    rows, raises = ctx.batch.rows, False
    if seconds is None:
        try:
            return _Found(_counts(ctx.predictions(), wanted), rows=rows)
        except CallError:
            pass
        except ModelQAError:
            raise
        except Exception:  # whatever a model raises is what is being counted
            raises = True
    frame, predict = ctx.batch.to_pandas(ctx.features), _timed(ctx, seconds)
    search = Search(
        lambda start, end: _counts(predict(frame.iloc[start:end]), wanted).counts, clock=ctx.clock
    )
    piece = rows if seconds is None else PIECE
    for start in range(0, rows, piece):
        search.look(start, min(start + piece, rows), raises=raises)
    told = (
        f"{search.unresolved:,} rows not looked into after {search.calls:,} calls"
        if search.unresolved
        else ""
    )
    return _Found(search.counts, rows=rows, unresolved=search.unresolved, told=told)


def _called(ctx: Context, wanted: _Wanted, seconds: float | None, rows: int, calls: int) -> _Found:
    """Calls of rows drawn from the batch, one after the other."""
    counts, done, until = Tally(), 0, ctx.clock() + MOST_SECONDS
    drawn = ctx.rng.integers(0, ctx.batch.rows, size=calls * rows)
    frame, predict = ctx.batch.take(drawn).to_pandas(ctx.features), _timed(ctx, seconds)
    while done < calls and ctx.clock() < until:
        try:
            wrong = _counts(predict(frame.iloc[done * rows : (done + 1) * rows]), wanted).counts
            counts.merge(dict.fromkeys(list(wrong)[:1], 1))
        except Exception as error:  # as above
            if isinstance(error, ModelQAError) and not isinstance(error, CallError):
                raise
            counts.add(kind_of(error))
        done += 1
    told = "" if done == calls else f"stopped after {done:,} of {calls:,} calls, at {MOST_SECONDS:g} s"
    return _Found(counts, rows=done, counted="calls", told=told)


def _timed(ctx: Context, seconds: float | None) -> Callable[[Any], Predictions]:
    """The model's predictions; ``TimeoutError`` where a call takes longer than it may."""
    model = ctx.model
    if seconds is None:
        return model.predict
    return lambda frame: patiently(partial(model.predict, frame), seconds=seconds)


def _counts(said: Predictions, wanted: _Wanted) -> Tally:
    """Rows by what is wrong with their prediction, each row counted once."""
    values = said.values
    numbers = values if values.dtype.kind in "fiu" else None
    missing = _missing(values)
    if said.probabilities is not None:
        missing = missing | np.isnan(said.probabilities).any(axis=1)
    infinite = np.zeros(len(values), bool) if numbers is None else np.isinf(numbers)
    outside = np.zeros(len(values), bool)
    if numbers is not None and (wanted.low is not None or wanted.high is not None):
        with np.errstate(invalid="ignore"):
            outside = ~((numbers >= _or(wanted.low, -np.inf)) & (numbers <= _or(wanted.high, np.inf)))
    strange = np.zeros(len(values), bool)
    if wanted.among is not None:
        strange = np.fromiter((value not in wanted.among for value in values.tolist()), bool, len(values))
    tally, seen = Tally(), np.zeros(len(values), bool)
    for name, mask in (
        ("missing or NaN", missing),
        ("infinite", infinite),
        ("out of range", outside),
        ("not among the values", strange),
    ):
        tally.add(name, int((mask & ~seen).sum()))
        seen |= mask
    return tally


def _missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.fromiter((v is None or v != v for v in values.tolist()), bool, len(values))
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _there(ctx: Context, column: str) -> str:
    if column not in ctx.batch.kinds:
        there = ", ".join(list(ctx.batch.kinds)[:20])
        raise CheckError(f"{ctx.batch.info.name} has no column {column!r}; it has {there}")
    return column


def _logged(column: Column, ok: "Values | None") -> Tally:
    """Rows of a log by what is wrong with their outcome."""
    if ok is None and column.kind is not ColumnKind.BOOLEAN:
        raise CheckError(
            f"column {column.name!r} holds {column.kind}: say which of its values are fine, such as ok: [200]"
        )
    fine = [True] if ok is None else ok
    texts = [value for value in fine if isinstance(value, str)]
    if len(texts) != (len(fine) if column.kind is ColumnKind.TEXT else 0):
        raise CheckError(f"column {column.name!r} holds {column.kind}: expected values of this kind in ok")
    if column.kind is ColumnKind.TEXT:
        good = np.array([name in texts for name in column.categories] or [False])[column.values]
    else:
        good = np.isin(column.values, fine)
    tally = Tally()
    tally.add("missing", int(column.missing.sum()))
    tally.add("not ok", int((~good & ~column.missing).sum()))
    return tally
