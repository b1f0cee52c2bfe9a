"""What a check is: a marked function, what it declares about itself, and what it needs."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from enum import Flag, auto
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints, overload

from modelqa.core.result import Measurement
from modelqa.core.units import Unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Needs(Flag):
    """What a check cannot do without; the plan says at collection what a suite lacks.

    ``PREDICTIONS`` are logged ones or a model's, ``MODEL`` is a model that can be called,
    ``CHAMPION`` is another model on the same rows, whatever the check is judged against.
    ``REFERENCE`` are rows to compare with; ``PROFILE`` is less: a reference or its profile, such as
    the one logged with the model version. ``VERSION`` is a model that is found and not loaded; alone it
    asks for no rows.
    """

    NOTHING = 0
    BATCH = auto()
    PREDICTIONS = auto()
    MODEL = auto()
    LABELS = auto()
    REFERENCE = auto()
    CHAMPION = auto()
    PROFILE = auto()
    VERSION = auto()


COMPARES = Needs.REFERENCE | Needs.PROFILE
"""A check that needs one of these compares the batch with the reference."""


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


NO_KEYS: Mapping[str, Any] = {}
CheckFunction = Callable[..., Iterable[Measurement]]
Complaint = tuple[str | None, str]
"""A key of the check (None: its main parameter) and what is wrong with its value."""


@dataclass(frozen=True, slots=True)
class CheckType:
    """What a check function declares about itself.

    ``needs`` and ``unit`` (what its bounds measure) may be functions of the parameters: the main one
    first, the others that are written as keywords; ``facts`` are counted, so they cost no share of the
    alarm budget; ``own_bound`` checks hold their bound in their arguments, so `min` and `max` are
    mistakes; what ``signed`` ones measure may be below zero though it is a share; ``paired`` checks
    compare with the champion themselves; ``alone`` checks want the machine for themselves; ``cached``
    ones (it may be a function of the parameters) measure what follows from subject, parameters and code
    alone, neither from a clock nor from anything outside, so that it may be kept; ``verify`` says at
    collection what is wrong with values that the types allow; ``influence`` takes what the function takes
    and says which rows move its measurements, so that its power can be worked out.
    """

    function: CheckFunction
    _: KW_ONLY
    needs: Needs | Callable[..., Needs]
    unit: Unit | Callable[..., Unit]
    facts: bool
    own_bound: bool
    paired: bool
    alone: bool
    verify: Callable[..., Iterable[Complaint]] | None
    influence: Callable[..., Iterable[Influence]] | None = None
    cached: bool | Callable[..., bool] = False
    signed: bool = False

    @property
    def main(self) -> inspect.Parameter | None:
        """The parameter behind the check's key; None for a check written ``name: true``."""
        after = [p for p in self._signature() if p.kind is p.POSITIONAL_OR_KEYWORD]
        return after[0] if after else None

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The keyword-only parameters by their keys in a suite: ``in`` for a parameter ``in_``."""
        return {_key(p.name): p for p in self._signature() if p.kind is p.KEYWORD_ONLY}

    @property
    def open_ended(self) -> bool:
        """Whether any other key is an argument too (``**arguments``)."""
        return any(p.kind is p.VAR_KEYWORD for p in self._signature())

    def unit_of(self, main: Any, keys: Mapping[str, Any] = NO_KEYS) -> Unit:
        """The unit of the bounds, given the parameters."""
        return self.unit if isinstance(self.unit, Unit) else self.unit(main, **arguments(keys))

    def needs_of(self, main: Any, keys: Mapping[str, Any] = NO_KEYS) -> Needs:
        """What it cannot do without, given the parameters."""
        return self.needs if isinstance(self.needs, Needs) else self.needs(main, **arguments(keys))

    def cached_of(self, main: Any, keys: Mapping[str, Any] = NO_KEYS) -> bool:
        """Whether what it measures may be kept, given the parameters."""
        return self.cached if isinstance(self.cached, bool) else self.cached(main, **arguments(keys))

    def _signature(self) -> tuple[inspect.Parameter, ...]:
        return _parameters(self.function)


@cache
def _parameters(function: CheckFunction) -> tuple[inspect.Parameter, ...]:
    """All parameters but the context, with annotations as types even where written as text."""
    after = list(inspect.signature(function).parameters.values())[1:]
    shown = SimpleNamespace(__annotations__={p.name: p.annotation for p in after})
    hints = get_type_hints(shown, function.__globals__, include_extras=True)
    return tuple(p.replace(annotation=hints[p.name]) for p in after)


def arguments(keys: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a check as arguments of its function: a word of Python's has an underscore behind it.

    >>> arguments({"in": [1, 2], "low": 0})
    {'in_': [1, 2], 'low': 0}
    """
    return {f"{key}_" if keyword.iskeyword(key) else key: value for key, value in keys.items()}


def _key(name: str) -> str:
    bare = name.removesuffix("_")
    return bare if keyword.iskeyword(bare) else name


F = TypeVar("F", bound=CheckFunction)
_MARK = "__modelqa_check__"


@overload
def check(function: F, /) -> F: ...
@overload
def check(
    *,
    needs: Needs | Callable[..., Needs] = ...,
    unit: Unit | Callable[..., Unit] = ...,
    facts: bool = ...,
    own_bound: bool = ...,
    paired: bool = ...,
    alone: bool = ...,
    verify: Callable[..., Iterable[Complaint]] | None = ...,
    influence: Callable[..., Iterable[Influence]] | None = ...,
    cached: bool | Callable[..., bool] = ...,
    signed: bool = ...,
) -> Callable[[F], F]: ...
def check(
    function: F | None = None,
    /,
    *,
    needs: Needs | Callable[..., Needs] = Needs.BATCH,
    unit: Unit | Callable[..., Unit] = Unit.NUMBER,
    facts: bool = False,
    own_bound: bool = False,
    paired: bool = False,
    alone: bool = False,
    verify: Callable[..., Iterable[Complaint]] | None = None,
    influence: Callable[..., Iterable[Influence]] | None = None,
    cached: bool | Callable[..., bool] = False,
    signed: bool = False,
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
            cached=cached,
            signed=signed,
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
