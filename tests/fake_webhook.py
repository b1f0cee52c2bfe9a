"""A receiver of webhooks on the loopback, as its sender's manual asks for: it checks the signature and the
time, does each message once, and keeps one ticket for each fingerprint."""

import base64
import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from typing import Any

from loopback import Handler, Loopback

SECRET = b"open sesame"


class FakeWebhook(Loopback):
    """Tickets by fingerprint. ``fail_next`` are answers before anything is done, ``lost`` is after."""

    def __init__(self) -> None:
        self.tickets: dict[str, dict[str, Any]] = {}
        self.seen: set[str] = set()
        self.retrains: list[dict[str, Any]] = []
        self.rejected = self.lost = self.early = 0
        self.forbidden_until = 0.0
        self.now: Callable[[], float] = lambda: 0.0
        self.fail_next: list[tuple[int, dict[str, str]]] = []
        self.hook: Callable[[str], None] = lambda _: None

    @property
    def url(self) -> str:
        """Where messages go."""
        return f"{self.address}/hook"

    def handler(self) -> type[BaseHTTPRequestHandler]:
        return _handler(self)

    def take(self, headers: Any, body: bytes) -> tuple[int, dict[str, str]]:
        """The status for a message."""
        self.early += self.now() < self.forbidden_until
        if self.fail_next:
            status, said = self.fail_next.pop(0)
            self.forbidden_until = self.now() + float(said.get("retry-after", 0))
            return status, said
        id_, moment = headers["webhook-id"], headers["webhook-timestamp"]
        wanted = hmac.new(SECRET, f"{id_}.{moment}.".encode() + body, sha256).digest()
        signed = "v1," + base64.b64encode(wanted).decode()
        fresh = abs(int(moment) - self.now()) <= 300
        if not hmac.compare_digest(signed, headers["webhook-signature"]) or not fresh:
            self.rejected += 1
            return 401, {}
        if id_ not in self.seen:
            self.seen.add(id_)
            self._do(json.loads(body))
        return 204, {}

    def _do(self, message: dict[str, Any]) -> None:
        if message["action"] == "retrain":
            self.retrains.append(message["request"])
            return
        ticket = self.tickets.setdefault(message["fingerprint"], {"comments": [], "open": False})
        if message["action"] == "comment":
            ticket["comments"].append(message["comment"])
        else:
            ticket.update(open=message["action"] == "open", title=message["title"], body=message["body"])


def _handler(fake: FakeWebhook) -> type[BaseHTTPRequestHandler]:
    class Answers(Handler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            fake.hook("received webhook")
            status, headers = fake.take(self.headers, body)
            fake.hook("done webhook")
            if fake.lost and status < 400:
                fake.lost -= 1
                return
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()

    return Answers
