"""Checks in ordinary test functions: `modelqa.parametrize`, and what any check is to pytest."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from functools import partial
from json import dumps
from pathlib import Path
from typing import Any, Unpack

import pytest

from modelqa.cache.store import Cache, folder
from modelqa.core import codec
from modelqa.core.beside import look_in
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult
from modelqa.errors import CheckError, CheckFailed, ModelQAError, SuiteError
from modelqa.project import shown, switched, tracking_uri
from modelqa.reports.terminal import details
from modelqa.run.execute import execute, prepare, unopened
from modelqa.run.opened import Opened, Settings
from modelqa.run.plan import Plan, budget, plan
from modelqa.suite.load import load
from modelqa.suite.spec import CheckSpec, Keys, Suite

MOST_OPEN = 4
"""Subjects that stay open at once: tests whose fixtures make new ones must not keep all of them."""
FIXED = ("suite", "checks")
"""Keys that say which cases there are: they are known before any test runs."""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """The suite that a test function asked for: a path or a suite, and other values for some keys."""

    suite: str | Path | Suite
    keys: Mapping[str, Any]


def parametrize(suite: str | Path | Suite, /, **keys: Unpack[Keys]) -> pytest.MarkDecorator:
    """Run a test function once for each check of a suite; its argument ``check`` runs that check.

    ::

        @modelqa.parametrize("suites/churn.suite.yaml")
        def test_quality(check, retrained_model):
            check(model=retrained_model)

    ``suite`` is a path, from pytest's rootdir or, where it starts with a dot, from the test's
    folder; or a `modelqa.Suite`. ``keys`` replace keys of the suite, and so do those of a call:
    what fixtures make goes there. A call returns the `CheckResult`; it raises `CheckFailed` where
    the check is red, or undecided under ``inconclusive: fail``, and `CheckError` where it could
    not measure. A subject is opened once, however many tests judge it. A test that never calls
    its check fails.

    >>> parametrize("suites/churn.suite.yaml", batch="today.parquet").name
    'modelqa'
    """
    fixed = [key for key in FIXED if key in keys]
    if fixed:
        raise TypeError(f"parametrize: {fixed[0]} cannot be replaced; make a modelqa.Suite of its own")
    return pytest.mark.modelqa.with_args(Wanted(suite, keys))


@dataclass(frozen=True, slots=True)
class Around:
    """What a case takes from pytest: its settings, what options say, which test it is in."""

    _: KW_ONLY
    settings: Settings
    test: Path
    nodeid: str
    inconclusive: str | None
    chosen: Callable[[str], Mapping[str, Any]]


def generate(
    metafunc: pytest.Metafunc,
    wanted: Wanted,
    option: Callable[[str], Any],
    chosen: Callable[[str], Mapping[str, Any]],
) -> str:
    """Make a case for each check of the suite that a function asked for; the name of the suite.

    ``option`` is what pytest's options say of a key, ``chosen`` what they say instead of a suite's.
    Raises pytest's ``CollectError`` where the suite is wrong.
    """
    root, test = metafunc.config.rootpath, metafunc.definition
    look_in(root)
    around = Around(
        settings=settings(root, option),
        test=test.path,
        nodeid=test.nodeid,
        inconclusive=option("inconclusive"),
        chosen=chosen,
    )
    try:
        suite = _suite(wanted, around)
    except SuiteError as error:
        raise pytest.Collector.CollectError(str(error)) from None
    uri = around.settings.tracking_uri
    same = (_same(wanted.suite), *_identity(wanted.keys), suite.digest, root, uri)
    cases = [Case(suite, number, same, around) for number in range(len(suite.checks))]
    metafunc.parametrize("check", [pytest.param(case, id=case.id) for case in cases])
    return suite.suite


def _suite(wanted: Wanted, around: Around) -> Suite:
    if isinstance(wanted.suite, Suite):
        changes = {**wanted.keys, **around.chosen(wanted.suite.suite)}
        return wanted.suite.override(**changes) if changes else wanted.suite
    beside = str(wanted.suite).startswith(("./", "../"))
    path = (around.test.parent if beside else around.settings.root) / wanted.suite
    return load(shown(path), override=lambda name: {**wanted.keys, **around.chosen(name)})


@dataclass(eq=False)
class Case:
    """One check of a suite, to be called by a test; ``ran`` holds the properties of each call."""

    suite: Suite
    number: int
    same: tuple[Any, ...]
    around: Around
    ran: list[tuple[Outcome, list[tuple[str, Any]]]] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The id of the check."""
        return self.suite.checks[self.number].id

    @property
    def tags(self) -> tuple[str, ...]:
        """Words for pytest's ``-k``."""
        spec = self.suite.checks[self.number]
        return (spec.kind, *spec.tags)

    def __repr__(self) -> str:
        return f"<check {self.id} of {self.suite.suite}>"

    def __call__(self, **keys: Unpack[Keys]) -> CheckResult:
        """Run the check, some keys of its suite replaced; see `parametrize`."""
        __tracebackhide__ = True
        started = datetime.now(UTC).isoformat(timespec="seconds")
        planned_suite, opened = self._opened(keys)
        planned = planned_suite.checks[self.number]
        undecided = self.around.inconclusive or planned.spec.inconclusive or planned_suite.suite.inconclusive
        told = partial(
            properties,
            opened,
            path=self.around.nodeid,
            position=self.number,
            started=started,
        )
        try:
            prepare(planned, opened)
        except ModelQAError as error:
            self.ran.append((Outcome.ERRORED, told(unopened(planned, error))))
            # Alone: what a library said may quote rows, and a traceback would show it.
            raise CheckError(f"{planned.where}: {error}".removeprefix(": ")) from None
        result = execute(planned, opened)
        self.ran.append((result.outcome, told(result)))
        conclude(result, planned.spec, fails=undecided == "fail")
        return result

    def properties(self) -> list[tuple[str, Any]]:
        """What the worst of all calls leaves in the report; nothing where there was none."""
        order = list(Outcome)
        worst = min(self.ran, key=lambda each: order.index(each[0]), default=None)
        return worst[1] if worst else []

    def _opened(self, keys: Keys) -> tuple[Plan, Opened]:
        """The suite with these keys, planned and opened, or what an earlier call has left open."""
        fixed = [key for key in FIXED if key in keys]
        if fixed:
            raise TypeError(f"check(): {fixed[0]} cannot be replaced in a call")
        same = (*self.same, *_identity(keys))
        if same not in _OPEN:
            planned = plan(self.suite.override(**keys) if keys else self.suite)
            _OPEN[same] = (planned, Opened(planned.suite, self.around.settings), (self, keys))
        _OPEN.move_to_end(same)
        while len(_OPEN) > MOST_OPEN:
            _OPEN.popitem(last=False)[1][1].close()
        return _OPEN[same][:2]


