"""pytest runs `*.suite.yaml`: a file is a collector, a check is an item, a verdict is an outcome.

This module is loaded in every pytest run of the environment, so at its top it imports nothing but
the standard library and pytest, and without a suite it does nothing at all.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from modelqa.core.result import CheckResult
    from modelqa.run.opened import Opened
    from modelqa.run.plan import Plan, Planned
    from modelqa.session import Finished
    from modelqa.suite.spec import Suite

SUFFIX = ".suite.yaml"
PROPERTY = "modelqa.result"
OVERRIDES = ("model", "champion", "batch", "reference")
NAMED = re.compile(r"([A-Za-z0-9_.-]+)=(.+)", re.DOTALL)


@dataclass
class Seen:
    """What this session has met: the suites collected, the results that came back, what followed."""

    suites: list[str] = field(default_factory=list)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    run: Finished | None = None


SEEN = pytest.StashKey[Seen]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options, each also an ini of the same name and an environment variable `MODELQA_*`."""
    group = parser.getgroup("modelqa", "model quality suites (*.suite.yaml)")
    helps = {
        "model": "judge this model instead of the suite's (URI, or SUITE=URI)",
        "champion": "compare with this model instead of the suite's champion",
        "batch": "judge these rows (a path, or a SELECT of MODELQA_DATABASE) instead of the suite's",
        "reference": "compare with these rows instead of the suite's reference",
    }
    for key, text in helps.items():
        group.addoption(f"--modelqa-{key}", action="append", default=None, metavar="[SUITE=]VALUE", help=text)
    group.addoption(
        "--modelqa-tracking-uri", default=None, metavar="URI", help="MLflow tracking and registry URI"
    )
    places = {
        "report": ("DIR", "write a page (HTML) for each suite"),
        "json": ("FILE", "write the results as JSON"),
        "tensorboard": ("DIR", "write every measurement for TensorBoard"),
        "metrics": ("DIR|URL", "write Prometheus metrics to text files, or push them to a Pushgateway"),
    }
    for key, (where, text) in places.items():
        group.addoption(f"--modelqa-{key}", default=None, metavar=where, help=text)
    switches = {
        "log": "write the results to MLflow and tag the model version",
        "act": "let the suites' actions act; without it a run only says what they would do",
        "no-cache": "measure everything anew, and keep nothing of it in .modelqa/cache",
    }
    for key, text in switches.items():
        group.addoption(f"--modelqa-{key}", action="store_const", const="1", default=None, help=text)
    group.addoption(
        "--modelqa-inconclusive",
        choices=("warn", "fail"),
        default=None,
        help="what an undecided check does to the exit status (default: what the suite says)",
    )
    for key in (*OVERRIDES, "tracking-uri", *places, "inconclusive", *switches):
        parser.addini(
            f"modelqa_{key.replace('-', '_')}", f"like --modelqa-{key}", default=None, type="string"
        )


def pytest_configure(config: pytest.Config) -> None:
    """Register the one mark, and a place to remember what was met."""
    config.addinivalue_line("markers", "modelqa: a check of a model quality suite")
    config.stash[SEEN] = Seen()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SuiteFile | None:
    """Claim `*.suite.yaml`, nothing else."""
    if file_path.name.endswith(SUFFIX):
        return SuiteFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the checks of a suite together, and refuse an override that does not say whose it is."""
    suites = config.stash[SEEN].suites
    if not suites:
        return
    from modelqa.python_tests import together

    together(items, CheckItem)
    for key in OVERRIDES:
        for value in _overrides(config, key):
            named = NAMED.fullmatch(value)
            if named is None and len(suites) != 1:
                raise pytest.UsageError(
                    f"--modelqa-{key} {value}: {len(suites)} suites are collected ({', '.join(suites)}); "
                    f"say which one: --modelqa-{key} SUITE={value}"
                )
            if named and named[1] not in suites:
                raise pytest.UsageError(
                    f"--modelqa-{key} {value}: no suite {named[1]!r} is collected, but {', '.join(suites)}"
                )


class SuiteFile(pytest.File):
    """A suite file; it opens the suite's subject once, for all of its checks."""

    plan: Plan
    _opened: Opened | None = None

    def collect(self) -> Iterator[CheckItem]:
        from modelqa.errors import SuiteError
        from modelqa.run.plan import plan

        try:
            self.plan = plan(self._suite())
        except SuiteError as error:
            raise self.CollectError(str(error)) from None
        for position, planned in enumerate(self.plan.checks):
            yield CheckItem.from_parent(self, name=planned.id, planned=planned, position=position)

    def _suite(self) -> Suite:
        from modelqa.core.beside import look_in
        from modelqa.project import shown
        from modelqa.suite.load import load

        look_in(self.config.rootpath)
        suite = load(shown(self.path), override=partial(_chosen, self.config))
        self.config.stash[SEEN].suites.append(suite.suite)
        return suite

    @property
    def opened(self) -> Opened:
        from modelqa.python_tests import settings
        from modelqa.run.opened import Opened

        if self._opened is None:
            chosen = settings(self.config.rootpath, partial(_option, self.config))
            self._opened = Opened(self.plan.suite, chosen)
        return self._opened

    def teardown(self) -> None:
        """Let the models and tables go, and stop the servers."""
        if self._opened is not None:
            self._opened.close()
        self._opened = None


