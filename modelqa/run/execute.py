"""Planned checks into results: the one atom that pytest, the command line and Python share."""

import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from modelqa.cache.store import Cache, folder
from modelqa.core.bound import Bound, Outcome, facing_both
from modelqa.core.check import Needs, arguments
from modelqa.core.estimate import Reds
from modelqa.core.ports import Model, Versus
from modelqa.core.result import CheckResult, Measurement, SuiteResult, Verdict
from modelqa.errors import ModelQAError, SubjectError
from modelqa.run import machine
from modelqa.run.context import View
from modelqa.run.events import CheckFinished, CheckStarted, Listener, SuiteFinished, nobody
from modelqa.run.opened import Opened, Settings
from modelqa.run.plan import Planned, budget, plan
from modelqa.run.recall import keep, recalled
from modelqa.suite.spec import Suite


def run_suite(
    suite: Suite,
    *,
    root: str | Path = ".",
    tracking_uri: str | None = None,
    only: Iterable[str] | None = None,
    listener: Listener = nobody,
    server: Callable[[Any], Model] | None = None,
    now: Callable[[], float] = time.time,
    cache: bool = False,
) -> SuiteResult:
    """Run a suite, or those of its checks whose ids are in `only`.

    Paths of the suite start at `root`; `server` starts a server for a model that was found, instead
    of MLflow's, and `now` is the time in seconds since 1970, which ages are measured by. With `cache`, what
    was measured before of the same inputs is not measured again, and what is measured now is kept, in
    ``.modelqa/cache`` below the root.

    Raises `SuiteError` where the suite cannot be planned; whatever goes wrong later is the outcome of
    the check it happened to.
    """
    kept = Cache(folder(Path(root))) if cache else None
    settings = Settings(root=Path(root), tracking_uri=tracking_uri, now=now, cache=kept)
    with closing(Opened(suite, settings if server is None else replace(settings, server=server))) as opened:
        return run_opened(opened, only=only, listener=listener)


def run_opened(
    opened: Opened, *, only: Iterable[str] | None = None, listener: Listener = nobody
) -> SuiteResult:
    """Run a suite on its subject, which stays open for whoever opened it (see `run_suite`)."""
    started, suite = datetime.now(UTC), opened.suite
    wanted = None if only is None else set(only)
    checks = [check for check in plan(suite).checks if wanted is None or check.id in wanted]
    results = []
    with machine.Stretch() as stretch:
        for position, planned in enumerate(checks, start=1):
            listener(CheckStarted(planned.id, position, len(checks)))
            result = execute(planned, opened, hold=stretch.held)
            results.append(result)
            listener(CheckFinished(result))
    result_of_all = collect(suite, opened, results, started)
    listener(SuiteFinished(result_of_all))
    return result_of_all


def collect(suite: Suite, opened: Opened, results: Iterable[CheckResult], started: datetime) -> SuiteResult:
    """The result of a run from those of its checks."""
    return SuiteResult(
        suite.suite,
        opened.info,
        tuple(results),
        started=started.isoformat(timespec="seconds"),
        digest=suite.rules,
        levels=budget(suite),
    )


def prepare(planned: Planned, opened: Opened) -> None:
    """Open what a check needs, if it has to measure. Raises `SubjectError` where that cannot be done."""
    if not skipped(planned, opened) and recalled(planned, opened) is None:
        opened.ensure(planned.needs, other=planned.spec.versus)


