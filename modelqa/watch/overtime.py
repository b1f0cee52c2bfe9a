"""Statistical checks over time: tickets from anytime-valid evidence, inside one budget of alarms a year.

A run's own verdict is right for one batch; of 365 looks a year at the same `false_alarms`, some turn red
by chance. Here each measurement that chance can turn red has a process (`stats.sequential`): every batch
adds its p-value of "the bound is kept", and what is staked on it is the measurement's share of the year's
budget, allotted as a run allots its own: evenly over the checks that chance can turn red, then evenly over
what a check measures (columns, slices, limits) on this batch. Facts stay what their result says.

**A year's promise.** On a healthy subject the alarms expected in any year are at most
`false_alarms_per_year`, whatever begins anew meanwhile. The budget flows in by the clock of the ledger, for
all measurements of a suite and model together (`sequential.inflow`). So a column that appears later, a new
model version, a changed bound, or a process that alarmed and went on spends what flows in, and no more.

**After an alarm** the stakes are spent, and the measurement is held to be bad until so many batches in a
row are clean (as many as close a ticket): batches that, by themselves, are no evidence against its bound
(p = 1, or at least 1/2). A truth at its bound is clean every other time, so nothing is stuck; one that is
1.5 standard errors beyond it is clean three times in a row once in 3,000 batches, so nothing flaps.

**A new version** of the model has processes of its own. What was bad stays so until it is clean.
Measurements that did not come again for 30 batches are forgotten, as are all versions but the last three.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from math import nan
from typing import Any, NamedTuple, Self

from modelqa.actions.tickets import fingerprint
from modelqa.core.bound import Bound, Outcome, judge
from modelqa.core.cause import muted
from modelqa.core.evidence import OVER_TIME
from modelqa.core.result import CheckResult, SuiteResult, Verdict
from modelqa.core.standing import Stand
from modelqa.core.units import Unit, show
from modelqa.ledger import Work
from modelqa.stats.inverted import Hard
from modelqa.stats.sequential import Process, inflow, look

CLEAN = 0.5
"""A p-value from here on is no evidence against a bound."""
MOST_AWAY, MOST_VERSIONS = 30, 3
"""Batches after which a measurement, and versions after which one, is forgotten."""
MOST_TOLD = 5
"""So many alarms of a check are told in words."""
_SIDES: tuple[Hard, ...] = ("min", "max")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one measurement and one limit of it.

    ``since`` names the batch from which on the evidence speaks of trouble. While it is held to be bad,
    ``alarm`` says why and ``clean`` counts batches; ``away`` counts those that lacked it.
    """

    limit: float
    _: KW_ONLY
    process: Process = field(default_factory=Process)
    since: str = ""
    alarm: str = ""
    clean: int = 0
    away: int = 0

    def plain(self) -> dict[str, Any]:
        """As built-in types, without what it does not have to say."""
        said = {"since": self.since, "alarm": self.alarm, "clean": self.clean, "away": self.away}
        told = {key: value for key, value in said.items() if value}
        return {"limit": self.limit, "process": self.process.to_plain(), **told}

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `plain`."""
        return cls(**{**plain, "process": Process.from_plain(plain["process"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the suite and the ticket demand: the budget of a year, and the clean batches that end an alarm."""

    per_year: float = 0.02
    close_after: int = 3


def after(
    result: SuiteResult, before: Mapping[str, Any] | None, *, now: float, rules: Rules
) -> tuple[dict[str, Any], dict[str, Stand]]:
    """The state after a batch, and how the checks that chance can turn red stand.

    ``before`` is the state of this suite, model and environment (plain data; None at the first batch),
    ``now`` the ledger's time in seconds. What a broken schema mutes is left as it was; such checks, like
    those that were not measured, have no standing: their result speaks.

    >>> from modelqa.core.estimate import Estimate
    >>> from modelqa.core.evidence import Evidence
    >>> from modelqa.core.result import Budget, Measurement
    >>> from modelqa.core.subject import SubjectInfo
    >>> found = Measurement("accuracy", Estimate(0.85, low=0.8, high=0.89, n=400),
    ...                     evidence=(Evidence("p_value", {"min": 1e-4}),))
    >>> verdict = Verdict.of(found, Bound(min=0.9))
    >>> check = CheckResult("accuracy", "metric", (verdict,), verdict.outcome, seconds=0, where="")
    >>> budget = Budget(false_alarms=0.01, confidence=0.95, alpha=0.01, checks=1)
    >>> run = SuiteResult("churn", SubjectInfo(), (check,), started="", digest="", levels=budget)
    >>> state = None
    >>> for day in range(3):
    ...     state, standing = after(run, state, now=day * 86_400.0, rules=Rules())
    ...     print(standing["accuracy"].outcome)
    inconclusive
    failed
    failed
    """
    state = before or {"looks": 0, "time": now, "versions": {}}
    measured = list(_heard(result))
    if not measured:  # what has flowed in is there for the next batch
        return dict(state), {}
    looks = state["looks"] + 1
    flow = rules.per_year * inflow(looks, now - state["time"])
    versions = dict(state["versions"])
    version = _version(result)
    held = dict(versions.pop(version, None) or _inherited(versions))
    standing = {}
    for check, faced in measured:
        share = rules.per_year / _checks(result) / len(faced)
        stake = flow / _checks(result) / len(faced)
        kept = _advance(_read(held, check), faced, _Batch(_batch(result), stake, share, rules))
        standing[check.id] = _stand(check, kept, faced)
        held[check.id] = {key: each.plain() for key, each in kept.items()}
    versions[version] = held
    last = dict(list(versions.items())[-MOST_VERSIONS:])
    return {"looks": looks, "time": max(now, state["time"]), "versions": last}, standing


