"""Profiles and DuckDB in the place of tables that are held in memory: same counts, same verdicts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import modelqa
from modelqa.core.bound import Outcome
from modelqa.core.fact import Fact
from modelqa.core.profile_file import SUFFIX, dumps
from modelqa.engines import duckdb as engine
from modelqa.engines.duckdb import DuckDBTable
from modelqa.engines.memory import open_table
from modelqa.engines.opening import open_rows
from modelqa.errors import SubjectError
from modelqa.testing import FakeModel, make_batch

CHECKS = [
    {"drift": ["signal", "amount", "when", "region", "flag"], "max": 0.1},
    {"drift": ["signal", "amount"], "method": "ks", "max": 0.1},
    {"drift": ["signal", "region"], "method": "psi", "max": 0.1},
    {
        "schema": {
            "amount": {"type": "float", "min": 0, "nulls": "50%"},
            "region": {"in": ["APAC", "EU", "US"]},
        }
    },
]


def rows(count: int, seed: int, **moved: float) -> pd.DataFrame:
    """Every kind of column, some of them moved."""
    rng = np.random.default_rng(seed)
    frame = make_batch(count, seed=seed)
    frame["when"] = pd.Timestamp("1969-06-01") + pd.to_timedelta(rng.integers(0, 10**9, count), unit="s")
    frame["flag"] = rng.random(count) < 0.3
    for name, by in moved.items():
        frame[name] += by * frame[name].std()
    frame.loc[rng.random(count) < 0.1, "amount"] = np.nan
    frame.loc[rng.random(count) < 0.1, "region"] = None
    return frame


def verdicts(result: modelqa.SuiteResult) -> list[tuple[object, ...]]:
    """What was judged of which column, without the numbers."""
    return [
        (check.id, v.measurement.metric, v.measurement.column, v.outcome)
        for check in result.checks
        for v in check.verdicts
    ]


def judged(batch: object, reference: object, tmp_path: Path, **keys: object) -> modelqa.SuiteResult:
    """All checks; nothing of them may go wrong."""
    result = modelqa.Suite("s", batch=batch, reference=reference, checks=CHECKS, **keys).run(root=tmp_path)
    assert not [check.reason for check in result.checks if check.outcome is Outcome.ERRORED]
    return result


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A reference, an equal batch and a moved one, as parquet."""
    rows(20_000, 1).to_parquet(tmp_path / "reference.parquet")
    rows(6000, 2).to_parquet(tmp_path / "healthy.parquet")
    rows(6000, 3, signal=0.5, amount=-0.2).to_parquet(tmp_path / "moved.parquet")
    return tmp_path


@pytest.mark.parametrize("batch", ["healthy.parquet", "moved.parquet"])
def test_verdicts_of_duckdb_are_those_in_memory(files: Path, batch: str) -> None:
    """The same outcomes for the same rows, column by column, by every engine."""
    memory, duckdb = (
        verdicts(judged(batch, "reference.parquet", files, engine=name)) for name in ("memory", "duckdb")
    )
    assert memory == duckdb
    assert (Outcome.FAILED in {outcome for *_, outcome in memory}) is (batch == "moved.parquet")


@pytest.mark.parametrize("batch", ["healthy.parquet", "moved.parquet"])
def test_verdicts_of_profiles_are_those_of_rows(files: Path, batch: str) -> None:
    """A profile stands in for the reference, and for the batch."""
    like = open_table(files / "reference.parquet")
    made = like.profile(list(like.kinds))
    (files / f"reference{SUFFIX}").write_bytes(dumps(made))
    table = open_table(files / batch)
    (files / f"batch{SUFFIX}").write_bytes(dumps(table.profile(list(table.kinds), made.columns)))
    drift = CHECKS[:3]
    found = [
        verdicts(modelqa.Suite("s", batch=one, reference=other, checks=drift).run(root=files))
        for one, other in (
            (batch, "reference.parquet"),
            (batch, f"reference{SUFFIX}"),
            (f"batch{SUFFIX}", f"reference{SUFFIX}"),
            (f"batch{SUFFIX}", "reference.parquet"),
        )
    ]
    assert found[0]
    assert found[0] == found[1] == found[2] == found[3]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.one_of(st.none(), st.floats(width=64)), min_size=1, max_size=40),
    whole=st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=40),
    texts=st.lists(st.one_of(st.none(), st.sampled_from("ab"), st.text(max_size=3)), min_size=1, max_size=40),
)
def test_duckdb_counts_what_memory_counts(tmp_path: Path, numbers: list, whole: list, texts: list) -> None:
    """Any values: NaN, infinities, the largest whole numbers, any text; columns that differ in case only."""
    count = min(len(numbers), len(whole), len(texts))
    clean = [text and text.encode("utf-8", "replace").decode().replace("\0", "0") for text in texts]
    data = {"x": numbers, "X": whole, 'a "b"': clean, "n": [None] * len(texts)}
    table = pa.table({name: pa.array(values[:count]) for name, values in data.items()})
    parquet.write_table(table, tmp_path / "any.parquet")
    memory = open_table(tmp_path / "any.parquet")
    duckdb = DuckDBTable(memory, [tmp_path / "any.parquet"])
    names = list(memory.kinds)
    own = memory.profile(names)
    assert duckdb.profile(names, own.columns) == own
    assert duckdb.profile(names) == own


