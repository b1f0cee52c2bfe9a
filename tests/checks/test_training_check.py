"""`training`: event files of TensorBoard, judged; torn and hostile ones are never green unnoticed."""

import gzip
import math
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa import Suite, SuiteError, plan
from modelqa.checks import event_files
from modelqa.checks.event_records import masked
from modelqa.core import extras
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult
from modelqa.errors import CheckError
from modelqa.testing import write_scalars

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.plugins.scalar import summary_v2 as scalars

LOSS = [1.0, 0.6, 0.4, 0.35, 0.33, 0.32, 0.315, 0.312, 0.311, 0.31]


def judged(folder: Path, statistic: str, **keys: Any) -> CheckResult:
    """A check of the event files in a folder, as a suite runs it."""
    check = {"training": statistic, "path": "logs", **keys}
    return Suite("s", checks=[check]).run(root=folder).checks[0]


def value(result: CheckResult) -> float:
    """The value of the first verdict."""
    assert result.verdicts, result.reason
    return result.verdicts[0].measurement.estimate.value


def record(payload: bytes) -> bytes:
    """A record, framed."""
    head = struct.pack("<Q", len(payload))
    return head + struct.pack("<I", masked_crc32c(head)) + payload + struct.pack("<I", masked_crc32c(payload))


