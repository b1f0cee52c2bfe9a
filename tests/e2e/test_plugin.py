"""The plugin as a user meets it: a suite file, pytest, and what comes out."""

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tiny_project import SUITE as GREEN
from tiny_project import lay_out

from modelqa.core.extras import load

Write = Callable[..., Path]
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, a batch of 600 rows, and a smaller one of 40."""
    lay_out(pytester.path)
    (pytester.path / "pytest.ini").write_text("[pytest]\n")
    pytester.syspathinsert()
    monkeypatch.setenv("COLUMNS", "200")
    return pytester.path


@pytest.fixture
def suite(project: Path) -> Write:
    """Write a suite file, by default the green one."""

    def write(text: str = GREEN, name: str = "tiny") -> Path:
        path = project / f"{name}.suite.yaml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def run(pytester: pytest.Pytester, project: Path) -> Run:
    """Run pytest in the project, without the plugins that a test asks for itself."""

    def run_(*arguments: str) -> pytest.RunResult:
        quiet = (
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "--strict-config",
            "--strict-markers",
            "-W",
            "error",
        )
        return pytester.runpytest_inprocess(*quiet, *arguments)

    return run_


def checks(folder: Path, name: str = "out.json") -> dict[str, str]:
    """The outcome of each check in a result file."""
    plain = json.loads((folder / name).read_text())
    return {check["id"]: check["outcome"] for check in plain["checks"]}


def test_a_check_is_an_item_with_a_stable_id(suite: Write, run: Run) -> None:
    """One item a check, named by what it checks."""
    suite()
    out = run("--collect-only", "-q").stdout
    out.fnmatch_lines(["tiny.suite.yaml::roc_auc", "tiny.suite.yaml::errors-rate"])


def test_a_green_suite_passes(suite: Write, run: Run) -> None:
    """Exit status 0, and one line that says what was judged."""
    suite()
    result = run()
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*modelqa*", "false alarms at most 1% a run*", "tiny: PASSED, 2 passed (*600 rows of batch.csv)"]
    )


def test_a_red_check_points_at_its_line(suite: Write, run: Run) -> None:
    """The failure names file and line of the check, the value with its interval, the bound and n."""
    suite(GREEN.replace("tiny_model:good", "tiny_model:blind"))
    result = run()
    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == 1
    result.stdout.re_match_lines(
        [
            r"FAILED tiny\.suite\.yaml::roc_auc - tiny\.suite\.yaml:6: "
            r"roc_auc 0\.500 \[.*\] < min 0\.80 \(n=600\)"
        ]
    )


def test_an_undecided_check_is_neither_passed_nor_failed(suite: Write, run: Run, project: Path) -> None:
    """It has a status word of its own, says how many rows would tell, and leaves the status at 0."""
    suite(GREEN.replace("min: 0.8", "min: 0.93").replace("batch.csv", "small.csv"))
    result = run("--modelqa-json", "out.json")
    assert result.ret == 0
    assert result.parseoutcomes() == {"inconclusive": 1, "passed": 1}
    result.stdout.fnmatch_lines(
        [
            "INCONCLUSIVE  roc_auc*min 0.93  40",
            "INCONCLUSIVE tiny.suite.yaml::roc_auc - roc_auc *(n=40): about * labelled rows would tell",
        ]
    )
    assert checks(project)["roc_auc"] == "inconclusive"


@pytest.mark.parametrize("how", ["option", "environment", "ini", "suite", "check"])
def test_undecided_can_be_made_to_fail(
    how: str, suite: Write, run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By option, environment, ini, suite or check; the outcome itself stays inconclusive."""
    text = GREEN.replace("min: 0.8", "min: 0.93").replace("batch.csv", "small.csv")
    arguments = ["--modelqa-json", "out.json"]
    if how == "option":
        arguments += ["--modelqa-inconclusive", "fail"]
    elif how == "environment":
        monkeypatch.setenv("MODELQA_INCONCLUSIVE", "fail")
    elif how == "ini":
        (project / "pytest.ini").write_text("[pytest]\nmodelqa_inconclusive = fail\n")
    elif how == "suite":
        text = text.replace("checks:", "inconclusive: fail\nchecks:")
    else:
        text = text.replace("min: 0.93", "min: 0.93\n    inconclusive: fail")
    suite(text)
    result = run(*arguments)
    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == 1
    assert checks(project)["roc_auc"] == "inconclusive"


