"""`modelqa init` on the example models: it passes as written, and ten kinds of damage turn it red."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from damages import COLUMNS, DAMAGES
from factories import SUBJECTS

from modelqa.core.bound import Outcome
from modelqa.core.result import SuiteResult
from modelqa.draft.subject import Ask
from modelqa.draft.write import Draft, written
from modelqa.run.execute import execute, run_suite
from modelqa.run.opened import Opened, Settings
from modelqa.run.plan import plan
from modelqa.suite.load import load
from modelqa.suite.spec import Suite

LEAST_RED = 3
"""Of the four example models, so many have to notice a damage."""

Suites = Callable[[str], "Written"]


class Written:
    """A suite that was written for an example, and what it was written from."""

    def __init__(self, name: str, root: Path, store: Path) -> None:
        self.name, self.root = name, root
        self.tracking_uri = f"sqlite:///{store / 'mlflow.db'}"
        train, self.batch = SUBJECTS[name].frames()
        self.batch.to_parquet(root / f"{name}.parquet")
        train.to_parquet(root / f"{name}-train.parquet")
        self.ask = Ask(
            model=f"models:/{name}@challenger",
            champion=f"models:/{name}@champion",
            sample=f"{name}.parquet",
            reference=f"{name}-train.parquet",
            labels=SUBJECTS[name].label,
            path=root / f"{name}.suite.yaml",
            root=root,
            here=root,
            tracking_uri=self.tracking_uri,
        )
        self.draft: Draft = written(self.ask)[0]

    @property
    def suite(self) -> Suite:
        """The suite, read from its file."""
        return load(self.ask.path)

    def judge(self, batch: pd.DataFrame) -> SuiteResult:
        """What the suite says of other rows; nothing that happens to rows changes a latency."""
        only = [check.id for check in self.suite.checks if check.kind != "latency"]
        changed = self.suite.override(batch=batch)
        return run_suite(changed, root=self.root, tracking_uri=self.tracking_uri, only=only)


@pytest.fixture(scope="module")
def suites(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Suites:
    """A suite for each example, written when first asked for."""
    root = tmp_path_factory.mktemp("drafts")
    known: dict[str, Written] = {}

    def find(name: str) -> Written:
        if name not in known:
            known[name] = Written(name, root, examples)
        return known[name]

    return find


def reds(result: SuiteResult) -> set[str]:
    """The checks that are red."""
    return {check.id for check in result.checks if check.outcome is Outcome.FAILED}


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_first_suite_passes_as_written(name: str, suites: Suites) -> None:
    """Read from its file and run again, every check is green, and all that matters is checked."""
    found = suites(name)
    result = found.judge(found.batch)
    assert {check.id: check.message for check in result.checks if check.outcome is not Outcome.PASSED} == {}
    kinds = {check.kind for check in found.suite.checks}
    assert kinds == {"metric", "errors", "latency", "schema", "drift"}
    assert found.draft.result.outcome is Outcome.PASSED
    assert {check.kind for check in found.draft.result.checks} == kinds


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_rows_turn_it_red(damage: str, suites: Suites) -> None:
    """Each kind of damage turns something red on at least three of the four models."""
    found = {
        name: reds(suites(name).judge(DAMAGES[damage](suites(name).batch, at)))
        for name, at in COLUMNS.items()
    }
    assert sum(map(bool, found.values())) >= LEAST_RED, found
    wanted = {"shuffled": set(), "stale": {"contract"}, "shifted": set()}.get(damage, {"contract"})
    assert sum(wanted <= red for red in found.values()) >= LEAST_RED, found


class Clock:
    """A clock that stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Slow:
    """A model that sleeps before each call, by a clock of its own."""

    def __init__(self, model: Any, clock: Clock, seconds: float) -> None:
        self._model, self._clock, self._seconds = model, clock, seconds
        self.info, self.inputs = model.info, model.inputs

    def predict(self, frame: pd.DataFrame) -> Any:
        return self._model.predict(frame)

    def call(self, frame: pd.DataFrame) -> object:
        self._clock.now += self._seconds
        return len(frame)


class Opening(Opened):
    """A subject whose model has become slow."""

    def __init__(self, suite: Suite, settings: Settings, clock: Clock, seconds: float) -> None:
        super().__init__(suite, settings)
        self._clock, self._seconds = clock, seconds

    def model(self, side: Any) -> Any:
        return Slow(super().model(side), self._clock, self._seconds)


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize(("seconds", "outcome"), [(0.5, Outcome.FAILED), (0.001, Outcome.PASSED)])
def test_a_slow_model_turns_it_red(name: str, seconds: float, outcome: Outcome, suites: Suites) -> None:
    """A call of half a second is beyond the budget of each example; one of a millisecond is not."""
    found, clock = suites(name), Clock()
    settings = Settings(root=found.root, tracking_uri=found.tracking_uri, clock=clock)
    latency = next(check for check in plan(found.suite).checks if check.spec.kind == "latency")
    assert execute(latency, Opening(found.suite, settings, clock, seconds)).outcome is outcome
