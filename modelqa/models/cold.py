"""A model in a new process: what it takes to load it and to answer first, in seconds and bytes.

The process gets everything through its standard input, and ends when that is closed: it never
outlives who started it. What a model prints goes nowhere; the answer has a channel of its own.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from modelqa.core import beside
from modelqa.errors import ModelQAError, SubjectError
from modelqa.models.found import Found

if TYPE_CHECKING:
    import pandas as pd

PATIENCE = 300.0
"""Seconds that loading and two calls may take together."""
_STATUS = Path("/proc/self/status")


def measure(found: Found, frame: "pd.DataFrame", *, patience: float = PATIENCE) -> Mapping[str, float]:
    """Load a model in a new process, call it with the first row of a frame, then with all of it.

    ``load_time`` and ``first_prediction`` are seconds, ``load_memory`` and ``predict_memory`` the most
    bytes that the whole process (interpreter and libraries included) has held by then, ``threads``
    those it has in the end, ``model_size`` the bytes of the model's files (of its pickle, for an object).

    Raises `SubjectError` where the model cannot be sent there, cannot be loaded or called there, ends
    the process, or needs more than ``patience`` seconds.
    """
    load = _pickled(found)
    request = pickle.dumps({"load": load, "rows": pickle.dumps(frame), "beside": beside.carried()})
    told = _answer(_start(), request, found, patience)
    if "error" in told:
        raise SubjectError(f"{found.info} in a new process: {told['error']}")
    size = len(load) if found.size is None else found.size()
    return {**told, "model_size": float(size)}


def _pickled(found: Found) -> bytes:
    try:
        return pickle.dumps(found.load)
    except Exception as error:  # whatever an object raises that cannot be pickled
        raise SubjectError(
            f"{found.info} is an object of this process that cannot be loaded anew in another "
            f"({type(error).__name__}): name a model's URI, its folder or module:function"
        ) from None


def _start() -> "subprocess.Popen[bytes]":
    code = f"import sys; sys.path[:] = {sys.path!r}; from modelqa.models.cold import main; main()"
    return subprocess.Popen(  # noqa: S603 (this interpreter, and nothing of a suite)
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _answer(
    child: "subprocess.Popen[bytes]", request: bytes, found: Found, patience: float
) -> Mapping[str, Any]:
    """What the child says; whatever happens, it is gone afterwards."""
    listens, says = cast("IO[bytes]", child.stdin), cast("IO[bytes]", child.stdout)
    try:
        with suppress(BrokenPipeError):
            listens.write(len(request).to_bytes(8, "big") + request)
            listens.flush()
        code = child.wait(patience)
        said = says.read()
    except subprocess.TimeoutExpired:
        raise SubjectError(
            f"{found.info} in a new process: not loaded and called within {patience:g} s"
        ) from None
    finally:
        _kill(child)
    try:
        return dict(json.loads(said))
    except ValueError:
        how = f"signal {-code}" if code < 0 else f"exit status {code}"
        raise SubjectError(f"{found.info} in a new process: it ended with {how} before it answered") from None


def _kill(child: "subprocess.Popen[bytes]") -> None:
    """End the child, and what it has started itself."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


# --- in the new process


def main() -> None:
    """Read a request, measure, answer, and be gone as soon as nobody listens."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    wanted = int.from_bytes(sys.stdin.buffer.read(8), "big")
    request = pickle.loads(sys.stdin.buffer.read(wanted))  # noqa: S301 (written by `measure`)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    beside.carry(request["beside"])
    try:
        told: Mapping[str, Any] = _measured(request["load"], request["rows"])
    except ModelQAError as error:
        told = {"error": str(error)}
    except BaseException as error:  # its text may quote rows
        told = {"error": f"{type(error).__name__} (its text is not shown, since it may quote rows)"}
    channel.write(json.dumps(told))
    channel.flush()
    os._exit(0)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    if hasattr(os, "killpg"):
        os.killpg(os.getpgid(0), signal.SIGKILL)
    os._exit(1)


def _measured(load: bytes, rows: bytes) -> dict[str, float]:
    model, load_time = _timed(lambda: pickle.loads(load)())  # noqa: S301 (written by `measure`)
    load_memory = peak()
    frame = pickle.loads(rows)  # noqa: S301 (written by `measure`)
    _, first = _timed(lambda: model.call(frame.iloc[:1]))
    model.call(frame)
    return {
        "load_time": load_time,
        "load_memory": load_memory,
        "first_prediction": first,
        "predict_memory": peak(),
        "threads": float(_threads()),
    }


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    made = work()
    return made, time.perf_counter() - began


def peak() -> float:
    """The most bytes of memory that this process has held.

    On Linux by the kernel's mark for this very program: the one of `getrusage` begins with what the
    process held that started it.

    >>> 10_000_000 < peak() < 1e12
    True
    """
    marked = _status("VmHWM")
    if marked is not None:
        return 1024.0 * marked
    try:
        import resource
    except ImportError:
        raise SubjectError("the peak of memory is not known on this system") from None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most) if sys.platform == "darwin" else 1024.0 * most


def _threads() -> int:
    """Threads of the process but the one that waits for the parent to end."""
    return (_status("Threads") or threading.active_count()) - 1


def _status(name: str) -> int | None:
    """A number of the kernel's status of this process; None where there is none."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), None)
