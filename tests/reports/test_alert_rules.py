"""Alert rules: promtool finds no fault with them, and their unit tests pass, and can fail."""

import re
import subprocess
from pathlib import Path

import pytest
from real_prometheus import needed
from ruamel.yaml import YAML

from modelqa.reports.alerts import RULES, TESTS, files
from modelqa.reports.metrics import METRICS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The rules and their tests, as they are written."""
    for name, content in files().items():
        (tmp_path / name).write_text(content)
    return tmp_path


def promtool(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool there."""
    tool = needed("promtool", "prometheus")
    return subprocess.run(
        [tool, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_promtool_finds_no_fault(folder: Path) -> None:
    """Nor anything to lint."""
    ran = promtool(folder, "check", "rules", "--lint=all", "--lint-fatal", RULES)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"SUCCESS: {len(_rules())} rules found" in ran.stdout


def test_the_unit_tests_pass(folder: Path) -> None:
    """By promtool."""
    ran = promtool(folder, "test", "rules", TESTS)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('verdict="failed"', 'verdict="passed"'),
        ("for: 1h  #", "for: 3h  #"),
        ("for: 3d", "for: 1d"),
        ("> 2 * 86400", "> 3 * 86400"),
        ("> 7 * 86400", "> 6 * 86400"),
        ("absent(modelqa_last_run_timestamp_seconds)", "absent(up)"),
        ("max by (suite, model)", "sum by (suite, model)"),
        ("ratio > 0.3", "ratio >= 0.3"),
        ("left_out > 0", "left_out > 20"),
        ("severity: page", "severity: none"),
    ],
)
def test_the_unit_tests_would_find_a_mistake(folder: Path, right: str, wrong: str) -> None:
    """In each of the rules."""
    rules = files()[RULES]
    assert right in rules
    (folder / RULES).write_text(rules.replace(right, wrong))
    assert promtool(folder, "test", "rules", TESTS).returncode != 0


def test_every_rule_is_tested_and_asks_for_metrics_that_there_are() -> None:
    """By name."""
    tested = set(re.findall(r"alertname: (\w+)", files()[TESTS]))
    assert tested == {each["alert"] for each in _rules()}
    asked = {name for each in _rules() for name in re.findall(r"modelqa_\w+", each["expr"])}
    assert asked <= {each.name for each in METRICS}
    assert all(each["annotations"].keys() == {"summary", "description"} for each in _rules())


def _rules() -> list[dict[str, dict[str, str]]]:
    groups = YAML(typ="safe").load(files()[RULES])["groups"]
    return [rule for group in groups for rule in group["rules"]]
