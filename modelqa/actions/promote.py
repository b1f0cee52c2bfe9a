"""Promotion: an alias moves to the version that was judged, if all that was judged is still so.

MLflow's aliases know no compare-and-swap, so promoters exclude each other by a lease; whoever moves an
alias without one is noticed before and after the move, and never overwritten knowingly. What is about to
happen is written first, in a tag of the registered model, so that a call after a crash can tell.
"""

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import KW_ONLY, asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from modelqa.actions.evidence import Judged
from modelqa.actions.lease import SECONDS, Lease, held
from modelqa.actions.store import told
from modelqa.errors import Refused

Step = Callable[[str], None]
RECORD, BEGUN = "modelqa.promotion.", "modelqa.promoting."
"""Tags of a registered model, before the alias: the last move of it, and one that is under way."""


@dataclass(frozen=True, slots=True)
class Record:
    """A move of an alias: from which version ("" for none) to which, when, why and on what evidence.

    ``back`` is a rollback's.
    """

    after: str
    _: KW_ONLY
    before: str
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


@dataclass(frozen=True, slots=True)
class Move:
    """An alias to be moved: which model, to which version.

    ``allow`` are the undecided checks that are accepted, ``first`` says that no version holds the alias yet.
    ``held`` is the version that held it when the judging began, where somebody looked.
    """

    model: str
    alias: str
    version: str
    _: KW_ONLY
    allow: tuple[str, ...] = ()
    first: bool = False
    held: str | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look at the registry shows: who holds the alias, its last move, a move that was begun."""

    now: str
    record: Record | None
    begun: Record | None

    @property
    def moved(self) -> bool:
        """Whether the move that was begun has moved the alias."""
        return self.begun is not None and self.begun.after == self.now

    @property
    def last(self) -> Record | None:
        return self.begun if self.moved else self.record


def unfit(judged: Judged, *, digest: str, allow: Collection[str], first: bool) -> Iterator[str]:
    """What was judged that speaks against the version; ``digest`` is what its files hash to now.

    >>> judged = Judged("churn", suite_digest="s", model_digest="m", data_digest="d", champion="1",
    ...     champion_digest="c", outcome="failed", outcomes={"roc_auc": "failed"}, partial=False, time="t")
    >>> list(unfit(judged, digest="other", allow=(), first=False))
    ['roc_auc failed', "the model's files are not those that were judged"]
    """
    accepted = {"inconclusive": allow, "skipped": judged.outcomes if first else ()}
    for check, outcome in judged.outcomes.items():
        if check not in accepted.get(outcome, ()):
            yield f"{check} {outcome}"
    if judged.outcome == "skipped" or (judged.outcome not in ("passed", "warned") and not judged.outcomes):
        yield "no check was made"
    if judged.partial:
        yield "only some of the suite's checks ran"
    if not judged.model_digest or digest != judged.model_digest:
        yield "the model's files are not those that were judged"


def displaced(judged: Judged, move: Move, *, now: str) -> Iterator[str]:
    """What speaks against it in the version that holds the alias now ("" for none)."""
    holds = f"version {now} holds {move.alias}" if now else f"no version holds {move.alias}"
    if not now and not move.first:
        yield f"{holds} yet: a first promotion is said to be one (--first, or `first: true` of the action)"
    if now and move.first:
        yield f"{holds} already: this is no first promotion"
    if judged.champion and now != judged.champion:
        compared = f"version {judged.champion}" if judged.champion.isdecimal() else judged.champion
        yield f"{holds}, but the suite compared with {compared}"
    elif move.held is not None and now != move.held:
        yield f"{holds}, but {_version(move.held)} did when the suite began"


def promote(
    store: Any,
    move: Move,
    judged: Judged,
    *,
    digest: Callable[[], str],
    dry_run: bool = False,
    step: Step = lambda _: None,
    seconds: float = SECONDS,
) -> str:
    """Move the alias, and say what was done.

    ``digest`` hashes the version's files anew, before the lease is taken: it may take long. ``step`` is told
    each step before it is taken, ``seconds`` is how long the lease lasts. A second call after a crash
    finishes what the first began; a dry run writes nothing. Raises `Refused` with every reason against it,
    also where somebody else moved the alias meanwhile, and `ActionError` where the lease cannot be had.
    """
    files = digest()
    with told(f"promoting {move.model}", store), _alone(store, move, seconds, dry_run) as lease:
        step("lease")
        seen = _look(store, move)
        if lease is not None:
            _settle(store, move, seen)
        there = seen.now == move.version
        against = list(unfit(judged, digest=files, allow=move.allow, first=move.first))
        if not there:
            against += displaced(judged, move, now=seen.now)
        if against:
            raise Refused(_refused(move, there, against))
        if there:
            more = ": an interrupted move of it is recorded now" if seen.moved and lease else ""
            return f"{move.alias} is at version {seen.now} of {move.model} already{more}"
        if lease is None:
            return f"would move {move.alias} of {move.model} {_way(seen.now, move.version)}"
        undecided = [check for check, outcome in judged.outcomes.items() if outcome == "inconclusive"]
        reason = f"undecided and allowed: {', '.join(undecided)}" if undecided else "passed"
        if move.first:
            reason = f"first promotion, {reason}"
        _move(store, move, seen.now, lease, reason=reason, evidence=judged.run_id, step=step)
        return f"{move.alias} of {move.model} moved {_way(seen.now, move.version)}"


def rollback(
    store: Any,
    model: str,
    alias: str,
    *,
    dry_run: bool = False,
    step: Step = lambda _: None,
    seconds: float = SECONDS,
) -> str:
    """Move an alias back to the version that held it before the last promotion, and say what was done.

    Raises `Refused` where no promotion is recorded, or the alias is elsewhere by now.
    """
    move = Move(model, alias, "")
    with told(f"rolling back {model}", store), _alone(store, move, seconds, dry_run) as lease:
        step("lease")
        seen = _look(store, move)
        if lease is not None:
            _settle(store, move, seen)
        now, last, begun = seen.now, seen.last, seen.begun
        if begun and not begun.back and now == begun.before:
            return f"{alias} of {model} is at {_version(now)}: the interrupted promotion never moved it"
        if last is None or not last.before:
            raise Refused(f"{model}: no earlier version of {alias} is recorded, so there is no way back")
        if now != last.after:
            raise Refused(
                f"{model}: somebody else moved {alias}: {_version(now)} holds it, not version {last.after}"
            )
        if last.back:
            return f"{alias} of {model} is back at version {now} already, since {last.time}"
        if lease is None:
            return f"would move {alias} of {model} back {_way(now, last.before)}"
        back = Move(model, alias, last.before)
        _move(store, back, now, lease, reason="rollback", evidence="", step=step, back=True)
        return f"{alias} of {model} moved back {_way(now, last.before)}"


def current(store: Any, model: str, alias: str) -> str:
    """The version that holds an alias now; "" for none."""
    return _look(store, Move(model, alias, "")).now


def _alone(store: Any, move: Move, seconds: float, dry_run: bool) -> AbstractContextManager[Lease | None]:
    return nullcontext() if dry_run else held(store, move.model, move.alias, seconds=seconds)


def _look(store: Any, move: Move) -> _Seen:
    found = store.get_registered_model(move.model)
    now = found.aliases.get(move.alias)
    record, begun = (Record.read(found.tags.get(f"{tag}{move.alias}")) for tag in (RECORD, BEGUN))
    return _Seen("" if now is None else str(now), record, begun)


def _settle(store: Any, move: Move, seen: _Seen) -> None:
    """Record the move that whoever began it did not come to record; forget one that never happened."""
    if seen.begun is None:
        return
    if seen.moved:
        _note(store, move, RECORD, seen.begun)
    _clear(store, move)


def _move(
    store: Any,
    move: Move,
    now: str,
    lease: Lease,
    *,
    reason: str,
    evidence: str,
    step: Step,
    back: bool = False,
) -> None:
    """Write what is about to happen, look once more, move, look again, write that it happened."""
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    record = Record(move.version, before=now, back=back, reason=reason, evidence=evidence, time=moment)
    step("begin")
    lease.check()
    _note(store, move, BEGUN, record)
    step("check")
    lease.check()
    there = _look(store, move).now
    if there != now:
        _clear(store, move)
        raise Refused(f"{move.model}: {_version(there)} took {move.alias} meanwhile: nothing is overwritten")
    step("move")
    store.set_registered_model_alias(move.model, move.alias, move.version)
    step("look")
    there = _look(store, move).now
    if there != move.version:
        _clear(store, move)
        raise Refused(f"{move.model}: {_version(there)} took {move.alias} right after: it is left there")
    lease.check()
    step("record")
    _note(store, move, RECORD, record)
    step("end")
    _clear(store, move)


def _note(store: Any, move: Move, tag: str, record: Record) -> None:
    store.set_registered_model_tag(move.model, f"{tag}{move.alias}", record.dump())


def _clear(store: Any, move: Move) -> None:
    store.delete_registered_model_tag(move.model, f"{BEGUN}{move.alias}")


def _refused(move: Move, there: bool, against: list[str]) -> str:
    listed = "\n".join(f"  - {each}" for each in against)
    if there:
        return f"{move.model} version {move.version} is {move.alias} already, though:\n{listed}"
    return f"{move.model} version {move.version} is not promoted to {move.alias}:\n{listed}"


def _way(before: str, after: str) -> str:
    return f"from version {before} to version {after}" if before else f"to version {after}, its first"


def _version(number: str) -> str:
    return f"version {number}" if number else "no version"
