"""THE table: every built-in part as kind -> name -> "module:object", and how to find others.

Nothing is imported here but names. A package adds parts by entry points of the same kinds
(``modelqa.checks``, ``modelqa.models``, ``modelqa.reports``); a suite names a check of its own
repository as ``module:function``.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal

from modelqa.core.beside import load

__all__ = ["BUILT_IN", "Kind", "find", "load", "names"]

Kind = Literal["checks", "models", "reports"]

BUILT_IN: Mapping[Kind, Mapping[str, str]] = {
    "checks": {
        "metric": "modelqa.checks.metric:metric",
        "latency": "modelqa.checks.latency:latency",
        "resources": "modelqa.checks.resources:resources",
        "errors": "modelqa.checks.errors:errors",
        "churn": "modelqa.checks.churn:churn",
        "estimated": "modelqa.checks.estimated:estimated",
        "fairness": "modelqa.checks.fairness:fairness",
        "serving": "modelqa.checks.serving:serving",
        "prometheus": "modelqa.checks.prometheus:prometheus",
        "cases": "modelqa.checks.cases:cases",
        "feedback": "modelqa.checks.feedback:feedback",
        "ab": "modelqa.checks.ab:ab",
        "training": "modelqa.checks.training:training",
        "schema": "modelqa.checks.schema:schema",
        "staleness": "modelqa.checks.staleness:staleness",
        "drift": "modelqa.checks.drift:drift",
        "expect": "modelqa.checks.expectations:expect",
        "evidently": "modelqa.checks.evidently:evidently",
    },
    "models": {
        "models": "modelqa.models.mlflow:find",
        "runs": "modelqa.models.mlflow:find",
        "directory": "modelqa.models.mlflow:find_directory",
        "function": "modelqa.models.callable:find",
        "http": "modelqa.models.http:find",
        "https": "modelqa.models.http:find",
    },
    "reports": {
        "terminal": "modelqa.reports.terminal:render",
    },
}


@cache
def names(kind: Kind) -> Mapping[str, str]:
    """All parts of a kind, built in and installed: name -> "module:object". Built-ins win.

    >>> names("checks")["metric"]
    'modelqa.checks.metric:metric'
    """
    installed = {entry.name: entry.value for entry in entry_points(group=f"modelqa.{kind}")}
    return {**installed, **BUILT_IN[kind]}


def find(kind: Kind, name: str) -> Any:
    """The part of that name. Raises ``KeyError`` where there is none."""
    return load(names(kind)[name])
