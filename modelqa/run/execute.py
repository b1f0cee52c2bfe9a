"""Planned checks into results: the one atom that pytest, the command line and Python share."""

import time
import traceback
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelqa.core.bound import Outcome
from modelqa.core.ports import Context, Versus
from modelqa.core.result import CheckResult, Measurement, SuiteResult, Verdict
from modelqa.errors import ModelQAError, SubjectError
from modelqa.run import machine
from modelqa.run.context import View
from modelqa.run.events import CheckFinished, CheckStarted, Listener, SuiteFinished, nobody
from modelqa.run.opened import Opened, Settings
from modelqa.run.plan import Planned, plan
from modelqa.suite.spec import Suite


def run_suite(
    suite: Suite,
    *,
    root: str | Path = ".",
    tracking_uri: str | None = None,
    only: Iterable[str] | None = None,
    listener: Listener = nobody,
) -> SuiteResult:
    """Run a suite, or those of its checks whose ids are in `only`.

    Paths of the suite start at `root`. Raises `SuiteError` where the suite cannot be planned;
    whatever goes wrong later is the outcome of the check it happened to.
    """
    started = datetime.now(UTC)
    wanted = None if only is None else set(only)
    checks = [check for check in plan(suite).checks if wanted is None or check.id in wanted]
    opened = Opened(suite, Settings(root=Path(root), tracking_uri=tracking_uri))
    results = []
    for position, planned in enumerate(checks, start=1):
        listener(CheckStarted(planned.id, position, len(checks)))
        result = execute(planned, opened)
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
    )


def prepare(planned: Planned, opened: Opened) -> None:
    """Open what a check needs. Raises `SubjectError` where that cannot be done."""
    needs = planned.spec.type.needs_of(planned.spec.value)
    opened.ensure(needs, champion=planned.spec.versus == "champion" and not _skipped(planned, opened))


def execute(planned: Planned, opened: Opened) -> CheckResult:
    """Measure and judge one check. Nothing is raised but what stops the process."""
    began = time.perf_counter()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        outcome, reason, verdicts = _judged(planned, opened)
    return CheckResult(
        planned.id,
        planned.spec.kind,
        verdicts,
        outcome,
        seconds=time.perf_counter() - began,
        where=planned.where,
        reason=reason,
        notes=tuple(dict.fromkeys(map(_told, warned))),
    )


def _judged(planned: Planned, opened: Opened) -> tuple[Outcome, str, tuple[Verdict, ...]]:
    """The outcome of a check, the reason where it has no verdicts, and its verdicts."""
    try:
        if _skipped(planned, opened):
            return Outcome.SKIPPED, "there is no champion yet (champion_missing: skip)", ()
        prepare(planned, opened)
        with machine.held(alone=planned.spec.type.alone):
            verdicts = tuple(Verdict.of(found, planned.spec.bound) for found in _measure(planned, opened))
    except ModelQAError as error:
        return Outcome.ERRORED, str(error), ()
    except Exception as error:  # a check or a model may raise anything; its text may quote rows
        return Outcome.ERRORED, describe(error), ()
    if not verdicts:
        return Outcome.ERRORED, "the check measured nothing", ()
    return Outcome.worst([verdict.outcome for verdict in verdicts]), "", verdicts


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


def _measure(planned: Planned, opened: Opened) -> Iterator[Measurement]:
    spec = planned.spec
    versus: Versus | None = None if spec.versus is None else "relative" if spec.relative else "difference"
    whole = View(opened, planned.id, levels=planned.levels, versus=versus)
    parts = [whole, *(view for _, view in whole.parts(spec.slices))]
    for view in parts:
        here = replace(view, levels=planned.levels.split(len(parts)))
        alone = versus is None or spec.type.paired
        for measurement in _call(planned, here) if alone else _compared(planned, here):
            yield _stamped(planned, here, measurement)


def _call(planned: Planned, view: Context) -> Iterable[Measurement]:
    spec = planned.spec
    main: tuple[Any, ...] = () if spec.type.main is None else (spec.value,)
    return spec.type.function(view, *main, **spec.params)


def _compared(planned: Planned, view: View) -> Iterator[Measurement]:
    """Candidate against champion for a check that knows neither: two intervals at half levels."""
    from modelqa.stats import compare

    combine = compare.independent_relative if view.versus == "relative" else compare.independent_difference
    half = view.levels.half()
    ours = list(_call(planned, replace(view, levels=half, versus=None)))
    champion = replace(view.champion, levels=half.mirrored())
    theirs = {(found.metric, found.column): found for found in _call(planned, champion)}
    for found in ours:
        other = theirs.get((found.metric, found.column))
        if other is None:
            raise SubjectError(f"the champion has no {found.metric} to compare with")
        yield replace(found, estimate=combine(found.estimate, other.estimate), evidence=())


def _stamped(planned: Planned, view: View, found: Measurement) -> Measurement:
    """A measurement with its slice, with what it is compared with, and in the unit of its bound."""
    metric = found.metric if view.versus is None else f"{found.metric} versus champion"
    unit = found.unit if found.bound is not None else planned.spec.unit
    return replace(found, metric=metric, slice=view.slice, unit=unit)


def _skipped(planned: Planned, opened: Opened) -> bool:
    return planned.spec.versus == "champion" and opened.champion_missing


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
