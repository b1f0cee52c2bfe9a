"""The one transaction: a result, how far its source is read, and all that has to follow from it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from hashlib import sha1
from typing import Any

from modelqa import ticketing
from modelqa.actions.tickets import ENVIRONMENT
from modelqa.actions.tracker import Tracker
from modelqa.core.bound import Outcome
from modelqa.core.codec import Gathered, dumps, from_plain, loads, to_plain
from modelqa.core.standing import Stand, Standing
from modelqa.ledger import Batch, Row, Work
from modelqa.reports.terminal import would
from modelqa.watch import overtime
from modelqa.watch.overtime import Rules

FOLLOW, TRAIN = "follow", "retrain"
"""What the outbox calls what follows one verdict, and what follows from how its checks stand over time."""


def follows(suite: str) -> str:
    """What outbox and leases call the place of a suite's actions that are no tickets."""
    return f"follows:{suite[:150]}"


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


@dataclass(frozen=True, slots=True)
class Following:
    """A run with the actions that are to follow it; by a standing where they are trainings."""

    run: Gathered
    standing: Standing | None = None


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
    environment = environ.get(ENVIRONMENT, "")
    result, rules = judged.run.result, judged.rules
    standing = overtime.commit(work, result, environment=environment, rules=rules, earlier=earlier)
    told: dict[str, list[str]] = {}
    for hearing in hearings:
        name = hearing.tracker.name
        keys = ticketing.note(work, judged.run, hearing.action, name, environ, standing=standing)
        told.setdefault(name, []).extend(keys)
    for each in _following(judged, standing):
        action = FOLLOW if each.standing is None else TRAIN
        work.enqueue(follows(result.suite), _key(judged), action, _plain(each))
    return told


def _following(judged: Judged, standing: Standing) -> Iterator[Following]:
    """The run with the actions that are to follow: not tickets, and trainings apart from the others."""
    others = [action for action in judged.run.actions if not {"ticket", "retrain"} & set(action)]
    run = replace(judged.run, actions=tuple(others))
    if judged.followed or due(run):
        yield Following(run)
    trainings = [action for action in judged.run.actions if "retrain" in action]
    if trainings:  # a green batch ends an episode
        yield Following(replace(judged.run, actions=tuple(trainings)), standing)


def due(run: Gathered) -> bool:
    """Whether an action is to be done after a run."""
    lines = [would(run.result, action, partial=run.partial) for action in run.actions]
    return any(line and not line.startswith("would not") for line in lines)


def _key(judged: Judged) -> str:
    batch = judged.batch
    identity = "\0".join((batch.suite, batch.model, batch.name, batch.digest, str(judged.revision)))
    return sha1(identity.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()


def _plain(following: Following) -> dict[str, Any]:
    run, standing = following.run, following.standing
    actions = [dict(action) for action in run.actions]
    made = {"path": run.path, "result": to_plain(run.result), "actions": actions, "partial": run.partial}
    if standing is not None:
        made["standing"] = {id_: [stand.outcome, stand.words] for id_, stand in standing.items()}
    return dict(json.loads(json.dumps(made)))


def follower(row: Row) -> Following:
    """What an outbox row says is to follow."""
    payload = row.payload
    run = Gathered(
        payload["path"],
        from_plain(payload["result"]),
        actions=tuple(payload["actions"]),
        partial=payload["partial"],
    )
    if row.action != TRAIN:
        return Following(run)
    stands = payload["standing"].items()
    return Following(run, {id_: Stand(Outcome(outcome), words) for id_, (outcome, words) in stands})