class CheckItem(pytest.Item):
    """One check of a suite."""

    parent: SuiteFile

    def __init__(self, *, planned: Planned, position: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.planned = planned
        self.position = position
        self.started = ""
        self.add_marker("modelqa")
        self.extra_keyword_matches.update((planned.spec.kind, *planned.spec.tags))
        if self.config.pluginmanager.hasplugin("rerunfailures"):
            # The same inputs give the same verdict: a rerun could only hide a red one.
            self.add_marker(pytest.mark.flaky(reruns=0))

    def setup(self) -> None:
        """Open what the check needs: what cannot be opened is an ERROR, not a failure."""
        from modelqa.errors import ModelQAError
        from modelqa.run.execute import prepare, unopened

        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            prepare(self.planned, self.parent.opened)
        except ModelQAError as error:
            self._record(unopened(self.planned, error))
            # As text: a traceback would show what libraries say, which may quote rows.
            raise pytest.fail.Exception(f"{self.planned.where}: {error}", pytrace=False) from None

    def runtest(self) -> None:
        """Measure, judge, and end as the verdict says."""
        from modelqa.python_tests import conclude
        from modelqa.run.execute import execute

        result = execute(self.planned, self.parent.opened)
        self._record(result)
        conclude(result, self.planned.spec, fails=self._undecided_fails())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Our own errors by their text alone; anything else as a traceback."""
        from modelqa.errors import CheckFailed, ModelQAError

        if excinfo.errisinstance((CheckFailed, ModelQAError)):
            text = str(excinfo.value)
            where = f"{self.planned.where}: "
            return text if text.startswith(where) else where + text
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The line of the suite that says this check."""
        return self.path, max(self.planned.spec.place.line - 1, 0), f"{self.path.name}::{self.name}"

    def _undecided_fails(self) -> bool:
        spec, suite = self.planned.spec, self.parent.plan.suite
        chosen = _option(self.config, "inconclusive") or spec.inconclusive or suite.inconclusive
        return str(chosen) == "fail"

    def _record(self, result: CheckResult) -> None:
        """Leave the result where JUnit and the controlling process find it, as built-in types."""
        from modelqa.python_tests import properties

        self.user_properties += properties(
            self.parent.opened,
            result,
            path=self.parent.nodeid,
            position=self.position,
            started=self.started,
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each check for a function that `modelqa.parametrize` marks."""
    for mark in metafunc.definition.iter_markers("modelqa"):
        if mark.args:
            from modelqa.python_tests import generate

            suites = metafunc.config.stash[SEEN].suites
            name = generate(
                metafunc, mark.args[0], partial(_option, metafunc.config), partial(_chosen, metafunc.config)
            )
            suites += {name} - {*suites}


def _case(item: pytest.Item) -> Any:
    """The case of `modelqa.parametrize` that an item runs; None for any other item."""
    callspec = getattr(item, "callspec", None)
    found = callspec.params.get("check") if callspec is not None else None
    return found if type(found).__module__ == "modelqa.python_tests" else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let ``-k`` find cases by the tags of their checks."""
    case = _case(item)
    if case is not None:
        item.extra_keyword_matches.update(case.tags)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Report what a case measured; a test that never calls its check has measured nothing."""
    case = _case(pyfuncitem)
    try:
        result = yield
    finally:
        if case is not None:
            pyfuncitem.user_properties += case.properties()
    if case is not None and not case.ran:
        pytest.fail(f"{case.id}: the test never called check(), so nothing was measured", pytrace=False)
    return result


def pytest_report_teststatus(report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Words of their own for outcomes that are neither passed nor failed."""
    outcome = dict(report.user_properties).get("modelqa.outcome") if report.when == "call" else None
    if outcome == "errored":
        return "error", "E", ("ERROR", {"red": True})
    if outcome == "warned":
        return "warned", "w", ("WARNED", {"yellow": True})
    if outcome == "inconclusive" and not report.failed:
        return "inconclusive", "?", ("INCONCLUSIVE", {"yellow": True})
    return None


class Gatherer:
    """Keeps the results that reports bring along, in the controlling process."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the result that a report brings along, whichever phase it ended in."""
        brought = dict(report.user_properties).get(PROPERTY)
        if brought is not None:
            self.seen.results[report.nodeid] = json.loads(str(brought))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Gather results in the controlling process only."""
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(Gatherer(session.config.stash[SEEN]), "modelqa-gatherer")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let a person at a terminal see which check runs."""
    if session.config.stash[SEEN].suites and not hasattr(session.config, "workerinput"):
        from modelqa.live import watch

        watch(session.config, (CheckItem,))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Do what the options ask for; what did not happen fails the run."""
    seen = session.config.stash[SEEN]
    if seen.results:
        from modelqa.session import finish

        seen.run = finish(session, seen.results, partial(_option, session.config))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """What the suites said, and what followed."""
    run = config.stash[SEEN].run
    if run is not None:
        run.tell(terminalreporter)


def _option(config: pytest.Config, key: str) -> Any:
    """An option by the ladder: command line, environment, ini; None where nobody says."""
    chosen = config.getoption(f"modelqa_{key}")
    return chosen or os.environ.get(f"MODELQA_{key.upper()}") or config.getini(f"modelqa_{key}") or None


def _overrides(config: pytest.Config, key: str) -> Sequence[str]:
    chosen = _option(config, key)
    return [chosen] if isinstance(chosen, str) else chosen or []


def _chosen(config: pytest.Config, suite: str) -> dict[str, str]:
    """What the options say instead of this suite."""
    chosen = {}
    for key in OVERRIDES:
        for value in _overrides(config, key):
            named = NAMED.fullmatch(value)
            if named is None or named[1] == suite:
                chosen[key] = named[2] if named else value
    return chosen
