"""Benchmarks compare: both sides by turns in one run, and one table of all ratios at the end.

``python -m pytest tests/benchmarks -m slow`` prints the table; a name after ``-k`` chooses rows of it.
"""

import os
import platform
from collections.abc import Callable
from datetime import date
from statistics import median
from time import process_time
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

Side = Callable[[], float | None]
collect_ignore_glob = ["gate_*.py"]
"""Scripts of processes of their own: the search for doctests would run them here."""
ROWS = pytest.StashKey[list[tuple[str, ...]]]()


@pytest.fixture
def compare(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Callable[..., None]:
    """Run two sides by turns and hold the ratio of their medians against a bar.

    A side costs the processor's seconds, which busy neighbours change least, unless it answers with its own
    figure (those of another process, bytes).
    """

    def compared(
        what: str, ours: Side, theirs: Side, *, beside: str, most: float, turns: int = 5, unit: str = "s"
    ) -> None:
        figures: tuple[list[float], list[float]] = ([], [])

        def turn() -> None:
            for side, seen in zip((ours, theirs), figures, strict=True):
                seen.append(_figure(side))

        benchmark.pedantic(turn, rounds=turns, warmup_rounds=1)
        mine, other = (median(seen[1:]) for seen in figures)
        ratio = mine / other
        benchmark.extra_info.update(ours=mine, theirs=other, ratio=ratio, bar=most)
        row = (what, beside, f"{mine:.3g} {unit}", f"{other:.3g} {unit}", f"{ratio:.3g}", f"{most:.3g}")
        request.config.stash.setdefault(ROWS, []).append(row)
        assert ratio <= most, f"{mine:.3g} {unit} beside {other:.3g} {unit}: {ratio:.3g}, at most {most:.3g}"

    return compared


def _figure(side: Side) -> float:
    began = process_time()
    own = side()
    return process_time() - began if own is None else own


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The table, as it stands in the README."""
    rows = config.stash.get(ROWS, [])
    if not rows:
        return
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    terminalreporter.section(f"ratios, {date.today():%Y-%m-%d}, {machine}")
    heads = ("what", "beside", "modelqa", "other", "ratio", "at most")
    for row in (heads, ("---",) * len(heads), *rows):
        terminalreporter.write_line(f"| {' | '.join(row)} |")
