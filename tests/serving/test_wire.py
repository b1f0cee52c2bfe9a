"""One HTTP client for all: where it goes, how long it waits, and what it never tells."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.errors import CallError, SubjectError
from modelqa.fake_servers import PrometheusServer
from modelqa.wire import Wire, forbidden, public

LINK = "169.254.169.254 169.254.0.1 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192"
OTHERWISE = """
2852039166 0xa9fea9fe 0251.0376.0251.0376 169.254.43518 0xA9.254.169.254 169.16689662 [fe80::1]
[fd00:ec2::254] [fd20:ce::254] [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [2002:a9fe:a9fe::]
[ff02::1] 224.0.0.1 0.0.0.0 [::] 0
"""
CORPUS = [
    f"{scheme}://{who}{host}{rest}"
    for host in (LINK + OTHERWISE).split()
    for scheme, who, rest in (("http", "", "/latest/meta-data/"), ("https", "a:b@", ":8443/invocations"))
]


@pytest.fixture
def no_connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every connection that is tried, none of which may be."""
    tried: list[object] = []

    def connect(address: object, *_: object, **__: object) -> None:
        tried.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    return tried


@pytest.mark.parametrize("url", CORPUS)
def test_nothing_is_sent_to_the_link_or_to_metadata(url: str, no_connections: list[object]) -> None:
    """However the address is written, no connection is even tried."""
    with pytest.raises(SubjectError, match=r"refused|no machine of this name|expected http"):
        Wire(url, patience=5.0)
    assert no_connections == []


def test_the_corpus_is_large_enough() -> None:
    """Forty addresses at least."""
    assert len(CORPUS) >= 40


def test_a_name_that_leads_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, no_connections: list[object]
) -> None:
    """The addresses behind a name count, all of them; and it is looked up once, so it cannot change."""
    found = [(socket.AF_INET, 1, 6, "", (ip, 80)) for ip in ("93.184.216.34", "169.254.169.254")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(SubjectError, match="refused"):
        Wire("http://innocent.example/invocations")
    assert no_connections == []


@given(st.ip_addresses(v=4, network="169.254.0.0/16"), st.booleans())
def test_all_of_the_link_is_forbidden(address: object, mapped: bool) -> None:
    """In both notations."""
    assert forbidden(f"::ffff:{address}" if mapped else str(address))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "192.168.1.1", "::1", "93.184.216.34"])
def test_where_servers_run_is_allowed(address: str) -> None:
    """This machine, private networks and the world."""
    assert not forbidden(address)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/x",
        "http:///x",
        "http://host:99999/",
        "http://host:port/",
        "http://ho st/",
        "http://h/#x",
        "x",
    ],
)
def test_what_is_no_address_is_said(url: str) -> None:
    """With the form that is expected."""
    with pytest.raises(SubjectError, match="expected http"):
        Wire(url)


def test_secrets_of_an_address_are_never_told() -> None:
    """Neither the user, nor the password, nor the query."""
    url = "http://anna:hunter2@127.0.0.1:1/invocations?key=canary"
    assert public(url) == "http://127.0.0.1:1/invocations"
    with pytest.raises(SubjectError) as caught:
        Wire(url)
    assert not any(word in str(caught.value) for word in ("anna", "hunter2", "canary"))


def test_a_token_that_no_header_can_hold_is_not_repeated() -> None:
    """A line break would begin another header."""
    with pytest.raises(SubjectError, match="characters that no header") as caught:
        Wire("http://127.0.0.1:1/", token="canary\r\nX-Evil: 1")  # noqa: S106
    assert "canary" not in str(caught.value)


def test_credentials_are_sent_as_they_are_meant() -> None:
    """A token as a bearer's; a user and a password as basic ones, decoded; no proxy is asked."""
    with PrometheusServer([]) as server:
        for url, token, sent in (
            (server.address, "abc", "Bearer abc"),
            (server.address.replace("//", "//me:p%40ss@"), "abc", "Basic bWU6cEBzcw=="),
            (server.address, "", None),
        ):
            wire = Wire(url, token=token)
            assert wire.get("/api/v1/query?query=up", seconds=5).status == 200
            assert server.headers[-1].get("Authorization") == sent
            wire.close()


