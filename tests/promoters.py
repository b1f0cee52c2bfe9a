"""Promoters as processes that race and die: a script, so that they are forked from a process with one thread.

    python promoters.py store FILE          a SQLite store with a model of four versions
    python promoters.py race URI RACES      two or three promoters a race; one JSON line a race
    python promoters.py kill FILE [EVERY]   promoters killed at each call of the store; one line a kill

``{}`` in the URI of a race is its number: each race has a store of its own then.
"""

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from modelqa.actions import mlflow
from modelqa.actions.evidence import Judged
from modelqa.actions.lease import SECONDS
from modelqa.actions.promote import BEGUN, RECORD, Move, promote, rollback
from modelqa.core.bound import Bound, Outcome
from modelqa.core.estimate import Estimate
from modelqa.core.result import CheckResult, Measurement, SuiteResult, Verdict
from modelqa.core.subject import ModelInfo, SubjectInfo

MODEL = "churn"
LEASE = 3.0
"""Seconds that the lease of those who die lasts: whoever follows waits for so long."""


def judged(version: str, champion: str, *, red: bool = False) -> tuple[SuiteResult, Judged]:
    """What a suite found of a version, against this champion."""
    verdict = Verdict(Outcome.PASSED, Measurement("roc_auc", Estimate.fact(0.9, n=100)), Bound(min=0.8), "")
    outcome = Outcome.FAILED if red else Outcome.PASSED
    check = CheckResult("roc_auc", "metric", (verdict,), outcome, seconds=0.0, where="")
    subject = SubjectInfo(
        model=ModelInfo(f"models:/{MODEL}/{version}", name=MODEL, version=version, digest=f"files {version}"),
        champion=ModelInfo(f"models:/{MODEL}/{champion}", name=MODEL, version=champion, digest="other"),
    )
    result = SuiteResult("gate", subject, (check,), started="", digest="rules")
    return result, Judged.of(result, partial=False, run_id="run")


def forward(
    store: Any, version: str, *, red: bool = False, against: str = "1", seconds: float = SECONDS
) -> str:
    """Tag a version by what was judged, and promote it."""
    result, found = judged(version, against, red=red)
    mlflow.tag(store, result, found)
    move = Move(MODEL, "champion", version)
    return promote(store, move, found, digest=lambda: f"files {version}", seconds=seconds)


def state(store: Any) -> dict[str, Any]:
    """Alias, records and tags as they are now."""
    found = store.get_registered_model(MODEL)
    held = str(found.aliases.get("champion", ""))
    return {
        "alias": held,
        "record": json.loads(found.tags.get(f"{RECORD}champion", "null")),
        "begun": f"{BEGUN}champion" in found.tags,
        "status": store.get_model_version(MODEL, held).tags.get("validation_status", ""),
    }


def make_store(file: Path) -> None:
    """A model with the versions 1 to 4, the first of which is the champion."""
    store = mlflow.client(f"sqlite:///{file}")
    store.create_registered_model(MODEL)
    for _ in range(4):
        store.create_model_version(MODEL, file.with_name("no-files").as_uri())
    store.set_registered_model_alias(MODEL, "champion", "1")


def race(uri: str, number: int) -> dict[str, Any]:
    """Two green promoters and, every other time, a red one, let go at once."""
    own = uri.format(number)
    if own != uri:
        file = Path(own.removeprefix("sqlite:///"))
        shutil.copy(file.with_name("template.db"), file)
    else:
        mlflow.client(own).set_registered_model_alias(MODEL, "champion", "1")
    green = {"2": False, "3": False}
    racers = green | ({"4": True} if number % 2 else {})
    ready, go = os.pipe()
    answers, tell = os.pipe()
    children = []
    for version, red in racers.items():
        pid = os.fork()
        if pid == 0:
            os.close(go)
            _race(own, version, red, ready, tell, seed=number)
        children.append(pid)
    os.close(ready)
    os.close(tell)
    os.close(go)
    for pid in children:
        os.waitpid(pid, 0)
    with os.fdopen(answers) as told:
        said = [json.loads(line) for line in told]
    found = {"said": said, **state(mlflow.client(own))}
    if own != uri:
        file.unlink()
    return found


