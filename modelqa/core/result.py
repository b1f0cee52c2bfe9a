"""From a measurement to a verdict, a check's result and a run's: frozen, and free of objects."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Self

from modelqa.core.bound import Bound, Limit, Outcome, judge, rows_to_tell
from modelqa.core.estimate import Estimate
from modelqa.core.evidence import Evidence
from modelqa.core.subject import SubjectInfo
from modelqa.core.units import Unit, show

ALL = ""
"""The slice that holds every row."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a check found: no judgement in it.

    ``bound`` is set where the check's own arguments hold the bound (``nulls: 0``); otherwise the
    bound of the suite's check applies. ``note`` says what a reader must know about this value;
    ``counts`` names what the n of its estimate counts. An ``advisory`` one can only warn.
    """

    metric: str
    estimate: Estimate
    _: KW_ONLY
    slice: str = ALL
    column: str | None = None
    unit: Unit = Unit.NUMBER
    bound: Bound | None = None
    note: str = ""
    counts: str = "rows"
    evidence: tuple[Evidence, ...] = ()
    advisory: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A measurement, held against its bound, with the reason in words."""

    outcome: Outcome
    measurement: Measurement
    bound: Bound
    reason: str

    @classmethod
    def of(cls, measurement: Measurement, bound: Bound) -> Self:
        """Judge a measurement by its own bound, or by the check's.

        >>> found = Measurement("roc_auc", Estimate(0.871, low=0.862, high=0.88, n=41203))
        >>> Verdict.of(found, Bound(min=0.9)).reason
        'roc_auc 0.871 [0.862, 0.880] < min 0.90 (n=41,203)'
        """
        bound = measurement.bound or bound
        if measurement.advisory:
            bound = bound.softened()
        judged = judge(measurement.estimate, bound)
        reason = _reason(measurement, bound, judged.outcome, judged.limit)
        return cls(judged.outcome, replace(measurement, bound=None, advisory=False), bound, reason)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """All verdicts of one check. ``where`` is ``file:line``; ``reason`` says why there are none.

    ``cached`` says that an earlier run measured it, on the same inputs.
    """

    id: str
    kind: str
    verdicts: tuple[Verdict, ...]
    outcome: Outcome
    _: KW_ONLY
    seconds: float
    where: str
    reason: str = ""
    notes: tuple[str, ...] = ()
    cached: bool = False

    @property
    def worst(self) -> Verdict | None:
        """The verdict to show first: the most severe one, the first among equals."""
        order = list(Outcome)
        return min(self.verdicts, key=lambda verdict: order.index(verdict.outcome), default=None)

    @property
    def message(self) -> str:
        """Why the check ended as it did, in one line."""
        worst = self.worst
        return self.reason or (worst.reason if worst else "nothing was measured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a run may get wrong by chance: red in ``false_alarms`` of runs, on a healthy subject.

    Each of the ``checks`` that chance can turn red holds ``alpha`` of it; a green check is one of
    ``confidence``.
    """

    false_alarms: float
    confidence: float
    alpha: float
    checks: int


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One run of a suite over one subject. ``started`` is ISO 8601 in UTC.

    ``levels`` is None where a result was written before results said it.
    """

    suite: str
    subject: SubjectInfo
    checks: tuple[CheckResult, ...]
    _: KW_ONLY
    started: str
    digest: str
    levels: Budget | None = None

    @property
    def outcome(self) -> Outcome:
        """The most severe outcome of all checks; a run without checks is errored."""
        return Outcome.worst([check.outcome for check in self.checks])

    def estimates(self) -> int:
        """How many verdicts rest on an estimate that its bound can turn red."""
        verdicts = [verdict for check in self.checks for verdict in check.verdicts]
        return sum(v.bound.reds != "none" and not v.measurement.estimate.is_fact for v in verdicts)

    def counts(self) -> dict[Outcome, int]:
        """How many checks ended in each outcome, most severe first; outcomes without any left out."""
        return count(check.outcome for check in self.checks)


def count(outcomes: Iterable[Outcome]) -> dict[Outcome, int]:
    """How often each outcome occurs, most severe first.

    >>> count([Outcome.PASSED, Outcome.FAILED, Outcome.PASSED])
    {<Outcome.FAILED: 'failed'>: 1, <Outcome.PASSED: 'passed'>: 2}
    """
    found = list(outcomes)
    return {outcome: found.count(outcome) for outcome in Outcome if outcome in found}


def _reason(measurement: Measurement, bound: Bound, outcome: Outcome, limit: Limit | None) -> str:
    estimate, unit = measurement.estimate, measurement.unit
    name = _name(measurement)
    if limit is None:
        return f"{name} has no bound to be judged by"
    wanted = getattr(bound, limit)
    if not estimate.exists:
        return f"{name} does not exist on these rows (n={estimate.n:,}){_also(measurement.note)}"
    value = show_estimate(estimate, unit)
    rows = f"(n={estimate.n:,})"
    if outcome is Outcome.INCONCLUSIVE:
        told = rows_to_tell(estimate, wanted)
        tell = f": about {rounded(told):,} {measurement.counts} would tell" if told else ""
        return f"{name} {value}, {limit} {show_limit(wanted, unit)} {rows}{tell}{_also(measurement.note)}"
    above = limit.endswith("min") == (outcome is Outcome.PASSED)
    sign = (">=" if above else "<=") if outcome is Outcome.PASSED else (">" if above else "<")
    return f"{name} {value} {sign} {limit} {show_limit(wanted, unit)} {rows}{_also(measurement.note)}"


def _name(measurement: Measurement) -> str:
    column = f" of {measurement.column}" if measurement.column else ""
    part = f" in {measurement.slice}" if measurement.slice else ""
    return f"{measurement.metric}{column}{part}"


def _also(note: str) -> str:
    return f"; {note}" if note else ""


def show_estimate(estimate: Estimate, unit: Unit = Unit.NUMBER) -> str:
    """A value with its two ends; a fact without.

    >>> show_estimate(Estimate(0.871, low=0.862, high=0.88, n=9))
    '0.871 [0.862, 0.880]'
    """
    value = show(estimate.value, unit)
    if estimate.is_fact:
        return value
    return f"{value} [{show(estimate.low, unit)}, {show(estimate.high, unit)}]"


def show_limit(limit: float, unit: Unit = Unit.NUMBER) -> str:
    """A limit as somebody would have written it: 0.90, 40 ms, 0.1%.

    >>> show_limit(0.9), show_limit(0.0125), show_limit(0.1, Unit.SHARE)
    ('0.90', '0.0125', '10%')
    """
    if unit is not Unit.NUMBER or limit == int(limit):
        return show(limit, unit)
    text = f"{limit:.10g}"
    return f"{limit:.2f}" if len(text) < 4 else text


def rounded(rows: int) -> int:
    """Two significant digits: the figure is a guide, not a promise.

    >>> rounded(3708)
    3700
    """
    step: int = max(10 ** (len(str(rows)) - 2), 1)
    return round(rows / step) * step
