"""What a suite can see, before it judges anything: one row for each measurement, and their report."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from math import nan
from typing import Literal

from modelqa.core.bound import Limit
from modelqa.core.result import ALL
from modelqa.core.subject import SubjectInfo
from modelqa.core.units import Unit

How = Literal["counted", "exact", "redrawn", "approximate", "unknown"]
"""How a sight was worked out: a fact of the batch, the binomial distribution, the check itself on
rows drawn anew, the reach of the one interval that was measured, or not at all."""


@dataclass(frozen=True, slots=True)
class Chances:
    """How often a check ends so, of all runs; they add up to 1.

    >>> Chances(green=0.75, red=0.0).undecided
    0.25
    """

    _: KW_ONLY
    green: float
    red: float

    @property
    def undecided(self) -> float:
        return max(1 - self.green - self.red, 0.0)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one measurement of a check can see, at the rows available.

    ``value`` is what was measured now, ``seen`` the value at which the check turns red in so many
    runs as the report asks for (NaN: at none that was found), ``healthy`` the truth for which
    ``chances`` hold: the value, or the limit where the value is beyond it. ``counts`` names what
    ``n`` counts; ``warnings`` say in one sentence each what is wrong with the check.
    """

    check: str
    metric: str
    _: KW_ONLY
    slice: str = ALL
    column: str | None = None
    unit: Unit = Unit.NUMBER
    n: int = 0
    counts: str = "rows"
    limit: Limit | None = None
    bound: float = nan
    value: float = nan
    healthy: float = nan
    seen: float = nan
    chances: Chances | None = None
    how: How = "unknown"
    warnings: tuple[str, ...] = ()
    note: str = ""

    @property
    def effect(self) -> float:
        """How far beyond its limit the truth must be to be seen, in the unit of the check."""
        return abs(self.seen - self.bound)


@dataclass(frozen=True, slots=True)
class PowerReport:
    """What all checks of a suite can see. ``power`` is the share of runs that ``seen`` is red in."""

    suite: str
    subject: SubjectInfo
    sights: Sequence[Sight]
    _: KW_ONLY
    power: float
    unmeasured: bool = False

    @property
    def warned(self) -> bool:
        """Whether any check has a warning."""
        return any(sight.warnings for sight in self.sights)
