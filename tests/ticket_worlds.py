"""A ledger, a clock and a tracker that can be broken, the same way for each kind of tracker."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fake_github import FakeGitHub
from fake_webhook import SECRET, FakeWebhook

from modelqa.actions.github import GitHub
from modelqa.actions.issues import Issues
from modelqa.actions.local import Local
from modelqa.actions.relay import Relay, report
from modelqa.actions.tickets import Event, Policy, Ticket
from modelqa.actions.tracker import Text, Tracker
from modelqa.actions.webhook import Webhook
from modelqa.ledger import Ledger, issues

START = 1_800_000_000.0
KEY = "ab" * 20
OTHER = "cd" * 20


class Clock:
    """A time that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self, _: object = None) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class World:
    """One tracker and its ledger."""

    def __init__(self, kind: str, url: str, fake: FakeGitHub | FakeWebhook | None) -> None:
        self.kind, self.url, self.fake, self.clock = kind, url, fake, Clock()
        if fake is not None:
            fake.now = self.clock
        self.ledger = Ledger(url, now=self.clock, sleep=self.clock.sleep)
        self.tracker = self._tracker()
        self.policy = Policy()

    def _tracker(self) -> Tracker:
        return tracker(self.kind, self.fake.url if self.fake else "", self.ledger, self.clock)

    def lose_ledger(self, url: str) -> None:
        """Begin with an empty one, as a fresh machine does."""
        self.close()
        self.ledger = Ledger(url, now=self.clock, sleep=self.clock.sleep)
        self.tracker = self._tracker()

    def close(self) -> None:
        """Let go of database and connection."""
        self.tracker.close()
        self.ledger.__exit__()

    def happens(self, event: Event, key: str = KEY) -> Ticket:
        """Note an event."""
        return report(self.ledger, self.tracker.name, key, event, self.policy, words)

    def deliver(self) -> list[str]:
        """One pass of the relay."""
        return Relay(self.ledger, self.tracker, self.policy, sleep=self.clock.sleep).deliver()

    def converge(self, passes: int = 40) -> None:
        """Pass after pass, a minute apart, until nothing is pending."""
        for _ in range(passes):
            self.deliver()
            self.clock.sleep(60)
            with self.ledger.writing() as work:
                if not work.pending(self.tracker.name):
                    return
        raise AssertionError("nothing converges")

    def ticket(self, key: str = KEY) -> Ticket:
        """What the ledger knows."""
        with self.ledger.writing() as work:
            return Ticket.read(work.ticket(key, self.tracker.name))

    def open(self, key: str = KEY) -> list[str]:
        """The bodies of the open tickets at the tracker."""
        return [body for body, open_, _ in self.all(key) if open_]

    def all(self, key: str = KEY) -> list[tuple[str, bool, list[str]]]:
        """Body, whether it is open, and comments of each ticket at the tracker."""
        if isinstance(self.fake, FakeGitHub):
            return [
                (
                    each["body"].partition("\n")[2],
                    each["state"] == "open",
                    [c["body"] for c in self.fake.comments.values() if c["number"] == number],
                )
                for number, each in self.fake.issues.items()
                if key in each["body"]
            ]
        if isinstance(self.fake, FakeWebhook):
            found = self.fake.tickets.get(key)
            return [(found["body"], found["open"], found["comments"])] if found else []
        with self.ledger.writing() as work:
            rows = issues.every(work, fingerprint=key)
        return [(row.body, row.state == "open", [row.comments] * (row.comments != "[]")) for row in rows]


def tracker(kind: str, address: str, ledger: Ledger, clock: Clock) -> Tracker:
    """A tracker of that kind."""
    if kind == "github":
        return Issues(GitHub("acme/ml", "t0ken", api=address, sleep=clock.sleep))
    if kind == "webhook":
        return Webhook(address, SECRET.decode(), now=clock)
    return Local(ledger)


def words(ticket: Ticket, _: object) -> Text:
    """The body tells the batch and the counts, so that an old text is seen."""
    told = f"{ticket.batch}: {ticket.failures} bad, {ticket.clean} clean"
    return Text("churn: roc_auc not green", told, f"comment of {told}")


@contextmanager
def world(kind: str, folder: Path) -> Iterator[World]:
    """A world of that kind, with an empty ledger."""
    url = f"sqlite:///{folder / 'ledger.db'}"
    if kind == "local":
        made = World(kind, url, None)
        yield made
        made.close()
        return
    with FakeGitHub() if kind == "github" else FakeWebhook() as fake:
        made = World(kind, url, fake)
        yield made
        made.close()


def break_it(world: World, rng: random.Random) -> None:
    """One fault, or none, at the next call."""
    fake = world.fake
    if fake is None:
        return
    status, headers = rng.choice(
        [(502, {}), (503, {}), (429, {"retry-after": "30"}), (403, {"retry-after": "400"}), (500, {})]
    )
    match rng.randrange(4):
        case 0 if isinstance(fake, FakeGitHub):
            fake.fail_next = [(status, headers, {})]
        case 0:
            fake.fail_next = [(status, headers)]
        case 1:
            fake.lost = 1
