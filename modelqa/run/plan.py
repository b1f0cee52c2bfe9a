"""Suite into plan: needs verified, ids fixed, the alarm budget allotted; nothing is opened."""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass

from modelqa.core.check import Needs
from modelqa.core.estimate import Levels
from modelqa.core.result import Budget
from modelqa.errors import Problem, SuiteError
from modelqa.suite.spec import CheckSpec, Suite


@dataclass(frozen=True, slots=True)
class Planned:
    """A check that can run: its id, and the levels that decide red and green for it."""

    spec: CheckSpec
    _: KW_ONLY
    levels: Levels

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def needs(self) -> Needs:
        """What it cannot do without: of its own, and the champion that it is compared with."""
        return _needs(self.spec)

    @property
    def where(self) -> str:
        """Where the suite says it: ``file:line``, or nothing for a suite made in Python."""
        place = self.spec.place
        return f"{place.path.name}:{place.line}" if place.path else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All checks of a suite in its order, and the share of the alarm budget each one holds."""

    suite: Suite
    checks: tuple[Planned, ...]
    _: KW_ONLY
    alpha: float


def plan(suite: Suite) -> Plan:
    """Allot the alarm budget and verify what each check needs.

    Every check that can turn red by chance holds an equal share of ``false_alarms``. The share
    follows from the suite alone, so it is the same whichever checks are selected to run.

    Raises `SuiteError` with every need that the suite does not meet.
    """
    problems = [problem for check in suite.checks for problem in _unmet(suite, check)]
    if problems:
        raise SuiteError(problems)
    alpha = budget(suite).alpha
    checks = tuple(Planned(check, levels=_levels(suite, check, alpha)) for check in suite.checks)
    return Plan(suite, checks, alpha=alpha)


def budget(suite: Suite) -> Budget:
    """What a run of a suite may get wrong by chance, and how many checks share it evenly."""
    checks = sum(map(_by_chance, suite.checks))
    alpha = suite.false_alarms / max(checks, 1)
    return Budget(false_alarms=suite.false_alarms, confidence=suite.confidence, alpha=alpha, checks=checks)


def _by_chance(check: CheckSpec) -> bool:
    """Whether a healthy subject can turn this check red: an estimate with a hard bound."""
    facts = check.type.facts and not check.params.get("generalise", False)
    return not facts and check.bound.reds != "none"


def _levels(suite: Suite, check: CheckSpec, alpha: float) -> Levels:
    return Levels(alpha=alpha, beta=1 - suite.confidence, reds=check.bound.reds)


_SAYS = {
    Needs.BATCH: ("batch", "rows to judge"),
    Needs.MODEL: ("model", "a model that can be called"),
    Needs.VERSION: ("model", "the model that it is about"),
    Needs.LABELS: ("labels", "the truth of the batch"),
    Needs.REFERENCE: ("reference", "rows to compare the batch with"),
    Needs.CHAMPION: ("champion", "the model to compare with"),
}


def _needs(check: CheckSpec) -> Needs:
    own = check.needs
    return own | Needs.CHAMPION if check.versus == "champion" else own


def _unmet(suite: Suite, check: CheckSpec) -> Iterator[Problem]:
    needs = _needs(check)
    lacks = [_SAYS[need] for need in _SAYS if need in needs and getattr(suite, _SAYS[need][0]) is None]
    if Needs.PROFILE in needs and suite.reference is None and not _versioned(suite.model):
        lacks.append(("reference", "rows to compare the batch with, or a model whose version has a profile"))
    if Needs.PREDICTIONS in needs and suite.model is None and suite.predictions is None:
        lacks.append(("model", "a model, or `predictions:` with logged ones"))
    if needs & (Needs.PREDICTIONS | Needs.LABELS | Needs.MODEL) and suite.batch is None:
        lacks.append(_SAYS[Needs.BATCH])
    place = check.place
    for key, what in dict.fromkeys(lacks):
        message = f"check {check.id} needs `{key}:` ({what}), which the suite does not have"
        yield Problem(message, place.path, place.line, place.column)
    for key, why in _beside_the_point(check):
        place = check.place_of(key)
        yield Problem(f"check {check.id} {why}: leave out {key}", place.path, place.line, place.column)


def _beside_the_point(check: CheckSpec) -> Iterator[tuple[str, str]]:
    """Keys that would repeat a measurement which they cannot change, and pass it off as another one."""
    own = check.needs
    if check.versus is not None:
        if Needs.CHAMPION in own:
            yield "versus", "compares with the champion already"
        elif not own & (Needs.MODEL | Needs.PREDICTIONS):
            yield (
                "versus",
                f"does not ask the model, so that there is nothing to compare with the {check.versus}",
            )
        elif check.versus == "dummy" and (Needs.LABELS not in own or Needs.MODEL in own):
            yield "versus", "is no score of labels, which is all that a dummy knows"
    if check.slices and not own & ~(Needs.VERSION | Needs.MODEL):
        yield "slices", "looks at no rows of the batch, so that it has no slices"


def _versioned(model: object) -> bool:
    """Whether a model is of a registry, where a profile may be logged with it."""
    return isinstance(model, str) and model.startswith(("models:/", "runs:/"))
