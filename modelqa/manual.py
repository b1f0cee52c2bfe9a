"""The manual: what a check means, which keys it has and an example, from its own docstring."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill, indent
from typing import Any

from modelqa import catalog
from modelqa.core import units
from modelqa.core.check import CheckType, Needs, declared
from modelqa.core.units import Unit
from modelqa.errors import ModelQAError
from modelqa.suite.doc import Doc, read
from modelqa.suite.nodes import suggest
from modelqa.suite.parameters import RESERVED, describe
from modelqa.suite.shapes import names_in

WIDTH = 88
TWINS = ("neg_", "expect_")
NEEDS: Mapping[Needs, str] = {
    Needs.BATCH: "a batch",
    Needs.PREDICTIONS: "predictions (a model's, or logged ones)",
    Needs.MODEL: "a model that can be called",
    Needs.LABELS: "labels",
    Needs.REFERENCE: "a reference",
    Needs.CHAMPION: "a champion",
    Needs.VERSION: "a model (it is not loaded)",
    Needs.PROFILE: "a reference, or the profile of one that was logged with the model",
}


@dataclass(frozen=True, slots=True)
class Manual:
    """What is known of a check: its name in a suite, where it is, what it declares and says."""

    name: str
    target: str
    made: CheckType
    doc: Doc


def manual(name: str) -> Manual:
    """The manual of a check: a name of the catalogue, or ``module:function``.

    Raises `ModelQAError` where there is none of that name, or it cannot be loaded.

    >>> manual("metric").doc.summary
    "Score predictions against labels, under scikit-learn's scorer names."
    """
    known = catalog.names("checks")
    if name not in known and ":" not in name:
        raise ModelQAError(f"no check is called {name!r}{_hint(name, known)}")
    target = known.get(name, name)
    try:
        made = declared(catalog.load(target))
    except Exception as error:  # importing a check runs its author's code
        raise ModelQAError(f"the check {name} cannot be loaded: {type(error).__name__}: {error}") from error
    return Manual(name, target, made, read(made.function.__doc__))


def _hint(name: str, known: Mapping[str, str]) -> str:
    """The check that takes this name as its value, or whose own name is near."""
    for kind in known:
        main = _main(kind)
        if main is not None and name in names_in(main.annotation):
            return f", but {kind} takes it: write `{kind}: {name}` (see modelqa explain {kind})"
    return suggest(name, known) or f"; there are {', '.join(sorted(known))}"


def _main(kind: str) -> inspect.Parameter | None:
    try:
        return declared(catalog.find("checks", kind)).main
    except Exception:  # an installed package's own code
        return None


def listing() -> str:
    """All checks, one line each: the name in a suite, and what it is for."""
    known = catalog.names("checks")
    width = max(map(len, known), default=0)
    return "\n".join(f"{name:<{width}}  {_line(name)}" for name in sorted(known))


def _line(name: str) -> str:
    try:
        found = manual(name)
    except ModelQAError as error:
        return str(error).splitlines()[0]
    package = found.target.partition(".")[0].partition(":")[0]
    return found.doc.summary + (f" ({package})" if package != "modelqa" else "")


def explain(name: str) -> str:
    """The manual of a check as text: meaning, keys, needs, bounds, example, source.

    Raises `ModelQAError` as `manual` does.
    """
    found = manual(name)
    text = [_wrapped(paragraph) for paragraph in found.doc.paragraphs]
    parts = {
        "Keys": "\n".join(_keys(found)),
        "Needs": _needs(found.made),
        "Bounds": _bounds(found.made),
        "Example": found.doc.example,
        "Source": _source(found),
    }
    told = [f"{title}:\n{indent(part, '  ')}" for title, part in parts.items() if part]
    return "\n\n".join([f"{found.name}: {found.doc.summary}", *text, *told])


def _wrapped(text: str, width: int = WIDTH) -> str:
    return fill(text, width, break_long_words=False, break_on_hyphens=False)


def _keys(found: Manual) -> Iterator[str]:
    """Each key with what it takes and, where it may be left out, what it then is."""
    main, keys = found.made.main, found.made.parameters
    own = [found.name] if main is None else []
    width = max(map(len, [found.name, *keys]))
    for name in own:
        yield f"{name:<{width}}  true"
    if main is not None:
        yield from _key(found.name, width, main)
    for name, parameter in keys.items():
        yield from _key(name, width, parameter)
    if found.made.open_ended:
        yield "and any other key, as an argument of what is named"
    shared = [key for key in RESERVED if not (found.made.own_bound and key in (*_LIMITS, "across", "versus"))]
    yield _wrapped(f"as for every check: {', '.join(shared)}")


_LIMITS = ("min", "max", "warn_min", "warn_max")


def _key(name: str, width: int, parameter: inspect.Parameter) -> Iterator[str]:
    annotation, default = parameter.annotation, parameter.default
    kind = "any value" if annotation is parameter.empty else describe(annotation)
    left_out = "" if default is parameter.empty else f"; left out: {_shown(default)}"
    yield f"{name:<{width}}  {kind}{left_out}"
    names = names_in(annotation)
    if names and not kind.startswith("'"):
        yield indent(_wrapped(_listed(names), WIDTH - width - 4), " " * (width + 4))


def _listed(names: Sequence[str]) -> str:
    """Names in a row; twins that differ by a prefix only are told once.

    >>> _listed(["f1", "log_loss", "neg_log_loss"])
    'f1, log_loss (also neg_log_loss)'
    """
    twins = {f"{prefix}{name}" for name in names for prefix in TWINS} & {*names}
    told = (
        f"{name} (also {twin})"
        if (twin := next((p + name for p in TWINS if p + name in twins), ""))
        else name
        for name in names
        if name not in twins
    )
    return ", ".join(told)


def _shown(default: Any) -> str:
    match default:
        case None:
            return "nothing"
        case bool():
            return str(default).lower()
    return str(default)


def _needs(made: CheckType) -> str:
    try:
        needs = made.needs_of("")
    except Exception:  # a check author's own code, fed with nothing
        return "what its value says"
    told = ", ".join(text for need, text in NEEDS.items() if need in needs) or "nothing"
    return told if isinstance(made.needs, Needs) else f"{told}; some values need other things"


def _bounds(made: CheckType) -> str:
    """What min and max are numbers of, and what they may be held against."""
    if made.own_bound:
        return "in its own arguments: min and max are mistakes"
    written = {Unit.NUMBER: "a plain number, or 1 pp", Unit.SHARE: "a share: 0.1%, 1 pp or 0.001"}
    unit = made.unit if isinstance(made.unit, Unit) else None
    if unit is None:
        told = "a number whose unit depends on the value"
    else:
        told = written.get(unit) or f"{unit.replace('_', ' ')}, in {' '.join(units.suffixes(unit))}"
    compared = _compared(made)
    nature = "counted in this batch, not estimated" if made.facts else "judged by the interval's ends"
    return "\n".join(filter(None, (told, compared, nature)))


def _compared(made: CheckType) -> str:
    """What its bounds mean under ``versus``; empty where it is not compared."""
    needs = made.needs if isinstance(made.needs, Needs) else Needs.NOTHING
    if Needs.CHAMPION in needs:
        return ""
    if isinstance(made.needs, Needs) and not needs & (Needs.MODEL | Needs.PREDICTIONS):
        return "not of a difference to a champion: the model is not asked"
    dummy = " or dummy" if Needs.LABELS in needs and Needs.MODEL not in needs else ""
    return f"with versus: champion{dummy}, of the difference; in %, relative to the other's value"


def _source(found: Manual) -> str:
    function = inspect.unwrap(found.made.function)
    module = function.__module__.replace(".", "/")
    try:
        line = inspect.getsourcelines(function)[1]
    except (OSError, TypeError):  # made in an interpreter
        return found.target
    return f"{found.target} ({module}.py:{line})"