def test_duckdb_counts_every_type_of_time_and_number(tmp_path: Path) -> None:
    """Dates, zones, nanoseconds, small floats, decimals, categories, and what has no distance at all."""
    day = pd.date_range("1950-03-01", periods=500, freq="61h")
    columns = {
        "us": pa.array(day.to_numpy(), pa.timestamp("us")),
        "ns": pa.array(day.to_numpy(), pa.timestamp("ns")),
        "zone": pa.array(day.to_numpy(), pa.timestamp("ms", "Asia/Tokyo")),
        "date": pa.array(day.date),
        "small": pa.array(np.linspace(-3, 3, 500), pa.float32()),
        "money": pa.array([f"{number}.25" for number in range(500)]).cast(pa.decimal128(9, 2)),
        "plan": pa.array(["basic", "plus", None, "pro"] * 125).dictionary_encode(),
        "list": pa.array([[1], None] * 250),
    }
    parquet.write_table(pa.table(columns), tmp_path / "kinds.parquet")
    memory = open_table(tmp_path / "kinds.parquet")
    names = list(memory.kinds)
    assert DuckDBTable(memory, [tmp_path / "kinds.parquet"]).profile(names) == memory.profile(names)


def test_truth_values_are_counted_by_the_names_of_texts(tmp_path: Path) -> None:
    """A reference that wrote them as text has its own names for them."""
    pd.DataFrame({"f": [True, False, None] * 9}, dtype="boolean").to_parquet(tmp_path / "f.parquet")
    like = open_table({"f": ["True", "no"] * 9}).profile(["f"]).columns
    found = open_rows(tmp_path / "f.parquet", engine="duckdb").profile(["f"], like)
    assert found == open_table(tmp_path / "f.parquet").profile(["f"], like)


def test_names_of_files_and_folders_mean_nothing(tmp_path: Path) -> None:
    """No pattern is seen in a file's name, and no column in that of a folder."""
    folder = tmp_path / "x=5" / "day[1]*"
    folder.mkdir(parents=True)
    pd.DataFrame({"x": [1.0, 2.0, 3.0]}).to_parquet(folder / "a[b]?.parquet")
    found = open_rows(folder / "a[b]?.parquet", engine="duckdb").profile(["x"])
    assert found == open_table(folder / "a[b]?.parquet").profile(["x"])


def test_slices_of_what_duckdb_counts_are_rows(files: Path) -> None:
    """Their columns are read, for so many rows fit."""
    table = open_rows(files / "healthy.parquet", engine="duckdb")
    part = table.take(np.arange(50))
    assert not part.counted
    assert part.profile(["amount"]) == open_table(files / "healthy.parquet").take(np.arange(50)).profile(
        ["amount"]
    )


def test_several_files_are_one_table(tmp_path: Path) -> None:
    """Parts with whole and with real numbers, their columns in another order."""
    pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "x"]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"b": ["x", None], "a": [0.5, 9.0]}).to_parquet(tmp_path / "2.parquet")
    paths = (tmp_path / "1.parquet", tmp_path / "2.parquet")
    found = open_rows(paths, engine="duckdb").profile(["a", "b"], rare=True)
    assert found == open_table(paths).profile(["a", "b"], rare=True)


def test_edges_of_a_large_table_follow_a_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No quantile is asked of all rows; all are counted, and a second look finds the same."""
    monkeypatch.setattr(engine, "_SAMPLE", 5000)
    rng = np.random.default_rng(0)
    pd.DataFrame({"x": rng.normal(size=40_000)}).to_parquet(tmp_path / "x.parquet")
    one, two = (open_rows(tmp_path / "x.parquet", engine="duckdb").profile(["x"]) for _ in range(2))
    assert one == two
    assert sum(one.columns["x"].held.counts) == 40_000
    assert max(one.columns["x"].held.counts) < 40_000 / 100


def test_the_engine_is_chosen_by_size(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would not fit is counted by DuckDB, unless it is no parquet, or the suite wants it in memory."""
    path = files / "healthy.parquet"
    assert not open_rows(path).counted
    monkeypatch.setattr("modelqa.engines.opening.BUDGET", 100_000)
    assert open_rows(path).counted
    assert open_rows((path,)).counted
    assert not open_rows(path, engine="memory").counted
    assert not open_rows(rows(6000, 2)).counted


