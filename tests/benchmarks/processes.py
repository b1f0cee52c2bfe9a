"""Whole processes, from their start to their end: the processor's seconds, and memory at the peak."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "DO_NOT_TRACK": "1",
    "GIT_PYTHON_REFRESH": "quiet",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds of the processor, and bytes in memory at its peak."""

    seconds: float
    peak: float


def python(arguments: Sequence[str], cwd: Path) -> Cost:
    """Run this interpreter in a folder. Raises ``AssertionError`` with what it said where it fails."""
    said = cwd / "said.txt"
    with said.open("w") as into:
        child = subprocess.Popen(
            [sys.executable, *arguments], cwd=cwd, stdout=into, stderr=into, env={**os.environ, **QUIET}
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, said.read_text()[-3000:]
    return Cost(seconds=used.ru_utime + used.ru_stime, peak=used.ru_maxrss * 1024)
