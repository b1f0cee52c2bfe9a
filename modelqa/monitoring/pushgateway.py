"""A Pushgateway: one group for a suite and model, replaced by each run.

The grouping key is ``job="modelqa"``, suite and model, without an instance: it is the suite that is green or
red, not the machine it ran on (https://prometheus.io/docs/practices/pushing/). A gateway forgets nothing by
itself, so a suite that is retired has to be deleted.
"""

import base64
from collections.abc import Mapping
from urllib.parse import urlsplit

from modelqa.errors import ActionError
from modelqa.reports import exposition
from modelqa.reports.exposition import Successes
from modelqa.reports.metrics import LAST_SUCCESS
from modelqa.reports.terminal import visible
from modelqa.wire import Answer, Wire

TOKEN = "MODELQA_METRICS_TOKEN"  # noqa: S105 (a variable's name)
JOB = "modelqa"
SECONDS = 10.0
_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_GROUPS = "push_time_seconds"
"""The gateway's own metric: one series for each group."""


class Pushgateway:
    """A gateway that was reached; its address may end in a path.

    ``MODELQA_METRICS_TOKEN`` is sent as a bearer's token, if it is set.
    """

    def __init__(self, url: str, environ: Mapping[str, str]) -> None:
        self._wire = Wire(url, token=environ.get(TOKEN, ""))
        self._base = urlsplit(url).path.rstrip("/")
        self._pushed: set[str] = set()

    def successes(self, suite: str) -> Successes:
        del suite  # the gateway tells of all
        return exposition.successes(self._lines(LAST_SUCCESS))

    def put(self, suite: str, model: str, text: str) -> str:
        group = self._group(suite, model)
        if group in self._pushed:
            raise ActionError(f"{self._wire.shown}: two runs of a suite {suite!r} on the same model")
        self._done(self._wire.put(group, text.encode(), _TEXT, seconds=SECONDS))
        self._pushed.add(group)
        return f"{self._wire.shown} (job {JOB}, suite {suite}, model {model or 'none'})"

    def delete(self, suite: str) -> list[str]:
        groups = exposition.labels(self._lines(_GROUPS))
        models = [
            each.get("model", "") for each in groups if (each["job"], each.get("suite")) == (JOB, suite)
        ]
        for model in models:
            self._done(self._wire.delete(self._group(suite, model), seconds=SECONDS))
        return [f"{self._wire.shown} (job {JOB}, suite {suite}, model {each or 'none'})" for each in models]

    def close(self) -> None:
        self._wire.close()

    def _lines(self, metric: str) -> str:
        """The lines of one metric in our groups: of what others have pushed nothing is read."""
        got = self._wire.get(f"{self._base}/metrics", seconds=SECONDS)
        self._done(got)
        lines, ours = got.body.decode(errors="replace").split("\n"), f'job="{JOB}"'
        return "\n".join(line for line in lines if line.startswith(f"{metric}{{") and ours in line) + "\n"

    def _group(self, suite: str, model: str) -> str:
        return f"{self._base}/metrics/job/{JOB}/suite@base64/{_encoded(suite)}/model@base64/{_encoded(model)}"

    def _done(self, answer: Answer) -> None:
        if not 200 <= answer.status < 300:
            said = visible(answer.body[:300].decode(errors="replace").strip())
            raise ActionError(f"{self._wire.shown}: the Pushgateway answered {answer.status}: {said}")


def _encoded(value: str) -> str:
    """A label's value in a path, as the gateway's manual has it: nothing is one padding character.

    >>> _encoded("a/b"), _encoded("")
    ('YS9i', '=')
    """
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=") or "="
