"""A run into a retraining: whether it is asked for, the request, and what becomes of it.

What is about to be done is written into the ledger first, with the decision, in one transaction. So a
request is made at most once: where a crash leaves it open whether it was done, it counts as done until the
cool-down is over, and is asked for again if the problem is still there. A webhook is told again at once,
under the same id; what certainly was not done (a command that cannot be started) is asked for again too.
"""

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, replace
from pathlib import Path
from typing import Any

from modelqa.actions import trainers
from modelqa.actions.github import GitHub
from modelqa.actions.request import Request, WindowPart, made
from modelqa.actions.retrain import Limits, Need, Retrain, State, attempts, refusal, waiting
from modelqa.actions.tickets import ENVIRONMENT, Event, Failed, Phase, Policy, Ticket, advance, fingerprint
from modelqa.actions.trainers import Ended
from modelqa.actions.webhook import Webhook
from modelqa.core.cause import unfit
from modelqa.core.codec import Gathered
from modelqa.core.result import CheckResult
from modelqa.errors import ActionError
from modelqa.ledger import Ledger, Work, address, retrains
from modelqa.reports.files import write

PATIENCE = 30.0
"""Seconds to wait for another process."""
FOLDER = Path(".modelqa") / "retrain"
Problem = tuple[str, Event, Sequence[CheckResult]]


@dataclass(frozen=True, slots=True)
class Order:
    """A request that is written down and is to be carried out."""

    action: Mapping[str, Any]
    _: KW_ONLY
    model: str
    retrain: Retrain
    request: Request
    suite: str


@dataclass(frozen=True, slots=True)
class Considered:
    """What is said of retraining, in the ticket and on the terminal; an order where it is asked for."""

    said: str
    order: Order | None = None


def consider(
    run: Gathered,
    action: Mapping[str, Any],
    problems: Iterable[Problem],
    environ: Mapping[str, str],
    root: Path,
    policy: Policy = Policy(),  # noqa: B008 (frozen)
) -> Considered:
    """Note what a run means for its problem, and write a request down where the guard rails let it.

    ``policy`` says how many of the last runs have to be red. Raises `LedgerError` where the ledger cannot be
    written, or another process is at it too long.
    """
    model = fingerprint("", "", run.result.subject.about, environ.get(ENVIRONMENT, ""))
    cases = list(problems)  # before the transaction, for they may ask the ledger too
    with (
        Ledger(address(environ, root)) as ledger,
        ledger.lease(f"retrain:{model}", patience=PATIENCE) as lease,
        ledger.writing(lease) as work,
    ):
        found = [_Case(run, action, work, model, environ, policy, *each).answer() for each in cases]
    return next((each for each in found if each.said), Considered(""))


@dataclass(frozen=True, slots=True)
class _Case:
    """One problem of a run, before the ledger."""

    run: Gathered
    action: Mapping[str, Any]
    work: Work
    model: str
    environ: Mapping[str, str]
    policy: Policy
    problem: str
    event: Event
    red: Sequence[CheckResult]

    def answer(self) -> Considered:
        ticket = Ticket.read(retrains.episode(self.work, self.problem))
        ticket, _ = advance(ticket, self.event, self.policy, self.work.now)
        there = ticket.phase is Phase.OPEN
        found = self._judged(ticket) if self.red and there else Considered("")
        said = found.said or (retrains.said(self.work, self.problem) if there else "")
        retrains.keep_episode(self.work, self.problem, ticket.plain(), said)
        return found

    def _judged(self, ticket: Ticket) -> Considered:
        """What follows for a problem that is there."""
        need, past = self._need(ticket), [Retrain.read(each) for each in retrains.past(self.work, self.model)]
        no_ground = unfit(self.run.result.checks, partial=self.run.partial) or self._declined()
        if not no_ground and (waits := waiting(need, past)):
            return Considered(waits)
        why = no_ground or refusal(need, past, limits_of(self.action), self.work.now)
        if why:
            return Considered(f"held back: {why}")
        return self._ordered(ticket, need, attempts(need, past))

    def _declined(self) -> str:
        """What people have said of the problem at a tracker."""
        known = [Ticket.read(each) for each in retrains.tickets(self.work, self.problem)]
        declined = any(each.phase is Phase.WONT_FIX for each in known)
        return "its ticket was closed as one that will not be fixed" if declined else ""

    def _need(self, ticket: Ticket) -> Need:
        info = self.run.result.subject.model
        version, digest = (info.version, info.digest) if info else ("", "")
        return Need(self.problem, episode=ticket.opened, version=version, digest=digest)

    def _ordered(self, ticket: Ticket, need: Need, attempt: int) -> Considered:
        written = Retrain(need.request(attempt), need=need, by=self.action["retrain"], time=self.work.now)
        retrains.keep(self.work, self.model, written.id, written.plain())
        order = Order(
            self.action,
            model=self.model,
            retrain=written,
            request=self._request(ticket, written),
            suite=self.run.path,
        )
        return Considered(f"asked for, as {written.id}", order)

    def _request(self, ticket: Ticket, written: Retrain) -> Request:
        name = self.event.name if isinstance(self.event, Failed) else ""
        return made(
            self.run.result,
            self.red,
            WindowPart(first=ticket.first_bad, last=name, batches=ticket.failures),
            last_good=ticket.last_good or None,
            id_=written.id,
            time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(written.time)),
            path=self.run.path,
            corrections=self.action.get("corrections"),
            environment=self.environ.get(ENVIRONMENT, ""),
        )


