"""Code that may have played a part: what is installed, and what a project brings along."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelqa.cache import code

SAY = "import sys; sys.path.insert(0, 'own'); from modelqa.cache import code; "


def said(folder: Path, script: str) -> str:
    """What a new interpreter prints."""
    ran = subprocess.run(
        [sys.executable, "-c", SAY + script],
        cwd=folder, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return ran.stdout.strip()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A module of one's own, written an hour ago."""
    import os

    path = tmp_path / "own" / "helpers_of_mine.py"
    path.parent.mkdir()
    path.write_text("x = 1\n")
    os.utime(path, (time.time() - 3600,) * 2)
    return path


def test_another_version_of_anything_is_another_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new distribution, another version, another commit it was installed from."""
    monkeypatch.syspath_prepend(tmp_path)
    seen = {code.installed.__wrapped__()}
    for name in ("thing-1.0.dist-info", "thing-1.1.dist-info"):
        (tmp_path / name).mkdir()
        seen.add(code.installed.__wrapped__())
        (tmp_path / name / "direct_url.json").write_text(f'{{"commit": "{name}"}}')
        seen.add(code.installed.__wrapped__())
    assert len(seen) == 5


def test_what_is_installed_is_the_same_twice(tmp_path: Path) -> None:
    """Another process says the same."""
    script = "print(code.installed())"
    assert said(tmp_path, script) == said(tmp_path, script)


def test_modules_of_one_s_own_are_told_once_they_are_loaded(tmp_path: Path, own: Path) -> None:
    """Neither the standard library, nor what is installed, nor modelqa."""
    told = "import json, numpy, modelqa.run.execute; {}print([n for n in code.loaded() if 'own' in n])"
    assert said(tmp_path, told.format("")) == "[]"
    assert "helpers_of_mine.py" in said(tmp_path, told.format("import helpers_of_mine; "))
    strange = "import json, numpy; print([n for n in code.loaded() if 'numpy' in n or 'json' in n])"
    assert said(tmp_path, strange) == "[]"


def test_a_module_that_changed_after_the_start_is_not_known(tmp_path: Path, own: Path) -> None:
    """What was loaded may be the old one or the new one: nothing is said of it."""
    script = "import helpers_of_mine, pathlib; {}print(code.loaded() is None)"
    assert said(tmp_path, script.format("")) == "False"
    change = "pathlib.Path(helpers_of_mine.__file__).write_text('x = 2'); "
    assert said(tmp_path, script.format(change)) == "True"


def test_code_that_changed_since_is_not_unchanged(own: Path) -> None:
    """Nor is code that is gone."""
    files = {str(own): code._digest(str(own))}
    assert code.unchanged(files)
    own.write_text("x = 2\n")
    assert not code.unchanged(files)
    own.unlink()
    assert not code.unchanged(files)
