"""Nodes into what follows a run: tickets, promotions and retraining, with their keys."""

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from modelqa.suite import retrain, values
from modelqa.suite.nodes import Node, Problems
from modelqa.suite.spec import ActionSpec, When

Reader = Callable[[Node, Problems], Any]

_ON = values.choice("failed", "passed", "warned", "inconclusive", "errored")
_ACTIONS: Mapping[str, Reader] = {
    "ticket": values.choice("github", "local", "webhook"),
    "promote": values.name,
    "retrain": values.choice(*retrain.BY),
}

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
MOST_BATCHES = 1000
SEVERITIES = ("low", "medium", "high", "critical")


def _repository(node: Node, problems: Problems) -> str | None:
    if isinstance(node.value, str) and _REPOSITORY.fullmatch(node.value):
        return node.value
    problems.add(node.place, f"expected a repository such as shop/churn, found {node.shown()}")
    return None


def _batches(node: Node, problems: Problems) -> int | None:
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_BATCHES:
        return value
    problems.add(node.place, f"expected a number of batches from 1 to {MOST_BATCHES:,}, found {node.shown()}")
    return None


_KEYS: Mapping[str, Mapping[str, Reader]] = {
    "ticket": {
        "repository": _repository,
        "labels": lambda node, problems: list(values.texts(node, problems, "labels")),
        "owner": values.text,
        "severity": values.choice(*SEVERITIES),
        "close_after": _batches,
        "repeat_interval": values.interval,
        "group": values.choice("model", "check"),
    },
    "promote": {
        "allow_inconclusive": lambda node, problems: list(values.texts(node, problems, "ids of checks")),
        "first": values.flag,
    },
    "retrain": {"repository": _repository, **retrain.KEYS},
}


def actions(node: Node, problems: Problems) -> tuple[ActionSpec, ...]:
    """A suite's actions."""
    found = values.each(node, _action, problems, "actions")
    for another in [each for each in found if each.kind == "retrain"][1:]:
        problems.add(another.place, "a second retrain: cool-down and budget are the model's, so write one")
    return found


def _action(node: Node, problems: Problems) -> ActionSpec | None:
    kinds = [key for key in node.value if key in _ACTIONS] if node.is_mapping else []
    if len(kinds) != 1:
        told = f"one key must be {' or '.join(_ACTIONS)}, such as {{ticket: github, on: failed}}"
        problems.add(node.place, f"expected one action, found {len(kinds) or 'none'}: {told}")
        return None
    kind = kinds[0]
    value = _ACTIONS[kind](node.value[kind], problems)
    when = _when(kind, node, problems)
    params = _params(kind, node, problems) if when is not None else {}
    if kind == "retrain":
        retrain.fit(node, problems)
    return None if when is None else ActionSpec(kind, value, on=when, params=params, place=node.place)


def _when(kind: str, node: Node, problems: Problems) -> tuple[When, ...] | None:
    """After which outcomes; None where it is not said and cannot be guessed."""
    on = node.get("on")
    if on is None:
        if kind == "retrain":
            return ("failed",)
        problems.add(node.place, f"{kind} needs the key 'on': say after which outcome, such as on: failed")
        return None
    when = values.each(on, _ON, problems, "outcomes") if on.is_list else (_ON(on, problems),)
    if on.is_list and not on.value:
        problems.add(on.place, "expected at least one outcome, such as on: failed")
    if kind == "ticket" and set(when) == {"passed"}:
        problems.add(
            on.place, "a ticket follows what is not green, such as on: failed; passed closes it anyway"
        )
    follows = {"promote": ("passed", "warned"), "retrain": ("failed",)}.get(kind)
    if follows and not set(when) <= {*follows, None}:
        problems.add(on.place, f"{kind} follows {' or '.join(follows)} only, found {on.shown()}")
    return cast("tuple[When, ...]", when)


def _params(kind: str, node: Node, problems: Problems) -> dict[str, Any]:
    """The other keys of an action."""
    keys = _KEYS[kind]
    values.known(node, (kind, "on", *keys), problems, f"a {kind} action")
    written = {key: item for key in keys if (item := node.get(key)) is not None}
    return {key: keys[key](item, problems) for key, item in written.items()}
