"""Servers for tests, on the loopback interface: a model's, which can fail, and Prometheus' query API.

Like the fakes of `modelqa.testing` they behave: a real socket, real HTTP, an answer for each request.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from modelqa.core.ports import Model

if TYPE_CHECKING:
    import pandas as pd

Fault = Literal["", "500", "404", "garbage", "no json", "no list", "few", "reset", "redirect", "drip", "die"]
"""What a server does with one request instead of answering it."""


class _Handler(BaseHTTPRequestHandler):
    """One connection; its requests are answered by its server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 30
    server: "FakeServer"

    def do_GET(self) -> None:
        self.server.answer(self, b"")

    def do_POST(self) -> None:
        self.server.answer(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name in the library)
        """Say nothing."""


class FakeServer(ThreadingHTTPServer):
    """A server in threads of this process; ``requests`` counts what was asked."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.requests = 0
        self.headers: list[Mapping[str, str]] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering: from now on connections are refused."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no matter here."""

    def counted(self, handler: _Handler) -> int:
        """The number of a request, from 1."""
        with self._lock:
            self.requests += 1
            self.headers.append(dict(handler.headers))
            return self.requests

    def answer(self, handler: _Handler, body: bytes) -> None:
        """Answer one request."""
        raise NotImplementedError


class ModelServer(FakeServer):
    """A model behind MLflow's scoring protocol; ``url`` is where it is asked.

    ``fault`` is called with the number of each request (from 1), may take its time, and says what to
    do instead of answering.

    >>> from modelqa.models.http import find
    >>> from modelqa.testing import FakeModel, in_process, make_batch
    >>> with ModelServer(in_process(FakeModel("regression"))) as server:
    ...     find(server.url).load().predict(make_batch(2).assign(signal=[0.5, 2.5])).values.tolist()
    [0.5, 2.5]
    """

    def __init__(self, model: Model, fault: Callable[[int], Fault] = lambda _: "") -> None:
        super().__init__()
        self.model = model
        self.fault = fault
        self.url = f"{self.address}/invocations"

    def answer(self, handler: _Handler, body: bytes) -> None:
        """Answer with predictions, or fail in the way that is wanted."""
        if handler.command == "GET":
            handler.send(b"\n", 200 if handler.path == "/health" else 404)
            return
        fault = self.fault(self.counted(handler))
        if fault in ("reset", "die"):
            handler.close_connection = True
            if fault == "die":
                self.close()
        elif fault == "garbage":
            handler.wfile.write(b"\x00\x01 what?\r\n\r\n")
            handler.close_connection = True
        elif fault == "drip":
            self._drip(handler)
        elif fault in ("500", "404"):
            handler.send(b'{"error_code": "BAD", "message": "row 7: secret"}', int(fault))
        elif fault == "redirect":
            handler.send(b"", 307, Location=self.url)
        else:
            handler.send(self._said(body, fault))

    def _said(self, body: bytes, fault: Fault) -> bytes:
        if fault == "no json":
            return b"<html>secret"
        if fault == "no list":
            return b'{"predictions": {"secret": 1}}'
        answers = self.model.predict(_frame(json.loads(body))).values.tolist()
        return json.dumps({"predictions": answers[1:] if fault == "few" else answers}).encode()

    def _drip(self, handler: _Handler) -> None:
        """A byte now and then, for ever: no wait for one of them is long."""
        pause = threading.Event()
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not pause.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()


def _frame(body: Mapping[str, Any]) -> "pd.DataFrame":
    from modelqa.models.frames import framed

    if "dataframe_split" in body:
        split = body["dataframe_split"]
        return framed(dict(zip(split["columns"], zip(*split["data"], strict=True), strict=True)))
    if "inputs" in body:
        return framed(body["inputs"])
    return framed({name: [row[name] for row in body["instances"]] for name in body["instances"][0]})


class PrometheusServer(FakeServer):
    """Prometheus' query API: every query is answered with the same series.

    A series is its labels and its points, pairs of a time (seconds since 1970) and a value; an
    instant query gets the last one of each. ``queries`` are the ones that were asked.
    """

    def __init__(self, series: Sequence[tuple[Mapping[str, str], Sequence[tuple[float, float]]]]) -> None:
        super().__init__()
        self.series = series
        self.queries: list[Mapping[str, str]] = []

    def answer(self, handler: _Handler, body: bytes) -> None:
        """Answer a query of one moment or of a range."""
        self.counted(handler)
        asked = urlsplit(handler.path)
        self.queries.append(
            {key: values[0] for key, values in parse_qs(asked.query or body.decode()).items()}
        )
        ranged = asked.path.endswith("/query_range")
        if self.queries[-1].get("query") == "time()":
            data: Mapping[str, Any] = {"resultType": "scalar", "result": [time.time(), str(time.time())]}
            handler.send(json.dumps({"status": "success", "data": data}).encode())
            return
        when = self.queries[-1].get("query", "").startswith("timestamp(")
        result = [
            {"metric": labels, **_told(points, ranged=ranged, when=when)}
            for labels, points in self.series
            if points
        ]
        data = {"resultType": "matrix" if ranged else "vector", "result": result}
        handler.send(json.dumps({"status": "success", "data": data}).encode())


def _told(points: Sequence[tuple[float, float]], *, ranged: bool, when: bool) -> dict[str, Any]:
    if ranged:
        return {"values": _points(points)}
    last = points[-1]
    return {"value": (last[0], str(last[0])) if when else _points([last])[0]}


def _points(points: Sequence[tuple[float, float]]) -> list[tuple[float, str]]:
    names = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}
    return [(when, names.get(str(value), str(value))) for when, value in points]
