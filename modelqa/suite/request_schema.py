"""The JSON Schema of what is handed to whoever retrains, from its types."""

from modelqa.actions.request import VERSION, Request
from modelqa.suite.shapes import Fragment, shape_of

DRAFT = "http://json-schema.org/draft-07/schema#"


def request_schema() -> Fragment:
    """The JSON Schema (draft 07) of a request to retrain.

    >>> request_schema()["properties"]["version"]
    {'enum': [1]}
    """
    title = f"modelqa request to retrain, version {VERSION}"
    return {"$schema": DRAFT, "title": title, **shape_of(Request)}
