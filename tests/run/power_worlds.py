"""Worlds with one dial: rows of a known truth, for holding power reports against simulation."""

from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from modelqa.core.bound import Outcome, judge
from modelqa.core.estimate import Estimate
from modelqa.core.power import Sight
from modelqa.run.plan import plan
from modelqa.run.power import measure_power
from modelqa.suite.spec import Suite

Frame = dict[str, Any]
Draw = Callable[[np.random.Generator, int, float], tuple[Frame, Frame | None]]
MANY = 400_000


@dataclass(frozen=True)
class World:
    """A check, the rows that it is asked of, and a dial that makes them worse as it is turned.

    ``draw`` makes a batch (and a reference, or None) of n rows at a place of the dial; ``healthy``
    and ``worst`` are the ends of the dial that are looked at.
    """

    name: str
    check: dict[str, Any]
    draw: Draw
    _: KW_ONLY
    healthy: float
    worst: float
    keys: Frame

    def suite(self, rng: np.random.Generator, n: int, dial: float, alarms: float) -> Suite:
        """The suite with its only check, on rows drawn at a place of the dial."""
        batch, reference = self.draw(rng, n, dial)
        also = {} if reference is None else {"reference": pd.DataFrame(reference)}
        return Suite(
            "world", batch=pd.DataFrame(batch), checks=[self.check], false_alarms=alarms, **also, **self.keys
        )

    def sight(self, n: int, alarms: float, *, seed: int = 0, power: float = 0.8) -> Sight:
        """What the report says of the check on one healthy batch."""
        suite = self.suite(np.random.default_rng(seed), n, self.healthy, alarms)
        (sight,) = measure_power(suite, power=power).sights
        return sight

    def estimates(self, n: int, dial: float, alarms: float, runs: int, seed: int) -> Iterator[Estimate]:
        """What the check measures in independent runs at one place of the dial."""
        for run in range(runs):
            yield measure(self.suite(np.random.default_rng((seed, run)), n, dial, alarms))

    def seen(self, n: int, alarms: float, runs: int, *, power: float = 0.8, seed: int = 1) -> float:
        """The truth at which a share ``power`` of simulated runs are red, by halving the dial."""
        near, far = self.healthy, self.worst
        for _ in range(9):
            middle = (near + far) / 2
            red = [self.red(each) for each in self.estimates(n, middle, alarms, runs, seed)]
            near, far = (middle, far) if np.mean(red) < power else (near, middle)
        return self.truth((near + far) / 2)

    def red(self, estimate: Estimate) -> bool:
        """Whether a run with this estimate is red."""
        return judge(estimate, self.bound).outcome is Outcome.FAILED

    @property
    def bound(self) -> Any:
        """The bound of the check."""
        return self.suite(np.random.default_rng(0), 100, self.healthy, 0.01).checks[0].bound

    def truth(self, dial: float) -> float:
        """The value at a place of the dial, from very many rows."""
        return measure(self.suite(np.random.default_rng(99), MANY, dial, 0.01)).value


def measure(suite: Suite) -> Estimate:
    """The only estimate of a suite's only check."""
    from modelqa.run.execute import measured, views
    from modelqa.run.opened import Opened, Settings

    (planned,) = plan(suite).checks
    opened = Opened(suite, Settings(root=Path()))
    (found,) = measured(planned, views(planned, opened)[0])
    return found.estimate


def _binary(rng: np.random.Generator, n: int, mean: float) -> Frame:
    truth = (rng.random(n) < 0.3).astype(int)
    score = truth * mean + rng.normal(size=n)
    share = 1 / (1 + np.exp(-(2.0 * score - 2.0 + np.log(0.3 / 0.7))))
    return {"y": truth, "p_0": 1 - share, "p_1": share}


def classified(rng: np.random.Generator, n: int, dial: float) -> tuple[Frame, None]:
    """A binary classifier, whose classes are ``2 - dial`` spreads apart."""
    return _binary(rng, n, 2.0 - dial), None


def predicted(rng: np.random.Generator, n: int, dial: float) -> tuple[Frame, None]:
    """A regression with errors of spread ``0.5 + dial``."""
    said = rng.normal(size=n)
    return {"y": said + rng.normal(size=n) * (0.5 + dial), "said": said}, None


def moved(rng: np.random.Generator, n: int, dial: float) -> tuple[Frame, Frame]:
    """A column of numbers that has moved by ``dial`` spreads."""
    return {"x": rng.normal(size=n) + dial}, {"x": rng.normal(size=n)}


def mixed(rng: np.random.Generator, n: int, dial: float) -> tuple[Frame, Frame]:
    """A column of categories of which the commonest loses a share ``dial``."""
    names = np.array(["a", "b", "c"], dtype=object)
    shares = (0.5 - dial, 0.3 + dial / 2, 0.2 + dial / 2)
    return {"x": rng.choice(names, n, p=shares)}, {"x": rng.choice(names, n, p=(0.5, 0.3, 0.2))}


_SCORED = {"labels": "y", "predictions": ["p_0", "p_1"], "positive": 1}
_NUMBERS = {"labels": "y", "predictions": "said"}
_DRIFT = {"features": ["x"]}


def _classes(scorer: str, **bound: float) -> World:
    check = {"metric": scorer, **bound}
    return World(scorer, check, classified, healthy=0.0, worst=1.6, keys=_SCORED)


def _errors(scorer: str, **bound: float) -> World:
    return World(scorer, {"metric": scorer, **bound}, predicted, healthy=0.0, worst=0.6, keys=_NUMBERS)


WORLDS = [
    _classes("accuracy", min=0.84),
    _classes("recall", min=0.70),
    _classes("precision", min=0.75),
    _classes("f1", min=0.73),
    _classes("roc_auc", min=0.90),
    _classes("average_precision", min=0.80),
    _classes("balanced_accuracy", min=0.80),
    _classes("log_loss", max=0.36),
    _errors("root_mean_squared_error", max=0.54),
    _errors("mean_absolute_error", max=0.43),
    _errors("r2", min=0.77),
    World("wasserstein", {"drift": "x", "max": 0.1}, moved, healthy=0.0, worst=0.8, keys=_DRIFT),
    World("ks", {"drift": "x", "method": "ks", "max": 0.1}, moved, healthy=0.0, worst=1.0, keys=_DRIFT),
    World("psi", {"drift": "x", "method": "psi", "max": 0.1}, moved, healthy=0.0, worst=1.2, keys=_DRIFT),
    World("jensenshannon", {"drift": "x", "max": 0.1}, mixed, healthy=0.0, worst=0.45, keys=_DRIFT),
]
