"""`modelqa.parametrize`: the checks of a suite inside ordinary test functions, with fixtures."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_project import SUITE as GREEN
from tiny_project import lay_out

from modelqa.core.extras import load

SUITE = GREEN.replace("min: 0.8", "min: 0.9")
Run = Callable[..., pytest.RunResult]
Write = Callable[[str], Path]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a suite, its batch of 600 rows, a smaller one, and a folder of tests."""
    root = pytester.path
    lay_out(root)
    (root / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    (root / "suites").mkdir()
    (root / "suites" / "tiny.suite.yaml").write_text(SUITE)
    (root / "tests").mkdir()
    pytester.syspathinsert()
    monkeypatch.setenv("COLUMNS", "200")
    return root


@pytest.fixture
def write(project: Path) -> Write:
    """Write the one test file."""

    def write_(text: str) -> Path:
        path = project / "tests" / "test_quality.py"
        path.write_text(f"import pytest\nimport modelqa\nimport tiny_model\n\n{text}")
        return path

    return write_


@pytest.fixture
def run(pytester: pytest.Pytester, project: Path) -> Run:
    """Run pytest in the project."""

    def run_(*arguments: str) -> pytest.RunResult:
        # Hypothesis would be imported anew, and rewritten, at the end of each of these runs.
        without = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
        strictly = ("--strict-config", "--strict-markers", "-W", "error")
        return pytester.runpytest_inprocess(*without, *strictly, *arguments)

    return run_


PLAIN = '@modelqa.parametrize("suites/tiny.suite.yaml")\ndef test_quality(check):\n    check()\n'


def test_each_check_is_a_case(write: Write, run: Run) -> None:
    """Ids of cases are those of the checks, and tags go to -k."""
    write(PLAIN)
    names = [
        "tests/test_quality.py::test_quality[roc_auc]",
        "tests/test_quality.py::test_quality[errors-rate]",
    ]
    run("--collect-only", "-q").stdout.fnmatch_lines([name.replace("[", "[[]") for name in names])
    run("-k", "quality and roc_auc").assert_outcomes(passed=1, deselected=1)
    run("-m", "modelqa").assert_outcomes(passed=2)


def test_green_checks_pass_and_are_summed_up(write: Write, run: Run, project: Path) -> None:
    """The summary and the JSON know them as they know the items of suite files."""
    write(PLAIN)
    result = run("--modelqa-json", "out.json")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["tiny: PASSED, 2 passed (tiny_model:good, 600 rows of *)"])
    plain = json.loads((project / "out.json").read_text())
    assert [check["id"] for check in plain["checks"]] == ["roc_auc", "errors-rate"]


def test_a_call_returns_the_result_and_takes_what_fixtures_make(write: Write, run: Run) -> None:
    """Models, frames and names replace keys of the suite, in the decorator or in the call."""
    write("""
class Wrapped:
    classes_ = [0, 1]
    def predict_proba(self, frame):
        return tiny_model.good(frame)
    def predict(self, frame):
        return tiny_model.good(frame).argmax(axis=1)

@pytest.fixture
def retrained():
    return Wrapped()

@modelqa.parametrize("suites/tiny.suite.yaml", batch="small.csv", model=None)
def test_quality(check, retrained, request):
    result = check(model=retrained)
    assert result.id in request.node.name
    assert result.verdicts[0].measurement.estimate.n == 40
    assert check(model=retrained, batch="batch.csv").verdicts[0].measurement.estimate.n == 600
""")
    result = run("-k", "roc_auc")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*1 deselected, 1 inconclusive*"])


def test_red_fails_with_the_verdict_and_no_traceback_of_ours(write: Write, run: Run) -> None:
    """The message is the one of a suite file; the traceback ends at the test's own call."""
    write(PLAIN.replace("check()", "check(model=tiny_model.blind)"))
    result = run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            ">   *check(model=tiny_model.blind)",
            "E * modelqa.errors.CheckFailed: tiny.suite.yaml:6: roc_auc 0.500 * < min 0.90 (n=600)",
        ]
    )
    result.stdout.no_fnmatch_line("*python_tests.py*")


