"""`latency`: how long one call of the model takes, in this process."""

from collections.abc import Iterator, Mapping
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, Literal

from modelqa.checks import load, surroundings
from modelqa.checks.timing import Call, Effort, Seen, watch
from modelqa.core.check import Complaint, Needs, Shape, check
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.evidence import Evidence
from modelqa.core.ports import Context, Model, Versus
from modelqa.core.result import Measurement
from modelqa.core.units import Unit, show
from modelqa.stats import blocks, compare, inverted
from modelqa.stats import latency as spans

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

QUANTILES = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}
STATISTICS = (*QUANTILES, "mean", "throughput")
Statistic = Annotated[str, Shape({"enum": list(STATISTICS)})]
Count = Annotated[int, Shape({"minimum": 1})]
Seconds = Annotated[float, Shape({"exclusiveMinimum": 0})]
Flavour = Literal["native", "pyfunc"]
FRAMES, FRAME_ROWS = 500, 20_000
"""So many different requests are prepared, fewer where they hold many rows."""
FIRST, BEYOND = 200, 10
"""Calls before the first look: so many, and so many that are slower than the quantile."""
MOST_CALLS, LOADING_CALLS = 50_000, 400
"""Calls of a model where a suite does not say how many: one after the other, and under load."""
LEAST = 1.0
"""Seconds before the first look at a mean: a stall that comes once a second belongs to it."""


def _known(statistic: str, **parameters: Any) -> Iterator[Complaint]:
    if statistic not in STATISTICS:
        yield None, f"unknown latency {statistic!r}; expected one of {', '.join(STATISTICS)}"
    for key in ("rows", "calls"):
        if parameters.get(key) is not None and parameters[key] < 1:
            yield key, f"expected at least 1, found {parameters[key]}"
    if parameters.get("seconds", 1) <= 0:
        yield "seconds", f"expected more than 0, found {parameters['seconds']:g}"
    if statistic == "throughput" and (parameters.get("rate") or parameters.get("concurrency")):
        yield None, "throughput is of one call after the other: leave out rate and concurrency"
    yield from load.complaints(parameters)


def _unit(statistic: str, **_: Any) -> Unit:
    return Unit.PER_SECOND if statistic == "throughput" else Unit.SECONDS


@check(needs=Needs.MODEL | Needs.BATCH, unit=_unit, paired=True, alone=True, verify=_known)
def latency(
    ctx: Context,
    statistic: Statistic,
    *,
    rows: Count = 1,
    flavour: Flavour = "native",
    calls: Count | None = None,
    seconds: Seconds = load.MOST_SECONDS,
    rate: load.Rate | None = None,
    concurrency: Count | None = None,
) -> Iterator[Measurement]:
    """Time single calls of the model on rows drawn from the batch.

    ``statistic`` is p50, p90, p95, p99, mean or throughput (rows a second, one call after the other);
    ``rows`` is how many rows one call scores; ``flavour`` is native, the model's own library, or
    pyfunc, MLflow's wrapper around it, which is what a server calls. It measures until the verdict is
    clear, at most ``calls`` calls a model (50,000) and ``seconds`` seconds, else is inconclusive. What
    calls have in common (stalls, busy neighbours) is in the interval. Nothing else that modelqa runs on
    this machine is running meanwhile. With ``versus: champion`` both models are called in blocks side by
    side, in random order, and bounds in ``%`` are relative to the champion.

    For served models: with ``rate`` (``100 /s``) calls are made so often whether or not the earlier ones
    were answered, and timed from when they were due; with ``concurrency`` by so many callers at once,
    each of whom waits for its answer. ``calls`` are made then (400), as far as ``seconds`` reach. A call
    that fails counts as one that never ends.

    Example::

        - latency: p95
          max: 40 ms
    """
    frames = _frames(ctx, rows)
    if rate is None and concurrency is None:
        yield _in_turn(ctx, statistic, frames, flavour, calls=calls or MOST_CALLS, seconds=seconds)
        return
    model = _asked(ctx, flavour)
    made = load.Wanted(rate=rate, concurrency=concurrency, calls=calls or LOADING_CALLS, seconds=seconds)
    sample = load.asked(ctx, model, frames, made)
    yield Measurement(
        f"latency_{statistic}",
        _of_calls(sample.times, statistic, ctx.levels),
        unit=Unit.SECONDS,
        note=load.note(sample, made),
        counts="calls",
    )


