"""Results as JSON and back: built-in types only, so that they cross processes and years.

An end that is not known is null: `low` means minus infinity, `high` plus infinity, `value` NaN.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, asdict, dataclass
from math import inf, isfinite, nan
from typing import Any

from modelqa.core.bound import Bound, Outcome
from modelqa.core.estimate import Estimate
from modelqa.core.evidence import Evidence
from modelqa.core.result import Budget, CheckResult, Measurement, SuiteResult, Verdict
from modelqa.core.subject import DataInfo, ModelInfo, SubjectInfo
from modelqa.core.units import Unit

VERSION = 1
DIGITS = 6
"""Of seconds: microseconds are kept."""


def dumps(result: SuiteResult) -> str:
    """A result as JSON text, with a newline at the end."""
    return json.dumps(to_plain(result), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def loads(text: str) -> SuiteResult:
    """A result from JSON text. Raises ``ValueError`` where the text is not one of ours."""
    return from_plain(json.loads(text))


def to_plain(result: SuiteResult) -> dict[str, Any]:
    """A result as nested dictionaries and lists."""
    return {
        "version": VERSION,
        "suite": result.suite,
        "outcome": str(result.outcome),
        "started": result.started,
        "digest": result.digest,
        "levels": levels_to_plain(result.levels),
        "subject": subject_to_plain(result.subject),
        "checks": [check_to_plain(check) for check in result.checks],
    }


def from_plain(plain: Mapping[str, Any]) -> SuiteResult:
    """The inverse of `to_plain`. Raises ``ValueError`` for another version or a broken text."""
    if not isinstance(plain, Mapping) or plain.get("version") != VERSION:
        raise ValueError(f"expected a modelqa result of version {VERSION}")
    try:
        return SuiteResult(
            plain["suite"],
            subject_from_plain(plain["subject"]),
            tuple(check_from_plain(check) for check in plain["checks"]),
            started=plain["started"],
            digest=plain["digest"],
            levels=Budget(**plain["levels"]) if plain.get("levels") else None,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a modelqa result: {error!r}") from error


@dataclass(frozen=True, slots=True)
class Gathered:
    """A run as whoever follows it sees it: where the suite stands, the result, the suite's actions.

    ``partial`` says that some of the suite's checks did not run, so that no green may follow from it.
    """

    path: str
    result: SuiteResult
    _: KW_ONLY
    actions: tuple[Mapping[str, Any], ...] = ()
    partial: bool = False


def gathered(messages: Iterable[Mapping[str, Any]]) -> list[Gathered]:
    """Checks that ran one by one, anywhere, as one run of each suite, by path.

    A message holds ``suite``, ``path``, ``digest``, ``levels``, ``started``, ``position`` (of the check in
    its suite), ``total``, ``subject``, ``check`` and ``actions``, as plain data. A subject that one
    process could tell more of is told as far as any could.
    """
    suites: dict[str, list[Mapping[str, Any]]] = {}
    for message in sorted(messages, key=lambda message: (message["path"], message["position"])):
        suites.setdefault(message["path"], []).append(message)
    return [
        Gathered(
            path,
            _joined(parts),
            actions=tuple(parts[0]["actions"]),
            partial=len({part["position"] for part in parts}) < parts[0]["total"],
        )
        for path, parts in suites.items()
    ]


def _joined(messages: list[Mapping[str, Any]]) -> SuiteResult:
    fullest = max(messages, key=lambda message: len(message["subject"]))
    checks = [message["check"] for message in messages]
    started = min(message["started"] for message in messages)
    return from_plain({**fullest, "version": VERSION, "checks": checks, "started": started})


def levels_to_plain(levels: Budget | None) -> dict[str, Any] | None:
    """What a run may get wrong by chance; null where that is not known."""
    return None if levels is None else asdict(levels)


def subject_to_plain(subject: SubjectInfo) -> dict[str, Any]:
    """A subject; parts that are not there are left out."""
    return {part: value for part, value in asdict(subject).items() if value is not None}


def subject_from_plain(plain: Mapping[str, Any]) -> SubjectInfo:
    """The inverse of `subject_to_plain`."""

    def part(name: str, kind: type[ModelInfo] | type[DataInfo]) -> Any:
        return kind(**plain[name]) if name in plain else None

    return SubjectInfo(
        model=part("model", ModelInfo),
        champion=part("champion", ModelInfo),
        batch=part("batch", DataInfo),
        reference=part("reference", DataInfo),
    )


def check_to_plain(check: CheckResult) -> dict[str, Any]:
    """A check with its verdicts."""
    return {
        "id": check.id,
        "kind": check.kind,
        "outcome": str(check.outcome),
        "seconds": round(check.seconds, DIGITS),
        "where": check.where,
        "reason": check.reason,
        "notes": list(check.notes),
        **({"cached": True} if check.cached else {}),
        "verdicts": [_verdict_to_plain(verdict) for verdict in check.verdicts],
    }


def check_from_plain(plain: Mapping[str, Any]) -> CheckResult:
    """The inverse of `check_to_plain`."""
    return CheckResult(
        plain["id"],
        plain["kind"],
        tuple(_verdict_from_plain(verdict) for verdict in plain["verdicts"]),
        Outcome(plain["outcome"]),
        seconds=plain["seconds"],
        where=plain["where"],
        reason=plain["reason"],
        notes=tuple(plain["notes"]),
        cached=bool(plain.get("cached", False)),
    )


def _verdict_to_plain(verdict: Verdict) -> dict[str, Any]:
    measured = verdict.measurement
    estimate = measured.estimate
    return {
        "metric": measured.metric,
        "column": measured.column,
        "slice": measured.slice,
        "unit": str(measured.unit),
        "outcome": str(verdict.outcome),
        "reason": verdict.reason,
        "note": measured.note,
        "counts": measured.counts,
        "estimate": {
            "value": _number(estimate.value),
            "low": _number(estimate.low),
            "high": _number(estimate.high),
            "n": int(estimate.n),
        },
        "bound": {name: float(limit) for name, limit in verdict.bound.limits()},
        "evidence": [asdict(piece) for piece in measured.evidence],
    }


def _verdict_from_plain(plain: Mapping[str, Any]) -> Verdict:
    estimate = plain["estimate"]
    bound = Bound(**plain["bound"])
    measured = Measurement(
        plain["metric"],
        Estimate(
            _or(estimate["value"], nan),
            low=_or(estimate["low"], -inf),
            high=_or(estimate["high"], inf),
            n=estimate["n"],
        ),
        slice=plain["slice"],
        column=plain["column"],
        unit=Unit(plain["unit"]),
        note=plain["note"],
        counts=plain["counts"],
        evidence=tuple(Evidence(**piece) for piece in plain["evidence"]),
    )
    return Verdict(Outcome(plain["outcome"]), measured, bound, plain["reason"])


def _number(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _or(value: float | None, default: float) -> float:
    return default if value is None else float(value)
