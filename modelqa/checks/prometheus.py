"""`prometheus`: what production says, asked of a Prometheus server and judged by the same bounds."""

import json
import math
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from modelqa.core.check import Complaint, Needs, check
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Context
from modelqa.core.result import Measurement
from modelqa.core.units import Unit
from modelqa.errors import CheckError

SERVER, TOKEN = "MODELQA_PROMETHEUS_URL", "MODELQA_PROMETHEUS_TOKEN"
MOST_SERIES = 50
MOST_POINTS = 11_000
"""What a Prometheus server gives of one series."""
FRESH = 120.0
"""Seconds after which a sample is called old: two scrapes of a minute."""
SECONDS = 30.0
POINTS = 240
Reduce = Literal["worst", "mean", "last", "p95"]
Named = Literal["s", "bytes", "ratio", "per_second"]
_UNITS = {"s": Unit.SECONDS, "bytes": Unit.BYTES, "ratio": Unit.SHARE, "per_second": Unit.PER_SECOND}
_DURATION = re.compile(
    r"(?=\d)(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?"
)
_LENGTHS = (365 * 86400, 7 * 86400, 86400, 3600, 60, 1, 0.001)


def duration(written: str) -> float:
    """The seconds of a duration as PromQL writes it. Raises ``ValueError`` for anything else, and for 0.

    >>> duration("1h30m"), duration("5m"), duration("500ms")
    (5400.0, 300.0, 0.5)
    """
    found = _DURATION.fullmatch(written)
    parts = found.groups(default="0") if found else ()
    seconds = sum(int(part) * length for part, length in zip(parts, _LENGTHS, strict=False))
    if not seconds or len(written) > 30:
        raise ValueError(f"expected a duration such as 1d, 1h30m or 15s, found {written!r}")
    return float(seconds)


def _unit(_: Any, *, unit: str | None = None, **__: Any) -> Unit:
    return Unit.NUMBER if unit is None else _UNITS[unit]


def _sound(query: str, **keys: Any) -> Iterator[Complaint]:
    if not query.strip():
        yield None, "expected a PromQL query, found an empty text"
    lengths = {}
    for key in ("over", "step"):
        try:
            lengths[key] = duration(keys[key]) if keys.get(key) is not None else None
        except ValueError as error:
            yield key, str(error)
    for key in ("step", "reduce"):
        if key in keys and keys.get("over") is None:
            yield key, f"{key} is about a range: say which by over, such as over: 1d"
    over, step = lengths.get("over"), lengths.get("step")
    if over and step and not 1 <= over / step <= MOST_POINTS:
        yield "step", f"expected 1 to {MOST_POINTS:,} steps in {keys['over']}, found {over / step:,.1f}"
    server = keys.get("server")
    if server is not None and (
        "@" in server or "?" in server or urlsplit(server).scheme not in ("http", "https")
    ):
        yield "server", f"expected http://host:port without user or query; a token is read from {TOKEN}"


@check(needs=Needs.NOTHING, unit=_unit, facts=True, verify=_sound)
def prometheus(
    ctx: Context,
    query: str,
    *,
    server: str | None = None,
    over: str | None = None,
    step: str | None = None,
    reduce: Reduce = "worst",
    unit: Named | None = None,
) -> Iterator[Measurement]:
    """What a Prometheus server answers to a query: a fact for each series, named by its labels.

    ``query`` is PromQL. ``server`` is the server's address; left out, the environment variable
    MODELQA_PROMETHEUS_URL says it, and MODELQA_PROMETHEUS_TOKEN is sent as a bearer's token if it is
    set. ``over`` asks for a range that ends now (``1d``), a point each ``step`` (a 240th of it, at least
    15s), which ``reduce`` brings to one value: ``worst`` judges the highest and the lowest point,
    ``mean``, ``last`` or ``p95`` that value. ``unit`` is what the query measures: ``s``, ``bytes``,
    ``ratio`` or ``per_second``; left out, a plain number. A query without data is an error, a NaN is
    undecided, and more than 50 series are an error: sum them up.

    Example::

        - prometheus: histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))
          over: 1d
          step: 5m
          unit: s
          max: 40 ms
    """
    del ctx, unit  # the unit is that of the bounds: `_unit`
    length = None if over is None else duration(over)
    every = max(15.0, length / POINTS) if length and step is None else duration(step or "15s")
    asked = _Asked(_address(server))
    try:
        found = asked.series(query) if length is None else asked.ranged(query, length, every)
    finally:
        asked.close()
    if not found:
        raise CheckError(f"{asked.wire.shown}: the query gives no data; check its names, labels and window")
    if len(found) > MOST_SERIES:
        raise CheckError(
            f"{asked.wire.shown}: the query gives {len(found):,} series, at most {MOST_SERIES} are judged: "
            "sum them up, such as max by (job) (...)"
        )
    for one in found:
        yield from _measured(one, "last" if length is None else reduce)


