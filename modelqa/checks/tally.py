"""Counts by kind of error, as checks add them up and notes tell them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """How often each kind occurred.

    >>> tally = Tally()
    >>> tally.add("http 500", 2)
    >>> tally.add("timeout")
    >>> str(tally), tally.total
    ('2 http 500, 1 timeout', 3)
    """

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, times: int = 1) -> None:
        """Count a kind so many times more; none at all leaves no trace."""
        if times:
            self.counts[kind] = self.counts.get(kind, 0) + times

    def merge(self, counts: Mapping[str, int]) -> None:
        """Count all of these too."""
        for kind, times in counts.items():
            self.add(kind, times)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __str__(self) -> str:
        return ", ".join(f"{times:,} {kind}" for kind, times in self.counts.items())
