"""The project around a suite is the one that pytest finds."""

from pathlib import Path

import pytest

from modelqa.errors import ModelQAError
from modelqa.project import find, tracking_uri

FILES = {
    "pytest.toml": "[pytest]\nmodelqa_batch = 'x.csv'\n",
    "pytest.ini": "[pytest]\nmodelqa_batch = x.csv\n",
    "pyproject.toml": "[tool.pytest]\nmodelqa_batch = 'x.csv'\n",
    "tox.ini": "[pytest]\nmodelqa_batch = x.csv\n",
    "setup.cfg": "[tool:pytest]\nmodelqa_batch = x.csv\n",
}


@pytest.mark.parametrize("name", FILES)
def test_settings_are_read_from_every_file_that_pytest_reads(name: str, tmp_path: Path) -> None:
    """The root is the folder of the file."""
    (tmp_path / name).write_text(FILES[name])
    (tmp_path / "deep" / "er").mkdir(parents=True)
    found = find(tmp_path / "deep" / "er")
    assert (found.root, found.option("batch")) == (tmp_path, "x.csv")


@pytest.mark.parametrize("name", FILES)
def test_the_root_is_pytest_s(name: str, pytester: pytest.Pytester) -> None:
    """pytest itself, asked from the same folder, names the same root and value."""
    (pytester.path / name).write_text(FILES[name])
    (pytester.path / "deep").mkdir()
    config = pytester.parseconfig(str(pytester.path / "deep"))
    found = find(pytester.path / "deep")
    assert (found.root, found.option("batch")) == (config.rootpath, config.getini("modelqa_batch"))


def test_old_style_ini_options_are_read(tmp_path: Path) -> None:
    """`[tool.pytest.ini_options]` says the same."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\nmodelqa_batch = 'x.csv'\n")
    assert find(tmp_path).option("batch") == "x.csv"


def test_command_line_and_environment_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Command line, environment, file, nobody."""
    (tmp_path / "pytest.ini").write_text(FILES["pytest.ini"])
    found = find(tmp_path)
    assert found.option("batch", "mine.csv") == "mine.csv"
    monkeypatch.setenv("MODELQA_BATCH", "env.csv")
    assert found.option("batch") == "env.csv"
    assert found.option("model") is None


def test_a_project_without_configuration_starts_at_its_repository(tmp_path: Path) -> None:
    """A file that has nothing to do with pytest is passed over."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "tox.ini").write_text("[testenv]\n")
    assert find(tmp_path / "sub").root == tmp_path


@pytest.mark.parametrize(("name", "text"), [("pyproject.toml", "[tool"), ("tox.ini", "no section\n")])
def test_a_file_that_cannot_be_read_is_named(name: str, text: str, tmp_path: Path) -> None:
    """Not a traceback of a parser."""
    (tmp_path / name).write_text(text)
    with pytest.raises(ModelQAError, match=name):
        find(tmp_path)


def test_a_relative_store_starts_at_the_root() -> None:
    """Only a relative SQLite path is moved."""
    assert tracking_uri("sqlite:///a.db", Path("/root")) == "sqlite:////root/a.db"
    assert tracking_uri("sqlite:////a.db", Path("/root")) == "sqlite:////a.db"
    assert tracking_uri("http://host:5000", Path("/root")) == "http://host:5000"
    assert tracking_uri(None, Path("/root")) is None
