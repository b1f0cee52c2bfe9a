"""Workflows and action of this repository: nothing in them that an auditor would mind.

actionlint would be the second reader: its package of the Python registry downloads a binary when it is
installed, so it is no dependency here.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GITHUB = Path(__file__).parents[1] / ".github"
FILES = sorted([*GITHUB.rglob("*.yml"), *GITHUB.rglob("*.yaml")])


def test_zizmor_finds_nothing() -> None:
    """As an auditor, which is its most demanding persona, and offline."""
    beside = Path(sys.executable).parent
    zizmor = shutil.which("zizmor", path=str(beside)) or shutil.which("zizmor")
    assert zizmor, "zizmor is in the dev extra"
    command = [zizmor, "--offline", "--persona", "auditor", "--no-progress", "--format", "plain", str(GITHUB)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "No findings to report" in ran.stdout
    assert all(file.name in ran.stderr for file in FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_script_holds_an_expression(file: Path) -> None:
    """What others wrote comes through the environment, where it is text and not a program."""
    from ruamel.yaml import YAML

    def scripts(part: object) -> list[str]:
        if isinstance(part, dict):
            own = [part["run"]] if isinstance(part.get("run"), str) else []
            return own + [each for value in part.values() for each in scripts(value)]
        return [each for value in part for each in scripts(value)] if isinstance(part, list) else []

    found = scripts(YAML(typ="safe").load(file))
    assert found
    assert not [script for script in found if "${{" in script]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_actions_are_pinned_by_hash(file: Path) -> None:
    """A tag can be moved."""
    used = re.findall(r"^\s*-?\s*uses:\s*(\S+)", file.read_text(), flags=re.MULTILINE)
    assert used
    assert not [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each)]
