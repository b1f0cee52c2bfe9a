"""Event files of results, read back by TensorBoard itself: steps, scalars, histograms, hyperparameters."""

import threading
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any
from unicodedata import category

import numpy as np
import pytest
from hostile import HOSTILE
from results import GOOD, RED, check, full_run, hostile_run, run

from modelqa.after import Wishes, follow
from modelqa.core.bound import Bound
from modelqa.core.codec import Gathered, from_plain, to_plain
from modelqa.core.estimate import Estimate
from modelqa.core.evidence import Evidence
from modelqa.core.result import Budget, Measurement, SuiteResult
from modelqa.core.subject import DataInfo, ModelInfo, SubjectInfo
from modelqa.reports.tensorboard import write_events

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import metadata as layouts
from tensorboard.plugins.hparams import metadata as hparams
from tensorboard.util.tensor_util import make_ndarray


def of(value: float, *, version: str = "7", batch: str = "a", day: int = 22) -> SuiteResult:
    """A run of a version on a batch that measured a value."""
    found = Estimate(value, low=value - 0.01, high=value + 0.01, n=900)
    made = run(
        check("roc_auc", Measurement("roc_auc", found), Measurement("roc_auc", found, slice="region=EU"))
    )
    subject = SubjectInfo(
        model=ModelInfo("m", name="churn", version=version, digest=f"sha256:{version}"),
        batch=DataInfo(f"{batch}.parquet", rows=1000, digest=f"sha256:{batch}"),
    )
    return replace(made, subject=subject, started=f"2026-11-{day:02}T10:00:00+00:00")


def read(folder: Path, suite: str = "churn") -> EventAccumulator:
    """The run of a suite, as TensorBoard reads it, every point."""
    found = EventAccumulator(str(folder / suite), size_guidance={"scalars": 0, "tensors": 0})
    found.Reload()
    return found


def points(folder: Path, tag: str = "modelqa/churn/roc_auc/value") -> list[tuple[int, float]]:
    """The curve of a tag."""
    return [(each.step, round(each.value, 6)) for each in read(folder).Scalars(tag)]


def test_every_measurement_has_three_curves(tmp_path: Path) -> None:
    """Value, low and high, slices apart, to 32 bits; the time is that of the run."""
    write_events(tmp_path, of(0.93))
    found = read(tmp_path)
    whole = {f"modelqa/churn/roc_auc/{end}" for end in ("value", "low", "high")}
    slices = {f"modelqa/churn/roc_auc/region=EU/{end}" for end in ("value", "low", "high")}
    assert set(found.Tags()["scalars"]) == whole | slices
    (point,) = found.Scalars("modelqa/churn/roc_auc/low")
    assert (point.step, point.value, point.wall_time) == (1, float(np.float32(0.93 - 0.01)), 1795341600.0)


def test_a_step_is_a_version_on_a_batch(tmp_path: Path) -> None:
    """The next one of either is the next step, whatever the clock says."""
    told = [of(0.9), of(0.91, batch="b", day=23), of(0.92, version="8", batch="b", day=21)]
    assert [write_events(tmp_path, each) for each in told] == [1, 2, 3]
    assert points(tmp_path) == [(1, 0.9), (2, 0.91), (3, 0.92)]


def test_the_same_again_takes_its_own_place(tmp_path: Path) -> None:
    """A rerun, at any time later, changes one point and no other: the curve never goes back."""
    for at, name in enumerate("abcde"):
        write_events(tmp_path, of(0.9 + at / 100, batch=name))
    assert write_events(tmp_path, of(0.5, batch="b", day=29)) == 2
    assert points(tmp_path) == [(1, 0.9), (2, 0.5), (3, 0.92), (4, 0.93), (5, 0.94)]
    assert write_events(tmp_path, of(0.95, batch="f")) == 6


def test_a_run_without_a_batch_is_a_step_of_its_own(tmp_path: Path) -> None:
    """What production says changes with the time, not with what is judged."""
    bare = [replace(of(0.9, day=day), subject=SubjectInfo()) for day in (1, 2)]
    assert [write_events(tmp_path, each) for each in (*bare, bare[0])] == [1, 2, 1]


def test_a_hundred_thousand_points_come_back(tmp_path: Path) -> None:
    """Over many steps and measurements; none is lost, none is sampled."""
    rng = np.random.default_rng(3)
    for step in range(20):
        found = [
            Measurement("psi", Estimate(v, low=v - 0.1, high=v + 0.1, n=9), column=f"c{at}")
            for at, v in enumerate(rng.normal(size=1667))
        ]
        result = run(check("drift", *found, bound=Bound(max=9)))
        batch = DataInfo("b", rows=9, digest=str(step))
        write_events(tmp_path, replace(result, subject=SubjectInfo(batch=batch)))
        if step == 7:
            kept = found
    there = read(tmp_path)
    tags = there.Tags()["scalars"]
    assert sum(len(there.Scalars(tag)) for tag in tags) == 20 * 1667 * 3 == 100_020
    for at, each in enumerate(kept):
        for end in ("value", "low", "high"):
            point = there.Scalars(f"modelqa/churn/drift/psi/c{at}/{end}")[7]
            assert (point.step, point.value) == (8, float(np.float32(getattr(each.estimate, end))))


