"""Nodes into how a model is retrained: by what, how long it may take, how often at most."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from modelqa.core import units
from modelqa.core.units import Unit
from modelqa.suite import values
from modelqa.suite.nodes import Node, Problems

BY: Mapping[str, tuple[str, ...]] = {
    "command": ("run", "time_limit"),
    "project": ("uri", "entry_point", "env_manager", "time_limit"),
    "github": ("repository", "event"),
    "webhook": (),
}
"""By what a model is retrained, and the keys that only this has."""
REQUIRED = {"command": "run", "project": "uri"}
OWN = tuple(dict.fromkeys(key for keys in BY.values() for key in keys))
MOST = 1000
MANAGERS = ("local", "virtualenv", "uv", "conda")
_BUDGET = re.compile(r"\s*(\d{1,4})\s+per\s+(\S.{0,39})", re.DOTALL)


def _arguments(node: Node, problems: Problems) -> list[str]:
    """A command as the list of its arguments, which no shell reads."""
    if isinstance(node.value, str):
        told = "expected a list of arguments, such as [python, train.py]: no shell reads it"
        problems.add(node.place, f"{told}, found {node.shown()}")
        return []
    return list(values.texts(node, problems, "arguments"))


def _budget(node: Node, problems: Problems) -> dict[str, Any] | None:
    """How often in which time, such as ``4 per 30 d``."""
    found = _BUDGET.fullmatch(node.value) if isinstance(node.value, str) else None
    try:
        if found and 1 <= int(found[1]) <= MOST:
            return {"most": int(found[1]), "within": units.read(found[2], Unit.SECONDS)}
    except (ValueError, OverflowError):
        pass
    told = f"expected a number from 1 to {MOST:,} and a time, such as 4 per 30 d"
    problems.add(node.place, f"{told}, found {node.shown()}")
    return None


KEYS: Mapping[str, Callable[[Node, Problems], Any]] = {
    "run": _arguments,
    "time_limit": values.interval,
    "uri": values.text,
    "entry_point": values.text,
    "env_manager": values.choice(*MANAGERS),
    "event": values.name,
    "corrections": values.text,
    "cool_down": values.interval,
    "at_most": _budget,
}


def fit(node: Node, problems: Problems) -> None:
    """Note the keys that belong to another way to retrain, and the one that is missing."""
    by = node.value["retrain"].value
    if by not in BY:
        return
    for key in OWN:
        if node.get(key) is not None and key not in BY[by]:
            problems.add(node.keys[key], f"retrain: {by} has no key {key}: leave it out")
    needed = REQUIRED.get(by)
    if needed and node.get(needed) is None:
        problems.add(node.place, f"retrain: {by} needs the key {needed!r}")
