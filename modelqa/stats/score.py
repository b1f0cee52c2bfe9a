"""What a score is: what it needs of a model, which side of it is good, and how it is estimated."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Literal

import numpy as np

from modelqa.core.estimate import Estimate, Levels
from modelqa.stats import losses
from modelqa.stats.hits import Hits
from modelqa.stats.linear import Linear, Undefined, estimate, negated
from modelqa.stats.sample import Sample, Task

Response = Literal["label", "probability", "value"]


@dataclass(frozen=True, slots=True)
class Score:
    """A score by its scorer name.

    ``response`` is what it needs of a model. ``measure`` is its value with its influence, ``exact``
    a better interval for plain rows (no weights, no groups), ``drawn`` an interval of its own for
    any rows, ``hit`` the rows' hits where it is a share of them. ``labels`` says whether it needs
    the truth. ``sign`` is -1 for a ``neg_`` name.
    """

    name: str
    tasks: frozenset[Task]
    response: Response
    greater_is_better: bool
    _: KW_ONLY
    measure: Callable[[Sample], Linear] | None = None
    exact: Callable[[Sample, Levels], Estimate] | None = None
    drawn: losses.Drawn | None = None
    hit: Hits | None = None
    labels: bool = True
    sign: Literal[1, -1] = 1

    def estimate(self, sample: Sample, levels: Levels, rng: np.random.Generator) -> tuple[Estimate, str]:
        """The score of a sample and a note, empty where there is nothing to say.

        A score that does not exist on these rows is undefined, and the note says why.
        """
        wanted = levels if self.sign > 0 else levels.mirrored()
        try:
            self.verify(sample)
            found, note = self._estimate(sample, wanted, rng)
        except Undefined as reason:
            return Estimate.undefined(n=len(sample)), str(reason)
        return (found if self.sign > 0 else negated(found)), note or _note(found)

    def verify(self, sample: Sample) -> None:
        """Raise `Undefined` where the sample is not one that this score can be computed from."""
        if len(sample) == 0:
            raise Undefined("no rows")
        if sample.task not in self.tasks:
            raise Undefined(f"{self.name} does not exist for a {sample.task} task")
        if self.response == "probability":
            if sample.probabilities is None:
                raise Undefined("the model gives no probabilities")
            if not np.isfinite(sample.probabilities).all():
                raise Undefined("a probability is not a finite number")
        if sample.weights is not None and not sample.weights.sum() > 0:
            raise Undefined("the weights sum to zero")

    def _estimate(self, sample: Sample, levels: Levels, rng: np.random.Generator) -> tuple[Estimate, str]:
        if self.drawn is not None:
            return self.drawn(sample, levels, rng)
        if self.exact is not None and sample.weights is None and sample.groups is None:
            return self.exact(sample, levels), ""
        if self.measure is None:
            raise Undefined(f"{self.name} has no interval for weighted or grouped rows")
        return estimate(self.measure(sample), sample, levels), ""


def _note(found: Estimate) -> str:
    """What to say of an end that is not known."""
    if np.isfinite(found.low) and np.isfinite(found.high):
        return ""
    return "an end of the interval is beyond what these rows can tell"
