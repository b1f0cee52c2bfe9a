"""What a run takes from an earlier one: the same inputs are a hit, others are a miss, and no hit lies."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept_subjects import aged, forget_passing_modules, lay_out, suite

import modelqa
from modelqa import Outcome, SuiteResult
from modelqa.cache.store import Cache, folder
from modelqa.run.keys import hashed
from modelqa.run.opened import Opened, Settings
from modelqa.testing import FakeModel, make_batch

LOGGED: dict[str, Any] = {"model": None, "champion": None, "reference": None, "predictions": "signal"}
"""A subject without a model: its predictions stand in the batch."""
MISSING = {"drift": ["signal"], "max": 9}


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of all parts."""
    root = tmp_path_factory.mktemp("recalled")
    lay_out(root)
    return root


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_passing_modules(monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A batch and nothing else."""
    write(tmp_path, make_batch(200))
    return tmp_path


def write(root: Path, rows: pd.DataFrame) -> None:
    """Write the batch anew, an hour ago."""
    rows.to_parquet(root / "batch.parquet")
    aged(root / "batch.parquet")


def rows_only(root: Path, *checks: dict[str, Any], **keys: Any) -> SuiteResult:
    """Run checks of the rows alone, with the cache."""
    return suite(list(checks), **{**LOGGED, "predictions": None, "labels": None, **keys}).run(
        root=root, cache=True
    )


def hits(result: SuiteResult) -> list[bool]:
    """Which checks came from the cache."""
    return [check.cached for check in result.checks]


CONTRACT: dict[str, Any] = {"schema": {"signal": {"type": "float", "min": -99}}}


@modelqa.check(cached=True)
def spread(ctx: modelqa.Context, column: str, *, times: float = 1.0) -> Iterator[modelqa.Measurement]:
    """The spread of a column: a check of one's own that declares that it depends on its inputs alone."""
    values = ctx.batch.column(column).values
    yield modelqa.Measurement("spread", modelqa.Estimate.fact(float(np.std(values)) * times, n=len(values)))


@modelqa.check
def undeclared(ctx: modelqa.Context, column: str) -> Iterator[modelqa.Measurement]:
    """The same without saying so."""
    yield from spread(ctx, column)


@modelqa.check(cached=True)
def timed(ctx: modelqa.Context) -> Iterator[modelqa.Measurement]:
    """A check that declares what is not so: it asks the clock."""
    yield modelqa.Measurement("time", modelqa.Estimate.fact(ctx.clock(), n=1))


@modelqa.check(cached=True)
def elsewhere(ctx: modelqa.Context, what: str) -> Iterator[modelqa.Measurement]:
    """A check that declares what is not so: it reads what no key holds."""
    ask = {
        "rows": lambda: ctx.rows("other.parquet").rows,
        "path": lambda: ctx.path("other.parquet").stat().st_size,
        "now": ctx.now,
        "tags": lambda: len(ctx.tags),
    }
    yield modelqa.Measurement("elsewhere", modelqa.Estimate.fact(ask[what](), n=1))


@modelqa.check(cached=True)
def easily_content(ctx: modelqa.Context) -> Iterator[modelqa.Measurement]:
    """A check that asks how near its bound is."""
    found = modelqa.Estimate(0.5, low=0.4, high=0.6, n=9)
    yield modelqa.Measurement("content", modelqa.Estimate.fact(float(ctx.settled(found)), n=1))


SPREAD, UNDECLARED = f"{__name__}:spread", f"{__name__}:undeclared"
ELSEWHERE = f"{__name__}:elsewhere"
TIMED, CONTENT = f"{__name__}:timed", f"{__name__}:easily_content"


def test_a_second_run_measures_nothing(subject: Path) -> None:
    """Model not loaded, no column read: in a new process neither library is there to do it."""
    (subject / "pytest.toml").write_text("[pytest]\n")
    (subject / "warm.suite.yaml").write_text(
        "suite: warm\nmodel: model\nbatch: batch.parquet\nreference: reference.parquet\nlabels: label\n"
        "checks:\n  - {metric: accuracy, min: 0.1}\n  - {errors: rate, max: 0.5}\n"
        "  - {drift: [signal], max: 9}\n  - {schema: signature}\n"
    )
    script = (
        "import sys, modelqa.cli\nsys.argv = ['modelqa', 'run', 'warm.suite.yaml']\n"
        "try:\n    modelqa.cli.main()\nexcept SystemExit as ended:\n    assert not ended.code, ended\n"
        "known = ('sklearn', 'pyarrow.parquet', 'mlflow', 'modelqa.run.across')\n"
        "print('LOADED', *(name for name in known if name in sys.modules))"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=subject,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert "LOADED sklearn pyarrow.parquet mlflow" in said[0]
    assert said[1].rstrip().endswith("LOADED"), said[1]
    assert "4 of 4 checks from the cache" in said[1]
    without = [line for line in said[1].splitlines() if "cache" not in line and "LOADED" not in line]
    assert without == [line for line in said[0].splitlines() if "LOADED" not in line]


def test_another_bound_is_another_measurement(root: Path) -> None:
    """Red where it was green, and measured again: evidence over time depends on the bound."""
    green = rows_only(root, {SPREAD: "signal", "max": 99})
    red = rows_only(root, {SPREAD: "signal", "max": 0.001})
    assert (green.outcome, hits(green)) == (Outcome.PASSED, [False])
    assert (red.outcome, hits(red)) == (Outcome.FAILED, [False])


def test_what_a_check_does_not_declare_is_not_kept(root: Path) -> None:
    """Nor what it declares wrongly: the clock and the way to the bound are seen to be asked."""
    for check in ({UNDECLARED: "signal", "max": 99}, {TIMED: True, "max": 1e99}, {CONTENT: True, "max": 2}):
        assert [hits(rows_only(root, check)) for _ in range(3)] == [[False]] * 3


@pytest.mark.parametrize("what", ["rows", "path", "now", "tags"])
def test_what_a_key_does_not_hold_is_read_anew(root: Path, what: str) -> None:
    """Another table, another file, the time, what is said of a model: whatever the check declares."""
    make_batch(30).to_parquet(root / "other.parquet")
    first = rows_only(root, {ELSEWHERE: what, "min": 0})
    make_batch(60).to_parquet(root / "other.parquet")
    again = rows_only(root, {ELSEWHERE: what, "min": 0})
    assert (first.outcome, hits(again)) == (Outcome.PASSED, [False])
    values = [each.checks[0].verdicts[0].measurement.estimate.value for each in (first, again)]
    assert what not in ("rows", "path") or values[0] < values[1]


def test_another_table_of_a_check_is_no_part_of_the_subject(root: Path) -> None:
    """It is read with a cache as without one."""
    reviews = pd.DataFrame({"id": make_batch(200)["id"].head(60), "verdict": "ok"})
    reviews.to_csv(root / "reviews.csv", index=False)
    check = {"feedback": "approval_rate", "table": "reviews.csv", "on": "id", "min": "90%"}
    ran = [rows_only(root, check) for _ in range(2)]
    assert [(each.outcome, hits(each)) for each in ran] == [(Outcome.PASSED, [False])] * 2
    reviews.assign(verdict="reject").to_csv(root / "reviews.csv", index=False)
    assert rows_only(root, check).outcome is Outcome.FAILED


def test_a_check_that_errors_is_tried_again(root: Path) -> None:
    """Only what was measured is kept."""
    broken = {SPREAD: "nowhere", "max": 9}
    for _ in range(2):
        result = rows_only(root, broken)
        assert (result.outcome, hits(result)) == (Outcome.ERRORED, [False])


def test_rows_and_models_in_memory_are_not_kept(root: Path) -> None:
    """No digest tells all of an object."""
    memory = {"batch": make_batch(200)}
    assert [hits(rows_only(root, CONTRACT, **memory)) for _ in range(2)] == [[False]] * 2
    score = {"metric": "accuracy", "min": 0.1}
    keys = {"model": FakeModel(), "champion": None, "reference": None}
    runs = [suite([score], **keys).run(root=root, cache=True) for _ in range(2)]
    assert [hits(run) for run in runs] == [[False]] * 2


def test_without_being_asked_python_keeps_nothing(root: Path) -> None:
    """`Suite.run()` leaves the folder alone."""
    keys = {**LOGGED, "predictions": None, "labels": None}
    suite([CONTRACT], **keys).run(root=root)
    assert not (root / ".modelqa").exists()


def test_rows_that_change_while_they_are_judged_are_not_kept(root: Path) -> None:
    """The digest is of the rows before, the measurement perhaps of those after."""
    made = suite([{SPREAD: "signal", "max": 99}], **{**LOGGED, "predictions": None, "labels": None})
    opened = Opened(made, Settings(root=root, cache=Cache(folder(root))))
    hashed(opened, "batch")
    write(root, make_batch(200, seed=5))
    (planned,) = modelqa.plan(made).checks
    from modelqa.run.execute import execute

    assert execute(planned, opened).outcome is Outcome.PASSED
    assert Cache(folder(root)).held().entries == 0


def test_a_table_is_hashed_before_it_is_read(root: Path) -> None:
    """Also where a check that is never kept asks for it first."""
    checks: list[dict[str, Any]] = [{UNDECLARED: "signal", "max": 99}, {SPREAD: "signal", "max": 99}]
    made = suite(checks, **{**LOGGED, "predictions": None, "labels": None})
    opened = Opened(made, Settings(root=root, cache=Cache(folder(root))))
    first, second = modelqa.plan(made).checks
    from modelqa.run.execute import execute

    execute(first, opened)
    write(root, make_batch(200, seed=5))
    execute(second, opened)
    assert Cache(folder(root)).held().entries == 0


def test_a_damaged_entry_is_measured_again(root: Path) -> None:
    """Whatever is in the folder, the result is the same."""
    first = rows_only(root, CONTRACT)
    for path in folder(root).rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-7] + b"garbage")
    second = rows_only(root, CONTRACT)
    assert hits(second) == [False]
    assert second.checks[0].verdicts == first.checks[0].verdicts
    assert hits(rows_only(root, CONTRACT)) == [True]