def test_a_warned_check_has_a_word_of_its_own(suite: Write, run: Run) -> None:
    """Beyond a warn level the run stays green, and says so."""
    suite(GREEN.replace("min: 0.8", "min: 0.8\n    warn_min: 0.999"))
    result = run()
    assert result.ret == 0
    assert result.parseoutcomes() == {"warned": 1, "passed": 1}


def test_what_cannot_be_opened_is_an_error(suite: Write, run: Run, project: Path) -> None:
    """A missing batch is ERROR, not FAILED, for every check that needs it."""
    suite(GREEN.replace("batch.csv", "nowhere.csv"))
    result = run("--modelqa-json", "out.json")
    result.assert_outcomes(errors=2)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*ERROR at setup of tiny.suite.yaml::roc_auc*", "tiny.suite.yaml:6: *nowhere.csv*"]
    )
    assert "Traceback" not in result.stdout.str()
    assert set(checks(project).values()) == {"errored"}


def test_a_model_that_raises_is_an_error_without_its_text(suite: Write, run: Run) -> None:
    """The metric is ERROR; what the exception says of rows is not repeated; the error rate is red."""
    suite(GREEN.replace("tiny_model:good", "tiny_model:broken"))
    result = run()
    result.assert_outcomes(errors=1, failed=1)
    text = result.stdout.str()
    assert "ValueError" in text
    assert "4711" not in text


def test_a_broken_suite_is_a_collection_error(suite: Write, run: Run) -> None:
    """All problems at once, each with file, line and column; the run is interrupted."""
    suite(GREEN.replace("min: 0.8", "mim: 0.8").replace("max: 0.1%", "max: 40 ms"))
    result = run()
    assert result.ret == 2
    text = result.stdout.str()
    assert re.search(r"tiny\.suite\.yaml:7:5: .*'mim'.*did you mean 'min'", text)
    assert re.search(r"tiny\.suite\.yaml:10:10: ", text)


def test_a_need_that_the_suite_lacks_is_a_collection_error(suite: Write, run: Run) -> None:
    """Labels are missed at collection, at the line of the check that needs them."""
    suite(GREEN.replace("labels: y\n", ""))
    result = run()
    assert result.ret == 2
    result.stdout.re_match_lines([r".*tiny\.suite\.yaml:5:5: check roc_auc needs `labels:`.*"])


def test_checks_are_selected_as_tests_are(suite: Write, run: Run) -> None:
    """By id, by -k on names, kinds and tags, and by the mark."""
    suite()
    run("tiny.suite.yaml::roc_auc").assert_outcomes(passed=1)
    run("-k", "quality").assert_outcomes(passed=1)
    run("-k", "errors and not roc_auc").assert_outcomes(passed=1)
    run("-m", "modelqa").assert_outcomes(passed=2)
    run("-m", "not modelqa").assert_outcomes()


def test_the_share_of_the_alarm_budget_does_not_depend_on_the_selection(
    suite: Write, run: Run, project: Path
) -> None:
    """A check alone has the interval that it has among all."""
    suite(GREEN + "  - metric: accuracy\n    min: 0.5\n")
    run("--modelqa-json", "all.json")
    run("--modelqa-json", "one.json", "-k", "accuracy")
    both = [json.loads((project / name).read_text())["checks"] for name in ("all.json", "one.json")]
    assert both[0][2]["verdicts"] == both[1][0]["verdicts"]


def test_minus_x_and_lf_work(suite: Write, pytester: pytest.Pytester, project: Path) -> None:
    """The run stops at the first red one, and runs it again alone."""
    suite(GREEN.replace("tiny_model:good", "tiny_model:blind"))
    pytester.runpytest_inprocess("-x", "-p", "no:randomly").assert_outcomes(failed=1)
    suite(GREEN.replace("tiny_model:good", "tiny_model:blind"))
    pytester.runpytest_inprocess("--lf", "-p", "no:randomly").assert_outcomes(failed=1)


