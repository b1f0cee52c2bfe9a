"""Checks with the signatures of the real ones, so that these tests depend on no score or library."""

from collections.abc import Iterator
from typing import Any, Literal

from modelqa.core.check import Complaint, Needs, check
from modelqa.core.ports import Context
from modelqa.core.result import Measurement
from modelqa.core.units import Unit

SCORERS = ("roc_auc", "f1", "accuracy", "log_loss")
PROVIDER = "somebody"


def _known(scorer: str, **_: Any) -> Iterator[Complaint]:
    if scorer not in SCORERS:
        yield None, f"unknown scorer {scorer!r}"


def _positive(_: str, *, rows: int = 1, **__: Any) -> Iterator[Complaint]:
    if rows < 1:
        yield "rows", f"expected at least 1, found {rows}"


def _broken(*_: Any, **__: Any) -> Iterator[Complaint]:
    raise RuntimeError("a slip of the author")


@check(needs=Needs.PREDICTIONS | Needs.LABELS, paired=True, verify=_known)
def metric(ctx: Context, scorer: str, *, threshold: float | None = None) -> Iterator[Measurement]:
    """Stand for a score."""
    yield from ()


@check(needs=Needs.MODEL | Needs.BATCH, unit=Unit.SECONDS, paired=True, alone=True, verify=_positive)
def latency(
    ctx: Context, statistic: Literal["p50", "p95"], *, rows: int = 1, calls: int | None = None
) -> Iterator[Measurement]:
    """Stand for the time of a call."""
    yield from ()


@check(needs=Needs.PREDICTIONS | Needs.BATCH, unit=Unit.SHARE, facts=True)
def errors(
    ctx: Context, statistic: Literal["rate"], *, low: float | None = None, high: float | None = None
) -> Iterator[Measurement]:
    """Stand for the share of rows that a model cannot predict."""
    yield from ()


@check(own_bound=True, facts=True)
def schema(
    ctx: Context,
    contract: str | dict[str, Any],
    *,
    extra: Literal["allow", "forbid"] = "allow",
    unique: list[str] | None = None,
) -> Iterator[Measurement]:
    """Stand for the contract of a batch."""
    yield from ()


@check(needs=Needs.BATCH | Needs.REFERENCE)
def drift(ctx: Context, columns: str | list[str], *, method: str | None = None) -> Iterator[Measurement]:
    """Stand for the distance of two samples."""
    yield from ()


@check(own_bound=True, facts=True)
def expect(
    ctx: Context, expectation: str, *, column: str | None = None, **arguments: Any
) -> Iterator[Measurement]:
    """Stand for a check that takes any argument."""
    yield from ()


@check(unit=Unit.BYTES)
def memory(ctx: Context) -> Iterator[Measurement]:
    """Stand for a check without a main parameter."""
    yield from ()


@check(unit=Unit.PER_SECOND)
def rate(
    ctx: Context,
    column: str,
    *,
    weights: dict[str, float] | None = None,
    window: tuple[int, int] = (0, 1),
    exact: bool = False,
    seed: int,
) -> Iterator[Measurement]:
    """Stand for a check of a repository of its own, with every kind of annotation."""
    yield from ()


@check(verify=_broken)
def slipping(ctx: Context, column: str) -> Iterator[Measurement]:
    """Stand for a check whose verification raises."""
    yield from ()


@check
def shadowing(ctx: Context, column: str, *, min: int = 0) -> Iterator[Measurement]:  # noqa: A002
    """Stand for a check that declares a reserved name."""
    yield from ()


@check
def dangling(ctx: Context, column: "Nowhere") -> Iterator[Measurement]:  # type: ignore[name-defined]  # noqa: F821
    """Stand for a check whose annotation cannot be resolved."""
    yield from ()


def unmarked(ctx: Context, column: str) -> Iterator[Measurement]:
    """Stand for a function that is no check."""
    yield from ()


CATALOGUE = {
    name: f"fake_checks:{name}"
    for name in ("metric", "latency", "errors", "schema", "drift", "expect", "memory")
}
