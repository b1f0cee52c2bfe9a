"""What a terminal shows."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from modelqa.core.bound import Bound, Outcome
from modelqa.core.estimate import Estimate
from modelqa.core.result import Budget, CheckResult, Measurement, SuiteResult, Verdict
from modelqa.core.subject import DataInfo, ModelInfo, SubjectInfo
from modelqa.reports.terminal import MOST_ROWS, details, render, visible, would

SUBJECT = SubjectInfo(
    model=ModelInfo("m", name="churn", version="7"), batch=DataInfo("b.parquet", rows=41203)
)


def check(id_: str, *estimates: Estimate, slices: tuple[str, ...] = (), reason: str = "") -> CheckResult:
    """A check with a minimum of 0.9 for each estimate."""
    names = [*slices, *[""] * len(estimates)]
    found = [Measurement("roc_auc", each, slice=name) for each, name in zip(estimates, names, strict=False)]
    verdicts = tuple(Verdict.of(each, Bound(min=0.9)) for each in found)
    outcome = Outcome.ERRORED if reason else Outcome.worst([verdict.outcome for verdict in verdicts])
    return CheckResult(
        id_, "metric", verdicts, outcome, seconds=1, where="churn.suite.yaml:14", reason=reason
    )


RED = Estimate(0.871, low=0.862, high=0.88, n=41203)
WORSE = Estimate(0.842, low=0.829, high=0.855, n=9120)
OPEN = Estimate(0.908, low=0.884, high=0.929, n=412)
GOOD = Estimate(0.95, low=0.94, high=0.96, n=41203)


def result(*checks: CheckResult) -> SuiteResult:
    """A run of churn."""
    return SuiteResult("churn", SUBJECT, checks, started="", digest="")


UNDECIDED = "roc_auc 0.908 [0.884, 0.929], min 0.90 (n=412): about 3,700 rows would tell"


def test_what_would_not_help_would_not_be_done() -> None:
    """A run without acting already says that bad rows are not learnt from."""
    action = {"does": "retrain the model (command)", "on": ["failed"], "retrain": "command"}
    red = check("rows", RED)
    rows = replace(red, kind="schema")
    assert would(result(rows), action).startswith("would not retrain the model (command): the cause is")
    assert would(result(red), action).startswith("would retrain the model")


def test_the_table_holds_what_is_not_green_worst_first() -> None:
    """Aligned columns: outcome, check, where, value with interval, bound, n; green checks are counted."""
    shown = render(
        result(
            check("fine", GOOD), check("undecided", OPEN), check("red", RED, WORSE, slices=("", "region=EU"))
        )
    )
    assert shown.splitlines() == [
        "              check      where      value                 bound     n",
        "FAILED        red                   0.871 [0.862, 0.880]  min 0.90  41,203",
        "FAILED                   region=EU  0.842 [0.829, 0.855]  min 0.90  9,120",
        "INCONCLUSIVE  undecided             0.908 [0.884, 0.929]  min 0.90  412",
        f"INCONCLUSIVE undecided - {UNDECIDED}",
        "churn: FAILED, 1 failed, 1 inconclusive, 1 passed (churn version 7, 41,203 rows of b.parquet)",
    ]


def test_a_green_run_is_one_line() -> None:
    """Nothing to look at, nothing to read."""
    assert render(result(check("fine", GOOD))).splitlines() == [
        "churn: PASSED, 1 passed (churn version 7, 41,203 rows of b.parquet)"
    ]


def test_a_run_says_what_chance_may_do_before_its_last_line() -> None:
    """The budget, each check's share, and the estimates that divide them further; none where nothing can."""
    levels = Budget(false_alarms=0.01, confidence=0.95, alpha=0.005, checks=2)
    slices = tuple(f"s={i}" for i in range(20))
    run = replace(result(check("fine", GOOD), check("cut", *[GOOD] * 20, slices=slices)), levels=levels)
    assert render(run).splitlines()[-2] == (
        "false alarms at most 1% a run: 0.5% for each of 2 checks (21 estimates); a green check is 95% sure"
    )
    one = replace(run, checks=run.checks[:1], levels=replace(levels, alpha=0.01, checks=1))
    assert render(one).splitlines()[0] == "false alarms at most 1% a run; a green check is 95% sure"
    assert len(render(replace(one, levels=replace(levels, checks=0))).splitlines()) == 1


def test_an_errored_check_says_why() -> None:
    """Its reason stands where the others have a value."""
    shown = render(result(check("broken", reason="the registry does not answer")))
    assert "ERRORED  broken  the registry does not answer" in shown


def test_many_slices_are_counted_not_listed() -> None:
    """A check with a hundred red slices takes a few lines."""
    many = check("red", *[RED] * 100, slices=tuple(f"s={i}" for i in range(100)))
    assert len(render(result(many)).splitlines()) == 1 + MOST_ROWS + 1 + 1
    assert details(many)[-1] == f"    and {99 - MOST_ROWS} more"


def test_details_give_the_whole_first_then_the_worst_slices() -> None:
    """The lines under a failure."""
    lines = details(check("red", RED, RED, WORSE, slices=("", "region=US", "region=EU")))
    assert lines == [
        "roc_auc 0.871 [0.862, 0.880] < min 0.90 (n=41,203)",
        "    worst slice region=EU: 0.842 [0.829, 0.855] (n=9,120)",
        "    slice region=US: 0.871 [0.862, 0.880] (n=41,203)",
    ]


def test_details_of_a_slice_alone_name_it() -> None:
    """Where the whole is green, the slice speaks for itself."""
    assert details(check("red", GOOD, WORSE, slices=("", "region=EU"))) == [
        "roc_auc in region=EU 0.842 [0.829, 0.855] < min 0.90 (n=9,120)"
    ]


hostile = st.text() | st.sampled_from(
    ["\n::error::x", "::add-mask::x", "\x1b[31m", "##[group]", "a\r\n::stop", "  ::warning::"]
)


@given(hostile)
def test_no_text_becomes_a_command_or_an_escape(text: str) -> None:
    """What a name holds stays one printable line that no runner takes for a command."""
    shown = visible(text)
    assert shown.isprintable() or "\u200b" in shown
    assert len(shown.splitlines()) <= 1
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown


@given(hostile)
def test_a_hostile_name_makes_no_line_of_its_own(name: str) -> None:
    """Check ids, slices and models from data cannot break the table."""
    one = check("red", RED, slices=(name,))
    assert len(render(result(one)).splitlines()) == 3
