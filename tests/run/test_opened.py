"""The subject of a run: found by the form of its name, opened once, clear about what is not there."""

from pathlib import Path
from typing import Any

import pytest

from modelqa import SubjectError, Suite, SuiteError
from modelqa.core.check import Needs
from modelqa.run.opened import Opened, Settings
from modelqa.testing import FakeModel, make_batch

RATE = [{"errors": "rate", "max": 0.5}]


def opened(root: Path, **subject: Any) -> Opened:
    """The subject of a small suite."""
    parts = {"model": FakeModel(), "batch": make_batch(20), "labels": "label", **subject}
    return Opened(Suite("s", checks=RATE, **parts), Settings(root=root))


def test_paths_start_at_the_root_or_beside_the_suite(tmp_path: Path) -> None:
    """`data.csv` is looked for at the root, `./data.csv` beside the suite file."""
    from modelqa.suite.load import load

    (tmp_path / "suites").mkdir()
    for folder, rows in ((tmp_path, 2), (tmp_path / "suites", 3)):
        (folder / "data.csv").write_text("x\n" + "1\n" * rows)
    path = tmp_path / "suites" / "a.suite.yaml"
    for written, rows in (("data.csv", 2), ("./data.csv", 3), ("../data.csv", 2)):
        path.write_text(f"suite: a\nmodel: m:f\nbatch: {written}\nchecks: [{{errors: rate, max: 1%}}]\n")
        assert Opened(load(path), Settings(root=tmp_path)).batch.rows == rows


@pytest.mark.parametrize("part", ["batch", "reference", "labels"])
def test_a_part_that_the_suite_does_not_name_says_so(part: str, tmp_path: Path) -> None:
    """Asked for all the same, it is an error that names the key."""
    with pytest.raises(SubjectError, match=f"`{part}:`"):
        getattr(opened(tmp_path, **{part: None}), part)


def test_a_model_that_the_suite_does_not_name_says_so(tmp_path: Path) -> None:
    """Likewise the champion."""
    with pytest.raises(SubjectError, match="names no model"):
        opened(tmp_path).model("champion")


def test_a_kind_of_model_that_nobody_knows_names_those_there_are(tmp_path: Path) -> None:
    """The scheme decides."""
    with pytest.raises(SubjectError, match=r"no kind of model is called 'ftp'.*models"):
        opened(tmp_path, model="ftp://host/model").model("model")


def test_a_folder_is_a_model_directory(tmp_path: Path) -> None:
    """A path that exists is taken for one, and says what is missing in it."""
    (tmp_path / "model").mkdir()
    with pytest.raises(SubjectError, match="MLmodel"):
        opened(tmp_path, model="model").model("model")


def test_what_failed_once_is_not_tried_again(tmp_path: Path) -> None:
    """A registry that does not answer costs its time limit once, not once a check."""
    subject = opened(tmp_path, batch="late.csv")
    with pytest.raises(SubjectError, match=r"late\.csv"):
        _ = subject.batch
    (tmp_path / "late.csv").write_text("signal,label\n1,1\n")
    with pytest.raises(SubjectError, match=r"late\.csv"):
        subject.ensure(Needs.BATCH)


def test_the_subject_is_told_as_far_as_it_is_known(tmp_path: Path) -> None:
    """A batch that is not there does not hide the model."""
    info = opened(tmp_path, batch="nowhere.csv").info
    assert info.batch is None
    assert info.model is not None
    assert info.model.name == "FakeModel"


def test_features_are_what_the_model_reads(tmp_path: Path) -> None:
    """Its own inputs, or those that the suite lists, or all columns without another role."""
    assert opened(tmp_path).features() == ("signal",)
    assert opened(tmp_path, features=["amount"]).features() == ("amount",)
    plain = opened(tmp_path, model=lambda frame: frame["signal"] > 0, key="id", weights="amount")
    assert plain.features() == ("signal", "region")
    apart = {"path": "labels.csv", "on": "id", "column": "label"}
    assert opened(tmp_path, model=None, predictions="signal", labels=apart).features() == (
        "amount",
        "region",
        "label",
    )


