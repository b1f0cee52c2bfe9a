"""One entry of ``checks:`` into a CheckSpec: its function found, its values and bounds held against it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from modelqa import catalog
from modelqa.core.bound import Bound
from modelqa.core.check import CheckType, arguments, declared
from modelqa.core.ports import Other
from modelqa.core.units import Unit
from modelqa.suite import values
from modelqa.suite.bounds import LIMITS, Limits, limits
from modelqa.suite.ids import id_of
from modelqa.suite.nodes import Node, Problems, show_text, suggest
from modelqa.suite.parameters import RESERVED, Parameters, parameters, value_of
from modelqa.suite.shapes import names_in
from modelqa.suite.spec import Across, CheckSpec, Inconclusive

_TARGET = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class Around:
    """What a check must know of its suite: the names of its slices, and whether there is a champion."""

    slices: tuple[str, ...]
    champion: bool


def read_check(node: Node, around: Around, problems: Problems) -> CheckSpec | None:
    """The check that a mapping describes; None where it cannot be told, which is noted."""
    kind = _kind(node, problems)
    check = _type(kind, node, problems) if kind else None
    if kind is None or check is None:
        return None
    takes = _takes(kind, check, node, problems)
    if takes is None:
        return None
    before = len(problems.found)
    value = _main(kind, takes, node, problems)
    params = _params(kind, takes, node, problems)
    if isinstance(params.get("where"), str):
        values.condition(node.value["where"], problems)
    if len(problems.found) == before:
        _verify(kind, check, value, params, node, problems)
    fine = len(problems.found) == before
    versus = _versus(check, kind, around, node, problems)
    across = _across(kind, check, node, problems)
    unit = _unit(kind, check, value, params, node, problems) if fine else None
    unit = Unit.SHARE if unit and across == "ratio" else unit
    signed = check.signed or versus is not None or across == "difference"
    bound = _bound(kind, check, unit, node, problems, versus=versus is not None, signed=signed)
    name = _key("name", values.name, node, problems)
    return CheckSpec(
        kind,
        value,
        id=name or id_of(kind, value, check, params, versus=versus, across=across),
        type=check,
        params=params,
        bound=bound.bound,
        unit=Unit.SHARE if bound.relative else unit or Unit.NUMBER,
        versus=versus,
        relative=bound.relative,
        slices=_slices(around, node, problems),
        across=across,
        name=name,
        tags=_key("tags", _tags, node, problems) or (),
        inconclusive=cast(
            "Inconclusive | None", _key("inconclusive", values.choice("warn", "fail"), node, problems)
        ),
        expect_failure=_key("expect_failure", values.expect_failure, node, problems),
        place=node.place,
        places={key: item.place for key, item in node.items()},
    )


def _kind(node: Node, problems: Problems) -> str | None:
    """The one key of a check's mapping that names the check."""
    names = catalog.names("checks")
    if not node.is_mapping:
        hint = suggest(node.value, tuple(names)) if isinstance(node.value, str) else ""
        example = "; write for example {metric: roc_auc, min: 0.9}"
        problems.add(node.place, f"expected a check as a mapping, found {node.shown()}{hint or example}")
        return None
    kinds = [key for key in node.value if key in names or ":" in key]
    if len(kinds) == 1:
        return cast("str", kinds[0])
    if kinds:
        problems.add(node.keys[kinds[1]], f"two checks in one, {kinds[0]!r} and {kinds[1]!r}: write two")
        return None
    for key in node.value:
        close = suggest(key, tuple(names)) if key not in RESERVED else ""
        if close:
            problems.add(node.keys[key], f"unknown check {key!r}{close}", key, names)
            return None
    problems.add(node.place, f"no check is named here: one key must be {_any(names)} or module:function")
    return None


def _any(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:12])


def _type(kind: str, node: Node, problems: Problems) -> CheckType | None:
    """What stands behind a check's name."""
    place = node.keys[kind]
    if ":" in kind and not _TARGET.fullmatch(kind):
        problems.add(place, f"expected a check as package.module:function, found {show_text(kind)}")
        return None
    try:
        found = catalog.load(kind) if ":" in kind else catalog.find("checks", kind)
        return declared(found)
    except Exception as error:  # importing a suite's own module runs its code
        problems.add(place, f"the check {show_text(kind)} cannot be loaded: {_said(error)}")
    return None


def _takes(kind: str, check: CheckType, node: Node, problems: Problems) -> Parameters | None:
    try:
        return parameters(check)
    except Exception as error:  # annotations are a check author's own expressions
        problems.add(node.keys[kind], f"the parameters of {show_text(kind)} cannot be read: {_said(error)}")
    return None


def _said(error: Exception) -> str:
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:200]}"


def _main(kind: str, takes: Parameters, node: Node, problems: Problems) -> Any:
    written: Node = node.value[kind]
    if takes.main is None:
        if written.value is not True:
            problems.add(written.place, f"{kind} takes no value: write {kind}: true, found {written.shown()}")
        return None
    if written.value is None:
        problems.add(written.place, f"{kind} needs a value: {takes.main.name}")
        return None
    return value_of(takes.main, written, problems)


