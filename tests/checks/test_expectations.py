"""`expect`: what a suite may write, what a result tells, and what it keeps to itself."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from modelqa import Suite, SuiteError, load
from modelqa.checks import expectations
from modelqa.checks.expectation_names import EXPECTATIONS, NAMES, find
from modelqa.core import extras
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult
from modelqa.testing import make_batch, run_check

HEAD = "suite: s\nbatch: b.parquet\nchecks:\n"
MARK = "»"


def ask(name: str, rows: dict[str, Any] | pd.DataFrame, **keys: Any) -> CheckResult:
    """The result of one expectation on some rows and nothing else."""
    batch = pd.DataFrame(rows)
    nothing = dict.fromkeys(("model", "champion", "reference", "labels", "key"))
    return run_check("expect", name, subject={**nothing, "batch": batch}, **keys)


UNIQUE = "column_values_to_be_unique\n    column: a\n    "
MAX = "column_max_to_be_between\n    column: a\n    "
WRONG = [
    ("»column_values_to_be_betwen", "(did you mean 'column_values_to_be_between'?)"),
    ("»ExpectColumnValuesToBeUnique", "(did you mean 'column_values_to_be_unique'?)"),
    ("»zzz", "names are those of Great Expectations 1.x"),
    ("»column_values_to_be_unique", "needs the argument 'column': a column"),
    ("column_values_to_be_unique\n    column: »7", "expected a column, found 7"),
    ("column_values_to_be_unique\n    column: »''", "expected a column, found an empty text"),
    ("column_values_to_be_unique\n    »column:", "expected a column, found nothing"),
    (UNIQUE + "mosty: »1", "column_values_to_be_unique has no argument 'mosty' (did you mean 'mostly'?)"),
    ("table_row_count_to_equal\n    value: 1\n    x: »1", "no argument 'x'; it takes value"),
    (UNIQUE + "mostly: »99%", "expected a share from 0 to 1, found '99%'"),
    (UNIQUE + "mostly: »1.5", "expected a share from 0 to 1, found 1.5"),
    ("»column_values_to_be_between\n    column: a", "needs min_value, max_value or both"),
    ("»column_mean_to_be_between\n    column: a", "needs min_value, max_value or both"),
    (MAX + "min_value: »3\n    max_value: 2", "min_value 3 is above max_value 2"),
    (MAX + "min_value: »2026-02-01\n    max_value: 2026-01-31", "min_value 2026-02-01 is above max_value"),
    (MAX + "min_value: »'7'", "expected a number or an ISO date, found '7'; write it without quotes"),
    ("table_row_count_to_equal\n    value: »1.5", "expected a whole number, found 1.5"),
    ("column_values_to_be_in_set\n    column: a\n    value_set: »[]", "found an empty list"),
    ("column_values_to_be_in_set\n    column: a\n    value_set: »a", "expected a list of values, found 'a'"),
    ("column_values_to_match_regex\n    column: a\n    regex: »'('", "expected a regular expression"),
    (
        "column_values_to_match_strftime_format\n    column: a\n    strftime_format: »'%Q%'",
        "expected a format of dates such as %Y-%m-%d",
    ),
    ("compound_columns_to_be_unique\n    column_list: »[a]", "expected a list of at least two columns"),
    ("compound_columns_to_be_unique\n    column_list: »[a, a]", "each once"),
    (
        "column_quantile_values_to_be_between\n    column: a\n"
        "    quantile_ranges: »{quantiles: [0.5], value_ranges: [[2, 1]]}",
        "expected as many quantiles from 0 to 1 as ranges",
    ),
    (
        "column_values_to_not_be_outliers\n    column: a\n    method: »mad",
        "expected one of iqr, std, found 'mad'",
    ),
    (UNIQUE + "strictly: »true", "has no argument 'strictly'"),
    (UNIQUE + "row_condition: »a > 1", "row_condition cannot be set: write the condition as `where:`"),
    (UNIQUE + "result_format: »COMPLETE", "`show_values: true`"),
    (UNIQUE + "expectation: »b", "no argument 'expectation'"),
    (UNIQUE + "ctx: »b", "no argument 'ctx'"),
    (UNIQUE + "severity: »fatal", "expected 'critical' or 'warning' or 'info', found 'fatal'"),
    (UNIQUE + "show_values: »1", "expected true or false, found 1"),
    (UNIQUE + "where: b <»< 1", "where: expected a number"),
    (UNIQUE + "where: »7", "expected a text, found 7"),
    ("column_to_exist\n    column: a\n    where: »b < 1", "is asked of the whole table: leave out where"),
    ("»unexpected_rows_expectation", "runs on SQL only"),
    ("»column_values_to_match_like_pattern", "use column_values_to_match_regex"),
    (UNIQUE + "»min: 1", "leave out min"),
    (UNIQUE + "»warn_max: 1", "leave out warn_max"),
]


@pytest.mark.parametrize(("marked", "message"), WRONG, ids=range(len(WRONG)))
def test_a_mistake_is_told_at_collection_with_its_place(marked: str, message: str, tmp_path: Path) -> None:
    """Names, arguments and values are checked before anything is opened, with line and column."""
    text = f"{HEAD}  - expect: {marked}\n"
    before = text[: text.index(MARK)]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    path = tmp_path / "a.suite.yaml"
    path.write_text(text.replace(MARK, ""), encoding="utf-8")
    with pytest.raises(SuiteError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message


def test_a_suite_is_collected_without_the_library(tmp_path: Path) -> None:
    """Neither a right suite nor a wrong one costs its import."""
    (tmp_path / "a.suite.yaml").write_text(HEAD + "  - expect: column_values_to_be_unique\n    column: a\n")
    (tmp_path / "b.suite.yaml").write_text(HEAD + "  - expect: column_values_to_be_uniqe\n    column: a\n")
    code = (
        "import sys, modelqa\nmodelqa.load('a.suite.yaml')\n"
        "try:\n    modelqa.load('b.suite.yaml')\nexcept modelqa.SuiteError:\n    pass\n"
        "sys.exit('great_expectations' in sys.modules or 'pandas' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=120, check=False).returncode == 0
    )


def test_the_prefix_may_be_left_out() -> None:
    """Both spellings find the same expectation, whatever it is called."""
    assert all(find(name) is find(name.removeprefix("expect_")) for name in NAMES)
    assert {find(name).name for name in NAMES} == {name for name, one in EXPECTATIONS.items() if not one.sql}


@pytest.mark.parametrize(
    ("keys", "id_"),
    [
        ({"expect": "column_values_to_be_unique", "column": "age"}, "expect-column_values_to_be_unique-age"),
        ({"expect": "expect_column_to_exist", "column": "age"}, "expect-column_to_exist-age"),
        (
            {"expect": "column_pair_values_to_be_equal", "column_A": "a", "column_B": "b", "mostly": 0.5},
            "expect-column_pair_values_to_be_equal-a-b",
        ),
        (
            {"expect": "compound_columns_to_be_unique", "column_list": ["a", "b", "c"]},
            "expect-compound_columns_to_be_unique-a-b-c",
        ),
        ({"expect": "table_row_count_to_equal", "value": 3}, "expect-table_row_count_to_equal"),
    ],
)
def test_an_id_names_the_columns_and_never_the_bound(keys: dict[str, Any], id_: str) -> None:
    """So the same expectation of two columns is two checks."""
    assert Suite("s", batch="b.parquet", checks=[keys]).checks[0].id == id_


def test_what_is_unmet_is_counted() -> None:
    """Without `mostly` the values that do not meet it, of those that are there."""
    result = ask("column_values_to_be_between", {"a": [1, 5, 9, None]}, column="a", max_value=5)
    assert result.message == "column_values_to_be_between of a 1 > max 0 (n=3); 1 null"


def test_with_mostly_the_share_that_meets_it_is_judged() -> None:
    """The bound is `mostly`, the value the share among what is not null."""
    result = ask(
        "column_values_to_be_between", {"a": [1, 5, 9, 2, None]}, column="a", max_value=5, mostly=0.75
    )
    assert result.message == "column_values_to_be_between of a 75% >= min 75% (n=4); 1 null"


def test_an_aggregate_is_met_or_not_and_tells_what_it_is() -> None:
    """Means and counts are told, a maximum is a value of a row and is not."""
    mean = ask("column_mean_to_be_between", {"a": [1, 2, 6]}, column="a", max_value=2)
    assert mean.message == "column_mean_to_be_between of a 1 > max 0 (n=3); not met; observed 3"
    most = ask("column_max_to_be_between", {"a": [1, 2, 6]}, column="a", max_value=2)
    assert most.message == "column_max_to_be_between of a 1 > max 0 (n=3); not met"


def test_a_missing_column_is_red_and_named() -> None:
    """A fact about the batch, as in every other check; the library is not asked."""
    arguments = {"column_A": "a", "column_B": "b"}
    result = ask("column_pair_values_to_be_equal", {"b": [1]}, **arguments)
    (verdict,) = result.verdicts
    assert result.outcome is Outcome.FAILED
    assert (verdict.measurement.metric, verdict.measurement.column) == ("missing_column", "a")


def test_what_cannot_be_evaluated_is_errored_and_quotes_nothing(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the message nor a log holds the text of the library's error, which may quote rows."""
    with caplog.at_level(logging.DEBUG):
        result = ask("column_mean_to_be_between", {"a": ["SECRET", "b"]}, column="a", min_value=1)
    assert result.outcome is Outcome.ERRORED
    assert result.message == (
        "column_mean_to_be_between cannot be evaluated with column, min_value; 'a' holds text: TypeError "
        "(its text is not shown, since it may quote rows)"
    )
    assert not [record for record in caplog.records if record.name.startswith("great_expectations")]
    assert capfd.readouterr() == ("", "")


