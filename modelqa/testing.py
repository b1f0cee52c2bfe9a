"""For authors of checks and for tests: a model that behaves, batches, and a conformance check.

A check of one's own is tested like this; nothing of it needs a registry, a file or a real model::

    from modelqa.testing import FakeModel, check_conforms, run_check, run_example

    def test_flip_rate():
        check_conforms("quality.flips:flip_rate", "signal", max="90%")
        assert run_check("quality.flips:flip_rate", "signal", max="1%").outcome == "failed"

    def test_the_manual_runs():
        assert all(result.verdicts for result in run_example("quality.flips:flip_rate"))
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from modelqa import catalog
from modelqa.core.bound import Outcome
from modelqa.core.check import Needs, declared
from modelqa.core.ports import Model
from modelqa.core.result import CheckResult, SuiteResult

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Task = Literal["binary", "multiclass", "regression"]
CLASSES = {"binary": 2, "multiclass": 3}
TODAY, DAY = 1_769_904_000.0, 86_400.0
"""The time at which fakes are judged, 2026-02-01 in UTC: their model is ten days old, its data twenty."""
NOISE = 2026
"""The seed of a model's noise: no batch's own, or it would be the signal over again."""


class FakeModel:
    """A model whose answer to a row stands in the row, so that a test knows what is true.

    It reads the columns ``signal`` (a number) and returns a probability that rises with it (or the
    number itself in a regression). ``scored`` counts the rows that each of its methods was given.
    ``seconds`` is how long a call takes; rows whose ``signal`` is in ``raises`` make it raise, and
    those in ``nans`` are answered by NaN. ``noise`` is the spread of what is added to the signal,
    the same each time.

    >>> model = FakeModel("regression", nans=(0.0,))
    >>> model.predict(make_batch(2, task="regression").assign(signal=[1.5, 0.0])).tolist()
    [1.5, nan]
    >>> model.scored["predict"]
    2
    """

    feature_names_in_ = np.array(["signal"])
    modelqa_created = TODAY - 10 * DAY
    modelqa_tags: Mapping[str, str] = {"modelqa.data_until": "2026-01-12"}

    def __init__(
        self,
        task: Task = "binary",
        *,
        seconds: float = 0.0,
        raises: tuple[float, ...] = (),
        nans: tuple[float, ...] = (),
        noise: float = 0.0,
    ) -> None:
        self.task = task
        self.seconds, self.raises, self.nans, self.noise = seconds, raises, nans, noise
        self.scored: Counter[str] = Counter()
        self.predict: Callable[[pd.DataFrame], NDArray[Any]] = self._numbers
        if task != "regression":
            self.classes_ = np.arange(CLASSES[task])
            self.predict_proba = self._probabilities
            self.predict = self._classes

    def _signal(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        signal = frame["signal"].to_numpy(dtype=float)
        if self.seconds:
            time.sleep(self.seconds)
        if np.isin(signal, self.raises).any():
            raise ValueError(f"cannot score {signal[np.isin(signal, self.raises)]}")
        spread = np.random.default_rng(NOISE).normal(0, self.noise, len(signal)) if self.noise else 0.0
        return np.where(np.isin(signal, self.nans), np.nan, signal + spread)

    def _numbers(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        self.scored["predict"] += len(frame)
        return self._signal(frame)

    def _probabilities(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        self.scored["predict_proba"] += len(frame)
        return self._shares(frame)

    def _shares(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        signal = self._signal(frame)
        if self.task == "binary":
            share = 1 / (1 + np.exp(-signal))
            return np.column_stack([1 - share, share])
        centres = np.arange(CLASSES[self.task])
        weight = np.exp(-((signal[:, None] - centres) ** 2))
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))

    def _classes(self, frame: pd.DataFrame) -> NDArray[np.intp]:
        self.scored["predict"] += len(frame)
        return np.asarray(self._shares(frame).argmax(axis=1))


def make_batch(rows: int = 500, *, task: Task = "binary", seed: int = 0, shift: float = 0.0) -> pd.DataFrame:
    """Rows for `FakeModel`: signal, label, a category, a number that matters to nobody, and a key.

    ``shift`` moves the signal by so many standard deviations, labels along with it.

    >>> make_batch(3).columns.tolist()
    ['id', 'signal', 'amount', 'region', 'label']
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    if task == "multiclass":
        label: Any = rng.integers(0, 3, rows)
        signal = label + rng.normal(shift, 0.4, rows)
    else:
        signal = rng.normal(shift, 2.0, rows)
        chance = 1 / (1 + np.exp(-2 * signal))
        label = signal + rng.normal(0, 0.5, rows) if task == "regression" else (rng.random(rows) < chance) * 1
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "signal": signal,
            "amount": rng.lognormal(3, 1, rows),
            "region": rng.choice(["APAC", "EU", "US"], rows, p=[0.2, 0.3, 0.5]),
            "label": label,
        }
    )


