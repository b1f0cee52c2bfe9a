"""`cases`: rows with the prediction that a model has to give, whatever its scores."""

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from modelqa.checks.churn import differs
from modelqa.checks.codes import coded
from modelqa.core.check import Complaint, Needs, Shape, check
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Column, Context, Predictions
from modelqa.core.result import Measurement
from modelqa.errors import CheckError

SHOWN = 10


def _sized(_: str, *, tolerance: float = 0.0, **__: Any) -> Iterator[Complaint]:
    if not 0 <= tolerance < np.inf:
        yield "tolerance", f"expected a number from 0, found {tolerance:g}"


@check(needs=Needs.MODEL, facts=True, verify=_sized)
def cases(
    ctx: Context,
    path: str,
    *,
    expected: str = "expected",
    tolerance: Annotated[float, Shape({"minimum": 0})] = 0.0,
) -> Iterator[Measurement]:
    """Count the cases that the model gets wrong: regression tests of a model.

    ``path`` is a table of cases, a row each with the columns that the model reads, and ``expected`` the
    column with what it has to predict: a class (decided at the suite's `threshold`), or a number,
    which may be ``tolerance`` off. `modelqa feedback export` writes such a table from what people corrected.

    Raises `CheckError` where the column is missing or has gaps, or there is no case.

    Example::

        - cases: cases.csv
          max: 0
    """
    table = ctx.rows(path)
    if expected not in table.kinds:
        raise CheckError(f"{table.info.name} has no column {expected!r}")
    truth = table.column(expected)
    gaps = int(truth.missing.sum())
    if gaps:
        raise CheckError(f"{table.info.name}: {gaps:,} cases have no value of {expected!r}")
    wrong = differs(ctx.decisions_on(table), Predictions(_values(truth)), tolerance)
    count = int(np.count_nonzero(wrong))
    places = ", ".join(f"{at + 1:,}" for at in np.flatnonzero(wrong)[:SHOWN])
    more = ", ..." if count > SHOWN else ""
    note = f"{count:,} of {table.rows:,} cases wrong" + (f": rows {places}{more}" if count else "")
    yield Measurement("cases_wrong", Estimate.fact(count, n=table.rows), note=note, counts="cases")


def _values(column: Column) -> NDArray[Any]:
    """The values as they were written: texts for what is kept as codes."""
    values, codes = coded(column)
    return np.array(values, dtype=object if column.categories else None)[codes]
