"""Models of a real MLflow store: every URI form, what it resolves to, and what loading it gives."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import Store, rows
from modelqa.core.signature import Field
from modelqa.errors import NotFound, SubjectError
from modelqa.models import mlflow as models


@pytest.mark.parametrize(
    ("form", "version"),
    [
        ("models:/churn@champion", "1"),
        ("models:/churn@challenger", "2"),
        ("models:/churn/1", "1"),
        ("models:/churn/latest", "2"),
    ],
)
def test_a_registered_model_resolves_to_name_version_id_and_digest(store: Store, form: str, version: str):
    """An alias, a number and `latest` all end at one version with its identity."""
    info = models.find(form, tracking_uri=store.uri).info
    assert (info.uri, info.name, info.version) == (form, "churn", version)
    assert info.id.startswith("m-")
    assert info.digest.startswith("sha256:")
    assert len(info.digest) == 71


def test_all_forms_of_one_model_have_one_digest(store: Store, tmp_path: Path):
    """A version, a logged model, a run's model and a copied directory are the same bytes."""
    forms = [
        "models:/churn@champion",
        "models:/churn/1",
        f"models:/{store.model}",
        f"runs:/{store.run}/churn",
    ]
    found = [models.find(form, tracking_uri=store.uri) for form in forms]
    copied = tmp_path / "copied"
    shutil.copytree(store.root / "files here" / "models" / store.model / "artifacts", copied)
    infos = [one.info for one in found] + [models.find_directory(copied).info]
    assert {info.digest for info in infos} == {infos[0].digest}
    assert {info.id for info in infos} == {store.model}


def test_another_version_has_another_digest(store: Store):
    """The digest tells two versions apart."""
    first, second = (models.find(f"models:/churn/{number}", tracking_uri=store.uri) for number in (1, 2))
    assert first.info.digest != second.info.digest


def test_loading_leaves_the_digest_as_it_was(store: Store):
    """What MLflow writes into a local model when somebody loads it is not part of the model."""
    extras_uri = f"models:/{store.model}"
    before = models.find(extras_uri, tracking_uri=store.uri).info.digest
    left = store.root / "files here" / "models" / store.model / "artifacts" / "registered_model_meta"
    left.write_text("model_name: churn\n")
    try:
        assert models.find(extras_uri, tracking_uri=store.uri).info.digest == before
    finally:
        left.unlink()


def test_one_changed_byte_changes_the_digest(store: Store, tmp_path: Path):
    """Any file of the model counts, and so does its name."""
    source = store.root / "files here" / "models" / store.model / "artifacts"
    digests = set()
    for change in ("none", "byte", "name"):
        copied = tmp_path / change
        shutil.copytree(source, copied)
        target = copied / "requirements.txt"
        if change == "byte":
            target.write_bytes(target.read_bytes() + b"\n")
        if change == "name":
            target.rename(copied / "requirements2.txt")
        digests.add(models.find_directory(copied).info.digest)
    assert len(digests) == 3


def test_tags_of_the_version_come_along(store: Store):
    """What the registry says of a version is at hand without another question."""
    assert models.find("models:/churn/1", tracking_uri=store.uri).tags["team"] == "growth"


def test_a_classifier_gives_probabilities_and_the_likeliest_class(store: Store):
    """The native estimator is asked for probabilities, once, and they carry its classes."""
    model = models.find("models:/churn@champion", tracking_uri=store.uri).load()
    found = model.predict(rows())
    assert model.inputs == (Field("age", "double"), Field("income", "double"))
    assert found.classes == (0, 1)
    assert found.probabilities is not None
    assert found.probabilities.shape == (60, 2)
    assert found.values.tolist() == found.probabilities.argmax(axis=1).tolist()
    assert np.shape(model.call(rows()[:1])) == (1, 2)


def test_a_regressor_gives_values_alone(store: Store):
    """A model without probabilities has neither these nor classes."""
    found = models.find(f"runs:/{store.run}/spend", tracking_uri=store.uri).load().predict(rows())
    assert found.probabilities is None
    assert found.classes is None
    assert found.values.dtype == np.float64
    assert found.values.shape == (60,)


