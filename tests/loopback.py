"""What fakes of other people's services share: a server on the loopback while their block runs."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class Handler(BaseHTTPRequestHandler):
    """One that says nothing of what it is asked."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Loopback:
    """A fake that is asked at ``address`` while its block runs; each request has a thread of its own."""

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