def run_check(
    kind: str, value: Any = True, /, *, subject: Mapping[str, Any] | None = None, **keys: Any
) -> CheckResult:
    """Run one check on a fake subject: a healthy model, its batch, its reference and its champion.

    ``kind`` is a check's name or ``module:function``, ``keys`` are those of the check; ``subject``
    replaces parts of the suite (None leaves one out). The model reads ``signal``; the labels are
    ``label`` and the key is ``id`` (see `make_batch`).
    Raises `SuiteError` where the check is not written well, or misses a part that it needs.

    >>> str(run_check("metric", "accuracy", min=0.5).outcome)
    'passed'
    >>> worse = FakeModel(noise=9.0)
    >>> str(run_check("metric", "accuracy", min=0.8, subject={"model": worse}).outcome)
    'failed'
    """
    return _run({kind: value, **keys}, subject)


def _run(check: Mapping[str, Any], subject: Mapping[str, Any] | None = None) -> CheckResult:
    from modelqa.suite.spec import Suite

    parts: dict[str, Any] = {
        "model": FakeModel(),
        "champion": FakeModel(),
        "batch": make_batch(500),
        "reference": make_batch(1000, seed=1),
        "labels": "label",
        "key": "id",
        **(subject or {}),
    }
    with _surroundings(check) as root:
        asked = Suite("fake", checks=[check], **parts)
        result: SuiteResult = asked.run(server=_served, root=root, now=lambda: TODAY)
    return result.checks[0]


def in_process(native: Any) -> Model:
    """A fake model, an estimator or a function, as checks see it.

    >>> in_process(FakeModel()).info.name
    'FakeModel'
    """
    from modelqa.models.callable import find

    return find(native).load()


def _served(found: Any) -> Model:
    """The model behind HTTP, by a server in this process: what fakes have instead of MLflow's."""
    from modelqa.core.subject import Endpoint
    from modelqa.fake_servers import ModelServer
    from modelqa.models.http import reach

    model = found.load()
    server = ModelServer(model).__enter__()
    return reach(Endpoint(server.url), found.info, model.inputs, stop=server.close)


@contextmanager
def _surroundings(check: Mapping[str, Any]) -> Iterator[Path]:
    """What a check asks besides its subject: a healthy production, where nobody set another server, and
    a healthy training. Paths start at the folder that comes back."""
    from modelqa.fake_servers import PrometheusServer

    beside = next((lay for kind, lay in _BESIDE.items() if kind in check), None)
    if beside is not None:
        with TemporaryDirectory(prefix="modelqa-") as folder:
            beside(Path(folder))
            yield Path(folder)
        return
    if "prometheus" not in check or "MODELQA_PROMETHEUS_URL" in os.environ:
        yield Path()
        return
    now = time.time()
    points = [(now - 60 * minute, 0.001) for minute in reversed(range(60))]
    with PrometheusServer([({"job": "churn"}, points)]) as server:
        os.environ["MODELQA_PROMETHEUS_URL"] = server.address
        try:
            yield Path()
        finally:
            del os.environ["MODELQA_PROMETHEUS_URL"]


def write_scalars(folder: Path, tags: Mapping[str, Iterable[float]], *, began: float = 1.8e9) -> Path:
    """Write an event file as TensorBoard's writers do: the points of some tags, at steps 0, 1, 2 and so on.

    ``began`` is when its training began, in Unix seconds. Raises `MissingExtra` without tensorboard.
    """
    from modelqa.core import extras

    event = extras.load("tensorboard.compat.proto.event_pb2").Event
    summaries = extras.load("tensorboard.compat.proto.summary_pb2")
    writer = extras.load("tensorboard.summary.writer.record_writer").RecordWriter
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events.out.tfevents.{began:.0f}.fake"
    with path.open("wb") as file:
        out = writer(file)
        out.write(event(wall_time=began, file_version="brain.Event:2").SerializeToString())
        for tag, values in tags.items():
            for step, value in enumerate(values):
                one = summaries.Summary(value=[summaries.Summary.Value(tag=tag, simple_value=value)])
                out.write(event(wall_time=began + step, step=step, summary=one).SerializeToString())
    return path


