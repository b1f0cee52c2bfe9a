"""Worlds with one dial: rows of a known truth, for holding power reports against simulation."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import pandas as pd

from modelqa.core.bound import Outcome, judge
from modelqa.core.estimate import Estimate, Levels
from modelqa.core.power import Sight
from modelqa.run.power import measure_power
from modelqa.stats import compare, distance, scores
from modelqa.stats.sample import Sample
from modelqa.suite.spec import Suite

Frame = dict[str, Any]
Draw = Callable[[np.random.Generator, int, float], tuple[Frame, Frame | None]]
Direct = Callable[[Frame, Frame | None, Levels], Estimate]
MANY = 2_000_000


@dataclass(frozen=True)
class World:
    """A check, the rows that it is asked of, and a dial that makes them worse as it is turned.

    ``draw`` makes a batch (and a reference, or None) of n rows at a place of the dial; ``healthy``
    and ``worst`` are the ends of the dial that are looked at.
    """

    name: str
    check: dict[str, Any]
    draw: Draw
    direct: Direct
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

    def seen(self, n: int, alarms: float, runs: int, *, power: float = 0.8, seed: int = 1) -> float:
        """The truth at which a share ``power`` of simulated runs are red, by halving the dial."""
        near, far = self.healthy, self.worst
        levels = Levels(alpha=alarms, beta=0.05, reds=self.bound.reds)
        for _ in range(9):
            middle = (near + far) / 2
            rngs = (np.random.default_rng((seed, run)) for run in range(runs))
            red = [self.red(self.estimate(rng, n, middle, levels)) for rng in rngs]
            near, far = (middle, far) if np.mean(red) < power else (near, middle)
        return self.truth((near + far) / 2)

    def estimate(self, rng: np.random.Generator, n: int, dial: float, levels: Levels) -> Estimate:
        """What the check measures in one run, straight from the statistics."""
        return self.direct(*self.draw(rng, n, dial), levels)

    def red(self, estimate: Estimate) -> bool:
        """Whether a run with this estimate is red."""
        return judge(estimate, self.bound).outcome is Outcome.FAILED

    @property
    def bound(self) -> Any:
        """The bound of the check."""
        return self.suite(np.random.default_rng(0), 100, self.healthy, 0.01).checks[0].bound

    def truth(self, dial: float) -> float:
        """The value at a place of the dial, from very many rows."""
        levels = Levels(alpha=0.05, beta=0.05, reds=self.bound.reds)
        return self.estimate(np.random.default_rng(99), MANY, dial, levels).value


def scored(scorer: str) -> Direct:
    """A score of one batch."""

    def direct(batch: Frame, _: Frame | None, levels: Levels) -> Estimate:
        return scores.find(scorer).estimate(sample_of(batch), levels, np.random.default_rng(0))[0]

    return direct


def compared(scorer: str) -> Direct:
    """The paired difference of a score of candidate and champion."""

    def direct(batch: Frame, _: Frame | None, levels: Levels) -> Estimate:
        ours, theirs = sample_of(batch), sample_of({"y": batch["y"], "p_1": batch["c_1"]})
        return compare.difference(scores.find(scorer), ours, theirs, levels, np.random.default_rng(0))[0]

    return direct


def distant(method: str) -> Direct:
    """A distance of batch and reference."""

    def direct(batch: Frame, reference: Frame | None, levels: Levels) -> Estimate:
        assert reference is not None
        if batch["x"].dtype != object:
            return distance.numeric(method, reference["x"], batch["x"], levels)[0]
        counts = [np.array([np.sum(side["x"] == name) for name in "abc"]) for side in (reference, batch)]
        return distance.categorical(method, *counts, levels)[0]

    return direct


def sample_of(batch: Frame) -> Sample:
    """A batch as scores see it."""
    if "said" in batch:
        return Sample("regression", batch["y"], batch["said"])
    share = batch["p_1"]
    both = np.column_stack([1 - share, share])
    return Sample("binary", batch["y"], (share > 0.5).astype(int), probabilities=both, classes=(0, 1))


def _binary(rng: np.random.Generator, n: int, mean: float) -> Frame:
    truth = (rng.random(n) < 0.3).astype(int)
    score = truth * mean + rng.normal(size=n)
    share = 1 / (1 + np.exp(-(2.0 * score - 2.0 + np.log(0.3 / 0.7))))
    return {"y": truth, "p_0": 1 - share, "p_1": share}


def classified(rng: np.random.Generator, n: int, dial: float) -> tuple[Frame, None]:
    """A binary classifier, whose classes are ``2 - dial`` spreads apart."""
    return _binary(rng, n, 2.0 - dial), None


def rivals(rng: np.random.Generator, n: int, dial: float) -> tuple[Frame, None]:
    """Two classifiers that err alike, the candidate by ``dial`` spreads worse than the champion."""
    truth = (rng.random(n) < 0.4).astype(int)
    common = rng.normal(size=n)
    said = {}
    for name, mean in (("p", 2.0 - dial), ("c", 2.0)):
        score = truth * mean + 0.8 * common + 0.6 * rng.normal(size=n)
        said[f"{name}_1"] = 1 / (1 + np.exp(-(2.0 * score - 2.0)))
    return {"y": truth, **said}, None


def predicted(rng: np.random.Generator, n: int, dial: float) -> tuple[Frame, None]:
    """A regression with errors of spread ``0.5 + dial``, on labels that stay what they are."""
    known, error = rng.normal(size=n), rng.normal(size=n)
    truth = known + 0.5 * error
    return {"y": truth, "said": truth - (0.5 + dial) * error}, None


def moved(rng: np.random.Generator, n: int, dial: float) -> tuple[Frame, Frame]:
    """A column of numbers that has moved by ``dial`` spreads."""
    return {"x": rng.normal(size=n) + dial}, {"x": rng.normal(size=n)}


def mixed(rng: np.random.Generator, n: int, dial: float) -> tuple[Frame, Frame]:
    """A column of categories of which the commonest loses a share ``dial``."""
    names = np.array(["a", "b", "c"], dtype=object)
    shares = (0.5 - dial, 0.3 + dial / 2, 0.2 + dial / 2)
    return {"x": rng.choice(names, n, p=shares)}, {"x": rng.choice(names, n, p=(0.5, 0.3, 0.2))}


_SCORED = {"labels": "y", "predictions": ["p_0", "p_1"], "positive": 1}


def _said(column: str) -> Callable[[pd.DataFrame], Any]:
    """A model that says what stands in a column."""

    def predict(frame: pd.DataFrame) -> Any:
        share = frame[column].to_numpy()
        return np.column_stack([1 - share, share])

    return predict


_RIVALS = {"labels": "y", "model": _said("p_1"), "champion": _said("c_1"), "features": ["p_1", "c_1"]}
_NUMBERS = {"labels": "y", "predictions": "said"}
_DRIFT = {"features": ["x"]}


def _classes(scorer: str, **bound: float) -> World:
    check = {"metric": scorer, **bound}
    return World(scorer, check, classified, scored(scorer), healthy=0.0, worst=1.6, keys=_SCORED)


def _errors(scorer: str, **bound: float) -> World:
    check = {"metric": scorer, **bound}
    return World(scorer, check, predicted, scored(scorer), healthy=0.0, worst=0.6, keys=_NUMBERS)


def _versus(scorer: str, **bound: float) -> World:
    check, name = {"metric": scorer, "versus": "champion", **bound}, f"{scorer}-versus-champion"
    return World(name, check, rivals, compared(scorer), healthy=0.0, worst=0.8, keys=_RIVALS)


def _drift(method: str, draw: Draw, worst: float) -> World:
    check = {"drift": "x", "method": method, "max": 0.1}
    return World(method, check, draw, distant(method), healthy=0.0, worst=worst, keys=_DRIFT)


WORLDS = [
    _classes("accuracy", min=0.84),
    _classes("recall", min=0.70),
    _classes("f1", min=0.73),
    _classes("roc_auc", min=0.90),
    _classes("log_loss", max=0.36),
    _errors("root_mean_squared_error", max=0.54),
    _errors("r2", min=0.77),
    _versus("accuracy", min=-0.01),
    _versus("roc_auc", min=-0.01),
    _drift("wasserstein", moved, 0.8),
    _drift("jensenshannon", mixed, 0.45),
]
MORE_WORLDS = [
    _classes("balanced_accuracy", min=0.80),
    _classes("average_precision", min=0.80),
    _errors("mean_absolute_error", max=0.43),
    _drift("ks", moved, 1.0),
    _drift("psi", moved, 1.2),
]