def write(path: Path, *events: event_pb2.Event) -> Path:
    """Events as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(record(event.SerializeToString()) for event in events))
    return path


def at(step: int, tag: str, number: float, **more: Any) -> event_pb2.Event:
    """One point."""
    summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, simple_value=number)])
    return event_pb2.Event(step=step, wall_time=1.8e9 + step, summary=summary, **more)


# --- what is measured


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [("final", 0.31), ("lowest", 0.31), ("highest", 1.0), ("steps", 9), ("not_finite", 0)],
)
def test_a_tag_is_brought_to_one_fact(tmp_path: Path, statistic: str, expected: float) -> None:
    """Of all its points; steps count from 0."""
    write_scalars(tmp_path / "logs", {"loss": LOSS})
    result = judged(tmp_path, statistic, tag="loss", max=10)
    found = result.verdicts[0].measurement
    assert result.outcome is Outcome.PASSED
    assert found.estimate.is_fact
    assert found.estimate.value == pytest.approx(expected, rel=1e-6)
    assert (found.estimate.n, found.counts) == (10, "points")


def test_bounds_turn_it_red(tmp_path: Path) -> None:
    """Above max, or below min."""
    write_scalars(tmp_path / "logs", {"loss": LOSS, "acc": [1 - each for each in LOSS]})
    assert judged(tmp_path, "final", tag="loss", max=0.3).outcome is Outcome.FAILED
    assert judged(tmp_path, "highest", tag="acc", min=0.7).outcome is Outcome.FAILED
    assert judged(tmp_path, "highest", tag="acc", min=0.68).outcome is Outcome.PASSED
    assert judged(tmp_path, "steps", min=10_000).outcome is Outcome.FAILED


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_one_bad_point_anywhere_is_found(tmp_path: Path, bad: float) -> None:
    """In any tag of any run, with its first step; a last value that is none is undecided."""
    write_scalars(tmp_path / "logs" / "train", {"loss": LOSS, "norm": [1.0, 2.0, bad, 3.0, bad]})
    write_scalars(tmp_path / "logs" / "validation", {"loss": LOSS})
    result = judged(tmp_path, "not_finite", max=0)
    assert result.outcome is Outcome.FAILED
    assert value(result) == 2
    assert "train/norm from step 2" in result.message
    assert judged(tmp_path, "final", tag="norm", max=10).outcome is Outcome.INCONCLUSIVE
    lowest = judged(tmp_path, "lowest", tag="norm", max=10)
    assert (value(lowest), lowest.outcome) == (1.0, Outcome.PASSED)
    assert "2 of 5 points are not finite" in lowest.message


def test_the_gap_is_taken_at_the_last_step_of_validation(tmp_path: Path) -> None:
    """What was trained on afterwards, or logged more often, has no counterpart."""
    points = [at(step, "loss", 1 - step / 100) for step in range(50)]
    points += [at(step, "val", 1 - step / 200) for step in (10, 20, 30)]
    write(tmp_path / "logs" / "x.tfevents.1", *points)
    result = judged(tmp_path, "gap", tag="loss", validation="val", max=0.1)
    assert value(result) == pytest.approx(0.85 - 0.70, abs=1e-6)
    assert "at step 30" in result.message


def test_a_gap_without_common_steps_is_undecided(tmp_path: Path) -> None:
    """Training that begins after the last validation."""
    write(tmp_path / "logs" / "x.tfevents.1", at(9, "loss", 1.0), at(3, "val", 1.0))
    assert judged(tmp_path, "gap", tag="loss", validation="val", max=0.1).outcome is Outcome.INCONCLUSIVE


def test_a_training_that_ended_too_early_is_still_falling(tmp_path: Path) -> None:
    """The share of the whole fall that came in the last tenth of the steps."""
    write_scalars(tmp_path / "logs", {"line": [1 - step / 100 for step in range(101)]})
    assert value(judged(tmp_path, "still_falling", tag="line", max="5%")) == pytest.approx(0.1, abs=1e-6)
    write_scalars(tmp_path / "logs", {"flat": [0.9**step for step in range(101)], "up": list(range(101))})
    flat = judged(tmp_path, "still_falling", tag="flat", max="0.1%")
    assert (value(flat) < 1e-4, flat.outcome) == (True, Outcome.PASSED)
    assert value(judged(tmp_path, "still_rising", tag="up", max="5%")) == pytest.approx(0.1)
    assert judged(tmp_path, "still_falling", tag="up", max="5%").outcome is Outcome.INCONCLUSIVE


# --- who wrote it


def test_scalars_of_tensorflow_and_keras_are_tensors(tmp_path: Path) -> None:
    """A tensor of size 1 with the plugin `scalars`, which only the first point has to name."""
    first = scalars.scalar_pb("epoch_loss", 0.5).value[0]
    later = scalars.scalar_pb("epoch_loss", 0.25).value[0]
    later.ClearField("metadata")
    other = scalars.scalar_pb("image-ish", 9.0).value[0]
    other.ClearField("metadata")
    points = [
        event_pb2.Event(step=step, wall_time=1.0, summary=summary_pb2.Summary(value=[each]))
        for step, each in enumerate((first, later, other))
    ]
    write(tmp_path / "logs" / "train" / "events.out.tfevents.1.v2", *points)
    assert value(judged(tmp_path, "final", tag="epoch_loss", max=1)) == 0.25
    assert "there are train/epoch_loss" in judged(tmp_path, "final", tag="image-ish", max=1).reason


@pytest.mark.parametrize(
    ("dtype", "keys"),
    [
        (1, {"float_val": [0.5]}),
        (2, {"double_val": [0.5]}),
        (2, {"tensor_content": struct.pack("<d", 0.5)}),
        (1, {"tensor_content": struct.pack("<f", 0.5)}),
    ],
)
def test_a_number_may_stand_packed_or_not(tmp_path: Path, dtype: int, keys: dict[str, Any]) -> None:
    """32 or 64 bits."""
    point = scalars.scalar_pb("loss", 0.0).value[0]
    point.tensor.CopyFrom(tensor_pb2.TensorProto(dtype=dtype, **keys))
    write(tmp_path / "logs" / "tfevents", event_pb2.Event(summary=summary_pb2.Summary(value=[point])))
    assert value(judged(tmp_path, "final", tag="loss", max=1)) == 0.5


def test_a_training_taken_up_again_writes_its_points_anew(tmp_path: Path) -> None:
    """A session log that says START drops what the run had from that step on, in all tags."""
    write(tmp_path / "logs" / "events.tfevents.1", *(at(step, "loss", 5.0 + step) for step in range(8)))
    start = event_pb2.Event(step=4, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START))
    write(tmp_path / "logs" / "events.tfevents.2", start, at(4, "loss", 1.0), at(5, "loss", 0.5))
    assert value(judged(tmp_path, "final", tag="loss", max=9)) == 0.5
    assert value(judged(tmp_path, "highest", tag="loss", max=9)) == 8.0


def test_a_training_that_went_on_is_one(tmp_path: Path) -> None:
    """A later file that begins where the earlier one ended, or a bit before, takes over from there."""
    write(tmp_path / "logs" / "tfevents.1", *(at(step, "loss", 9.0) for step in range(10)), at(0, "lr", 1.0))
    write(tmp_path / "logs" / "tfevents.2", *(at(step, "loss", 1.0) for step in range(8, 12)))
    found = event_files.read(tmp_path / "logs")
    assert found.series["loss"].steps.tolist() == list(range(12))
    assert found.series["loss"].values.tolist() == [9.0] * 8 + [1.0] * 4
    assert (list(found.series), found.stale) == (["loss", "lr"], 0)


def test_a_training_into_a_used_folder_starts_over(tmp_path: Path) -> None:
    """What the one before wrote there does not count, on neither side, though it went on for longer."""
    for side in ("train", "validation"):
        write_scalars(tmp_path / "logs" / side, {"loss": LOSS, "old": [1.0]}, began=1.7e9)
    write_scalars(tmp_path / "logs" / "train", {"loss": [0.9, 0.8]}, began=1.8e9)
    result = judged(tmp_path, "final", tag="train/loss", max=0.5)
    assert (value(result), result.outcome) == (pytest.approx(0.8), Outcome.FAILED)
    assert "without 2 files of an earlier training in its folders" in result.message
    assert "there are train/loss" in judged(tmp_path, "final", tag="validation/loss", max=0.5).reason
    write_scalars(tmp_path / "logs" / "validation", {"loss": [0.9]}, began=1.8e9 + 60)
    assert value(judged(tmp_path, "gap", tag="train/loss", validation="validation/loss", max=1)) == 0.0


def test_the_newest_of_several_trainings_counts(tmp_path: Path) -> None:
    """The one whose newest file was begun last, whatever its name and the file's age; a note says so."""
    write_scalars(tmp_path / "logs" / "version_9", {"loss": [0.9]}, began=1.7e9)
    write_scalars(tmp_path / "logs" / "version_10", {"loss": [0.5]}, began=1.9e9)
    old = write_scalars(tmp_path / "logs" / "version_11", {"loss": [0.1]}, began=1.8e9)
    os.utime(old, (2e9, 2e9))
    result = judged(tmp_path, "final", tag="loss", max=1)
    assert value(result) == 0.5
    assert "of version_10, the newest of 3 trainings" in result.message


