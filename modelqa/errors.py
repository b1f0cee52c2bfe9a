"""What can go wrong, as types.

    ModelQAError                 anything modelqa says on purpose
    |-- SuiteError               a suite is wrong: ``problems`` holds all of them
    |-- SubjectError             a model, batch, label or reference cannot be used
    |   `-- NotFound             the registry answers, and has no such model, version or alias
    |-- CheckError               a check cannot measure what it was asked
    |-- CallError                a server gave no usable answer to one request
    |-- ActionError              an effect on the outside world did not happen
    |   `-- Refused              it may not: the message holds every reason
    |-- LedgerError              what modelqa remembers cannot be read or written
    |   `-- Fenced               somebody else has the lease: nothing was written
    `-- MissingExtra             a library is absent or broken (also an ImportError)

    CheckFailed                  the verdict red (an AssertionError: pytest shows it as FAILED)

Every message says where, what was expected, what was found, and what to do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class ModelQAError(Exception):
    """Anything modelqa says on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a suite, with its place (lines and columns count from 1, 0 is unknown).

    ``misspelt`` is the name that stands there where the mistake is that nobody knows it, and
    ``known`` are the names that could.

    >>> str(Problem("unknown key 'mim' (did you mean 'min'?)", Path("a.suite.yaml"), 3, 5))
    "a.suite.yaml:3:5: unknown key 'mim' (did you mean 'min'?)"
    """

    message: str
    path: Path | None = None
    line: int = 0
    column: int = 0
    misspelt: str = ""
    known: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.path is None:
            return self.message
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class SuiteError(ModelQAError):
    """A suite is wrong; ``problems`` lists every mistake found, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class SubjectError(ModelQAError):
    """A model, batch, label or reference cannot be found, reached, trusted or used."""


class NotFound(SubjectError):
    """The registry answers, and has no such model, version or alias."""


class CheckError(ModelQAError):
    """A check cannot measure what it was asked to measure."""


class CallError(ModelQAError):
    """A server gave no usable answer to one request; ``kind`` is the class of error that is counted.

    Kinds are ``timeout``, ``refused``, ``unreachable``, ``reset``, ``tls``, ``http <status>``,
    ``malformed answer`` and ``wrong number of answers``.
    """

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


class ActionError(ModelQAError):
    """An effect on the outside world did not happen."""


class Refused(ActionError):
    """An effect may not happen: the message holds every reason."""


class LedgerError(ModelQAError):
    """The ledger cannot be opened, read or written."""


class Fenced(LedgerError):
    """A lease is somebody else's, or has run out: nothing was written."""


class MissingExtra(ModelQAError, ImportError):
    """A library that this suite needs is absent or cannot be imported."""


class CheckFailed(AssertionError):
    """The verdict red, as pytest and ``assert`` understand it."""
