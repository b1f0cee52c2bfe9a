"""Exit codes: what a shell, a workflow or a scheduler learns of a run."""

from collections.abc import Mapping

from modelqa.core.bound import Outcome
from modelqa.core.result import SuiteResult

PASSED, FAILED, WRONG, COULD_NOT, NOTHING = 0, 1, 2, 3, 5


def exit_code(result: SuiteResult, inconclusive: Mapping[str, str]) -> int:
    """The exit code of a run; `inconclusive` says for each check what an undecided one means."""
    if not result.checks or result.outcome is Outcome.SKIPPED:
        return NOTHING
    outcomes = {check.outcome for check in result.checks}
    undecided = [check.id for check in result.checks if check.outcome is Outcome.INCONCLUSIVE]
    if Outcome.FAILED in outcomes or any(inconclusive.get(each) == "fail" for each in undecided):
        return FAILED
    return COULD_NOT if Outcome.ERRORED in outcomes else PASSED
