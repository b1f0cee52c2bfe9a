"""Alert rules for Prometheus over the metrics of runs, and their unit tests for promtool."""

from pathlib import Path

RULES, TESTS = "modelqa.rules.yml", "modelqa.rules.test.yml"


def files() -> dict[str, str]:
    """The rules and their tests, by the names that they know each other by.

    >>> list(files())
    ['modelqa.rules.yml', 'modelqa.rules.test.yml']
    """
    folder = Path(__file__).parent / "templates"
    return {name: (folder / name).read_text(encoding="utf-8") for name in (RULES, TESTS)}
