"""The example subjects: what `suites/` judge is seeded, damaged as stated, and found out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from factories import EXPECTED_RED, SCORES, SUBJECTS, churn_frame

from modelqa.core.bound import Outcome
from modelqa.core.result import SuiteResult

SUITES = Path(__file__).parent.parent / "suites"
NAMES = sorted(SUBJECTS)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each subject in turn."""
    return str(request.param)


def test_every_suite_has_a_subject(name: str) -> None:
    """What is in `suites/` and what the factories make are the same four."""
    assert [path.name.partition(".")[0] for path in sorted(SUITES.glob("*.suite.yaml"))] == NAMES
    assert {(name, "damaged"), (name, "degraded")} <= set(EXPECTED_RED)


def test_frames_are_the_same_twice(name: str) -> None:
    """The builders are seeded: a rebuilt example gives the same verdicts."""
    for first, second in zip(SUBJECTS[name].frames(), SUBJECTS[name].frames(), strict=True):
        pd.testing.assert_frame_equal(first, second)


def test_train_and_batch_share_no_row() -> None:
    """A model is never judged on rows that it was trained on."""
    for subject in SUBJECTS.values():
        if subject.key:
            train, batch = subject.frames()
            assert not set(train[subject.key]) & set(batch[subject.key])
            assert batch[subject.key].is_unique


def test_damage_leaves_the_batch_alone(name: str) -> None:
    """A damage is a pure function: it returns another frame, the same each time."""
    _, batch = SUBJECTS[name].frames()
    before = batch.copy(deep=True)
    damaged = SUBJECTS[name].damage(batch)
    pd.testing.assert_frame_equal(batch, before)
    pd.testing.assert_frame_equal(damaged, SUBJECTS[name].damage(batch))
    assert not damaged.head(len(batch)).equals(batch)


def test_damage_keeps_what_the_signature_asks_for(name: str) -> None:
    """Damaged batches can still be scored: no input of the model changes its name or type."""
    subject = SUBJECTS[name]
    train, batch = subject.frames()
    inputs = subject.features(train)
    assert subject.damage(batch)[inputs].dtypes.equals(train[inputs].dtypes)


def test_spoiling_touches_labels_only(name: str) -> None:
    """A degraded model learns from the same rows, with other labels."""
    subject = SUBJECTS[name]
    train, _ = subject.frames()
    spoiled = subject.spoil(train)
    inputs = subject.features(train)
    pd.testing.assert_frame_equal(spoiled[inputs], train[inputs].head(len(spoiled)))
    assert not spoiled[subject.label].equals(train[subject.label].head(len(spoiled)))


def test_churn_has_mixed_types_and_gaps() -> None:
    """The generated customers have each kind of column, and nulls where nulls are normal."""
    frame = churn_frame(seed=9, rows=2000)
    kinds = {frame[column].dtype.kind for column in frame if column not in ("region", "plan")}
    assert {"i", "f", "b", "M"} <= kinds
    assert 0 < frame["support_calls"].isna().mean() < 0.1
    assert 0.2 < frame["churned"].eq("yes").mean() < 0.4


def test_examples_are_not_built_twice(examples: Path, request: pytest.FixtureRequest) -> None:
    """A second call finds what the first one made."""
    before = {path: path.stat().st_mtime_ns for path in sorted(examples.glob("**/*.parquet"))}
    plugins = request.config.pluginmanager.get_plugins()
    root = next(found for found in plugins if getattr(found, "STORE", None) == examples)
    root.ensure_examples()
    assert len(before) == 3 * len(NAMES) - 1
    assert before == {path: path.stat().st_mtime_ns for path in sorted(examples.glob("**/*.parquet"))}


def test_a_failed_build_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches and store move in together, when all is done; a crash before moves nothing."""
    import example_store

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "old.parquet").write_bytes(b"old")
    (tmp_path / "mlflow.db").write_bytes(b"old")

    def crash(database: Path, artifacts: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(example_store, "write_batches", lambda folder: (folder / "new.parquet").touch())
    monkeypatch.setattr(example_store, "register_models", crash)
    with pytest.raises(OSError, match="disk full"):
        example_store.build_all(tmp_path)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["old.parquet"]
    assert (tmp_path / "mlflow.db").read_bytes() == b"old"


def test_a_build_replaces_the_store_and_drops_old_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a build there is one store, one generation of models, and nothing half made."""
    import example_store

    def register(database: Path, artifacts: Path) -> None:
        artifacts.mkdir(parents=True)
        database.write_text(artifacts.name)

    monkeypatch.setattr(example_store, "write_batches", lambda folder: (folder / "a.parquet").touch())
    monkeypatch.setattr(example_store, "register_models", register)
    example_store.build_all(tmp_path, generation="one")
    example_store.build_all(tmp_path, generation="two")
    assert (tmp_path / "mlflow.db").read_text() == "two"
    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == ["two"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["artifacts", "data", "mlflow.db"]


def run(name: str, examples: Path, **changes: Any) -> SuiteResult:
    """Run a suite of the repository on the examples, something of its subject changed.

    Without its latency checks: no damage touches them, they take nearly all of the time, and
    `pytest suites` runs them.
    """
    from modelqa.run.execute import run_suite
    from modelqa.suite.load import load

    suite = load(SUITES / f"{name}.suite.yaml").override(**changes)
    only = [check.id for check in suite.checks if check.kind != "latency"]
    uri = f"sqlite:///{examples / 'mlflow.db'}"
    return run_suite(suite, root=examples.parent, tracking_uri=uri, only=only)


def ids(result: SuiteResult, *outcomes: Outcome) -> set[str]:
    """The checks that ended in one of these outcomes."""
    return {check.id for check in result.checks if check.outcome in outcomes}


def cases() -> Iterator[Any]:
    """Every damaged batch and every degraded model, as changes of the suite."""
    for name in NAMES:
        batch, model = f".modelqa/data/{name}-damaged.parquet", f"models:/{name}@degraded"
        yield pytest.param(name, "damaged", {"batch": batch}, id=f"{name}-damaged")
        yield pytest.param(name, "degraded", {"model": model}, id=f"{name}-degraded")


def test_healthy_subjects_are_green(name: str, examples: Path) -> None:
    """A healthy batch and model pass every check: none is red, and none is left undecided.

    Latency may be: while other tests keep the machine busy, to say so is the right verdict.
    """
    result = run(name, examples)
    open_ = {
        check.id: check.message
        for check in result.checks
        if check.outcome is not Outcome.PASSED
        and not (check.kind == "latency" and check.outcome is Outcome.INCONCLUSIVE)
    }
    assert not open_


@pytest.mark.parametrize(("name", "case", "changes"), list(cases()))
def test_exactly_the_expected_checks_turn_red(
    name: str, case: str, changes: dict[str, str], examples: Path
) -> None:
    """Damage turns red what looks at it, and only that; nothing crashes over it."""
    result = run(name, examples, **changes)
    assert ids(result, Outcome.FAILED) == EXPECTED_RED[name, case]
    assert not {check.id: check.message for check in result.checks if check.outcome is Outcome.ERRORED}


def test_scores_are_checks_of_the_suite(name: str) -> None:
    """Expected ids are ids of the suite: a renamed check is noticed here, and without a run."""
    from modelqa.suite.load import load

    known = {check.id for check in load(SUITES / f"{name}.suite.yaml").checks}
    expected = {red for (subject, _), reds in EXPECTED_RED.items() if subject == name for red in reds}
    assert SCORES[name] | expected <= known
