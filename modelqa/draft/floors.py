"""The checks of a first suite whose bounds come from a measurement: scores, errors, latency, drift."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from math import isfinite, nan
from typing import Any

import numpy as np

from modelqa.core.estimate import Estimate
from modelqa.core.result import CheckResult, Verdict, show_estimate
from modelqa.core.signature import ColumnKind
from modelqa.core.units import Unit, show
from modelqa.draft import numbers
from modelqa.draft.subject import Subject, labels_of
from modelqa.draft.text import Block, Written, dropped
from modelqa.stats import scores

SCORES: Mapping[str, Sequence[str]] = {
    "binary": ("roc_auc", "f1", "recall", "precision", "log_loss"),
    "multiclass": ("accuracy", "f1_macro", "log_loss"),
    "regression": ("r2", "mean_absolute_error", "root_mean_squared_error"),
}
WITHOUT_PROBABILITIES = {"roc_auc": "accuracy"}
WORTHLESS = {"roc_auc": 0.5}
"""What a score has to be better than to say anything; 0 for all others of which more is better."""

FAR = 1e9
"""A bound that nothing breaks: what is measured under it has the near end of the final suite."""
MOST_LATENCY = 3.0
"""The first budget of a latency rests on no more than so many times the p95 that was seen."""
MOST_DRIFT = {"numbers": 1.0, "categories": 0.5}
LEAST_DRIFT = 0.1


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a subject under no bound."""

    subject: Subject
    found: Mapping[str, CheckResult]
    _: KW_ONLY
    names: tuple[str, ...]

    def one(self, check: str) -> tuple[Estimate | None, str]:
        """The estimate of a check with one verdict, or None and why there is none."""
        result = self.found[check]
        if not result.verdicts:
            return None, result.message
        measurement = result.verdicts[0].measurement
        return (measurement.estimate if measurement.estimate.exists else None), measurement.note


def measure(subject: Subject) -> Measured:
    """Measure whatever a first suite may bound, in one run."""
    names = _scores(subject)
    checks: list[dict[str, Any]] = [{"metric": name, **_far(name)} for name in names]
    if names and subject.head.get("champion"):
        checks.append({"metric": names[0], "versus": "champion", **_far(names[0])})
    checks += [{"errors": "rate", "max": 1}, {"latency": "p95", "max": "24 h"}]
    checks.append({"schema": "signature"})
    if subject.head.get("reference"):
        checks.append({"drift": "all", "max": FAR})
        checks.append({"drift": "prediction", "max": FAR})
    return Measured(subject, subject.measure(checks), names=names)


def _scores(subject: Subject) -> tuple[str, ...]:
    if subject.task is None:
        return ()
    names = SCORES[subject.task]
    if subject.predictions.probabilities is None:
        names = [WITHOUT_PROBABILITIES.get(name, name) for name in names]
        names = [name for name in names if scores.find(name).response != "probability"]
    return tuple(names)


def _far(name: str) -> dict[str, float]:
    return {"min": -FAR} if scores.find(name).greater_is_better else {"max": FAR}


def quality(measured: Measured) -> Iterator[Block]:
    """A floor for each score, and the step back from the champion that these rows can rule out."""
    for name in measured.names:
        estimate, note = measured.one(name)
        yield _floor(name, estimate, note, measured.subject.sample_name)
    if measured.names and f"{measured.names[0]}-versus-champion" in measured.found:
        yield _step_back(measured, measured.names[0])


def _floor(name: str, estimate: Estimate | None, note: str, where: str) -> Block:
    if estimate is None:
        return dropped(name, note or "it does not exist on these rows")
    greater = scores.find(name).greater_is_better
    near = estimate.low if greater else estimate.high
    bound = numbers.limit(estimate.value, near, greater=greater, worthless=WORTHLESS.get(name, 0.0))
    if bound is None:
        return dropped(name, f"{show_estimate(estimate)} on {where} supports no floor")
    key = "min" if greater else "max"
    return Block.of(name, {"metric": name, key: bound}, {key: f"{show_estimate(estimate)} on {where}"})


def _step_back(measured: Measured, name: str) -> Block:
    what = f"{name}-versus-champion"
    estimate, note = measured.one(what)
    if estimate is None:
        return dropped(what, note or "it does not exist on these rows")
    greater = scores.find(name).greater_is_better
    bound = numbers.limit(estimate.value, estimate.low if greater else estimate.high, greater=greater)
    if bound is None:
        return dropped(what, f"{show_estimate(estimate)} supports no bound")
    key = "min" if greater else "max"
    keys = {"metric": name, "versus": "champion", key: min(bound, 0) if greater else max(bound, 0)}
    told = f"candidate - champion: {show_estimate(estimate)} on the same {measured.subject.sample_name}"
    return Block.of(what, keys, {key: told})


def errors(measured: Measured) -> Block:
    """The share of rows without a usable prediction; for numbers, with the range to expect."""
    subject = measured.subject
    estimate, note = measured.one("errors-rate")
    if estimate is None:
        return dropped("errors", note)
    keys: dict[str, Any] = {"errors": "rate"}
    notes: dict[str, str] = {}
    name: dict[str, str] = {}
    seen = _range(subject)
    wide = numbers.widened(*seen) if seen else None
    if seen and wide:
        keys |= {"low": wide[0], "high": wide[1]}
        notes["low"] = f"predictions and labels were {show(seen[0])} to {show(seen[1])}"
        name = {"name": "errors-range"}
    count = round(estimate.value * estimate.n)
    keys["max"] = Written("0.1%" if not count else numbers.percent(numbers.share(count, estimate.n)))
    notes["max"] = f"{count:,} of {subject.sample_name}{f'; {note}' if note else ''}"
    return Block.of("errors", {**keys, **name}, notes)


