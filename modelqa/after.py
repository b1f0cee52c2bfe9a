"""What follows a run, whichever door it came through: files, evidence, actions, what GitHub Actions shows."""

import json
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelqa.core.codec import Gathered, to_plain
from modelqa.core.result import SuiteResult
from modelqa.errors import ActionError, ModelQAError
from modelqa.reports import github
from modelqa.reports.files import write, write_pages
from modelqa.reports.terminal import visible, would

if TYPE_CHECKING:
    from modelqa.core.standing import Standing
    from modelqa.retraining import Considered, Order
    from modelqa.ticketing import Beside


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the options ask for after a run; ``act`` lets actions act, ``log`` writes evidence to MLflow.

    ``metrics`` is a folder or the address of a Pushgateway.
    """

    _: KW_ONLY
    root: Path
    report: str | None = None
    json: str | None = None
    tensorboard: str | None = None
    metrics: str | None = None
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
    """Do what was asked for, files first, then evidence and actions of each suite; what to print comes back.

    Nothing that goes wrong keeps the others from being done. A training may take hours, so it comes last.
    """
    said: list[Told] = []
    trainings: list[Callable[[], Iterator[Told]]] = []
    try:
        said += _files(runs, wishes)
    except _WRONG as error:
        said.append(_failure(error))
    for run in runs:
        said += _outside(run, wishes, trainings)
    said += boards(runs, wishes)
    said += _metrics(runs, wishes)
    for training in trainings:
        said += training()
    return said


_WRONG = (ModelQAError, OSError)


def _failure(error: Exception) -> Told:
    return Told("modelqa: " + "\n".join(map(visible, str(error).splitlines())), failed=True)


def _files(runs: Sequence[Gathered], wishes: Wishes) -> Iterator[Told]:
    """A page for each suite, and all results as JSON: one object for one suite, a list for several."""
    if wishes.json:
        plain = [to_plain(run.result) for run in runs]
        one = plain[0] if len(plain) == 1 else plain
        write(Path(wishes.json), json.dumps(one, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    if wishes.report:
        for page in write_pages(Path(wishes.report), [(run.path, run.result) for run in runs]):
            yield Told(f"report: {page}")


def boards(runs: Sequence[Gathered], wishes: Wishes) -> Iterator[Told]:
    """Event files for TensorBoard, where they are asked for.

    A run of some checks, or one that measured nothing, would take the place of one that is whole.
    """
    for run in runs if wishes.tensorboard else ():
        some = run.partial or not any(check.verdicts for check in run.result.checks)
        why = "some of its checks did not run" if run.partial else "nothing was measured"
        name, folder = visible(run.result.suite), Path(str(wishes.tensorboard))
        try:
            told = f"nothing of {name} is written, for {why}" if some else _board(run, folder)
            yield Told(f"tensorboard: {told}")
        except _WRONG as error:
            yield _failure(error)


def _board(run: Gathered, folder: Path) -> str:
    from modelqa.reports.tensorboard import write_events

    return f"step {write_events(folder, run.result):,} of {visible(run.result.suite)} in {folder}"


def _outside(run: Gathered, wishes: Wishes, trainings: list[Callable[[], Iterator[Told]]]) -> Iterator[Told]:
    """Evidence in MLflow and the suite's actions, done where `act` is on, else told.

    A promotion has evidence, whether that was asked for or not.
    """
    others = [action for action in run.actions if not (wishes.act and {"ticket", "retrain"} & action.keys())]
    due = [(would(run.result, action, partial=run.partial), action) for action in others]
    doing = [action for line, action in due if wishes.act and line and not line.startswith("would not")]
    yield from (Told(line) for line, action in due if line and action not in doing)
    evidence = ""
    if wishes.log or any("promote" in action for action in doing):
        try:
            evidence = _log(run, wishes)
            name = visible(f"modelqa/{run.result.suite}")
            yield Told(f"logged to MLflow: run {evidence} of experiment {name}")
        except _WRONG as error:
            yield _failure(error)
    if wishes.act:
        order = yield from _hear(run, wishes, evidence)
        trainings += [partial(_trained, order, run, wishes, evidence)] if order else []
    for action in doing:
        try:
            yield Told(visible(_do(run, action, wishes, evidence)))
        except _WRONG as error:
            yield _failure(error)


def _metrics(runs: Sequence[Gathered], wishes: Wishes) -> Iterator[Told]:
    """Metrics of whole runs, tickets counted after they were told.

    What cannot be written fails no run: a monitoring that hears nothing of a suite says so itself.
    """
    if not wishes.metrics:
        return
    from modelqa.monitoring.places import export, place
    from modelqa.ticketing import open_tickets

    def tickets(result: SuiteResult) -> int | None:
        return open_tickets(result, os.environ, wishes.root)

    try:
        to = place(wishes.metrics, os.environ)
    except _WRONG as error:
        yield replace(_failure(error), failed=False)
        return
    with closing(to):
        for run in runs:
            try:
                told = "only a part ran" if run.partial else export(run.result, to, tickets)
                yield Told(visible(f"metrics of {run.result.suite}: {told}"))
            except _WRONG as error:
                yield replace(_failure(error), failed=False)


def _log(run: Gathered, wishes: Wishes) -> str:
    from modelqa.actions import mlflow
    from modelqa.reports.html import render

    store = mlflow.client(wishes.tracking_uri)
    return mlflow.log(run.result, store, partial=run.partial, page=render(run.result, path=run.path))


def _hear(run: Gathered, wishes: Wishes, evidence: str) -> Generator[Told, None, "Order | None"]:
    """Retraining and tickets hear of every run: what is red opens, what is green counts towards closing.

    Whether the model is retrained is decided first, for the tickets say it.
    """
    order = yield from _decided(run, wishes)
    yield from _tickets(run, wishes, evidence)
    return order


def train(run: Gathered, wishes: Wishes, standing: "Standing") -> Iterator[Told]:
    """Have a model retrained where a watched run asks for it, by how its checks stand over time.

    Nothing else follows: a result is shown and logged as it was measured.
    """
    order = yield from _decided(run, wishes, standing)
    if order:
        yield from _trained(order, run, wishes, "")


def _decided(
    run: Gathered, wishes: Wishes, standing: "Standing | None" = None
) -> Generator[Told, None, "Order | None"]:
    """Whether a model is retrained, as the ledger has it from now on; None where the suite never asks."""
    action = next((each for each in run.actions if "retrain" in each), None)
    if action is None:
        return None
    try:
        considered = _consider(run, action, wishes, standing)
    except _WRONG as error:
        yield _failure(error)
        return None
    if considered.said:
        yield Told(visible(f"retrain ({action['retrain']}) {considered.said}"))
    return considered.order


def _consider(
    run: Gathered, action: Mapping[str, Any], wishes: Wishes, standing: "Standing | None"
) -> "Considered":
    from modelqa.actions.tickets import Policy
    from modelqa.retraining import consider
    from modelqa.ticketing import over_time, patience, problems

    seen = over_time(run, standing or {})
    cases = list(problems(seen, action, os.environ))
    policy = patience(Policy(), [check for *_, red in cases for check in red], standing)
    return consider(seen, action, cases, os.environ, wishes.root, policy)


def _trained(order: "Order", run: Gathered, wishes: Wishes, evidence: str) -> Iterator[Told]:
    """Have a model retrained, and tell the tickets what became of it."""
    from modelqa.actions.retrain import State
    from modelqa.retraining import carry_out

    try:
        ended = carry_out(order, os.environ, wishes.root, tracking_uri=wishes.tracking_uri)
    except _WRONG as error:
        yield _failure(error)
        return
    yield Told(visible(f"{order.retrain.id}: {ended.said}"), failed=ended.state is not State.DONE)
    yield from (told for told in _tickets(run, wishes, evidence) if told.failed)


def _tickets(run: Gathered, wishes: Wishes, evidence: str) -> Iterator[Told]:
    """Tell the tickets of a suite."""
    hearing = [action for action in run.actions if "ticket" in action]
    if not hearing:
        return
    from modelqa.ticketing import tell

    beside = _beside(run, wishes, evidence)
    for action in hearing:
        try:
            yield from (Told(visible(line)) for line in tell(run, action, os.environ, wishes.root, beside))
        except _WRONG as error:
            yield _failure(error)


def _beside(run: Gathered, wishes: Wishes, evidence: str) -> "Beside":
    """Where more can be read of a run: its page, and what was logged of it."""
    from modelqa.reports.files import page_of
    from modelqa.ticketing import Beside

    facts = {"report": page_of(Path(wishes.report), run.result)} if wishes.report else {}
    links: Mapping[str, str] = {}
    if evidence:
        from modelqa.actions import mlflow

        facts["MLflow run"] = evidence
        with suppress(ModelQAError):  # a ticket without a link is better than none
            links = mlflow.links(mlflow.client(wishes.tracking_uri), run.result, evidence)
    return Beside(facts=facts, links=links)


def _do(run: Gathered, action: Mapping[str, Any], wishes: Wishes, evidence: str) -> str:
    if "promote" in action:
        return _promote(run, action, wishes, evidence)
    raise ActionError(f"{action['does']}: modelqa does not do that yet")


def _promote(run: Gathered, action: Mapping[str, Any], wishes: Wishes, evidence: str) -> str:
    from modelqa.actions import mlflow
    from modelqa.actions.evidence import Judged
    from modelqa.actions.promote import Move, promote

    model = run.result.subject.model
    if model is None or not model.version:
        raise ActionError("promote: the suite judged no version of a registered model")
    if not evidence:
        raise ActionError(f"promote: {model} stays where it is, for the evidence could not be logged")
    move = Move(
        model.name,
        action["promote"],
        model.version,
        allow=tuple(action.get("allow_inconclusive", ())),
        first=bool(action.get("first", False)),
    )
    judged = Judged.of(run.result, partial=run.partial, run_id=evidence)
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
