"""Tickets as signed messages to an address: a chat, Jira, anything that can be told.

``MODELQA_WEBHOOK_URL`` says where, ``MODELQA_WEBHOOK_SECRET`` signs. The headers are those of Standard
Webhooks: ``webhook-id`` (the same for the same message, so that a receiver does it once),
``webhook-timestamp``, and ``webhook-signature``: ``v1,`` and the base64 of HMAC-SHA256 over
``id.timestamp.body``.
"""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Self
from urllib.parse import urlsplit

from modelqa.actions.github import TIMEOUT, wanted_wait
from modelqa.actions.tracker import Issue, Later, Refused, Text, Unreachable
from modelqa.errors import ActionError

URL, SECRET = "MODELQA_WEBHOOK_URL", "MODELQA_WEBHOOK_SECRET"


class Webhook:
    """A receiver that is told and not asked: it keeps one ticket for each fingerprint."""

    asks, lag, pace = False, 0.0, 0.0

    def __init__(self, url: str, secret: str, *, now: Callable[[], float] = time.time) -> None:
        where = urlsplit(url)
        if where.scheme != "https" and where.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ActionError(f"{URL}: expected https://..., found {where.scheme}://")
        self.name = f"webhook {sha256(url.encode()).hexdigest()[:12]}"
        self._url, self._secret, self._now = url, _key(secret), now

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """The receiver that the environment names. Raises `ActionError` where a variable is missing."""
        for name in (URL, SECRET):
            if not environ.get(name):
                raise ActionError(f"{name} is not set: a webhook needs it")
        return cls(environ[URL], environ[SECRET])

    def close(self) -> None:
        """Each message has a connection of its own."""

    def find(self, _: str) -> Sequence[Issue]:
        return ()

    def get(self, _: str) -> Issue | None:
        return None

    def create(self, text: Text) -> Issue:
        self._send("open", text, title=text.title, body=text.body)
        return Issue(text.fingerprint, open=True, title=text.title, body=text.body)

    def change(self, _: str, text: Text, *, closed: bool) -> None:
        self._send("close" if closed else "open", text, title=text.title, body=text.body)

    def duplicate(self, _: str) -> None:
        """There are none: the receiver keeps one for each fingerprint."""

    def comment(self, _: str, text: Text) -> None:
        self._send("comment", text, comment=text.comment)

    def _send(self, action: str, text: Text, **said: Any) -> None:
        self.send({"action": action, "fingerprint": text.fingerprint, **said}, key=text.key)

    def send(self, message: Mapping[str, Any], *, key: str, same: bool = False) -> None:
        """Send a message. Its id is that of its key and its text, or (``same``) that of its key alone.

        Raises `ActionError` where the receiver does not take it.
        """
        import httpx

        body = json.dumps({"version": 1, **message}, ensure_ascii=False, sort_keys=True).encode()
        identity = key.encode() + (b"" if same else body)
        id_, moment = f"msg_{sha256(identity).hexdigest()[:32]}", str(int(self._now()))
        headers = {
            "content-type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": moment,
            "webhook-signature": sign(self._secret, id_, moment, body),
        }
        try:
            answer = httpx.post(self._url, content=body, headers=headers, timeout=TIMEOUT)
        except httpx.HTTPError as error:
            raise Unreachable(f"the webhook cannot be reached ({type(error).__name__})") from error
        if answer.is_success:
            return
        told = f"the webhook answered {answer.status_code}"
        wait = wanted_wait(answer, time.time())
        raise Refused(told, status=answer.status_code) if wait is None else Later(told, seconds=wait)


def sign(secret: bytes, id_: str, moment: str, body: bytes) -> str:
    """The signature of a message.

    >>> sign(b"secret", "msg_1", "1700000000", b"{}")
    'v1,A5oIrJxXPB/PkULSoVu0e4khvPiqpF9vljmhkSKg0FI='
    """
    made = hmac.new(secret, b".".join((id_.encode(), moment.encode(), body)), sha256).digest()
    return "v1," + base64.b64encode(made).decode()


def _key(secret: str) -> bytes:
    """A secret as bytes; one of Standard Webhooks (``whsec_`` and base64) is decoded."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ActionError(f"{SECRET}: what follows whsec_ is no base64") from None
