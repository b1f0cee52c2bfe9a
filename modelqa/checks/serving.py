"""`serving`: the model behind HTTP is the model in process."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.checks.tally import Tally
from modelqa.core.check import Complaint, Needs, Shape, check
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Context, Model, Predictions
from modelqa.core.result import Measurement
from modelqa.errors import CallError

if TYPE_CHECKING:
    import pandas as pd

Count = Annotated[int, Shape({"minimum": 1})]
Tolerance = Annotated[float, Shape({"minimum": 0})]


def _sound(_: str, *, rows: int = 1, singles: int = 1, tolerance: float = 0.0) -> Iterator[Complaint]:
    for key, value in (("rows", rows), ("singles", singles)):
        if value < 1:
            yield key, f"expected at least 1, found {value}"
    if tolerance < 0:
        yield "tolerance", f"expected at least 0, found {tolerance:g}"


@check(needs=Needs.BATCH | Needs.MODEL, facts=True, verify=_sound)
def serving(
    ctx: Context,
    property: Literal["parity"],  # noqa: A002 (the manual's word)
    *,
    rows: Count = 1000,
    singles: Count = 50,
    tolerance: Tolerance = 1e-6,
) -> Iterator[Measurement]:
    """Rows that the served model answers otherwise than the model in this process, or not at all.

    ``property`` is ``parity``. `mlflow models serve` is started for the model version, unless the
    suite's ``serve: true`` has done so, and stopped after the run. ``rows`` are drawn from the batch
    and sent together; ``singles`` of them once more, each in a request of its own. Numbers may differ
    by ``tolerance``, relative to the larger of 1 and the number in process; labels and whole numbers
    not at all. Probabilities are compared where both sides give them.

    Example::

        - serving: parity
          max: 0
    """
    del property
    drawn = ctx.rng.permutation(ctx.batch.rows)[:rows]
    frame = ctx.batch.take(drawn).to_pandas(ctx.features)
    expected = ctx.in_process.predict(frame)
    few = range(min(singles, len(frame)))
    yield _measured(
        "rows_that_differ_batched", ctx.served, frame, expected, [slice(0, len(frame))], tolerance
    )
    alone = [slice(row, row + 1) for row in few]
    yield _measured("rows_that_differ_alone", ctx.served, frame, expected, alone, tolerance)


def _measured(
    metric: str,
    model: Model,
    frame: "pd.DataFrame",
    expected: Predictions,
    parts: Iterable[slice],
    tolerance: float,
) -> Measurement:
    differ, rows, failed = 0, 0, Tally()
    for part in parts:
        here = frame.iloc[part]
        rows += len(here)
        try:
            differ += _differing(model.predict(here), expected, part, tolerance)
        except CallError as error:
            failed.add(error.kind, len(here))
    note = f"not answered: {failed}" if failed else ""
    return Measurement(metric, Estimate.fact(differ + failed.total, n=rows), note=note)


def _differing(said: Predictions, expected: Predictions, part: slice, tolerance: float) -> int:
    """How many rows of an answer are not what was expected of these rows."""
    differ = ~_same(said.values, expected.values[part], tolerance)
    ours, theirs = said.probabilities, expected.probabilities
    if ours is not None and theirs is not None and ours.shape[1] == theirs.shape[1]:
        differ |= ~_same(ours, theirs[part], tolerance).all(axis=1)
    return int(differ.sum())


def _same(said: NDArray[Any], expected: NDArray[Any], tolerance: float) -> NDArray[np.bool_]:
    """Where two arrays of one shape agree; what is missing on both sides agrees."""
    if said.dtype.kind in "fiub" and expected.dtype.kind in "fiub":
        allowed = tolerance if "f" in (said.dtype.kind, expected.dtype.kind) else 0.0
        a, b = said.astype(float), expected.astype(float)
        with np.errstate(invalid="ignore"):
            close = np.abs(a - b) <= allowed * np.maximum(1.0, np.abs(b))
        return np.asarray(close | (a == b) | (np.isnan(a) & np.isnan(b)))
    pairs = zip(said.tolist(), expected.tolist(), strict=True)
    return np.fromiter((a == b or (_gone(a) and _gone(b)) for a, b in pairs), bool, len(said))


def _gone(value: Any) -> bool:
    return value is None or value != value
