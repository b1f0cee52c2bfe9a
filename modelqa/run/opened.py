"""The subject of a run, opened: each model, table and prediction at most once, when first needed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from modelqa.core.check import COMPARES, Needs
from modelqa.core.ports import Column, Model, Other, Predictions, Table
from modelqa.core.profile_file import TAG
from modelqa.core.subject import Endpoint, SubjectInfo
from modelqa.engines import profiled
from modelqa.engines.opening import open_rows
from modelqa.errors import NotFound, SubjectError
from modelqa.models import cold
from modelqa.models.found import Found, logged_by_run
from modelqa.run import recall
from modelqa.run.decisions import decided
from modelqa.run.dependence import dependence
from modelqa.run.dummy import Dummy, known
from modelqa.run.encode import Encoded, encode, unlabelled
from modelqa.run.found import Settings as Settings
from modelqa.run.found import find_model, find_rows, name_of_rows
from modelqa.run.keys import hashed, is_local
from modelqa.run.lasting import lasting
from modelqa.run.roles import column_of, group_codes, labels_beside, labels_of, listed, logged, roles_of
from modelqa.run.slices import Part, partition
from modelqa.run.told import told
from modelqa.stats.sample import Sample
from modelqa.suite.spec import Labels, SliceSpec, Suite

Side = Literal["model", "champion", "dummy"]
T = TypeVar("T")
MOST_COLD_ROWS = 1000
"""Rows of the batch that a model is called with in a new process."""


class Opened:
    """A suite's subject. Nothing is read before it is asked for, and nothing is read twice.

    Every property raises `SubjectError` where its part cannot be found, reached or used.
    """

    def __init__(self, suite: Suite, settings: Settings) -> None:
        self.suite = suite
        self.settings = settings
        self.outside = False
        """Whether a check has asked for more than its inputs: a clock, a server, how near its bound is."""
        self._known: dict[tuple[str, ...], Any] = {}

    def once(self, *key: str, make: Callable[[], T]) -> T:
        """Make a part once. A part that cannot be had is not asked for again either.

        So a registry that does not answer costs its time limit once, not once a check.
        """
        if key not in self._known:
            try:
                self._known[key] = make()
            except SubjectError as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, SubjectError):
            raise found.with_traceback(None)
        return found  # type: ignore[no-any-return]

    def beside(self, suite: Suite) -> "Opened":
        """The subject of the same suite with other rows: what does not depend on them is not opened again.

        That is each model, the reference and a file of labels, as far as both suites name the same.
        """
        made = Opened(suite, self.settings)
        made._known |= lasting(self._known, self.suite, suite)
        return made

    def ensure(self, needs: Needs, *, other: Other | None = None) -> None:
        """Open what a check needs, so that what cannot be opened is found before it measures."""
        if needs & ~Needs.VERSION:
            _ = self.batch
        if Needs.VERSION in needs:
            self.find("model")
        if Needs.LABELS in needs:
            _ = self.labels
        if needs & COMPARES:
            _ = self.reference
        if Needs.MODEL in needs:
            self.model("model")
        elif Needs.PREDICTIONS in needs and self.suite.predictions is None:
            self._ready("model")
        if other == "champion" or Needs.CHAMPION in needs:
            self._ready("champion")
        if other == "dummy" and self.suite.reference is not None:
            _ = self.reference

    def _ready(self, side: Side) -> None:
        """Load a model, unless what it says of the batch is known."""
        if recall.known_predictions(self, side) is None:
            self.model(side)

    @property
    def info(self) -> SubjectInfo:
        """Names and digests of all that the suite names; what cannot be resolved is left out."""
        return told(self)

    @property
    def batch(self) -> Table:
        """The rows to judge; no rows at all is an error."""
        return self.table("batch")

    @property
    def reference(self) -> Table:
        """The rows to compare the batch with, or their profile: the suite's, else the model version's."""
        return self.table("reference")

    def table(self, key: str) -> Table:
        """The batch, the reference, or the file that labels stand in: opened once."""
        if key == "reference":
            return self.once("table", key, make=self._reference)
        labels = self.suite.labels
        source = labels.path if key == "labels" and isinstance(labels, Labels) else getattr(self.suite, key)
        return self.once("table", key, make=lambda: self._table(key, source))

    def is_open(self, key: str) -> bool:
        """Whether a table has been opened already."""
        found = self._known.get(("table", key))
        return found is not None and not isinstance(found, SubjectError)

    def made(self, *kinds: str) -> list[Any]:
        """All parts of some kinds that were asked for until now, mistakes included."""
        return [part for key, part in self._known.items() if key[0] in kinds]

    def _reference(self) -> Table:
        if self.suite.reference is not None or self.suite.model is None:
            return self._table("reference", self.suite.reference)
        found = self.find("model")
        uri = found.tags.get(TAG)
        if uri is None:
            raise SubjectError(
                f"the suite names no `reference:`, and no profile of one is logged with {found.info}: log it "
                "with modelqa.log_reference(model_uri, frame), or name the rows that it was trained on"
            )
        return profiled.open_profile(uri, tracking_uri=self.settings.tracking_uri)

    def model(self, side: Side) -> Model:
        """The model or the champion, loaded once; behind HTTP where the suite says `serve: true`."""
        return self.served(side) if self.suite.serve else self.in_process(side)

    def in_process(self, side: Side) -> Model:
        """The model or the champion in this process (an endpoint is where it is), loaded once."""
        return self.once("model", side, make=lambda: cast("Model", self.find(side).load()))

    def wrapped(self, side: Side) -> Model:
        """The model behind the interface that its server calls, loaded once; its server, if there is one."""
        return (
            self.model(side)
            if self.suite.serve
            else self.once("wrapped", side, make=lambda: self._wrapped(side))
        )

    def _wrapped(self, side: Side) -> Model:
        found: Found = self.find(side)
        if found.wrapped is None:
            raise SubjectError(f"{found.info} has no flavour pyfunc: that is for models of MLflow's")
        return found.wrapped()

    def cold(self, side: Side) -> Mapping[str, float]:
        """What a model takes of a new process, measured once."""
        return self.once("cold", side, make=lambda: self._cold(side))

    def _cold(self, side: Side) -> Mapping[str, float]:
        if isinstance(getattr(self.suite, side), Endpoint):
            raise SubjectError(f"the {side} is an endpoint, which nobody here loads: name a model's version")
        rows = self.batch.take(np.arange(min(self.batch.rows, MOST_COLD_ROWS)))
        return cold.measure(self.find(side), rows.to_pandas(self.features()))

    def logged_by_run(self, side: Side, word: str) -> Path:
        """The artifacts of the run that made a model whose names hold a word; fetched once."""
        return self.once("logged", side, word, make=lambda: logged_by_run(self.find(side), word)).path

    def served(self, side: Side) -> Model:
        """The model or the champion behind HTTP, its server started once and stopped by `close`."""
        return self.once("served", side, make=lambda: self.settings.server(self.find(side)))

    def close(self) -> None:
        """Stop the servers that were started, and close connections; all else may go on."""
        for key in [key for key in self._known if key[0] in ("model", "served")]:
            close = getattr(self._known.pop(key), "close", None)
            if callable(close):
                close()

    @property
    def champion_missing(self) -> bool:
        """Whether the suite allows that there is no champion yet, and there is none.

        Only an alias or version that does not exist counts: a registry that does not answer is an
        error all the same.
        """
        if self.suite.champion is None or self.suite.champion_missing != "skip":
            return False
        try:
            self.find("champion")
        except NotFound:
            return True
        except SubjectError:
            return False
        return False

    def features(self) -> tuple[str, ...]:
        """The columns that the model reads: its signature's, or all that have no other role."""
        if self.suite.features:
            return tuple(self.suite.features)
        inputs = self.model("model").inputs if self.suite.model is not None else None
        if inputs:
            return tuple(field.name for field in inputs)
        others = roles_of(self.suite)
        return tuple(name for name in self.batch.kinds if name not in others)

    def predictions(self, side: Side = "model", of: Literal["batch", "reference"] = "batch") -> Predictions:
        """What a model says of a table; logged predictions where the suite names them."""
        predict = partial(recall.predicted, self, side, of, lambda: self._predict(side, getattr(self, of)))
        return self.once("predictions", side, of, make=predict)

    def decisions(self, side: Side) -> Predictions:
        """What a model decided of the batch, at the suite's threshold."""
        return self.once("decisions", side, make=lambda: self._decide(side))

    def _decide(self, side: Side) -> Predictions:
        alone = self.logged(side) and self.suite.champion is not None
        classes = self.predictions("champion").classes if alone else None
        suite = self.suite
        return decided(self.predictions(side), classes, positive=suite.positive, threshold=suite.threshold)

    def rows_of(self, source: str) -> Table:
        """Another table that a check names, opened once."""
        return self.once("table", "of a check", source, make=lambda: self._rows("table", source))

    def decisions_on(self, side: Side, table: Table) -> Predictions:
        """What a model decides of another table's rows, at the suite's threshold."""
        suite = self.suite
        return decided(self._predict(side, table), positive=suite.positive, threshold=suite.threshold)

    @property
    def labels(self) -> Column:
        """The truth, one value a row of the batch."""
        return self.once("labels", "batch", make=lambda: labels_of(self.suite.labels, self.batch, self.table))

    @property
    def reference_labels(self) -> Column:
        """The truth, one value a row of the reference, which has to hold it in a column."""
        return self.once("labels", "reference", make=lambda: labels_beside(self.suite.labels, self.reference))

    def sample(self, side: Side) -> Encoded:
        """The labelled rows with a model's predictions, encoded for scores; made once a model."""
        return self.once("sample", side, make=lambda: self._encode(side))

    def reference_sample(self, side: Side) -> Encoded:
        """The labelled rows of the reference with a model's predictions, encoded for scores."""
        return self.once("sample", side, "reference", make=lambda: self._encode(side, of="reference"))

    def importance(self, side: Side) -> Mapping[str, float]:
        """How much a model's predictions depend on each column of the batch that it reads."""
        names = self.features()
        return self.once("importance", side, make=lambda: dependence(self.model(side), self.batch, names))

    @property
    def dummy(self) -> Dummy:
        """What knows the labels' distribution only: the reference's where it has labels, else the batch's."""
        return self.once("dummy", make=self._dummy)

    def _dummy(self) -> Dummy:
        labels, reference = self.suite.labels, None if self.suite.reference is None else self.reference
        name = labels.column if isinstance(labels, Labels) else labels if isinstance(labels, str) else None
        return Dummy.fit(self.sample("model").sample, known(reference, name, self.suite.weights))

    def every_row(self, side: Side) -> Sample:
        """A model's decision for every row, labelled or not; its truth says nothing."""
        return self.once("every row", side, make=lambda: self._every_row(side))

    @property
    def groups(self) -> NDArray[np.intp] | None:
        """The group of each row, as codes, where the suite says which rows belong together."""
        role = self._role("group")
        return None if role is None else self.once("groups", make=lambda: group_codes(role))

    def slices(self, spec: SliceSpec) -> tuple[Part, ...]:
        """The parts of the batch that a definition comes to; cut once, shared by all checks."""
        role = f"slice {spec.name!r}"
        find = partial(column_of, self.batch, role=role)
        return self.once("slices", spec.name, make=lambda: partition(spec, self.batch, find))

    def _every_row(self, side: Side) -> Sample:
        return unlabelled(
            self.predictions(side),
            positive=self.suite.positive,
            threshold=self.suite.threshold,
            weights=self._role("weights"),
            groups=self._role("group"),
            logged=self.logged(side),
        )

    def _encode(self, side: Side, of: Literal["batch", "reference"] = "batch") -> Encoded:
        if side == "dummy":
            ours = self.sample("model")
            return replace(ours, sample=self.dummy.sample(ours.sample))
        ours_rows = of == "batch"
        return encode(
            self.labels if ours_rows else self.reference_labels,
            self.predictions(side, of),
            positive=self.suite.positive,
            threshold=self.suite.threshold,
            weights=self._role("weights") if ours_rows else None,
            groups=self._role("group") if ours_rows else None,
            logged=self.logged(side),
        )

    def logged(self, side: Side) -> bool:
        """Whether a side's predictions stand in the batch."""
        return side == "model" and self.suite.predictions is not None

    def _role(self, key: str) -> Column | None:
        name = getattr(self.suite, key)
        return None if name is None else column_of(self.batch, name, f"`{key}:`")

    def find(self, side: Side) -> Any:
        """What a side's reference stands for, resolved once; nothing of it is loaded."""
        if side == "dummy":
            raise SubjectError("the dummy is no model that can be called")
        make = partial(find_model, getattr(self.suite, side), self.suite, self.settings)
        return self.once("found", side, make=make)

    def _table(self, key: str, source: Any) -> Table:
        if source is None:
            raise SubjectError(f"the suite names no `{key}:`")
        # Taken before anything is read: what is read later must not go by the digest of something else.
        known = hashed(self, key).digest if self.settings.cache is not None and is_local(source) else None
        return self._rows(key, source, known)

    def _rows(self, key: str, source: Any, digest: str | None = None) -> Table:
        found = find_rows(source, self.suite, self.settings)
        alone = isinstance(found, tuple) and len(found) == 1
        named = "" if alone else name_of_rows(source, key)
        uri, engine = self.settings.tracking_uri, self.suite.engine
        table = open_rows(found, name=named, tracking_uri=uri, engine=engine, digest=digest)
        if table.rows == 0:
            raise SubjectError(f"{key} {table.info.name} has no rows; expected at least one")
        return table

    def _predict(self, side: Side, table: Table) -> Predictions:
        if side == "dummy":
            return self.dummy.predictions(table.rows)
        if self.logged(side):
            columns = [column_of(table, name, "`predictions:`") for name in listed(self.suite.predictions)]
            return logged(columns)
        model = self.model(side)
        names = [field.name for field in model.inputs] if model.inputs else list(self.features())
        missing = [name for name in names if name not in table.kinds]
        if missing and not model.inputs:
            raise SubjectError(f"{table.info.name} lacks the features {', '.join(missing)}")
        return model.predict(table.to_pandas([name for name in names if name in table.kinds]))