def test_junit_has_the_numbers_as_properties(suite: Write, run: Run, project: Path) -> None:
    """Suite, check, outcome, value, ends and rows, beside each test case."""
    suite()
    run("--junitxml", "out.xml")
    cases = ElementTree.parse(project / "out.xml").iter("testcase")  # noqa: S314 (our own file)
    found = {
        case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")} for case in cases
    }
    properties = found["roc_auc"]
    assert properties["modelqa.outcome"] == "passed"
    assert (
        float(properties["modelqa.low"])
        <= float(properties["modelqa.value"])
        <= float(properties["modelqa.high"])
    )
    assert (properties["modelqa.suite"], properties["modelqa.n"]) == ("tiny", "600")


def _without_times(path: Path) -> object:
    plain = json.loads(path.read_text())
    for check in plain["checks"]:
        del check["seconds"]
    del plain["started"]
    return plain


def test_workers_and_order_change_no_verdict(
    suite: Write, run: Run, pytester: pytest.Pytester, project: Path
) -> None:
    """The same result on one process, on two workers, and in a random order."""
    suite(GREEN + "  - metric: f1\n    min: 0.5\n  - metric: log_loss\n    max: 0.6\n")
    run("--modelqa-json", "one.json")
    alike = ("-p", "no:cacheprovider", "-W", "error")
    pytester.runpytest_subprocess(*alike, "-n", "2", "--dist", "loadfile", "--modelqa-json", "two.json")
    pytester.runpytest_subprocess(*alike, "--randomly-seed=7", "--modelqa-json", "mixed.json")
    one, two, mixed = (_without_times(project / f"{name}.json") for name in ("one", "two", "mixed"))
    assert one == two == mixed


def test_an_override_replaces_a_part_of_the_suite(suite: Write, run: Run, project: Path) -> None:
    """The option names what is judged instead."""
    suite()
    run("--modelqa-model", "tiny_model:blind").assert_outcomes(passed=1, failed=1)
    run("--modelqa-batch", "small.csv", "--modelqa-json", "out.json")
    plain = json.loads((project / "out.json").read_text())
    assert plain["subject"]["batch"]["rows"] == 40


def test_an_override_of_two_suites_says_which(suite: Write, run: Run) -> None:
    """With two suites a bare value is a usage error, and SUITE=VALUE works; an unknown SUITE does not."""
    suite()
    suite(GREEN.replace("suite: tiny", "suite: other"), "other")
    assert run("--modelqa-batch", "small.csv").ret == pytest.ExitCode.USAGE_ERROR
    assert run("--modelqa-batch", "nobody=small.csv").ret == pytest.ExitCode.USAGE_ERROR
    run("--modelqa-model", "other=tiny_model:blind").assert_outcomes(passed=3, failed=1)


