"""Suite into power report: what each check can see at the rows available, before it judges anything."""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from modelqa.core.ports import Influence
from modelqa.core.power import PowerReport, Sight
from modelqa.core.result import Measurement
from modelqa.errors import ModelQAError, SubjectError
from modelqa.run import machine
from modelqa.run.context import View
from modelqa.run.events import CheckStarted, Listener, nobody
from modelqa.run.execute import describe, measured, measurements, prepare, skipped, views, whole
from modelqa.run.opened import Opened, Settings
from modelqa.run.plan import Planned, plan
from modelqa.run.probe import Ask
from modelqa.run.sight import Look
from modelqa.suite.spec import Suite


def measure_power(
    suite: Suite,
    *,
    root: str | Path = ".",
    tracking_uri: str | None = None,
    power: float = 0.8,
    listener: Listener = nobody,
) -> PowerReport:
    """What the checks of a suite can see: the truth that turns each red in a share ``power`` of runs.

    Everything is measured once, then asked again on rows drawn anew. Raises `SuiteError` where the
    suite cannot be planned, `SubjectError` where nothing of it can be opened.
    """
    planned = plan(suite).checks
    opened = Opened(suite, Settings(root=Path(root), tracking_uri=tracking_uri))
    sights: list[Sight] = []
    broken: list[ModelQAError] = []
    for position, each in enumerate(planned, start=1):
        listener(CheckStarted(each.id, position, len(planned)))
        try:
            sights += _sights(each, opened, power)
        except Exception as error:  # a check or a model may raise anything; its text may quote rows
            told = error if isinstance(error, ModelQAError) else SubjectError(describe(error))
            broken.append(told)
            sights.append(_unmeasured(each, f"could not be measured: {told}"))
    if planned and len(broken) == len(planned):
        raise broken[0]
    return PowerReport(suite.suite, opened.info, tuple(sights), power=power, unmeasured=bool(broken))


def _unmeasured(planned: Planned, why: str) -> Sight:
    return Sight(planned.id, planned.spec.kind, warnings=(why,))


def _sights(planned: Planned, opened: Opened, power: float) -> list[Sight]:
    if skipped(planned, opened):
        return [Sight(planned.id, planned.spec.kind, note="there is no champion yet")]
    prepare(planned, opened)
    with machine.held(alone=planned.spec.type.alone), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if planned.spec.across is None:
            found = [sight for view in views(planned, opened) for sight in _of_view(planned, view, power)]
        else:
            found = list(_of_slices(planned, opened, power))
    return _merged(found) or [_unmeasured(planned, "measured nothing")]


def _merged(sights: list[Sight]) -> list[Sight]:
    """The same with all facts as one: what is counted has nothing to tell but that it is."""
    facts = [sight for sight in sights if sight.how == "counted"]
    if not facts:
        return sights
    worst = max(facts, key=lambda sight: sight.chances.red if sight.chances else 0.0)
    said = tuple(dict.fromkeys(warning for sight in facts for warning in sight.warnings))
    return [*(sight for sight in sights if sight.how != "counted"), replace(worst, warnings=said)]


def _of_view(planned: Planned, view: View, power: float) -> Iterator[Sight]:
    found = list(measured(planned, view))
    influences = list(_influences(planned, view)) if any(not each.estimate.is_fact for each in found) else []
    for each in found:
        alike = [one for one in found if one.column == each.column] if influences else found
        influence = _influence_on(each, influences)
        share = len(alike) / len(found) if influence else 1.0
        yield from Look(Ask(planned, view, each, influence, share), power).sights()


def _of_slices(planned: Planned, opened: Opened, power: float) -> Iterator[Sight]:
    """Slices that are one measurement: no row moves it by itself, so its own interval has to tell."""
    rows = whole(planned, opened)
    for each in measurements(planned, opened):
        yield from Look(Ask(planned, rows, each, None, 1.0), power).sights()


def _influences(planned: Planned, view: View) -> Iterable[Influence]:
    spec = planned.spec
    if spec.type.influence is None:
        return ()
    main = () if spec.type.main is None else (spec.value,)
    return spec.type.influence(view, *main, **spec.params)


def _influence_on(found: Measurement, influences: Iterable[Influence]) -> Influence | None:
    """The influence of a measurement, whatever it is compared with."""
    name = found.metric.partition(" versus ")[0]
    return next((one for one in influences if (one.metric, one.column) == (name, found.column)), None)
