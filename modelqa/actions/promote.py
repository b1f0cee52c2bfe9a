"""Promotion: an alias moves to the version that was judged, if all that was judged is still so.

MLflow's aliases know no compare-and-swap, so promoters exclude each other by a lease; whoever moves an
alias without one is noticed before and after the move, and never overwritten knowingly. What is about to
happen is written first, in a tag of the registered model, so that a call after a crash can tell.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import KW_ONLY, asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from modelqa.actions.lease import Lease, held
from modelqa.actions.mlflow import Judged, told
from modelqa.errors import ActionError

Step = Callable[[str], None]
RECORD = "modelqa.promotion."


@dataclass(frozen=True, slots=True)
class Record:
    """The last move of an alias: from which version to which, why, and whether it was completed.

    ``back`` is a rollback's.
    """

    after: str
    _: KW_ONLY
    before: str
    done: bool
    back: bool
    reason: str
    evidence: str
    time: str

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """The record in a tag; None where there is none of ours."""
        try:
            return cls(**json.loads(text or ""))
        except (TypeError, ValueError):
            return None

    def dump(self) -> str:
        """As the text of a tag."""
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)


def refusals(judged: Judged, *, digest: str, champion: str, allow: Collection[str], first: bool) -> list[str]:
    """Everything that speaks against a promotion; nothing where it may happen.

    ``digest`` is what the version's files hash to now, ``champion`` the version that holds the alias now
    ("" for none), ``allow`` the undecided checks that are accepted.

    >>> judged = Judged("churn", suite_digest="s", model_digest="m", data_digest="d", champion="1",
    ...     champion_digest="c", outcome="failed", outcomes={"roc_auc": "failed"}, partial=False, time="t")
    >>> refusals(judged, digest="m", champion="2", allow=(), first=False)
    ['roc_auc failed', 'the alias has moved: version 2 holds it, and version 1 was compared with']
    """
    found = [
        f"{check} {outcome}"
        for check, outcome in judged.outcomes.items()
        if not (outcome == "inconclusive" and check in allow) and not (outcome == "skipped" and first)
    ]
    if judged.outcome == "skipped":
        found.append("no check was made")
    if judged.partial:
        found.append("only some of the suite's checks ran")
    if digest != judged.model_digest:
        found.append("the model's files are not those that were judged")
    if not champion and not first:
        found.append("no version holds the alias yet: say so with --first")
    if champion and first:
        found.append(f"version {champion} holds the alias already: this is no first promotion")
    if judged.champion and champion != judged.champion:
        held_by = f"version {champion} holds it" if champion else "no version holds it"
        found.append(f"the alias has moved: {held_by}, and version {judged.champion} was compared with")
    return found


@dataclass(frozen=True, slots=True)
class Move:
    """An alias to be moved: which model, to which version."""

    model: str
    alias: str
    version: str
    _: KW_ONLY
    allow: tuple[str, ...] = ()
    first: bool = False


def promote(
    store: Any,
    move: Move,
    judged: Judged,
    *,
    digest: Callable[[], str],
    dry_run: bool = False,
    step: Step = lambda _: None,
) -> str:
    """Move the alias, and say what was done.

    ``digest`` hashes the version's files anew. ``step`` is told each step before it is taken. A second call
    after a crash finishes what the first began. Raises `ActionError` with every reason against it, where
    the lease cannot be had, or where somebody else moved the alias meanwhile.
    """
    with told(f"promoting {move.model}", store), held(store, move.model, move.alias) as lease:
        step("lease")
        now, record = current(store, move), _record(store, move)
        if now == move.version:
            return _finish(store, move, record, step)
        against = refusals(judged, digest=digest(), champion=now, allow=move.allow, first=move.first)
        if against:
            listed = "\n".join(f"  - {each}" for each in against)
            raise ActionError(
                f"{move.model} version {move.version} is not promoted to {move.alias}:\n{listed}"
            )
        if dry_run:
            return f"would move {move.alias} from {_version(now)} to version {move.version}"
        reason = "first promotion" if move.first else "every check passed or warned"
        if judged.outcomes and not move.first:
            reason = f"undecided and allowed: {', '.join(judged.outcomes)}"
        _move(store, move, now, lease, reason=reason, evidence=judged.run_id, step=step)
        return f"{move.alias} moved from {_version(now)} to version {move.version}"


def rollback(
    store: Any, model: str, alias: str, *, dry_run: bool = False, step: Step = lambda _: None
) -> str:
    """Move an alias back to the version that held it before the last promotion, and say what was done.

    Raises `ActionError` where no promotion is recorded, or the alias is elsewhere by now.
    """
    move = Move(model, alias, "")
    with told(f"rolling back {model}", store), held(store, model, alias) as lease:
        now, record = current(store, move), _record(store, move)
        if record is None or not record.before:
            raise ActionError(f"{model}: no earlier version of {alias} is recorded, so there is no way back")
        if record.back and now == record.after:
            return _finish(store, move, record, step)
        interrupted = not record.done and now == record.before
        if interrupted and not record.back:
            return f"{alias} is at version {now}: the interrupted promotion never moved it"
        if now != record.after and not interrupted:
            raise ActionError(
                f"{model}: somebody else has moved {alias}: it is at {_version(now)} and not at version "
                f"{record.after}"
            )
        back = Move(model, alias, record.after if interrupted else record.before)
        if dry_run:
            return f"would move {alias} back from version {now} to version {back.version}"
        _move(store, back, now, lease, reason=f"rolled back from version {now}", evidence="", step=step)
        return f"{alias} moved back from version {now} to version {back.version}"


def current(store: Any, move: Move) -> str:
    """The version that holds the alias now; "" for none."""
    found = store.get_registered_model(move.model).aliases.get(move.alias)
    return "" if found is None else str(found)


def _move(store: Any, move: Move, now: str, lease: Lease, *, reason: str, evidence: str, step: Step) -> None:
    """Write what is about to happen, look once more, move, look again, write that it happened."""
    moment, back = datetime.now(UTC).isoformat(timespec="seconds"), reason.startswith("rolled back")
    record = Record(
        move.version, before=now, done=False, back=back, reason=reason, evidence=evidence, time=moment
    )
    step("intent")
    _note(store, move, record)
    step("check")
    lease.check()
    there = current(store, move)
    if there != now:
        raise ActionError(f"{move.alias} was moved to {_version(there)} meanwhile: nothing is overwritten")
    step("move")
    store.set_registered_model_alias(move.model, move.alias, move.version)
    step("look")
    there = current(store, move)
    if there != move.version:
        raise ActionError(f"{move.alias} was moved to {_version(there)} right after: it is left there")
    step("done")
    _note(store, move, replace(record, done=True))


def _finish(store: Any, move: Move, record: Record | None, step: Step) -> str:
    """The alias is there already: complete the record of whoever moved it and did not come to say so."""
    now = current(store, move)
    if record is None or record.after != now or record.done:
        return f"{move.alias} is at version {now} already"
    step("done")
    _note(store, move, replace(record, done=True))
    return f"{move.alias} is at version {now}: an interrupted move is completed"


def _note(store: Any, move: Move, record: Record) -> None:
    store.set_registered_model_tag(move.model, f"{RECORD}{move.alias}", record.dump())


def _record(store: Any, move: Move) -> Record | None:
    return Record.read(store.get_registered_model(move.model).tags.get(f"{RECORD}{move.alias}"))


def _version(number: str) -> str:
    return f"version {number}" if number else "nowhere"
