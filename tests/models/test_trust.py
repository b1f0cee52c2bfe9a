"""What may be loaded: three marker models that would run code, and formats that cannot."""

import gzip
import io
import pickle
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Store, rows
from modelqa.core.subject import ModelInfo
from modelqa.errors import SubjectError
from modelqa.models import mlflow as models
from modelqa.models.trust import admit

INFO = ModelInfo("models:/x/1", digest="sha256:" + "a" * 64)
NATIVE = {
    "onnx": ({"data": "model.onnx"}, "model.onnx", b"\x08\x07"),
    "xgboost": ({"data": "model.ubj", "model_class": "xgboost.core.Booster"}, "model.ubj", b"{L"),
    "lightgbm": ({"data": "model.lgb", "model_class": "lightgbm.basic.Booster"}, "model.lgb", b"tree\n"),
    "catboost": ({"data": "model.cb.cbm", "save_format": "cbm"}, "model.cb.cbm", b"CBM1"),
}


class _Marks:
    """Pickles to something that writes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


def _pickled(folder: Path, marker: Path) -> None:
    (folder / "model.pkl").write_bytes(pickle.dumps(_Marks(marker)))
    _describe(folder, {"sklearn": {"pickled_model": "model.pkl", "serialization_format": "pickle"}})


def _loader_and_code(folder: Path, marker: Path) -> None:
    (folder / "code").mkdir()
    (folder / "code" / "marks_on_import.py").write_text(f"open({str(marker)!r}, 'w').close()")
    _describe(folder, {"python_function": {"loader_module": "marks_on_import", "code": "code"}})


def _from_code(folder: Path, marker: Path) -> None:
    (folder / "model.py").write_text(f"open({str(marker)!r}, 'w').close()")
    pyfunc = {"loader_module": "mlflow.pyfunc.model", "model_code_path": "model.py", "streamable": False}
    _describe(folder, {"python_function": pyfunc})


def _describe(folder: Path, flavors: dict) -> None:
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": flavors}))


def _native(folder: Path, flavor: str) -> tuple[dict, Path]:
    conf, name, content = NATIVE[flavor]
    pyfunc = {"loader_module": f"mlflow.{flavor}", "data": name, "env": {"conda": "conda.yaml"}}
    flavors = {flavor: dict(conf), "python_function": pyfunc}
    (folder / name).write_bytes(content + b"\0" * 60)
    (folder / "requirements.txt").write_text("numpy\n")
    _describe(folder, flavors)
    return flavors, folder / name


@pytest.mark.parametrize("make", [_pickled, _loader_and_code, _from_code])
def test_a_model_that_would_run_code_is_refused_before_it_can(tmp_path: Path, make, monkeypatch):
    """With trust none, nothing of it runs; with its digest, it is loaded and its mark appears."""
    monkeypatch.setattr("sys.path", list(__import__("sys").path))
    folder, marker = tmp_path / "model", tmp_path / "marker"
    folder.mkdir()
    make(folder, marker)
    with pytest.raises(SubjectError, match=r"may run code.*trust: \[") as caught:
        models.find_directory(folder, trust="none")
    assert not marker.exists()
    digest = str(caught.value).split('"')[1]
    found = models.find_directory(folder, trust=[digest])
    assert not marker.exists()
    with pytest.raises(SubjectError):  # what was pickled is no model, and the modules make none
        found.load()
    assert marker.exists()


def test_a_digest_that_is_not_listed_is_refused_with_its_digest(store: Store):
    """The message says the digest, so that it can be added."""
    uri = "models:/churn@champion"
    digest = models.find(uri, tracking_uri=store.uri).info.digest
    with pytest.raises(SubjectError, match=digest):
        models.find(uri, tracking_uri=store.uri, trust=["sha256:" + "0" * 64])
    assert models.find(uri, tracking_uri=store.uri, trust=[digest]).load().predict(rows()).classes == (0, 1)


@pytest.mark.parametrize("alias", ["champion", "challenger"])
def test_skops_models_of_known_types_load_without_trust(store: Store, alias: str):
    """scikit-learn models in skops, trees included, are data."""
    found = models.find(f"models:/churn@{alias}", tracking_uri=store.uri, trust="none")
    assert found.load().predict(rows()).classes == (0, 1)


def test_a_model_changed_after_it_was_admitted_is_not_what_is_loaded(store: Store, tmp_path: Path):
    """What is judged is what is loaded: the files are copied before."""
    folder = tmp_path / "model"
    shutil.copytree(store.root / "files here" / "models" / store.model / "artifacts", folder)
    found = models.find_directory(folder, trust="none")
    marker = tmp_path / "marker"
    (folder / "model.skops").write_bytes(pickle.dumps(_Marks(marker)))
    assert found.load().predict(rows()).classes == (0, 1)
    assert not marker.exists()


@pytest.mark.parametrize("flavor", list(NATIVE))
def test_native_formats_are_admitted(tmp_path: Path, flavor: str):
    """ONNX, and the boosting libraries' own formats, hold no code."""
    _native(tmp_path, flavor)
    admit("none", INFO, tmp_path)


def _zipped() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps([1]))
    return held.getvalue()


