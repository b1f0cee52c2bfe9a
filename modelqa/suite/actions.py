"""Nodes into what follows a run: tickets and promotions, with their keys."""

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from modelqa.core.units import Unit
from modelqa.suite import values
from modelqa.suite.bounds import quantity
from modelqa.suite.nodes import Node, Problems
from modelqa.suite.spec import ActionSpec, When

Reader = Callable[[Node, Problems], Any]

_ON = values.choice("failed", "passed", "warned", "inconclusive", "errored")
_ACTIONS: Mapping[str, Reader] = {
    "ticket": values.choice("github", "local", "webhook"),
    "promote": values.name,
}

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
MOST_BATCHES = 1000


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


def _interval(node: Node, problems: Problems) -> float | None:
    found = quantity(node, problems)
    if found is None:
        return None
    if found.unit is not Unit.SECONDS or found.value <= 0:
        problems.add(node.place, f"expected a time such as 12 h or 1 d, found {node.shown()}")
        return None
    return found.value


_KEYS: Mapping[str, Mapping[str, Reader]] = {
    "ticket": {
        "repository": _repository,
        "labels": lambda node, problems: list(values.texts(node, problems, "labels")),
        "owner": values.text,
        "close_after": _batches,
        "repeat_interval": _interval,
        "group": values.choice("model", "check"),
    },
    "promote": {
        "allow_inconclusive": lambda node, problems: list(values.texts(node, problems, "ids of checks")),
        "first": values.flag,
    },
}


def actions(node: Node, problems: Problems) -> tuple[ActionSpec, ...]:
    """A suite's actions."""
    return values.each(node, _action, problems, "actions")


def _action(node: Node, problems: Problems) -> ActionSpec | None:
    kinds = [key for key in node.value if key in _ACTIONS] if node.is_mapping else []
    if len(kinds) != 1:
        told = f"one key must be {' or '.join(_ACTIONS)}, such as {{ticket: github, on: failed}}"
        problems.add(node.place, f"expected one action, found {len(kinds) or 'none'}: {told}")
        return None
    kind, on = kinds[0], node.get("on")
    value = _ACTIONS[kind](node.value[kind], problems)
    if on is None:
        problems.add(node.place, f"{kind} needs the key 'on': say after which outcome, such as on: failed")
        return None
    when = values.each(on, _ON, problems, "outcomes") if on.is_list else (_ON(on, problems),)
    if on.is_list and not on.value:
        problems.add(on.place, "expected at least one outcome, such as on: failed")
    if kind == "ticket" and set(when) == {"passed"}:
        problems.add(
            on.place, "a ticket follows what is not green, such as on: failed; passed closes it anyway"
        )
    if kind == "promote" and not set(when) <= {"passed", "warned", None}:
        problems.add(on.place, f"promote follows passed or warned only, found {on.shown()}")
    params = _params(kind, node, problems)
    return ActionSpec(kind, value, on=cast("tuple[When, ...]", when), params=params, place=node.place)


def _params(kind: str, node: Node, problems: Problems) -> dict[str, Any]:
    """The other keys of an action."""
    keys = _KEYS[kind]
    values.known(node, (kind, "on", *keys), problems, f"a {kind} action")
    written = {key: item for key in keys if (item := node.get(key)) is not None}
    return {key: keys[key](item, problems) for key, item in written.items()}
