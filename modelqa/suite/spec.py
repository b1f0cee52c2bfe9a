"""A suite as frozen values: what is judged, by which checks, and what follows."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self, TypedDict, Unpack, cast

from modelqa import catalog
from modelqa.core.bound import Bound
from modelqa.core.check import CheckType, Needs
from modelqa.core.ports import Other
from modelqa.core.result import SuiteResult
from modelqa.core.units import Unit
from modelqa.suite.nodes import NOWHERE, Node, Place, Problems, name_of, of
from modelqa.suite.thresholds import expand
from modelqa.suite.where import Condition

Inconclusive = Literal["warn", "fail"]
Across = Literal["worst", "gap", "ratio", "difference"]
Engine = Literal["auto", "memory", "duckdb"]
When = Literal["failed", "passed", "warned", "inconclusive", "errored"]


@dataclass(frozen=True, slots=True)
class ExpectFailure:
    """A failure that is known: why, and until when it may last (that day included)."""

    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels in a file of their own: joined to the batch by the column ``on``."""

    path: Any
    _: KW_ONLY
    on: str
    column: str


@dataclass(frozen=True, slots=True)
class SliceSpec:
    """Parts of the rows: one for each value of ``columns``, or those that match ``where``.

    ``bins`` cut the one column, of numbers, at these edges or into so many parts of about equal
    count. Parts of fewer than ``min_rows`` are one part together; ``values`` of the one column
    must occur.
    """

    name: str
    _: KW_ONLY
    columns: tuple[str, ...] = ()
    where: Condition | None = None
    bins: int | tuple[float, ...] | None = None
    values: tuple[str | int | float, ...] = ()
    min_rows: int = 0
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """What would follow a run, and after which outcomes."""

    kind: str
    value: str
    _: KW_ONLY
    on: tuple[When, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    place: Place = NOWHERE

    def describe(self) -> dict[str, Any]:
        """What it would do and after which outcomes, as plain data for those who tell it or do it.

        >>> ActionSpec("promote", "champion", on=("passed",)).describe()["does"]
        'promote the model to champion'
        """
        says = {
            "promote": f"promote the model to {self.value}",
            "ticket": f"open a ticket ({self.value})",
            "retrain": f"retrain the model ({self.value})",
        }
        does = says.get(self.kind, f"{self.kind}: {self.value}")
        return {"does": does, "on": list(self.on), self.kind: self.value, **self.params}


@dataclass(frozen=True, slots=True, eq=False)
class CheckSpec:
    """One check of a suite, validated.

    ``value`` is the parameter behind the check's key, ``params`` are its other arguments as far as
    they are written. ``bound`` is in base units of ``unit``; with ``relative`` it is a share of
    the value of what it is compared with. ``across`` says how the slices become one measurement;
    without it each is judged by itself, after all rows together.
    """

    kind: str
    value: Any
    _: KW_ONLY
    id: str
    type: CheckType
    params: Mapping[str, Any]
    bound: Bound
    unit: Unit
    versus: Other | None = None
    relative: bool = False
    slices: tuple[str, ...] = ()
    across: Across | None = None
    name: str | None = None
    tags: tuple[str, ...] = ()
    inconclusive: Inconclusive | None = None
    expect_failure: ExpectFailure | None = None
    place: Place = NOWHERE
    places: Mapping[str, Place] = field(default_factory=dict, repr=False)

    @property
    def needs(self) -> Needs:
        """What it cannot do without, by itself: not what it is compared with."""
        return self.type.needs_of(self.value, self.params)

    def place_of(self, key: str) -> Place:
        """Where the value of a key stands (the check's kind is a key too); else where the check does."""
        return self.places.get(key, self.place)


class Keys(TypedDict, total=False):
    """The keys of a suite, as its Python door takes them."""

    model: Any
    champion: Any
    batch: Any
    reference: Any
    labels: Any
    positive: str | int | float | bool
    predictions: str | Sequence[str]
    threshold: float
    weights: str
    group: str
    time: str
    key: str | Sequence[str]
    features: Sequence[str]
    engine: Engine
    trust: str | Sequence[str]
    serve: bool
    champion_missing: Literal["error", "skip"]
    slices: Sequence[str | Mapping[str, Any]]
    false_alarms: float | str
    false_alarms_per_year: float | str
    confidence: float | str
    inconclusive: Inconclusive
    checks: Sequence[Mapping[str, Any]]
    actions: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, init=False, eq=False)