def commit(
    work: Work, result: SuiteResult, *, environment: str, rules: Rules, earlier: Sequence[SuiteResult] = ()
) -> dict[str, Stand]:
    """The same with the state that the ledger keeps, in the transaction that commits the batch.

    ``earlier`` are results of the same batch before it was restated, or got its labels: what was measured
    then was counted then, and is no evidence twice. Such a check stands as it did.
    """
    name = "overtime:" + fingerprint(result.suite, "", result.subject.about, environment)
    counted = {check.id for before in earlier for check, _ in _heard(before)}
    again = [(check, faced) for check, faced in _heard(result) if check.id in counted]
    left = {check.id for check, _ in again}
    fresh = replace(result, checks=tuple(check for check in result.checks if check.id not in left))
    state, standing = after(fresh, work.process(name), now=work.now, rules=rules)
    work.keep_process(name, state)
    held = state["versions"].get(_version(result), {})
    return standing | {check.id: _stand(check, _read(held, check), faced) for check, faced in again}


def _heard(result: SuiteResult) -> Iterator[tuple[CheckResult, dict[str, "_Faced"]]]:
    """The checks that chance can turn red and that no broken schema mutes, with what they measured."""
    silent = muted(result.checks)
    found = ((check, _faced(check, result)) for check in result.checks if check.id not in silent)
    return ((check, faced) for check, faced in found if faced)


def _read(held: Mapping[str, Any], check: CheckResult) -> dict[str, Kept]:
    return {key: Kept.read(each) for key, each in held.get(check.id, {}).items()}


class _Batch(NamedTuple):
    """A batch by its name; what is staked on each measurement of a check, and its share a year."""

    name: str
    stake: float
    share: float
    rules: Rules


class _Faced(NamedTuple):
    """A measurement and a hard limit of it: its name, and the p-value of "it is kept" (NaN: none)."""

    called: str
    limit: float
    p: float

    @property
    def known(self) -> bool:
        return self.p == self.p


def _version(result: SuiteResult) -> str:
    """What a process is about: a version of the model, else its bytes, else its address."""
    model = result.subject.model
    return (model.version or model.digest or model.uri) if model else ""


def _batch(result: SuiteResult) -> str:
    return result.subject.batch.name if result.subject.batch else result.started


def _checks(result: SuiteResult) -> int:
    """How many checks share the budget: those of the suite, whichever of them ran."""
    return max(result.levels.checks if result.levels else 0, 1)


