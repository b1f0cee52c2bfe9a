"""What follows a run, as JSON Schema: the keys of tickets and promotions."""

from collections.abc import Mapping

from modelqa.suite.actions import MOST_BATCHES
from modelqa.suite.shapes import NAME, TEXT, Fragment, texts

OUTCOMES = ("failed", "passed", "warned", "inconclusive", "errored")
_ON: Fragment = {
    "description": "After which outcomes of a run.",
    "anyOf": [{"enum": [*OUTCOMES]}, {"type": "array", "items": {"enum": [*OUTCOMES]}, "minItems": 1}],
}
_GREEN: Fragment = {"enum": ["passed", "warned"]}
_TICKET: Mapping[str, Fragment] = {
    "repository": {
        "type": "string",
        "pattern": "^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$",
        "description": "Where the ticket is opened (default: GITHUB_REPOSITORY).",
    },
    "labels": texts("Labels of a new ticket, beside modelqa."),
    "owner": {**TEXT, "description": "Who looks after it."},
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
ACTION: Fragment = {
    "type": "object",
    "properties": {
        "ticket": {"enum": ["github", "local", "webhook"], "description": "Open a ticket there."},
        "promote": {**NAME, "description": "Give the model this alias."},
        "allow_inconclusive": texts("Undecided checks that a promotion accepts."),
        "first": {"type": "boolean", "description": "There is no version with the alias yet."},
        **_TICKET,
        "on": _ON,
    },
    "oneOf": [{"required": ["ticket"]}, {"required": ["promote"]}],
    "required": ["on"],
    "additionalProperties": False,
    "if": {"required": ["promote"]},
    "then": {
        "properties": {
            "on": {"anyOf": [_GREEN, {"type": "array", "items": _GREEN}]},
            **dict.fromkeys(_TICKET, False),
        }
    },
    "else": {
        "properties": {"allow_inconclusive": False, "first": False},
        "not": {"properties": {"on": {"const": "passed"}}, "required": ["on"]},
    },
}
