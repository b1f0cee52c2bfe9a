"""What a run says while it goes on; whoever listens decides what to show."""

from collections.abc import Callable
from dataclasses import dataclass

from modelqa.core.result import CheckResult, SuiteResult


@dataclass(frozen=True, slots=True)
class CheckStarted:
    """A check begins; ``position`` counts from 1."""

    id: str
    position: int
    total: int


@dataclass(frozen=True, slots=True)
class CheckFinished:
    """A check has ended."""

    result: CheckResult


@dataclass(frozen=True, slots=True)
class SuiteFinished:
    """The run is over."""

    result: SuiteResult


Event = CheckStarted | CheckFinished | SuiteFinished
Listener = Callable[[Event], None]


def nobody(_: Event) -> None:
    """Listen to nothing."""