def test_undecided_is_a_status_of_its_own(write: Write, run: Run) -> None:
    """Not green under `warn`, red under `fail`, as for the items of a suite file."""
    write(
        '@modelqa.parametrize("suites/tiny.suite.yaml", batch="small.csv")\ndef test_q(check):\n    check()\n'
    )
    result = run("-k", "roc_auc", "-v")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*test_q?roc_auc? INCONCLUSIVE*"])
    failed = run("-k", "roc_auc", "--modelqa-inconclusive", "fail")
    failed.assert_outcomes(failed=1, deselected=1)
    failed.stdout.fnmatch_lines(["*undecided, and `inconclusive: fail` makes that a failure*"])


def test_what_cannot_be_measured_is_an_error_without_its_rows(write: Write, run: Run) -> None:
    """A model that raises, a batch that is not there: ERROR, and no text that may quote rows."""
    write(
        PLAIN.replace("check()", "check(model=tiny_model.broken)")
        + PLAIN.replace("test_quality", "test_gone").replace("check()", 'check(batch="gone.csv")')
    )
    result = run("-k", "roc_auc")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*CheckError: tiny.suite.yaml:6: ValueError*", "*CheckError*gone.csv*"])
    result.stdout.no_fnmatch_line("*4711*")
    result.stdout.fnmatch_lines(["*2 error*"])


def test_the_worst_of_several_calls_is_reported(write: Write, run: Run, project: Path) -> None:
    """A green call after an undecided one does not hide it."""
    write(PLAIN.replace("check()", 'check(batch="small.csv"); check()'))
    result = run("-k", "roc_auc", "-v")
    result.stdout.fnmatch_lines(["*test_quality?roc_auc? INCONCLUSIVE*"])


def test_a_test_that_never_calls_its_check_is_not_green(write: Write, run: Run) -> None:
    """Nothing is green that was not measured; a skip stays a skip."""
    write(
        PLAIN.replace("check()", "pass")
        + PLAIN.replace("test_quality", "test_later").replace("check()", 'pytest.skip("later")')
    )
    result = run("-k", "roc_auc")
    result.assert_outcomes(failed=1, skipped=1, deselected=2)
    result.stdout.fnmatch_lines(["roc_auc: the test never called check(), so nothing was measured"])


def test_a_known_failure_is_expected(write: Write, run: Run, project: Path) -> None:
    """`expect_failure` makes an xfail here too."""
    known = SUITE.replace("tags: [quality]", "expect_failure: {reason: known, until: 2999-12-31}")
    (project / "suites" / "tiny.suite.yaml").write_text(known)
    write(PLAIN.replace("check()", "check(model=tiny_model.blind)"))
    run().assert_outcomes(xfailed=1, passed=1)


