"""The rows that a model cannot answer, found by halving: few calls for few of them, bounded for many."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field

from modelqa.checks.tally import Tally
from modelqa.errors import CallError, ModelQAError

MOST_CALLS = 1000
MOST_SECONDS = 60.0
MOST_TIMEOUTS = 20
"""What is spent on finding rows; what is still open then widens the interval."""
AGAIN = "answered only when asked again"
TIMEOUT = "timeout"
_WHOEVER_ASKS = frozenset({"refused", "unreachable", "tls"})
"""Errors that come of the server, not of rows: halving would find them everywhere."""


@dataclass(slots=True)
class Search:
    """Rows by what is wrong with their prediction; ``score`` counts those of a piece, or raises.

    A piece that raises and whose halves do not is one row that was answered only when asked again.

    >>> def score(start, end):
    ...     if start <= 70_000 < end:
    ...         raise ValueError
    ...     return {}
    >>> search = Search(score, clock=lambda: 0.0)
    >>> search.look(0, 100_000)
    True
    >>> search.counts.counts, search.unresolved, search.calls < 40
    ({'raised': 1}, 0, True)
    """

    score: Callable[[int, int], Mapping[str, int]]
    _: KW_ONLY
    clock: Callable[[], float]
    counts: Tally = field(default_factory=Tally)
    unresolved: int = 0
    calls: int = 0
    _timeouts: int = 0
    _until: float | None = None

    def look(self, start: int, end: int, *, raises: bool = False) -> bool:
        """Count the rows of a piece; whether some make the model raise, or may.

        ``raises`` says that the piece is known to, which spares a call: of two halves of a piece that
        raises, the second one has to where the first one does not.
        """
        if self._spent():
            self.unresolved += end - start
            return True
        if end - start == 1 or not raises:
            kind = self._asked(start, end)
            if kind is None:
                return False
            if end - start == 1 or kind in _WHOEVER_ASKS:
                self.counts.add(kind, end - start)
                return True
        middle = (start + end) // 2
        first = self.look(start, middle)
        if not self.look(middle, end, raises=not first) and not first:
            self.counts.add(AGAIN)
        return True

    def _asked(self, start: int, end: int) -> str | None:
        """The kind of error that a piece raises; None where it is scored, and counted."""
        self.calls += 1
        try:
            self.counts.merge(self.score(start, end))
        except Exception as error:  # whatever a model raises is what is being counted
            if isinstance(error, ModelQAError) and not isinstance(error, CallError):
                raise
            kind = kind_of(error)
            self._timeouts += kind == TIMEOUT
            return kind
        return None

    def _spent(self) -> bool:
        if self._until is None:
            self._until = self.clock() + MOST_SECONDS
        return self.calls >= MOST_CALLS or self._timeouts >= MOST_TIMEOUTS or self.clock() > self._until


def kind_of(error: Exception) -> str:
    """What kind of error a model's failure is counted as.

    >>> kind_of(KeyError("age")), kind_of(TimeoutError())
    ('raised', 'timeout')
    """
    if isinstance(error, CallError):
        return error.kind
    return TIMEOUT if isinstance(error, TimeoutError) else "raised"