@dataclass(frozen=True, slots=True)
class _Series:
    """The points of one series, what is to be told of them, and its labels."""

    labels: Mapping[str, str]
    values: Sequence[float]
    _: KW_ONLY
    notes: tuple[str, ...] = ()


def _measured(one: _Series, reduce: Reduce) -> Iterator[Measurement]:
    values = [value for value in one.values if not math.isnan(value)]
    gaps = len(one.values) - len(values)
    notes = (*one.notes, f"{gaps:,} of {len(one.values):,} points are NaN") if gaps else one.notes
    named = _named(one.labels)
    for name, value in _reduced(values, reduce).items() if values else (("prometheus", math.nan),):
        n = len(values)
        estimate = Estimate.undefined(n=n) if math.isnan(value) else Estimate.fact(value, n=n)
        yield Measurement(name, estimate, column=named, note="; ".join(notes), counts="points")


def _reduced(values: Sequence[float], reduce: Reduce) -> dict[str, float]:
    match reduce:
        case "worst":
            return {"prometheus_highest": max(values), "prometheus_lowest": min(values)}
        case "mean":
            return {
                "prometheus_mean": math.fsum(values) / len(values)
                if all(map(math.isfinite, values))
                else sum(values)
            }
        case "p95":
            return {"prometheus_p95": sorted(values)[math.ceil(0.95 * len(values)) - 1]}
    return {"prometheus": values[-1]}


def _named(labels: Mapping[str, str]) -> str | None:
    told = ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items()) if key != "__name__")
    return f"{{{told}}}" if told else None


def _address(server: str | None) -> str:
    address = server or os.environ.get(SERVER, "")
    if not address:
        raise CheckError(f"no Prometheus server is named: write server: http://host:9090, or set {SERVER}")
    return address.rstrip("/")


class _Asked:
    """A server that answers PromQL."""

    def __init__(self, address: str) -> None:
        from modelqa.wire import Wire

        self.wire: Wire = Wire(address, token=os.environ.get(TOKEN, ""))
        self._base = urlsplit(address).path
        self.close = self.wire.close

    def series(self, query: str) -> list[_Series]:
        """One point of each series, as of now."""
        found = self._data("query", query=query)
        if found["resultType"] == "scalar":
            return [_Series({}, [float(found["result"][1])])]
        values = [(entry["metric"], self._number(entry)) for entry in found["result"]]
        ages = self._ages(query)
        return [_Series(labels, [value], notes=_old(ages.get(_named(labels)))) for labels, value in values]

    def ranged(self, query: str, over: float, step: float) -> list[_Series]:
        """All points of each series in the time before now."""
        now = self._now()
        found = self._data("query_range", query=query, start=now - over, end=now, step=step)
        ages = self._ages(query)
        return [self._one(entry, now, int(over / step) + 1, ages) for entry in found["result"]]

    def _one(self, entry: Mapping[str, Any], now: float, expected: int, ages: Mapping[Any, float]) -> _Series:
        points = entry.get("values", [])
        values = [self._number({"value": point}) for point in points]
        notes = _old(ages.get(_named(entry["metric"]), now - float(points[-1][0]) if points else None))
        if len(values) < expected:
            notes = (f"{len(values):,} of {expected:,} points", *notes)
        return _Series(entry["metric"], values, notes=notes)

    def _ages(self, query: str) -> dict[str | None, float]:
        """How old the samples are that a query selects; a query that computes makes new ones."""
        try:
            found, now = self._data("query", query=f"timestamp({query})"), self._now()
            return {_named(entry["metric"]): now - self._number(entry) for entry in found["result"]}
        except CheckError:
            return {}

    def _now(self) -> float:
        """The server's time: its clock made the samples."""
        found = self._data("query", query="time()")
        return float(found["result"][1]) if found.get("resultType") == "scalar" else time.time()

    def _number(self, entry: Mapping[str, Any]) -> float:
        try:
            return float(entry["value"][1])
        except (KeyError, ValueError):
            shown = self.wire.shown
            raise CheckError(f"{shown}: expected numbers; of histograms ask histogram_quantile()") from None

    def _data(self, kind: str, **keys: Any) -> Mapping[str, Any]:
        got = self.wire.get(f"{self._base}/api/v1/{kind}?{urlencode(keys)}", seconds=SECONDS)
        try:
            read = json.loads(got.body)
            if read["status"] == "success" and isinstance(read["data"]["result"], list):
                data: Mapping[str, Any] = read["data"]
                return data
            told = f"{read['errorType']}: {str(read['error'])[:300]}"
        except (ValueError, KeyError, TypeError):
            told = f"status {got.status}, and no answer of a Prometheus server"
        raise CheckError(f"{self.wire.shown}: the query is not answered ({told})")


def _old(age: float | None) -> tuple[str, ...]:
    return (f"the last sample is {age / 60:,.0f} min old",) if age is not None and age > FRESH else ()
