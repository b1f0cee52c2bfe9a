"""What a suite found of a model version, as a tag that says enough to know whether it still holds."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, asdict, dataclass, fields
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, Self

from modelqa.core.bound import Outcome
from modelqa.core.result import SuiteResult
from modelqa.core.subject import SubjectInfo

EVIDENCE = "modelqa.evidence."
_STATUS = {Outcome.PASSED: "passed", Outcome.WARNED: "passed", Outcome.SKIPPED: "pending"}
_GREEN = (Outcome.PASSED, Outcome.WARNED)
_MOST_LISTED = 3500
"""Characters of ids of checks: a tag may have 5,000 in MLflow's databases."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a suite found of a model version.

    ``champion`` is the version it was compared with, or the name where that is another model; "" for none.
    ``outcomes`` are the checks that are neither passed nor warned, by id. A partial run (some checks
    deselected) is no evidence of a green.
    """

    suite: str
    _: KW_ONLY
    suite_digest: str
    model_digest: str
    data_digest: str
    champion: str
    champion_digest: str
    outcome: str
    outcomes: Mapping[str, str]
    partial: bool
    time: str
    run_id: str = ""

    @classmethod
    def of(cls, result: SuiteResult, *, partial: bool, run_id: str = "") -> Self:
        """The evidence that a result is."""
        subject = result.subject
        return cls(
            result.suite,
            suite_digest=result.digest,
            model_digest=subject.model.digest if subject.model else "",
            data_digest=subject.batch.digest if subject.batch else "",
            champion=_champion(subject),
            champion_digest=subject.champion.digest if subject.champion else "",
            outcome=str(result.outcome),
            outcomes={each.id: str(each.outcome) for each in result.checks if each.outcome not in _GREEN},
            partial=partial,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            run_id=run_id,
        )

    def dump(self) -> str:
        """As the text of a tag. Of very many checks some are counted instead, by the worst of them.

        >>> made = Judged("churn", suite_digest="s", model_digest="m", data_digest="d", champion="1",
        ...               champion_digest="c", outcome="passed", outcomes={}, partial=False, time="t")
        >>> Judged.read(made.dump()) == made
        True
        """
        plain = asdict(self) | {"outcomes": _fitting(self.outcomes)}
        return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The evidence in a tag; None where it is none of ours."""
        try:
            plain: dict[str, Any] = json.loads(text)
            kinds = {each.name: type(plain[each.name]) for each in fields(cls)}
            wanted = dict.fromkeys(kinds, str) | {"outcomes": dict, "partial": bool}
            outcomes = [Outcome(each) for each in (plain["outcome"], *plain["outcomes"].values())]
            return cls(**plain) if kinds == wanted and outcomes else None
        except (AttributeError, KeyError, TypeError, ValueError):
            return None


def _champion(subject: SubjectInfo) -> str:
    ours, theirs = subject.model, subject.champion
    if theirs is None:
        return ""
    return theirs.version if ours and theirs.version and theirs.name == ours.name else str(theirs)


def _fitting(outcomes: Mapping[str, str]) -> dict[str, str]:
    used = accumulate(len(check) + 16 for check in outcomes)
    kept = {check: outcomes[check] for check, end in zip(outcomes, used, strict=True) if end < _MOST_LISTED}
    left = [Outcome(outcome) for check, outcome in outcomes.items() if check not in kept]
    return kept | ({f"and {len(left)} more": str(Outcome.worst(left))} if left else {})


def evidence(tags: Mapping[str, str]) -> list[Judged]:
    """What the tags of a version hold of suites that judged it."""
    read = (Judged.read(text) for name, text in sorted(tags.items()) if name.startswith(EVIDENCE))
    return [each for each in read if each is not None]


def status(found: Iterable[Judged], digest: str) -> str:
    """`validation_status`: the worst of what suites found of these files; pending where none ran whole.

    A partial run never makes a version ``passed``.

    >>> status([], "sha256:ab")
    'pending'
    """
    ours = [each for each in found if each.model_digest == digest]
    if not ours:
        return "pending"
    worst = Outcome.worst([Outcome(each.outcome) for each in ours])
    told = _STATUS.get(worst, str(worst))
    return "pending" if told == "passed" and any(each.partial for each in ours) else told
