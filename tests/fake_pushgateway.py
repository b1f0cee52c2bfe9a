"""A Pushgateway on the loopback, as its manual describes it: groups that are replaced and deleted whole."""

import base64
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

from loopback import Handler, Loopback
from prometheus_client.parser import text_string_to_metric_families

Labels = dict[str, str]


class FakePushgateway(Loopback):
    """Groups by their labels, with the text that was pushed; ``answers`` come before anything is done."""

    def __init__(self) -> None:
        self.groups: dict[tuple[tuple[str, str], ...], str] = {}
        self.answers: list[tuple[int, bytes]] = []
        self.tokens: list[str | None] = []
        self.prefix = ""

    def handler(self) -> type[BaseHTTPRequestHandler]:
        return _handler(self)

    def put(self, path: str, body: str) -> int:
        """Replace a group."""
        if not path.startswith(f"{self.prefix}/metrics/"):
            return 404
        list(text_string_to_metric_families(body))  # a text that is none is an error
        self.groups[_labels(path.removeprefix(self.prefix))] = body
        return 200

    def delete(self, path: str) -> int:
        """Forget a group, whether it was there or not."""
        self.groups.pop(_labels(path.removeprefix(self.prefix)), None)
        return 202

    def page(self) -> str:
        """What Prometheus scrapes: everything, with the labels of its group."""
        return "".join(line for group, body in self.groups.items() for line in _lines(dict(group), body))


def _labels(path: str) -> tuple[tuple[str, str], ...]:
    parts = path.removeprefix("/metrics/").split("/")
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return tuple((name.removesuffix("@base64"), _value(name, value)) for name, value in pairs)


def _value(name: str, value: str) -> str:
    if not name.endswith("@base64"):
        return value
    return base64.urlsafe_b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4)).decode()


def _lines(group: Labels, body: str) -> Iterator[str]:
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            yield f"{sample.name}{_shown({**sample.labels, **group})} {sample.value}\n"
    yield f"push_time_seconds{_shown(group)} 1.5e+09\n"


def _shown(labels: Labels) -> str:
    escaped = {
        name: value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
        for name, value in {"instance": "", **labels}.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"


def _handler(fake: FakePushgateway) -> type[BaseHTTPRequestHandler]:
    class Answers(Handler):
        def do_GET(self) -> None:
            self._answer(200, fake.page().encode())

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer(*(fake.answers.pop(0) if fake.answers else (fake.put(self.path, body), b"")))

        def do_DELETE(self) -> None:
            self._answer(fake.delete(self.path), b"")

        def _answer(self, status: int, body: bytes) -> None:
            fake.tokens.append(self.headers.get("authorization"))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Answers