@pytest.mark.parametrize("flavor", list(NATIVE))
@pytest.mark.parametrize(
    "content",
    [
        *(pickle.dumps({"a": 1}, protocol) for protocol in range(6)),
        gzip.compress(pickle.dumps(1), mtime=0),
        _zipped(),
        b"",
    ],
)
def test_a_pickle_under_another_suffix_is_refused(tmp_path: Path, flavor: str, content: bytes):
    """Pickles of every protocol, compressed or zipped, are refused by how they begin."""
    _, data = _native(tmp_path, flavor)
    data.write_bytes(content)
    with pytest.raises(SubjectError, match="not what its suffix says"):
        admit("none", INFO, tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "model.pkl",
        "extra.pickle",
        "a.joblib",
        "w.pt",
        "w.bin",
        "sitecustomize.py",
        "x.pth",
        "code/x.txt",
        "noext",
        "a.so",
    ],
)
def test_a_file_that_is_not_known_to_be_data_is_refused(tmp_path: Path, name: str):
    """One file too many is enough, whatever it holds."""
    _native(tmp_path, "onnx")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"tree")
    with pytest.raises(SubjectError, match="may run code"):
        admit("none", INFO, tmp_path)


@pytest.mark.parametrize(
    ("flavor", "key", "value"),
    [
        ("python_function", "loader_module", "os"),
        ("python_function", "loader_module", "mlflow.sklearn"),
        ("python_function", "loader_module", "mlflow.pyfunc.model"),
        ("python_function", "code", "code"),
        ("python_function", "model_code_path", "m.py"),
        ("python_function", "predict_fn", "__init_subclass__"),
        ("python_function", "data", "../model.onnx"),
        ("onnx", "data", "../../etc/model.onnx"),
        ("onnx", "providers", [["TensorrtExecutionProvider", {"trt_extra_plugin_lib_paths": "x.so"}]]),
        ("onnx", "onnx_session_options", {"extra_session_config": {}}),
        ("onnx", "unheard_of", 1),
    ],
)
def test_a_key_that_leads_to_code_is_refused(tmp_path: Path, flavor: str, key: str, value: object):
    """Every key and value of a flavour is on a list, or the model is refused."""
    flavors, _ = _native(tmp_path, "onnx")
    flavors[flavor][key] = value
    _describe(tmp_path, flavors)
    with pytest.raises(SubjectError, match=flavor):
        admit("none", INFO, tmp_path)


@pytest.mark.parametrize(
    ("flavor", "conf"),
    [
        (
            "sklearn",
            {
                "pickled_model": "m.skops",
                "serialization_format": "skops",
                "skops_trusted_types": ["os.system"],
            },
        ),
        ("sklearn", {"pickled_model": "m.skops"}),
        ("sklearn", {"pickled_model": "m.skops", "serialization_format": "pickle"}),
        ("xgboost", {"data": "m.ubj", "model_class": "subprocess.Popen"}),
        ("lightgbm", {"data": "m.lgb", "model_class": "lightgbm.sklearn.LGBMClassifier"}),
        ("catboost", {"data": "m.cbm"}),
        ("transformers", {}),
        ("sklearn", "not a mapping"),
    ],
)
def test_a_flavor_that_may_unpickle_is_refused(tmp_path: Path, flavor: str, conf: object):
    """A missing or foreign setting makes a loader fall back to pickle, so it is refused."""
    _describe(tmp_path, {flavor: conf})
    with pytest.raises(SubjectError, match=flavor):
        admit("none", INFO, tmp_path)


def test_a_skops_archive_with_a_stowaway_is_refused(store: Store, tmp_path: Path):
    """An archive may hold a schema and arrays, nothing else."""
    folder = tmp_path / "model"
    shutil.copytree(store.root / "files here" / "models" / store.model / "artifacts", folder)
    with zipfile.ZipFile(folder / "model.skops", "a") as archive:
        archive.writestr("data.pkl", pickle.dumps(1))
    with pytest.raises(SubjectError, match="not what its suffix says"):
        models.find_directory(folder, trust="none")


@pytest.mark.parametrize("trust", ["regsitry", "all", ["none"], ["sha1:00"], []])
def test_an_unknown_trust_admits_nothing(tmp_path: Path, trust):
    """A typing error never widens trust."""
    _native(tmp_path, "onnx")
    with pytest.raises(SubjectError, match="trust"):
        admit(trust, INFO, tmp_path)


def test_a_model_without_a_digest_is_never_on_a_list(tmp_path: Path):
    """An empty digest matches nothing."""
    with pytest.raises(SubjectError, match="unknown"):
        admit(["sha256:"], ModelInfo("x"), tmp_path)


@settings(max_examples=60, deadline=None)
@given(
    extra=st.dictionaries(
        st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=8), max_size=3
    ),
    content=st.binary(max_size=40),
)
def test_whatever_a_model_says_the_answer_is_ours(tmp_path_factory, extra: dict, content: bytes):
    """No description or content makes the gate raise anything but `SubjectError`."""
    folder = tmp_path_factory.mktemp("model")
    flavors, data = _native(folder, "onnx")
    flavors["onnx"] |= extra
    _describe(folder, flavors)
    data.write_bytes(content)
    known = all(value is None or key in ("onnx_version",) for key, value in extra.items())
    try:
        admit("none", INFO, folder)
    except SubjectError:
        return
    assert content[:1] == b"\x08"
    assert known or set(extra) <= {"data", "onnx_version", "providers"}
