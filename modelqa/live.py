"""What runs now, shown beside pytest's own line as long as it runs."""

import os
import sys
from typing import Any

import pytest

from modelqa.progress import Ticker, watches


def watch(config: pytest.Config, kinds: tuple[type[pytest.Item], ...]) -> None:
    """Show items of some kinds while they run, if somebody looks at them and nobody else writes meanwhile."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if type(reporter).__module__ == "_pytest.terminal" and watches(sys.stdout) and not _busy(config):
        config.pluginmanager.register(Live(config.get_terminal_writer(), kinds), "modelqa-live")


def _busy(config: pytest.Config) -> bool:
    """Whether less was asked for, or others write to the terminal while items run."""
    option = config.option
    workers = getattr(option, "numprocesses", None) or getattr(option, "dist", "no") != "no"
    others = option.capture == "no" or workers or option.usepdb or option.trace
    logs = config.getini("log_cli") or option.log_cli_level
    return bool(option.verbose < 0 or option.collectonly or option.setupshow or others or logs)


class Live:
    """Draws on the terminal itself: while an item runs, pytest captures what is written to its streams."""

    def __init__(self, writer: Any, kinds: tuple[type[pytest.Item], ...]) -> None:
        self._kinds = kinds
        self._terminal = os.dup(sys.stdout.fileno())
        self._ticker = Ticker(
            self._terminal, room=lambda: int(writer.fullwidth - writer.width_of_current_line)
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin where pytest has written the item's file, or name."""
        if isinstance(item, self._kinds):
            self._ticker.show(item.name)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """End before pytest goes on with its line."""
        if report.when != "setup" or not report.passed:
            self._ticker.show("")

    def pytest_enter_pdb(self) -> None:
        """Leave the terminal to whoever wants to talk."""
        self._ticker.show("")

    def pytest_unconfigure(self) -> None:
        """Let the terminal go."""
        self._ticker.close()
        os.close(self._terminal)