@pytest.fixture
def raw() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """A server that does with a connection whatever a test wants."""
    listeners: list[socket.socket] = []

    def serve(behave: Callable[[socket.socket], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        if connection.recv(1 << 16):
                            behave(connection)
                    except OSError:
                        continue

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield serve
    for listener in listeners:
        listener.close()


OK = b"HTTP/1.1 200 OK\r\n"


def _drip(start: bytes) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            time.sleep(0.02)
            connection.sendall(b"x")

    return behave


def _say(text: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(text)


FAILURES: dict[str, tuple[Callable[[socket.socket], None], str]] = {
    "silent": (lambda _: time.sleep(2), "timeout"),
    "slow headers": (_drip(OK + b"X-Slow: "), "timeout"),
    "slow body": (_drip(OK + b"Content-Length: 100000\r\n\r\n"), "timeout"),
    "endless": (_drip(OK + b"\r\n"), "timeout"),
    "closed": (lambda _: None, "reset"),
    "cut off": (_say(OK + b"Content-Length: 9\r\n\r\nx"), "reset"),
    "no HTTP": (_say(b"what?\r\n\r\n"), "malformed answer"),
    "bad chunk": (_say(OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"), "malformed answer"),
    "bad zip": (_say(OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), "malformed answer"),
}


@pytest.mark.parametrize(("behave", "kind"), FAILURES.values(), ids=FAILURES)
def test_every_answer_that_is_none_has_its_kind(
    raw: Callable[..., str], behave: Callable[[socket.socket], None], kind: str
) -> None:
    """And none is waited for longer than allowed, however often a byte arrives."""
    wire = Wire(raw(behave))
    began = time.monotonic()
    with pytest.raises(CallError) as caught:
        wire.post(b"{}", "application/json", seconds=0.5)
    assert caught.value.kind == kind
    assert time.monotonic() - began < 30  # an hour, without the watch
    wire.close()


def test_an_answer_too_large_is_not_read(raw: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a small one that unpacks to a large one."""
    import gzip

    monkeypatch.setattr("modelqa.wire.MOST_BYTES", 1 << 20)
    bomb = gzip.compress(bytes(8 << 20))
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    wire = Wire(raw(lambda connection: connection.sendall(head + bomb)))
    with pytest.raises(CallError, match="more than") as caught:
        wire.post(b"{}", "application/json", seconds=5)
    assert caught.value.kind == "malformed answer"
    wire.close()


def test_a_server_that_has_gone_refuses() -> None:
    """The kind of error tells it from one that is slow."""
    server = PrometheusServer([]).__enter__()
    wire = Wire(server.address)
    server.close()
    with pytest.raises(CallError) as caught:
        wire.get("/", seconds=2)
    assert caught.value.kind == "refused"
    wire.close()


def test_the_certificate_has_to_be_known(raw: Callable[..., str]) -> None:
    """A server that speaks no TLS, or with a certificate of its own making, is not asked."""
    wire = Wire(raw(lambda connection: connection.sendall(b"no")).replace("http:", "https:"))
    with pytest.raises(CallError) as caught:
        wire.get("/", seconds=2)
    assert caught.value.kind == "tls"
    wire.close()


def test_connections_are_kept() -> None:
    """Many requests, one connection."""
    with PrometheusServer([]) as server:
        ports: set[object] = set()
        answer = server.answer
        server.answer = lambda handler, body: (ports.add(handler.client_address), answer(handler, body))[1]  # type: ignore[method-assign]
        wire = Wire(server.address)
        for _ in range(20):
            wire.get("/api/v1/query?query=up", seconds=5)
        wire.close()
        assert len(ports) == 1


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for `localhost` that nobody knows, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


def test_https_is_checked_by_the_name_that_was_asked_for(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to an address; certificate and Host are those of the name."""
    secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secured.load_cert_chain(*certificate)
    server = PrometheusServer([])
    server.socket = secured.wrap_socket(server.socket, server_side=True)
    with server:

        def status(host: str) -> int:
            wire = Wire(f"https://{host}:{server.server_port}")
            try:
                return wire.get("/api/v1/query?query=up", seconds=5).status
            finally:
                wire.close()

        with pytest.raises(CallError) as unknown:
            status("localhost")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert status("localhost") == 200
        assert server.headers[-1]["Host"] == f"localhost:{server.server_port}"
        with pytest.raises(CallError) as another:
            status("127.0.0.1")
    assert (unknown.value.kind, another.value.kind) == ("tls", "tls")
