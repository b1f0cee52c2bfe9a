"""A run into tickets: what the run means for each problem, its words, and the tracker that hears them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import KW_ONLY, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from modelqa.actions import relay
from modelqa.actions.relay import Relay, Step, quiet
from modelqa.actions.tickets import (
    ENVIRONMENT,
    Command,
    Failed,
    Passed,
    Phase,
    Policy,
    Ticket,
    Unknown,
    fingerprint,
)  # fmt: skip
from modelqa.actions.tracker import Text, Tracker
from modelqa.core.bound import Outcome
from modelqa.core.cause import muted
from modelqa.core.codec import Gathered
from modelqa.core.result import CheckResult, SuiteResult
from modelqa.core.standing import Standing
from modelqa.errors import ActionError
from modelqa.ledger import Ledger, Work, address, retrains
from modelqa.reports import ticket as wording

GREEN = (Outcome.PASSED, Outcome.WARNED)
FLAPS = 2
"""Of the last three batches so many have to fail before a fact opens a ticket, where batches are watched."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a ticket says beside a result: of retraining, of many batches, and where more can be read."""

    _: KW_ONLY
    retraining: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


NOTHING = Beside()


def tell(
    run: Gathered,
    action: Mapping[str, Any],
    environ: Mapping[str, str],
    root: Path,
    beside: Beside = NOTHING,
    standing: Standing | None = None,
) -> list[str]:
    """Note in the ledger what a run means for tickets, and bring the tracker there.

    What was done comes back in words. ``standing`` is how checks stand after many batches, where somebody
    watches them: see `over_time`. Raises `ActionError` where the tracker could not be told; it is
    told the next time.
    """
    with (
        Ledger(address(environ, root)) as ledger,
        closing(tracker_of(action, ledger, environ)) as tracker,
    ):
        with ledger.writing() as work:
            keys = note(work, run, action, tracker.name, environ, standing=standing, beside=beside)
        return deliver(ledger, tracker, action, keys)


def note(
    work: Work,
    run: Gathered,
    action: Mapping[str, Any],
    tracker: str,
    environ: Mapping[str, str],
    *,
    standing: Standing | None = None,
    beside: Beside = NOTHING,
    again: bool = False,
) -> list[str]:
    """Note what a run means for an action's tickets; the fingerprints of the problems that it speaks of.

    ``standing`` is how checks stand after many batches, where somebody watches them: see `over_time`. A run
    that was noted is worded ``again`` where its ticket is open and has heard of no other since.
    """
    run = over_time(run, standing or {})
    words = {name: stand.words for name, stand in (standing or {}).items()}
    beside = replace(beside, retraining=retraining(work, run, environ), evidence=words)
    policy, keys = policy_of(action), []
    for key, event, red in problems(run, action, environ):
        if again and not _last(Ticket.read(work.ticket(key, tracker)), event):
            continue
        write = _writer(run, action, environ, red, policy, beside)
        relay.note(work, tracker, key, event, patience(policy, red, standing), write)
        keys.append(key)
    return keys


def _last(ticket: Ticket, event: Failed) -> bool:
    return ticket.phase is Phase.OPEN and ticket.batch == event.batch


def deliver(
    ledger: Ledger, tracker: Tracker, action: Mapping[str, Any], keys: Iterable[str], step: Step = quiet
) -> list[str]:
    """Bring the tracker to where the ledger is; where these problems stand then comes back in words.

    Raises `ActionError` where the tracker could not be told; what was noted stays noted.
    """
    with ledger.writing() as work:
        pending = bool(work.pending(tracker.name))
    wrong = Relay(ledger, tracker, policy_of(action), step=step).deliver() if pending else []
    with ledger.writing() as work:
        tickets = [Ticket.read(work.ticket(key, tracker.name)) for key in keys]
    if wrong:
        raise ActionError("\n".join([f"ticket ({action['ticket']}) not told yet:", *wrong]))
    return [_said(tracker, each) for each in tickets if each.number or each.phase is Phase.OPEN]


def retraining(work: Work, run: Gathered, environ: Mapping[str, str]) -> str:
    """What the ledger has last said of retraining the model for this problem; "" for nothing."""
    if not any("retrain" in action for action in run.actions):
        return ""
    return retrains.said(work, fingerprint(run.result.suite, "", *_about(run.result, environ)))


def _about(result: SuiteResult, environ: Mapping[str, str]) -> tuple[str, str]:
    """Which model a problem is about, and where that serves."""
    return result.subject.about, environ.get(ENVIRONMENT, "")


def tracker_of(action: Mapping[str, Any], ledger: Ledger, environ: Mapping[str, str]) -> Tracker:
    """The tracker that an action names. Raises `ActionError` where the environment lacks its address."""
    labels, owner = tuple(action.get("labels", ())), action.get("owner", "")
    match action["ticket"]:
        case "github":
            from modelqa.actions.github import GitHub
            from modelqa.actions.issues import Issues

            chosen = {"GITHUB_REPOSITORY": action["repository"]} if "repository" in action else {}
            return Issues(GitHub.of({**environ, **chosen}), labels=labels, owner=owner)
        case "webhook":
            from modelqa.actions.webhook import Webhook

            return Webhook.of(environ)
        case _:
            from modelqa.actions.local import Local

            return Local(ledger, labels)