def test_what_does_not_exist_leaves_a_gap(tmp_path: Path) -> None:
    """A value that is none, an end that is not known; nothing is made up for it."""
    open_ended = Measurement("f1", Estimate(0.5, low=-inf, high=0.9, n=3))
    nothing = Measurement("recall", Estimate.undefined(n=3))
    write_events(
        tmp_path, run(check("f1", open_ended), check("recall", nothing), check("x", reason="no rows"))
    )
    assert set(read(tmp_path).Tags()["scalars"]) == {"modelqa/churn/f1/value", "modelqa/churn/f1/high"}


def test_distributions_are_histograms(tmp_path: Path) -> None:
    """Both sides of each column, the bins as the evidence has them; categories stand side by side."""
    edges = {"labels": ["a", "b"], "edges": [0.0, 1.0, 5.0], "reference": [0.25, 0.75], "batch": [0.5, 0.5]}
    plain = {"labels": ["x", "y", "z"], "reference": [0.2, 0.3, 0.5], "batch": [1.0, 0.0, 0.0]}
    found = [
        Measurement("psi", RED, column=name, evidence=(Evidence("distributions", data),))
        for name, data in (("age", edges), ("plan", plain))
    ]
    write_events(tmp_path, run(check("drift-all", *found)))
    there = read(tmp_path)
    (batch,) = there.Tensors("modelqa/churn/drift-all/psi/age/batch")
    assert make_ndarray(batch.tensor_proto).tolist() == [[0.0, 1.0, 0.5], [1.0, 5.0, 0.5]]
    (reference,) = there.Tensors("modelqa/churn/drift-all/psi/plan/reference")
    assert make_ndarray(reference.tensor_proto).tolist() == [[0, 1, 0.2], [1, 2, 0.3], [2, 3, 0.5]]
    about = there.SummaryMetadata("modelqa/churn/drift-all/psi/age/batch")
    assert about.plugin_data.plugin_name == "histograms"


STRANGE: list[dict[str, Any]] = [
    {},
    {"labels": [], "reference": [], "batch": []},
    {"labels": ["a"], "reference": [1.0], "batch": []},
    {"labels": ["a"], "reference": ["x"], "batch": [1.0]},
    {"labels": ["a"], "reference": [None], "batch": [1.0]},
    {"labels": 3, "reference": 1, "batch": 2},
    {"labels": ["a"], "reference": [1.0], "batch": [1.0], "edges": [0.0, inf]},
    {"labels": ["a"], "reference": [1.0], "batch": [1.0], "edges": [0.0]},
    {"labels": ["a"] * 5000, "reference": [0.1] * 5000, "batch": [0.1] * 5000},
]


@pytest.mark.parametrize("data", STRANGE, ids=range(len(STRANGE)))
def test_evidence_of_another_shape_is_not_drawn(tmp_path: Path, data: dict[str, Any]) -> None:
    """The numbers are there all the same."""
    found = Measurement("psi", GOOD, column="age", evidence=(Evidence("distributions", data),))
    write_events(tmp_path, run(check("drift", found)))
    assert len(read(tmp_path).Tags()["scalars"]) == 3


def test_what_the_suite_asks_for_is_a_session(tmp_path: Path) -> None:
    """Texts and numbers, of the last run: a bound that was changed is the one that is shown."""
    levels = Budget(false_alarms=0.01, confidence=0.95, alpha=0.005, checks=2)
    write_events(tmp_path, replace(of(0.93), levels=levels))
    write_events(
        tmp_path, replace(full_run(check("x", Measurement("x", GOOD), bound=Bound(max=2))), levels=levels)
    )
    there = read(tmp_path)
    start = there.SummaryMetadata(hparams.SESSION_START_INFO_TAG).plugin_data.content
    asked = hparams.parse_session_start_info_plugin_data(start).hparams
    plain = {key: value.string_value or value.number_value for key, value in asked.items()}
    assert plain["suite"] == "churn"
    assert (plain["confidence"], plain["false_alarms"]) == (0.95, 0.01)
    assert (plain["roc_auc.min"], plain["x.max"]) == (0.9, 2.0)
    assert {value.WhichOneof("kind") for value in asked.values()} == {"string_value", "number_value"}
    end = there.SummaryMetadata(hparams.SESSION_END_INFO_TAG).plugin_data.content
    assert hparams.parse_session_end_info_plugin_data(end).status == 2  # STATUS_FAILURE


