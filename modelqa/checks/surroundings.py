"""What goes on around a timed check in this process and on this machine, as plain data."""

import gc
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_STATUS = Path("/proc/self/status")


@contextmanager
def watched() -> Iterator[Callable[[], dict[str, Any]]]:
    """Tell, whenever asked, what has happened since, and on what machine.

    Meanwhile the garbage collector has nothing to do with what was there before: in a service that
    only serves, there would be none of it.

    ``interrupted`` counts how often the system took the processor away, ``cpu_seconds`` is what
    the process got of it, ``collections`` are runs of the garbage collector. What the system does not
    tell is 0.

    >>> with watched() as since:
    ...     since()["interrupted"] >= 0
    True
    """
    by_others = gc.get_freeze_count()
    if not by_others:
        gc.freeze()
    before = _counts()
    try:
        yield lambda: {
            **{name: count - before[name] for name, count in _counts().items()},
            "gc": gc.isenabled(),
            "threads": threads(),
            "thread_limits": {name: os.environ[name] for name in _THREADS if name in os.environ},
            "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0,
            "cpus": os.cpu_count() or 0,
            "machine": platform.machine(),
            "system": platform.system(),
            "python": platform.python_version(),
        }
    finally:
        if not by_others:
            gc.unfreeze()


def threads() -> int:
    """How many threads this process has, those of libraries included; 0 where the system does not tell."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Threads:")), 0)


def _counts() -> dict[str, float]:
    return {
        "interrupted": _interrupted(),
        "cpu_seconds": time.process_time(),
        "collections": sum(generation["collections"] for generation in gc.get_stats()),
    }


def _interrupted() -> int:
    try:
        import resource
    except ImportError:  # not a POSIX system
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
