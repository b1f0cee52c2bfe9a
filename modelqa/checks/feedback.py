"""`feedback`: what people say of predictions."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from modelqa.checks.reviewed import Names, Reviewed, reviewed
from modelqa.core.check import Needs, check
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.ports import Context
from modelqa.core.result import Measurement
from modelqa.core.units import Unit
from modelqa.errors import CheckError
from modelqa.stats import intervals
from modelqa.stats.reviews import APPROVED

Statistic = Literal["approval_rate", "correction_rate", "agreement"]


@check(needs=Needs.BATCH, unit=Unit.SHARE)
def feedback(
    ctx: Context,
    statistic: Statistic,
    *,
    table: str,
    on: str | None = None,
    row: str | None = None,
    verdict: str = "verdict",
    correction: str = "correction",
    reviewer: str = "reviewer",
    time: str = "time",
) -> Iterator[Measurement]:
    """Judge what people said of the predictions of these rows.

    ``statistic`` is approval_rate (rows whose prediction people call right), correction_rate (rows for
    which they say what is right) or agreement (of two reviewers of a row, how often they say the same).
    The rates are of the reviewed rows of the batch (exact binomial interval), agreement is averaged over
    rows with two reviewers or more (studentised).

    ``table`` is a file with a review a row, or `assessments:/EXPERIMENT/NAME`: what people said of the
    traces of an MLflow experiment. ``on`` is the column that names the row (left out: the suite's
    `key`), and ``row`` its name in the table, if it is another (of assessments `request`, the client's
    request id). The other keys name columns of the table: ``verdict`` is approve or reject, or what means
    the same; ``correction`` what would be right, and then counts whatever the verdict is; ``reviewer`` an
    opaque name; ``time`` when it was said. One of verdict and correction may be missing, and both of the
    others.

    Of a reviewer's verdicts on a row the latest counts; of several reviewers the majority, and the latest
    of a tie.

    Raises `CheckError` where a column is missing, a review has neither a correction nor a verdict
    that is one, or no row is reviewed.

    Example::

        - feedback: approval_rate
          table: feedback.csv
          on: id
          min: 60%
    """
    names = Names(_on(ctx, on), row=row, verdict=verdict, correction=correction, reviewer=reviewer, time=time)
    found = reviewed(ctx.batch, ctx.rows(table), names)
    if not len(found.resolved.rows):
        of = f"{names.on!r}" if row is None else f"{names.on!r} with {row!r}"
        raise CheckError(
            f"{table} has no verdict on any of these {ctx.batch.rows:,} rows (compared by column {of}); "
            f"{found.note or 'it names no row'}"
        )
    estimate = _estimate(found, statistic, ctx.levels)
    alone = "" if estimate.exists else "; no row has two reviewers"
    yield Measurement(f"feedback_{statistic}", estimate, unit=Unit.SHARE, note=found.note + alone)


def _on(ctx: Context, on: str | None) -> str:
    if on is None and len(ctx.key) != 1:
        raise CheckError("say by which column reviews name rows: `on:`, or the suite's `key:`")
    return ctx.key[0] if on is None else on


def _estimate(found: Reviewed, statistic: Statistic, levels: Levels) -> Estimate:
    if statistic == "agreement":
        seen = found.resolved.agreement[np.isfinite(found.resolved.agreement)]
        return intervals.mean(seen, levels, bounds=(0.0, 1.0))
    answers = found.resolved.answers
    hits = answers == APPROVED if statistic == "approval_rate" else answers > APPROVED
    return intervals.proportion(int(np.count_nonzero(hits)), len(answers), levels)