def test_sides_of_one_training_belong_together(tmp_path: Path) -> None:
    """Keras writes two folders, others write into folders below; each training is whole."""
    for began, name in ((1.7e9, "monday"), (1.8e9, "tuesday")):
        write_scalars(tmp_path / "logs" / name / "train", {"loss": [0.2]}, began=began)
        write_scalars(tmp_path / "logs" / name / "validation", {"loss": [began / 1e10]}, began=began + 60)
    assert value(judged(tmp_path, "final", tag="validation/loss", max=1)) == pytest.approx(0.18)
    assert (
        "several runs: write one of train/loss, validation/loss"
        in judged(tmp_path, "final", tag="loss", max=1).reason
    )
    write_scalars(tmp_path / "below", {"a": [1.0]})
    write_scalars(tmp_path / "below" / "Loss_train", {"b": [2.0]}, began=1.9e9)
    found = event_files.read(tmp_path / "below")
    assert list(found.series) == ["a", "Loss_train/b"]
    assert found.others == 0


def test_a_file_may_be_named_by_itself(tmp_path: Path) -> None:
    """Then it is all there is."""
    path = write_scalars(tmp_path / "logs", {"loss": [0.5]})
    write_scalars(tmp_path / "logs", {"loss": [0.1]}, began=1.9e9)
    assert value(judged(tmp_path, "final", tag="loss", max=1)) == pytest.approx(0.1)
    assert value(judged(tmp_path, "final", tag="loss", path=f"logs/{path.name}", max=1)) == 0.5


