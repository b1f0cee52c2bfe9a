"""`training`: what the run that made the model wrote for TensorBoard, judged by the same bounds."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelqa.checks import event_files
from modelqa.checks.event_files import Series, Training
from modelqa.core.bound import Bound
from modelqa.core.check import Complaint, Needs, check
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Context
from modelqa.core.result import Measurement
from modelqa.core.units import Unit

Statistic = Literal[
    "final", "lowest", "highest", "still_falling", "still_rising", "gap", "not_finite", "steps"
]
LATE = 0.1
"""The share of the steps that is the end of a training."""
OF_ALL = ("not_finite", "steps")
"""Statistics of every tag, where none is named."""
MOST_SHOWN = 5


def _unit(statistic: str, **_: Any) -> Unit:
    return Unit.SHARE if statistic.startswith("still") else Unit.NUMBER


def _sound(
    statistic: str, *, tag: str | None = None, validation: str | None = None, **_: Any
) -> Iterator[Complaint]:
    if tag is None and statistic not in OF_ALL:
        yield None, f"training: {statistic} needs `tag:`, such as tag: validation/epoch_loss"
    if statistic == "gap" and validation is None:
        yield None, "training: gap needs `validation:`, the tag that is compared with `tag:`"
    if statistic != "gap" and validation is not None:
        yield "validation", "only training: gap compares two tags"


@check(needs=Needs.NOTHING, unit=_unit, facts=True, verify=_sound)
def training(
    ctx: Context,
    statistic: Statistic,
    *,
    tag: str | None = None,
    validation: str | None = None,
    path: str | None = None,
) -> Iterator[Measurement]:
    """Whether the training that made the model was sound, by the event files that it wrote for TensorBoard.

    ``statistic`` is one of eight. ``final`` is the value at the last step, ``lowest`` and ``highest`` are
    the best one of a loss or of a score. ``still_falling`` is the share of the whole fall, from the first
    value to the lowest, that came in the last tenth of the steps: a large one says that training ended too
    early; ``still_rising`` is that of a score. ``gap`` is the last value of validation less that of the
    training at the same step, or the last before it. ``not_finite`` counts points that are NaN or
    infinite, ``steps`` is the highest step reached; both are of all tags where none is named. Each is a
    fact of all points, none of them sampled; values are those of the file, which mostly keeps 32 bits.

    ``tag`` is a scalar's name as TensorBoard shows it, behind its run where several have it
    (``train/epoch_loss`` of Keras, ``Loss/val`` of PyTorch). ``validation`` is the other tag of a gap.

    ``path`` is a file, or a folder that is searched for event files. Left out, they are those among the
    artifacts of the MLflow run that made the model version. A folder with event files, or with sides such
    as ``train`` and ``validation``, is one training with all that lies below it; where there are several,
    the one counts whose newest file was begun last. Where a later file of a folder starts its tags from
    the beginning again, what was begun before it counts no more; a note says so.

    A file that is cut off, as a crash leaves it, is read up to there, and the check warns
    (``torn_files``). A damaged one is an error, as are a tag that nobody wrote and a folder without event
    files; a last value that is NaN is undecided. It needs ``pip install 'modelqa[tensorboard]'``.

    Example::

        - training: not_finite
          path: runs/churn
          max: 0
        - training: final
          tag: validation/epoch_loss
          path: runs/churn
          max: 0.35
        - training: gap
          tag: train/epoch_loss
          validation: validation/epoch_loss
          path: runs/churn
          max: 0.1
        - training: still_falling
          tag: validation/epoch_loss
          path: runs/churn
          max: 5%
    """
    run = event_files.read(ctx.logged(event_files.MARK) if path is None else ctx.path(path))
    newest = f"of {run.name}, the newest of {run.others + 1:,} trainings" if run.others else ""
    stale = f"without {run.stale:,} files of an earlier training in its folders" if run.stale else ""
    note = "; ".join(filter(None, (newest, stale)))
    if statistic == "not_finite":
        yield _not_finite(_chosen(run, tag), note)
    elif statistic == "steps":
        yield _steps(_chosen(run, tag), note)
    elif statistic == "gap":
        yield _gap(run.find(str(tag)), run.find(str(validation)), note)
    else:
        yield _of_one(statistic, run.find(str(tag)), note)
    if run.torn:
        yield _torn(run)


def _chosen(run: Training, tag: str | None) -> list[Series]:
    return list(run.series.values()) if tag is None else [run.find(tag)]


def _not_finite(series: list[Series], note: str) -> Measurement:
    bad = [(each.name, each.steps[~np.isfinite(each.values)]) for each in series]
    told = _some([f"{name} from step {steps[0]:,}" for name, steps in bad if len(steps)])
    count = sum(len(steps) for _, steps in bad)
    return _fact("not_finite", count, sum(len(each.steps) for each in series), told, note)


def _steps(series: list[Series], note: str) -> Measurement:
    last = max(int(each.steps[-1]) for each in series)
    return _fact("steps", last, sum(len(each.steps) for each in series), note)


def _gap(ours: Series, theirs: Series, note: str) -> Measurement:
    """Both at the last step of validation: what was trained on afterwards has no counterpart."""
    at = int(np.searchsorted(ours.steps, theirs.steps[-1], side="right")) - 1
    n = len(theirs.steps)
    if at < 0:
        return _fact("gap", np.nan, n, f"{ours.name} begins after the last step of {theirs.name}", note)
    return _fact("gap", theirs.values[-1] - ours.values[at], n, f"at step {theirs.steps[-1]:,}", note)


def _of_one(statistic: Statistic, series: Series, note: str) -> Measurement:
    values, n = series.values, len(series.values)
    if statistic == "final":
        return _fact("final", values[-1], n, f"at step {series.steps[-1]:,}", note, column=series.name)
    there = np.isfinite(values)
    gaps = "" if there.all() else f"{n - there.sum():,} of {n:,} points are not finite"
    if not there.any():
        return _fact(statistic, np.nan, n, gaps, note, column=series.name)
    steps, values = series.steps[there], values[there]
    if statistic.startswith("still"):
        sign = 1.0 if statistic == "still_falling" else -1.0
        return _fact(statistic, _late(steps, sign * values), n, gaps, note, column=series.name)
    at = int(values.argmin() if statistic == "lowest" else values.argmax())
    return _fact(statistic, values[at], n, f"at step {steps[at]:,}", gaps, note, column=series.name)


def _late(steps: NDArray[np.int64], values: NDArray[np.float64]) -> float:
    """The share of the fall from the first value to the lowest that came at the end; NaN without a fall."""
    first, last = float(steps[0]), float(steps[-1])
    before = values[steps <= last - LATE * (last - first)]
    fall = values[0] - values.min()
    return float((before.min() - values.min()) / fall) if len(before) and fall > 0 else np.nan


def _fact(metric: str, value: float, n: int, *notes: str, column: str | None = None) -> Measurement:
    """A fact, or nothing at all where the value is no finite number."""
    found = Estimate.fact(value, n=n) if np.isfinite(value) else Estimate.undefined(n=n)
    unit = _unit(metric)
    note = "; ".join(filter(None, notes))
    return Measurement(metric, found, column=column, unit=unit, note=note, counts="points")


def _some(told: Sequence[str]) -> str:
    more = f" and {len(told) - MOST_SHOWN:,} more" if len(told) > MOST_SHOWN else ""
    return ", ".join(told[:MOST_SHOWN]) + more


def _torn(run: Training) -> Measurement:
    """A warning by itself: what was read is true, and there may have been more."""
    note = f"{_some(run.torn)}; read up to there"
    found = Estimate.fact(len(run.torn), n=run.files)
    return Measurement("torn_files", found, bound=Bound(warn_max=0), note=note, counts="files")