def _range(subject: Subject) -> tuple[float, float] | None:
    """The least and the greatest of what a regression predicted, and of its labels."""
    said = subject.predictions
    if said.classes is not None or said.values.dtype.kind != "f" or subject.task not in (None, "regression"):
        return None
    labels = labels_of(subject)
    parts = [said.values] + ([labels.values[~labels.missing]] if labels is not None else [])
    values = np.concatenate([part.astype(float) for part in parts])
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else None


def latency(estimate: Estimate | None, note: str, *, most: float = MOST_LATENCY) -> Block:
    """A budget with head room for one row a call.

    What a first look does not rule out is no reason for a budget that rests on more than ``most`` times
    the p95 that it saw: a run measures on until it knows.
    """
    end = nan if estimate is None else min(estimate.high, most * estimate.value)
    if not isfinite(end):
        return dropped("latency", note or "too few calls to tell its p95")
    keys = {"latency": "p95", "max": Written(numbers.budget(end))}
    return Block.of(
        "latency", keys, {"max": "three times what a call took on this machine, rounded up; at least 10 ms"}
    )


def signature(measured: Measured) -> Block:
    """The model's own signature, where it has one that the sample fits."""
    result = measured.found["schema-signature"]
    wrong = [v.measurement for v in result.verdicts if v.measurement.estimate.value]
    if not result.verdicts:
        return dropped("schema: signature", result.message)
    if wrong:
        told = ", ".join(f"{found.column}: {found.note}" for found in wrong[:5])
        return dropped("schema: signature", f"the sample does not fit it: {told}")
    return Block.of("schema: signature", {"schema": "signature"})


def drift(measured: Measured) -> Iterator[Block]:
    """A distance that these rows can tell from the reference: for numbers, categories and predictions."""
    if "drift-all" not in measured.found:
        yield dropped("drift", "no reference was given: --reference FILE names the training rows")
        return
    columns, odd = _columns(measured.found["drift-all"].verdicts)
    usable, too_far = _families(measured, columns)
    for family, ends in usable.items():
        keys: dict[str, Any] = {"drift": "all" if _is_all(measured, ends) else list(ends)}
        keys["max"] = _drift_bound(max(ends.values()))
        name = {} if keys["drift"] == "all" else {"name": f"drift-{family}"}
        told = f"the largest that these rows cannot rule out is {max(ends.values()):.3f}"
        yield Block.of(f"drift of {family}", {**keys, **name}, {"max": told})
    if odd or too_far:
        reasons = [*odd, *(f"{name}: has moved, or too few rows tell" for name in too_far)]
        yield dropped("drift of some columns", "; ".join(reasons))
    yield _predictions(measured)


def _columns(verdicts: Sequence[Verdict]) -> tuple[dict[str, float], list[str]]:
    """The farthest distance of each column that has one, and what is wrong with the others."""
    ends: dict[str, float] = {}
    odd: dict[str, str] = {}
    for verdict in verdicts:
        found = verdict.measurement
        name = str(found.column)
        if verdict.bound.max != FAR or not isfinite(found.estimate.high):
            odd[name] = found.note or found.metric
        else:
            ends[name] = max(ends.get(name, 0.0), found.estimate.high)
    constant = [name for name, why in odd.items() if "constant" in why]
    told = [f"{name}: {why}" for name, why in odd.items() if name not in constant]
    told += [f"{', '.join(constant)}: constant in the reference"] if constant else []
    return {name: end for name, end in ends.items() if name not in odd}, told


def _families(
    measured: Measured, columns: Mapping[str, float]
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """The columns by the distance that measures them; those that are too far apart already."""
    kinds = measured.subject.opened.batch.kinds
    split: dict[str, dict[str, float]] = {"numbers": {}, "categories": {}}
    far: list[str] = []
    for name, end in columns.items():
        family = "categories" if kinds[name].categorical else "numbers"
        if end > MOST_DRIFT[family] or kinds[name] is ColumnKind.DATETIME:
            far.append(name)
        else:
            split[family][name] = end
    return {family: ends for family, ends in split.items() if ends}, far


def _is_all(measured: Measured, ends: Mapping[str, float]) -> bool:
    return set(ends) == set(measured.subject.opened.features())


def _drift_bound(end: float) -> float:
    return max(numbers.up(1.5 * end, numbers.step(0.05)), LEAST_DRIFT)


def _predictions(measured: Measured) -> Block:
    estimate, note = measured.one("drift-prediction")
    if estimate is None or not isfinite(estimate.high):
        return dropped("drift: prediction", note)
    if estimate.high > max(MOST_DRIFT.values()):
        return dropped("drift: prediction", f"{show_estimate(estimate)} is far already, or too few rows tell")
    keys = {"drift": "prediction", "max": _drift_bound(estimate.high)}
    return Block.of("drift: prediction", keys, {"max": show_estimate(estimate, Unit.NUMBER)})