def test_runs_side_by_side_agree(root: Path) -> None:
    """Eight at once over one folder: each result is the one there is."""
    rows_only(root, CONTRACT)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: rows_only(root, {SPREAD: "signal", "max": 99}), range(8)))
    assert len({result.checks[0].verdicts for result in found}) == 1


def test_predictions_are_kept_for_other_checks(subject: Path) -> None:
    """A new check of the same model and rows is measured on what the model said before."""
    root, keys = subject, {"champion": None, "reference": None, "name": "said"}
    suite([{"metric": "accuracy", "min": 0.1}], **keys).run(root=root, cache=True)
    made = suite([{"metric": "log_loss", "max": 9}, {"metric": "f1", "min": 0.1}], **keys)
    opened = Opened(made, Settings(root=root, cache=Cache(folder(root))))
    from modelqa.run.execute import execute

    results = [execute(planned, opened) for planned in modelqa.plan(made).checks]
    assert [(result.outcome, result.cached) for result in results] == [(Outcome.PASSED, False)] * 2
    assert ("model", "model") not in opened._known, "the model was loaded"
    fresh = made.run(root=root)
    assert [check.verdicts for check in fresh.checks] == [result.verdicts for result in results]


COLUMNS = st.sampled_from(["signal", "amount"])
CHECKS = st.fixed_dictionaries(
    {SPREAD: COLUMNS, "max": st.sampled_from([0.5, 1.0, 99])},
    optional={"times": st.sampled_from([1, 1.0, 2.0]), "name": st.sampled_from(["a", "b"])},
)
SUITES = st.fixed_dictionaries(
    {"name": st.sampled_from(["s", "t"])},
    optional={
        "confidence": st.sampled_from([0.9, 0.99]),
        "false_alarms": st.sampled_from([0.01, 0.02]),
        "key": st.sampled_from(["id", "region"]),
        "slices": st.sampled_from([["region"], [{"name": "region", "where": "amount > 3"}]]),
        "group": st.just("region"),
        "engine": st.sampled_from(["memory", "duckdb"]),
    },
)
ROWS = st.tuples(st.integers(3, 6), st.integers(0, 2))
Ran = tuple[dict[str, Any], dict[str, Any], tuple[int, int]]


