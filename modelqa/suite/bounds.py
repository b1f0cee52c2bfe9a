"""The bounds of a check: read with their unit, held against what the check measures."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from modelqa.core import units
from modelqa.core.bound import Bound
from modelqa.core.units import Quantity, Unit
from modelqa.suite.nodes import Node, Problems

LIMITS = ("min", "max", "warn_min", "warn_max")

_EXAMPLES = {
    Unit.NUMBER: "0.9 or 1 pp",
    Unit.SHARE: "0.1%, 1 pp or 0.001",
    Unit.SECONDS: "40 ms",
    Unit.BYTES: "2 GiB",
    Unit.PER_SECOND: "100 /s",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """A bound, and whether it is relative to the champion."""

    bound: Bound
    relative: bool


def quantity(node: Node, problems: Problems) -> Quantity | None:
    """A number with or without a unit; None where it is neither, which is noted."""
    found = node.value
    if node.is_list or node.is_mapping or node.is_object or (isinstance(found, str) and len(found) > 40):
        problems.add(node.place, f"expected a number with or without a unit, found {node.shown()}")
        return None
    if found is None or isinstance(found, bool):
        problems.add(node.place, f"expected a number, found {node.shown()}")
        return None
    try:
        return units.parse(found)
    except OverflowError:
        problems.add(node.place, f"expected a finite number, found {node.shown()}")
    except ValueError as error:
        said = f"expected a number with or without a unit, found {node.shown()}" if node.written else error
        problems.add(node.place, str(said))
    return None


def share(node: Node, problems: Problems, *, low: float, high: float, closed: str) -> float | None:
    """A share such as ``1%`` or ``0.01``, from ``low`` to ``high``; the ``closed`` end belongs to it.

    >>> from modelqa.suite.nodes import Place
    >>> share(Node("1%", Place()), Problems(), low=0, high=0.5, closed="high")
    0.01
    """
    found = quantity(node, problems)
    if found is None:
        return None
    ends = {"low": low, "high": high, "none": None}
    if found.suffix not in ("", "%"):
        problems.add(node.place, f"expected a share such as 1% or 0.01, found {node.shown()}")
    elif not (low < found.value < high or found.value == ends[closed]):
        close = f" (did you mean {node.shown()}%?)" if not found.suffix and found.value >= 1 else ""
        problems.add(
            node.place, f"expected a share between {low:g} and {high:g}, found {node.shown()}{close}"
        )
    else:
        return found.value
    return None


def limits(
    nodes: Mapping[str, Node], unit: Unit, *, versus: bool, signed: bool, problems: Problems
) -> Limits:
    """The bound that a check's keys set, in base units.

    Under ``versus`` a percentage is relative to the champion; ``pp`` and plain numbers are points.
    What is ``signed`` is a difference, which may be below zero.
    """
    read = {name: (nodes[name], quantity(nodes[name], problems)) for name in LIMITS if name in nodes}
    fitting = {
        name: (node, found)
        for name, (node, found) in read.items()
        if found is not None and _fits(node, found, unit, versus=versus, signed=signed, problems=problems)
    }
    relative = versus and any(found.suffix == "%" for _, found in fitting.values())
    if relative:
        for node, found in fitting.values():
            if found.suffix != "%":
                problems.add(
                    node.place, f"{node.shown()} is in points and another bound in %: write both alike"
                )
    values = {name: found.value for name, (_, found) in fitting.items()}
    _ordered({name: node for name, (node, _) in fitting.items()}, values, problems)
    return Limits(Bound(**values), relative)


def _fits(node: Node, found: Quantity, unit: Unit, *, versus: bool, signed: bool, problems: Problems) -> bool:
    """Whether a bound has a unit that the check measures in; if not, the mistake is noted."""
    fitting = {*units.suffixes(unit)} | ({"", "pp"} if unit in (Unit.NUMBER, Unit.SHARE) else set())
    if versus:
        fitting.add("%")
    if found.suffix not in fitting:
        problems.add(node.place, _misfit(node, found, unit, versus=versus))
        return False
    lowest = -1.0 if signed else 0.0
    relative = versus and found.suffix == "%"
    if unit is Unit.SHARE and not relative and not lowest <= found.value <= 1:
        problems.add(
            node.place,
            f"expected a share from {lowest:g} to 1, found {node.shown()}; write {node.shown()}% for percent"
            if not found.suffix
            else f"expected a share of at most 100%, found {node.shown()}",
        )
        return False
    return True


def _misfit(node: Node, found: Quantity, unit: Unit, *, versus: bool) -> str:
    also = " or 10% of the champion's" if versus else ""
    what = {Unit.NUMBER: "a plain number", Unit.SHARE: "a share"}.get(unit, f"{unit.replace('_', ' ')}")
    lacks = "has no unit" if not found.suffix else f"is in {found.suffix}"
    return f"expected {what}, found {node.shown()}, which {lacks}; write for example {_EXAMPLES[unit]}{also}"


def _ordered(nodes: Mapping[str, Node], values: Mapping[str, float], problems: Problems) -> None:
    """Note limits that contradict each other: min <= warn_min <= warn_max <= max."""
    written = [name for name in ("min", "warn_min", "warn_max", "max") if name in values]
    for lower, upper in pairwise(written):
        if values[lower] > values[upper]:
            at = upper if lower == "min" else lower
            why = "no value fits both"
            if (lower, upper) in (("min", "warn_min"), ("warn_max", "max")):
                why = "it would never warn"
            problems.add(
                nodes[at].place,
                f"{lower} {nodes[lower].shown()} is above {upper} {nodes[upper].shown()}: {why}",
            )
