"""The exit codes of the command line."""

from modelqa.core.bound import Outcome
from modelqa.core.result import SuiteResult
from modelqa.suite.spec import Suite

PASSED, FAILED, WRONG, COULD_NOT, NOTHING = 0, 1, 2, 3, 5


def exit_code(result: SuiteResult, suite: Suite, undecided: str | None = None) -> int:
    """The exit code of a run; ``undecided`` (warn or fail) goes before what the suite says of such checks."""
    if not result.checks or result.outcome is Outcome.SKIPPED:
        return NOTHING
    outcomes = {check.outcome for check in result.checks}
    says = {check.id: check.inconclusive or suite.inconclusive for check in suite.checks}
    meant = {
        undecided or says.get(check.id, suite.inconclusive)
        for check in result.checks
        if check.outcome is Outcome.INCONCLUSIVE
    }
    if Outcome.FAILED in outcomes or "fail" in meant:
        return FAILED
    return COULD_NOT if Outcome.ERRORED in outcomes else PASSED
