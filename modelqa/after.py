"""What follows a run, whichever door it came through: files, evidence, actions, what GitHub Actions shows."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

from modelqa.core.codec import Gathered, to_plain
from modelqa.errors import ActionError, LedgerError, ModelQAError
from modelqa.reports import github
from modelqa.reports.files import write, write_pages
from modelqa.reports.terminal import visible, would


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the options ask for after a run; ``act`` lets actions act, ``log`` writes evidence to MLflow."""

    _: KW_ONLY
    root: Path
    report: str | None = None
    json: str | None = None
    tracking_uri: str | None = None
    log: bool = False
    act: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A line to print, and whether it says that something that was asked for did not happen."""

    line: str
    _: KW_ONLY
    failed: bool = False


def follow(runs: Sequence[Gathered], wishes: Wishes) -> list[Told]:
    """Do what was asked for, in this order: files, evidence, actions; what to print comes back.

    Nothing that goes wrong keeps the others from being done.
    """
    said: list[Told] = []
    for step in (_files, _evidence, _actions):
        try:
            said += step(runs, wishes)
        except (ModelQAError, OSError) as error:
            said.append(Told(f"modelqa: {error}", failed=True))
    return said


def _files(runs: Sequence[Gathered], wishes: Wishes) -> Iterator[Told]:
    """A page for each suite, and all results as JSON: one object for one suite, a list for several."""
    if wishes.json:
        plain = [to_plain(run.result) for run in runs]
        one = plain[0] if len(plain) == 1 else plain
        write(Path(wishes.json), json.dumps(one, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    if wishes.report:
        for page in write_pages(Path(wishes.report), [(run.path, run.result) for run in runs]):
            yield Told(f"report: {page}")


def _evidence(runs: Sequence[Gathered], wishes: Wishes) -> Iterator[Told]:
    """A run in MLflow for each suite, and tags on the version that it judged."""
    if not wishes.log:
        return
    from modelqa.actions import mlflow
    from modelqa.reports.html import render

    store = mlflow.client(wishes.tracking_uri)
    for run in runs:
        page = render(run.result, path=run.path)
        made = mlflow.log(run.result, store, partial=run.partial, page=page)
        yield Told(f"logged to MLflow: run {made} of experiment {visible(f'modelqa/{run.result.suite}')}")


def _actions(runs: Sequence[Gathered], wishes: Wishes) -> Iterator[Told]:
    """The actions of each suite that its outcome calls for: done where `act` is on, else told."""
    for run in runs:
        for action in run.actions:
            if "ticket" in action and wishes.act:
                yield from _tickets(run, action, wishes)
                continue
            line = would(run.result, action, partial=run.partial)
            if not line:
                continue
            if not wishes.act or line.startswith("would not"):
                yield Told(line)
                continue
            try:
                yield Told(visible(_do(run, action, wishes)))
            except ActionError as error:
                yield _failed(error)


def _tickets(run: Gathered, action: Mapping[str, Any], wishes: Wishes) -> Iterator[Told]:
    """A ticket hears of every run: what is red opens it, what is green counts towards closing."""
    from modelqa.ticketing import tell

    try:
        yield from (Told(visible(line)) for line in tell(run, action, os.environ, wishes.root))
    except (ActionError, LedgerError) as error:
        yield _failed(error)


def _failed(error: ModelQAError) -> Told:
    told = "\n".join(map(visible, str(error).splitlines()))
    return Told(f"modelqa: {told}", failed=True)


def _do(run: Gathered, action: Mapping[str, Any], wishes: Wishes) -> str:
    if "promote" in action:
        return _promote(run, action, wishes)
    raise ActionError(f"{action['does']}: modelqa does not do that yet")


def _promote(run: Gathered, action: Mapping[str, Any], wishes: Wishes) -> str:
    from modelqa.actions import mlflow
    from modelqa.actions.promote import Move, promote

    model = run.result.subject.model
    if model is None or not model.version:
        raise ActionError("promote: the suite judged no version of a registered model")
    move = Move(
        model.name,
        action["promote"],
        model.version,
        allow=tuple(action.get("allow_inconclusive", ())),
        first=bool(action.get("first", False)),
    )
    judged = mlflow.Judged.of(run.result, partial=run.partial)
    store = mlflow.client(wishes.tracking_uri)
    return promote(store, move, judged, digest=lambda: digest_of(model.name, model.version, wishes))


def digest_of(name: str, version: str, wishes: Wishes) -> str:
    """What the files of a model version hash to now. Raises `SubjectError` where they cannot be read."""
    from modelqa import catalog

    found = catalog.find("models", "models")(f"models:/{name}/{version}", tracking_uri=wishes.tracking_uri)
    return str(found.info.digest)


def tell_github(
    runs: Sequence[Gathered], environ: Mapping[str, str], wishes: Wishes, *, annotate: bool = True
) -> list[str]:
    """In a step of GitHub Actions: job summary and outputs; the annotations to print come back.

    Anywhere else nothing is done.
    """
    if not github.active(environ):
        return []
    top = Path(environ.get("GITHUB_WORKSPACE") or wishes.root).resolve()
    placed = [(os.path.relpath(wishes.root / run.path, top), run.result) for run in runs]
    report = Path(wishes.report) if wishes.report else None
    return github.publish(placed, environ, annotate=annotate, report=report)
