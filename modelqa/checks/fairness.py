"""`fairness`: whether a model decides alike in groups, by Fairlearn's measures, with intervals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Annotated, Any, Self

from numpy.random import Generator as Rng

from modelqa.core.check import Complaint, Needs, Shape, check
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.evidence import Evidence
from modelqa.core.ports import Context
from modelqa.core.result import Measurement
from modelqa.core.units import Unit
from modelqa.errors import CheckError
from modelqa.stats import scores
from modelqa.stats.across import How, about, combine, drawn, independent, passes
from modelqa.stats.sample import Sample
from modelqa.stats.score import Score

_RATES: Mapping[str, tuple[str, ...]] = {
    "demographic_parity": ("selection_rate",),
    "equalized_odds": ("true_positive_rate", "false_positive_rate"),
    "equal_opportunity": ("true_positive_rate",),
}
_HOW: Mapping[str, How] = {"difference": "gap", "ratio": "ratio"}
MEASURES = tuple(f"{kind}_{way}" for kind in _RATES for way in _HOW)
Measure = Annotated[str, Shape({"enum": list(MEASURES)})]


def _known(measure: str, **_: Any) -> Iterator[Complaint]:
    if measure not in MEASURES:
        close = get_close_matches(measure, MEASURES, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else f"; expected one of {', '.join(MEASURES)}"
        yield None, f"unknown measure {measure!r}{hint}"


def _needs(measure: Any, **_: Any) -> Needs:
    parity = str(measure).startswith("demographic_parity")
    return Needs.PREDICTIONS if parity else Needs.PREDICTIONS | Needs.LABELS


@check(needs=_needs, unit=Unit.SHARE, verify=_known, cached=True)
def fairness(ctx: Context, measure: Measure, *, by: str) -> Iterator[Measurement]:
    """Compare the decisions of a binary classifier between groups, under Fairlearn's names.

    ``measure`` is ``demographic_parity`` (the share of rows decided positive, whatever their labels),
    ``equal_opportunity`` (the true positive rate) or ``equalized_odds`` (the worse of the true and
    the false positive rate; Hardt, Price and Srebro 2016), each ending in ``_difference`` (the largest
    rate minus the smallest) or ``_ratio`` (the smallest divided by the largest; ``min: 80%`` is the
    four-fifths rule). ``by`` names a slice definition of the suite, or a column of the batch.

    The interval holds for all groups at once. A group where a rate does not exist (no positives)
    is named in the note, and nothing is green then; slices with ``min_rows`` put small ones together.

    Raises `CheckError` where there are fewer than two groups, or the task is not binary.

    Example::

        - fairness: demographic_parity_difference
          by: region
          max: 15 pp
        - fairness: equalized_odds_ratio
          by: region
          min: 50%
    """
    kind, _, way = measure.rpartition("_")
    groups = ctx.slices(by)
    if len(groups) < 2:
        raise CheckError(f"by: expected at least two groups, found {', '.join(groups) or 'none'}")
    rates = [scores.find(name) for name in _RATES[kind]]
    samples = {name: _sample(group, rates[0]) for name, group in groups.items()}
    worst: How = "largest" if way == "difference" else "smallest"
    levels, _ = passes(worst, ctx.levels, len(rates), apart=False)
    found = [_Rate.of(rate, _HOW[way], samples, levels, ctx.rng) for rate in rates]
    estimates = [each.estimate for each in found]
    estimate = combine(worst, estimates, estimates, (levels, levels), apart=False)
    notes = [*(each.note for each in found), *_notes(groups), _unlabelled(ctx, rates[0])]
    yield Measurement(
        measure,
        replace(estimate, n=sum(map(len, samples.values()))),
        unit=Unit.SHARE,
        counts="labelled rows" if rates[0].labels else "rows",
        note="; ".join(filter(None, notes)),
        evidence=tuple(each.evidence for each in found),
    )


def _sample(group: Context, rate: Score) -> Sample:
    """The rows of a group that a rate is measured on."""
    sample: Sample = group.sample(labelled=rate.labels)
    if sample.task != "binary":
        raise CheckError(f"rates are of a binary task, and this one is {sample.task}")
    return sample


@dataclass(frozen=True, slots=True)
class _Rate:
    """One rate across all groups: the gap or the ratio, and where it comes from."""

    estimate: Estimate
    note: str
    evidence: Evidence

    @classmethod
    def of(cls, rate: Score, how: How, samples: Mapping[str, Sample], levels: Levels, rng: Rng) -> Self:
        clusters = [sample.groups for sample in samples.values() if sample.groups is not None]
        apart = independent(clusters)
        at, names = passes(how, levels, len(samples), apart=apart), [*samples]
        low, high = ([rate.estimate(s, of, rng) for s in samples.values()] for of in at)
        below, above = [found for found, _ in low], [found for found, _ in high]
        shown = below if levels.reds == "high" else above
        gone = [f"none in {name} ({why})" for name, (found, why) in zip(names, low, strict=True)
                if not found.exists]  # fmt: skip
        told = "; ".join(filter(None, [about(how, names, shown, Unit.SHARE), *gone]))
        return cls(
            combine(how, below, above, at, apart=apart),
            f"{rate.name}: {told}" if told else "",
            Evidence("slices", drawn(how, rate.name, names, shown)),
        )


def _notes(groups: Mapping[str, Context]) -> Iterator[str]:
    """What must be known of groups: which small ones are in one."""
    return (f"{name}: {group.note}" for name, group in groups.items() if group.note)


def _unlabelled(ctx: Context, rate: Score) -> str:
    return f"{ctx.unlabelled:,} rows have no label yet" if rate.labels and ctx.unlabelled else ""