def test_a_champion_that_is_not_there_yet_is_a_skip(
    write: Write, pytester: pytest.Pytester, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`champion_missing: skip` is pytest's skip."""
    store = f"sqlite:///{project}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        load("mlflow").MlflowClient(tracking_uri=store).search_experiments()  # makes an empty store
    text = SUITE.replace("checks:", "champion: models:/tiny@champion\nchampion_missing: skip\nchecks:")
    versus = "  - {metric: roc_auc, versus: champion, min: -1}\n"
    (project / "suites" / "tiny.suite.yaml").write_text(text + versus)
    write(PLAIN)
    # In a process of its own: MLflow's database library cannot be imported twice.
    pytester.runpytest_subprocess("-k", "champion").assert_outcomes(skipped=1, deselected=2)


def test_a_subject_is_opened_once(write: Write, run: Run, project: Path) -> None:
    """However many checks and functions judge it, a model is imported and scored once."""
    (project / "counting.py").write_text(
        "import tiny_model\ncalls = []\ndef model(frame):\n"
        "    calls.append(len(frame))\n    return tiny_model.good(frame)\n"
    )
    suite = '@modelqa.parametrize("suites/tiny.suite.yaml", model="counting:model")\n'
    write(
        f"{suite}def test_one(check):\n    check()\n\n{suite}def test_two(check):\n    check()\n\n"
        "def test_calls():\n    import counting\n    assert counting.calls == [600]\n"
    )
    run().assert_outcomes(passed=5)


def test_open_subjects_do_not_pile_up(write: Write, run: Run) -> None:
    """A fixture that makes a new model for each test leaves only a few of them open."""
    write("""
from modelqa import python_tests

@pytest.mark.parametrize("turn", range(8))
@modelqa.parametrize("suites/tiny.suite.yaml")
def test_quality(check, turn):
    check(model=lambda frame: tiny_model.good(frame))
    assert len(python_tests._OPEN) <= python_tests.MOST_OPEN
""")
    run().assert_outcomes(passed=16)


def test_paths_start_at_the_root_or_with_a_dot_at_the_test(write: Write, run: Run, project: Path) -> None:
    """The rule of the suite's own paths."""
    write(PLAIN.replace('"suites/', '"../suites/') + PLAIN.replace("test_quality", "test_other"))
    run().assert_outcomes(passed=4)


def test_a_suite_made_in_python_is_taken_too(write: Write, run: Run) -> None:
    """With frames and functions where a file has names; and on a class, for each of its tests."""
    write("""
import pandas as pd

suite = modelqa.Suite(
    "made", model=tiny_model.good, batch=pd.read_csv("batch.csv"), labels="y",
    checks=[modelqa.metric("roc_auc", min=0.9)],
)

@modelqa.parametrize(suite)
class TestMade:
    def test_quality(self, check):
        assert check().id == "roc_auc"

    def test_again(self, check):
        check(batch="small.csv")
""")
    result = run("-v")
    result.stdout.fnmatch_lines(["*test_quality?roc_auc? PASSED*", "*test_again?roc_auc? INCONCLUSIVE*"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PLAIN.replace("tiny.suite", "gone.suite"), "*suites/gone.suite.yaml:1:1: there is no such file"),
        (
            PLAIN.replace('yaml")', 'yaml", thresold=0.5)'),
            "*unknown key 'thresold' (did you mean 'threshold'?)",
        ),
        (PLAIN.replace('yaml")', 'yaml", checks=[])'), "*TypeError: parametrize: checks cannot be replaced*"),
        (PLAIN.replace("(check)", "()"), "*function uses no argument 'check'*"),
    ],
)
def test_what_is_wrong_is_an_error_of_collection(text: str, told: str, write: Write, run: Run) -> None:
    """Not a green run over nothing."""
    write(text)
    result = run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([told])


def test_checks_cannot_be_replaced_in_a_call(write: Write, run: Run) -> None:
    """They are what the cases were made of."""
    write(PLAIN.replace("check()", "check(checks=[])"))
    run("-k", "roc_auc").stdout.fnmatch_lines(["*TypeError: check(): checks cannot be replaced in a call*"])


def test_options_replace_parts_as_in_suite_files(write: Write, run: Run) -> None:
    """The command line comes before the decorator, and names a suite where there are two."""
    write(
        '@modelqa.parametrize("suites/tiny.suite.yaml", batch="gone.csv")\ndef test_q(check):\n    check()\n'
    )
    run("--modelqa-batch", "batch.csv").assert_outcomes(passed=2)
    run("--modelqa-batch", "tiny=batch.csv").assert_outcomes(passed=2)
    assert run("--modelqa-batch", "other=batch.csv").ret == pytest.ExitCode.USAGE_ERROR


def test_workers_change_nothing(write: Write, pytester: pytest.Pytester) -> None:
    """Results come back from workers as built-in types."""
    write(PLAIN)
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-n", "2")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["tiny: PASSED, 2 passed*"])


def test_tests_with_a_parameter_of_that_name_are_left_alone(write: Write, run: Run) -> None:
    """Somebody's own `check` is theirs."""
    write('@pytest.mark.parametrize("check", [1, 2])\ndef test_theirs(check):\n    assert check\n')
    result = run()
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*modelqa*passed*")