def _race(own: str, version: str, red: bool, ready: int, tell: int, *, seed: int) -> None:
    try:
        store = mlflow.client(own)
        store.get_registered_model(MODEL)
        os.read(ready, 1)  # the end of it: everybody is let go at once
        time.sleep(random.Random(f"{seed} {version}").uniform(0, 0.02))  # noqa: S311
        try:
            said = {"version": version, "said": forward(store, version, red=red), "error": ""}
        except Exception as error:
            said = {"version": version, "said": str(error), "error": type(error).__name__}
        os.write(tell, (json.dumps(said) + "\n").encode())
    finally:
        os._exit(0)


class Dying:
    """A client whose process is killed before or after one of its calls."""

    def __init__(self, store: Any, at: int, *, after: bool) -> None:
        self.store, self.at, self.after, self.calls = store, at, after, 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.store, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **keys: Any) -> Any:
            here = self.calls == self.at
            self.calls += 1
            if here and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = found(*arguments, **keys)
            if here:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call


Act = Callable[[Any, float], str]


def _follow(store: Any, seconds: float) -> str:
    """Promote version 2, judged against whoever is champion now."""
    return forward(store, "2", against=state(store)["alias"], seconds=seconds)


ACTS: dict[str, Act] = {
    "promote": lambda store, seconds: forward(store, "2", seconds=seconds),
    "rollback": lambda store, seconds: rollback(store, MODEL, "champion", seconds=seconds),
    "follow": _follow,
}


@dataclass(frozen=True)
class Kill:
    """Who dies where, and who comes after."""

    victim: str
    then: str
    at: int = -1
    after: bool = False
    delay: float = 0.0


def kills(file: Path) -> Iterator[Kill]:
    """Before and after every call of the store, and at any moment between."""
    ways = {"promote": ("promote", "rollback"), "rollback": ("rollback", "follow")}
    for victim, after in ways.items():
        calls, lasts = _measured(file, victim)
        for then in after:
            for at in range(calls):
                yield from (Kill(victim, then, at=at, after=late) for late in (False, True))
            yield from (Kill(victim, then, delay=lasts * number / 40) for number in range(1, 41))


def _measured(file: Path, victim: str) -> tuple[int, float]:
    """How many calls of the store an act is, and how many seconds it lasts in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        store = Dying(_prepared(file, Path(folder), victim), -1, after=False)
        began = time.monotonic()
        ACTS[victim](store, SECONDS)
        return store.calls, time.monotonic() - began


def _prepared(file: Path, folder: Path, victim: str) -> Any:
    """A copy of the store; for a rollback version 2 has been promoted in it."""
    shutil.copy(file, folder / "store.db")
    store = mlflow.client(f"sqlite:///{folder / 'store.db'}")
    if victim == "rollback":
        ACTS["promote"](store, SECONDS)
    return store


def kill(file: Path, one: Kill) -> dict[str, Any]:
    """Let a promoter die, look, let somebody follow, look again."""
    with tempfile.TemporaryDirectory() as folder:
        store = _prepared(file, Path(folder), one.victim)
        victim = os.fork()
        if victim == 0:
            try:
                ACTS[one.victim](Dying(store, one.at, after=one.after), LEASE)
            finally:
                os._exit(0)
        if one.at < 0:
            time.sleep(one.delay)
            os.kill(victim, signal.SIGKILL)
        _, status = os.waitpid(victim, 0)
        between = state(store)
        try:
            said = ACTS[one.then](store, SECONDS)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        found = state(store)
    return {**asdict(one), "died": os.WIFSIGNALED(status), "between": between, "said": said, **found}


def kill_all(file: Path, every: int, *, at_once: int = 16) -> None:
    """Those who follow mostly wait, so that many may at once."""
    running: set[int] = set()
    for number, one in enumerate(kills(file)):
        if number % every:
            continue
        if len(running) == at_once:
            running.discard(os.wait()[0])
        pid = os.fork()
        if pid == 0:
            try:
                os.write(1, (json.dumps(kill(file, replace(one))) + "\n").encode())
            finally:
                os._exit(0)
        running.add(pid)
    while running:
        running.discard(os.wait()[0])


def main(command: str, where: str, number: str = "1") -> None:
    """One of the three."""
    if command == "store":
        make_store(Path(where))
    elif command == "race":
        for each in range(int(number)):
            sys.stdout.write(json.dumps(race(where, each)) + "\n")
            sys.stdout.flush()
    else:
        kill_all(Path(where), int(number))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*sys.argv[1:])
