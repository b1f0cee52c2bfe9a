"""Tickets as GitHub issues, found by a label and a hidden marker: its search lags far more than its list."""

from collections.abc import Mapping, Sequence
from typing import Any

from modelqa.actions.github import GitHub, hidden, upsert_comment
from modelqa.actions.tracker import Issue, Refused, Text

LABEL = "modelqa"
"""On every ticket, so that they can be listed."""
WONT_FIX = ("wontfix", "won't fix", "wont-fix")
"""Labels that say what closing as "not planned" says too."""


class Issues:
    """The issues of a repository. ``labels`` and ``owner`` (a user) go on new ones."""

    asks, lag, pace = True, 300.0, 1.0

    def __init__(self, github: GitHub, *, labels: Sequence[str] = (), owner: str = "") -> None:
        self.name = f"github {github.repository}"
        self._github = github
        self._new = {"labels": [LABEL, *labels], "assignees": [owner] if owner else []}

    def close(self) -> None:
        self._github.__exit__()

    def find(self, fingerprint: str) -> Sequence[Issue]:
        listed = self._github.every("issues", labels=LABEL, state="all", sort="created", direction="asc")
        ours = [each for each in listed if "pull_request" not in each and _marked(each, fingerprint)]
        by_number = {int(each["number"]): _issue(each) for each in ours}
        return [by_number[number] for number in sorted(by_number)]

    def get(self, number: str) -> Issue | None:
        try:
            return _issue(self._github.call("GET", f"issues/{number}"))
        except Refused as error:
            if error.status in (404, 410):
                return None
            raise

    def create(self, text: Text) -> Issue:
        made = {"title": text.title, "body": _body(text), **self._new}
        return _issue(self._github.call("POST", "issues", json=made))

    def change(self, number: str, text: Text, *, closed: bool) -> None:
        state = {"state": "closed", "state_reason": "completed"} if closed else {"state": "open"}
        said = {"title": text.title, "body": _body(text), **state}
        self._github.call("PATCH", f"issues/{number}", json=said)

    def duplicate(self, number: str) -> None:
        state = {"state": "closed", "state_reason": "duplicate"}
        self._github.call("PATCH", f"issues/{number}", json=state)

    def comment(self, number: str, text: Text) -> None:
        upsert_comment(self._github, int(number), text.key, text.comment)


def _body(text: Text) -> str:
    return f"{hidden(text.fingerprint)}\n{text.body}"


def _marked(found: Mapping[str, Any], fingerprint: str) -> bool:
    return str(found["body"] or "").startswith(hidden(fingerprint))


def _issue(found: Mapping[str, Any]) -> Issue:
    reason = found.get("state_reason") or ""
    labels = {str(label["name"]).lower() for label in found.get("labels", ())}
    body = str(found["body"] or "").replace("\r\n", "\n").partition("\n")[2]
    return Issue(
        str(found["number"]), open=found["state"] == "open", title=found["title"], body=body,
        wont_fix=reason == "not_planned" or bool(labels & set(WONT_FIX)), duplicate=reason == "duplicate",
    )  # fmt: skip
