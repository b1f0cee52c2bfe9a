"""The one HTTP client: bounded in time and size, and it goes where it was sent and nowhere else.

No redirects, no retries, no proxies of the environment. A name is looked up once; an address of this
machine's link or of a cloud's metadata service is refused before anything is sent to it.
"""

import base64
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from modelqa.core.patience import PATIENCE, patiently
from modelqa.errors import CallError, SubjectError

MOST_BYTES = 256 << 20
"""The largest answer that is read; no more than so many bytes are kept of any."""
MOST_CONNECTIONS = 256
"""Connections to a server that are kept open between requests."""
_PORTS = {"http": 80, "https": 443}
# What answers here gives away the credentials of the machine; the rest of 169.254/16 is link-local.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"),
    )
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: its status and the body, decoded as its headers say."""

    status: int
    body: bytes


def public(url: str) -> str:
    """An address as messages may tell it: no user, no password, no query.

    >>> public("https://me:secret@models.example:8443/invocations?key=1")
    'https://models.example:8443/invocations'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class Wire:
    """A server that was reached once, and connections to it that are kept open.

    ``token`` is sent as a bearer's; a user and a password in the address are sent as such.

    Raises `SubjectError` where the address is no http(s) one or a refused one, and where nobody
    answers there within ``patience`` seconds.
    """

    def __init__(self, url: str, *, token: str = "", patience: float = PATIENCE) -> None:
        self.shown, parts, port = _parsed(url)
        host = parts.hostname or ""
        self.target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        self._headers = {"Host": parts.netloc.rpartition("@")[2], **_authorization(parts, token, self.shown)}
        address = _reached(host, port, self.shown, patience)
        keep: dict[str, Any] = {"maxsize": MOST_CONNECTIONS, "block": False, "retries": False}
        self._pool: urllib3.HTTPConnectionPool
        if parts.scheme == "https":
            trusted = ssl.create_default_context()
            named: dict[str, Any] = {"assert_hostname": host, "server_hostname": host, "ssl_context": trusted}
            self._pool = urllib3.HTTPSConnectionPool(address, port, **keep, **named)
            self._pool.ConnectionCls = _SecureConnection
        else:
            self._pool = urllib3.HTTPConnectionPool(address, port, **keep)
            self._pool.ConnectionCls = _Connection

    def post(self, body: bytes, kind: str, *, seconds: float) -> Answer:
        """Send a body of a content type, and wait at most ``seconds`` for all of the answer.

        Raises `CallError` for every answer that is none, and for a status other than 2xx.
        """
        got = self._asked("POST", self.target, body, {"Content-Type": kind}, seconds)
        if not 200 <= got.status < 300:
            raise CallError(f"http {got.status}", f"{self.shown} answered with status {got.status}")
        return got

    def get(self, target: str, *, seconds: float) -> Answer:
        """Ask for a path on this server; its status may be any. Raises `CallError` without one."""
        return self._asked("GET", target, None, {}, seconds)

    def put(self, target: str, body: bytes, kind: str, *, seconds: float) -> Answer:
        """Put a body of a content type to a path on this server, as `get` asks."""
        return self._asked("PUT", target, body, {"Content-Type": kind}, seconds)

    def delete(self, target: str, *, seconds: float) -> Answer:
        """Delete a path on this server, as `get` asks."""
        return self._asked("DELETE", target, None, {}, seconds)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _asked(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], seconds: float
    ) -> Answer:
        due = time.monotonic() + seconds
        try:
            response = self._pool.urlopen(
                method,
                target,
                body=body,
                headers={**self._headers, **headers},
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=seconds, read=seconds),
                preload_content=False,
            )
            with _WATCH.over(response.shutdown, due):
                read = self._read(response)
        except urllib3.exceptions.HTTPError as error:
            raise self._failed("timeout" if time.monotonic() >= due else _kind(error), seconds) from None
        if time.monotonic() >= due:  # what was cut off may look whole
            raise self._failed("timeout", seconds)
        return Answer(response.status, read)

    def _failed(self, kind: str, seconds: float) -> CallError:
        return CallError(kind, f"{self.shown}: {_SAID[kind].format(seconds=seconds)}")

    def _read(self, response: Any) -> bytes:
        parts, size = [], 0
        for part in response.stream(1 << 16, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                response.close()
                raise CallError(
                    "malformed answer", f"{self.shown}: an answer of more than {MOST_BYTES} bytes"
                )
        response.release_conn()
        return b"".join(parts)


_SAID = {
    "timeout": "no answer within {seconds:g} s",
    "refused": "the connection is refused; is the server running?",
    "unreachable": "the server cannot be reached",
    "reset": "the connection broke before the answer was whole",
    "tls": "the connection cannot be secured; check the server's certificate",
    "malformed answer": "the answer is no HTTP",
}


def _kind(error: urllib3.exceptions.HTTPError) -> str:
    """The class of error: what happened to the connection, not the words of a library."""
    causes = [error, error.__cause__, *(part for part in error.args if isinstance(part, BaseException))]
    for kind, types in (  # some of these are subclasses of later ones
        ("tls", (urllib3.exceptions.SSLError, ssl.SSLError)),
        ("refused", (ConnectionRefusedError,)),
        ("unreachable", (urllib3.exceptions.NewConnectionError,)),
        ("timeout", (urllib3.exceptions.TimeoutError, TimeoutError)),
        ("reset", (ConnectionError, urllib3.exceptions.IncompleteRead)),
        ("unreachable", (OSError,)),
    ):
        if any(isinstance(cause, types) for cause in causes):
            return kind
    return "malformed answer"


def _parsed(url: str) -> tuple[str, Any, int]:
    """What to call an address, its parts and its port."""
    shown = "the address"
    try:
        shown, parts = public(url), urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    if not port or not parts.hostname or parts.fragment or not url.isprintable() or " " in url:
        raise SubjectError(f"{shown}: expected http://host:port/path or https://host/path")
    return shown, parts, port


def _authorization(parts: Any, token: str, shown: str) -> dict[str, str]:
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    if token and not (token.isascii() and token.isprintable()):
        raise SubjectError(f"{shown}: its token holds characters that no header can; set it anew")
    return {"Authorization": f"Bearer {token.strip()}"} if token else {}


def _reached(host: str, port: int, shown: str, patience: float) -> str:
    """The first address of a host that somebody answers at."""
    due = time.monotonic() + patience
    try:
        found = patiently(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), seconds=patience)
    except (OSError, UnicodeError, TimeoutError):
        raise SubjectError(f"{shown}: no machine of this name is known; check the address") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if any(map(forbidden, addresses)):
        raise SubjectError(
            f"{shown}: refused: this is an address of the machine's own link or of a cloud's metadata service"
        )
    for address in addresses:
        with suppress(OSError):
            left = max(0.1, due - time.monotonic())
            socket.create_connection((address, port), timeout=left).close()
            return address
    raise SubjectError(f"{shown}: nobody answers there; check the address, and that the server runs")