_OPEN: OrderedDict[tuple[Any, ...], tuple[Plan, Opened, Any]] = OrderedDict()
"""Open subjects by what they are made of; the last part keeps alive the objects that ids stand for."""


def _identity(keys: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Keys and values as far as they are the same thing: names and numbers by value, objects by identity.

    >>> _identity({"threshold": 0.5, "batch": "b.parquet"})
    (('batch', (<class 'str'>, 'b.parquet')), ('threshold', (<class 'float'>, 0.5)))
    """
    return tuple((key, _same(value)) for key, value in sorted(keys.items()))


def _same(value: Any) -> tuple[type, Any]:
    plain = isinstance(value, str | int | float | Path | None)
    return (type(value), value if plain else id(value))


# --- any check as an item of pytest, whether it stands in a suite file or in a test function


def settings(root: Path, option: Callable[[str], Any]) -> Settings:
    """What a run takes from pytest: its rootdir, and what its options say."""
    cache = None if switched(option("no_cache")) else Cache(folder(root))
    return Settings(root=root, tracking_uri=tracking_uri(option("tracking_uri"), root), cache=cache)


def together(items: list[pytest.Item], kind: type[pytest.Item]) -> None:
    """Let items of a kind from one file follow each other, whoever shuffled them: they share a subject.

    They share out the places that they already have; no other item moves.
    """
    places = [place for place, item in enumerate(items) if isinstance(item, kind)]
    order = {items[place].path: turn for turn, place in reversed(list(enumerate(places)))}
    ours = sorted((items[place] for place in places), key=lambda item: order[item.path])
    for place, item in zip(places, ours, strict=True):
        items[place] = item


def conclude(result: CheckResult, spec: CheckSpec, *, fails: bool) -> None:
    """End a pytest item as its check ended: nothing, an exception, or pytest's skip or xfail.

    ``fails`` says that an undecided check is a failure.
    """
    __tracebackhide__ = True
    first, *others = details(result)
    text = "\n".join([f"{result.where}: {first}" if result.where else first, *others])
    match result.outcome:
        case Outcome.FAILED:
            expected = spec.expect_failure
            if expected is not None and expected.until >= datetime.now(UTC).date():
                pytest.xfail(f"{expected.reason} (until {expected.until})")
            raise CheckFailed(text)
        case Outcome.ERRORED:
            raise CheckError(text)
        case Outcome.INCONCLUSIVE if fails:
            raise CheckFailed(f"{text}\n    (undecided, and `inconclusive: fail` makes that a failure)")
        case Outcome.SKIPPED:
            pytest.skip(result.message)


def properties(
    opened: Opened, result: CheckResult, *, path: str, position: int, started: str
) -> list[tuple[str, Any]]:
    """What a check leaves in a report, for JUnit and the controlling process: built-in types only."""
    suite, worst = opened.suite, result.worst
    subject = codec.subject_to_plain(opened.info)
    told: dict[str, Any] = {"suite": suite.suite, "check": result.id, "outcome": str(result.outcome)}
    if worst is not None:
        estimate = worst.measurement.estimate
        told |= {"value": estimate.value, "low": estimate.low, "high": estimate.high, "n": estimate.n}
    for part in ("model", "batch"):
        told |= {f"{part}_{key}": subject[part][key] for key in ("name", "digest") if part in subject}
    message = {
        "suite": suite.suite,
        "path": path,
        "digest": suite.rules,
        "total": len(suite.checks),
        "levels": codec.levels_to_plain(budget(suite)),
        "started": started,
        "position": position,
        "subject": subject,
        "check": codec.check_to_plain(result),
        "actions": [action.describe() for action in suite.actions],
    }
    return [
        *((f"modelqa.{key}", value) for key, value in told.items()),
        ("modelqa.result", dumps(message, allow_nan=False)),
    ]
