"""After the transaction: trackers are brought to where the ledger is, and other actions are done."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from modelqa import ticketing
from modelqa.actions.relay import Step, quiet
from modelqa.after import Told, follow, train
from modelqa.errors import ModelQAError
from modelqa.ledger import Lease, Ledger, Row
from modelqa.reports.terminal import visible
from modelqa.watch.commit import FOLLOW, TRAIN, Following, Hearing, due, follower, follows
from modelqa.watch.held import renewed
from modelqa.watch.plan import Plan

ATTEMPTS = 5
"""How often an action that fails is tried, a look each, before it is given up."""
PATIENCE = 30.0


def relay(ledger: Ledger, hearing: Hearing, keys: Iterable[str], step: Step = quiet) -> list[Told]:
    """Bring a tracker to where the ledger is; where these problems stand then.

    A failure leaves what is pending for the next look.
    """
    try:
        said = ticketing.deliver(ledger, hearing.tracker, hearing.action, keys, step)
    except (ModelQAError, OSError) as error:
        return [Told("\n".join(map(visible, str(error).splitlines())), failed=True)]
    return [Told(visible(line)) for line in said]


def follow_up(ledger: Ledger, plan: Plan, do: Callable[..., list[Told]] = follow) -> Iterator[Told]:
    """Do what else is to follow from a suite's verdicts, the oldest first, each at least once.

    What fails is done again at the next look, and given up after some; so is what kills its process. Raises
    `Fenced` where another watcher is at it.
    """
    queue = follows(plan.suite.suite)
    with ledger.writing() as work:
        if not work.pending(queue):
            return
    with ledger.lease(queue, patience=PATIENCE) as lease, renewed(ledger, lease):
        with ledger.writing(lease) as work:
            rows = work.pending(queue)
        for at, row in enumerate(rows):
            yield from _one(ledger, lease, plan, row, do, rows[at + 1 :])


def _one(
    ledger: Ledger, lease: Lease, plan: Plan, row: Row, do: Callable[..., list[Told]], later: Sequence[Row]
) -> Iterator[Told]:
    """One attempt at a row of the outbox; it is noted before anybody hears what came of it."""
    said: list[Told] = []
    if row.attempt < ATTEMPTS:
        with ledger.writing(lease) as work:
            work.attempted([row])
        plan.step("follow")
        following, wishes = follower(row), replace(plan.wishes, act=True)
        if following.standing is None:
            said = do([following.run], wishes)
        else:
            said = list(train(following.run, wishes, following.standing))
            _reword(ledger, plan, following)
    failed = row.attempt >= ATTEMPTS or any(each.failed for each in said)
    over = row.attempt + 1 >= ATTEMPTS
    outdone = failed and not over and _outdone(row, later)
    if not failed or over or outdone:
        with ledger.writing(lease) as work:
            work.sent([row])
            if outdone and row.action == FOLLOW:  # its evidence may have yet to be written
                work.enqueue(
                    follows(plan.suite.suite), row.fingerprint, FOLLOW, {**row.payload, "actions": []}
                )
    yield from said
    if failed and over:
        yield Told(f"{visible(plan.suite.suite)}: given up after {ATTEMPTS} attempts", failed=True)


def _outdone(row: Row, later: Sequence[Row]) -> bool:
    """Whether a newer run is there to train or promote: an older one, tried after it, would undo that."""
    same = [each for each in later if each.action == row.action]
    return bool(same) if row.action == TRAIN else any(due(follower(each).run) for each in same)


def _reword(ledger: Ledger, plan: Plan, following: Following) -> None:
    """Tickets say what has become of retraining, as long as no newer batch speaks in them."""
    with ledger.writing() as work:
        for hearing in plan.hearings:
            ticketing.note(
                work,
                following.run,
                hearing.action,
                hearing.tracker.name,
                plan.environ,
                standing=following.standing,
                again=True,
            )