def _params(kind: str, takes: Parameters, node: Node, problems: Problems) -> Mapping[str, Any]:
    """The arguments that are written, validated; keys that nobody reads are noted."""
    read: dict[str, Any] = {}
    for key, item in node.items():
        if key == kind or key in RESERVED:
            continue
        if key in takes.keys:
            read[key] = value_of(takes.keys[key], item, problems)
        elif takes.open_ended:
            read[key] = item.plain()
        else:
            there = (*takes.keys, *RESERVED)
            close = suggest(key, there) or f"; {kind} takes {', '.join(there)}"
            problems.add(node.keys[key], f"unknown key {show_text(key)}{close}", key, there)
    for name, parameter in takes.keys.items():
        if parameter.required and name not in read:
            problems.add(node.place, f"{kind} needs the key {name!r}")
    return read


def _verify(
    kind: str, check: CheckType, value: Any, params: Mapping[str, Any], node: Node, problems: Problems
) -> None:
    """What the check itself says of values that the types allow."""
    if check.verify is None:
        return
    try:
        complaints = list(check.verify(value, **arguments(params)))
    except Exception as error:  # a check author's own code, fed with any suite
        problems.add(node.value[kind].place, f"{kind} cannot take this: {_said(error)}")
        return
    for key, message in complaints:
        at = node.get(key or kind) or node
        takes = parameters(check)
        read = takes.keys.get(key) if key else takes.main
        names = names_in(read.annotation) if read else ()
        problems.add(at.place, message, "" if at.spelt in names else at.spelt, names)


def _versus(check: CheckType, kind: str, around: Around, node: Node, problems: Problems) -> Other | None:
    written = node.get("versus")
    if written is None:
        return None
    read = values.choice(*get_args(Other))(written, problems)
    if read is None:
        return None
    if check.own_bound:
        problems.add(written.place, f"{kind} holds its bound itself and is not compared: leave out versus")
    if read == "champion" and not around.champion:
        problems.add(written.place, "versus: champion needs the suite's key champion, which it does not have")
    return cast("Other", read)


def _unit(
    kind: str, check: CheckType, value: Any, params: Mapping[str, Any], node: Node, problems: Problems
) -> Unit | None:
    try:
        return check.unit_of(value, params)
    except Exception as error:  # a check author's own code, fed with any suite
        problems.add(node.value[kind].place, f"the unit of {kind} cannot be told: {_said(error)}")
    return None


def _bound(
    kind: str,
    check: CheckType,
    unit: Unit | None,
    node: Node,
    problems: Problems,
    *,
    versus: bool,
    signed: bool,
) -> Limits:
    written = {name: node.value[name] for name in LIMITS if name in node.value}
    if check.own_bound:
        for item in written:
            problems.add(node.keys[item], f"{kind} holds its bound in its own arguments: leave out {item}")
        return Limits(Bound(), False)
    if not written:
        problems.add(node.place, f"{kind} needs a bound: one of {', '.join(LIMITS)}")
    if unit is None:
        return Limits(Bound(), False)
    return limits(written, unit, versus=versus, signed=signed, problems=problems)


def _slices(around: Around, node: Node, problems: Problems) -> tuple[str, ...]:
    written = node.get("slices")
    if written is None:
        return ()
    if not around.slices:
        problems.add(written.place, "the suite defines no slices: add them to its key slices")
        return ()
    if written.value == "all":
        return around.slices
    if not written.is_list or not written.value:
        found = "an empty list" if written.is_list else written.shown()
        problems.add(written.place, f"expected a list of the suite's slices, or all, found {found}")
        return ()
    read = [values.choice(*around.slices)(item, problems) for item in written.value]
    return tuple(dict.fromkeys(name for name in read if name is not None))


def _across(kind: str, check: CheckType, node: Node, problems: Problems) -> Across | None:
    """How the slices become one measurement; the first reason why they cannot is noted."""
    written = node.get("across")
    if written is None:
        return None
    read = values.choice("worst", "gap", "ratio", "difference")(written, problems)
    sides = {key.removeprefix("warn_") for key in LIMITS if key in node.value}
    reasons = {
        f"{kind} holds its bound itself: leave out across": check.own_bound,
        f"across: {read} needs slices: name some of the suite's, or all": node.get("slices") is None,
        "across: worst is the smallest value against min or the largest against max: write one of both": read
        == "worst"
        and len(sides) > 1,
        f"{kind} measures anew each time, so that nothing stands between two of its values: "
        "write across: worst": check.alone and read != "worst",
        "across: ratio is of values, not of their differences to the champion: "
        "leave out versus, or write across: gap": read == "ratio" and node.get("versus") is not None,
    }
    wrong = next((reason for reason, holds in reasons.items() if holds), None) if read else None
    if wrong:
        problems.add(written.place, wrong)
    return cast("Across | None", None if wrong else read)


def _tags(node: Node, problems: Problems) -> tuple[str, ...]:
    return values.texts(node, problems, "tags")


def _key(key: str, read: Any, node: Node, problems: Problems) -> Any:
    written = node.get(key)
    return None if written is None else read(written, problems)
