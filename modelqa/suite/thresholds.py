"""MLflow's `MetricThreshold` as checks: its keys and its names of metrics, for suites written in Python.

MLflow's ``threshold`` is a bound whose direction is the metric's; ``min_absolute_change`` and
``min_relative_change`` are bounds of the difference to the champion, MLflow's baseline.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from modelqa.suite.nodes import Node, Problems, of

CHANGES = ("min_absolute_change", "min_relative_change")
KEYS = ("threshold", *CHANGES, "greater_is_better")
NAMES = {
    "accuracy_score": "accuracy",
    "f1_score": "f1",
    "precision_score": "precision",
    "recall_score": "recall",
    "r2_score": "r2",
}
"""MLflow's metrics by scikit-learn's names of scorers; the others have the same name."""
_BOUNDS = ("min", "max", "warn_min", "warn_max", "versus")


def expand(suite: Node, problems: Problems) -> Node:
    """The suite with a check of ours for each limit of MLflow's; what contradicts itself is noted."""
    checks = suite.get("checks")
    if checks is None or not checks.is_list:
        return suite
    written = tuple(each for check in checks.value for each in _checks(check, problems))
    return replace(suite, value={**suite.value, "checks": replace(checks, value=written)})


def _checks(check: Node, problems: Problems) -> Iterator[Node]:
    given = _opened(check, problems)
    if "metric" not in given or not {*CHANGES, "greater_is_better"} & {*given}:
        yield check
        return
    before = len(problems.found)
    limits = _Limits.read(given, check, problems)
    kept = {key: node for key, node in given.items() if key not in KEYS}
    if isinstance(kept["metric"].value, str):
        kept["metric"] = replace(kept["metric"], value=limits.scorer)
    if len(problems.found) > before:
        return
    for number, bound in enumerate(limits.bounds()):
        more = {key: of(value, problems, f"{check.place.trail}.{key}") for key, value in bound.items()}
        name = kept.get("name")
        if name is not None and number:
            more["name"] = replace(name, value=f"{name.value}-{'absolute' if number == 1 else 'relative'}")
        nodes = kept | more
        yield Node(nodes, check.place, keys={key: node.place for key, node in nodes.items()})


def _opened(check: Node, problems: Problems) -> dict[str, Node]:
    """The keys of a check; a `MetricThreshold` behind ``threshold`` as the keys that it stands for."""
    given = dict(check.items())
    node = given.get("threshold")
    if node is None or type(node.value).__name__ != "MetricThreshold":
        return given
    values = {key: getattr(node.value, key, None) for key in KEYS}
    inside = {key: of(each, problems, node.place.trail) for key, each in values.items() if each is not None}
    return {key: each for key, each in given.items() if key != "threshold"} | inside


@dataclass(frozen=True, slots=True)
class _Limits:
    """MLflow's limits of a metric under our name of it."""

    scorer: str
    greater: bool
    threshold: Any
    absolute: Any
    relative: Any

    @classmethod
    def read(cls, given: dict[str, Node], check: Node, problems: Problems) -> "_Limits":
        for key in _BOUNDS:
            if key in given:
                problems.add(
                    given[key].place, f"{key!r} beside the keys of MLflow's MetricThreshold: write one"
                )
        if not {"threshold", *CHANGES} & {*given}:
            problems.add(
                check.place, "no threshold: write threshold, min_absolute_change or min_relative_change"
            )
        for key in ("threshold", *CHANGES):
            _number(given.get(key), problems, low=key != "threshold", high=key == "min_relative_change")
        scorer = NAMES.get(given["metric"].value, given["metric"].value)
        greater = _direction(scorer, given, problems)
        values = (given[key].value if key in given else None for key in ("threshold", *CHANGES))
        return cls(scorer, greater, *values)

    def bounds(self) -> Iterator[dict[str, Any]]:
        """The bounds of one check each: of the value, of the difference, of the relative difference."""
        limit, sign = ("min", 1) if self.greater else ("max", -1)
        if self.threshold is not None:
            yield {limit: self.threshold}
        if self.absolute is not None:
            yield {"versus": "champion", limit: sign * self.absolute}
        if self.relative is not None:
            told = {"name": f"{self.scorer}-versus-champion-relative"} if self.absolute is not None else {}
            yield {"versus": "champion", limit: f"{sign * 100 * self.relative:.12g}%", **told}


def _number(node: Node | None, problems: Problems, *, low: bool, high: bool) -> None:
    """Note a limit that is no number, or a change that is none."""
    if node is None:
        return
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        problems.add(node.place, f"expected a number, found {node.shown()}")
    elif (low and value <= 0) or (high and value >= 1):
        problems.add(
            node.place, f"expected a number above 0{' and below 1' if high else ''}, found {node.shown()}"
        )


def _direction(scorer: str, given: dict[str, Node], problems: Problems) -> bool:
    """Whether more is better: what the score itself says, and nothing else may be said of it."""
    from modelqa.stats.scores import SCORERS

    node, known = given.get("greater_is_better"), SCORERS.get(scorer)
    if node is not None and not isinstance(node.value, bool):
        problems.add(node.place, f"expected true or false, found {node.shown()}")
    elif node is not None and known is not None and node.value is not known.greater_is_better:
        better = "more" if known.greater_is_better else "less"
        problems.add(node.place, f"of {scorer} {better} is better, found greater_is_better {node.shown()}")
    elif node is None and known is None:
        problems.add(given["metric"].place, f"greater_is_better is missing: nothing is known of {scorer}")
    return known.greater_is_better if known is not None else bool(node and node.value)
