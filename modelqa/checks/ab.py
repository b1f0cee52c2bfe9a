"""`ab`: an experiment with two arms, judged while it runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from modelqa.checks.codes import apart, coded, plain
from modelqa.core import units
from modelqa.core.bound import Bound
from modelqa.core.check import Complaint, Needs, Shape, check
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Column, Context
from modelqa.core.result import Measurement
from modelqa.core.signature import ColumnKind
from modelqa.core.units import Unit, show
from modelqa.errors import CheckError
from modelqa.stats import always

NUMBERS = frozenset({ColumnKind.BOOLEAN, ColumnKind.INTEGER, ColumnKind.FLOAT})
BROKEN = 0.001
"""An assignment is called broken below this p-value (Fabijan et al. 2019 use 0.0005 to 0.001)."""
Share = Annotated[float | str, Shape({"type": ["number", "string"]})]
Value = Annotated[str | int | bool, Shape({"type": ["string", "integer", "boolean"]})]


def _sound(_: str, *, share: Any = 0.5, planned: int = 1, **keys: Any) -> Iterator[Complaint]:
    try:
        split = units.share(share)
    except ValueError as error:
        yield "share", str(error)
    else:
        if not 0 < split < 1:
            yield "share", f"expected the share of units in treatment, between 0 and 1, found {share}"
    if planned < 1:
        yield "planned", f"expected at least 1, found {planned}"
    if str(keys.get("treatment")) == str(keys.get("control")):
        yield "control", f"expected another value than that of treatment, found {keys.get('control')!r}"


def _unit(_: str, *, scale: str = "difference", **__: Any) -> Unit:
    return Unit.SHARE if scale == "relative" else Unit.NUMBER


@check(needs=Needs.BATCH, unit=_unit, verify=_sound, cached=True, signed=True)
def ab(
    ctx: Context,
    outcome: str,
    *,
    arm: str,
    treatment: Value,
    control: Value,
    share: Share = 0.5,
    unit: str | None = None,
    scale: always.Scale = "difference",
    planned: Annotated[int, Shape({"minimum": 1})] = 10_000,
) -> Iterator[Measurement]:
    """Compare the outcomes of two arms of an experiment, as often as one likes while it runs.

    The batch is the experiment so far, one row an observation: ``outcome`` is a column of numbers or
    truth values, ``arm`` the column that says who got what, ``treatment`` and ``control`` its two values
    (rows with others are left out), and ``share`` the share of units that were to get the treatment.
    ``unit`` is the column that names who was assigned, where one of them may have several rows; who
    is found in both arms is left out, and counted.

    First comes the sample ratio: if the assignment is not by ``share`` (p below 0.001, Dirichlet mixture),
    the check is red and the outcomes are not judged, for whatever broke the assignment can break them.
    Then the mean of treatment less that of control, or that over control (``scale: relative``), between
    ends that hold at every look, so that stopping at the first clear verdict is allowed. They are
    closest after ``planned`` units (both arms), which is to be chosen before the data is seen, and need
    30 units in each arm. ``min: 0`` says that treatment has to win; a check of another outcome
    with ``min: -0.01`` guards it.

    Its id tells both arms; ``name:`` gives it a shorter one.

    Raises `CheckError` where the outcome is no number, or an arm has no rows.

    Example::

        - ab: label
          arm: region
          treatment: EU
          control: US
          share: 38%
          min: -0.25
    """
    sides = _sides(ctx, outcome, arm, (str(treatment), str(control)), unit)
    designed = units.share(share)
    p = always.mismatch(sides.assigned[0], sum(sides.assigned), designed)
    yield _ratio(sides, designed, p)
    metric = f"ab_{outcome}_{scale}"
    if p < BROKEN:
        withheld = Estimate.undefined(n=sum(sides.assigned))
        yield Measurement(
            metric, withheld, unit=_unit(outcome, scale=scale), note="withheld: sample ratio mismatch"
        )
        return
    found = always.compared(*sides.arms, ctx.levels, planned=planned, scale=scale)
    told = [
        f"{name} {each.mean:.4g} (n={each.n:,})"
        for name, each in zip(("treatment", "control"), sides.arms, strict=True)
    ]
    few = f"fewer than {always.FEWEST} units in an arm decide nothing"
    told += [few] if min(each.n for each in sides.arms) < always.FEWEST else []
    told += [f"{what}: {count:,}" for what, count in sides.left.items() if count]
    yield Measurement(metric, found, unit=_unit(outcome, scale=scale), note="; ".join(told), counts="units")


@dataclass(frozen=True, slots=True)
class _Sides:
    """Units assigned to treatment and to control, their outcomes, and what was left out."""

    assigned: tuple[int, int]
    arms: tuple[always.Arm, always.Arm]
    left: dict[str, int]


def _ratio(sides: _Sides, designed: float, p: float) -> Measurement:
    """Whether the assignment is broken, as a count of one."""
    n = sum(sides.assigned)
    got = f"{show(sides.assigned[0] / n, Unit.SHARE)} of {n:,} units got the treatment"
    note = f"{got}, {show(designed, Unit.SHARE)} were to; p = {p:.2g}"
    fact = Estimate.fact(int(p < BROKEN), n=n)
    return Measurement("sample_ratio_mismatch", fact, bound=Bound(max=0), note=note, counts="units")


def _sides(ctx: Context, outcome: str, arm: str, values: tuple[str, str], unit: str | None) -> _Sides:
    (found, got), seen = coded(_column(ctx, arm)), _column(ctx, outcome)
    if seen.kind not in NUMBERS:
        raise CheckError(f"column {outcome!r} holds {seen.kind}; expected numbers or truth values")
    sides = {value: code for code, value in enumerate(values)}
    side = np.array([*(sides.get(plain(value), -1) for value in found), -1])[got]
    who = np.arange(len(side)) if unit is None else apart(coded(_column(ctx, unit))[1])
    crossed = _crossed(who, side)
    side = np.where(crossed, -1, side)
    assigned = tuple(len(np.unique(who[side == code])) for code in (0, 1))
    empty = [value for value, count in zip(values, assigned, strict=True) if not count]
    if empty:
        raise CheckError(f"column {arm!r} has no row of {' or of '.join(map(repr, empty))}")
    known = ~seen.missing
    arms = tuple(
        always.arm(
            seen.values[known & (side == code)].astype(np.float64),
            None if unit is None else who[known & (side == code)],
        )
        for code in (0, 1)
    )
    left = {
        "rows of other arms": int(np.count_nonzero((side < 0) & ~crossed)),
        "units in both arms, left out": len(np.unique(who[crossed])),
        "rows without an outcome yet": int(np.count_nonzero(~known & (side >= 0))),
    }
    return _Sides(assigned, arms, left)  # type: ignore[arg-type]


def _crossed(who: NDArray[np.intp], side: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Rows of units that are found in both arms."""
    both = np.intersect1d(who[side == 0], who[side == 1])
    return np.isin(who, both)


def _column(ctx: Context, name: str) -> Column:
    if name not in ctx.batch.kinds:
        raise CheckError(f"{ctx.batch.info.name} has no column {name!r}")
    return ctx.batch.column(name)