def _in_turn(
    ctx: Context,
    statistic: str,
    frames: "list[pd.DataFrame]",
    flavour: Flavour,
    *,
    calls: int,
    seconds: float,
) -> Measurement:
    """One call after the other, measured until the verdict is clear."""
    callers: list[Call] = [
        _asked(each, flavour).call for each in ([ctx] if ctx.versus is None else [ctx, ctx.champion])
    ]
    q, rows = QUANTILES.get(statistic), len(frames[0])
    effort = Effort(
        first=FIRST if q is None else max(FIRST, round(BEYOND / (1 - q))),
        calls=calls,
        seconds=seconds,
        least=LEAST if q is None and ctx.versus is None else 0.0,
    )
    with surroundings.watched() as since:
        for seen in watch(callers, frames, effort, clock=ctx.clock, rng=ctx.rng):
            estimate = _estimate(seen, statistic, rows, ctx.versus, ctx.levels.over(seen.looks))
            if ctx.settled(estimate):
                break
        after = since()
    test = inverted.of_ends(
        estimate.value,
        lambda levels: _estimate(seen, statistic, rows, ctx.versus, levels.over(seen.looks)),
        least=inverted.ROUGHLY,
    )
    return Measurement(
        statistic if statistic == "throughput" else f"latency_{statistic}",
        estimate,
        unit=_unit(statistic),
        note=_note(seen, after, settled=ctx.settled(estimate), effort=effort),
        counts="calls",
        evidence=(_evidence(seen, after), *ctx.over_time(test)),
    )


def _asked(ctx: Context, flavour: Flavour) -> Model:
    return ctx.wrapped if flavour == "pyfunc" else ctx.model


def _frames(ctx: Context, rows: int) -> "list[pd.DataFrame]":
    """Requests as a caller would send them: rows drawn from the batch, not one row repeated."""
    count = max(min(FRAMES, FRAME_ROWS // rows), 8)
    drawn = ctx.rng.integers(0, ctx.batch.rows, size=count * rows)
    pool = ctx.batch.take(drawn).to_pandas(ctx.features)
    return [pool.iloc[start : start + rows] for start in range(0, count * rows, rows)]


def _estimate(seen: Seen, statistic: str, rows: int, versus: Versus | None, levels: Levels) -> Estimate:
    q = QUANTILES.get(statistic)
    speed = statistic == "throughput"
    if versus is None:
        if speed:
            return _speed(seen.times[0], rows, levels)
        return _of_calls(seen.times[0], statistic, levels)
    if speed and versus == "difference":
        half = levels.half()
        ours, theirs = _speed(seen.times[0], rows, half), _speed(seen.times[1], rows, half.mirrored())
        return compare.independent_difference(ours, theirs)
    a, b = (times.reshape(-1, seen.block) for times in seen.times)
    # Twice the speed is half the time: of two speeds, the champion's time comes first.
    return blocks.compared(b, a, q, versus, levels) if speed else blocks.compared(a, b, q, versus, levels)


def _of_calls(times: "NDArray[np.float64]", statistic: str, levels: Levels) -> Estimate:
    q = QUANTILES.get(statistic)
    return spans.mean(times, levels) if q is None else spans.quantile(times, q, levels)


def _speed(times: "NDArray[np.float64]", rows: int, levels: Levels) -> Estimate:
    """Rows a second: rows over the mean, whose high end is the low end here."""
    mean = spans.mean(times, levels.mirrored())
    low, high = rows / mean.high, rows / mean.low if mean.low > 0 else inf
    return Estimate(rows / mean.value, low=low, high=high, n=mean.n)


def _note(seen: Seen, around: Mapping[str, Any], effort: Effort, *, settled: bool) -> str:
    """Whether the model was warm, and where nothing is decided, how noisy it was and what would help."""
    told = [f"not steady after {warm.calls} calls of warm-up" for warm in seen.warm_up[:1] if not warm.steady]
    if not settled:
        noise = show(spans.noise(seen.times[0], seen.block), Unit.SHARE, 2)
        in_time = len(seen.times[0]) >= effort.calls
        more = f"`calls:` above {effort.calls:,}" if in_time else f"`seconds:` above {effort.seconds:g}"
        told.append(
            f"noise {noise} from block to block, interrupted {around['interrupted']:,} times: "
            f"a quieter machine or {more} would help"
        )
    return "; ".join(told)


def _evidence(seen: Seen, around: Mapping[str, Any]) -> Evidence:
    names = ("model", "champion")[: len(seen.times)]
    data = spans.distribution(dict(zip(names, seen.times, strict=True)))
    warm = [{"calls": each.calls, "steady": each.steady} for each in seen.warm_up]
    noise = [spans.noise(each, seen.block) for each in seen.times]
    about = {
        "warm_up": warm,
        "noise": noise,
        "seconds": seen.seconds,
        "looks": seen.looks,
        "block": seen.block,
    }
    return Evidence("latency", {**data, **about, "machine": dict(around)})
