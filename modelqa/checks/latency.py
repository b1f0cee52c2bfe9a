"""`latency`: how long one call of the model takes, in this process."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from modelqa.checks import load
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.ports import Complaint, Context, Model, Needs, Shape, check
from modelqa.core.result import Measurement
from modelqa.core.units import Unit
from modelqa.stats import compare, intervals

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}
STATISTICS = (*QUANTILES, "mean")
Statistic = Annotated[str, Shape({"enum": list(STATISTICS)})]
Count = Annotated[int, Shape({"minimum": 1})]
FRAMES = 64
BLOCK = 10
WARM_UP_CALLS = 20
TIME_CAP = 20.0


def _known(statistic: str, **parameters: Any) -> Iterator[Complaint]:
    if statistic not in STATISTICS:
        yield None, f"unknown latency {statistic!r}; expected one of {', '.join(STATISTICS)}"
    for key in ("rows", "calls"):
        if key in parameters and parameters[key] < 1:
            yield key, f"expected at least 1, found {parameters[key]}"
    yield from load.complaints(parameters)


@check(needs=Needs.MODEL | Needs.BATCH, unit=Unit.SECONDS, paired=True, alone=True, verify=_known)
def latency(
    ctx: Context,
    statistic: Statistic,
    *,
    rows: Count = 1,
    calls: Count = 400,
    rate: load.Rate | None = None,
    concurrency: Count | None = None,
) -> Iterator[Measurement]:
    """Time single calls of the model on rows drawn from the batch.

    ``statistic`` is p50, p90, p95, p99 or mean; ``rows`` is how many rows one call scores;
    ``calls`` how many are timed at most (fewer where they take more than 20 s). The interval is
    the one of order statistics (a quantile) or studentised (the mean). Nothing else that modelqa
    runs on this machine is running meanwhile. With ``versus: champion`` both models are called in
    alternating blocks, and bounds in ``%`` are relative to the champion.

    For served models: with ``rate`` (``100 /s``) calls are made so often whether or not the earlier ones
    were answered, and timed from when they were due; with ``concurrency`` by so many callers at once,
    each of whom waits for its answer. A call that fails counts as one that never ends.

    Example::

        - latency: p95
          max: 40 ms
    """
    frames = _frames(ctx, rows)
    if rate is not None or concurrency is not None:
        sample = load.asked(ctx, frames, rate=rate, concurrency=concurrency, calls=calls)
        estimate = _estimate(sample.times, statistic, ctx.levels)
        note = load.note(sample, calls, rate)
        yield Measurement(f"latency_{statistic}", estimate, unit=Unit.SECONDS, note=note, counts="calls")
        return
    models = [ctx.model] if ctx.versus is None else [ctx.model, ctx.champion.model]
    times = _interleaved(models, frames, calls, ctx)
    name = f"latency_{statistic}"
    if ctx.versus is None:
        estimate = _estimate(times[0], statistic, ctx.levels)
    else:
        half = ctx.levels.half()
        ours, theirs = _estimate(times[0], statistic, half), _estimate(times[1], statistic, half.mirrored())
        combine = compare.independent_relative if ctx.versus == "relative" else compare.independent_difference
        estimate = combine(ours, theirs)
    yield Measurement(name, estimate, unit=Unit.SECONDS, note=_note(times[0], calls), counts="calls")


def _frames(ctx: Context, rows: int) -> "list[pd.DataFrame]":
    """Requests as a caller would send them: rows drawn from the batch, not one row repeated."""
    drawn = ctx.rng.integers(0, ctx.batch.rows, size=(FRAMES, rows))
    pool = ctx.batch.take(drawn.ravel()).to_pandas(ctx.features)
    return [pool.iloc[start : start + rows] for start in range(0, FRAMES * rows, rows)]


def _interleaved(
    models: Sequence[Model], frames: "Sequence[pd.DataFrame]", calls: int, ctx: Context
) -> list[NDArray[np.float64]]:
    """Seconds of each call of each model, measured in blocks whose order is drawn anew."""
    for model in models:
        for turn in range(WARM_UP_CALLS):
            model.call(frames[turn % len(frames)])
    times: list[list[float]] = [[] for _ in models]
    rng, stop = ctx.rng, ctx.clock() + TIME_CAP
    turn = 0
    while len(times[0]) < calls and ctx.clock() < stop:
        size = min(BLOCK, calls - len(times[0]))
        for which in rng.permutation(len(models)):
            for step in range(size):
                frame = frames[(turn + step) % len(frames)]
                began = ctx.clock()
                models[which].call(frame)
                times[which].append(ctx.clock() - began)
        turn += size
    return [np.array(each) for each in times]


def _estimate(times: NDArray[np.float64], statistic: str, levels: Levels) -> Estimate:
    if statistic == "mean":
        return intervals.mean(times, levels)
    return intervals.quantile(times, QUANTILES[statistic], levels)


def _note(times: NDArray[np.float64], calls: int) -> str:
    if len(times) < calls:
        return f"stopped after {len(times):,} of {calls:,} calls, at {TIME_CAP:.0f} s"
    return ""
