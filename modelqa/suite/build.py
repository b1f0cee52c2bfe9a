"""Nodes into the fields of a Suite, every mistake noted with its place."""

import json
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from modelqa.core.subject import Endpoint
from modelqa.suite import values
from modelqa.suite.actions import actions
from modelqa.suite.bounds import share
from modelqa.suite.checks import Around, read_check
from modelqa.suite.nodes import Node, Problems, name_of
from modelqa.suite.slices import names, slices
from modelqa.suite.spec import CheckSpec, Labels

Reader = Callable[[Node, Problems], Any]


def build(root: Node, problems: Problems) -> dict[str, Any]:
    """The fields of a suite but its path. Raises ``SuiteError`` with all problems."""
    if not root.is_mapping:
        problems.stop(
            root.place, f"expected a suite as a mapping (suite: ..., checks: ...), found {root.shown()}"
        )
    values.known(root, tuple(READERS), problems, "a suite")
    for key in ("suite", "checks"):
        if root.get(key) is None:
            problems.add(root.place, f"the key {key!r} is missing: {_MISSING[key]}")
    fields = {
        key: DEFAULTS.get(key) if (node := root.get(key)) is None else read(node, problems)
        for key, read in READERS.items()
    }
    around = Around(names(root.get("slices")), root.get("champion") is not None)
    checks = root.get("checks")
    fields["checks"] = _checks(checks, around, problems) if checks is not None else ()
    _serve(root, fields, problems)
    problems.check()
    return {**fields, "source": root, "digest": digest(root)}


_HTTP = ("http://", "https://")
_MISSING = {
    "suite": "name the suite, such as suite: churn",
    "checks": "a suite without checks judges nothing",
}
DEFAULTS: Mapping[str, Any] = {
    "key": (),
    "features": (),
    "engine": "auto",
    "trust": "registry",
    "serve": False,
    "champion_missing": "error",
    "slices": (),
    "false_alarms": 0.01,
    "false_alarms_per_year": 0.02,
    "confidence": 0.95,
    "inconclusive": "warn",
    "actions": (),
}


def digest(root: Node) -> str:
    """The SHA-256 of what a suite says: comments, layout, the order of keys and secrets do not count."""
    canonical = json.dumps(_public(root.plain()), sort_keys=True, separators=(",", ":"), default=_named)
    return "sha256:" + sha256(canonical.encode()).hexdigest()


_USER = re.compile(r"(?<=://)[^/\s@]*:[^/\s]*@")


def _public(part: Any) -> Any:
    """Plain data without the users and passwords of URLs, nor the options of those that a key names."""
    if isinstance(part, dict):
        shown = {key: _public(value) for key, value in part.items()}
        return {**shown, "url": str(shown["url"]).partition("?")[0]} if "url" in part else shown
    if isinstance(part, list):
        return [_public(value) for value in part]
    return _USER.sub("", part) if isinstance(part, str) else part


def _named(part: object) -> str:
    """An object from Python: paths and functions by name, data by type and shape."""
    if hasattr(part, "__fspath__"):
        return str(part)
    # A relation of DuckDB's would be computed, to tell its shape.
    shape = "" if hasattr(part, "sql_query") else getattr(part, "shape", "")
    return name_of(part) if hasattr(part, "__qualname__") else f"{name_of(type(part))}{shape}"


def _false_alarms(node: Node, problems: Problems) -> float | None:
    return share(node, problems, low=0, high=0.5, closed="high")


def _confidence(node: Node, problems: Problems) -> float | None:
    return share(node, problems, low=0.5, high=1, closed="low")


def _threshold(node: Node, problems: Problems) -> float | None:
    return share(node, problems, low=0, high=1, closed="none")


