"""What a suite may name as rows: patterns, addresses, queries; and what its digest never holds."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from modelqa import Suite, SuiteError
from modelqa.core.subject import Query
from modelqa.errors import SubjectError
from modelqa.run.execute import run_suite
from modelqa.run.opened import Opened, Settings
from modelqa.suite.load import load

CHECKS = [{"errors": "rate", "max": 0.5}]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder whose own name is a pattern, with rows in files and in a database."""
    root = tmp_path / "project [1]"
    (root / "data").mkdir(parents=True)
    for name, rows in {"2026-01.csv": "1,0\n2,1\n", "2026-02.csv": "3,0\n", "train.csv": "4,1\n"}.items():
        (root / "data" / name).write_text(f"id,y\n{rows}")
    with contextlib.closing(sqlite3.connect(root / "crm.db")) as made:
        made.execute("create table churn (id integer, y integer)")
        made.executemany("insert into churn values (?, ?)", [(1, 0), (2, 1), (3, 1)])
        made.commit()
    return root


def _opened(root: Path, **subject: object) -> Opened:
    return Opened(Suite("s", checks=CHECKS, **subject), Settings(root=root))


def test_a_pattern_is_one_batch(root: Path):
    """All files that match, by name; the name of the batch is the pattern."""
    table = _opened(root, batch="data/2026-*.csv").batch
    assert table.column("id").values.tolist() == [1, 2, 3]
    assert table.info.name == "2026-*.csv"
    assert _opened(root, batch="data/train.csv").batch.info.name == "train.csv"
    assert _opened(root, batch=root / "data" / "train.csv").batch.info.name == "train.csv"
    (root.parent / "2026-03.csv").write_text("id,y\n5,0\n")
    assert _opened(root, batch=str(root.parent / "2026-*.csv")).batch.rows == 1


def test_a_pattern_that_matches_nothing_is_an_error(root: Path):
    """And a folder among the matches is no file."""
    with pytest.raises(SubjectError, match=r"2027-\*\.csv matches 0 files"):
        _ = _opened(root, batch="data/2027-*.csv").batch
    with pytest.raises(SubjectError, match="found a directory"):
        _ = _opened(root, batch="d*").batch


def test_a_pattern_beside_the_suite(root: Path):
    """`./` begins at the suite's folder, for patterns too."""
    path = root / "data" / "a.suite.yaml"
    path.write_text("suite: a\nmodel: m:f\nbatch: ./2026-*.csv\nchecks: [{errors: rate, max: 1%}]\n")
    assert Opened(load(path), Settings(root=Path("/"))).batch.rows == 3


def test_a_query_is_a_batch_a_reference_and_labels(root: Path, monkeypatch: pytest.MonkeyPatch):
    """Anywhere a path may stand; the address comes from the environment, a file of it starts at the root."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///crm.db")
    path = root / "a.suite.yaml"
    path.write_text("""
suite: a
model: m:f
batch: {sql: SELECT id FROM churn WHERE id < 3, url: "${DATABASE_URL}"}
reference: {sql: SELECT id FROM churn, url: "${DATABASE_URL}"}
labels: {path: {sql: "SELECT id, y FROM churn", url: "${DATABASE_URL}"}, on: id, column: y}
checks: [{errors: rate, max: 1%}]
""")
    opened = Opened(load(path), Settings(root=root))
    assert opened.batch.column("id").values.tolist() == [1, 2]
    assert opened.reference.rows == 3
    assert opened.labels.values.tolist() == [0, 1]
    assert opened.info.batch is not None
    assert opened.info.batch.name == "batch"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"sql": "SELECT 1"}, "a query needs the key 'url'"),
        ({"url": "sqlite://"}, "a query needs the key 'sql'"),
        ({"sql": "SELECT 1", "url": "sqlite://", "ur": 1}, r"unknown key 'ur' \(did you mean 'url'"),
        ({"sql": "DROP TABLE x", "url": "sqlite://"}, "begins with SELECT or WITH"),
        ({"sql": "-- SELECT\nselected", "url": "sqlite://"}, "begins with SELECT or WITH"),
        ({"sql": 3, "url": "sqlite://"}, "expected a text, found 3"),
        ({"sql": "/*" * 1000, "url": "sqlite://"}, "begins with SELECT or WITH"),
    ],
)
def test_a_query_that_is_none_is_told_at_collection(query: dict, says: str):
    """A missing key, another statement: before anything is opened."""
    with pytest.raises(SuiteError, match=says):
        Suite("s", batch=query, checks=CHECKS)


@pytest.mark.parametrize(
    "sql", ["select 1", "-- a\n/* b */ WITH x AS (SELECT 1) SELECT * FROM x", "(SELECT 1)"]
)
def test_a_query_may_begin_with_comments(sql: str):
    """In any case of letters."""
    assert Suite("s", batch={"sql": sql, "url": "sqlite://"}, checks=CHECKS).batch == Query(
        sql, url="sqlite://"
    )


def test_secrets_are_in_no_digest_and_no_text():
    """Another password is the same suite; another database or query is another one."""

    def suite(url: str, sql: str = "SELECT 1") -> Suite:
        return Suite("s", batch={"sql": sql, "url": url}, checks=CHECKS)

    first = suite("postgresql://me:secret-7@db/crm?password=secret-7")
    assert first.digest == suite("postgresql://you:secret-8@db/crm?password=secret-8").digest
    assert first.digest != suite("postgresql://me:secret-7@db/other").digest
    assert first.digest != suite("postgresql://me:secret-7@db/crm", "SELECT 2").digest
    assert "secret" not in repr(first)
    with_key, without = (Suite("s", batch=f"s3://{key}b/a.csv", checks=CHECKS) for key in ("me:secret@", ""))
    assert with_key.digest == without.digest


def test_what_cannot_be_opened_is_errored_and_keeps_its_secret(root: Path):
    """The whole walk: the outcome of the check is errored, with a reason that can be printed."""
    suite = Suite(
        "s",
        model=lambda frame: frame["id"],
        batch={"sql": "SELECT 1", "url": "oddbase://me:secret-7@host/db"},
        checks=CHECKS,
    )
    result = run_suite(suite, root=root)
    assert str(result.outcome) == "errored"
    assert "oddbase" in result.checks[0].reason
    assert "secret-7" not in repr(result)
