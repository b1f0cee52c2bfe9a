"""What a first suite is about: the model and the sample, opened and measured without any bound."""

import glob
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from modelqa.core.ports import Column, Predictions
from modelqa.core.result import CheckResult
from modelqa.core.signature import ColumnKind
from modelqa.draft.columns import find_key
from modelqa.errors import ModelQAError, SubjectError
from modelqa.run.execute import describe, run_suite
from modelqa.run.opened import Opened, Settings
from modelqa.run.roles import objects
from modelqa.suite.spec import Labels, Suite

POSITIVES = ("yes", "true", "positive", "pos", "y", "t")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What `modelqa init` was asked for.

    ``path`` is where the suite will be, ``root`` the folder that its paths start from, ``here`` the
    one that the paths of this request start from. ``labels_file`` holds the labels where the sample
    does not; they are joined by ``key``.
    """

    model: str
    sample: str
    path: Path
    root: Path
    here: Path
    labels: str | None = None
    labels_file: str | None = None
    positive: str | None = None
    reference: str | None = None
    champion: str | None = None
    key: str | None = None
    tracking_uri: str | None = None

    @property
    def name(self) -> str:
        """The suite's name: that of its file."""
        stem = self.path.name.removesuffix(".suite.yaml")
        return re.sub(r"[^A-Za-z0-9_.-]+", "_", stem)[:100] or "suite"

    def absolute(self, written: str) -> str:
        """A path as one that is the same from everywhere; any other name of a source as it is."""
        path = self.here / Path(written).expanduser()
        there = path.exists() or ("://" not in written and glob.has_magic(written))
        return str(Path(os.path.normpath(path))) if there else written

    def shown(self, written: str) -> str:
        """A path as the suite will say it: from the root, or from beside the suite's file."""
        found = self.absolute(written)
        if found == written and not Path(written).is_absolute():
            return written
        path, root = Path(found), self.root.resolve()
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
        return os.path.relpath(path, self.path.resolve().parent).replace(os.sep, "/")


def file_name(model: str) -> str:
    """A name for the suite of a model.

    >>> file_name("models:/churn@challenger"), file_name("quality.models:price")
    ('churn', 'price')
    """
    last = re.split(r"[@?#]", model)[0].rstrip("/")
    scheme, _, rest = last.partition(":/")
    last = rest.split("/")[0] if scheme == "models" and rest else re.split(r"[/:]", last)[-1]
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", last).strip("._-") or "model"


class Subject:
    """The opened subject, and how the suite will name it (``head``: key -> value, key -> note)."""

    def __init__(self, ask: Ask, head: Mapping[str, Any], notes: Mapping[str, str]) -> None:
        self.ask = ask
        self.head = dict(head)
        self.notes = dict(notes)
        self.opened = Opened(self._suite([{"errors": "rate", "max": 1}]), self._settings)

    @property
    def _settings(self) -> Settings:
        return Settings(root=self.ask.root, tracking_uri=self.ask.tracking_uri)

    def _suite(self, checks: Sequence[Mapping[str, Any]]) -> Suite:
        return Suite(self.ask.name, checks=checks, **self.head)

    def measure(self, checks: Sequence[Mapping[str, Any]]) -> dict[str, CheckResult]:
        """Run checks whose bounds nothing breaks, for what they measure; by their ids."""
        found = run_suite(self._suite(checks), root=self.ask.root, tracking_uri=self.ask.tracking_uri)
        return {check.id: check for check in found.checks}

    @cached_property
    def predictions(self) -> Predictions:
        """What the model says of the sample. Raises `SubjectError` where it raises."""
        try:
            return self.opened.predictions()
        except ModelQAError:
            raise
        except Exception as error:
            raise SubjectError(
                f"{self.ask.model} cannot score {self.opened.batch.info.name}: {describe(error)}"
            ) from error

    @cached_property
    def task(self) -> str | None:
        """What the labels make of it; None without labels."""
        return self.opened.sample("model").sample.task if "labels" in self.head and self.predictions else None

    @property
    def sample_name(self) -> str:
        """The sample as comments name it."""
        info = self.opened.batch.info
        return f"{info.rows:,} rows of {info.name}"

    @property
    def label(self) -> str | None:
        """The label column, where the sample itself holds it."""
        return self.ask.labels if isinstance(self.head.get("labels"), str) else None


