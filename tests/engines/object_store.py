"""A small object store that speaks enough of S3: heads, ranges and listings, over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

STAMP = "Thu, 01 Jan 2026 00:00:00 GMT"


class Store(ThreadingHTTPServer):
    """Objects by ``bucket/key``; ``refuses`` answers all with 403, ``sleeps`` never answers."""

    daemon_threads = True

    def __init__(self, objects: dict[str, bytes], *, refuses: bool, sleeps: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects = objects
        self.refuses = refuses
        self.awake = threading.Event()
        if not sleeps:
            self.awake.set()

    @property
    def options(self) -> str:
        """What an address needs to find this store, and not the real one."""
        return f"?scheme=http&region=us-east-1&endpoint_override=127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Store
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.awake.wait()
        parts = urlsplit(self.path)
        path, asked = unquote(parts.path).strip("/"), parse_qs(parts.query)
        if self.server.refuses:
            self._answer(403, b"<Error><Code>AccessDenied</Code><Message>secret-7</Message></Error>")
        elif "list-type" in asked:
            self._answer(200, self._listing(path, asked.get("prefix", [""])[0]))
        elif path in self.server.objects:
            self._object(self.server.objects[path])
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def _object(self, content: bytes) -> None:
        wanted = self.headers.get("Range")
        if wanted is None:
            return self._answer(200, content)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        end = min(int(last or len(content)), len(content) - 1)
        told = {"Content-Range": f"bytes {first}-{end}/{len(content)}"}
        return self._answer(206, content[int(first) : end + 1], told)

    def _listing(self, bucket: str, prefix: str) -> bytes:
        keys = [name.removeprefix(f"{bucket}/") for name in self.server.objects if name.startswith(bucket)]
        shown = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.server.objects[f'{bucket}/{key}'])}</Size>"
            "<LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
            for key in keys
            if key.startswith(prefix)
        )
        head = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        return f"{head}<IsTruncated>false</IsTruncated>{shown}</ListBucketResult>".encode()

    def _answer(self, status: int, content: bytes, told: dict[str, str] | None = None) -> None:
        self.send_response(status)
        size = {"Content-Length": str(len(content))}
        for name, value in {"Last-Modified": STAMP, **size, **(told or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""


@contextmanager
def served(objects: dict[str, bytes], *, refuses: bool = False, sleeps: bool = False) -> Iterator[Store]:
    """A store that runs as long as the context."""
    with Store(objects, refuses=refuses, sleeps=sleeps) as store:
        thread = threading.Thread(target=store.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield store
        finally:
            store.awake.set()
            store.shutdown()
            thread.join()