def test_a_pyfunc_that_returns_probabilities_has_classes(store: Store):
    """A frame whose rows add up to one is read as probabilities named by its columns."""
    found = models.find(f"runs:/{store.run}/shares", tracking_uri=store.uri).load().predict(rows())
    assert found.classes == ("no", "yes")
    assert set(found.values) == {"no", "yes"}


@pytest.mark.parametrize("name", ["churn", "shares"])
def test_whole_numbers_fit_a_real_column_in_any_order(store: Store, name: str):
    """What a server accepts is accepted: integers for doubles, other columns, another order."""
    model = models.find(f"runs:/{store.run}/{name}", tracking_uri=store.uri).load()
    real = rows()[["age", "income"]].round()
    whole = real.astype("int64").assign(extra="x")[["extra", "income", "age"]]
    assert model.predict(whole).values.tolist() == model.predict(real).values.tolist()


def test_a_table_that_does_not_fit_is_told_every_mismatch_and_no_value(store: Store):
    """Missing columns and wrong types are all named at once, and no row is quoted."""
    model = models.find("models:/churn@champion", tracking_uri=store.uri).load()
    with pytest.raises(SubjectError, match="age: expected double, found text; income: missing") as caught:
        model.predict(pd.DataFrame({"age": ["secret-7", "secret-8"]}))
    assert "secret" not in str(caught.value)


def test_the_environment_stays_as_it_was_and_no_store_appears(store: Store, apart: Path):
    """Resolving, loading and predicting set no global, no variable, and write nothing beside the user."""
    from mlflow.tracking._tracking_service import utils

    before = dict(os.environ)
    found = models.find("models:/churn@champion", tracking_uri=store.uri)
    found.load().predict(rows())
    models.find(f"runs:/{store.run}/shares", tracking_uri=store.uri).load().predict(rows())
    assert dict(os.environ) == before
    assert utils._tracking_uri is None
    assert list(apart.iterdir()) == []


def test_without_a_registry_the_error_says_which_setting_is_missing(apart: Path):
    """No tracking URI anywhere and no store here: an error, not a new database."""
    with pytest.raises(SubjectError, match="--modelqa-tracking-uri or set MLFLOW_TRACKING_URI"):
        models.find("models:/churn@champion")
    assert list(apart.iterdir()) == []


@pytest.mark.parametrize(
    ("tracking_uri", "content"),
    [
        ("sqlite:///store.db", None),
        ("sqlite:///store.db", b""),
        ("sqlite:///store.db", b"no database"),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
    ],
)
def test_what_is_no_store_is_not_made_one(apart: Path, tracking_uri: str, content: bytes | None):
    """A mistyped path, an empty or foreign file: an error, where MLflow would write its tables."""
    if content is not None:
        (apart / "store.db").write_bytes(content)
    with pytest.raises(SubjectError, match="is no store of MLflow's"):
        models.find("models:/churn@champion", tracking_uri=tracking_uri)
    assert [path.read_bytes() for path in apart.iterdir()] == ([] if content is None else [content])


def test_a_database_of_something_else_stays_as_it_is(apart: Path):
    """A database with other tables is refused, and gets none of MLflow's."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect("other.db")) as database:
        database.execute("CREATE TABLE customers (id INTEGER)")
        database.commit()
    before = (apart / "other.db").read_bytes()
    with pytest.raises(SubjectError, match="is no store of MLflow's"):
        models.find("models:/churn@champion", tracking_uri="sqlite:///other.db")
    assert (apart / "other.db").read_bytes() == before


def test_the_environment_variable_names_the_registry(store: Store, monkeypatch: pytest.MonkeyPatch):
    """Without an argument, MLflow's own setting counts."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    assert models.find("models:/churn/1").info.version == "1"


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        (
            "models:/churn@chalenger",
            r"did you mean 'challenger'\?\); it has challenger \(version 2\), champion",
        ),
        ("models:/churn/99", "no version 99; its latest is 2"),
        ("models:/chrun/1", r"no model is registered as 'chrun' \(did you mean 'churn'\?\)"),
        ("models:/empty/latest", "empty has no versions"),
        ("models:/m-" + "0" * 32, "there is no logged model"),
        ("runs:/" + "0" * 32 + "/churn", "there is no run"),
    ],
)
def test_what_the_registry_does_not_have_is_not_found(store: Store, uri: str, says: str):
    """A name, version, alias, id or run that is not there is `NotFound`, with what there is."""
    with pytest.raises(NotFound, match=says):
        models.find(uri, tracking_uri=store.uri)