@given(runs=st.lists(st.tuples(CHECKS, SUITES, ROWS), min_size=2, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_hit_is_what_a_fresh_run_finds(runs: list[Ran], tmp_path: Path) -> None:
    """Whatever ran before: a run is a hit if and only if one with its inputs was, and says the same."""
    Cache(folder(tmp_path)).clear()
    seen: set[str] = set()
    for check, keys, (count, seed) in [*runs, runs[0]]:
        write(tmp_path, make_batch(count, seed=seed))
        made = suite([check], **{**LOGGED, "predictions": None, "labels": None, **keys})
        known, fresh = made.run(root=tmp_path, cache=True).checks[0], made.run(root=tmp_path).checks[0]
        assert known.verdicts == fresh.verdicts
        numbers = {key: float(check[key]) for key in ("max", "times") if key in check}
        inputs = repr((sorted((check | numbers).items()), sorted(keys.items(), key=str), count, seed))
        if known.cached:
            assert same_inputs(inputs) in seen
        else:
            assert inputs not in seen
        seen |= {inputs, same_inputs(inputs)}


def same_inputs(inputs: str) -> str:
    """Inputs as they are told apart: a default that is written is the default."""
    return inputs.replace("('false_alarms', 0.01), ", "").replace("('false_alarms', 0.01)", "")


def test_a_module_of_one_s_own_that_changes_is_measured_again(tmp_path: Path) -> None:
    """A helper of a check counts as the check does."""
    write(tmp_path, make_batch(50))
    (tmp_path / "pytest.toml").write_text("[pytest]\n")
    (tmp_path / "quality_of_mine.py").write_text(
        "import modelqa\nfrom helper_of_mine import value\n\n"
        "@modelqa.check(cached=True)\ndef fixed(ctx):\n    '''A number.'''\n"
        "    yield modelqa.Measurement('fixed', modelqa.Estimate.fact(value, n=1))\n"
    )
    (tmp_path / "own.suite.yaml").write_text(
        "suite: own\nbatch: batch.parquet\nchecks:\n  - quality_of_mine:fixed: true\n    max: 1.5\n"
    )

    def run(value: float) -> str:
        (tmp_path / "helper_of_mine.py").write_text(f"value = {value}\n")
        for path in tmp_path.glob("*.py"):
            aged(path, 3600 - value)
        command = [sys.executable, "-m", "modelqa", "run", "own.suite.yaml"]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False, env=environ
        ).stdout

    assert "cache" not in run(1.0)
    assert "1 of 1 checks from the cache" in run(1.0)
    changed = run(2.0)
    assert "cache" not in changed
    assert "FAILED" in changed
