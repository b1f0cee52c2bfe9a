"""After the transaction: trackers are brought to where the ledger is, and other actions are done."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from modelqa import ticketing
from modelqa.actions.relay import Step, quiet
from modelqa.after import Told, Wishes, follow
from modelqa.errors import ModelQAError
from modelqa.ledger import Ledger
from modelqa.reports.terminal import visible
from modelqa.watch.commit import FOLLOWS, Hearing, follower

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


def follow_up(
    ledger: Ledger, wishes: Wishes, step: Step = quiet, do: Callable[..., list[Told]] = follow
) -> Iterator[Told]:
    """Do what else is to follow from verdicts, the oldest first, each at least once.

    What fails is done again at the next look, and given up after some.
    """
    with ledger.writing() as work:
        if not work.pending(FOLLOWS):
            return
    with ledger.lease(FOLLOWS, patience=PATIENCE) as lease:
        with ledger.writing(lease) as work:
            rows = work.pending(FOLLOWS)
        for row in rows:
            with ledger.writing(lease) as work:
                work.attempted([row])
            step("follow")
            said = do([follower(row)], replace(wishes, act=True))
            failed = any(each.failed for each in said)
            over = row.attempt + 1 >= ATTEMPTS
            if not failed or over:
                with ledger.writing(lease) as work:
                    work.sent([row])
            yield from said
            if failed and over:
                yield Told(f"given up after {ATTEMPTS} attempts", failed=True)
            ledger.renew(lease)