def _train(folder: Path) -> None:
    """A training that has converged, with a loss on either side, as Keras writes it."""
    for side, floor in (("train", 0.25), ("validation", 0.3)):
        loss = [floor + 0.5 * 0.9**epoch for epoch in range(100)]
        write_scalars(folder / "runs" / "churn" / side, {"epoch_loss": loss})


def _review(folder: Path) -> None:
    """Two people who looked at some rows of the batch, and mostly liked what they saw."""
    rows = make_batch(500)["id"]
    said = [f"{row},{who},{'reject' if at % 5 == 0 else 'approve'},{'1' if at % 10 == 0 else ''}"
            for at, row in enumerate(rows) for who in ("r1", "r2")]  # fmt: skip
    (folder / "feedback.csv").write_text("\n".join(["id,reviewer,verdict,correction", *said]) + "\n")


def _settle(folder: Path) -> None:
    """Cases that the fake model gets right."""
    frame = make_batch(50)
    frame.assign(expected=FakeModel().predict(frame)).to_csv(folder / "cases.csv", index=False)


_BESIDE: Mapping[str, Callable[[Path], None]] = {"training": _train, "feedback": _review, "cases": _settle}
"""What lies in the project besides the subject, for checks that read it."""


def run_example(kind: str, /) -> tuple[CheckResult, ...]:
    """Run the ``Example::`` of a check's docstring on the fake subject; a result for each check in it.

    So a manual cannot promise what does not run. Raises ``AssertionError`` where there is no
    example, and `SuiteError` where it is no good suite.

    >>> [str(result.outcome) for result in run_example("metric")]
    ['passed']
    """
    from modelqa.suite.doc import read
    from modelqa.suite.nodes import Problems
    from modelqa.suite.text import read as read_yaml

    made = declared(catalog.load(catalog.names("checks").get(kind, kind)))
    example = read(made.function.__doc__).example
    assert example, f"{kind}: its docstring has no example: add one after `Example::`"
    listed = read_yaml(example, Path(f"{made.function.__name__}.suite.yaml"), Problems()).plain()
    subject = {"batch": make_batch(20_000), "reference": make_batch(20_000, seed=1)}
    return tuple(_run(keys, subject) for keys in listed)


def check_conforms(kind: str, value: Any = True, /, **keys: Any) -> None:
    """Hold a check against what every check promises. Raises ``AssertionError`` with what it breaks.

    It declares itself; it measures something on a healthy subject; the same inputs give the same
    measurements (times excepted); it leaves the batch as it was; it is not green on an empty batch, nor
    with a part missing that it says it needs; its estimates hold their values.

    >>> check_conforms("metric", "accuracy", min=0.5)
    """
    from modelqa.errors import SuiteError

    kinds = catalog.names("checks")
    made = declared(catalog.load(kinds.get(kind, kind)))
    assert made.function.__doc__, f"{kind}: a check has a docstring, which is its manual"
    batch = make_batch(500)
    before = batch.copy(deep=True)
    first = run_check(kind, value, subject={"batch": batch}, **keys)
    assert first.verdicts, f"{kind} measured nothing: {first.reason}"
    assert batch.equals(before), f"{kind} changed the batch"
    if not made.alone:
        again = run_check(kind, value, **keys)
        same = replace(again, seconds=first.seconds, notes=first.notes) == first
        assert same, f"{kind}: the same inputs gave other measurements"
    empty = run_check(kind, value, subject={"batch": batch.iloc[:0]}, **keys)
    blind = Needs.BATCH not in made.needs_of(value, keys)
    assert blind or empty.outcome not in (Outcome.PASSED, Outcome.WARNED), f"{kind} is green on no rows"
    for part in ("batch", "reference", "labels", "model", "champion"):
        try:
            without = run_check(kind, value, subject={part: None}, **keys)
        except SuiteError:
            continue
        assert (
            without.verdicts == first.verdicts
            or made.alone
            or without.outcome
            not in (
                Outcome.PASSED,
                Outcome.WARNED,
            )
        ), f"{kind} measured something else without {part}, and did not say so"
