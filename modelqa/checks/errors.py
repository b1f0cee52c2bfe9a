"""`errors`: rows for which the model gives no usable prediction."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate
from modelqa.core.ports import Complaint, Context, Needs, Predictions, check
from modelqa.core.result import Measurement
from modelqa.core.units import Unit
from modelqa.errors import ModelQAError
from modelqa.stats import intervals

MOST_CALLS = 1000
"""Calls spent on finding the rows that raise; what is still open then widens the interval."""


def _ordered(
    _: str, *, low: float | None = None, high: float | None = None, **__: Any
) -> Iterator[Complaint]:
    if low is not None and high is not None and low > high:
        yield "low", f"expected at most high ({high:g}), found {low:g}"


@check(needs=Needs.PREDICTIONS | Needs.BATCH, unit=Unit.SHARE, facts=True, verify=_ordered)
def errors(
    ctx: Context,
    statistic: Literal["rate"],
    *,
    low: float | None = None,
    high: float | None = None,
    generalise: bool = False,
) -> Iterator[Measurement]:
    """The share of rows whose prediction raises, is missing, NaN, infinite or out of range.

    ``statistic`` is ``rate``. ``low`` and ``high`` are the range that numeric predictions must keep
    to. When the model raises on the batch, the rows that make it raise are found by halving. The
    share is a fact about this batch; with ``generalise: true`` it is an estimate for batches like it
    (exact binomial interval).

    Example::

        - errors: rate
          max: 0.1%
    """
    found = _found(ctx, low, high)
    bad = sum(found.counts.values())
    rows = ctx.batch.rows
    if generalise and not found.unresolved:
        estimate = intervals.proportion(bad, rows, ctx.levels)
    else:
        ends = (bad / rows, (bad + found.unresolved) / rows)
        estimate = Estimate(ends[0], low=ends[0], high=ends[1], n=rows)
    yield Measurement(f"error_{statistic}", estimate, unit=Unit.SHARE, note=_note(found))


@dataclass(frozen=True, slots=True)
class _Found:
    counts: dict[str, int]
    unresolved: int = 0


def _found(ctx: Context, low: float | None, high: float | None) -> _Found:
    try:
        return _Found(_counts(ctx.predictions(), low, high))
    except ModelQAError:
        raise
    except Exception:  # whatever a model raises is what is being counted
        return _search(ctx, low, high)


def _counts(said: Predictions, low: float | None, high: float | None) -> dict[str, int]:
    """Rows by what is wrong with their prediction, each row counted once."""
    values = said.values
    numbers = values if values.dtype.kind in "fiu" else None
    missing = _missing(values)
    if said.probabilities is not None:
        missing = missing | np.isnan(said.probabilities).any(axis=1)
    infinite = np.zeros(len(values), bool) if numbers is None else np.isinf(numbers)
    outside = np.zeros(len(values), bool)
    if numbers is not None and (low is not None or high is not None):
        with np.errstate(invalid="ignore"):
            outside = ~((numbers >= _or(low, -np.inf)) & (numbers <= _or(high, np.inf)))
    outside &= ~missing & ~infinite
    named = {"missing or NaN": missing, "infinite": infinite, "out of range": outside}
    return {name: int(mask.sum()) for name, mask in named.items() if mask.any()}


def _missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.fromiter((v is None or v != v for v in values.tolist()), bool, len(values))
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _search(ctx: Context, low: float | None, high: float | None) -> _Found:
    """Halve the batch until the rows that raise stand alone, or the calls are spent."""
    frame = ctx.batch.to_pandas(ctx.features)
    counts: dict[str, int] = {}
    halves, calls = [(0, len(frame))], 0
    while halves and calls < MOST_CALLS:
        start, end = halves.pop()
        calls += 1
        try:
            here = _counts(ctx.model.predict(frame.iloc[start:end]), low, high)
        except Exception:
            if end - start > 1:
                middle = (start + end) // 2
                halves += [(middle, end), (start, middle)]
                continue
            here = {"raised": 1}
        for name, count in here.items():
            counts[name] = counts.get(name, 0) + count
    return _Found(counts, sum(end - start for start, end in halves))


def _note(found: _Found) -> str:
    parts = [f"{count:,} {name}" for name, count in found.counts.items()]
    if found.unresolved:
        parts.append(f"{found.unresolved:,} rows not looked into after {MOST_CALLS:,} calls")
    return ", ".join(parts)