SECRETS = [
    ("column_values_to_be_in_set", {"column": "a", "value_set": ["x"]}),
    ("column_values_to_be_between", {"column": "a", "min_value": 1}),
    ("column_distinct_values_to_be_in_set", {"column": "a", "value_set": ["x"]}),
    ("column_distinct_values_to_equal_set", {"column": "a", "value_set": ["x"]}),
    ("column_distinct_values_to_contain_set", {"column": "a", "value_set": ["x"]}),
    ("column_most_common_value_to_be_in_set", {"column": "a", "value_set": ["x"]}),
    ("column_max_to_be_between", {"column": "a", "max_value": 1}),
    ("column_value_lengths_to_equal", {"column": "a", "value": 2}),
    ("column_values_to_be_json_parseable", {"column": "a"}),
    ("column_values_to_match_regex", {"column": "a", "regex": "^x"}),
    ("column_pair_values_to_be_equal", {"column_A": "a", "column_B": "b"}),
    ("multicolumn_values_to_be_equal", {"column_list": ["a", "b"]}),
    ("multicolumn_sum_to_equal", {"column_list": ["a", "b"], "sum_total": 1}),
    ("compound_columns_to_be_unique", {"column_list": ["a", "c"]}),
    (
        "column_kl_divergence_to_be_less_than",
        {"column": "a", "threshold": 0, "partition_object": {"values": ["x"], "weights": [1]}},
    ),
]