def open_subject(ask: Ask) -> Subject:
    """Open model, sample and the rest; what nobody said and the data show is added to the head.

    Raises `SubjectError` where a part cannot be opened, and `ModelQAError` where the request
    contradicts itself.
    """
    head = {
        "model": ask.absolute(ask.model),
        "champion": ask.champion and ask.absolute(ask.champion),
        "batch": ask.absolute(ask.sample),
        "reference": ask.reference and ask.absolute(ask.reference),
        "labels": _labels(ask),
        "key": ask.key,
    }
    given = {key: value for key, value in head.items() if value}
    first = Subject(ask, given, {})
    _ = first.opened.batch, ask.reference and first.opened.reference
    inputs = first.opened.model("model").inputs
    version = first.opened.info.model
    notes = {"model": f"{version} when this was written"} if version and version.version else {}
    if "labels" in given:
        found = _positive(first)
        if found is not None:
            given["positive"], notes["positive"] = found
    if not ask.key:
        taken = [name for name in (ask.labels,) if name]
        found_key = find_key(first.opened.batch, taken, [field.name for field in inputs] if inputs else None)
        if found_key:
            # A model that does not say what it reads may read this column too, so it stays a feature.
            given |= {"key": found_key} if inputs else {}
            notes["key"] = "found: all of its values differ"
            first.ask = replace(ask, key=found_key)
    return Subject(first.ask, given, notes)


def _labels(ask: Ask) -> Any:
    if ask.labels_file is None:
        return ask.labels
    if not ask.labels or not ask.key:
        raise ModelQAError("--labels-file needs --labels COLUMN and --key COLUMN, which both files have")
    return {"path": ask.absolute(ask.labels_file), "on": ask.key, "column": ask.labels}


def _positive(subject: Subject) -> tuple[Any, str] | None:
    """The positive class where one has to be said, and why it is this one; None for any other task."""
    labels = subject.opened.labels
    given = subject.ask.positive
    if given is not None:
        return _typed(given, labels), ""
    values = objects(labels)[~labels.missing]
    names, counts = np.unique(values.astype(str), return_counts=True)
    if len(names) != 2 or labels.kind is ColumnKind.BOOLEAN:
        return None
    if labels.kind is not ColumnKind.TEXT:
        zero_one = set(np.unique(values.astype(float)).tolist()) == {0.0, 1.0}
        if zero_one or subject.predictions.classes is None:
            return None
    usual = [name for name in names.tolist() if name.lower() in POSITIVES]
    rarer = names[::-1][int(np.argmin(counts[::-1]))].item()
    chosen, why = (usual[0], "by its name") if len(usual) == 1 else (rarer, "the rarer class")
    return _typed(chosen, labels), f"a guess, {why}; --positive says which class is found"


def _typed(written: str, labels: Column) -> Any:
    """A class as the labels hold it. Raises `ModelQAError` where it is no number and they are."""
    if not labels.kind.numeric:
        return written if labels.kind is ColumnKind.TEXT else written.lower() == "true"
    try:
        number = float(written)
    except ValueError:
        raise ModelQAError(f"--positive {written}: the labels {labels.name!r} are numbers") from None
    return int(number) if number.is_integer() else number


def labels_of(subject: Subject) -> Column | None:
    """The truth of the sample, if there is any."""
    return subject.opened.labels if "labels" in subject.head else None


def shown_head(subject: Subject) -> dict[str, Any]:
    """The head as the suite's file says it, paths from where it reads them."""
    ask = subject.ask
    head: dict[str, Any] = {"suite": ask.name}
    paths = {"model": ask.model, "champion": ask.champion, "batch": ask.sample, "reference": ask.reference}
    head |= {key: ask.shown(written) for key, written in paths.items() if written}
    labels = subject.opened.suite.labels
    if isinstance(labels, Labels) and ask.labels_file:
        head["labels"] = {"path": ask.shown(ask.labels_file), "on": labels.on, "column": labels.column}
    elif labels is not None:
        head["labels"] = labels
    return head | {key: subject.head[key] for key in ("positive", "key") if key in subject.head}
