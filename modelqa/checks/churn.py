"""`churn`: rows whose prediction is another one than the champion's."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.core.check import Complaint, Needs, Shape, check
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Context, Predictions
from modelqa.core.result import Measurement
from modelqa.core.units import Unit
from modelqa.errors import CheckError
from modelqa.stats import intervals


def _sized(_: str, *, tolerance: float = 0.0, **__: Any) -> Iterator[Complaint]:
    if not 0 <= tolerance < np.inf:
        yield "tolerance", f"expected a number from 0, found {tolerance:g}"


@check(
    needs=Needs.PREDICTIONS | Needs.BATCH | Needs.CHAMPION,
    unit=Unit.SHARE,
    facts=True,
    verify=_sized,
    cached=True,
)
def churn(
    ctx: Context,
    statistic: Literal["rate"],
    *,
    tolerance: Annotated[float, Shape({"minimum": 0})] = 0.0,
    generalise: bool = False,
) -> Iterator[Measurement]:
    """The share of rows whose prediction differs from the champion's; labels are not needed.

    ``statistic`` is ``rate``. Classes are compared as they are decided, at the suite's `threshold`
    where it has one. Numbers differ if they are more than ``tolerance`` apart; left out, any
    difference counts. A prediction that only one of the two models gives is a difference. The share
    is a fact about this batch; with ``generalise: true`` it is an estimate for batches like it (exact
    binomial interval).

    Raises `CheckError` where one model gives classes and the other numbers, or where ``tolerance``
    is to hold for classes.

    Example::

        - churn: rate
          max: 5%
    """
    ours, theirs = ctx.decisions(), ctx.champion.decisions()
    rows = len(ours.values)
    moved = int(np.count_nonzero(differs(ours, theirs, tolerance)))
    if generalise:
        estimate = intervals.proportion(moved, rows, ctx.levels)
    else:
        estimate = Estimate.fact(moved / rows, n=rows) if rows else Estimate.undefined(n=0)
    note = f"{moved:,} of {rows:,} predictions changed"
    yield Measurement(f"churn_{statistic}", estimate, unit=Unit.SHARE, note=note)


def differs(ours: Predictions, theirs: Predictions, tolerance: float) -> NDArray[np.bool_]:
    """For each row, whether the two predictions are different ones."""
    numbers = [said.classes is None and said.values.dtype.kind in "fiu" for said in (ours, theirs)]
    if all(numbers):
        return _apart(ours.values.astype(np.float64), theirs.values.astype(np.float64), tolerance)
    if tolerance:
        raise CheckError("tolerance is how far numbers may be apart, and these predictions are classes")
    if ours.classes is None and theirs.classes is None and any(numbers):
        raise CheckError("one of the two models predicts numbers and the other classes: nothing to compare")
    one, other = _codes(ours.values, theirs.values)
    return np.asarray(one != other)


def _apart(ours: NDArray[np.float64], theirs: NDArray[np.float64], tolerance: float) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        same = (ours == theirs) | (np.abs(ours - theirs) <= tolerance)
    return np.asarray(~(same | (np.isnan(ours) & np.isnan(theirs))))


def _codes(*sides: NDArray[Any]) -> list[NDArray[np.intp]]:
    """Classes of several models as codes: 1, 1.0, True and the text 1 are one class, None and NaN none."""
    known: dict[str, int] = {}
    return [_coded(side, known) for side in sides]


def _coded(side: NDArray[Any], known: dict[str, int]) -> NDArray[np.intp]:
    if side.dtype == object:
        seen: dict[Any, int] = {}
        values = side.tolist()
        codes = [seen[v] if v in seen else seen.setdefault(v, _code(v, known)) for v in values]
        return np.array(codes, dtype=np.intp)
    distinct, inverse = np.unique(side, return_inverse=True)
    table = np.array([_code(value, known) for value in distinct.tolist()] or [0], dtype=np.intp)
    return table[inverse]


def _code(value: Any, known: dict[str, int]) -> int:
    if value is None or value != value:
        return -1
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    return known.setdefault(str(value), len(known))