def test_intervals_are_bands_on_a_chart_for_each_check(tmp_path: Path) -> None:
    """The layout of the tab "Custom Scalars"; every tag that it names is there."""
    write_events(tmp_path, full_run())
    there = read(tmp_path)
    (made,) = there.Tensors(layouts.CONFIG_SUMMARY_TAG)
    (category,) = layout_pb2.Layout.FromString(make_ndarray(made.tensor_proto).item()).category
    charts = {chart.title: chart.margin.series for chart in category.chart}
    assert len(charts) == 6  # one check has measured nothing
    assert [each.value for each in charts["roc_auc"]] == [
        "modelqa/churn/roc_auc/value",
        "modelqa/churn/roc_auc/region=EU/value",
    ]
    named = {end for each in charts.values() for one in each for end in (one.value, one.lower, one.upper)}
    assert named <= set(there.Tags()["scalars"])


def test_the_run_is_told_in_words(tmp_path: Path) -> None:
    """What a step was: outcome, version, batch."""
    write_events(tmp_path, of(0.95))
    (text,) = read(tmp_path).Tensors("modelqa/churn")
    said = make_ndarray(text.tensor_proto).item().decode()
    assert said == "churn: PASSED, 1 passed (churn version 7, 1,000 rows of a.parquet)"


def test_two_measurements_of_one_name_stay_apart(tmp_path: Path) -> None:
    """Each has its curve."""
    found = Measurement("f1", GOOD)
    write_events(tmp_path, run(check("f1", found, replace(found, estimate=RED))))
    tags = read(tmp_path).Tags()["scalars"]
    assert {"modelqa/churn/f1/value", "modelqa/churn/f1~2/value"} <= set(tags)


def test_a_result_of_any_text_is_written(tmp_path: Path) -> None:
    """Names lead nowhere else, and control characters are visible."""
    for text in HOSTILE:
        write_events(tmp_path / "here", from_plain(to_plain(hostile_run(text))))
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
    for folder in (tmp_path / "here").iterdir():
        assert folder.is_dir()
        for tag in read(tmp_path / "here", folder.name).Tags()["scalars"]:
            assert not [each for each in tag if category(each) == "Cc"]


def test_runs_that_end_at_once_have_steps_of_their_own(tmp_path: Path) -> None:
    """None is lost: one writes after the other."""
    results = [of(0.9, batch=str(at)) for at in range(16)]
    threads = [threading.Thread(target=write_events, args=(tmp_path, each)) for each in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [step for step, _ in points(tmp_path)] == list(range(1, 17))


def test_no_half_of_a_file_has_a_name_that_tensorboard_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends a run while it writes, what is there is whole."""
    write_events(tmp_path, of(0.9))
    before = {path.name for path in (tmp_path / "churn").glob("*tfevents*")}

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("modelqa.reports.files.os.fsync", full)
    seen: list[set[str]] = []
    kept = Path.unlink
    monkeypatch.setattr(
        Path,
        "unlink",
        lambda self, **keys: (seen.append({path.name for path in self.parent.iterdir()}), kept(self, **keys)),
    )
    with pytest.raises(OSError, match="No space"):
        write_events(tmp_path, of(0.8, batch="b"))
    assert seen
    assert {name for name in seen[0] if "tfevents" in name} == before


# --- how it is asked for


@pytest.fixture
def wished(tmp_path: Path) -> Wishes:
    """A run that is to be written."""
    return Wishes(root=tmp_path, tensorboard=str(tmp_path / "board"))


def test_it_follows_a_run(wished: Wishes) -> None:
    """The step is told."""
    (said,) = follow([Gathered("s", of(0.9))], wished)
    assert said.line == f"tensorboard: step 1 of churn in {wished.tensorboard}"
    assert not said.failed


def test_a_run_of_some_checks_takes_no_whole_one_s_place(wished: Wishes) -> None:
    """Nor does one that measured nothing."""
    follow([Gathered("s", of(0.9))], wished)
    (partial,) = follow([Gathered("s", of(0.1), partial=True)], wished)
    (empty,) = follow([Gathered("s", replace(of(0.1), checks=(check("x", reason="no rows"),)))], wished)
    assert "nothing of churn is written, for some of its checks did not run" in partial.line
    assert "nothing of churn is written, for nothing was measured" in empty.line
    assert points(Path(str(wished.tensorboard))) == [(1, 0.9)]


def test_without_the_library_it_says_what_to_install(wished: Wishes, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the run is not green."""
    from modelqa.core import extras

    def absent(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

    monkeypatch.setattr(extras.importlib, "import_module", absent)
    (said,) = follow([Gathered("s", of(0.9))], wished)
    assert said.failed
    assert "pip install 'modelqa[tensorboard]'" in said.line


def test_a_folder_that_cannot_be_written_is_told(wished: Wishes) -> None:
    """Here a file stands in its place."""
    Path(str(wished.tensorboard)).write_text("")
    assert follow([Gathered("s", of(0.9))], wished)[0].failed