# --- all of it


def test_a_hundred_thousand_points_are_read_as_tensorboard_reads_them(tmp_path: Path) -> None:
    """None is lost and none is sampled: the same as TensorBoard's own accumulator, to the bit."""
    numbers = np.random.default_rng(1).uniform(-1, 1, 50_000).tolist()
    write_scalars(tmp_path / "logs", {"a": numbers, "b": [-each for each in numbers]})
    found = event_files.read(tmp_path / "logs")
    theirs = EventAccumulator(str(tmp_path / "logs"), size_guidance={"scalars": 0})
    theirs.Reload()
    for tag in ("a", "b"):
        ours = found.series[tag]
        assert [(each.step, each.value) for each in theirs.Scalars(tag)] == list(
            zip(ours.steps.tolist(), ours.values.tolist(), strict=True)
        )
    assert sum(len(each.steps) for each in found.series.values()) == 100_000


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-(2**62), 2**62), st.floats(width=32)), min_size=1, max_size=30),
    st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()),
)
def test_any_points_come_back(tmp_path_factory: pytest.TempPathFactory, points: Any, tag: str) -> None:
    """Any step, any 32 bits, any name; of two points at a step the later one is last."""
    folder = tmp_path_factory.mktemp("run")
    write(folder / "tfevents", *(at(step, tag, number) for step, number in points))
    found = event_files.read(folder).series[tag]
    assert [str(pair) for pair in zip(found.steps.tolist(), found.values.tolist(), strict=True)] == [
        str(pair) for pair in sorted(points, key=lambda point: point[0])
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40_000), st.integers(0, 2**32), st.integers(0, 255))
def test_checksums_are_those_of_tensorboard(length: int, seed: int, fill: int) -> None:
    """Of short and of long payloads, noise or all the same."""
    noise = np.random.default_rng(seed).bytes(length)
    for data in (noise, bytes([fill]) * length):
        assert masked(data) == masked_crc32c(data)


# --- torn and hostile files


GOOD = b"".join(
    [
        record(event_pb2.Event(wall_time=1.8e9, file_version="brain.Event:2").SerializeToString()),
        *(record(at(step, "loss", number).SerializeToString()) for step, number in enumerate(LOSS)),
    ]
)
LAST = record(at(9, "loss", LOSS[-1]).SerializeToString())


def _flipped(data: bytes, where: int) -> bytes:
    return data[:where] + bytes([data[where] ^ 1]) + data[where + 1 :]


def _head(length: int) -> bytes:
    head = struct.pack("<Q", length)
    return head + struct.pack("<I", masked_crc32c(head))


def _huge() -> bytes:
    """A tensor that says it is a terabyte, all of one number."""
    point = scalars.scalar_pb("huge", 1.0).value[0]
    point.tensor.tensor_shape.dim.add(size=2**40)
    return record(event_pb2.Event(summary=summary_pb2.Summary(value=[point])).SerializeToString())


