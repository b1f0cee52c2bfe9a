"""What stands behind a measurement, as plain data that a report can draw."""

from dataclasses import dataclass
from typing import Any

OVER_TIME = "p_value"
"""The kind of evidence that holds a p-value for each hard limit (``{"max": 0.003}``): of "it is kept"."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence: ``kind`` names its shape, ``data`` is JSON (no rows, no objects).

    >>> Evidence("shares", {"labels": ["a", "b"], "reference": [0.5, 0.5], "batch": [0.9, 0.1]}).kind
    'shares'
    """

    kind: str
    data: dict[str, Any]