def test_precedence_is_command_line_environment_ini_suite(
    suite: Write, run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step of the ladder wins over those below."""
    suite()

    def judged() -> str:
        run("--modelqa-json", "out.json", *arguments)
        return str(json.loads((project / "out.json").read_text())["subject"]["batch"]["rows"])

    for name, rows in (("ten", 10), ("twenty", 20), ("thirty", 30)):
        lines = (project / "batch.csv").read_text().splitlines()
        (project / f"{name}.csv").write_text("\n".join(lines[: rows + 1]) + "\n")
    arguments: list[str] = []
    assert judged() == "600"
    (project / "pytest.ini").write_text("[pytest]\nmodelqa_batch = ten.csv\n")
    assert judged() == "10"
    monkeypatch.setenv("MODELQA_BATCH", "twenty.csv")
    assert judged() == "20"
    arguments = ["--modelqa-batch", "thirty.csv"]
    assert judged() == "30"


def test_a_known_failure_is_expected_until_its_day(suite: Write, run: Run) -> None:
    """It is xfailed with its reason until then, and failed afterwards."""
    known = "min: 0.8\n    expect_failure: {{reason: labels are late, until: '{day}'}}"
    blind = GREEN.replace("tiny_model:good", "tiny_model:blind")
    suite(blind.replace("min: 0.8", known.format(day="2999-01-01")))
    run().assert_outcomes(passed=1, xfailed=1)
    suite(blind.replace("min: 0.8", known.format(day="2020-01-01")))
    run().assert_outcomes(passed=1, failed=1)


def test_without_the_plugin_nothing_is_collected(suite: Write, run: Run) -> None:
    """`-p no:modelqa` leaves no trace."""
    suite()
    assert run("-p", "no:modelqa").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_other_tests_are_left_alone(run: Run, project: Path) -> None:
    """Where no suite is collected, nothing is printed or changed."""
    (project / "test_other.py").write_text("def test_other(): pass\n")
    result = run()
    result.assert_outcomes(passed=1)
    assert "modelqa:" not in result.stdout.str().replace("plugins:", "")
    assert "= modelqa =" not in result.stdout.str()


def test_two_suites_make_a_list_of_results(suite: Write, run: Run, project: Path) -> None:
    """One suite is one object; several are a list of them."""
    suite()
    suite(GREEN.replace("suite: tiny", "suite: other"), "other")
    run("--modelqa-json", "deep/out.json")
    plain = json.loads((project / "deep" / "out.json").read_text())
    assert [result["suite"] for result in plain] == ["other", "tiny"]


def test_what_would_follow_is_said_and_not_done(suite: Write, run: Run) -> None:
    """Actions are inert: the summary says what they would do."""
    suite(GREEN + "actions:\n  - ticket: github\n    on: failed\n  - promote: champion\n    on: passed\n")
    out = run().stdout.str()
    assert re.search("would promote .*champion", out)
    assert "ticket" not in out


def test_a_ticket_is_opened_once_where_actions_may_act(
    suite: Write, run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by part of a suite; a green part is no clean batch."""
    monkeypatch.delenv("MODELQA_LEDGER", raising=False)
    text = GREEN.replace(":good", ":blind") + "actions:\n  - {ticket: local, on: failed, close_after: 1}\n"
    suite(text)
    for _ in range(2):
        assert "ticket (local #1) open: tiny: roc_auc not green" in run("--modelqa-act").stdout.str()
    suite(text.replace("min: 0.8", "min: 0.1"))
    assert "(local #1) open" in run("--modelqa-act", "-k", "errors").stdout.str()
    assert "(local #1) closed" in run("--modelqa-act").stdout.str()
    assert (project / ".modelqa" / "ledger.db").is_file()


def test_a_champion_that_is_not_there_is_skipped_if_the_suite_says_so(
    suite: Write, pytester: pytest.Pytester, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`champion_missing: skip` skips what compares; without it, it is an error."""
    store = f"sqlite:///{project}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        load("mlflow").MlflowClient(tracking_uri=store).search_experiments()  # makes an empty store
    text = GREEN.replace("labels: y", "labels: y\nchampion: models:/nobody@champion")
    text += "  - metric: accuracy\n    versus: champion\n    min: -1 pp\n"
    suite(text)
    # In a process of its own: MLflow's database library cannot be imported twice.
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=2, errors=1)
    suite(text.replace("labels: y", "labels: y\nchampion_missing: skip"))
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=2, skipped=1)


def test_in_github_actions_a_run_leaves_summary_annotations_and_outputs(
    suite: Write, run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The annotation stands on the check's line of the file as the repository knows it."""
    suite(GREEN.replace("tiny_model:good", "tiny_model:blind"))
    for name in ("SUMMARY", "OUTPUT"):
        monkeypatch.setenv(f"GITHUB_{'STEP_' if name == 'SUMMARY' else ''}{name}", str(project / name))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.parent))
    result = run("tiny.suite.yaml")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [f"::error file={project.name}/tiny.suite.yaml,line=6,title=failed roc_auc::roc_auc 0.500*"]
    )
    assert (project / "SUMMARY").read_text().startswith("## ❌ tiny: failed\n")
    assert "\nfailed\n" in (project / "OUTPUT").read_text()


def test_outside_of_github_actions_nothing_of_it_is_written(
    suite: Write, run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables alone, as a developer may have them, do nothing."""
    suite()
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "SUMMARY"))
    run("tiny.suite.yaml")
    assert not (project / "SUMMARY").exists()