@pytest.mark.parametrize(
    "uri", ["models:/churn", "models:churn@x", "models:/churn/Production", "runs:/abc", "x"]
)
def test_what_is_no_model_uri_names_the_forms(store: Store, uri: str):
    """A URI of none of MLflow's forms is an error that lists them."""
    with pytest.raises(SubjectError, match=r"expected models:/name@alias"):
        models.find(uri, tracking_uri=store.uri)


def test_a_missing_path_of_a_run_says_so(store: Store):
    """A run without files of that name is an error, not an empty model."""
    with pytest.raises(SubjectError, match="gone from the artifact store"):
        models.find(f"runs:/{store.run}/nothing", tracking_uri=store.uri)


def test_a_directory_without_mlmodel_is_refused(tmp_path: Path):
    """A folder, a file and nothing at all are three different mistakes."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for name, says in (("folder", "no file MLmodel"), ("file", "found a file"), ("none", "found nothing")):
        with pytest.raises(SubjectError, match=says):
            models.find_directory(tmp_path / name)


@pytest.mark.parametrize("text", ["", "[]", "flavors: 3", "{", "a: !!python/object:os.system {}", "\x00"])
def test_a_broken_mlmodel_is_refused(tmp_path: Path, text: str):
    """Whatever stands in MLmodel, the error is ours."""
    (tmp_path / "MLmodel").write_text(text)
    with pytest.raises(SubjectError, match="MLmodel"):
        models.find_directory(tmp_path)


def test_a_model_that_needs_an_absent_module_names_it(tmp_path: Path):
    """A missing library is named, with the file that lists what to install."""
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: not_installed_here}}")
    with pytest.raises(SubjectError, match=r"'not_installed_here'.*requirements\.txt"):
        models.find_directory(tmp_path).load()


def test_a_model_that_cannot_be_unpickled_is_our_error(store: Store, tmp_path: Path):
    """Damaged files are an error that names the model and quotes nothing."""
    copied = tmp_path / "damaged"
    shutil.copytree(store.root / "files here" / "models" / store.model / "artifacts", copied)
    (copied / "model.skops").write_bytes(b"not an archive")
    with pytest.raises(SubjectError, match="damaged cannot be loaded"):
        models.find_directory(copied).load()


CODE = "flavors: {python_function: {loader_module: brought, code: code}}"
BROUGHT = """
class Model:
    def predict(self, frame):
        return [{value}] * len(frame)

def _load_pyfunc(path):
    return Model()
"""


def test_two_models_that_bring_modules_of_one_name_stay_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The second model gets its own code, not the first one's; and no bytecode is left among its files."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    loaded = []
    for value in (1, 2):
        folder = tmp_path / str(value)
        (folder / "code").mkdir(parents=True)
        (folder / "MLmodel").write_text(CODE)
        (folder / "code" / "brought.py").write_text(BROUGHT.format(value=value))
        before = models.find_directory(folder)
        loaded.append(before.load())
        assert models.find_directory(folder).info.digest == before.info.digest
    assert [model.predict(rows(2)).values.tolist() for model in loaded] == [[1, 1], [2, 2]]


def test_a_link_to_a_directory_is_refused(store: Store, tmp_path: Path):
    """No digest would cover what lies behind it."""
    copied = tmp_path / "linked"
    shutil.copytree(store.root / "files here" / "models" / store.model / "artifacts", copied)
    (copied / "more").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(SubjectError, match="'more' is neither a file"):
        models.find_directory(copied)


def test_mlflow_is_imported_quietly_even_where_warnings_are_errors(store: Store, apart: Path):
    """A fresh interpreter under -W error resolves, loads and predicts with nothing on stderr."""
    script = (
        "import pandas as pd; from modelqa.models import mlflow as models;"
        f"model = models.find('models:/churn@champion', tracking_uri={store.uri!r}).load();"
        "print(model.predict(pd.DataFrame({'age': [1, 59], 'income': [1, 2]})).values.tolist())"
    )
    root = Path(models.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert (done.stdout, done.stderr) == ("[0, 1]\n", "")
    assert list(apart.iterdir()) == []