def execute(planned: Planned, opened: Opened, *, hold: machine.Hold = machine.held) -> CheckResult:
    """Measure and judge one check. Nothing is raised but what stops the process."""
    began = time.perf_counter()
    known = recalled(planned, opened)
    if known is not None:
        found, notes = Finding(known.measurements), known.notes
    else:
        found, notes = _measured(planned, opened, hold)
        if found.measurements:
            keep(planned, opened, found.measurements, notes)
    verdicts = tuple(Verdict.of(each, planned.spec.bound) for each in found.measurements)
    return CheckResult(
        planned.id,
        planned.spec.kind,
        verdicts,
        Outcome.worst([verdict.outcome for verdict in verdicts]) if verdicts else found.outcome,
        seconds=time.perf_counter() - began,
        where=planned.where,
        reason=found.reason,
        notes=notes,
        cached=known is not None,
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has measured; without a measurement, what came of it and why."""

    measurements: tuple[Measurement, ...] = ()
    outcome: Outcome = Outcome.ERRORED
    reason: str = ""


def _measured(planned: Planned, opened: Opened, hold: machine.Hold) -> tuple[Finding, tuple[str, ...]]:
    """What a check finds, and what libraries warned of meanwhile."""
    opened.outside = False
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        found = _finding(planned, opened, hold)
    return found, tuple(dict.fromkeys(map(_told, warned)))


def _finding(planned: Planned, opened: Opened, hold: machine.Hold) -> Finding:
    try:
        if skipped(planned, opened):
            return Finding((), Outcome.SKIPPED, "there is no champion yet (champion_missing: skip)")
        prepare(planned, opened)
        with hold(alone=planned.spec.type.alone):
            found = tuple(measurements(planned, opened))
    except ModelQAError as error:
        return Finding(reason=str(error))
    except Exception as error:  # a check or a model may raise anything; its text may quote rows
        return Finding(reason=describe(error))
    return Finding(found, reason="" if found else "the check measured nothing")


def _told(warning: warnings.WarningMessage) -> str:
    """A library's warning by its type and place: its text may hold values of rows."""
    return f"{warning.category.__name__} at {Path(warning.filename).name}:{warning.lineno}"


def describe(error: BaseException) -> str:
    """An unexpected error by its type and place: its text may hold values of rows.

    >>> describe(ValueError("secret"))
    'ValueError (its text is not shown, since it may quote rows)'
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place} (its text is not shown, since it may quote rows)"


def measurements(planned: Planned, opened: Opened) -> Iterator[Measurement]:
    """All that a check finds: on all rows and on each slice, or of its slices as one."""
    if planned.spec.across is not None:
        from modelqa.run import across

        parts = list(whole(planned, opened).parts(planned.spec.slices))
        yield from across.measure(planned.spec, parts, planned.levels, partial(measured, planned))
        return
    for view in views(planned, opened):
        yield from measured(planned, view)


def views(planned: Planned, opened: Opened) -> list[View]:
    """What a check is called with: all rows, then each slice, each at its share of the levels."""
    rows = whole(planned, opened)
    parts = [rows, *rows.parts(planned.spec.slices)]
    return [replace(view, levels=planned.levels.split(len(parts))) for view in parts]


def whole(planned: Planned, opened: Opened) -> View:
    """All rows, at all of the check's levels."""
    spec = planned.spec
    versus: Versus | None = None if spec.versus is None else "relative" if spec.relative else "difference"
    against = spec.versus or "champion"
    bound = spec.bound if spec.across in (None, "worst") else Bound()  # a gap's is no slice's own
    return View(opened, planned.id, levels=planned.levels, bound=bound, versus=versus, against=against)


def measured(planned: Planned, view: View) -> Iterator[Measurement]:
    """What a check finds on one view of the rows."""
    alone = view.versus is None or planned.spec.type.paired
    ask = _call if alone else _compared
    if view.levels.reds == "both" and not (planned.spec.type.facts or planned.spec.type.alone):
        ask = partial(_faced, ask)
    for measurement in ask(planned, view):
        yield _stamped(planned, view, measurement)


def _faced(ask: "Ask", planned: Planned, view: View) -> Iterator[Measurement]:
    """What a check finds for a bound with two sides: each is faced with the levels that it has alone.

    One interval would have to be green where it is sure not to be red, at a far smaller tail.
    """
    sides: tuple[Reds, Reds] = ("high", "low")
    down, up = (list(ask(planned, replace(view, levels=replace(view.levels, reds=side)))) for side in sides)
    for one, other in zip(down, up, strict=True):
        yield replace(one, estimate=facing_both(one.estimate, other.estimate, planned.spec.bound))


Ask = Callable[[Planned, View], Iterable[Measurement]]


def _call(planned: Planned, view: View) -> Iterable[Measurement]:
    spec = planned.spec
    main: tuple[Any, ...] = () if spec.type.main is None else (spec.value,)
    return spec.type.function(view, *main, **arguments(spec.params))


def _compared(planned: Planned, view: View) -> Iterator[Measurement]:
    """Candidate against another for a check that knows neither: two intervals at half levels."""
    from modelqa.stats import compare

    combine = compare.independent_relative if view.versus == "relative" else compare.independent_difference
    half = view.levels.half()
    view = replace(view, bound=Bound())  # that is of the difference
    ours = list(_call(planned, replace(view, levels=half, versus=None)))
    there = replace(view.other, levels=half.mirrored())
    theirs = {(found.metric, found.column): found for found in _call(planned, there)}
    for found in ours:
        other = theirs.get((found.metric, found.column))
        if other is None:
            raise SubjectError(f"the {view.against} has no {found.metric} to compare with")
        yield replace(found, estimate=combine(found.estimate, other.estimate), evidence=())


def _stamped(planned: Planned, view: View, found: Measurement) -> Measurement:
    """A measurement with its slice, with what it is compared with, and in the unit of its bound."""
    note = "; ".join(filter(None, (found.note, view.note)))
    metric = found.metric if view.versus is None else f"{found.metric} versus {view.against}"
    unit = found.unit if found.bound is not None else planned.spec.unit
    return replace(found, metric=metric, slice=view.slice, unit=unit, note=note)


def skipped(planned: Planned, opened: Opened) -> bool:
    """Whether a check compares with a champion that the suite allows to be missing, and it is."""
    return Needs.CHAMPION in planned.needs and opened.champion_missing


def unopened(planned: Planned, error: ModelQAError) -> CheckResult:
    """The result of a check whose subject could not be opened."""
    return CheckResult(
        planned.id,
        planned.spec.kind,
        (),
        Outcome.ERRORED,
        seconds=0.0,
        where=planned.where,
        reason=str(error),
    )
