"""Made-up calls of a model, as a machine that drifts times them."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelqa.core.estimate import Estimate, Levels

Floats = NDArray[np.float64]
LEVELS = Levels(alpha=0.05, beta=0.05, reds="low")
SECONDS = st.floats(1e-6, 10.0)


def bound_together(rng: np.random.Generator, n: int, *, memory: float) -> Floats:
    """Calls of about a millisecond whose logarithm drifts; `memory` is how much of it the next call keeps."""
    steps = rng.normal(0, 0.1 * np.sqrt(1 - memory**2), n)
    level = np.empty(n)
    before = rng.normal(0, 0.1)
    for place, step in enumerate(steps):
        before = memory * before + step
        level[place] = before
    return np.asarray(0.001 * np.exp(level))


def missed(found: Estimate, truth: float) -> bool:
    """Whether the truth lies beyond an end."""
    return not found.low <= truth <= found.high
