"""A stand-in for GitHub on the loopback: the routes that modelqa calls, with pages, faults and a log.

``fail_next`` holds answers that are given before anything is done, ``lost`` how many writes are done
whose answer never arrives. ``now`` is its clock: a new issue is in the list only ``lag`` seconds after it was
made, and a call before ``forbidden_until`` is counted in ``early``. ``shuffle`` reorders every page, and
``hook`` hears of every call before and after it is done.
"""

import json
import random
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from loopback import Handler, Loopback

Answer = tuple[int, dict[str, str], Any]


class FakeGitHub(Loopback):
    """Comments of issues and pull requests, and the pull requests themselves. Use it in a ``with``."""

    def __init__(self, repository: str = "acme/ml") -> None:
        self.repository = repository
        self.comments: dict[int, dict[str, Any]] = {}
        self.pulls: list[dict[str, Any]] = []
        self.log: list[tuple[str, str]] = []
        self.tokens: set[str] = set()
        self.fail_next: list[Answer] = []
        self.lost = 0
        self.dispatches: list[dict[str, Any]] = []
        self.issues: dict[int, dict[str, Any]] = {}
        self.now: Callable[[], float] = lambda: 0.0
        self.lag: Callable[[], float] = lambda: 0.0
        self.shuffle: random.Random | None = None
        self.hook: Callable[[str], None] = lambda _: None
        self.forbidden_until = self.early = 0.0
        self._shown: dict[int, float] = {}
        self._ids = count(1)
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it is asked."""
        return self.address

    def handler(self) -> type[BaseHTTPRequestHandler]:
        return _handler(self)

    @property
    def environ(self) -> dict[str, str]:
        """The variables of a step of GitHub Actions."""
        return {"GITHUB_REPOSITORY": self.repository, "GITHUB_TOKEN": "t0ken", "GITHUB_API_URL": self.url}

    def comment(self, number: int, body: str) -> int:
        """Somebody's comment; its id."""
        made = next(self._ids)
        self.comments[made] = {"id": made, "body": body, "number": number}
        return made

    def issue(self, title: str, body: str, labels: list[str], **more: Any) -> dict[str, Any]:
        """A new issue."""
        number = len(self.issues) + 1
        self.issues[number] = {
            "number": number, "title": title, "body": body, "state": "open", "state_reason": None,
            "labels": [{"name": label} for label in labels], **more,
        }  # fmt: skip
        self._shown[number] = self.now() + self.lag()
        return self.issues[number]

    def open_issues(self) -> list[int]:
        """The numbers of the open ones."""
        return [number for number, each in self.issues.items() if each["state"] == "open"]

    def pull(self, number: int, sha: str, *, owner: str = "acme", branch: str = "feature") -> None:
        """An open pull request."""
        head = {"sha": sha, "ref": branch, "label": f"{owner}:{branch}"}
        self.pulls.append({"number": number, "state": "open", "head": head})

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """What the server says to a request."""
        with self._lock:
            self.log.append((method, path))
            self.early += self.now() < self.forbidden_until
            if self.fail_next:
                refused = self.fail_next.pop(0)
                self.forbidden_until = self.now() + float(refused[1].get("retry-after", 0))
                return refused
            for pattern, route in self._routes(query, body).items():
                verb, _, shape = pattern.partition(" ")
                found = re.fullmatch(shape, path.removeprefix(f"/repos/{self.repository}"))
                if verb == method and found:
                    return route(*found.groups())
        return 404, {}, {"message": "Not Found"}

    def _routes(self, query: dict[str, str], body: Any) -> dict[str, Callable[..., Answer]]:
        def comments(number: str) -> Answer:
            return self._page(
                [each for each in self.comments.values() if each["number"] == int(number)], query
            )

        def pulls() -> Answer:
            return self._page(
                [p for p in self.pulls if query.get("head") in (None, p["head"]["label"])], query
            )

        def change(id_: str) -> Answer:
            self.comments[int(id_)]["body"] = body["body"]
            return 200, {}, self.comments[int(id_)]

        def delete(id_: str) -> Answer:
            del self.comments[int(id_)]
            return 204, {}, None

        def issues() -> Answer:
            wanted, state = query.get("labels"), query.get("state", "open")
            listed = [
                each
                for number, each in self.issues.items()
                if self._shown[number] <= self.now()
                and (state == "all" or each["state"] == state)
                and (wanted is None or {"name": wanted} in each["labels"])
            ]
            if self.shuffle:
                self.shuffle.shuffle(listed)
            return self._page(listed, query)

        def edit(number: str) -> Answer:
            if int(number) not in self.issues:
                return 404, {}, {"message": "Not Found"}
            issue = self.issues[int(number)]
            issue.update(body or {})
            if (body or {}).get("state") == "open":
                issue["state_reason"] = "reopened"
            return 200, {}, issue

        return {
            r"POST /dispatches": lambda: (204, {}, self.dispatches.append(body)),
            r"GET /issues": issues,
            r"POST /issues": lambda: (
                201,
                {},
                self.issue(body["title"], body["body"], body.get("labels", [])),
            ),
            r"GET /issues/(\d+)": edit,
            r"PATCH /issues/(\d+)": edit,
            r"GET /issues/(\d+)/comments": comments,
            r"POST /issues/(\d+)/comments": lambda n: (
                201,
                {},
                self.comments[self.comment(int(n), body["body"])],
            ),
            r"PATCH /issues/comments/(\d+)": change,
            r"DELETE /issues/comments/(\d+)": delete,
            r"GET /pulls": pulls,
        }

    def _page(self, items: list[Any], query: dict[str, str]) -> Answer:
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        part = items[(page - 1) * size : page * size]
        if len(items) <= page * size:
            return 200, {}, part
        more = urlencode({**query, "page": page + 1})
        return 200, {"link": f'<{self.url}{self._path}?{more}>; rel="next"'}, part

    _path = ""


def _handler(fake: FakeGitHub) -> type[BaseHTTPRequestHandler]:
    class Answers(Handler):
        protocol_version = "HTTP/1.1"

        def _go(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(size) or b"null")
            url = urlsplit(self.path)
            fake.tokens.add(self.headers.get("authorization", ""))
            fake._path = url.path
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            place = re.sub("[0-9]+", "N", url.path)
            fake.hook(f"received {self.command} {place} {query.get('page', '')}")
            status, headers, data = fake.answer(self.command, url.path, query, body)
            fake.hook(f"done {self.command} {place}")
            if fake.lost and self.command != "GET" and status < 400:
                fake.lost -= 1
                self.close_connection = True
                return
            raw = b"" if data is None else json.dumps(data).encode()
            self.send_response(status)
            for key, value in {"content-length": str(len(raw)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PATCH = do_DELETE = _go  # noqa: N815 (names of the base class)

    return Answers