@pytest.mark.parametrize(("name", "arguments"), SECRETS, ids=[name for name, _ in SECRETS])
def test_values_of_rows_are_told_on_demand_only(name: str, arguments: dict[str, Any]) -> None:
    """Counts are all that a result holds, unless `show_values` asks for more."""
    rows = {"a": ["SECRET"] * 2, "b": ["SECRET2"] * 2, "c": ["SECRET"] * 2}
    result = ask(name, rows, **arguments)
    assert result.outcome in (Outcome.FAILED, Outcome.ERRORED)
    assert "SECRET" not in repr(result)


def test_offending_values_are_shown_once_each_and_capped() -> None:
    """At most twenty, and long ones cut."""
    rows = {"a": ["x" * 100, "again", "again", *map(str, range(30))]}
    result = ask("column_values_to_be_in_set", rows, column="a", value_set=["b"], show_values=True)
    told = result.message.partition("offending ")[2].split(", ")
    assert told[:3] == ["x" * 37 + "...", "again", "0"]
    assert len(told) <= 20
    most = ask("column_max_to_be_between", {"a": [1, 6]}, column="a", max_value=2, show_values=True)
    assert most.message.endswith("; not met; observed 6")


def test_where_asks_of_some_rows_only() -> None:
    """Rows that do not match count nowhere; null matches nothing."""
    rows = {"a": [1, 2, 3, 99], "b": [1, 1, None, 2]}
    result = ask("column_values_to_be_between", rows, column="a", max_value=1, where="b = 1")
    assert result.message == "column_values_to_be_between of a 1 > max 0 (n=2); where b = 1"
    assert ask("column_values_to_be_unique", rows, column="b", where="b > 1").outcome is Outcome.PASSED