def _inherited(versions: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What a new version begins with: what was bad under the last one, its evidence left behind."""
    last: Mapping[str, Any] = list(versions.values())[-1] if versions else {}
    return {
        check: {
            key: Kept(each["limit"], alarm=each["alarm"]).plain()
            for key, each in held.items()
            if each.get("alarm")
        }
        for check, held in last.items()
    }


def _faced(check: CheckResult, result: SuiteResult) -> dict[str, _Faced]:
    """Each estimate with each hard limit of it; none where the result does not say at what levels it is."""
    if result.levels is None:
        return {}
    found = {}
    for verdict in check.verdicts:
        measured = verdict.measurement
        for side in _sides(verdict):
            limit = float(getattr(verdict.bound, side))
            parts = (measured.metric, measured.column or "", measured.slice, side)
            p = _p_value(verdict, side, limit, result.levels.alpha)
            found["\n".join(parts)] = _Faced(_called(verdict), limit, p)
    return found


def _sides(verdict: Verdict) -> tuple[Hard, ...]:
    """The limits that chance can turn red: hard ones of an estimate."""
    if verdict.measurement.estimate.is_fact:
        return ()
    return tuple(side for side in _SIDES if getattr(verdict.bound, side) is not None)


def _p_value(verdict: Verdict, side: Hard, limit: float, alpha: float) -> float:
    """What the check has told; of one that tells nothing, whether it is red at the check's level."""
    measured = verdict.measurement
    if not measured.estimate.exists:
        return nan
    for piece in measured.evidence:
        if piece.kind == OVER_TIME:
            return float(piece.data.get(side, 1.0))
    alone = Bound(min=limit) if side == "min" else Bound(max=limit)
    return alpha if judge(measured.estimate, alone).outcome is Outcome.FAILED else 1.0


def _called(verdict: Verdict) -> str:
    measured = verdict.measurement
    column = f" of {measured.column}" if measured.column else ""
    return measured.metric + column + (f" in {measured.slice}" if measured.slice else "")


def _advance(ours: Mapping[str, Kept], faced: Mapping[str, _Faced], batch: _Batch) -> dict[str, Kept]:
    """What is kept of a check's measurements after a batch."""
    away = {key: replace(each, away=each.away + 1) for key, each in ours.items() if key not in faced}
    left = {key: each for key, each in away.items() if each.away <= MOST_AWAY}
    return left | {key: _looked(ours.get(key), each, batch) for key, each in faced.items()}


def _looked(old: Kept | None, faced: _Faced, batch: _Batch) -> Kept:
    kept = replace(old or Kept(faced.limit), away=0)
    if kept.limit != faced.limit:
        kept = replace(kept, limit=faced.limit, process=Process(), since="")
    if not faced.known:
        return kept
    process = look(kept.process, faced.p, batch.stake)
    since = kept.since if process.batches > 1 else batch.name if process.batches else ""
    kept = replace(kept, process=process, since=since)
    if process.total >= 1:
        alarm = kept.alarm or _alarm(faced, kept, batch)
        return replace(kept, process=Process(), since="", alarm=alarm, clean=0)
    return _recovering(kept, batch.rules.close_after, clean=faced.p >= CLEAN) if kept.alarm else kept


def _recovering(kept: Kept, close_after: int, *, clean: bool) -> Kept:
    """One that is held to be bad, after a batch without a new alarm."""
    times = kept.clean + 1 if clean else 0
    if times < close_after:
        return replace(kept, clean=times)
    return replace(kept, process=Process(), since="", alarm="", clean=0)


def _alarm(faced: _Faced, kept: Kept, batch: _Batch) -> str:
    """What an alarm rests on."""
    count = max(kept.process.batches, 1)
    over = f"{count} batches since {kept.since}" if count > 1 else f"one batch, {batch.name}"
    worth = kept.process.total / batch.share
    return (
        f"{faced.called}: evidence over {over}: e-value {worth:.3g} (alarm from {1 / batch.share:,.0f} on), "
        f"anytime-valid p = {1 / worth:.2g}; budget {show(batch.rules.per_year, Unit.SHARE)} a year"
    )


def _stand(check: CheckResult, now: Mapping[str, Kept], faced: Mapping[str, _Faced]) -> Stand:
    """How a check stands: the worst of its processes, and of what it counted."""
    bad = {key: each for key, each in now.items() if each.alarm}
    outcomes = [*_counted(check), *_outcomes(check, bad, faced)]
    return Stand(Outcome.worst(outcomes), "; ".join(each.alarm for each in list(bad.values())[:MOST_TOLD]))


def _outcomes(check: CheckResult, bad: Mapping[str, Kept], faced: Mapping[str, _Faced]) -> Iterator[Outcome]:
    yield Outcome.PASSED
    for key, each in bad.items():
        if key not in faced or not faced[key].known:
            yield Outcome.INCONCLUSIVE
        elif not each.clean:
            yield Outcome.FAILED
    red = any(verdict.outcome is Outcome.FAILED and _sides(verdict) for verdict in check.verdicts)
    if red or not all(each.known for each in faced.values()):
        yield Outcome.INCONCLUSIVE


def _counted(check: CheckResult) -> Iterator[Outcome]:
    """The outcomes of what no process is about: facts, and warnings."""
    for verdict in check.verdicts:
        if not _sides(verdict) and (
            verdict.measurement.estimate.is_fact or verdict.outcome is not Outcome.INCONCLUSIVE
        ):
            yield verdict.outcome
