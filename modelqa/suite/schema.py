"""The JSON Schema of suite files, for editors: from the suite's keys and the checks' signatures."""

from collections.abc import Mapping

from modelqa import catalog
from modelqa.core import units
from modelqa.core.check import CheckType, declared
from modelqa.core.units import Unit
from modelqa.suite.action_schema import ACTION
from modelqa.suite.build import DEFAULTS, READERS
from modelqa.suite.environment import SUBJECT
from modelqa.suite.schema_of_checks import any_check, one_check
from modelqa.suite.shapes import NAME, TEXT, VARIABLE, Fragment, mapping, quantity, share
from modelqa.suite.slices import MOST_SLICES

DRAFT = "http://json-schema.org/draft-07/schema#"
COLUMNS: Fragment = {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]}


def json_schema() -> Fragment:
    """The JSON Schema (draft 07) of a suite file; checks of installed packages are in it.

    What one file cannot show is not in it: the names of slices and columns, or what only a check's
    own code can tell. ``modelqa lint`` says all.

    >>> json_schema()["properties"]["inconclusive"]["enum"]
    ['warn', 'fail']
    """
    kinds = {name: _type(name) for name in sorted(catalog.names("checks"))}
    return {
        "$schema": DRAFT,
        "title": "modelqa suite",
        "description": "What is judged, by which checks, and what follows.",
        "type": "object",
        "properties": {key: _key(key) for key in READERS},
        "required": ["suite", "checks"],
        "additionalProperties": False,
        "definitions": {
            "check": any_check(kinds),
            **{name: one_check(name, made) for name, made in kinds.items()},
        },
    }


def _type(name: str) -> CheckType | None:
    """What a check declares; None for one of a package that cannot be imported here."""
    try:
        return declared(catalog.find("checks", name))
    except Exception:  # an installed package's own code
        return None


# --- the keys of a suite


def _key(key: str) -> Fragment:
    fragment = dict(_SUITE[key])
    if DEFAULTS.get(key):
        fragment["default"] = DEFAULTS[key]
    if key in SUBJECT and "anyOf" not in fragment and fragment.get("type") != "string":
        about: Fragment = {
            name: fragment.pop(name) for name in ("description", "default") if name in fragment
        }
        return {**about, "anyOf": [fragment, {"type": "string", "pattern": VARIABLE}]}
    return fragment


_QUERY = mapping("sql", "url", sql=TEXT, url=TEXT)
_ROWS: Fragment = {"anyOf": [TEXT, _QUERY]}
_SLICE: Fragment = {
    "anyOf": [
        TEXT,
        {
            **mapping(
                "name",
                name=TEXT,
                where={**TEXT, "description": "A condition, such as tenure < 3; it makes one slice."},
                columns={**COLUMNS, "description": "Columns whose combinations of values make slices."},
                bins={
                    "description": "The edges that cut a column of numbers, or a number of equal parts.",
                    "anyOf": [
                        {"type": "integer", "minimum": 2, "maximum": MOST_SLICES},
                        {
                            "type": "array",
                            "items": {"type": "number"},
                            "minItems": 1,
                            "maxItems": MOST_SLICES - 1,
                        },
                    ],
                },
                values={
                    "type": "array",
                    "items": {"type": ["string", "number", "boolean"]},
                    "minItems": 1,
                    "description": "Values of the column that must occur: one that does not is an error.",
                },
                min_rows={
                    "type": "integer",
                    "minimum": 1,
                    "description": "Slices of fewer rows are one slice together, named in its note.",
                },
            ),
            "oneOf": [
                {
                    "required": ["where"],
                    "properties": dict.fromkeys(("bins", "values", "min_rows"), False),
                },
                {"required": ["columns"], "not": {"required": ["bins", "values"]}},
            ],
        },
    ]
}
_ENDPOINT = mapping(
    "url",
    url={**TEXT, "description": "The address of a server that speaks MLflow's scoring protocol."},
    format={"enum": ["dataframe_split", "inputs", "instances"], "default": "dataframe_split"},
    timeout={
        "description": "How long one request may take (10 s).",
        **quantity(units.suffixes(Unit.SECONDS)),
    },
)
_MODEL: Fragment = {
    "anyOf": [TEXT, _ENDPOINT],
    "examples": ["models:/churn@challenger", "http://host:5000/invocations", "package.module:function"],
}
_DIGEST: Fragment = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}

_SUITE: Mapping[str, Fragment] = {
    "suite": {**NAME, "description": "The name of the suite."},
    "model": {**_MODEL, "description": "What is judged: a model's URI, an endpoint or module:function."},
    "champion": {**_MODEL, "description": "The model that it is compared with."},
    "batch": {**_ROWS, "description": "The rows to judge: a path, a pattern or a query."},
    "reference": {**_ROWS, "description": "The rows that the model was trained on, or their profile."},
    "labels": {
        "description": "The truth: a column of the batch, or a file to join.",
        "anyOf": [TEXT, mapping("path", "on", "column", path=_ROWS, on=TEXT, column=TEXT)],
    },
    "positive": {
        "type": ["string", "number", "boolean"],
        "description": "The positive class, where labels are not 0/1 or booleans.",
    },
    "predictions": {**COLUMNS, "description": "Columns of the batch with logged predictions."},
    "threshold": {**share(0, 1, closed="none"), "description": "The operating point for class decisions."},
    "weights": {**TEXT, "description": "The column with the weights of rows."},
    "group": {**TEXT, "description": "The column that says which rows belong together."},
    "time": {**TEXT, "description": "The column that says when a row happened."},
    "key": {**COLUMNS, "description": "The column or columns that name a row."},
    "features": {**COLUMNS, "description": "The columns that the model reads."},
    "engine": {
        "enum": ["auto", "memory", "duckdb"],
        "description": "What reads parquet files: DuckDB counts what does not fit into memory.",
    },
    "trust": {
        "description": "Whose code may run: that of registered models, nobody's, or files by digest.",
        "anyOf": [{"enum": ["registry", "none"]}, {"type": "array", "items": _DIGEST}],
    },
    "serve": {
        "type": "boolean",
        "description": "Judge the model as `mlflow models serve` answers for it, and the champion too.",
    },
    "champion_missing": {
        "enum": ["error", "skip"],
        "description": "What it means that there is no champion yet.",
    },
    "slices": {
        "type": "array",
        "items": _SLICE,
        "description": "Parts of the rows, by column, bins or condition.",
    },
    "false_alarms": {
        **share(0, 0.5, closed="high"),
        "description": "How often one run may turn red on a healthy model and batch.",
    },
    "false_alarms_per_year": {
        **share(0, 0.5, closed="high"),
        "description": "How many false alarms `modelqa watch` may raise in a year, over all checks: 2%.",
    },
    "confidence": {
        **share(0.5, 1, closed="low"),
        "description": "How sure a green has to be, per check, one-sided.",
    },
    "inconclusive": {
        "enum": ["warn", "fail"],
        "description": "What an undecided check does to the exit status.",
    },
    "checks": {
        "type": "array",
        "items": {"$ref": "#/definitions/check"},
        "minItems": 1,
        "description": "What is measured, and what it may be.",
    },
    "actions": {"type": "array", "items": ACTION, "description": "What follows a run."},
}
