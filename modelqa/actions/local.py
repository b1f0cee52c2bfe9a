"""Tickets in the ledger itself, for those who have no other tracker: `modelqa tickets` shows them."""

from collections.abc import Sequence
from typing import Any

from modelqa.actions.tracker import Issue, Text
from modelqa.ledger import Ledger, issues


class Local:
    """A tracker that is there at once and forgets nothing."""

    name, asks, lag, pace = "local", True, 0.0, 0.0

    def __init__(self, ledger: Ledger, labels: Sequence[str] = ()) -> None:
        self._ledger, self._labels = ledger, list(labels)

    def close(self) -> None:
        """The ledger is closed by whoever opened it."""

    def find(self, fingerprint: str) -> Sequence[Issue]:
        with self._ledger.writing() as work:
            return [_issue(row) for row in issues.every(work, fingerprint=fingerprint)]

    def get(self, number: str) -> Issue | None:
        with self._ledger.writing() as work:
            row = issues.get(work, int(number))
        return None if row is None else _issue(row)

    def create(self, text: Text) -> Issue:
        with self._ledger.writing() as work:
            number = issues.add(work, text.fingerprint, text.title, text.body, self._labels)
        return Issue(str(number), open=True, title=text.title, body=text.body)

    def change(self, number: str, text: Text, *, closed: bool) -> None:
        state = {"state": "closed", "reason": "completed"} if closed else {"state": "open", "reason": ""}
        with self._ledger.writing() as work:
            issues.change(work, int(number), title=text.title, body=text.body, **state)

    def duplicate(self, number: str) -> None:
        with self._ledger.writing() as work:
            issues.change(work, int(number), state="closed", reason="duplicate")

    def comment(self, number: str, text: Text) -> None:
        with self._ledger.writing() as work:
            issues.comment(work, int(number), text.key, text.comment)


def _issue(row: Any) -> Issue:
    return Issue(
        str(row.number), open=row.state == "open", title=row.title, body=row.body,
        wont_fix=row.reason == "wont_fix", duplicate=row.reason == "duplicate",
    )  # fmt: skip
