"""What a tracker of tickets has to be able to do, and how it says no."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Protocol

from modelqa.errors import ActionError


class Refused(ActionError):
    """The tracker answered no; below a status of 500 it is certain that nothing was done."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class Later(ActionError):
    """The tracker did nothing and wants to be left alone for ``seconds``."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class Unreachable(ActionError):
    """No answer came: whether a write was done is not known."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a ticket says: one line, Markdown, and Markdown for a comment on it.

    ``fingerprint`` is the problem's; the same ``key`` is the same message, which is not done again.
    """

    title: str
    body: str
    comment: str = ""
    _: KW_ONLY
    fingerprint: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """A ticket as its tracker knows it. ``duplicate``: closed because another one stands for it."""

    number: str
    _: KW_ONLY
    open: bool
    title: str = ""
    body: str = ""
    wont_fix: bool = False
    duplicate: bool = False


class Tracker(Protocol):
    """A place for tickets. Every method raises `ActionError` where it could not do its work.

    One that ``asks`` can be read, and may show a new ticket in its list only after ``lag`` seconds; one
    that does not (a webhook) takes the fingerprint as a key and must itself not do a thing twice.
    ``pace`` is the least number of seconds between two tickets that are written.
    """

    name: str
    asks: bool
    lag: float
    pace: float

    def find(self, fingerprint: str, /) -> Sequence[Issue]:
        """All tickets of a fingerprint, open or closed, the lowest number first."""

    def get(self, number: str, /) -> Issue | None:
        """One ticket; None where it is gone."""

    def create(self, text: Text, /) -> Issue:
        """A new ticket."""

    def change(self, number: str, text: Text, /, *, closed: bool) -> None:
        """Let a ticket say this, and open or close it."""

    def duplicate(self, number: str, /) -> None:
        """Close a ticket as the duplicate of one with a lower number."""

    def close(self) -> None:
        """Let go of the connection."""

    def comment(self, number: str, text: Text, /) -> None:
        """A comment, unless one with the text's key stands there already."""
