"""What follows a run, as JSON Schema: the keys of tickets, promotions and retraining."""

from collections.abc import Mapping

from modelqa.core import units
from modelqa.core.units import Unit
from modelqa.suite.actions import MOST_BATCHES, SEVERITIES
from modelqa.suite.retrain import BY, MANAGERS, OWN, REQUIRED
from modelqa.suite.shapes import NAME, TEXT, Fragment, quantity, texts

OUTCOMES = ("failed", "passed", "warned", "inconclusive", "errored")
_ON: Fragment = {
    "description": "After which outcomes of a run.",
    "anyOf": [{"enum": [*OUTCOMES]}, {"type": "array", "items": {"enum": [*OUTCOMES]}, "minItems": 1}],
}


def _only(*outcomes: str) -> Fragment:
    each: Fragment = {"enum": [*outcomes]}
    return {"anyOf": [each, {"type": "array", "items": each}]}


_TICKET: Mapping[str, Fragment] = {
    "repository": {
        "type": "string",
        "pattern": "^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$",
        "description": "Where the ticket is opened (default: GITHUB_REPOSITORY).",
    },
    "labels": texts("Labels of a new ticket, beside modelqa."),
    "owner": {**TEXT, "description": "Who looks after it."},
    "severity": {"enum": [*SEVERITIES], "description": "How bad it is for those who use the model."},
    "close_after": {
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_BATCHES,
        "default": 3,
        "description": "Clean batches in a row that close it.",
    },
    "repeat_interval": {
        **TEXT,
        "default": "1 d",
        "description": "At most one comment in this time, such as 12 h.",
    },
    "group": {
        "enum": ["model", "check"],
        "default": "model",
        "description": "One ticket for all checks of a model, or one for each check.",
    },
}
_TIME = quantity(units.suffixes(Unit.SECONDS))
_RETRAIN: Mapping[str, Fragment] = {
    "repository": _TICKET["repository"],
    "run": texts("The command, argument by argument: no shell reads it."),
    "time_limit": {**_TIME, "default": "6 h", "description": "How long it may take."},
    "uri": {**TEXT, "description": "The folder of an MLflow project, or its Git address."},
    "entry_point": {**TEXT, "default": "main", "description": "The project's entry point."},
    "env_manager": {"enum": [*MANAGERS], "default": "local", "description": "What makes its environment."},
    "event": {**NAME, "default": "modelqa-retrain", "description": "The type of the repository_dispatch."},
    "corrections": {**TEXT, "description": "A table of corrected labels, named in the request."},
    "cool_down": {
        **_TIME,
        "default": "7 d",
        "description": "At most one retraining of a model in it.",
    },
    "at_most": {
        "type": "string",
        "pattern": "^\\s*\\d{1,4}\\s+per\\s" + _TIME["pattern"].removeprefix("^"),
        "default": "4 per 30 d",
        "description": "How many retrainings of a model in which time.",
    },
}
_PROMOTE: Mapping[str, Fragment] = {
    "allow_inconclusive": texts("Undecided checks that a promotion accepts."),
    "first": {"type": "boolean", "description": "There is no version with the alias yet."},
}
_OWN = {"ticket": _TICKET, "promote": _PROMOTE, "retrain": _RETRAIN}
_KINDS: Mapping[str, Fragment] = {
    "ticket": {"enum": ["github", "local", "webhook"], "description": "Open a ticket there."},
    "promote": {**NAME, "description": "Give the model this alias."},
    "retrain": {"enum": [*BY], "description": "Have the model trained anew by this."},
}
_FOLLOWS: Mapping[str, Fragment] = {
    "ticket": {"not": {"properties": {"on": {"const": "passed"}}}},
    "promote": {"properties": {"on": _only("passed", "warned")}},
    "retrain": {"properties": {"on": _only("failed")}},
}


def _kind(kind: str) -> Fragment:
    """What an action of a kind may not have, must have, and may follow."""
    foreign = {key for other in _OWN.values() for key in other} - set(_OWN[kind])
    needs = [] if kind == "retrain" else [{"required": ["on"]}]
    more = [_by(by) for by in BY] if kind == "retrain" else []
    parts = [{"properties": dict.fromkeys(sorted(foreign), False)}, _FOLLOWS[kind], *needs, *more]
    return {"if": {"required": [kind]}, "then": {"allOf": parts}}


def _by(by: str) -> Fragment:
    """What only one way to retrain has."""
    foreign = dict.fromkeys((key for key in OWN if key not in BY[by]), False)
    needs = {"required": [REQUIRED[by]]} if by in REQUIRED else {}
    return {"if": {"properties": {"retrain": {"const": by}}}, "then": {"properties": foreign, **needs}}


ACTION: Fragment = {
    "type": "object",
    "properties": {**_KINDS, **{key: made for own in _OWN.values() for key, made in own.items()}, "on": _ON},
    "oneOf": [{"required": [kind]} for kind in _KINDS],
    "allOf": [_kind(kind) for kind in _KINDS],
    "additionalProperties": False,
}
