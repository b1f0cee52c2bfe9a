"""The one transaction: a result, how far its source is read, and all that has to follow from it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from hashlib import sha1
from typing import Any

from modelqa import ticketing
from modelqa.actions.tracker import Tracker
from modelqa.core.codec import Gathered, dumps, from_plain, loads, to_plain
from modelqa.core.standing import Standing
from modelqa.ledger import Batch, Row, Work
from modelqa.reports.terminal import would
from modelqa.watch import overtime
from modelqa.watch.overtime import Rules

FOLLOWS = "follows"
"""What the outbox calls the place of actions that are no tickets."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """A suite's ticket action and the tracker that it names."""

    action: Mapping[str, Any]
    tracker: Tracker


@dataclass(frozen=True, slots=True)
class Judged:
    """A batch with its run, and where its source stands once that is kept.

    ``revision`` counts the contents under this name; ``followed`` says that evidence or a page follows,
    whatever the outcome; ``rules`` are what the suite and its tickets demand over time.
    """

    batch: Batch
    _: KW_ONLY
    revision: int
    run: Gathered
    cursors: Mapping[str, str]
    followed: bool = False
    rules: Rules = field(default_factory=Rules)


def commit(
    work: Work, judged: Judged, hearings: Sequence[Hearing], environ: Mapping[str, str]
) -> dict[str, list[str]] | None:
    """Keep a verdict with all that follows from it, or nothing: the whole is one transaction of the ledger.

    Comes back with the problems that it speaks of (fingerprints by tracker); None where this batch has a
    verdict already, which stays.

    What chance can turn red opens a ticket, or has a model trained anew, only by evidence over many batches
    (see `overtime`).
    """
    earlier = [loads(text) for text in work.earlier(judged.batch)] if judged.revision > 1 else []
    if not work.judged(judged.batch, dumps(judged.run.result)):
        return None
    for name, value in judged.cursors.items():
        work.move(name, value)
    environment = environ.get(ticketing.ENVIRONMENT, "")
    result, rules = judged.run.result, judged.rules
    standing = overtime.commit(work, result, environment=environment, rules=rules, earlier=earlier)
    told = {
        hearing.tracker.name: ticketing.note(
            work, judged.run, hearing.action, hearing.tracker.name, environ, standing=standing
        )
        for hearing in hearings
    }
    for run in _following(judged, standing):
        work.enqueue(FOLLOWS, _key(judged.batch), "follow", _plain(run))
    return told


def _following(judged: Judged, standing: Standing) -> Iterator[Gathered]:
    """Runs with the actions that are to follow: not tickets, and trainings by how checks stand over time."""
    others = [action for action in judged.run.actions if not {"ticket", "retrain"} & set(action)]
    run = replace(judged.run, actions=tuple(others))
    if judged.followed or any(_due(run)):
        yield run
    trainings = [action for action in judged.run.actions if "retrain" in action]
    if trainings:  # a green batch ends an episode
        yield ticketing.over_time(replace(judged.run, actions=tuple(trainings)), standing)


def _due(run: Gathered) -> Iterable[bool]:
    for action in run.actions:
        line = would(run.result, action, partial=run.partial)
        yield bool(line) and not line.startswith("would not")


def _key(batch: Batch) -> str:
    identity = "\0".join((batch.suite, batch.model, batch.name, batch.digest))
    return sha1(identity.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()


def _plain(run: Gathered) -> dict[str, Any]:
    actions = [dict(action) for action in run.actions]
    made = {"path": run.path, "result": to_plain(run.result), "actions": actions, "partial": run.partial}
    return dict(json.loads(json.dumps(made)))


def follower(row: Row) -> Gathered:
    """The run of an outbox row, with the actions that are to follow it."""
    payload = row.payload
    return Gathered(
        payload["path"],
        from_plain(payload["result"]),
        actions=tuple(payload["actions"]),
        partial=payload["partial"],
    )