def forbidden(address: str) -> bool:
    """Whether no suite may send anything to an address.

    >>> forbidden("169.254.169.254"), forbidden("::ffff:169.254.169.254"), forbidden("127.0.0.1")
    (True, True, False)
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in _METADATA


class _Watch:
    """Cuts connections whose time is up: a socket's own limit begins anew with each byte."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[object, tuple[float, Callable[[], object]]] = {}
        self._awaited = 0.0
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, cut: Callable[[], object], due: float) -> Iterator[None]:
        key = object()
        with self._changed:
            self._due[key] = due, cut
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, daemon=True, name="modelqa-watch")
                self._thread.start()
            elif due < self._awaited:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._due.pop(key, None)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for key, (due, cut) in list(self._due.items()):
                    if due <= now:
                        del self._due[key]
                        with suppress(OSError, ValueError, RuntimeError, AttributeError):
                            cut()
                self._awaited = min((due for due, _ in self._due.values()), default=now + 3600)
                self._changed.wait(self._awaited - now)


_WATCH = _Watch()


class _Connection(HTTPConnection):
    """A connection whose answer begins in time."""

    def getresponse(self) -> Any:
        with _WATCH.over(_cut(self), time.monotonic() + float(self.timeout or PATIENCE)):
            return super().getresponse()


class _SecureConnection(HTTPSConnection):
    """The same, secured."""

    def getresponse(self) -> Any:
        with _WATCH.over(_cut(self), time.monotonic() + float(self.timeout or PATIENCE)):
            return super().getresponse()


def _cut(connection: HTTPConnection) -> Callable[[], object]:
    return partial(connection.sock.shutdown, socket.SHUT_RDWR) if connection.sock else bool
