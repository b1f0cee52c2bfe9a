"""What is watched, how, and for whom; and what may be seen of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

from modelqa.actions.relay import Step, quiet
from modelqa.after import Told, Wishes
from modelqa.core.codec import Gathered
from modelqa.run.opened import Settings
from modelqa.suite.spec import Suite
from modelqa.ticketing import policy_of
from modelqa.watch.arrivals import Source, short
from modelqa.watch.commit import Hearing
from modelqa.watch.overtime import Rules


@dataclass(frozen=True, slots=True)
class Done:
    """A batch that was judged and kept."""

    run: Gathered
    revision: int


@dataclass(frozen=True, slots=True)
class Held:
    """Something that has arrived and is left for later, and why."""

    name: str
    why: str


Seen = Done | Held | Told
Tell = Callable[[Seen], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is watched, how, and for whom.

    ``path`` is the suite's for people; ``expected`` the seconds between two batches, None where nobody knows;
    ``wishes`` say what else is to follow from a verdict. ``step`` is told each step before it is taken.
    """

    suite: Suite
    source: Source
    _: KW_ONLY
    settings: Settings
    wishes: Wishes
    path: str = ""
    hearings: Sequence[Hearing] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    expected: float | None = None
    step: Step = quiet

    @property
    def actions(self) -> tuple[Mapping[str, object], ...]:
        """The suite's actions, as plain data."""
        return tuple(action.describe() for action in self.suite.actions)

    @property
    def rules(self) -> Rules:
        """What the suite and its tickets demand over time."""
        patient = [policy_of(hearing.action).close_after for hearing in self.hearings]
        return Rules(per_year=self.suite.false_alarms_per_year, close_after=max(patient, default=3))

    @property
    def name(self) -> str:
        """What the ledger calls this suite on this source."""
        return f"watch:{short(self.suite.suite, self.source.key)}"

    @property
    def lease(self) -> str:
        """The lease on all verdicts of the suite, whatever they are about."""
        return f"watch:{self.suite.suite[:150]}"
