"""Models behind HTTP: asked by MLflow's scoring protocol, as those who use them ask."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelqa.core.ports import Predictions
from modelqa.core.signature import Field
from modelqa.core.subject import Endpoint, ModelInfo
from modelqa.models import frames, outputs, scoring
from modelqa.models.found import Found
from modelqa.models.trust import Trust
from modelqa.wire import Wire, public

if TYPE_CHECKING:
    import pandas as pd

TOKEN = "MODELQA_MODEL_TOKEN"  # noqa: S105 (the name of a variable, not a secret)
"""The environment variable whose value is sent to endpoints as a bearer's token."""
MOST_ROWS = 1000
"""Rows in one request; more are sent in several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A model that answers requests; ``stop`` ends what was started for it."""

    info: ModelInfo
    inputs: tuple[Field, ...] | None
    endpoint: Endpoint
    wire: Wire
    stop: Callable[[], object] = bool

    def predict(self, frame: "pd.DataFrame") -> Predictions:
        """Score every row of a frame once, in requests of at most a thousand rows.

        Raises `SubjectError` where the frame does not fit, and `CallError` where the server gives no
        usable answer.
        """
        frames.check(frame, self.inputs)
        said = [answer for part in _parts(frame) for answer in self.call(part)]
        return outputs.interpret(scoring.output(said, self.wire.shown), len(frame))

    def call(self, frame: "pd.DataFrame") -> list[Any]:
        """Send one request, and read its answers. Raises `CallError` where there are none."""
        ready = frames.prepare(frame, self.inputs)
        body = scoring.request(ready, self.endpoint.format)
        got = self.wire.post(body, scoring.CONTENT_TYPE, seconds=self.endpoint.timeout)
        return scoring.answers(got.body, len(frame), self.wire.shown)

    def close(self) -> None:
        """Close the connections, and stop what was started."""
        self.wire.close()
        self.stop()


def find(source: Any, *, tracking_uri: str | None = None, trust: Trust = "registry") -> Found:
    """Resolve the address of a scoring server; ``load`` reaches it, and asks it nothing yet.

    ``source`` is an address or an `Endpoint`. No code is loaded, so ``trust`` has nothing to forbid,
    and ``tracking_uri`` is not needed. The environment variable ``MODELQA_MODEL_TOKEN`` is sent as a
    bearer's token.

    >>> find("http://me:secret@127.0.0.1:5001/invocations").info.uri
    'http://127.0.0.1:5001/invocations'
    """
    del tracking_uri, trust
    endpoint = source if isinstance(source, Endpoint) else Endpoint(str(source))
    info = ModelInfo(public(endpoint.url))
    return Found(info, load=lambda: reach(endpoint, info, token=os.environ.get(TOKEN, "")))


def reach(
    endpoint: Endpoint,
    info: ModelInfo,
    inputs: tuple[Field, ...] | None = None,
    *,
    token: str = "",
    stop: Callable[[], object] = bool,
) -> Served:
    """The model behind an endpoint. Raises `SubjectError` where nobody answers there."""
    wire = Wire(endpoint.url, token=token)
    return Served(info=info, inputs=inputs, endpoint=endpoint, wire=wire, stop=stop)


def _parts(frame: "pd.DataFrame") -> "Iterator[pd.DataFrame]":
    for start in range(0, len(frame), MOST_ROWS):
        yield frame.iloc[start : start + MOST_ROWS]
