"""GitHub's REST API as far as modelqa speaks it: one client that never repeats a write blindly.

Addresses and the token come from the variables that GitHub Actions sets: ``GITHUB_TOKEN``,
``GITHUB_REPOSITORY``, ``GITHUB_API_URL`` (GitHub Enterprise: ``https://HOST/api/v3``).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha1
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from modelqa.actions.tracker import Later, Refused, Unreachable
from modelqa.errors import ActionError

if TYPE_CHECKING:
    import httpx

API = "https://api.github.com"
ATTEMPTS, LONGEST_WAIT, TIMEOUT = 3, 60.0, 10.0
"""Calls at most for one answer, seconds to wait at most where GitHub says so, seconds for one answer."""


class GitHub:
    """One repository. ``sleep`` waits as long as GitHub asks, up to a minute."""

    def __init__(
        self, repository: str, token: str, *, api: str = API, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        import httpx

        where = urlsplit(api)
        if where.scheme != "https" and where.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ActionError(f"GITHUB_API_URL: a token is sent over https only, found {where.scheme}://")
        self.repository = repository
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=api,
            timeout=TIMEOUT,
            headers={
                "authorization": f"Bearer {token}",
                "accept": "application/vnd.github+json",
                "x-github-api-version": "2022-11-28",
                "user-agent": "modelqa",
            },
        )

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """The repository that the environment names. Raises `ActionError` where a variable is missing."""
        for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN"):
            if not environ.get(name):
                raise ActionError(f"{name} is not set: GitHub Actions sets it, anywhere else you do")
        return cls(
            environ["GITHUB_REPOSITORY"], environ["GITHUB_TOKEN"], api=environ.get("GITHUB_API_URL") or API
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, method: str, path: str, **keys: Any) -> Any:
        """The JSON that GitHub answers with, for a path below the repository.

        A call that is told to wait waits and is made again; one that only reads is also made again after a
        server's error. A write is not: it may have been done. Raises `ActionError` for all else.
        """
        answer = self._answer(method, f"/repos/{self.repository}/{path}", **keys)
        return answer.json() if answer.content else None

    def every(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        url, params = f"/repos/{self.repository}/{path}", {"per_page": 100, **query}
        while url:
            answer = self._answer("GET", url, params=params)
            yield from answer.json()
            url, params = answer.links.get("next", {}).get("url", ""), {}
            if url and not url.startswith(str(self._http.base_url)):
                raise ActionError("GitHub names a next page on another host: not followed")

    def _answer(self, method: str, url: str, **keys: Any) -> "httpx.Response":
        import httpx

        for left in reversed(range(ATTEMPTS)):
            try:
                answer = self._http.request(
                    method, url, **{key: value for key, value in keys.items() if value}
                )
            except httpx.HTTPError as error:
                if method == "GET" and left:
                    continue
                raise Unreachable(f"GitHub cannot be reached ({type(error).__name__})") from error
            wait = wanted_wait(answer, time.time())
            again = wait is not None or (method == "GET" and answer.status_code >= 500)
            if not (again and left) or (wait or 0) > LONGEST_WAIT:
                break
            self._sleep(wait if wait is not None else 2.0 ** (ATTEMPTS - left))
        if answer.is_success:
            return answer
        told = f"GitHub refused: {method} {urlsplit(url).path} answered {answer.status_code}"
        raise Refused(told, status=answer.status_code) if wait is None else Later(told, seconds=wait)


def wanted_wait(answer: "httpx.Response", now: float) -> float | None:
    """How many seconds a server wants to be left alone; None where it does not say so."""
    if answer.status_code not in (403, 429):
        return None
    after = answer.headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    if answer.headers.get("x-ratelimit-remaining") == "0":
        return max(float(answer.headers.get("x-ratelimit-reset", now)) - now, 0.0)
    return None


def marker(key: str) -> str:
    """The hidden comment by which a text of ours is found again: hexadecimal digits only.

    >>> marker("churn")
    '<!-- modelqa:v1:bafb5b68a5bd17fb591cbec03078585beb118a90 -->'
    """
    return hidden(sha1(key.encode(), usedforsecurity=False).hexdigest())


def hidden(fingerprint: str) -> str:
    """The hidden comment that carries 40 hexadecimal digits."""
    return f"<!-- modelqa:v1:{fingerprint} -->"


def upsert_comment(github: GitHub, number: int, key: str, body: str) -> str:
    """Write the one comment of a key on a pull request: make it, change it, or leave it where it says so.

    What was done comes back: ``created``, ``updated`` or ``unchanged``. Of several (two runs at once) the
    oldest is kept and the others are deleted.
    """
    own = marker(key)
    text = f"{own}\n{body}"
    found = [
        each for each in github.every(f"issues/{number}/comments") if (each["body"] or "").startswith(own)
    ]
    if not found:
        github.call("POST", f"issues/{number}/comments", json={"body": text})
        return "created"
    first, *others = sorted(found, key=lambda each: int(each["id"]))
    for other in others:
        github.call("DELETE", f"issues/comments/{other['id']}")
    if first["body"].replace("\r\n", "\n").rstrip() == text.rstrip():
        return "unchanged"
    github.call("PATCH", f"issues/comments/{first['id']}", json={"body": text})
    return "updated"


def pull_request(github: GitHub, event: Mapping[str, Any]) -> int | None:
    """The number of the pull request that an event of GitHub Actions is about; None where it is about none.

    After a fork's run (``workflow_run``) the event names no pull request: it is the open one whose head
    is the commit that ran, and whose branch and repository are the run's.
    """
    if "pull_request" in event:
        return int(event["pull_request"]["number"])
    ran = event.get("workflow_run")
    if not ran:
        return None
    owner = (ran.get("head_repository") or {}).get("owner", {}).get("login", "")
    head = f"{owner}:{ran.get('head_branch', '')}"
    for each in github.every("pulls", state="open", head=head):
        if each["head"]["sha"] == ran["head_sha"]:
            return int(each["number"])
    return None