def test_a_feature_that_is_missing_is_named(tmp_path: Path) -> None:
    """For a model that declares no inputs of its own."""
    subject = opened(tmp_path, model=lambda frame: frame["signal"] > 0, features=["signal", "income"])
    with pytest.raises(SubjectError, match="lacks the features income"):
        subject.predictions()


def test_labels_from_python_are_one_a_row(tmp_path: Path) -> None:
    """An array of another length is no truth about these rows."""
    assert opened(tmp_path, labels=[0, 1] * 10).labels.values.tolist() == [0, 1] * 10
    with pytest.raises(SubjectError, match=r"expected one a row \(20\), found 3"):
        _ = opened(tmp_path, labels=[0, 1, 1]).labels


def test_the_reference_holds_its_labels_in_a_column(tmp_path: Path) -> None:
    """Labels that are joined to the batch are a column of the reference; an array is of the batch alone."""
    apart = {"path": "labels.csv", "on": "id", "column": "label"}
    reference = make_batch(30, seed=2)
    assert len(opened(tmp_path, labels=apart, reference=reference).reference_labels.values) == 30
    with pytest.raises(SubjectError, match="batch and reference both have"):
        _ = opened(tmp_path, labels=[0, 1] * 10, reference=reference).reference_labels


def test_a_column_that_a_role_lacks_names_those_there_are(tmp_path: Path) -> None:
    """`weights: wait` lists the columns."""
    with pytest.raises(SubjectError, match=r"`weights:` names column 'wait'.*it has id, signal"):
        opened(tmp_path, weights="wait").sample("model")


def test_the_suite_chooses_the_engine(tmp_path: Path) -> None:
    """Counted by DuckDB where the suite says so; rows in memory stay where they are."""
    make_batch(50).to_parquet(tmp_path / "new.parquet")
    assert opened(tmp_path, batch="new.parquet", engine="duckdb").batch.counted
    assert not opened(tmp_path, batch="new.parquet").batch.counted
    with pytest.raises(SubjectError, match="reads parquet files"):
        _ = opened(tmp_path, engine="duckdb").batch


def test_an_engine_that_nobody_knows_is_a_mistake_of_the_suite(tmp_path: Path) -> None:
    """It is said with those there are."""
    with pytest.raises(SuiteError, match="duckdb"):
        opened(tmp_path, engine="spark")


def test_a_model_without_a_profile_says_how_to_log_one(tmp_path: Path) -> None:
    """Where the suite names no reference, and asks for one."""
    with pytest.raises(SubjectError, match=r"modelqa\.log_reference"):
        opened(tmp_path, reference=None).ensure(Needs.PROFILE)


def test_beside_other_rows_models_reference_and_labels_stay_open(tmp_path: Path) -> None:
    """What depends on the rows is opened anew."""
    for name in ("a", "b", "trained"):
        (tmp_path / f"{name}.csv").write_text("id,x\n" + "".join(f"{row},{row}.5\n" for row in range(9)))
    (tmp_path / "labels.csv").write_text("id,y\n" + "".join(f"{row},{row % 2}\n" for row in range(9)))
    labels = {"path": "labels.csv", "on": "id", "column": "y"}
    model = FakeModel()
    first = opened(tmp_path, model=model, batch="a.csv", reference="trained.csv", labels=labels)
    parts = first.model("model"), first.reference, first.labels, first.batch
    second = first.beside(first.suite.override(batch="b.csv"))
    (tmp_path / "trained.csv").unlink()
    (tmp_path / "labels.csv").unlink()
    assert (second.model("model"), second.reference) == parts[:2]
    assert (second.batch.info.name, second.labels.values.tolist()) == ("b.csv", parts[2].values.tolist())
    assert second.batch is not parts[3]


def test_beside_another_model_or_reference_nothing_of_it_stays(tmp_path: Path) -> None:
    """The same name is the same, another one is another."""
    for name in ("a", "one", "two"):
        (tmp_path / f"{name}.csv").write_text("x\n1\n")
    first = opened(tmp_path, batch="a.csv", reference="one.csv")
    parts = first.model("model"), first.reference
    second = first.beside(first.suite.override(model=FakeModel(), reference="two.csv"))
    assert second.model("model") is not parts[0]
    assert second.reference.info.name == "two.csv"
