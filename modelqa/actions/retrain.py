"""Whether a model is retrained: guard rails without a clock, a process or a database.

A request is made once for a problem and a model version. It is refused inside a cool-down, when the budget
is spent, and when the version that came of the last one has the same problem. Cool-down and budget are the
model's, whatever the problem and the suite.
"""

import time
from collections.abc import Sequence
from dataclasses import KW_ONLY, asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Self

from modelqa.actions.tickets import DAY, older

WEBHOOK = "webhook"
"""The one way that does a request once however often it is asked."""


class State(StrEnum):
    """What is known of a request: written down and no more, done, gone wrong, or certainly not done."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often a model is retrained at most; times in seconds."""

    cool_down: float = 7 * DAY
    most: int = 4
    within: float = 30 * DAY


@dataclass(frozen=True, slots=True)
class Need:
    """A problem, since when it has been open without a break, and the model that has it."""

    problem: str
    _: KW_ONLY
    episode: float
    version: str
    digest: str

    def same(self, other: "Need") -> bool:
        """Whether it is the same model, as far as can be told."""
        if self.version or other.version:
            return self.version == other.version
        return self.digest == other.digest

    def request(self, attempt: int) -> str:
        """The id of a request: the same for the same need and attempt, whoever asks.

        >>> Need("ab", episode=1.0, version="7", digest="").request(0)
        'retrain-3602c79d9ed4c5c4'
        """
        identity = f"{self.problem}\0{self.episode!r}\0{self.version or self.digest}\0{attempt}"
        return f"retrain-{sha256(identity.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Retrain:
    """A request that was written down, and what is known of it."""

    id: str
    _: KW_ONLY
    need: Need
    by: str
    time: float
    state: State = State.BEGUN
    said: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is, or may have been, done; what a webhook did not answer is asked again as the same."""
        return self.state is not State.UNDONE and not (self.state is State.BEGUN and self.by == WEBHOOK)

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def read(cls, plain: dict[str, Any]) -> Self:
        """The inverse of `plain`."""
        return cls(**{**plain, "need": Need(**plain["need"]), "state": State(plain["state"])})


def attempts(need: Need, past: Sequence[Retrain]) -> int:
    """How often this was asked for already."""
    return sum(each.counts and _concerns(each, need) and each.need.same(need) for each in past)


def refusal(need: Need, past: Sequence[Retrain], limits: Limits, now: float) -> str:
    """Why a model is not retrained; "" where it is. ``past`` are all requests of the model, oldest first.

    >>> need = Need("ab", episode=0.0, version="7", digest="")
    >>> refusal(need, [], Limits(), now=0.0)
    ''
    >>> done = Retrain("retrain-1", need=need, by="command", time=0.0, state=State.DONE)
    >>> refusal(need, [done], Limits(), now=90.0)
    'asked for on 1970-01-01 00:00 UTC (retrain-1); no newer version has come since'
    >>> refusal(Need("ab", episode=0.0, version="8", digest=""), [done], Limits(), now=90 * DAY)
    'the last retrain did not help: version 8 came after it (retrain-1) and has the same problem'
    """
    return waiting(need, past) or _hopeless(need, _last(need, past)) or _spent(past, limits, now)


def waiting(need: Need, past: Sequence[Retrain]) -> str:
    """That this very thing was done, and its model has not come yet; "" where it was not done."""
    last = _last(need, past)
    if last is None or last.state is not State.DONE or not need.same(last.need):
        return ""
    return f"asked for on {moment(last.time)} ({last.id}); no newer version has come since"


def _last(need: Need, past: Sequence[Retrain]) -> Retrain | None:
    return next((each for each in reversed(past) if each.counts and _concerns(each, need)), None)


def _concerns(past: Retrain, need: Need) -> bool:
    return (past.need.problem, past.need.episode) == (need.problem, need.episode)


def _hopeless(need: Need, last: Retrain | None) -> str:
    """Why the last request for this very problem speaks against another one for this model."""
    if last is None:
        return ""
    if older(need.version, last.need.version):
        return f"version {need.version} is older than the one that {last.id} was asked for"
    if last.state is State.FAILED or need.same(last.need):
        return ""
    which = f"version {need.version}" if need.version else "another model"
    return f"the last retrain did not help: {which} came after it ({last.id}) and has the same problem"


def _spent(past: Sequence[Retrain], limits: Limits, now: float) -> str:
    counted = [each for each in past if each.counts]
    last = max(counted, key=lambda each: each.time, default=None)
    if last is not None and now - last.time < limits.cool_down:
        until = moment(last.time + limits.cool_down)
        return f"in the cool-down until {until}, after {last.id} {_known(last)}"
    window = [each.time for each in counted if now - each.time < limits.within]
    if len(window) >= limits.most:
        again = moment(sorted(window)[-limits.most] + limits.within)
        days = f"{limits.within / DAY:g} days"
        return f"the budget of {limits.most} in {days} is spent; the next one may be on {again}"
    return ""


def _known(last: Retrain) -> str:
    """What became of a request, behind its id."""
    told = {State.DONE: "was made", State.FAILED: "failed"}
    return told.get(last.state, "was begun, of which it is not known whether it was done")


def moment(seconds: float) -> str:
    """A time for people.

    >>> moment(0.0)
    '1970-01-01 00:00 UTC'
    """
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