def test_where_that_matches_no_row_is_never_green() -> None:
    """Nothing was looked at; only a number of rows may be none."""
    rows = {"a": [1, 2]}
    result = ask("column_values_to_be_between", rows, column="a", max_value=1, where="a > 5")
    assert (result.outcome, result.message) == (Outcome.ERRORED, "where: a > 5 matches none of 2 rows")
    assert ask("table_row_count_to_equal", rows, value=0, where="a > 5").outcome is Outcome.PASSED
    assert ask("table_row_count_to_equal", rows, value=0, where="a > 1").outcome is Outcome.FAILED


def test_where_of_a_column_that_is_missing_is_errored() -> None:
    """The message names it."""
    result = ask("column_values_to_be_unique", {"a": [1]}, column="a", where="b = 1")
    assert result.outcome is Outcome.ERRORED
    assert "no column 'b'" in result.message


def test_a_slice_and_a_condition_are_both_kept() -> None:
    """A condition chooses among the rows of the slice."""
    batch = make_batch(300)
    suite = Suite("s", batch=batch, slices=["region"], checks=[
        {"expect": "table_row_count_to_be_between", "min_value": 1, "where": "label = 1", "slices": "all",
         "show_values": True}])  # fmt: skip
    shown = {v.measurement.slice: v.measurement.note for v in suite.run().checks[0].verdicts}
    for region, rows in batch[batch.label == 1].groupby("region"):
        assert f"observed {len(rows)};" in shown[f"region={region}"]


def test_severity_is_a_label() -> None:
    """It is repeated, and no verdict is another."""
    keys: dict[str, Any] = {"column": "a", "max_value": 1}
    results = [ask("column_max_to_be_between", {"a": [2]}, severity=s, **keys) for s in ("critical", "info")]
    assert [result.outcome for result in results] == [Outcome.FAILED] * 2
    assert [result.message.endswith("; severity info") for result in results] == [False, True]


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
@pytest.mark.parametrize(
    "limit", ["2026-01-02", "2026-01-02T00:00:00Z", date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)]
)
@pytest.mark.parametrize("name", ["column_values_to_be_between", "column_max_to_be_between"])
def test_a_date_bounds_a_column_of_times(name: str, limit: Any, zone: str | None) -> None:
    """As text or as a date, with a zone or without one (then it is UTC)."""
    days = pd.date_range("2026-01-01", periods=2, tz="UTC")
    column = days.tz_localize(None) if zone is None else days.tz_convert(zone)
    for key, outcome in (("max_value", Outcome.PASSED), ("min_value", Outcome.FAILED)):
        keys = {key: limit, f"strict_{key[:3]}": key == "min_value"}
        assert ask(name, {"a": column}, column="a", **keys).outcome is outcome


def test_nothing_is_written_printed_or_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No file, no progress bar, no data source, no report home; a context of the host stays its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    factory = extras.load("great_expectations.data_context.data_context.context_factory")
    own = extras.load("great_expectations").get_context(mode="ephemeral")
    level = logging.getLogger("great_expectations").level
    expectations._context.cache_clear()
    assert ask("column_values_to_be_unique", {"a": [1]}, column="a").outcome is Outcome.PASSED
    assert factory.project_manager.get_current_project() is own
    assert not own.data_sources.all()
    assert not expectations._context().data_sources.all()
    assert expectations._context().variables.analytics_enabled is False
    assert logging.getLogger("great_expectations").level == level
    ours = {"modelqa-machine.lock"}
    assert {path.name for path in tmp_path.iterdir()} <= ours
    assert capfd.readouterr() == ("", "")


def test_threads_do_not_mix_their_frames() -> None:
    """Each result is of its own rows."""

    def bad(rows: int) -> float:
        frame = {"a": [-1] * rows + [1]}
        result = ask("column_values_to_be_between", frame, column="a", min_value=0)
        return result.verdicts[0].measurement.estimate.value

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(bad, range(1, 13))) == list(range(1, 13))
