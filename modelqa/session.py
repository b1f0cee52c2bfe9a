"""The end of a pytest session in which suites ran: what follows a run, and what the terminal says."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import pytest

from modelqa.after import Told, Wishes, follow, tell_github
from modelqa.core.codec import Gathered, gathered
from modelqa.project import switched, tracking_uri
from modelqa.reports.terminal import render, summary

ANNOTATES = "pytest_github_actions_annotate_failures"
"""The plugin that makes annotations of failures itself."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The runs of a session and what followed them."""

    runs: Sequence[Gathered]
    _: KW_ONLY
    said: Sequence[Told]
    wishes: Wishes

    def tell(self, terminalreporter: Any) -> None:
        """A table of what is not green, and a line, for each suite; what followed; GitHub's annotations."""
        terminalreporter.section("modelqa")
        quiet = terminalreporter.verbosity < 0
        for run in self.runs:
            terminalreporter.line(summary(run.result) if quiet else render(run.result, f"{run.path}::"))
        for told in self.said:
            terminalreporter.line(told.line, red=told.failed)
        annotate = not terminalreporter.config.pluginmanager.hasplugin(ANNOTATES)
        for line in tell_github(self.runs, os.environ, self.wishes, annotate=annotate):
            terminalreporter.line(line)


def finish(
    session: pytest.Session, results: Mapping[str, Mapping[str, Any]], option: Callable[[str], Any]
) -> Finished:
    """Do what the options ask for after a session; what did not happen fails a green one."""
    runs, root = gathered(results.values()), session.config.rootpath
    wishes = Wishes(
        root=root,
        report=option("report"),
        json=option("json"),
        tensorboard=option("tensorboard"),
        metrics=option("metrics"),
        tracking_uri=tracking_uri(option("tracking_uri"), root),
        log=switched(option("log")),
        act=switched(option("act")),
    )
    said = follow(runs, wishes)
    if session.exitstatus == pytest.ExitCode.OK and any(each.failed for each in said):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return Finished(runs, said=said, wishes=wishes)