def limits_of(action: Mapping[str, Any]) -> Limits:
    """What an action says of how often a model is retrained."""
    cool_down = {"cool_down": action["cool_down"]} if "cool_down" in action else {}
    return Limits(**cool_down, **action.get("at_most", {}))


def carry_out(
    order: Order, environ: Mapping[str, str], root: Path, *, tracking_uri: str | None = None
) -> Ended:
    """Do what was written down, and write down what became of it.

    Raises `LedgerError` where that cannot be noted.
    """
    try:
        file = root / FOLDER / f"{order.retrain.id}.json"
        write(file, order.request.dump())
        ended = _done(order, file, environ, root, tracking_uri)
    except ActionError as error:  # before anything was begun
        ended = Ended(State.UNDONE, str(error))
    except OSError as error:
        ended = Ended(State.UNDONE, f"the request cannot be written ({error.strerror})")
    kept = replace(order.retrain, state=ended.state, said=ended.said)
    problem, said = kept.need.problem, f"asked for, as {kept.id}: {kept.said}"
    with Ledger(address(environ, root)) as ledger, ledger.writing() as work:
        retrains.keep(work, order.model, kept.id, kept.plain())
        retrains.keep_episode(work, problem, retrains.episode(work, problem) or {}, said)
    return ended


def _done(
    order: Order, file: Path, environ: Mapping[str, str], root: Path, tracking_uri: str | None
) -> Ended:
    action, request = order.action, asdict(order.request)
    known = {"MLFLOW_TRACKING_URI": tracking_uri} if tracking_uri else {}
    here = {**environ, **known}
    seconds = action.get("time_limit", trainers.LONGEST)
    match action["retrain"]:
        case "github":
            chosen = {"GITHUB_REPOSITORY": action["repository"]} if "repository" in action else {}
            event = action.get("event", trainers.EVENT)
            return trainers.dispatch(GitHub.of({**environ, **chosen}), event, request)
        case "webhook":
            return trainers.tell(Webhook.of(environ), request)
        case "project":
            arguments = _project(order, file, root, here)
            here["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), here.get("PATH", "")])
            name = "the project"
        case _:
            arguments = list(action["run"])
            name = arguments[0]
    return trainers.command(arguments, file, root=root, environ=here, seconds=seconds, name=name)


def _project(order: Order, file: Path, root: Path, environ: Mapping[str, str]) -> list[str]:
    """The command of a project, whose folder starts where paths of the suite start.

    Raises `ActionError` where MLflow would make a store of its own.
    """
    stores = ("mlflow.db", "mlruns")
    if not environ.get("MLFLOW_TRACKING_URI") and not any((root / each).exists() for each in stores):
        raise ActionError(
            "the project has no store to log to: give --modelqa-tracking-uri, or set MLFLOW_TRACKING_URI"
        )
    action, uri = order.action, order.action["uri"]
    if "://" not in uri and not uri.startswith("git@"):
        base = (root / order.suite).parent if uri.startswith(("./", "../")) else root
        uri = str(base / uri)
    entry, manager = action.get("entry_point", "main"), action.get("env_manager", "local")
    return trainers.project(uri, file, entry_point=entry, env_manager=manager)
