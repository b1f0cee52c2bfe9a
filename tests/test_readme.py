"""What the README says is what happens."""

import re
from pathlib import Path

import pytest

from modelqa import Suite
from modelqa.pytest_plugin import pytest_addoption
from modelqa.suite.load import load
from modelqa.testing import make_batch

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_suite_of_the_readme_is_a_suite(tmp_path: Path) -> None:
    """It loads as printed, with the checks that the text speaks of."""
    path = tmp_path / "churn.suite.yaml"
    path.write_text(_blocks("yaml")[0])
    ids = [each.id for each in load(path).checks]
    assert ids[:4] == ["roc_auc", "roc_auc-versus-champion", "latency-p95", "errors-rate"]
    assert ids[4:] == ["schema-signature", "schema", "drift-all"]


def test_continuous_integration_runs_the_two_commands() -> None:
    """The README's commands and those of `.ci/run` are the same, to the letter."""
    script = (ROOT / ".ci" / "run").read_text()
    commands = [block.strip() for block in _blocks("sh")]
    assert len(commands) == 2
    assert all(command.replace("pip install", "pip install --quiet", 1) in script for command in commands)


def test_the_check_of_the_readme_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check of one's own, as printed, run as a suite runs it."""
    (tmp_path / "readme_check.py").write_text(_blocks("python")[0])
    monkeypatch.syspath_prepend(tmp_path)
    checks = [{"readme_check:share_of": "region", "value": "EU", "max": 1}]
    result = Suite("s", batch=make_batch(400), checks=checks).run()
    assert 0.2 < result.checks[0].verdicts[0].measurement.estimate.value < 0.4


def test_every_option_is_in_the_readme() -> None:
    """No option of the plugin is left out, and none is invented."""
    parser = pytest.Parser(_ispytest=True)
    pytest_addoption(parser)
    options = {name for group in parser._groups for option in group.options for name in option.names()}
    assert options == set(re.findall(r"--modelqa-[a-z-]+", README))