def policy_of(action: Mapping[str, Any]) -> Policy:
    """What an action says of closing and repeating."""
    keys = ("close_after", "repeat_interval")
    return Policy(**{key: action[key] for key in keys if key in action})


def over_time(run: Gathered, standing: Standing) -> Gathered:
    """The run as tickets see it: a check that has a standing ended as it stands, not as one batch says."""
    checks = tuple(
        replace(check, outcome=standing[check.id].outcome) if check.id in standing else check
        for check in run.result.checks
    )
    return replace(run, result=replace(run.result, checks=checks))


def patience(policy: Policy, red: Sequence[CheckResult], standing: Standing | None) -> Policy:
    """How many of the last batches have to fail: an alarm is proof at once, a fact may flap.

    Without a standing nobody watches, and a run is told as it is.
    """
    if standing is None or any(standing[check.id].words for check in red if check.id in standing):
        return policy
    return replace(policy, open_after=FLAPS)


def problems(
    run: Gathered, action: Mapping[str, Any], environ: Mapping[str, str]
) -> Iterator[tuple[str, Failed, Sequence[CheckResult]]]:
    """The problems that a run speaks about: fingerprint, event, and the checks that are red.

    All checks of a model are one problem; with ``group: check`` each is its own. Where the schema is
    broken, drift and scores say nothing.
    """
    result, silent = run.result, muted(run.result.checks)
    about, where = _about(result, environ)
    each = action.get("group") == "check"
    groups = {check.id: [check] for check in result.checks} if each else {"": list(result.checks)}
    for key, checks in groups.items():
        heard = [check for check in checks if check.id not in silent]
        wanted = set(action["on"]) - {"passed"}
        red = [check for check in heard if check.outcome in wanted]
        green = not silent & {check.id for check in checks} and all(c.outcome in GREEN for c in heard)
        partial = run.partial and not each
        kind = Failed if red else Passed if green and heard and not partial else Unknown
        yield fingerprint(result.suite, key, about, where), _event(kind, result), red


def open_tickets(result: SuiteResult, environ: Mapping[str, str], root: Path) -> int | None:
    """How many tickets are open about what a run judged; None where no ledger is kept.

    Raises `LedgerError` where there is one that cannot be read.
    """
    url = address(environ, root)
    if not environ.get("MODELQA_LEDGER") and not Path(url.removeprefix("sqlite:///")).is_file():
        return None
    about = _about(result, environ)
    ids = ("", *(check.id for check in result.checks))
    with Ledger(url) as ledger, ledger.writing() as work:
        known = work.known({fingerprint(result.suite, id_, *about) for id_ in ids})
    return sum(Ticket.read(each).phase is Phase.OPEN for each in known)


def _event(kind: type[Failed], result: SuiteResult) -> Failed:
    subject = result.subject
    model, batch = subject.model, subject.batch
    digests = (result.digest, model.digest if model else "", batch.digest if batch else "")
    parts = (*digests, batch.name if batch else "")
    identity = parts if batch and batch.digest else (*parts, result.started)
    return kind(
        sha256("\0".join(identity).encode()).hexdigest()[:32],
        name=batch.name if batch else result.started,
        version=model.version if model else "",
        values=wording.values(result.checks),
    )


class _writer:  # noqa: N801 (a function with what it needs)
    """The words of a ticket, once it is settled what becomes of it."""

    def __init__(
        self,
        run: Gathered,
        action: Mapping[str, Any],
        environ: Mapping[str, str],
        red: Sequence[CheckResult],
        policy: Policy,
        beside: Beside,
    ) -> None:
        self._run, self._red, self._beside = run, red, beside
        self._owner, self._severity = action.get("owner", ""), action.get("severity", "")
        self._environ, self._policy = environ, policy

    def __call__(self, ticket: Ticket, commands: Sequence[Command]) -> Text:
        result, red = self._run.result, self._red
        story = wording.Story(
            ticket.first_bad,
            failures=ticket.failures,
            last_good=ticket.last_good,
            clean=ticket.clean,
            close_after=self._policy.close_after,
            open=ticket.phase is Phase.OPEN,
            trend=ticket.trend,
            owner=self._owner,
            environment=self._environ.get(ENVIRONMENT, ""),
            severity=self._severity,
            retraining=self._beside.retraining,
            facts=self._beside.facts,
            links={**links(self._environ), **self._beside.links},
            evidence=self._beside.evidence,
        )
        title = wording.title(result, red) if red else ticket.title
        said = wording.comment(result, story, red=red) if Command.COMMENT in commands else ""
        return Text(title, wording.body(result, story, path=self._run.path, red=red), said)


def links(environ: Mapping[str, str]) -> dict[str, str]:
    """Where more can be read: the run of GitHub Actions, where this is one."""
    server, repository, run = (
        environ.get(f"GITHUB_{key}", "") for key in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    return {"run": f"{server}/{repository}/actions/runs/{run}"} if server and repository and run else {}


def _said(tracker: Tracker, ticket: Ticket) -> str:
    number = f" #{ticket.number}" if ticket.number.isdecimal() else ""
    return f"ticket ({tracker.name}{number}) {ticket.phase.replace('_', ' ')}: {ticket.title}"