class Suite:
    """A subject and its checks, read and validated; nothing of it has been opened.

    ``labels`` is a column, a `Labels`, or values from Python; ``model``, ``champion``, ``batch``
    and ``reference`` are names and paths as written, or objects from Python. ``digest`` is the
    SHA-256 of the content: the same for the same meaning, whatever the comments and the layout.

    Made in Python with the keys of a suite file, None for one that is left out; raises `SuiteError`
    with all problems.

    >>> made = Suite("churn", batch="new.parquet", checks=[{"errors": "rate", "max": "0.1%"}])
    >>> [(check.id, check.bound.max) for check in made.checks]
    [('errors-rate', 0.001)]
    """

    suite: str
    model: Any
    champion: Any
    batch: Any
    reference: Any
    labels: Any
    positive: str | int | float | bool | None
    predictions: str | tuple[str, ...] | None
    threshold: float | None
    weights: str | None
    group: str | None
    time: str | None
    key: tuple[str, ...]
    features: tuple[str, ...]
    engine: Engine
    trust: str | tuple[str, ...]
    serve: bool
    champion_missing: Literal["error", "skip"]
    slices: tuple[SliceSpec, ...]
    false_alarms: float
    false_alarms_per_year: float
    confidence: float
    inconclusive: Inconclusive
    checks: tuple[CheckSpec, ...]
    actions: tuple[ActionSpec, ...]
    path: Path | None
    digest: str
    source: Node = field(repr=False)

    def __init__(self, suite: str, /, **keys: Unpack[Keys]) -> None:
        problems = Problems()
        given = {key: value for key, value in keys.items() if value is not None}
        node = of({"suite": suite, **given}, problems)
        self._read(expand(node, problems), None, problems)

    @classmethod
    def read(cls, node: Node, path: Path | None, problems: Problems) -> Self:
        """The suite that nodes hold. Raises `SuiteError` with these problems and all that are found."""
        made = cls.__new__(cls)
        made._read(node, path, problems)
        return made

    def _read(self, node: Node, path: Path | None, problems: Problems) -> None:
        from modelqa.suite.build import build

        for name, value in build(node, problems).items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "path", path)

    @property
    def rules(self) -> str:
        """The digest of what the suite demands, whatever it is demanded of.

        Model, champion, batch and reference are left out: a result names each of them by its own digest.
        """
        from modelqa.suite.build import digest

        subject = dict.fromkeys(("model", "champion", "batch", "reference"))
        return digest(changed(self.source, subject, Problems()))

    def place_of(self, key: str) -> Place:
        """Where the value of a key stands; where the suite begins for a key that it does not have."""
        node = self.source.get(key)
        return node.place if node else self.source.place

    def override(self, **changes: Any) -> Self:
        """The same suite with other values for some keys (None removes one), validated again.

        Raises `SuiteError` where the changed suite is wrong.
        """
        problems = Problems()
        return self.read(changed(self.source, changes, problems), self.path, problems)

    def run(self, **options: Any) -> SuiteResult:
        """Run all checks; the options are those of `modelqa.run.execute.run_suite`."""
        run_suite = catalog.load("modelqa.run.execute:run_suite")
        return cast("SuiteResult", run_suite(self, **options))


def changed(source: Node, changes: Mapping[str, Any], problems: Problems) -> Node:
    """The nodes of a suite with other values for some keys; None removes one."""
    new = of({key: value for key, value in changes.items() if value is not None}, problems)
    kept = {key: node for key, node in source.items() if key not in changes}
    return replace(source, value=kept | new.value, keys={**source.keys, **new.keys})


def check(kind: Any, value: Any = True, /, **keys: Any) -> dict[str, Any]:
    """A check for `Suite`, as the mapping that a suite file would hold.

    ``kind`` is a check's name, ``module:function``, or the function itself.

    >>> check("metric", "roc_auc", min=0.9)
    {'metric': 'roc_auc', 'min': 0.9}

    A metric also takes the keys of MLflow's ``MetricThreshold`` and its names of metrics (or such an object
    as ``threshold``): one check for each limit. ``threshold`` is MLflow's where ``greater_is_better`` or a
    change stands beside it, else the operating point; the baseline is the champion.

    >>> suite = Suite("churn", model="m:f", champion="m:g", batch="new.parquet", labels="y", checks=[
    ...     check("metric", "accuracy_score", threshold=0.9, min_absolute_change=0.01,
    ...           min_relative_change=0.05, greater_is_better=True)])
    >>> [(each.id, each.bound.min) for each in suite.checks[:2]]
    [('accuracy', 0.9), ('accuracy-versus-champion', 0.01)]
    >>> suite.checks[2].id, suite.checks[2].bound.min, suite.checks[2].relative
    ('accuracy-versus-champion-relative', 0.05, True)
    """
    return {name_of(kind): value, **keys}