CUT, HARMED, FINE = Outcome.WARNED, Outcome.ERRORED, Outcome.PASSED
TORN: dict[str, tuple[bytes, Outcome]] = {
    "only a header": (GOOD + LAST[:8], CUT),
    "a header without its checksum": (GOOD + LAST[:10], CUT),
    "a header and no payload": (GOOD + LAST[:12], CUT),
    "half a payload": (GOOD + LAST[: len(LAST) // 2], CUT),
    "a payload without its checksum": (GOOD + LAST[:-4], CUT),
    "half a checksum": (GOOD + LAST[:-2], CUT),
    "a length of 2^63": (GOOD + _head(2**63), CUT),
    "a length of a terabyte": (GOOD + _head(2**40) + b"x" * 100, CUT),
    "a byte of the first payload": (_flipped(GOOD, 14), HARMED),
    "a byte in the middle": (_flipped(GOOD, len(GOOD) // 2), HARMED),
    "a byte of the last payload": (_flipped(GOOD, len(GOOD) - 8), HARMED),
    "the last checksum": (_flipped(GOOD, len(GOOD) - 1), HARMED),
    "a length": (_flipped(GOOD, len(GOOD) - len(LAST)), HARMED),
    "zeros behind, as a crash leaves them": (GOOD + bytes(4096), HARMED),
    "another file behind": (GOOD + b"#!/bin/sh\nexit 0\n" * 10, HARMED),
    "no message in a whole record": (GOOD + record(b"\xff\xff\xff\xff not a message"), HARMED),
    "empty": (b"", HARMED),
    "text": (b"loss,0.3\n" * 100, HARMED),
    "noise": (np.random.default_rng(7).bytes(5000), HARMED),
    "compressed": (gzip.compress(GOOD), HARMED),
    "a page": (b"<html><body>404</body></html>", HARMED),
    "a tensor of a terabyte": (GOOD + _huge(), FINE),
    "events without anything": (GOOD + record(b"") * 50, FINE),
}


@pytest.mark.parametrize("name", TORN)
def test_what_cannot_be_read_is_never_green_unnoticed(tmp_path: Path, name: str) -> None:
    """What was cut off warns and is read up to there; damage is an error; neither is a crash."""
    data, outcome = TORN[name]
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "events.out.tfevents.1800000000.host").write_bytes(data)
    for statistic, keys in (
        ("final", {"tag": "loss", "max": 0.5}),
        ("not_finite", {"max": 0}),
        ("steps", {"max": 9}),
    ):
        result = judged(tmp_path, statistic, **keys)
        assert result.outcome is outcome, (statistic, result.message)
        assert "text is not shown" not in result.message
        if outcome is CUT:
            assert value(result) == pytest.approx({"final": 0.31, "not_finite": 0, "steps": 9}[statistic])
            assert "is cut off after 11 records; read up to there" in result.verdicts[-1].reason


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_damage_passes_as_whole(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Cut anywhere but between two records, or with any bit turned: a warning or an error."""
    folder = tmp_path_factory.mktemp("run")
    where = data.draw(st.integers(0, len(GOOD) - 1))
    turned = data.draw(st.booleans())
    ends = {0}
    while max(ends) < len(GOOD):
        ends.add(max(ends) + 16 + struct.unpack("<Q", GOOD[max(ends) : max(ends) + 8])[0])
    bits = bytes([GOOD[where] ^ (1 << data.draw(st.integers(0, 7)))])
    damaged = GOOD[:where] + bits + GOOD[where + 1 :] if turned else GOOD[:where]
    (folder / "tfevents").write_bytes(damaged)
    try:
        found = event_files.read(folder)
    except CheckError:
        return
    assert found.torn or (not turned and where in ends)


def test_the_newest_training_counts_though_it_cannot_be_read(tmp_path: Path) -> None:
    """An older one that is whole does not take its place."""
    write_scalars(tmp_path / "logs" / "old", {"loss": [0.1]}, began=1.7e9)
    for name, data in (("events.out.tfevents.1800000000.host", b""), ("tfevents", b"noise and more noise")):
        (tmp_path / "logs" / "new").mkdir(exist_ok=True)
        (tmp_path / "logs" / "new" / name).write_bytes(data)
        assert judged(tmp_path, "final", tag="loss", max=1).outcome is Outcome.ERRORED
        (tmp_path / "logs" / "new" / name).unlink()


def _fifo(folder: Path) -> None:
    os.mkfifo(folder / "tfevents.1")


ODD: dict[str, Callable[[Path], Any]] = {
    "nothing": lambda folder: folder.rmdir(),
    "an empty folder": lambda folder: None,
    "other files": lambda folder: (folder / "loss.csv").write_text("0.1"),
    "a folder of that name": lambda folder: (folder / "tfevents.1").mkdir(),
    "a link to nowhere": lambda folder: (folder / "tfevents.1").symlink_to(folder / "gone"),
    "a link to itself": lambda folder: (folder / "loop").symlink_to(folder),
    **({} if sys.platform == "win32" else {"a pipe": _fifo}),
}


@pytest.mark.parametrize("name", ODD)
def test_a_folder_without_event_files_is_an_error(tmp_path: Path, name: str) -> None:
    """With what was looked for; a pipe is not waited for."""
    folder = tmp_path / "logs"
    folder.mkdir()
    ODD[name](folder)
    result = judged(tmp_path, "not_finite", max=0)
    assert result.outcome is Outcome.ERRORED
    assert "no such file or folder" in result.message or "no event file is in it" in result.message


def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's own reason."""
    path = write_scalars(tmp_path / "logs", {"loss": LOSS})

    before = Path.open

    def refused(self: Path, *args: Any, **keys: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return before(self, *args, **keys)

    monkeypatch.setattr(Path, "open", refused)
    reason = judged(tmp_path, "steps", max=99).reason
    assert reason == f"{path.name} cannot be read: Permission denied"


def test_a_tag_that_nobody_wrote_is_an_error(tmp_path: Path) -> None:
    """With a near one, and those that there are."""
    write_scalars(tmp_path / "logs", {"val_loss": [0.1]})
    reason = judged(tmp_path, "final", tag="vall_loss", max=1).reason
    assert "did you mean 'val_loss'?" in reason


def test_two_runs_that_write_one_name_are_not_mixed(tmp_path: Path) -> None:
    """A folder may look like a part of a tag."""
    write_scalars(tmp_path / "logs", {"x": [0.1], "a/b": [0.1]})
    write_scalars(tmp_path / "logs" / "a", {"b": [0.2]})
    assert "two runs write 'a/b'" in judged(tmp_path, "final", tag="x", max=1).reason


# --- suites


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"training": "last"}, "'final' or 'lowest'"),
        ({"training": "final"}, "needs `tag:`"),
        ({"training": "gap", "tag": "loss"}, "needs `validation:`"),
        ({"training": "final", "tag": "loss", "validation": "val"}, "only training: gap compares"),
        ({"training": "still_falling", "tag": "loss", "max": "1 s"}, "expected"),
        ({"training": "steps", "slices": ["region"]}, "looks at no rows"),
        ({"training": "steps", "versus": "champion"}, "nothing to compare with the champion"),
    ],
)
def test_mistakes_are_problems_of_the_suite(keys: dict[str, Any], problem: str) -> None:
    """Said at collection."""
    with pytest.raises(SuiteError, match=problem):
        plan(
            Suite(
                "s",
                checks=[{"max": 1, **keys}],
                model="m:f",
                champion="m:f",
                batch="b.csv",
                slices=["region"],
            )
        )


def test_a_model_that_no_run_made_has_no_event_files() -> None:
    """Nor has a suite without a model; both are told to name a path."""
    check = {"training": "steps", "min": 1}
    for suite, told in (
        (Suite("s", checks=[check], model=max), "no MLflow run is known that made it"),
        (Suite("s", checks=[check]), "the suite names no model"),
    ):
        assert told in suite.run().checks[0].reason


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the check; whoever has no such check never needs it."""
    write_scalars(tmp_path / "logs", {"loss": LOSS})

    find = extras.importlib.import_module

    def absent(name: str) -> Any:
        if name.startswith("tensorboard"):
            raise ModuleNotFoundError("No module named 'tensorboard'", name="tensorboard")
        return find(name)

    monkeypatch.setattr(extras.importlib, "import_module", absent)
    result = judged(tmp_path, "steps", max=9)
    assert result.outcome is Outcome.ERRORED
    assert "pip install 'modelqa[tensorboard]'" in result.reason
