"""What a suite is read from, whichever door it came through: values that know their place."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn, Self

from modelqa.errors import Problem, SuiteError

MAX_PROBLEMS = 200
MAX_DEPTH = 50
MAX_NODES = 100_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written: a line and a column of a file, or a trail of Python keys.

    >>> str(Place(Path("a.suite.yaml"), 3, 5).problem("too deep"))
    'a.suite.yaml:3:5: too deep'
    >>> str(Place(trail="checks[0].min").problem("expected a number"))
    'checks[0].min: expected a number'
    """

    path: Path | None = None
    line: int = 0
    column: int = 0
    _: KW_ONLY
    trail: str = ""

    def problem(self, message: str, misspelt: str = "", known: Iterable[str] = ()) -> Problem:
        """A mistake at this place."""
        if self.path is None and self.trail:
            message = f"{self.trail}: {message}"
        return Problem(message, self.path, self.line, self.column, misspelt, tuple(known))

    def after(self, offset: int) -> Self:
        """The place some characters further on the same line."""
        return replace(self, column=self.column + offset) if self.path else self

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.path else self.trail


NOWHERE = Place()
"""The place of what no file and no argument holds."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place: a scalar, a tuple of nodes, or a mapping of nodes.

    ``keys`` says where each key of a mapping stands. ``skip`` is how many characters stand before
    the text of a scalar that is written just as it reads (its quote), None for any other.
    ``written`` is what a message may quote where the value came from the environment.
    """

    value: Any
    place: Place
    _: KW_ONLY
    keys: Mapping[str, Place] = field(default_factory=dict)
    skip: int | None = None
    written: str | None = None

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return isinstance(self.value, tuple)

    @property
    def is_mapping(self) -> bool:
        """Whether the value is a mapping."""
        return isinstance(self.value, dict)

    @property
    def is_object(self) -> bool:
        """Whether the value is something that only Python can pass: a frame, a model, an array."""
        return not isinstance(self.value, tuple | dict | str | int | float | Path | None)

    def items(self) -> Iterator[tuple[str, "Node"]]:
        """Keys and values of a mapping; nothing for any other value."""
        yield from self.value.items() if self.is_mapping else ()

    def get(self, key: str) -> "Node | None":
        """The value behind a key, None where there is none."""
        return self.value.get(key) if self.is_mapping else None

    @property
    def spelt(self) -> str:
        """The text as it stands in the suite; nothing for any other value, and none of the environment's."""
        return self.value if isinstance(self.value, str) and self.written is None else ""

    def plain(self) -> Any:
        """The value as lists, dictionaries and scalars."""
        if self.is_list:
            return [node.plain() for node in self.value]
        if self.is_mapping:
            return {key: node.plain() for key, node in self.items()}
        return self.value

    def shown(self) -> str:
        """How a message quotes the value: short, and never what the environment held.

        >>> Node("40 ms", Place()).shown(), Node(True, Place()).shown(), Node((), Place()).shown()
        ("'40 ms'", 'true', 'a list')
        """
        if self.written is not None:
            return show_text(self.written)
        match self.value:
            case None:
                return "nothing"
            case bool():
                return str(self.value).lower()
            case str():
                return show_text(self.value)
            case int() | float():
                return str(self.value) if abs(self.value) < 10**30 else "a very large number"
            case tuple():
                return "a list"
            case dict():
                return "a mapping"
        return f"an object of type {type(self.value).__name__}"


def show_text(text: str) -> str:
    """A text in quotes, escaped and no longer than a line can bear.

    >>> show_text("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'"
    """
    return repr(text if len(text) <= 60 else text[:57] + "...")


def suggest(name: str, known: "Mapping[str, Any] | tuple[str, ...]") -> str:
    """`` (did you mean ...?)`` where a known name is close, else nothing.

    >>> suggest("mim", ("min", "max")), suggest("zzz", ("min", "max"))
    (" (did you mean 'min'?)", '')
    """
    close = get_close_matches(name, list(known), n=1, cutoff=0.6) if len(name) <= 60 else []
    return f" (did you mean {close[0]!r}?)" if close else ""


class Problems:
    """The mistakes found so far; more than anybody reads end the search."""

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self.spoiled: set[Place] = set()

    def spoil(self, place: Place, message: str) -> None:
        """Note a mistake after which the value at this place means nothing: no more is said of it."""
        self.add(place, message)
        self.spoiled.add(place)

    def add(self, place: Place, message: str, misspelt: str = "", known: Iterable[str] = ()) -> None:
        """Note a mistake, and the names that could stand there where it is one of spelling.

        Raises ``SuiteError`` where there are too many.
        """
        problem = place.problem(message, misspelt, known)
        if problem in self.found or place in self.spoiled:
            return
        self.found.append(problem)
        if len(self.found) >= MAX_PROBLEMS:
            self.found.append(place.problem(f"and more: only the first {MAX_PROBLEMS} problems are listed"))
            self.fail()

    def stop(self, place: Place, message: str) -> NoReturn:
        """Note a mistake after which nothing can be read, and raise ``SuiteError``."""
        self.found.append(place.problem(message))
        self.fail()

    def fail(self) -> NoReturn:
        """Raise ``SuiteError`` with all problems, in the order of the file."""
        raise SuiteError(sorted(self.found, key=lambda problem: (problem.line, problem.column)))

    def check(self) -> None:
        """Raise ``SuiteError`` where there is any problem."""
        if self.found:
            self.fail()


def of(value: object, problems: Problems, trail: str = "", depth: int = 0) -> Node:
    """The nodes of a Python value; what is neither scalar, list nor mapping stays as it is.

    >>> of({"min": 0.9, "slices": ["region"]}, Problems()).plain()
    {'min': 0.9, 'slices': ['region']}
    """
    place = Place(trail=trail)
    if depth > MAX_DEPTH:
        problems.stop(place, f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        texts = {name_of(key): item for key, item in value.items()}
        nodes = {
            key: of(item, problems, f"{trail}.{key}".lstrip("."), depth + 1) for key, item in texts.items()
        }
        return Node(nodes, place, keys={key: node.place for key, node in nodes.items()})
    if isinstance(value, list | tuple):
        listed = (of(item, problems, f"{trail}[{i}]", depth + 1) for i, item in enumerate(value))
        return Node(tuple(listed), place)
    scalar = _scalar(value)
    if isinstance(scalar, float) and not isfinite(scalar):
        problems.spoil(place, f"expected a finite number, found {scalar}")
    return Node(scalar, place, skip=0)


def _scalar(value: object) -> object:
    """A NumPy number as Python's own; anything else as it is."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return value


def name_of(part: object) -> str:
    """The name that a suite file would use for a Python object: ``module:function``.

    >>> name_of("metric"), name_of(suggest)
    ('metric', 'modelqa.suite.nodes:suggest')
    """
    if callable(part) and hasattr(part, "__qualname__"):
        return f"{getattr(part, '__module__', None) or 'builtins'}:{part.__qualname__}"
    return str(part)
