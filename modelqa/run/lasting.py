"""What is opened of a subject that other rows leave as it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelqa.core.subject import Endpoint, Query
from modelqa.suite.spec import Labels, Suite

Parts = Mapping[tuple[str, ...], Any]
LASTING: Mapping[tuple[str, ...], tuple[str, ...]] = {
    **{
        (what, side): (side,)
        for what in ("found", "model", "wrapped", "served")
        for side in ("model", "champion")
    },
    ("table", "reference"): ("reference", "model"),
    ("table", "labels"): ("labels",),
}
"""Parts that do not depend on the batch, and the keys of a suite that they follow from."""


def lasting(known: Parts, ours: Suite, theirs: Suite) -> dict[tuple[str, ...], Any]:
    """Those opened parts that both suites name alike."""
    return {
        key: part
        for key, part in known.items()
        if key in LASTING and all(_alike(getattr(ours, of), getattr(theirs, of)) for of in LASTING[key])
    }


def _alike(ours: Any, theirs: Any) -> bool:
    """Whether two keys name the same; objects from Python are the same where they are one."""
    if isinstance(ours, Labels) and isinstance(theirs, Labels):
        return _alike(ours.path, theirs.path)
    return ours is theirs or (isinstance(ours, str | Path | Endpoint | Query) and bool(ours == theirs))