def test_what_is_no_parquet_cannot_be_counted_by_duckdb() -> None:
    """Asked for by name, and impossible: that is said."""
    with pytest.raises(SubjectError, match="reads parquet files"):
        open_rows({"x": [1.0]}, engine="duckdb")


def test_a_check_that_needs_too_many_rows_says_so(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it needs, what there is, and the way out; never by running out of memory."""
    monkeypatch.setattr(engine, "BUDGET", 60_000)
    checks = [{"metric": "accuracy", "min": 0.1}, {"drift": ["signal"], "max": 5}]
    suite = {"model": FakeModel(), "labels": "label", "engine": "duckdb", "reference": "reference.parquet"}
    result = modelqa.Suite("s", batch="healthy.parquet", checks=checks, **suite).run(root=files)
    by_kind = {check.kind: check for check in result.checks}
    assert by_kind["drift"].outcome is Outcome.PASSED
    monkeypatch.setattr(engine, "BUDGET", 6000)
    result = modelqa.Suite("s", batch="healthy.parquet", checks=checks, **suite).run(root=files)
    by_kind = {check.kind: check for check in result.checks}
    assert by_kind["metric"].outcome is Outcome.ERRORED
    assert "engine: memory" in by_kind["metric"].reason
    assert by_kind["drift"].outcome is Outcome.PASSED


def test_a_check_that_needs_rows_says_that_a_profile_has_none(files: Path) -> None:
    """A profile as the batch is good for drift of columns and for nothing else."""
    table = open_table(files / "healthy.parquet")
    (files / f"batch{SUFFIX}").write_bytes(dumps(table.profile(list(table.kinds))))
    checks = [*CHECKS[3:], {"metric": "accuracy", "min": 0.1}, {"drift": "labels", "max": 1}]
    result = modelqa.Suite(
        "s",
        batch=f"batch{SUFFIX}",
        reference="reference.parquet",
        model=FakeModel(),
        labels="label",
        checks=checks,
    ).run(root=files)
    for check in result.checks:
        assert check.outcome is Outcome.ERRORED
        assert "is a profile and holds no rows" in check.reason


def test_profiles_with_other_edges_are_no_pair(files: Path) -> None:
    """Each profile by its own edges: the check says how to make the second like the first."""
    for name in ("reference", "healthy"):
        table = open_table(files / f"{name}.parquet")
        (files / f"{name}{SUFFIX}").write_bytes(dumps(table.profile(["signal"])))
    check = {"drift": ["signal"], "max": 0.1}
    suite = modelqa.Suite("s", batch=f"healthy{SUFFIX}", reference=f"reference{SUFFIX}", checks=[check])
    result = suite.run(root=files).checks[0]
    assert result.outcome is Outcome.ERRORED
    assert "--edges-from" in result.reason


def test_missing_and_changed_columns_of_a_profile_are_red(files: Path) -> None:
    """As they are of rows."""
    table = open_table(files / "reference.parquet")
    (files / f"reference{SUFFIX}").write_bytes(dumps(table.profile(["signal", "region"])))
    batch = rows(500, 4).assign(region=1.5)
    check = {"drift": ["signal", "region", "amount"], "max": 5}
    result = modelqa.Suite("s", batch=batch, reference=f"reference{SUFFIX}", checks=[check]).run(root=files)
    red = {v.measurement.metric for v in result.checks[0].verdicts if v.outcome is Outcome.FAILED}
    assert red == {"changed_kind", "missing_column"}


def test_slices_drift_against_a_profile_too(files: Path) -> None:
    """The rows of a slice are counted by the reference's edges."""
    table = open_table(files / "reference.parquet")
    (files / f"reference{SUFFIX}").write_bytes(dumps(table.profile(["signal"])))
    check = {"drift": ["signal"], "max": 0.5, "slices": "all"}
    suite = modelqa.Suite(
        "s", batch=rows(3000, 5), reference=f"reference{SUFFIX}", slices=["flag"], checks=[check]
    )
    found = {v.measurement.slice for v in suite.run(root=files).checks[0].verdicts}
    assert found == {"", "flag=False", "flag=True"}


def facts(names: list[str], whole: list[int], words: list[str]) -> list[Fact]:
    """One of every rule for a column of each kind."""
    x, n, text, when, flag = names
    return [
        *(Fact(rule, (name,)) for name in names for rule in ("missing", "distinct")),
        *(Fact(rule, (x,), limit) for rule in ("below", "above") for limit in (-1, 0.5, 2**53 + 1)),
        *(Fact(rule, (n,), limit) for rule in ("below", "above") for limit in (*whole, 0.5)),
        *(Fact(rule, (when,), 86_400_000_000) for rule in ("below", "above")),
        Fact("outside", (x,), (0.0, 1.5)),
        Fact("outside", (n,), tuple(whole)),
        Fact("outside", (text,), tuple(words)),
        Fact("outside", (text,), ()),
        Fact("outside", (when,), (0, 86_400_000_001)),
        Fact("outside", (flag,), (True,)),
        *(Fact("unmatched", (text,), pattern) for pattern in ("a", "[ab]*", ".", "a|b$", r"\w\n?", "")),
        Fact("repeated", (x,)),
        Fact("repeated", (x, text, flag)),
        Fact("repeated", tuple(names)),
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.5, np.nan]), st.floats(width=64)),
            st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
            st.one_of(st.none(), st.text("ab\n", max_size=3), st.text(max_size=2)),
            st.one_of(st.none(), st.integers(-(10**15), 10**15), st.sampled_from([0, 86_400_000_001])),
            st.one_of(st.none(), st.booleans()),
        ),
        min_size=1,
        max_size=30,
    ),
    whole=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=3),
    words=st.lists(st.text("ab", max_size=2), max_size=3),
)
def test_duckdb_finds_the_facts_that_memory_finds(
    tmp_path: Path, rows: list[tuple], whole: list[int], words: list[str]
) -> None:
    """Every rule for every kind: limits between numbers, times, texts of several lines, NaN, nothing."""
    x, n, text, when, flag = (list(column) for column in zip(*rows, strict=True))
    clean = [one and one.encode("utf-8", "replace").decode().replace("\0", "0") for one in text]
    data = {
        "x": pa.array(x, pa.float64()),
        "X": pa.array(n, pa.int64()),
        'a "b"': pa.array(clean, pa.string()),
        "t": pa.array(when, pa.timestamp("us")),
        "f": pa.array(flag, pa.bool_()),
    }
    parquet.write_table(pa.table(data), tmp_path / "facts.parquet")
    memory = open_table(tmp_path / "facts.parquet")
    asked = facts(list(data), whole, words)
    assert DuckDBTable(memory, [tmp_path / "facts.parquet"]).count(asked) == memory.count(asked)