def _model(node: Node, problems: Problems) -> Any:
    if node.is_object and not callable(node.value) and not hasattr(node.value, "predict"):
        problems.add(node.place, f"expected a model's URI or something to call, found {node.shown()}")
        return None
    if node.is_mapping:
        return _endpoint(node, problems)
    written = values.source("a model's URI, an endpoint or module:function")(node, problems)
    return Endpoint(written) if isinstance(written, str) and written.startswith(_HTTP) else written


def _serve(root: Node, fields: Mapping[str, Any], problems: Problems) -> None:
    """Note a model that is served already, which we cannot serve."""
    for key in ("model", "champion"):
        node = root.get(key)
        if fields["serve"] and isinstance(fields[key], Endpoint) and node is not None:
            problems.add(
                node.place, f"{key} is an endpoint already: leave out serve, or name a model of MLflow"
            )


def _endpoint(node: Node, problems: Problems) -> Endpoint | None:
    """How an endpoint is asked, where its address alone does not say it."""
    values.known(node, ("url", "format", "timeout"), problems, "an endpoint")
    url, form, timeout = (node.get(key) for key in ("url", "format", "timeout"))
    if url is None:
        problems.add(node.place, "an endpoint needs the key 'url': {url: http://host:port/invocations}")
    address = values.text(url, problems, "an address") if url else None
    if url is not None and address and not address.startswith(_HTTP):
        problems.add(url.place, "expected an address that begins with http:// or https://")
    told: dict[str, Any] = {
        "format": values.choice("dataframe_split", "inputs", "instances")(form, problems) if form else None,
        "timeout": values.seconds(timeout, problems) if timeout else None,
    }
    return Endpoint(address, **{key: value for key, value in told.items() if value}) if address else None


def _labels(node: Node, problems: Problems) -> Any:
    """A column, a file to join, or values from Python."""
    keys = ("path", "on", "column")
    if node.is_list and node.place.path is None and node.value:
        return node.plain()
    if not node.is_mapping:
        return values.source("a column, or {path: ..., on: ..., column: ...}")(node, problems)
    values.known(node, keys, problems, "labels")
    for key in keys:
        if node.get(key) is None:
            problems.add(node.place, f"labels need the key {key!r}: {{path: ..., on: ..., column: ...}}")
    readers: Mapping[str, Reader] = {
        "path": values.rows,
        "on": values.column,
        "column": values.column,
    }
    path, on, column = (
        read(found, problems) if (found := node.get(key)) else None for key, read in readers.items()
    )
    return None if on is None or column is None else Labels(path, on=on, column=column)


def _checks(node: Node, around: Around, problems: Problems) -> tuple[CheckSpec, ...]:
    if node.is_list and not node.value:
        problems.add(node.place, "no checks: a suite without checks judges nothing")
    checks = values.each(node, lambda item, found: read_check(item, around, found), problems, "checks")
    first: dict[str, CheckSpec] = {}
    for check in checks:
        other = first.setdefault(check.id, check)
        if other is not check:
            where = f"line {other.place.line}" if other.place.path else other.place.trail
            problems.add(
                check.place_of("name"),
                f"a second check has the id {check.id!r} (first on {where}): give it a name:",
            )
    return checks


READERS: Mapping[str, Reader] = {
    "suite": values.name,
    "model": _model,
    "champion": _model,
    "batch": values.rows,
    "reference": values.rows,
    "labels": _labels,
    "positive": values.scalar,
    "predictions": values.one_or_more,
    "threshold": _threshold,
    "weights": values.column,
    "group": values.column,
    "time": values.column,
    "key": values.columns,
    "features": values.columns,
    "engine": values.choice("auto", "memory", "duckdb"),
    "trust": values.trust,
    "serve": values.truth,
    "champion_missing": values.choice("error", "skip"),
    "slices": slices,
    "false_alarms": _false_alarms,
    "false_alarms_per_year": _false_alarms,
    "confidence": _confidence,
    "inconclusive": values.choice("warn", "fail"),
    "checks": lambda *_: (),  # read last: a check must know of the rest
    "actions": actions,
}
