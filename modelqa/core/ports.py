"""What parts promise each other: a table, a model, and the context of a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from modelqa.core.estimate import Estimate, Levels
from modelqa.core.profile import ColumnProfile, Profile
from modelqa.core.signature import ColumnKind, Field
from modelqa.core.subject import DataInfo, ModelInfo

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Versus = Literal["difference", "relative"]
"""How a check is compared with another model: candidate - other, or that divided by the other."""
Other = Literal["champion", "dummy"]
"""Whom a model is compared with: its champion, or what knows no features (scikit-learn's Dummy)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column, as arrays of one length.

    ``values`` are numbers (integer, float), truth values (boolean), microseconds since 1970 in UTC
    (datetime), codes into ``categories`` (text) or objects (other); where ``missing`` is true
    they mean nothing. ``dtype`` is the name of the type that the data came with.
    """

    name: str
    kind: ColumnKind
    _: KW_ONLY
    values: NDArray[Any]
    missing: NDArray[np.bool_]
    dtype: str
    categories: tuple[str, ...] = ()


class Table(Protocol):
    """Rows and columns, opened but read column by column."""

    @property
    def info(self) -> DataInfo: ...

    @property
    def rows(self) -> int: ...

    @property
    def kinds(self) -> Mapping[str, ColumnKind]:
        """The columns and what they hold, in order; nothing is read for it."""

    def column(self, name: str) -> Column:
        """One column; each is converted once. Raises ``KeyError`` where there is none."""

    def to_pandas(self, names: Sequence[str] | None = None) -> pd.DataFrame:
        """These columns (all by default) for a library that wants a frame."""

    def take(self, rows: NDArray[np.intp]) -> Table:
        """The same columns at these rows, in this order."""

    @property
    def counted(self) -> bool:
        """Whether to ask for `profile`, not for rows: there are none at hand, or too many."""

    def profile(
        self, names: Sequence[str], like: Mapping[str, ColumnProfile] | None = None, *, rare: bool = False
    ) -> Profile:
        """These columns, counted: by the edges of other profiles where ``like`` has them, else by their own.

        ``rare`` also names categories that few rows hold. A table that is a profile already stays as it was
        counted. Raises ``KeyError`` for a column that is not there.
        """


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model said: one value a row, and a probability per class where it gives them.

    ``classes`` is the order of the columns of ``probabilities``; None for a regressor.
    """

    values: NDArray[Any]
    _: KW_ONLY
    probabilities: NDArray[np.float64] | None = None
    classes: tuple[Any, ...] | None = None


class Model(Protocol):
    """A model that is loaded and can be called."""

    @property
    def info(self) -> ModelInfo: ...

    @property
    def inputs(self) -> tuple[Field, ...] | None:
        """The columns it was trained on, or None where it does not say."""

    def predict(self, frame: pd.DataFrame) -> Predictions:
        """Score every row of a frame once."""

    def call(self, frame: pd.DataFrame) -> object:
        """Do what a server does with one request: the call that latency measures."""


class Context(Protocol):
    """All that a check sees: one subject, one slice, and the levels granted to this check."""

    @property
    def levels(self) -> Levels: ...

    @property
    def versus(self) -> Versus | None:
        """Set where the check is judged against another model."""

    @property
    def against(self) -> Other:
        """Which one that is."""

    @property
    def other(self) -> Context:
        """The same rows, seen with the eyes of what the check is judged against."""

    @property
    def champion(self) -> Context:
        """The same rows, seen with the champion's eyes."""

    @property
    def batch(self) -> Table: ...

    @property
    def reference(self) -> Table: ...

    @property
    def model(self) -> Model: ...

    @property
    def served(self) -> Model:
        """The model behind HTTP, whether or not the suite says `serve: true`."""

    @property
    def in_process(self) -> Model:
        """The model in this process, whether or not the suite says `serve: true`."""

    @property
    def wrapped(self) -> Model:
        """The model behind the interface that its server calls (MLflow: its pyfunc), or its server.

        Raises `SubjectError` where it has none.
        """

    def cold(self) -> Mapping[str, float]:
        """What the model takes of a new process: seconds and bytes by name; measured once.

        Raises `SubjectError` where that process fails, or takes too long, and for an endpoint.
        """

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that the model reads (its signature's, or all that have no other role)."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name a row; empty where the suite names none."""

    @property
    def time(self) -> str | None:
        """The column that says when a row was; None where the suite names none."""

    @property
    def rng(self) -> np.random.Generator:
        """Random numbers from a seed of suite, check and data: same inputs, same draws."""

    def clock(self) -> float:
        """Monotonic seconds."""

    def settled(self, estimate: Estimate) -> bool:
        """Whether the bound of this check would be decided by this: measuring on would change nothing."""

    def predictions(self) -> Predictions:
        """What the model said of the batch; computed once, shared by all checks."""

    def decisions(self) -> Predictions:
        """What the model decided, without probabilities: classes at the suite's threshold, or numbers."""

    def labels(self) -> Column:
        """The truth, one value a row, missing where a row has none yet."""

    def sample(self, *, labelled: bool = True) -> Any:
        """Labels and predictions of the labelled rows, encoded for scores (`stats.sample.Sample`).

        Without ``labelled`` it is every row's prediction, no labels needed: the truth says nothing then.
        """

    @property
    def unlabelled(self) -> int:
        """How many rows have no label yet; `sample` leaves them out."""

    def reference_predictions(self) -> Predictions:
        """What the model says of the reference; computed once."""

    def reference_labels(self) -> Column:
        """The truth of the reference's rows."""

    def reference_sample(self) -> Any:
        """Labels and predictions of the reference's labelled rows, encoded for scores."""

    def importance(self) -> Mapping[str, float]:
        """How much the model's predictions depend on each feature; computed once.

        It is the mean change where a column of the batch is permuted, as a share of what shuffling
        the predictions themselves would change. Raises `SubjectError` where there is no model or no row.
        """

    @property
    def note(self) -> str:
        """What a reader must know of this slice: which small ones it holds. Mostly empty."""

    def slices(self, by: str | None = None) -> Mapping[str, Context]:
        """The slices of the suite, by name, each a context of its own; those of one definition, or
        of a column, where ``by`` names one.

        Raises `CheckError` or `SubjectError` where they cannot be cut.
        """

    def where(self, condition: str) -> Context:
        """Those of these rows that match a condition (``tenure < 3``), which may be none.

        Raises `SubjectError` where a column is missing or holds another type than it is compared with.
        """
