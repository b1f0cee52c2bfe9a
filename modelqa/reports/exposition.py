"""Metrics as the text that Prometheus reads, by its own client, and the one number that is read back."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from modelqa.core import extras
from modelqa.errors import MissingExtra
from modelqa.reports.metrics import LAST_SUCCESS, METRICS, RUN
from modelqa.reports.prometheus import Sample

Collect = Callable[[], Iterable[Sample]]
Successes = dict[tuple[str, ...], float]
"""When runs were last green, by suite, model and alias."""


def client() -> Any:
    """Prometheus' client for Python. Raises `MissingExtra` where it is not installed."""
    try:
        return extras.load("prometheus_client")
    except MissingExtra as error:
        raise MissingExtra(
            f"metrics need Prometheus' client: pip install 'modelqa[prometheus]' ({error})"
        ) from error


def registry(collect: Collect) -> Any:
    """A registry of its own that asks for samples whenever it is read."""
    made = client().CollectorRegistry()
    made.register(_Collector(collect))
    return made


def text(samples: Iterable[Sample]) -> str:
    """Samples in the text format, those of one metric together."""
    found = tuple(samples)
    return str(client().generate_latest(registry(lambda: found)).decode())


def successes(written: str) -> Successes:
    """When runs were last green, from text that was written before; nothing where it cannot be read."""
    return {
        tuple(sample.labels.get(name, "") for name in RUN): sample.value
        for sample in _read(written)
        if sample.name == LAST_SUCCESS
    }


def labels(written: str) -> list[dict[str, str]]:
    """The labels of every sample in a text; none where it cannot be read."""
    return [dict(sample.labels) for sample in _read(written)]


def _read(written: str) -> list[Any]:
    client()
    parser = extras.load("prometheus_client.parser")
    try:
        families = list(parser.text_string_to_metric_families(written))
    except (ValueError, KeyError, IndexError):  # it is somebody else's
        return []
    return [sample for family in families for sample in family.samples]


class _Collector:
    """What a registry asks: our samples, as the client's families."""

    def __init__(self, collect: Collect) -> None:
        self._collect = collect

    def collect(self) -> Iterator[Any]:
        family = extras.load("prometheus_client.metrics_core").Metric
        found: dict[str, list[Sample]] = {}
        for sample in self._collect():
            found.setdefault(sample.metric, []).append(sample)
        for metric in METRICS:
            if metric.name in found:
                made = family(metric.name, metric.help, metric.kind)
                for sample in found[metric.name]:
                    made.add_sample(f"{metric.name}{sample.suffix}", dict(sample.labels), sample.value)
                yield made