@pytest.mark.parametrize("rows", [[0.0, np.nan], [0.0, 1.0, np.nan, None], [np.nan]])
def test_a_nan_that_a_file_does_not_tell_of_is_missing(tmp_path: Path, rows: list[float]) -> None:
    """Parquet's minimum and maximum of a column do not say whether it holds one."""
    parquet.write_table(pa.table({"x": pa.array(rows, pa.float64())}), tmp_path / "nan.parquet")
    found = open_rows(tmp_path / "nan.parquet", engine="duckdb").profile(["x"]).columns["x"].nulls
    assert found == sum(row is None or np.isnan(row) for row in rows)


def test_a_contract_takes_duckdb_one_scan(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many columns and rules there are; no column is read into memory."""
    scans = []
    relation = engine._Frame.narwhals
    monkeypatch.setattr(
        engine._Frame, "narwhals", lambda self, **keys: scans.append(keys) or relation(self, **keys)
    )
    monkeypatch.setattr(DuckDBTable, "column", None)
    contract = {
        "amount": {"type": "float", "min": 0, "max": 1e9, "nulls": "50%", "distinct": 2},
        "region": {"type": "text", "in": ["APAC", "EU", "US"], "matches": "[A-Z]+"},
        "flag": {"type": "bool", "in": [True, False]},
        "when": {"type": "datetime", "max": "2100-01-01"},
    }
    suite = modelqa.Suite("s", batch="healthy.parquet", checks=[{"schema": contract}], engine="duckdb")
    result = suite.run(root=files).checks[0]
    assert result.outcome is Outcome.PASSED, result.message
    assert len(scans) == 1


def test_a_slow_pattern_is_refused_by_duckdb_too(files: Path) -> None:
    """In the words that rows in memory get."""
    check = {"schema": {"region": {"matches": r"(a)\1"}}}
    suite = modelqa.Suite("s", batch="healthy.parquet", checks=[check], engine="duckdb")
    assert "linear time" in suite.run(root=files).checks[0].reason
