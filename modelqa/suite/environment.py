"""``"${NAME}"`` and ``"${NAME:-default}"``: the environment, in the keys of the subject only."""

import re
from collections.abc import Mapping
from dataclasses import replace

from modelqa.suite.nodes import Node, Problems

SUBJECT = (
    "model",
    "champion",
    "batch",
    "reference",
    "labels",
    "positive",
    "predictions",
    "threshold",
    "weights",
    "group",
    "time",
    "key",
    "features",
    "trust",
    "champion_missing",
)
"""The keys that say what is judged, and may come from the environment."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}")


def expand(root: Node, environ: Mapping[str, str], problems: Problems) -> Node:
    """The suite with the environment's values in the subject's keys; elsewhere a variable is a mistake.

    Values from Python are taken as they are.
    """
    if not root.is_mapping:
        return root
    done = {
        key: node if node.place.path is None else _of_key(key, node, environ, problems)
        for key, node in root.items()
    }
    return replace(root, value=done)


def _of_key(key: str, node: Node, environ: Mapping[str, str], problems: Problems) -> Node:
    return _expand(node, environ, problems) if key in SUBJECT else _refuse(node, problems)


def _expand(node: Node, environ: Mapping[str, str], problems: Problems) -> Node:
    if node.is_list:
        return replace(node, value=tuple(_expand(item, environ, problems) for item in node.value))
    if node.is_mapping:
        return replace(node, value={key: _expand(item, environ, problems) for key, item in node.items()})
    if not isinstance(node.value, str) or "${" not in node.value:
        return node
    text = _VARIABLE.sub(lambda match: _value(match, node, environ, problems), node.value)
    if "${" in _VARIABLE.sub("", node.value):
        problems.spoil(node.place, 'expected "${NAME}" or "${NAME:-default}", found ' + node.shown())
    return replace(node, value=text, written=node.value, skip=None)


def _value(match: re.Match[str], node: Node, environ: Mapping[str, str], problems: Problems) -> str:
    """A variable's value; one that is empty counts as not set, as the shell's ``:-`` has it."""
    name, default = match[1], match[2]
    value = environ.get(name) or default
    if not value:
        problems.spoil(
            node.place, f'the environment variable {name} is not set: set it, or write "${{{name}:-default}}"'
        )
        return match[0]
    return value


def _refuse(node: Node, problems: Problems) -> Node:
    for item in node.value if node.is_list else (below for _, below in node.items()):
        _refuse(item, problems)
    if isinstance(node.value, str) and "${" in node.value:
        problems.spoil(
            node.place, f"the environment is read in the subject's keys only ({', '.join(SUBJECT[:5])} ...)"
        )
    return node
