"""What parts promise each other: a table, a model, the context of a check, and a check itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import Flag, auto
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, get_type_hints, overload

from modelqa.core.estimate import Levels
from modelqa.core.profile import ColumnProfile, Profile
from modelqa.core.result import Measurement
from modelqa.core.signature import ColumnKind, Field
from modelqa.core.subject import DataInfo, ModelInfo
from modelqa.core.units import Unit

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Versus = Literal["difference", "relative"]
"""How a check is compared with another model: candidate - other, or that divided by the other."""
Other = Literal["champion", "dummy"]
"""Whom a model is compared with: its champion, or what knows no features (scikit-learn's Dummy)."""


class Needs(Flag):
    """What a check cannot do without; the plan says at collection what a suite lacks.

    ``PREDICTIONS`` are logged ones or a model's, ``MODEL`` is a model that can be called,
    ``CHAMPION`` is another model on the same rows, whatever the check is judged against.
    ``REFERENCE`` are rows to compare with; ``PROFILE`` is less: a reference or its profile, such as
    the one logged with the model version.
    """

    NOTHING = 0
    BATCH = auto()
    PREDICTIONS = auto()
    MODEL = auto()
    LABELS = auto()
    REFERENCE = auto()
    CHAMPION = auto()
    PROFILE = auto()


COMPARES = Needs.REFERENCE | Needs.PROFILE
"""A check that needs one of these compares the batch with the reference."""


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
    def features(self) -> tuple[str, ...]:
        """The columns that the model reads (its signature's, or all that have no other role)."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name a row; empty where the suite names none."""

    @property
    def rng(self) -> np.random.Generator:
        """Random numbers from a seed of suite, check and data: same inputs, same draws."""

    def clock(self) -> float:
        """Monotonic seconds."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What a type cannot say of a parameter, in the words of JSON Schema: for editors and the manual.

    It stands in an annotation and enforces nothing; what must hold is said by `verify` too.

    >>> from typing import Annotated
    >>> @check
    ... def wait(ctx, season: Annotated[str, Shape({"enum": ["spring", "autumn"]})]): ...
    >>> declared(wait).main.annotation.__metadata__[0].keywords["enum"]
    ['spring', 'autumn']
    """

    keywords: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Influence:
    """What each row adds to the error of one measurement, for those who draw rows anew.

    ``rows`` holds one number a row of the batch, or of the reference where the check compares with it;
    only differences between labelled rows matter, not their unit. ``main`` is the value of the main
    parameter under which the check measures this alone; ``trials`` are the rows that would be hits or
    misses, were it a share (0: it is none).
    """

    metric: str
    _: KW_ONLY
    rows: NDArray[np.float64]
    main: Any
    column: str | None = None
    trials: int = 0


CheckFunction = Callable[..., Iterable[Measurement]]
Complaint = tuple[str | None, str]
"""A key of the check (None: its main parameter) and what is wrong with its value."""


@dataclass(frozen=True, slots=True)
class CheckType:
    """What a check function declares about itself.

    ``needs`` and ``unit`` (what its bounds measure) may be functions of the main parameter;
    ``facts`` are counted, so they cost no share of the alarm budget; ``own_bound`` checks hold
    their bound in their arguments, so `min` and `max` are mistakes; ``paired`` checks compare with
    the champion themselves; ``alone`` checks want the machine for themselves; ``verify`` says at
    collection what is wrong with values that the types allow; ``influence`` takes what the function
    takes and says which rows move its measurements, so that its power can be worked out.
    """

    function: CheckFunction
    _: KW_ONLY
    needs: Needs | Callable[[Any], Needs]
    unit: Unit | Callable[[Any], Unit]
    facts: bool
    own_bound: bool
    paired: bool
    alone: bool
    verify: Callable[..., Iterable[Complaint]] | None
    influence: Callable[..., Iterable[Influence]] | None = None

    @property
    def main(self) -> inspect.Parameter | None:
        """The parameter behind the check's key; None for a check written ``name: true``."""
        after = [p for p in self._signature() if p.kind is p.POSITIONAL_OR_KEYWORD]
        return after[0] if after else None

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The keyword-only parameters: the keys of this check in a suite."""
        return {p.name: p for p in self._signature() if p.kind is p.KEYWORD_ONLY}

    @property
    def open_ended(self) -> bool:
        """Whether any other key is an argument too (``**arguments``)."""
        return any(p.kind is p.VAR_KEYWORD for p in self._signature())

    def unit_of(self, main: Any) -> Unit:
        """The unit of the bounds, given the main parameter."""
        return self.unit if isinstance(self.unit, Unit) else self.unit(main)

    def needs_of(self, main: Any) -> Needs:
        """What it cannot do without, given the main parameter."""
        return self.needs if isinstance(self.needs, Needs) else self.needs(main)

    def _signature(self) -> list[inspect.Parameter]:
        """All parameters but the context, with annotations as types even where written as text."""
        after = list(inspect.signature(self.function).parameters.values())[1:]
        shown = SimpleNamespace(__annotations__={p.name: p.annotation for p in after})
        hints = get_type_hints(shown, self.function.__globals__, include_extras=True)
        return [p.replace(annotation=hints[p.name]) for p in after]


F = TypeVar("F", bound=CheckFunction)
_MARK = "__modelqa_check__"


@overload
def check(function: F, /) -> F: ...
@overload
def check(
    *,
    needs: Needs | Callable[[Any], Needs] = ...,
    unit: Unit | Callable[[Any], Unit] = ...,
    facts: bool = ...,
    own_bound: bool = ...,
    paired: bool = ...,
    alone: bool = ...,
    verify: Callable[..., Iterable[Complaint]] | None = ...,
    influence: Callable[..., Iterable[Influence]] | None = ...,
) -> Callable[[F], F]: ...
def check(
    function: F | None = None,
    /,
    *,
    needs: Needs | Callable[[Any], Needs] = Needs.BATCH,
    unit: Unit | Callable[[Any], Unit] = Unit.NUMBER,
    facts: bool = False,
    own_bound: bool = False,
    paired: bool = False,
    alone: bool = False,
    verify: Callable[..., Iterable[Complaint]] | None = None,
    influence: Callable[..., Iterable[Influence]] | None = None,
) -> F | Callable[[F], F]:
    """Mark a function as a check; it stays the function it was, and is registered nowhere.

    Its first parameter is the context, the second (if any) stands behind the check's key in a
    suite, the keyword-only ones are its other keys. It yields measurements and judges nothing.

    >>> @check(needs=Needs.NOTHING)
    ... def answer(ctx, question: str, *, times: int = 1):
    ...     yield from ()
    >>> declared(answer).main.name, list(declared(answer).parameters)
    ('question', ['times'])
    """

    def mark(function: F) -> F:
        made = CheckType(
            function,
            needs=needs,
            unit=unit,
            facts=facts,
            own_bound=own_bound,
            paired=paired,
            alone=alone,
            verify=verify,
            influence=influence,
        )
        setattr(function, _MARK, made)
        return function

    return mark if function is None else mark(function)


def declared(function: object) -> CheckType:
    """What a marked function declares. Raises ``TypeError`` for any other object."""
    found = getattr(function, _MARK, None)
    if not isinstance(found, CheckType):
        name = getattr(function, "__qualname__", repr(function))
        raise TypeError(f"{name} is not a check: mark it with @modelqa.check")
    return found
