"""Measurements as bytes and back, exact to the last bit: what `codec` may round or leave out stays."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field
from typing import Any

from modelqa.core.bound import Bound
from modelqa.core.estimate import Estimate
from modelqa.core.evidence import Evidence
from modelqa.core.result import Measurement
from modelqa.core.units import Unit


@dataclass(frozen=True, slots=True)
class Kept:
    """What a check measured, before anything is judged, and what it said beside that.

    ``code`` holds files of code that may have played a part, with their digests.
    """

    measurements: tuple[Measurement, ...]
    _: KW_ONLY
    notes: tuple[str, ...] = ()
    code: Mapping[str, str] = field(default_factory=dict)


def dumps(kept: Kept) -> bytes:
    """As bytes. Raises ``TypeError`` or ``ValueError`` where its evidence is no JSON."""
    return json.dumps(asdict(kept), separators=(",", ":")).encode()


def loads(content: bytes) -> Kept:
    """The inverse of `dumps`. Raises ``ValueError`` for anything else.

    >>> kept = Kept((Measurement("psi", Estimate.undefined(n=3), column="age", bound=Bound(max=0.1)),))
    >>> loads(dumps(kept)).measurements[0].bound == Bound(max=0.1)
    True
    """
    plain = json.loads(content)
    try:
        found = tuple(map(_measurement, plain["measurements"]))
        return Kept(found, notes=tuple(plain["notes"]), code=dict(plain["code"]))
    except (KeyError, TypeError) as error:
        raise ValueError("these are no measurements") from error


def _measurement(plain: dict[str, Any]) -> Measurement:
    evidence: Sequence[dict[str, Any]] = plain["evidence"]
    made: dict[str, Any] = {
        **plain,
        "estimate": Estimate(**plain["estimate"]),
        "unit": Unit(plain["unit"]),
        "bound": None if plain["bound"] is None else Bound(**plain["bound"]),
        "evidence": tuple(Evidence(**piece) for piece in evidence),
    }
    return Measurement(**made)
