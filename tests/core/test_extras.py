"""Heavy libraries are imported quietly, or with one sentence."""

import gc
import os
from pathlib import Path

import pytest

from modelqa.core.extras import load, unswept
from modelqa.errors import MissingExtra


def test_a_library_that_is_absent_says_how_to_get_it() -> None:
    """One sentence, and an ImportError for those who expect one."""
    with pytest.raises(MissingExtra, match="pip install nothing_of_the_kind"):
        load("nothing_of_the_kind.part")
    assert issubclass(MissingExtra, ImportError)


@pytest.mark.parametrize(
    "body", ["raise ImportError('private name is gone')", "raise SystemExit(0)", "import not_there_at_all"]
)
def test_a_library_that_is_broken_says_so(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it dies of, the message names it and says what to do."""
    (tmp_path / "broken_library.py").write_text(body + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtra, match=r"broken_library is installed but cannot be imported.*reinstall"):
        load("broken_library")


def test_a_library_that_warns_is_imported_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where warnings are errors, too."""
    (tmp_path / "warning_library.py").write_text("import warnings\nwarnings.warn('old')\nready = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert load("warning_library").ready


def test_libraries_do_not_phone_home() -> None:
    """Their switches are set before they are imported, where nobody chose otherwise."""
    load("mlflow")
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"]


@pytest.mark.parametrize("swept", [True, False])
def test_loading_leaves_the_collector_as_it_was(swept: bool) -> None:
    """It looks for no garbage meanwhile, nested or not, and goes on only where it went before."""
    before = gc.isenabled()
    (gc.enable if swept else gc.disable)()
    try:
        with unswept():
            with pytest.raises(MissingExtra):
                load("nothing_of_the_kind")
            assert not gc.isenabled()
        assert gc.isenabled() is swept
    finally:
        (gc.enable if before else gc.disable)()
