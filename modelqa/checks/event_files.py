"""Event files of TensorBoard: those of one training are found, and of them the scalars, every point.

A file is read up to where it was cut off, which is told; one that is damaged elsewhere is an error.
"""

import difflib
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelqa.checks.event_records import CutOff, events
from modelqa.errors import CheckError

MARK = "tfevents"
"""What the name of every event file holds."""
SIDES = frozenset({"train", "training", "validation", "valid", "val", "eval", "test"})
"""Folders that hold one side of a training, as Keras and Estimators write them."""
MOST_FILES, MOST_SHOWN = 10_000, 12
_STARTED = re.compile(rf"{MARK}\.(\d{{9,11}})(?=\.|$)")
_TENSORS = {1: ("<f4", "float_val"), 2: ("<f8", "double_val"), 3: ("<i4", "int_val"), 9: ("<i8", "int64_val")}
"""What a scalar may be, by the numbers of ``types.proto``: its bytes, and where it stands unpacked."""
_RESTART = 1
"""The status of a session log that says: what follows replaces points from this step on."""


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one tag, in the order of their steps; of two at a step the later one comes last."""

    name: str
    _: KW_ONLY
    tag: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Training:
    """What one training wrote: its series by name, and which of its files end too early.

    ``others`` is how many more trainings lie there, and ``stale`` how many of its files another one wrote.
    """

    series: Mapping[str, Series]
    _: KW_ONLY
    name: str
    files: int
    torn: tuple[str, ...]
    others: int
    stale: int

    def find(self, written: str) -> Series:
        """The series of a name: ``run/tag``, or the tag alone where one run has it.

        Raises `CheckError` where there is none, or more than one.
        """
        if written in self.series:
            return self.series[written]
        named = [name for name, each in self.series.items() if each.tag == written]
        if len(named) == 1:
            return self.series[named[0]]
        if named:
            raise CheckError(
                f"tag {written!r} is in several runs: write one of {', '.join(named[:MOST_SHOWN])}"
            )
        near = difflib.get_close_matches(written, self.series, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        there = ", ".join(list(self.series)[:MOST_SHOWN])
        raise CheckError(f"the training wrote no tag {written!r}{hint}; there are {there}")


def read(place: Path) -> Training:
    """The training that wrote a file, or the event files of a folder and below.

    A folder that holds files, or sides such as ``train`` and ``validation``, is one training with all
    below it; of several the one counts whose newest file was begun last. Where a later file of a folder
    starts from the beginning again, what was begun before it is another training, and counts no more.
    Raises `CheckError` where there is none, where none of its tags is a scalar, and where a file is damaged.
    """
    base = place if place.is_dir() else place.parent
    began = {root: {path: _began(path) for path in files} for root, files in _roots(place, base).items()}
    root = max(began, key=lambda each: (max(began[each].values()), each))
    files = sorted(began[root], key=lambda path: (began[root][path], path))
    runs: dict[str, _Run] = {}
    torn: dict[Path, str] = {}
    stale: list[Path] = []
    for at, path in enumerate(files):
        run = runs.setdefault("/".join(path.parent.relative_to(root).parts), _Run())
        torn[path] = run.take(path)
        if run.again():
            stale = files[:at]
            for each in runs.values():
                each.points.clear()
        run.join()
    series = _named(each for name, run in sorted(runs.items()) for each in run.series(name))
    name = place.name if root == base else root.relative_to(base).as_posix()
    told = [f"{path.relative_to(root).as_posix()} {torn[path]}" for path in files[len(stale) :] if torn[path]]
    if not series:
        raise CheckError(f"{name}: no scalar can be read in {len(files):,} event files; {_ends(told)}")
    return Training(
        series, name=name, files=len(files), torn=tuple(told), others=len(began) - 1, stale=len(stale)
    )


def _named(found: Iterable[Series]) -> dict[str, Series]:
    named: dict[str, Series] = {}
    for each in found:
        if each.name in named:
            raise CheckError(f"two runs write {each.name!r}: name the folder of one of them by path")
        named[each.name] = each
    return named


def _ends(torn: Sequence[str]) -> str:
    return torn[0] if torn else "did the training write any?"


def _roots(place: Path, base: Path) -> dict[Path, list[Path]]:
    """The event files of each training, by its folder, in the order in which they were begun."""
    if not place.exists():
        raise CheckError(
            f"{place.name}: there is no such file or folder; path says where the event files are"
        )
    files = [place] if place.is_file() else sorted(_found(place))
    if not files:
        raise CheckError(f"{place.name}: no event file is in it (their names hold {MARK!r})")
    holders = {path.parent for path in files}
    roots: dict[Path, list[Path]] = {}
    for path in files:
        roots.setdefault(_root(path.parent, holders, base), []).append(path)
    return roots


def _found(folder: Path) -> Iterator[Path]:
    seen = 0
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names if MARK in name):
            seen += path.is_file()
            if seen > MOST_FILES:
                raise CheckError(
                    f"{folder.name}: more than {MOST_FILES:,} event files; name the run's folder"
                )
            if path.is_file():
                yield path


def _root(folder: Path, holders: set[Path], base: Path) -> Path:
    """The folder of the training that a folder with files is part of, at or below a base."""
    above = [each for each in folder.parents if each in holders]
    if above:
        return above[-1]
    return folder.parent if folder != base and folder.name.lower() in SIDES else folder


def _began(path: Path) -> float:
    """When a file was begun: as its first record says, else its name.

    One that says neither counts as the newest: what it holds must not be passed over.
    """
    try:
        first = next(events(path), None)
    except (CutOff, CheckError):
        first = None
    if first is not None and 0 < first.wall_time < math.inf:
        return float(first.wall_time)
    named = _STARTED.search(path.name)
    return float(named[1]) if named else math.inf


Points = tuple[list[int], list[float]]


@dataclass(slots=True)
class _Run:
    """The scalars of one run, while its files are read: of those before, and of the one in hand."""

    points: dict[str, Points] = field(default_factory=dict)
    fresh: dict[str, Points] = field(default_factory=dict)
    scalars: set[str] = field(default_factory=set)

    def take(self, path: Path) -> str:
        """Read one more file; what is wrong with its end comes back."""
        self.fresh = {}
        try:
            for event in events(path):
                self._keep(event)
        except CutOff as cut:
            return str(cut)
        return ""

    def again(self) -> bool:
        """Whether the file in hand starts from the beginning with what was there before."""
        return any(min(steps) <= min(self.points[tag][0]) for tag, (steps, _) in self._both())

    def join(self) -> None:
        """Let the file in hand follow those before; from where it has a tag, it takes their place."""
        for tag, (steps, _) in self._both():
            self.points[tag] = _before(self.points[tag], min(steps))
        for tag, (steps, values) in self.fresh.items():
            known = self.points.setdefault(tag, ([], []))
            known[0].extend(steps)
            known[1].extend(values)

    def _both(self) -> list[tuple[str, Points]]:
        return [(tag, each) for tag, each in self.fresh.items() if each[0] and self.points.get(tag, ([],))[0]]

    def _keep(self, event: Any) -> None:
        if event.HasField("session_log") and event.session_log.status == _RESTART:
            for points in (self.points, self.fresh):
                points.update({tag: _before(each, event.step) for tag, each in points.items()})
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name == "scalars":
                self.scalars.add(value.tag)
            number = self._number(value)
            if number is not None:
                steps, values = self.fresh.setdefault(value.tag, ([], []))
                steps.append(event.step)
                values.append(number)

    def _number(self, value: Any) -> float | None:
        """What a value of a summary holds, if that is one number."""
        kind = value.WhichOneof("value")
        if kind == "simple_value":
            return float(value.simple_value)
        return _scalar(value.tensor) if kind == "tensor" and value.tag in self.scalars else None

    def series(self, run: str) -> Iterator[Series]:
        for tag, (steps, values) in sorted(self.points.items()):
            at = np.array(steps, dtype=np.int64)
            order = np.argsort(at, kind="stable")
            name = f"{run}/{tag}" if run else tag
            if len(at):
                yield Series(name, tag=tag, steps=at[order], values=np.array(values, dtype=np.float64)[order])


def _before(points: Points, step: int) -> Points:
    """The points before a step."""
    kept = [at for at, each in enumerate(points[0]) if each < step]
    return [points[0][at] for at in kept], [points[1][at] for at in kept]


def _scalar(tensor: Any) -> float | None:
    """The number in a tensor of size 1, packed or not; None for anything else."""
    known = _TENSORS.get(tensor.dtype)
    if known is None or any(each.size != 1 for each in tensor.tensor_shape.dim):
        return None
    packed, listed = np.dtype(known[0]), getattr(tensor, known[1])
    if len(tensor.tensor_content) == packed.itemsize:
        return float(np.frombuffer(tensor.tensor_content, packed)[0])
    return float(listed[0]) if len(listed) == 1 else None
