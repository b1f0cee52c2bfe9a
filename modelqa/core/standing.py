"""What is known of a check after many batches, where that is more than its last result says."""

from collections.abc import Mapping
from dataclasses import dataclass

from modelqa.core.bound import Outcome


@dataclass(frozen=True, slots=True)
class Stand:
    """How a check stands over time, and what that rests on, in a sentence (empty: nothing to say).

    ``failed`` is an alarm that lasts, ``passed`` that no evidence stands against it, ``inconclusive`` that
    this batch does not tell.
    """

    outcome: Outcome
    words: str = ""


Standing = Mapping[str, Stand]
"""By the id of the check; one that is not there is what its result says."""
