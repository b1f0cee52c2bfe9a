"""Checks of this repository's own: any function that is marked, named in a suite as `suites.flips:...`."""

from collections.abc import Iterator

import numpy as np

import modelqa
from modelqa import CheckError, Context, Measurement, Needs, Unit
from modelqa.stats.intervals import proportion


@modelqa.check(needs=Needs.MODEL, unit=Unit.SHARE)
def flip_rate(ctx: Context, column: str, *, trials: int = 1000) -> Iterator[Measurement]:
    """How often a decision hangs on one column: the share that flips when its values are exchanged.

    ``column`` is an input of the model. Rows are drawn from the batch, ``trials`` of them; each
    gets the value of another one in this column, and keeps all others. The interval is the exact
    one of a proportion.

    Raises `CheckError` where the model does not read the column.

    Example::

        - suites.flips:flip_rate: signal
          max: 90%
    """
    if column not in ctx.features:
        raise CheckError(f"the model does not read {column!r}, but {', '.join(ctx.features)}")
    rng = ctx.rng
    rows = ctx.batch.take(rng.integers(0, ctx.batch.rows, trials)).to_pandas(ctx.features)
    moved = rows.assign(**{column: rows[column].sample(frac=1, random_state=rng).array})
    flipped = ctx.model.predict(rows).values != ctx.model.predict(moved).values
    yield Measurement("flip_rate", proportion(int(np.sum(flipped)), trials, ctx.levels), column=column)
