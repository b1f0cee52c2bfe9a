"""Those who retrain: a command, a project of MLflow's, a workflow of GitHub's, whoever hears a webhook.

A command is a list of arguments and never passes a shell. It runs in the project's folder with the
variables of this process and ``MODELQA_REQUEST``, the path of the request; what it prints goes to a file.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelqa.actions.github import GitHub
from modelqa.actions.retrain import State
from modelqa.actions.tracker import Later, Refused
from modelqa.actions.webhook import Webhook
from modelqa.core.units import Unit, show
from modelqa.errors import ActionError

REQUEST = "MODELQA_REQUEST"
EVENT = "modelqa-retrain"
"""The type of the event that workflows wait for, unless the suite says another."""
LONGEST, GRACE = 6 * 3600.0, 10.0
"""Seconds that a command may take unless the suite says so, and that it has to end when it is told to."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a request, and how it is told."""

    state: State
    said: str


def command(
    arguments: Sequence[str],
    request: Path,
    *,
    root: Path,
    environ: Mapping[str, str],
    seconds: float = LONGEST,
    name: str = "",
) -> Ended:
    """Run a command to its end, or end it and all that it has started when its time is up.

    What it prints goes into the request's file with the suffix ``.log``. ``name`` is what it is called.
    """
    log, name = request.with_suffix(".log"), name or arguments[0]
    output_in = log.relative_to(root).as_posix() if log.is_relative_to(root) else log.name
    began = time.monotonic()
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 (the suite's own argument list; no shell)
                list(arguments),
                cwd=root,
                env={**environ, REQUEST: str(request)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else "no argument may hold a zero character"
        return Ended(State.UNDONE, f"{name} cannot be started: {told}")
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        limit = show(seconds, Unit.SECONDS)
        return Ended(
            State.FAILED, f"{name} was ended after its time limit of {limit}; its output: {output_in}"
        )
    except BaseException:
        _end(process)
        raise
    took = show(time.monotonic() - began, Unit.SECONDS)
    if code == 0:
        return Ended(State.DONE, f"{name} ended well after {took}; its output: {output_in}")
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return Ended(State.FAILED, f"{name} {how} after {took}; its output: {output_in}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and those that it has started: asked first, then forced."""
    _signal(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.kill()


def project(uri: str, request: Path, *, entry_point: str, env_manager: str) -> list[str]:
    """The command that runs a project of MLflow's; the request is its parameter ``request``.

    >>> project("git://x", Path("r.json"), entry_point="train", env_manager="uv")[1:5]
    ['-m', 'mlflow', 'run', '--entry-point=train']
    """
    options = [f"--entry-point={entry_point}", f"--env-manager={env_manager}"]
    return [
        sys.executable, "-m", "mlflow", "run", *options, "--param-list", f"request={request}", "--", uri
    ]  # fmt: skip


def dispatch(github: GitHub, event: str, request: Mapping[str, Any]) -> Ended:
    """Start the workflows of a repository that wait for a ``repository_dispatch`` of this type."""
    try:
        with github:
            made = {"event_type": event, "client_payload": {"request": request}}
            github.call("POST", "dispatches", json=made)
    except ActionError as error:
        return Ended(_after(error), str(error))
    return Ended(State.DONE, f"GitHub has started what waits for {event} in {github.repository}")


def tell(webhook: Webhook, request: Mapping[str, Any]) -> Ended:
    """Tell a receiver, under an id that is the request's, so that it does it once however often it hears."""
    try:
        webhook.send({"action": "retrain", "request": request}, key=str(request["request"]), same=True)
    except ActionError as error:
        return Ended(_after(error), str(error))
    return Ended(State.DONE, "the webhook has taken it")


def _after(error: ActionError) -> State:
    """Whether it may have been done, though no good answer came."""
    if isinstance(error, Later) or (isinstance(error, Refused) and error.status < 500):
        return State.UNDONE
    return State.BEGUN
